"""Engine tests: one thread, so that results repeat, and one short run that many tests read."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

torch.set_num_threads(1)

SHORT_SPEC = {
    "prototype": {"zoo": "resnet8"},
    "dataset": {"builtin": "digits"},
    "requirements": [
        {"metric": "accuracy", "op": ">=", "value": 0.7},
        {"metric": "params", "op": "<=", "value": 30_000},
    ],
    "max_cycles": 3,
    "seed": 5,
}


@dataclass
class Finished:
    """What a command printed and how it ended."""

    code: int
    events: list[dict[str, Any]]
    stderr: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["type"] == kind]


def engine(*args: str | Path) -> Finished:
    """Run ``python -m engine`` to its end; every line of stdout must be a JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, args)], capture_output=True, text=True, check=False
    )
    return Finished(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


def write_spec(folder: Path, **changes: Any) -> Path:
    path = folder / "spec.json"
    path.write_text(json.dumps({**SHORT_SPEC, **changes}))
    return path


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """An uninterrupted run of three cycles: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("short")
    return folder / "out", engine("synthesize", write_spec(folder), "--out", folder / "out", "--device", "cpu")
