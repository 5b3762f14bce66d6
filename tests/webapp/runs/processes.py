"""Real Celery workers as processes of their own, on the test's database and broker."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from django.conf import settings
from django.db import connection


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    credentials = f"{quote(database['USER'])}:{quote(database['PASSWORD'] or '')}"
    host = quote(database["HOST"] or "", safe="")
    return f"postgres://{credentials}@{host}:{database['PORT'] or 5432}/{database['NAME']}"


@contextmanager
def worker(*queues: str) -> Iterator[subprocess.Popen]:
    """``celery worker`` for these queues, in a process group of its own; killed with it at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "FERMIFORGE_VAR": str(settings.VAR_DIR),
        "FERMIFORGE_ENGINE_COMMAND": shlex.join(settings.ENGINE_COMMAND),
        "DEBUG": "1",
    }
    command = [sys.executable, "-m", "celery", "-A", "webapp", "worker", "-Q", ",".join(queues), "-c", "1"]
    process = subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle", "-n", f"test{os.getpid()}@%h"],
        cwd=settings.BASE_DIR,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
