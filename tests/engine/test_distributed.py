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
from safetensors.torch import save_file
from torch import nn

from engine.data import load_dataset
from engine.distributed import Workers
from engine.elastic.network import ElasticNetwork
from engine.errors import RequestError
from engine.feed import Feed
from engine.prototype_training import PrototypeTrainer
from engine.prototypes import build_prototype
from engine.tasks.classification import Classification
from engine.teacher import Teacher
from engine.training import SharedTrainer
from engine.views import Normaliser, Views
from tests.engine.conftest import engine, write_spec

PROCESSES = 2
# Training amplifies rounding: on images with an even background, one that moves it across a ReLU's zero moves all of
# its pixels, and runs part after some dozens of steps. Until then they are the same to 1e-6.
STEPS, RATE = 10, 0.005


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


def some_training(workers: Workers, folder: Path) -> dict[str, torch.Tensor]:
    """Losses and weights after a few steps of the prototype and of the family."""
    torch.set_num_threads(1)
    dataset = load_dataset({"builtin": "digits"}, folder)
    prototype = build_prototype({"zoo": "resnet8"}, 1, 10, 8, seed=3)
    normalise, task = Normaliser(dataset, torch.device("cpu")), Classification(dataset)
    views = Views(dataset.splits["train"], task, flip=False, directory=folder)
    training = PrototypeTrainer(prototype, Feed(views, normalise, workers=workers), task, seed=0)
    losses = [training.advance(RATE) for _ in range(STEPS)]
    training.finish(normalise)
    network = ElasticNetwork(prototype, dataset.image_shape, torch.device("cpu"))
    teacher = Teacher(prototype, views, normalise, task, None)
    shared = SharedTrainer(network, Feed(views, normalise, teacher, workers=workers), task)
    rng = np.random.default_rng(0)
    for batch in shared.batches(np.random.default_rng(1), 0, STEPS):
        losses.append(shared.step(network.random_design(rng), batch, RATE))
    return {"losses": torch.stack(losses), "weights": network.weights}


def process(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    workers = Workers(rank, PROCESSES)
    assert workers.agree({"rank": rank}) == {"rank": 0}
    mine = torch.full((3,), float(rank))
    workers.follow([mine])
    assert mine.tolist() == [0.0] * 3
    own = Path(folder) / f"own-{rank}"
    if workers.leads:
        own.write_text("leader's")
    workers.hand_out(own)
    assert own.read_text() == "leader's"
    torch.save({"step": one_step(workers), "training": some_training(workers, Path(folder))}, f"{folder}/{rank}.pt")
    workers.leave()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each process got."""
    folder = tmp_path_factory.mktemp("processes")
    mp.spawn(process, (str(folder),), nprocs=PROCESSES)
    return [torch.load(folder / f"{rank}.pt") for rank in range(PROCESSES)]


def test_a_shared_step_has_the_gradients_and_statistics_of_the_whole_batch(found: list[dict[str, Any]]) -> None:
    alone = one_step(Workers())
    for each in found:
        for name, tensor in alone.items():
            torch.testing.assert_close(each["step"][name], tensor, atol=1e-6, rtol=1e-4)


def test_losses_and_weights_are_those_of_one_process(found: list[dict[str, Any]], tmp_path: Path) -> None:
    alone = some_training(Workers(), tmp_path)
    assert alone["losses"][STEPS - 1] < 0.99 * alone["losses"][0]
    for name, tensor in alone.items():
        torch.testing.assert_close(found[0]["training"][name], tensor, atol=2e-3, rtol=2e-3)
        assert torch.equal(found[1]["training"][name], found[0]["training"][name])


def test_more_processes_than_a_batch_has_images_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "65")
    with pytest.raises(RequestError, match="nproc-per-node"):
        Workers.join(64)


@pytest.mark.slow
def test_a_run_of_two_processes_speaks_with_one_voice(tmp_path: Path) -> None:
    weights = tmp_path / "prototype.safetensors"
    save_file(build_prototype({"zoo": "resnet8"}, 1, 10, 8, seed=3).state_dict(), weights)  # fine-tuning is shorter
    requirements = [{"metric": "accuracy", "op": ">=", "value": 0.3}]
    prototype = {"zoo": "resnet8", "weights": str(weights)}
    spec, out = write_spec(tmp_path, prototype=prototype, requirements=requirements, max_cycles=1), tmp_path / "out"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
    command += ["-m", "engine", "synthesize", str(spec), "--out", str(out), "--device", "cpu"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in run.stdout.splitlines()]
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "finished" and events[-1]["status"] == "certified"
    written = {"data", "checkpoint.safetensors", "generator.safetensors", "measurements.safetensors"}
    assert {path.name for path in out.iterdir()} == written
    drawn = engine("draw", out, "--seed", 1, "--export", "safetensors", "--out", tmp_path / "drawn")
    assert drawn.code == 0 and drawn.of("network")[0]["metrics"]["test"]["accuracy"] > 0.3
