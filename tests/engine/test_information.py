"""Information measures on data whose information is known."""

import numpy as np
import pytest

from engine.information import activation_entropy, effective_rank, label_information

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
    telling, idle = label_information(responses, labels)
    assert telling == pytest.approx(2.0, abs=0.02)
    assert idle == pytest.approx(0.0, abs=0.01)
