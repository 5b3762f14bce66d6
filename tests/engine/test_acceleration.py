"""Mixed precision, memory layout, loss scaling: on the CPU the very path that a GPU takes; on a GPU, no waiting."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.acceleration import GROWS_AFTER, Acceleration, LossScale
from engine.data import load_dataset
from engine.elastic.design import Design
from engine.elastic.network import ElasticNetwork
from engine.feed import Feed
from engine.prototype_training import PrototypeTrainer
from engine.prototypes import build_prototype
from engine.tasks.classification import Classification
from engine.teacher import Teacher
from engine.training import SharedTrainer
from engine.views import Normaliser, Views

CPU = torch.device("cpu")


def trainer(folder: Path, acceleration: Acceleration, *, streamed: bool | None = None) -> SharedTrainer:
    """A trainer of resnet8's shared weights on the digits."""
    dataset = load_dataset({"builtin": "digits"}, folder)
    prototype = build_prototype({"zoo": "resnet8"}, 1, 10, 8, seed=0).to(acceleration.device)
    normalise = Normaliser(dataset, acceleration.device)
    task = Classification(dataset)
    views = Views(dataset.splits["train"], task, flip=False, directory=folder)
    teacher = Teacher(prototype, views, normalise, task, folder)
    network = ElasticNetwork(prototype, dataset.image_shape, acceleration.device)
    return SharedTrainer(network, Feed(views, normalise, teacher, acceleration, streamed=streamed), task)


def losses(shared: SharedTrainer, designs: list[Design]) -> list[float]:
    batches = shared.batches(np.random.default_rng(1), 0, len(designs))
    return torch.stack([shared.step(d, b, 0.05) for d, b in zip(designs, batches, strict=True)]).tolist()


def random_designs(shared: SharedTrainer, count: int) -> list[Design]:
    rng = np.random.default_rng(0)
    return [shared.network.random_design(rng) for _ in range(count)]


def test_steps_in_bfloat16_and_channels_last_learn_like_those_in_float32(tmp_path: Path) -> None:
    plain = trainer(tmp_path / "a", Acceleration(CPU))
    exact = losses(plain, [plain.network.space.full] * 30)
    shared = trainer(tmp_path / "b", Acceleration(CPU, torch.bfloat16, channels_last=True))
    mixed = losses(shared, [shared.network.space.full] * 30)
    assert exact[0] != mixed[0] == pytest.approx(exact[0], rel=0.02)
    assert np.mean(mixed[-5:]) == pytest.approx(np.mean(exact[-5:]), rel=0.1)
    assert np.mean(mixed[-5:]) < 0.8 * mixed[0]
    assert shared.network.weights.dtype == torch.float32


def test_every_kind_of_design_runs_in_bfloat16_and_channels_last(tmp_path: Path) -> None:
    shared = trainer(tmp_path, Acceleration(CPU, torch.bfloat16, channels_last=True), streamed=True)
    assert np.isfinite(losses(shared, random_designs(shared, 12))).all()


def test_a_cpu_computes_in_float32() -> None:
    acceleration = Acceleration.of(CPU)
    assert acceleration.precision is None and not acceleration.channels_last and acceleration.loss_scale() is None


def test_loss_scale_halves_on_overflow_and_doubles_after_many_good_steps() -> None:
    scale = LossScale(CPU)
    first = float(scale.scale)
    gradient = torch.tensor([1.0, -2.0])
    assert torch.equal(scale.unscale(gradient * first), gradient)
    assert torch.equal(scale.unscale(torch.tensor([1.0, torch.inf])), torch.zeros(2))
    assert float(scale.scale) == first / 2
    for _ in range(GROWS_AFTER):
        scale.unscale(gradient)
    assert float(scale.scale) == first


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("streamed", [False, True])
def test_on_a_gpu_no_step_waits_for_the_device(tmp_path: Path, streamed: bool) -> None:
    shared = trainer(tmp_path, Acceleration.of(torch.device("cuda")), streamed=streamed)
    designs = random_designs(shared, 20)
    losses(shared, designs)  # kernels are chosen, memory is taken, the prototype is asked
    batches = shared.batches(np.random.default_rng(1), 0, 20)
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = [shared.step(d, b, 0.05) for d, b in zip(designs, batches, strict=True)]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.isfinite(torch.stack(found)).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_no_step_of_the_prototype_waits_for_the_device(tmp_path: Path) -> None:
    device = torch.device("cuda")
    dataset = load_dataset({"builtin": "digits"}, tmp_path)
    prototype = build_prototype({"zoo": "resnet8"}, 1, 10, 8, seed=0).to(device)
    task = Classification(dataset)
    feed = Feed(Views(dataset.splits["train"], task, flip=False, directory=tmp_path), Normaliser(dataset, device))
    training = PrototypeTrainer(prototype, feed, task, seed=0)
    training.advance(0.05)
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = [training.advance(0.05) for _ in range(2 * task.batch)]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.isfinite(torch.stack(found)).all()
