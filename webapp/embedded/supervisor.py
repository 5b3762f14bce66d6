"""Keeps a group of processes: starts them, starts a crashed one again a few times, and leaves none behind.

One thread and one place that waits. Every process gets a session of its own, so a Ctrl-C in the terminal
reaches the supervisor alone, which then stops the group in order. On Linux a process whose supervisor is
killed outright is told to end, and what a process leaves behind (an engine whose worker died) becomes the
supervisor's child, so that it is found and stopped with the rest.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

RESTARTS = 3  # a process that dies more often than this within the window takes the group down
RESTART_WINDOW_S = 60.0
STRAY_GRACE_S = 8.0  # for a process that outlived its parent: an engine saves its checkpoint meanwhile
LOG_BYTES = 10_000_000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


class StopAsked(Exception):
    """The user (Ctrl-C) or the system (SIGTERM, SIGHUP) asked the group to stop."""


class GroupFailed(Exception):
    """The group can't go on: one sentence that says why and where to look."""


@dataclass
class Service:
    """One process of the group: what to start, what it reads on stdin, how long it may take to stop."""

    name: str
    command: list[str]
    stdin: str = ""
    grace_s: float = 10.0
    process: subprocess.Popen[bytes] = field(init=False)
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None


class Supervisor:
    """Runs services until it is asked to stop; use as a context manager, which stops them on the way out.

    Args:
        environment: The processes' whole environment.
        folder: Their working folder.
        logs: Folder of their output, ``<name>.log`` each.
        say: Called with each line for the user.
    """

    def __init__(self, *, environment: dict[str, str], folder: Path, logs: Path, say: Callable[[str], None]):
        self.environment, self.folder, self.logs, self.say = environment, folder, logs, say
        self.services: list[Service] = []
        self.stop_signals = 0
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._wake_read, self._wake_write = os.pipe()

    def __enter__(self) -> "Supervisor":
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken by it
        self.logs.mkdir(parents=True, exist_ok=True)
        if libc:
            libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _count_stop(self, *_) -> None:
        self.stop_signals += 1

    def start(self, service: Service) -> None:
        """Start a service and keep it running from here on."""
        self._spawn(service)
        self.services.append(service)

    def run(self, name: str, command: list[str]) -> None:
        """Run a command to its end. Raises GroupFailed where it fails."""
        task = Service(name, command)
        self._spawn(task)
        try:
            while task.process.poll() is None:
                self._wait(1.0)
        except BaseException:
            self._end([task])
            raise
        if code := task.process.returncode:
            raise GroupFailed(f"{name} failed with code {code}: {self.last_lines(name)}")

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float, what: str) -> None:
        """Keep the group until ``ready()`` holds. Raises GroupFailed after ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if time.monotonic() > deadline:
                raise GroupFailed(f"{what} did not answer within {timeout_s:.0f} s: see {self.logs}.")
            self._wait(0.05)
            self._keep()

    def keep(self) -> None:
        """Keep the group running; ends only by StopAsked or GroupFailed."""
        while True:
            due = [service.restart_at for service in self.services if service.restart_at is not None]
            self._wait(max(0.0, min(due) - time.monotonic()) if due else None)
            self._keep()

    def stop(self) -> None:
        """Stop every service, then whatever they left behind; a second Ctrl-C kills at once."""
        before = self.stop_signals
        # The first service is what the others talk to: it goes when they have gone.
        self._end(self.services[1:], hurried=lambda: self.stop_signals > before)
        self._end(self.services[:1])
        self._end_strays(hurried=lambda: self.stop_signals > before)
        self.services.clear()

    # --- starting and watching ---------------------------------------------------------------------------
    def _spawn(self, service: Service) -> None:
        log_path = self.logs / f"{service.name}.log"
        if log_path.exists() and log_path.stat().st_size > LOG_BYTES:
            log_path.replace(log_path.with_suffix(".log.1"))
        parent = os.getpid()

        def die_with_parent() -> None:
            if libc:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != parent:
                    os._exit(1)

        with log_path.open("ab") as log:
            service.process = subprocess.Popen(
                service.command,
                stdin=subprocess.PIPE if service.stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._processes[service.process.pid] = service.process
        if pipe := service.process.stdin:
            pipe.write(service.stdin.encode())
            pipe.close()
        service.restart_at = None

    def _wait(self, timeout_s: float | None) -> None:
        """Sleep until a signal comes or the time is over. Raises StopAsked if the signal was that."""
        if not self.stop_signals:
            self._sleep(timeout_s)
        if self.stop_signals:
            raise StopAsked

    def _sleep(self, timeout_s: float | None) -> None:
        select.select([self._wake_read], [], [], timeout_s)
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        self._collect()

    def _collect(self) -> None:
        """Take the exit status of every dead child: ours, and those that were left to us."""
        while libc:
            try:
                dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if dead is None:
                return
            if process := self._processes.pop(dead.si_pid, None):
                process.poll()
            else:
                os.waitpid(dead.si_pid, os.WNOHANG)

    def _keep(self) -> None:
        """Note who has died, and start again whose pause is over."""
        now = time.monotonic()
        for service in self.services:
            if service.restart_at is None and service.process.poll() is not None:
                recent = [moment for moment in service.deaths if now - moment < RESTART_WINDOW_S]
                service.deaths = [*recent, now]
                ended = f"{service.name} ended unasked (code {service.process.returncode})"
                if len(service.deaths) > RESTARTS:
                    raise GroupFailed(
                        f"{ended} {len(service.deaths)} times within {RESTART_WINDOW_S:.0f} s, so FermiForge "
                        f"stops: {self.last_lines(service.name)}"
                    )
                pause = 2.0 ** (len(service.deaths) - 1)
                service.restart_at = now + pause
                self.say(f"{ended}; starting it again in {pause:.0f} s. Its log: {self.logs / service.name}.log")
            elif service.restart_at is not None and service.restart_at <= now:
                self._spawn(service)

    def last_lines(self, name: str, count: int = 8) -> str:
        """The end of a service's log, introduced by its path."""
        path = self.logs / f"{name}.log"
        lines = path.read_text(errors="replace").strip().splitlines()[-count:]
        return "\n".join([f"see {path}, which ends", *(f"  {line}" for line in lines)])

    # --- stopping ----------------------------------------------------------------------------------------
    def _end(self, services: list[Service], hurried: Callable[[], bool] = lambda: False) -> None:
        """Ask each to end, wait for its grace (or until the user asks again), then kill."""
        alive = [service for service in services if service.process.poll() is None]
        for service in alive:
            service.process.terminate()
        asked = time.monotonic()
        while alive:
            patience = asked + max(service.grace_s for service in alive) - time.monotonic()
            if patience <= 0 or hurried():
                break
            self._sleep(patience)
            alive = [service for service in alive if service.process.poll() is None]
        for service in alive:
            service.process.kill()
            service.process.wait()

    def _end_strays(self, hurried: Callable[[], bool]) -> None:
        """End what the services left behind: their parents have gone, so nobody else would."""
        strays = psutil.Process().children(recursive=True)
        for process in strays:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        _, alive = psutil.wait_procs(strays, timeout=0 if hurried() else STRAY_GRACE_S)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=STRAY_GRACE_S)
