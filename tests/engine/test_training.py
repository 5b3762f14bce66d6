"""A training step whose batch several threads share."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.elastic.network import ElasticNetwork
from engine.feed import Batch
from engine.training import SharedTrainer
from tests.engine.test_acceleration import CPU, Acceleration, losses, random_designs, trainer


def with_threads(folder: Path, threads: int) -> SharedTrainer:
    alone = trainer(folder, Acceleration(CPU))
    return SharedTrainer(alone.network, alone.feed, alone.task, threads)


def test_parts_of_a_batch_keep_its_rows_and_its_share() -> None:
    batch = Batch(torch.rand(28, 1, 8, 8), torch.arange(28), torch.rand(28, 10), 0.5)
    parts = batch.parts(3)
    assert [len(p.labels) for p in parts] == [10, 9, 9]
    assert torch.equal(torch.cat([p.images for p in parts]), batch.images)
    assert torch.equal(torch.cat([p.labels for p in parts]), batch.labels)
    assert batch.taught is not None
    assert torch.equal(torch.cat([p.taught for p in parts if p.taught is not None]), batch.taught)
    assert sum(p.share for p in parts) == pytest.approx(0.5)


def test_a_small_batch_stays_whole() -> None:
    (whole,) = Batch(torch.rand(9, 1, 8, 8), torch.arange(9), None, 1.0).parts(4)
    assert len(whole.labels) == 9 and whole.taught is None and whole.share == 1.0


def test_a_shared_step_moves_the_weights_by_the_mean_gradient_of_its_parts(tmp_path: Path) -> None:
    shared = with_threads(tmp_path, 2)
    network, (design,) = shared.network, random_designs(shared, 1)
    batch = next(shared.batches(np.random.default_rng(1), 0, 1))
    active = network.activate(design)
    before = network.gather(active)

    def gradient_of(part: Batch) -> torch.Tensor:
        flat = before.clone().requires_grad_()
        loss = shared.task.loss(network.forward(active, flat, part.images), part.labels, part.taught)
        return torch.autograd.grad(loss, flat)[0]

    expected = torch.stack([gradient_of(part) for part in batch.parts(2)]).mean(0)
    assert expected.norm() < 5.0, "nothing is clipped"
    expected += 2e-4 * network.decayed[active.index] * before
    shared.step(design, batch, 0.01)
    torch.testing.assert_close(network.gather(active), before - 0.01 * 1.9 * expected, atol=1e-6, rtol=1e-4)


def test_threads_train_the_same_weights_every_time(tmp_path: Path) -> None:
    weights: list[torch.Tensor] = []
    for name in ("a", "b"):
        shared = with_threads(tmp_path / name, 3)
        network: ElasticNetwork = shared.network
        found = losses(shared, random_designs(shared, 40))
        assert np.isfinite(found).all()
        weights.append(network.weights)
    assert torch.equal(*weights)
