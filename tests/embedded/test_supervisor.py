"""The supervisor: a whole group starts, survives a crash, and stops without leaving a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]

# A service that starts a process in a session of its own, as a worker starts an engine, and reports both.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
# A service that can't be asked.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""
# A group of named scripts; prints what it says, and "up" once each service has written its log.
GROUP = """
import sys
from pathlib import Path
from webapp.embedded.supervisor import GroupFailed, Service, StopAsked, Supervisor

logs, scripts = Path(sys.argv[1]), sys.argv[2:]
services = [Service(f"s{i}", [sys.executable, "-c", script], grace_s=1.0) for i, script in enumerate(scripts)]
logged = lambda: all((logs / f"{s.name}.log").read_text().endswith("\\n") for s in services)
say = lambda text: print(text, flush=True)
try:
    with Supervisor(environment={}, folder=Path.cwd(), logs=logs, say=say) as supervisor:
        for service in services:
            supervisor.start(service)
        supervisor.wait_until(logged, timeout_s=20, what="A service")
        say("up")
        supervisor.keep()
except StopAsked:
    say("stopped")
except GroupFailed as failure:
    sys.exit(str(failure))
"""


@pytest.fixture
def start_group(tmp_path):
    """Starts a group of scripts; returns its process and the pids that its services reported."""
    groups = []

    def start(*scripts: str):
        group = subprocess.Popen(
            [sys.executable, "-c", GROUP, str(tmp_path), *scripts],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        groups.append(group)
        assert group.stdout
        assert group.stdout.readline() == "up\n", group.communicate()
        words = " ".join(log.read_text() for log in sorted(tmp_path.glob("*.log"))).split()
        return group, [int(word) for word in words if word.isdecimal()]

    yield start
    for group in groups:
        group.kill()
        group.communicate()


def wait_gone(pids: list[int]) -> list[int]:
    """Which of these processes are still there after a while."""
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(processes, timeout=10)
    return [process.pid for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_leaves_no_process(start_group, number):
    group, pids = start_group(PARENT, STUBBORN)
    assert len(pids) == 3
    group.send_signal(number)
    assert group.wait(timeout=20) == 0
    assert "stopped" in group.stdout.read()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_engine_whose_worker_was_killed_is_stopped_too(start_group):
    group, (worker, engine) = start_group(PARENT)
    os.kill(worker, signal.SIGKILL)
    assert "ended unasked (code -9); starting it again in 1 s" in group.stdout.readline()
    assert psutil.Process(engine).ppid() == group.pid
    group.terminate()
    group.wait(timeout=20)
    assert not psutil.pid_exists(engine)


def test_killed_supervisor_takes_its_services_along(start_group):
    group, pids = start_group("import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    group.kill()
    assert not wait_gone(pids)


def test_crashed_service_starts_again(start_group, tmp_path):
    # The second life writes into a pipe that the test reads: no need to look again and again.
    pipe = tmp_path / "second-life"
    os.mkfifo(pipe)
    script = f"""
import os, time
second = os.path.exists({str(tmp_path / "first")!r})
open({str(tmp_path / "first")!r}, "w").close()
print(os.getpid(), flush=True)
if second:
    print("here", file=open({str(pipe)!r}, "w"), flush=True)
time.sleep(600)
"""
    group, (pid,) = start_group(script)
    os.kill(pid, signal.SIGKILL)
    assert "s0 ended unasked (code -9); starting it again in 1 s" in group.stdout.readline()
    assert pipe.read_text() == "here\n"


@pytest.mark.slow
def test_service_that_keeps_crashing_stops_the_group(start_group):
    script = "import sys, time; print('no memory for this', flush=True); time.sleep(0.5); sys.exit(3)"
    group, _ = start_group(script)
    said, failure = group.communicate(timeout=40)
    assert said.count("starting it again") == 3
    assert group.returncode == 1
    assert "s0 ended unasked (code 3) 4 times within 60 s, so FermiForge stops: see" in failure
    assert "no memory for this" in failure
