"""``python -m webapp.embedded``: FermiForge and all it needs on this machine, as one group of processes.

What ``make run`` becomes once everything is installed: a broker, the web process, a worker for syntheses, one
for everything else, and the clock that looks again at what was missed.
"""

import argparse
import fcntl
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from webapp.embedded import broker
from webapp.embedded.bootstrap import Refusal, check_port
from webapp.embedded.pages import page_answers
from webapp.embedded.supervisor import GroupFailed, Service, StopAsked, Supervisor

ROOT = Path(__file__).resolve().parents[2]
READY = "FermiForge is at"  # the start of the line that says so; those who start a group wait for it
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m webapp.embedded", description="Runs FermiForge here.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--var", type=Path, help="folder for everything that FermiForge writes (default: var)")
    options = parser.parse_args()
    var = (options.var or Path(os.environ.get("FERMIFORGE_VAR") or ROOT / "var")).resolve()
    try:
        port = options.port or broker.free_port()
        check_port(options.host, port)
        with claim(var, f"{options.host}:{port}"):
            run_group(options.host, port, var)
    except (GroupFailed, Refusal) as failure:
        say(str(failure))
        return 1
    return 0


def claim(var: Path, address: str) -> TextIO:
    """The folder's lock, held while it stays open. Raises GroupFailed where another group has it."""
    var.mkdir(parents=True, exist_ok=True)
    lock = (var / "group.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise GroupFailed(
            f"FermiForge already runs on {var}, {lock.read().strip()}: use it, stop it, or name another "
            "folder, as in make run FERMIFORGE_VAR=/path."
        ) from None
    lock.truncate(0)
    lock.write(f"at {address} as process {os.getpid()}\n")
    lock.flush()
    return lock


def run_group(host: str, port: int, var: Path) -> None:
    """Start the group, say where it is, and keep it until asked to stop."""
    started = time.monotonic()
    own_host = host if host in LOOPBACK else "127.0.0.1"
    address = f"http://{f'[{own_host}]' if ':' in own_host else own_host}:{port}"
    environment = group_environment(host, var)
    supervisor = Supervisor(environment=environment, folder=ROOT, logs=var / "logs", say=say)
    try:
        with supervisor:
            say("Starting FermiForge ...")
            start_broker(supervisor, environment, var)
            supervisor.run("database", [sys.executable, "-m", "webapp.embedded.database"])
            supervisor.start(web(host, port))
            supervisor.wait_until(lambda: page_answers(address), timeout_s=60, what="The web process")
            for service in workers(var):
                supervisor.start(service)
            say(f"{READY} {address} (started in {time.monotonic() - started:.1f} s)")
            say(f"You are signed in there as demo. Logs: {shown(var / 'logs')}. Ctrl-C stops it.")
            supervisor.keep()
    except StopAsked:
        say("\rStopped. What was running goes on at the next start.")


def group_environment(host: str, var: Path) -> dict[str, str]:
    """The processes' environment: the user's own, and what the embedded mode fixes."""
    environment = {
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]" if host in LOOPBACK else "*",
        "LOG_LEVEL": "INFO",
        "FERMIFORGE_STOP_GRACE_S": "15",  # what worker-runs is given to stop is a little longer
        **os.environ,
        "FERMIFORGE_EMBEDDED": "1",
        "FERMIFORGE_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "PYTHONUNBUFFERED": "1",
    }
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        environment.pop(name, None)
    return environment


def start_broker(supervisor: Supervisor, environment: dict[str, str], var: Path) -> None:
    """Use the broker that REDIS_URL names, else start one and name it there."""
    if given := environment.get("REDIS_URL"):
        if not broker.answers(given):
            raise GroupFailed(f"Nothing answers at REDIS_URL {given}: start that server, or unset REDIS_URL.")
        return
    service, environment["REDIS_URL"] = broker.own_broker(var)
    supervisor.start(service)
    supervisor.wait_until(lambda: broker.answers(environment["REDIS_URL"]), timeout_s=15, what="The message broker")


def web(host: str, port: int) -> Service:
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "webapp.asgi:application",
        "--host",
        host,
        "--port",
        str(port),
    ]
    # A live page holds its socket open: it is told to go, not waited for. No proxy stands before this mode.
    return Service("web", [*command, "--lifespan", "off", "--no-proxy-headers", "--timeout-graceful-shutdown", "2"])


def workers(var: Path) -> list[Service]:
    celery = [sys.executable, "-m", "celery", "-A", "webapp.celery"]
    # Threads: a worker only supervises engine processes, and one process stops more surely than two.
    worker = [
        *celery,
        "worker",
        "--pool",
        "threads",
        "--concurrency",
        "1",
        "--without-gossip",
        "--without-mingle",
    ]
    return [
        Service("worker-runs", [*worker, "-Q", "runs", "-n", "runs@%h", "-l", "INFO"], grace_s=20),
        Service("worker-work", [*worker, "-Q", "work", "-n", "work@%h", "-l", "INFO"], grace_s=10),
        Service("beat", [*celery, "beat", "-s", str(var / "beat"), "--pidfile", "", "-l", "INFO"]),
    ]


def shown(path: Path) -> str:
    """A path as a person in the project's folder would write it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    sys.exit(main())
