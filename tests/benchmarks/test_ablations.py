"""An ablation takes out what it says, and only that."""

import numpy as np
import pytest
import torch

from benchmarks.ablations import SizesOnly
from benchmarks.peers.shared import decode
from engine.elastic.network import ElasticNetwork
from engine.generator import Generator
from engine.performance import NetScore
from engine.projection import Projection
from engine.prototypes.cifar_resnet import cifar_resnet
from engine.requirements import parse_requirements


@pytest.fixture(scope="module")
def projection() -> Projection:
    network = ElasticNetwork(cifar_resnet("resnet8", 1, 10), (1, 8, 8), torch.device("cpu"))
    return Projection(network.space, NetScore(), parse_requirements([], "classification"))


def test_the_sizes_only_inquisitor_sees_nothing_but_cost(projection):
    inquisitor = SizesOnly(Generator(projection, 0), 0)
    rng = np.random.default_rng(1)
    choices = projection.layout.choices
    drawn = [decode(projection, rng.logistic(size=choices), rng.random(choices), 3.6) for _ in range(6)]
    designs = projection.space.designs(drawn)
    features = inquisitor._features(designs, held_out=True)
    cost = projection.log_costs(designs) - projection.middle
    assert features.abs().sum(0).count_nonzero() == 2
    assert torch.allclose(features[:, features.abs().sum(0) > 0], torch.stack([cost, torch.ones(6)], 1).float())


def test_a_uniform_design_keeps_to_its_cost(projection):
    rng = np.random.default_rng(2)
    choices = projection.layout.choices
    drawn = [decode(projection, rng.logistic(size=choices), rng.random(choices), 3.8) for _ in range(20)]
    costs = [projection.log_cost(d) for d in drawn]
    assert max(costs) <= 3.8 + 1e-9
    assert np.mean(costs) > 3.7
    assert len(set(drawn)) > 15
