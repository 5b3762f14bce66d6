"""The inquisitor learns which choices matter, beats sizes alone, and moves the generator within its trust."""

import numpy as np
import pytest
import torch

from engine.elastic.design import Design
from engine.elastic.space import Space
from engine.elastic.trace import trace
from engine.generator import NOISE_DIMENSION, Generator
from engine.inquisitor import TRUST, Inquisitor
from engine.performance import NetScore
from engine.projection import Projection
from engine.prototypes import build_prototype
from engine.requirements import parse_requirements

BAND = (4.0, 4.4)
IMPORTANT = 3  # the knob on which the made-up world's loss depends


@pytest.fixture
def learned() -> Inquisitor:
    return watched()


def watched(**options: float) -> Inquisitor:
    """An inquisitor that has watched 30 cycles of a world in which one group decides the loss."""
    space = Space(trace(build_prototype({"zoo": "resnet8"}, 1, 10, 8), (1, 8, 8)), (1, 8, 8))
    generator = Generator(Projection(space, NetScore(), parse_requirements([], "classification")), seed=0)
    inquisitor = Inquisitor(generator, seed=0, **options)
    rng = np.random.default_rng(1)

    def loss(design: Design) -> float:
        return float(np.exp(-design.widths[IMPORTANT] / 8 + 0.05 * rng.standard_normal()))

    for cycle in range(30):
        designs = [generator.design(1000 * cycle + i, float(rng.uniform(*BAND))) for i in range(40)]
        inquisitor.remember_training([(d, loss(d)) for d in designs[:34]])
        inquisitor.remember_probes([(d, loss(d)) for d in designs[34:]])
        inquisitor.update(inquisitor.curves, rng)
    return inquisitor


def mean_width(generator: Generator, knob: int) -> float:
    return float(np.mean([generator.design(seed, 4.2).widths[knob] for seed in range(50)]))


def test_it_ranks_unseen_designs_better_than_sizes_do(learned: Inquisitor) -> None:
    correlation, by_size = learned.rank_correlations()
    assert correlation is not None and by_size is not None
    assert correlation > 0.85
    assert correlation > by_size + 0.2


def test_its_changes_lead_the_generator_to_what_matters(learned: Inquisitor) -> None:
    before = mean_width(learned.generator, IMPORTANT)
    for i in range(15):
        learned.generator.move(learned.propose(BAND, np.random.default_rng(i)))
    assert mean_width(learned.generator, IMPORTANT) > 1.2 * before


def test_a_change_stays_within_the_trust_region() -> None:
    learned = watched(rate=3.0)  # a hundred times the usual: what a gradient gone wild would do
    generator = learned.generator
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((16, NOISE_DIMENSION)))
    cost = torch.full((16,), float(np.mean(BAND)), dtype=torch.float64)
    delta = learned.propose(BAND, np.random.default_rng(0))
    with torch.no_grad():
        old = generator.relaxed(z, cost).widths.log2()
        generator.move(delta)
        new = generator.relaxed(z, cost).widths.log2()
    assert 0.01 < float((new - old).abs().mean()) <= TRUST


def test_its_state_survives_a_checkpoint(learned: Inquisitor) -> None:
    copy = Inquisitor(learned.generator, seed=9)
    copy.load({name: tensor.detach().clone() for name, tensor in learned.state().items()})
    assert copy.rank_correlations() == learned.rank_correlations()
    ours = learned.propose(BAND, np.random.default_rng(4))
    theirs = copy.propose(BAND, np.random.default_rng(4))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
