"""Hints through the channel layer that a run has something new.

A hint carries nothing that matters: who receives one looks at the database again, so losing one loses
nothing.
"""

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)


def group_of(run_id) -> str:
    """The channel layer's group of everyone who watches a run."""
    return f"run.{run_id}"


def hint_on_commit(run_id) -> None:
    """Tell the run's watchers to look again, once the transaction is through."""
    transaction.on_commit(lambda: _send(run_id))


def _send(run_id) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group_of(run_id), {"type": "run.changed"})
    except Exception as error:  # whatever the layer's server does, the write itself stands
        log.warning("No hint for run %s: %s", run_id, error)
