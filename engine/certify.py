"""Certification: after θ_G is frozen, the range of budgets whose networks meet the requirement.

A network is accepted when its task metric on the calibration split is so far above the requirement that, with 95 %
confidence, its metric on new data meets it: the exact binomial (Clopper–Pearson) lower bound, which is split conformal
risk control for a 0/1 loss (Bates et al. 2021, *Distribution-free, risk-controlling prediction sets*). The margin
depends on the number of calibration images alone. It holds for each network by itself; seeds and budgets are chosen on
the same images without a correction (Angelopoulos et al. 2021, *Learn then test*, have some), and docs/synthesis.md
says what that leaves open. The smallest budget is found by scanning upwards, in coarse steps first, since the yield is
neither smooth nor monotone near the edge.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.confidence import CONFIDENCE, binomial_bounds
from engine.elastic.design import Design
from engine.pace import Pace

ATTEMPTS = 8  # decodings of one seed before its last network is returned unverified
SCAN_STEP, COARSE = 0.03, 4  # of log10 cost, and how many of these go into a coarse step
SCAN_SEEDS, CONFIRM_SEEDS, UPPER_SEEDS, UPPER_POINTS = 16, 60, 12, 3
FEWEST_CONFIRMED = 10  # seeds on which a yield is confirmed when time is up
HOPELESS_AFTER = 5  # failures in a row, at the start of a budget
FIRST_SEED = 1_000_003  # far from the small seeds that users draw: certified on others than those drawn


def smallest_raw_yield(target_yield: float) -> float:
    """The share of first decodings that must pass so that :data:`ATTEMPTS` of them reach the target."""
    return 1 - (1 - target_yield) ** (1 / ATTEMPTS)


@dataclass(frozen=True)
class Yield:
    """A share of seeds with its exact bounds."""

    passed: int
    n: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, passed: int, n: int) -> "Yield":
        return cls(passed, n, passed / n, *binomial_bounds(passed, n))


@dataclass(frozen=True)
class Certificate:
    """What certification found; stored with the generator.

    Attributes:
        certified: Whether some budget reaches the target yield.
        raw, accepted: Yields at the smallest calibrated budget: first decodings, and after re-decoding.
        budget_range: [b_min, b_max]; [1, 1] when nothing is certified.
        threshold: The calibration metric from which a network is accepted.
        margin: threshold − requirement.
        distinct: Share of different designs among the confirmed seeds.
        mean_distance: Mean over pairs of designs of the mean |Δ log2 width|.
        scan: Each budget tried.
    """

    certified: bool
    raw: Yield
    accepted: Yield
    budget_range: tuple[float, float]
    threshold: float
    margin: float
    target_yield: float
    distinct: float
    mean_distance: float
    scan: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> "Certificate":
        """Inverse of ``dataclasses.asdict``, after a passage through JSON."""
        yields = {name: Yield(**saved[name]) for name in ("raw", "accepted")}
        return cls(**{**saved, **yields, "budget_range": tuple(saved["budget_range"])})

    def event(self) -> dict[str, Any]:
        """The payload of the ``certified`` event."""
        return {
            "yield": {"raw": asdict(self.raw), "accepted": asdict(self.accepted)},
            "budget_range": list(self.budget_range),
            "margin": self.margin,
            "threshold": self.threshold,
            "target_yield": self.target_yield,
            "confidence": CONFIDENCE,
            "distinct": self.distinct,
            "mean_distance": self.mean_distance,
            "scan": self.scan,
        }


@dataclass(frozen=True)
class Trial:
    """One decoding, measured on the calibration split.

    Attributes:
        loss: Mean loss on the calibration split.
        resources: What was measured beside it, by metric; empty where no requirement asks for it.
        within: Whether all limits on resources hold.
    """

    design: Design
    metric: float
    params: int
    macs: int
    loss: float = math.nan
    resources: Mapping[str, float] = field(default_factory=dict)
    within: bool = True

    def accepted(self, threshold: float) -> bool:
        return self.within and self.metric >= threshold


Decode = Callable[[int, float, int], Trial]  # seed, budget, attempt


def certify(
    decode: Decode,
    budgets: Iterable[float],
    *,
    required: float,
    threshold: float,
    floor: float,
    target_yield: float,
    canonical: Callable[[Design], Design],
    pace: Pace,
    coarse: int = COARSE,
) -> Certificate:
    """Scan budgets upwards for the smallest whose yield reaches the target.

    Args:
        decode: Decodes and measures a seed at a budget.
        budgets: Candidates, ascending; the last is tried in any case.
        required: The requirement on the task metric.
        threshold: From :meth:`engine.tasks.Task.threshold`.
        floor: From :meth:`engine.tasks.Task.floor`.
        target_yield: Share of seeds that must be accepted.
        canonical: Maps a design to what makes it different from another.
        pace: How many decodings the time budget allows: where it is short, budgets are skipped, then seeds.
        coarse: Candidates in the steps that go up first.
    """
    candidates = list(budgets)
    return _Certification(decode, candidates, threshold, floor, target_yield, pace, coarse).run(required, canonical)


@dataclass(frozen=True)
class _Outcome:
    """Confirmed yields at a budget, the mean metric of first decodings, and each seed's last network."""

    budget: float
    mean: float
    raw: Yield
    accepted: Yield
    final: list[Trial]


class _Certification:
    """See :func:`certify`."""

    def __init__(
        self,
        decode: Decode,
        candidates: list[float],
        threshold: float,
        floor: float,
        target_yield: float,
        pace: Pace,
        coarse: int,
    ) -> None:
        self.decode = decode
        self.candidates = candidates
        self.threshold = threshold
        self.floor = floor
        self.target_yield = target_yield
        self.raw_yield = smallest_raw_yield(target_yield)
        self.pace = pace
        self.coarse = coarse
        self.largest_passes = True  # until a timed scan has looked
        self.scan: list[dict[str, float]] = []

    def run(self, required: float, canonical: Callable[[Design], Design]) -> Certificate:
        found, best = self._smallest()
        outcome = found or best
        upper = self._upper_end(outcome.budget) if found else 1.0
        distinct, distance = diversity([canonical(t.design) for t in outcome.final])
        return Certificate(
            certified=found is not None,
            raw=outcome.raw,
            accepted=outcome.accepted,
            budget_range=(outcome.budget, upper) if found else (1.0, 1.0),
            threshold=self.threshold,
            margin=self.threshold - required,
            target_yield=self.target_yield,
            distinct=distinct,
            mean_distance=distance,
            scan=sorted(self.scan, key=lambda row: row["budget"]),
        )

    def _smallest(self) -> tuple[_Outcome | None, _Outcome]:
        """(the outcome at the smallest budget that reaches the target, that of the best budget tried).

        Coarse steps go up until enough first decodings pass; the budgets that the last step jumped over come next, from
        the smallest on, then the one that it led to.
        """
        last = len(self.candidates) - 1
        if self.pace.is_timed:  # so that what the largest budget takes, and whether it leads anywhere, is planned for
            self.largest_passes = self.decode(FIRST_SEED, self.candidates[last], 0).accepted(self.threshold)
        best: _Outcome | None = None
        below, position = -1, self._next(-1)
        while True:
            for outcome in self._outcomes(below, position):
                if self._reaches(outcome):
                    return outcome, outcome
                if best is None or outcome.accepted.value >= best.accepted.value:
                    best = outcome
            if position == last:
                assert best is not None, "the last budget has an outcome"
                return None, best
            below, position = position, self._next(position)

    def _outcomes(self, below: int, position: int) -> Iterator[_Outcome]:
        """What is worth judging above one candidate and up to another, the smaller first; at the last one there is
        something in any case."""
        raw, trials = self._scan(position)
        last = position == len(self.candidates) - 1
        if self._suffices(raw, _mean(trials)):
            yield from self._between(below, position)
            yield self._confirm(self.candidates[position])
        elif last and raw and self.pace.left() > 0:
            yield self._confirm(self.candidates[position])
        elif last:
            tried = Yield.of(sum(t.accepted(self.threshold) for t in trials), len(trials))
            yield _Outcome(self.candidates[position], _mean(trials), tried, tried, trials)

    def _between(self, below: int, position: int) -> Iterator[_Outcome]:
        """Confirmed outcomes of the candidates between two, as long as the upper one can still be confirmed after."""
        kept = self._reserve() + CONFIRM_SEEDS * self.pace.seconds(self.candidates[position])
        for finer in range(below + 1, position):
            if self.pace.affords(SCAN_SEEDS + CONFIRM_SEEDS, self.candidates[finer], kept):
                raw, trials = self._scan(finer)
                if self._suffices(raw, _mean(trials)):
                    yield self._confirm(self.candidates[finer])

    def _scan(self, position: int) -> tuple[float, list[Trial]]:
        """Raw yield and trials at a candidate."""
        raw, trials = self._try(self.candidates[position], range(FIRST_SEED, FIRST_SEED + SCAN_SEEDS))
        self.scan.append(_row(self.candidates[position], raw, trials))
        return raw, trials

    def _suffices(self, raw_yield: float, mean: float) -> bool:
        return raw_yield >= self.raw_yield and mean >= self.floor

    def _reaches(self, outcome: _Outcome) -> bool:
        return outcome.accepted.value >= self.target_yield and self._suffices(outcome.raw.value, outcome.mean)

    def _next(self, position: int) -> int:
        """The candidate to scan next: the nearest, a coarse step ahead at least, from which strides that double reach
        the last one within the time.

        Where time is too short for that, the last one; or half the way to it, when it failed at first sight: shared
        weights are at their best where training worked, and may be worse again in the largest network.
        """
        last = len(self.candidates) - 1
        for stride in range(self.coarse, last - position):
            steps = position + stride * (2 ** np.arange(1, 1 + math.ceil(math.log2(last + 2))) - 1)
            ahead = [self.candidates[i] for i in steps.tolist() if i < last]
            scan = HOPELESS_AFTER * sum(map(self.pace.seconds, ahead))
            if self.pace.affords(CONFIRM_SEEDS // 2, ahead[0], self._reserve() + scan):
                return position + stride
        middle = (position + last + 1) // 2
        after = HOPELESS_AFTER * self.pace.seconds(self.candidates[last])
        enough = self.pace.affords(HOPELESS_AFTER + FEWEST_CONFIRMED, self.candidates[middle], after)
        return middle if enough and not self.largest_passes else last

    def _reserve(self) -> float:
        """Seconds for what follows the scan in any case, at the largest budget."""
        return (HOPELESS_AFTER + FEWEST_CONFIRMED + UPPER_SEEDS) * self.pace.seconds(self.candidates[-1])

    def _try(self, budget: float, seeds: range) -> tuple[float, list[Trial]]:
        """(raw yield, trials) over some seeds; the rest is spared when the first few all fail, or when time is up."""
        trials: list[Trial] = []
        passed = 0
        for seed in seeds:
            trials.append(self.decode(seed, budget, 0))
            passed += trials[-1].accepted(self.threshold)
            if len(trials) == HOPELESS_AFTER and not passed:
                break
            if len(trials) >= HOPELESS_AFTER and self.pace.left() <= 0:
                break
        return passed / len(trials), trials

    def _confirm(self, budget: float) -> _Outcome:
        """Raw and accepted yield on fresh seeds; ends early once the target is out of reach."""
        raw = accepted = 0
        final: list[Trial] = []
        first: list[float] = []
        while len(final) < CONFIRM_SEEDS:
            if len(final) >= FEWEST_CONFIRMED and self.pace.left() <= 0:
                break
            failed = len(final) - accepted, len(final) - raw
            allowed = (1 - self.target_yield) * CONFIRM_SEEDS, (1 - self.raw_yield) * CONFIRM_SEEDS
            if len(final) >= SCAN_SEEDS and any(f > a + 1e-9 for f, a in zip(failed, allowed, strict=True)):
                break
            seed = FIRST_SEED + SCAN_SEEDS + len(final)
            for attempt in range(ATTEMPTS):
                trial = self.decode(seed, budget, attempt)
                passed = trial.accepted(self.threshold)
                raw += passed and attempt == 0
                if attempt == 0:
                    first.append(trial.metric)
                if passed:
                    accepted += 1
                    break
            final.append(trial)
        yields = Yield.of(raw, len(final)), Yield.of(accepted, len(final))
        return _Outcome(budget, float(np.mean(first)), *yields, final)

    def _upper_end(self, smallest: float) -> float:
        """The largest budget up to which spot checks reach the target as well."""
        upper, largest = smallest, self.candidates[-1]
        if smallest >= largest:
            return upper
        for budget in np.linspace(smallest, largest, UPPER_POINTS + 1)[1:].tolist():
            if not self.pace.affords(HOPELESS_AFTER, budget):
                break
            share, trials = self._try(budget, range(FIRST_SEED - UPPER_SEEDS, FIRST_SEED))
            self.scan.append(_row(budget, share, trials))
            if share < self.raw_yield:
                break
            upper = budget
        return upper


def _mean(trials: list[Trial]) -> float:
    return float(np.mean([t.metric for t in trials]))


def _row(budget: float, raw_yield: float, trials: list[Trial]) -> dict[str, float]:
    return {
        "budget": budget,
        "raw_yield": raw_yield,
        "mean_accuracy": _mean(trials),
        "params": float(np.mean([t.params for t in trials])),
        "macs": float(np.mean([t.macs for t in trials])),
    }


def diversity(designs: list[Design]) -> tuple[float, float]:
    """(share of distinct designs, mean distance between them: mean |Δ log2 width| over knobs)."""
    distinct = len(set(designs)) / len(designs)
    widths = np.log2(1 + np.array([d.widths for d in designs], dtype=float))
    if len(designs) < 2 or widths.shape[1] == 0:
        return distinct, 0.0
    gaps = np.abs(widths[:, None] - widths[None]).mean(2)
    return distinct, float(gaps[np.triu_indices(len(designs), 1)].mean())
