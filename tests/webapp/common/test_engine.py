"""Running the engine: what it is given, and how it is stopped."""

import os
import sys

import psutil
import pytest

from webapp.common.engine import engine_environment, run_engine


@pytest.fixture
def command(settings):
    """``command(script)`` lets a Python script stand where the engine does."""

    def use(script: str) -> None:
        settings.ENGINE_COMMAND = [sys.executable, "-c", script]

    return use


def test_no_credentials_reach_the_engine(monkeypatch, command):
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "a secret")
    assert "a secret" not in engine_environment().values()
    command("import json, os; print(json.dumps({'type': 'environment', **os.environ}))")
    seen = run_engine().last("environment")
    assert "a secret" not in seen.values()
    assert seen["PATH"] == os.environ["PATH"]


def test_arguments_lines_log_and_code(command):
    command(
        "import sys; print('{\"type\": \"a\", \"n\": 1}'); print('noise'); print('[]');"
        'print(\'{"type": "a", "n": 2}\'); print(sys.argv[1:], file=sys.stderr); sys.exit(2)'
    )
    answer = run_engine("inspect", "model.onnx")
    assert (answer.code, answer.timed_out) == (2, False)
    assert [line["n"] for line in answer.lines] == [1, 2]
    assert answer.last("a")["n"] == 2
    assert answer.last("b") is None
    assert "['inspect', 'model.onnx']" in answer.log


def assert_gone(pid: int) -> None:
    """A killed process needs a moment to die, and whoever adopted it may leave a zombie."""
    if psutil.pid_exists(pid):
        process = psutil.Process(pid)
        _, alive = psutil.wait_procs([process], timeout=10)
        assert not alive or process.status() == psutil.STATUS_ZOMBIE


def test_a_command_that_hangs_is_killed_with_its_children(command):
    command(
        "import json, subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(json.dumps({'type': 'child', 'pid': child.pid}), flush=True); time.sleep(600)"
    )
    answer = run_engine(timeout_s=2)
    assert answer.timed_out
    assert_gone(answer.last("child")["pid"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Only Linux bounds another process's memory.")
def test_a_command_that_eats_memory_ends_alone(command):
    command('import time; time.sleep(0.5); x = bytearray(600 * 2**20); print(\'{"type": "survived"}\')')
    answer = run_engine(memory_bytes=300 * 2**20)
    assert answer.code != 0
    assert answer.last("survived") is None
    assert "MemoryError" in answer.log
