"""One engine process under supervision: started apart, read without blocking, stopped as a group."""

import contextlib
import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil
from django.conf import settings

from webapp.common.engine import engine_environment

LAUNCHER = Path(__file__).with_name("launch.py")
LINE_MAX = 8 * 2**20
QUEUE_MAX = 5_000
PIPES_S = 5.0


class Line(NamedTuple):
    """What the engine wrote: a JSON object from stdout, or a line for the log."""

    report: dict | None
    text: str = ""


class EngineProcess:
    """A running engine command.

    Args:
        arguments: What follows the engine's command, such as ``["draw", folder, …]``.
        lock: File that only one engine at a time may hold.
    """

    def __init__(self, *arguments: str | Path, lock: Path) -> None:
        launcher = [sys.executable, str(LAUNCHER), str(os.getpid()), str(lock), "--"]
        self._popen = subprocess.Popen(
            [*launcher, *settings.ENGINE_COMMAND, *map(str, arguments)],
            cwd=settings.BASE_DIR,
            env=engine_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        # Bounded: an engine that reports faster than the database takes waits at its pipe.
        self._lines: queue.Queue[Line] = queue.Queue(QUEUE_MAX)
        self._readers = [
            threading.Thread(target=self._read, args=(stream, parse), daemon=True)
            for stream, parse in ((self._popen.stdout, _report), (self._popen.stderr, _log_line))
        ]
        self._closed: list[str] = []
        self._pipes_close_by = math.inf
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The engine's process id, which is its group's too."""
        return self._popen.pid

    def lines(self, timeout_s: float) -> list[Line]:
        """Everything that has arrived; waits up to ``timeout_s`` seconds for the first line."""
        if not self._reading():
            timeout_s = min(timeout_s, 0.05)  # it has closed its pipes, so it is about to exit
        arrived = []
        with contextlib.suppress(queue.Empty):
            arrived.append(self._lines.get(timeout=timeout_s))
            while len(arrived) < QUEUE_MAX:
                arrived.append(self._lines.get_nowait())
        return arrived

    @property
    def ended(self) -> bool:
        """Whether the process has exited; whatever it started is killed then, and its pipes close."""
        if self._popen.returncode is None:
            # Look without collecting it: until then no other group can be given this number.
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return False
            self.kill()
            self._popen.wait()
            self._pipes_close_by = time.monotonic() + PIPES_S
        return True

    @property
    def drained(self) -> bool:
        """Whether all that an ended process wrote has been handed out."""
        return self.ended and not self._reading() and self._lines.empty()

    @property
    def code(self) -> int:
        """The exit code; negative for the signal that ended it."""
        return self._popen.returncode

    def memory_bytes(self) -> int:
        """Resident memory of the process and its children."""
        try:
            engine = psutil.Process(self.pid)
            processes = [engine, *engine.children(recursive=True)]
        except psutil.Error:
            return 0
        total = 0
        for process in processes:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def stop(self) -> None:
        """Ask it to save a checkpoint and exit."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        self._signal(signal.SIGKILL)

    def __enter__(self) -> "EngineProcess":
        return self

    def __exit__(self, *exception) -> None:
        """Nothing of it outlives the supervision, however that ends."""
        if self._popen.returncode is None:
            self.kill()
            self._popen.wait()
            self._pipes_close_by = time.monotonic() + PIPES_S
        while self._reading():  # a full queue holds a reader up
            self.lines(0.05)

    def _reading(self) -> bool:
        """Whether more may come; a process that left the group can hold a pipe open, but not us up."""
        return time.monotonic() < self._pipes_close_by and len(self._closed) < len(self._readers)

    def _signal(self, number: signal.Signals) -> None:
        if self._popen.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _read(self, stream, parse) -> None:
        while chunk := stream.readline(LINE_MAX):
            if (line := parse(chunk.decode("utf-8", "replace"))) is not None:
                self._lines.put(line)
        stream.close()
        self._closed.append(parse.__name__)
        self._lines.put(Line(None))  # wakes whoever waits for a line


def _report(text: str) -> Line | None:
    """One line of stdout; what is no JSON object belongs in the log."""
    text = text.strip()
    if not text:
        return None
    try:
        # The database stores neither NaN nor the null character.
        value = json.loads(text.replace("\\u0000", ""), parse_constant=lambda name: None)
    except ValueError:
        return Line(None, text)
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return Line(None, text)
    return Line(value)


def _log_line(text: str) -> Line | None:
    """One line of stderr; of a progress bar that redraws itself, its last drawing."""
    text = text.rstrip().rpartition("\r")[2].replace("\0", "").strip("\n")
    return Line(None, text) if text.strip() else None
