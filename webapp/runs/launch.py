"""Becomes the engine's process after shutting it in: `python launch.py PARENT LOCK -- COMMAND…`.

It runs without Django, and everything it sets up survives the exec: an exclusive lock on the run's folder,
so that two engines never work in one; no network, where the system allows it; death together with the worker
that supervises it; and being the kernel's first choice when memory runs out. A line on stderr says so.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import sys

LOCK_WAIT_S = 60
LOCK_TIMEOUT_CODE = 75  # EX_TEMPFAIL
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    separator = arguments.index("--")
    parent, lock = arguments[:separator]
    command = arguments[separator + 1 :]
    hold_lock(lock)
    network = "network off" if leave_network() else "network on (this system does not let a process leave it)"
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")
    tied = die_with(int(parent))
    sys.stderr.write(f"engine process: {network}; {'ends' if tied else 'does not end'} with its worker\n")
    sys.stderr.flush()
    os.execvp(command[0], command)


def hold_lock(path: str) -> None:
    """Lock the file for as long as this process, the engine it becomes, or a child of that lives."""

    def give_up(signum, frame):
        sys.stderr.write(f"another engine still works in {os.path.dirname(path)}\n")
        sys.exit(LOCK_TIMEOUT_CODE)

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    previous = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LOCK_WAIT_S)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)
    os.set_inheritable(descriptor, True)


def leave_network() -> bool:
    """Move into an empty network namespace: as root directly, else inside a user namespace of our own."""
    libc = _libc()
    if libc is None:
        return False
    if libc.unshare(CLONE_NEWNET) == 0:
        return True
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def die_with(parent: int) -> bool:
    """Have the kernel kill this process when its parent ends, however that ends."""
    libc = _libc()
    if libc is None or libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        return False
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGKILL)
    return True


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


if __name__ == "__main__":
    main(sys.argv[1:])
