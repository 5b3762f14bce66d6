"""What the engine's process is shut in with."""

import os
import signal
import subprocess
import sys

import psutil

from tests.webapp.runs.fixtures import until
from webapp.runs.engine_process import LAUNCHER


def launch(lock, code: str, **named) -> subprocess.Popen:
    command = [sys.executable, str(LAUNCHER), str(os.getpid()), str(lock), "--", sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **named)


def test_it_says_what_holds_and_becomes_the_command(tmp_path):
    process = launch(tmp_path / "lock", "import os; print(os.getpid())")
    out, log = process.communicate(timeout=20)
    assert int(out) == process.pid
    assert log.startswith("engine process: network o")


def test_where_it_says_so_there_is_no_network(tmp_path):
    code = "import socket; print([name for _, name in socket.if_nameindex()])"
    out, log = launch(tmp_path / "lock", code).communicate(timeout=20)
    if "network off" in log:
        assert out.strip() == "['lo']"


def test_two_of_them_never_work_in_one_folder(tmp_path):
    first = launch(tmp_path / "lock", "print('in', flush=True); input()", stdin=subprocess.PIPE)
    assert first.stdout.readline() == "in\n"
    second = launch(tmp_path / "lock", "print('in')")
    until(lambda: psutil.Process(second.pid).status() in (psutil.STATUS_SLEEPING, psutil.STATUS_DISK_SLEEP))
    assert first.poll() is None and second.poll() is None
    first.communicate("\n", timeout=20)
    assert second.communicate(timeout=20)[0] == "in\n"


def test_it_ends_when_its_parent_is_killed(tmp_path):
    inner = "import signal; print('up', flush=True); signal.pause()"
    outer = (
        "import os, subprocess, sys, signal\n"
        f"launch = [sys.executable, {str(LAUNCHER)!r}, str(os.getpid()), {str(tmp_path / 'lock')!r}, '--']\n"
        f"p = subprocess.Popen([*launch, sys.executable, '-c', {inner!r}], start_new_session=True)\n"
        "print(p.pid, flush=True); signal.pause()"
    )
    parent = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True)
    first, second = parent.stdout.readline(), parent.stdout.readline()
    pid = int(first if first.strip().isdecimal() else second)
    parent.send_signal(signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    parent.wait()
    parent.stdout.close()
