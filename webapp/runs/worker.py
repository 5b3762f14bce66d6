"""What a Celery worker process knows about itself: its name, and whether it has been asked to go."""

import multiprocessing
import os
import socket

from celery.signals import worker_shutting_down

# In memory that pool processes inherit: only the worker's main process is told of a shutdown. It has no lock,
# since it is written from a signal handler.
_leaving = multiprocessing.RawValue("b", 0)


@worker_shutting_down.connect
def _remember(**kwargs) -> None:
    _leaving.value = 1


def leaving() -> bool:
    """Whether this worker is shutting down: what it holds should be handed back soon."""
    return bool(_leaving.value)


def worker_name() -> str:
    """The host and process, as the log and the lease show it."""
    return f"{socket.gethostname()}:{os.getpid()}"
