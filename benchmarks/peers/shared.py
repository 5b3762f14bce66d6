"""Random designs, and evolution, in the shared weights of our own trained generator: what the generator itself adds.

A design is decoded from random preferences at a target cost, just as the generator's are; nothing is trained. The time
of the run that trained the shared weights comes on top and is shown as such.
"""

import numpy as np
import torch

from benchmarks.clock import Clock
from benchmarks.found import Found, best, structure
from benchmarks.work import Work
from engine.draw import TrainedGenerator, load_generator
from engine.elastic.design import Design
from engine.performance import NetScore
from engine.projection import Projection

POPULATION, PARENTS = 16, 6
MUTATED, STRENGTH = 0.3, 0.8  # share of preferences that change, and by how much (standard deviation)
COST_STEP = 0.06  # of log10 cost, standard deviation
Genome = tuple[np.ndarray, np.ndarray, float]  # preferences, rounding, log10 cost


def search(work: Work, clock: Clock, seed: int, kind: str) -> list[Found]:
    trial = _Trials(work, clock, seed)
    (_random if kind == "random" else _evolution)(trial, clock)
    return trial.found


def further(work: Work, seconds: float, seed: int, found: list[Found], kind: str) -> Found | None:
    """Random designs at the cost of the best accepted one, until one is accepted."""
    chosen = best(found)
    if chosen is None:
        return None
    clock = Clock(seconds)
    trial = _Trials(work, clock, seed)
    known = {f.structure for f in found}
    while clock.left > 0:
        if trial.measure(trial.random(float(chosen.label.split()[-1]))) and trial.found[-1].structure not in known:
            return trial.found[-1]
    return None


def decode(projection: Projection, preferences: np.ndarray, rounding: np.ndarray, log_cost: float) -> Design:
    """The design of one vector of preferences at a cost, by the same projection as the generator's."""
    u, budget = torch.from_numpy(preferences)[None], torch.tensor([log_cost], dtype=torch.float64)
    (design,) = projection.round(u, rounding[None], budget)
    return design


class _Trials:
    """Decodes and measures designs in the shared weights."""

    def __init__(self, work: Work, clock: Clock, seed: int) -> None:
        self.work, self.clock = work, clock
        self.generator: TrainedGenerator = load_generator(work.folder / "ours", work.setting.device)
        self.parts = self.generator.parts
        self.rng = np.random.default_rng([seed, 0x5E])
        self.found: list[Found] = []

    @property
    def range(self) -> tuple[float, float]:
        return self.parts.projection.low, self.parts.projection.high

    def random(self, log_cost: float) -> Genome:
        n = self.parts.generator.choices
        return self.rng.logistic(size=n), self.rng.random(n), log_cost

    def mutated(self, genome: Genome) -> Genome:
        u, rounding, log_cost = genome
        changed = self.rng.random(u.size) < MUTATED
        u = np.where(changed, u + STRENGTH * self.rng.standard_normal(u.size), u)
        low, high = self.range
        cost = float(np.clip(log_cost + COST_STEP * self.rng.standard_normal(), low, high))
        return u, np.where(changed, self.rng.random(u.size), rounding), cost

    def measure(self, genome: Genome) -> bool:
        """Measure a design on the calibration split; keeps it where it is accepted."""
        parts, work = self.parts, self.work
        design = decode(parts.projection, *genome)
        active, flat = parts.probe.prepare(design)
        metric = parts.probe.measure_prepared(active, flat, "calibration").metric
        self.last = metric, parts.projection.log_cost(design)
        if metric < work.threshold:
            return False
        normalise = parts.setting.normalise
        module = parts.network.extract(active, flat, normalise.mean, normalise.std)
        params, macs = parts.network.space.cost(design)
        search = parts.probe.measure_prepared(active, flat, "search").metric
        label = f"design {len(self.found)} at {genome[2]:.3f}"
        self.found.append(
            Found(module, self.clock.spent, params, macs, search, metric, True, label, structure(module), True)
        )
        return True

    def fitness(self) -> float:
        """Of the design measured last: NetScore where it is accepted, else far below by how much it misses."""
        metric, log_cost = self.last
        if metric >= self.work.threshold:
            return NetScore()(metric, 10**log_cost, 10**log_cost)
        return -1000.0 * (self.work.threshold - metric)


def _random(trial: _Trials, clock: Clock) -> None:
    """Designs below the cheapest accepted one so far."""
    low, high = trial.range
    cheapest = high
    while clock.left > 0:
        if trial.measure(trial.random(float(trial.rng.uniform(max(low, cheapest - 0.5), cheapest)))):
            cheapest = min(cheapest, trial.last[1])


def _evolution(trial: _Trials, clock: Clock) -> None:
    """Regularised evolution: parents are the best so far, children their mutations."""
    low, high = trial.range
    scored: list[tuple[float, Genome]] = []
    while clock.left > 0:
        if len(scored) < POPULATION:
            genome = trial.random(float(trial.rng.uniform((low + high) / 2, high)))
        else:
            scored.sort(key=lambda pair: -pair[0])
            genome = trial.mutated(scored[int(trial.rng.integers(PARENTS))][1])
        trial.measure(genome)
        scored.append((trial.fitness(), genome))
