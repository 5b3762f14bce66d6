"""A run that is killed, in whatever phase, and resumed ends like an uninterrupted one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Finished, engine, write_spec


def kill_at(command: list[str], moment: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Run a command until an event comes, kill it (no signal that it could handle), and return what it said."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if moment(events[-1]):
            process.kill()
            break
    assert process.wait() == -9, "the run was over before the moment came"
    return events


@pytest.mark.slow
def test_killed_while_the_prototype_is_trained_and_in_a_cycle(short_run: tuple[Path, Finished], tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "engine", "synthesize", str(write_spec(tmp_path)), "--out", str(out)]
    command += ["--device", "cpu"]
    halfway = kill_at(command, lambda e: e["type"] == "prototype_progress" and e["fraction"] >= 0.5)
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2 and "--resume" in again.stdout
    resumed = kill_at([*command, "--resume"], lambda e: e["type"] == "cycle" and e["k"] == 2)
    assert resumed[0]["resumed"] and resumed[0]["seq"] > 1
    steps = [e["step"] for e in resumed if e["type"] == "prototype_progress"]
    last = max(e["step"] for e in halfway if e["type"] == "prototype_progress")
    assert steps and min(steps) >= last, "the prototype was trained from the start again"
    finished = engine(*command[3:], "--resume")
    assert finished.code == short_run[1].code, finished.stderr
    whole, parts = short_run[0] / "generator.safetensors", out / "generator.safetensors"
    assert parts.read_bytes() == whole.read_bytes()
