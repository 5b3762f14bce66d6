"""Information measures on data whose information is known."""

import numpy as np
import pytest

from engine.information import (
    activation_entropy,
    effective_rank,
    fisher_information,
    label_information,
    redundancy,
)

RNG = np.random.default_rng(0)


def test_entropy_of_constant_and_uniform_channels() -> None:
    assert activation_entropy(np.ones((100, 2))) == 0
    assert activation_entropy(RNG.random((20_000, 3))) == pytest.approx(3.0, abs=0.01)


def test_effective_rank_counts_independent_directions() -> None:
    independent = RNG.standard_normal((5000, 4))
    assert effective_rank(independent) == pytest.approx(4, abs=0.05)
    assert effective_rank(np.repeat(independent[:, :1], 4, axis=1)) == pytest.approx(1, abs=1e-6)


def test_label_information_of_a_telling_and_an_idle_channel() -> None:
    labels = RNG.integers(4, size=4000)
    responses = np.stack([labels + 0.01 * RNG.random(4000), RNG.random(4000)], axis=1)
    telling, idle = label_information(responses, labels[:, None])
    assert telling == pytest.approx(2.0, abs=0.02)
    assert idle == pytest.approx(0.0, abs=0.01)


def test_redundancy_is_the_likeness_to_the_closest_other_channel() -> None:
    a, b = RNG.standard_normal((2, 4000))
    found = redundancy(np.stack([a, -2 * a + 1, b, np.ones(4000)], axis=1))
    assert found == pytest.approx([1, 1, 0, 1], abs=0.05)
    assert redundancy(a[:, None]).tolist() == [0.0]


def test_fisher_information_is_what_the_loss_gains_to_second_order_when_a_channel_goes() -> None:
    activations = RNG.standard_normal((500, 3, 4))
    slopes = np.array([0.0, 1.0, -2.0])[None, :, None]
    found = fisher_information(activations, np.broadcast_to(slopes, activations.shape))
    sums = activations.sum(2)
    assert found == pytest.approx([0, 0.5 * (sums[:, 1] ** 2).mean(), 2 * (sums[:, 2] ** 2).mean()])
