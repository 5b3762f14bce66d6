"""Our method with one part taken out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks import ours
from benchmarks.peers.shared import decode
from benchmarks.work import Work
from engine import conclusion, inquisitor
from engine.draw import load_generator
from engine.elastic.design import Design
from engine.inquisitor import Inquisitor

YIELD_SEEDS = 100
SIZE_FEATURES = 2  # the last columns: a design's cost, and which kind of measurement it was


class SizesOnly(Inquisitor):
    """Sees what a design costs and nothing else."""

    def _features(self, *args: Any, **kwargs: Any) -> Tensor:
        features = super()._features(*args, **kwargs).clone()
        features[:, :-SIZE_FEATURES] = 0
        return features


class WithSizesOnly(ours.Compared):
    inquisitor_class = SizesOnly


class UniformTraining(ours.Compared):
    """Trains random designs of the same costs, instead of those that the generator proposes."""

    def _generate(self, rng: np.random.Generator, *args: Any) -> list[Design]:
        projection, choices = self.parts.projection, self.parts.generator.choices
        costs = map(projection.log_cost, super()._generate(rng, *args))
        return [decode(projection, rng.logistic(size=choices), rng.random(choices), cost) for cost in costs]


def sizes_only(work: Work, folder: Path) -> dict[str, Any]:
    spent = ours.synthesize(work, folder, WithSizesOnly)
    return ours.measure(work, folder, spent, yield_seeds=YIELD_SEEDS)


def uniform_training(work: Work, folder: Path) -> dict[str, Any]:
    spent = ours.synthesize(work, folder, UniformTraining)
    return ours.measure(work, folder, spent, yield_seeds=YIELD_SEEDS)


def no_diversity(work: Work, folder: Path) -> dict[str, Any]:
    """Nothing keeps the seeds apart: neither the hinge while learning nor the stretch before certification."""
    kept = inquisitor.DIVERSITY, conclusion.MOST_STRETCHES
    inquisitor.DIVERSITY, conclusion.MOST_STRETCHES = 0.0, 0
    try:
        spent = ours.synthesize(work, folder)
        return ours.measure(work, folder, spent, yield_seeds=YIELD_SEEDS)
    finally:
        inquisitor.DIVERSITY, conclusion.MOST_STRETCHES = kept


def no_certification(work: Work, folder: Path) -> dict[str, Any]:
    """The finished generator at the budget where its training worked, every first decoding taken."""
    generator = load_generator(work.folder / "ours", work.setting.device)
    budget = ours.boundary_budget(work.folder / "ours", generator)
    met = ours.fresh_yield(generator, work.definition.required, YIELD_SEEDS, accept=False, budget=budget, attempts=1)
    return {"found": [], "yield": met, "budget": budget}


ABLATIONS: dict[str, tuple[str, Callable[[Work, Path], dict[str, Any]]]] = {
    "sizes-only": ("Inquisitor sees sizes only", sizes_only),
    "uniform-training": ("Uniform instead of generator-guided training", uniform_training),
    "no-certification": ("No certification", no_certification),
    "no-diversity": ("No diversity", no_diversity),
}
