"""Several processes give what one gives, but for rounding."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file
from torch import nn

from engine.checkpoint import CHECKPOINT
from engine.distributed import Workers
from engine.prototypes import build_prototype
from tests.engine.conftest import engine, write_spec

PROCESSES = 2


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))


def one_step(workers: Workers) -> dict[str, torch.Tensor]:
    """Gradients and running statistics after one shared step on a batch of five."""
    model, rows = network(), workers.part(np.arange(5))
    images = torch.randn(5, 2, 6, 6, generator=torch.Generator().manual_seed(1))[rows]
    with workers.whole_batch():
        loss = workers.share(5) * model(images).square().mean()
    loss.backward()
    found = {name: workers.sum(p.grad) for name, p in model.named_parameters() if p.grad is not None}
    return found | {"mean": model[1].running_mean, "variance": model[1].running_var}


def shared_step(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    workers = Workers(rank, PROCESSES)
    found = one_step(workers)
    assert workers.agree({"rank": rank}) == {"rank": 0}
    mine = torch.full((3,), float(rank))
    workers.follow([mine])
    assert mine.tolist() == [0.0] * 3
    torch.save(found, f"{folder}/{rank}.pt")
    workers.leave()


def test_a_shared_step_has_the_gradients_and_statistics_of_the_whole_batch(tmp_path: Path) -> None:
    mp.spawn(shared_step, (str(tmp_path),), nprocs=PROCESSES)
    alone = one_step(Workers())
    for rank in range(PROCESSES):
        for name, tensor in torch.load(tmp_path / f"{rank}.pt").items():
            torch.testing.assert_close(tensor, alone[name], atol=1e-6, rtol=1e-4)


def test_more_processes_than_a_batch_has_images_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "65")
    with pytest.raises(Exception, match="nproc-per-node"):
        Workers.join(64)


@pytest.mark.slow
def test_two_processes_end_like_one(tmp_path: Path) -> None:
    weights = tmp_path / "prototype.safetensors"
    from safetensors.torch import save_file

    save_file(build_prototype({"zoo": "resnet8"}, 1, 10, 8, seed=3).state_dict(), weights)
    changes: dict[str, Any] = {
        "prototype": {"zoo": "resnet8", "weights": str(weights)},
        "requirements": [{"metric": "accuracy", "op": ">=", "value": 0.3}],
        "max_cycles": 1,
    }
    spec = write_spec(tmp_path, **changes)
    alone = engine("synthesize", spec, "--out", tmp_path / "one", "--device", "cpu")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
    command += ["-m", "engine", "synthesize", str(spec), "--out", str(tmp_path / "two"), "--device", "cpu"]
    together = subprocess.run(command, capture_output=True, text=True, check=False)
    assert together.returncode == alone.code == 0, together.stderr
    events = [json.loads(line) for line in together.stdout.splitlines()]
    assert [e["type"] for e in events] == [e["type"] for e in alone.events]  # only one of them speaks
    for one, two in zip(alone.events, events, strict=True):
        if "loss" in one:
            assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
    assert {p.name for p in (tmp_path / "two").iterdir()} == {p.name for p in (tmp_path / "one").iterdir()}
    for name, tensor in load_file(tmp_path / "one" / CHECKPOINT).items():
        if name == "parts.weights" or name.startswith("prototype."):
            other = load_file(tmp_path / "two" / CHECKPOINT)[name]
            torch.testing.assert_close(other, tensor, atol=1e-4, rtol=1e-3)
