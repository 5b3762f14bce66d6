"""Sending a Celery task once the transaction that it is about has been committed."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def on_commit(task: str, *args: str) -> None:
    """Nudge a worker; the row is the truth, so an unreachable broker costs time, not the request.

    Args:
        task: The task's name, so that actions need not import the tasks that call them.
    """
    transaction.on_commit(lambda: now(task, *args))


def now(task: str, *args: str) -> None:
    try:
        current_app.send_task(task, args, retry=False)
    except OperationalError as error:
        log.warning("The broker can't be reached, so %s%s waits for beat: %s", task, args, error)
