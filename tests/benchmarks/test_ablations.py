"""An ablation takes out what it says, and only that."""

import numpy as np
import pytest
import torch

from benchmarks.ablations import SizesOnly, UniformTraining
from benchmarks.job import read_result, result_path, run_job
from benchmarks.ours import Compared
from benchmarks.peers.shared import decode
from benchmarks.work import Work
from benchmarks.works import quick
from engine.elastic.network import ElasticNetwork
from engine.generator import Generator
from engine.performance import NetScore
from engine.projection import Projection
from engine.prototypes.cifar_resnet import cifar_resnet
from engine.requirements import parse_requirements
from engine.spec import parse_spec


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


def test_uniform_training_replaces_the_generators_designs_by_others_of_the_same_cost(tmp_path):
    suite = quick()
    run_job(suite, "digits", "prototype", 0, tmp_path, None)
    assert read_result(result_path(tmp_path, "digits", "prototype", 0))["status"] == "done"
    work = Work(suite.works[0], 0, tmp_path, None, torch.device("cpu"))
    proposed = _designs(work, tmp_path / "ours", Compared)
    uniform = _designs(work, tmp_path / "uniform", UniformTraining)
    assert not set(proposed) & set(uniform)
    assert list(uniform.values()) == pytest.approx(list(proposed.values()), abs=0.05)


def _designs(work, folder, kind):
    """What a synthesis of this kind would train on in its first cycle: design → log cost."""
    run = kind(parse_spec(work.spec(None)), folder, lambda event: None, lambda: False, torch.device("cpu"))
    run.work = work
    run._initialise()
    designs = run._generate(np.random.default_rng(3), 8, 0.5)
    return {design: run.parts.projection.log_cost(design) for design in designs}
