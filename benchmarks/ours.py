"""Our own method on a work: synthesis in a part of the wall-clock, then draws, or refinement in the rest of it."""

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.clock import Clock
from benchmarks.found import Found, distinct, structure
from benchmarks.work import Work
from engine.checkpoint import CHECKPOINT, load_state
from engine.confidence import binomial_bounds
from engine.draw import Network, TrainedGenerator, load_generator
from engine.errors import RequestError
from engine.refine import refine
from engine.spec import parse_spec
from engine.synthesis import Synthesis
from engine.views import Views

SYNTHESIS_SHARE = 0.5  # of a method's time; refinement has the rest
FAMILY = 20  # networks whose total cost is measured
POLISHED_NETWORKS, BUDGET_STEP = 6, 0.02  # at each budget, and down to the next
POLISHING_SHARE = 0.6  # of a method's time, at most, on top of the synthesis
FIRST_YIELD_SEED = 10_000
EVENTS = "events.jsonl"


class Compared(Synthesis):
    """A synthesis that starts from the prototype which all methods share."""

    work: Work

    def _fit_prototype(self, views: Views) -> None:
        self.work.load_prototype(self.setting.prototype)
        self.work.hand_over(self.out_dir)


def synthesize(work: Work, folder: Path, kind: type[Compared] = Compared) -> float:
    """Run our synthesis for its share of the time; returns the seconds that it took.

    The generator and the events of the run are left in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (CHECKPOINT, EVENTS):
        (folder / name).unlink(missing_ok=True)
    start = time.monotonic()
    spec = parse_spec(work.spec(SYNTHESIS_SHARE * work.definition.seconds))
    with open(folder / EVENTS, "w") as events:

        def keep(event: dict[str, Any]) -> None:
            events.write(json.dumps(event) + "\n")

        run = kind(spec, folder, keep, lambda: False, work.setting.device)
        run.work = work
        run.run()
    return time.monotonic() - start


def measure(
    work: Work, folder: Path, spent: float, *, yield_seeds: int, most_draws: int = 3 * FAMILY
) -> dict[str, Any]:
    """What a finished generator gives: networks within the time, a family of twenty, and the yield on fresh seeds.

    Args:
        folder: Where the generator is.
        spent: Seconds that the synthesis took.
        yield_seeds: Fresh seeds for the yield.
        most_draws: Tried for the family.

    Returns:
        A record for the results file; ``found`` holds :class:`Found` networks.
    """
    generator = load_generator(folder, work.setting.device)
    clock = Clock(work.definition.seconds, spent)
    found: list[Found] = []
    family_s = None
    times: list[float] = []
    for seed in range(most_draws):
        start = time.monotonic()
        found.append(as_found(generator.draw(seed), clock.spent, f"seed {seed}"))
        times.append(time.monotonic() - start)
        if len(distinct(found)) == FAMILY:
            family_s = clock.spent
            break
    certificate = generator.certificate
    return {
        "found": found,
        "certified": certificate.certified,
        "budget_range": list(certificate.budget_range),
        "synthesis_s": spent,
        "draw_s": sum(times) / len(times),
        "family_s": family_s,
        "yield": fresh_yield(generator, work.definition.required, yield_seeds),
        "events": read_events(folder),
    }


def measure_polished(work: Work, folder: Path, spent: float, seconds: float) -> dict[str, Any]:
    """Drawn networks polished for ``seconds`` each, at ever smaller budgets while most are accepted.

    Returns:
        ``found`` with the stamps going on from ``spent``, and how many were accepted at each budget.
    """
    generator = load_generator(folder, work.setting.device)
    generator.draw(0, polish_s=0.05)  # the teacher and the views are loaded once
    clock = Clock(spent + POLISHING_SHARE * work.definition.seconds, spent)
    budget = generator.default_budget()
    found: list[Found] = []
    rows = []
    while budget >= 0 and clock.left > 0:
        drawn = []
        for seed in range(POLISHED_NETWORKS):
            # Of the first decoding: polish replaces decoding again.
            network = generator.draw(seed, budget, seconds, attempts=1)
            drawn.append(as_found(network, clock.spent, f"seed {seed} at {budget:.3f}, polished {seconds:g} s"))
        found += drawn
        rows.append({"budget": budget, "accepted": sum(f.accepted for f in drawn), "n": len(drawn)})
        if rows[-1]["accepted"] < POLISHED_NETWORKS / 2:
            break
        budget -= BUDGET_STEP
    return {"found": found, "rows": rows, "polish_s": seconds}


def measure_refined(work: Work, folder: Path, spent: float) -> dict[str, Any]:
    """The one best network: what refinement finds in the rest of the method's time."""
    generator = load_generator(folder, work.setting.device)
    clock = Clock(work.definition.seconds, spent)
    found = []
    for network in refine(generator, clock.left):
        label = f"seed {network.seed} at {network.budget:.3f}, polished for {network.polish_steps:,} steps"
        found.append(as_found(network, clock.spent, label))
    return {"found": found or [as_found(generator.draw(0), clock.spent, "seed 0, as drawn")]}


def fresh_yield(
    generator: TrainedGenerator,
    required: float,
    seeds: int,
    *,
    accept: bool = True,
    budget: float | None = None,
    attempts: int | None = None,
) -> dict[str, Any]:
    """Draw fresh seeds and judge each on the test split.

    Args:
        accept: False counts every network as taken, whatever the calibration split says.

    Returns:
        Seeds, accepted ones, those that then meet the requirement on test, distinct ones among these, and the exact
        lower bound of the share that meets it.
    """
    options = {} if attempts is None else {"attempts": attempts}
    met, taken, designs, scores, times = 0, 0, set(), [], []
    for seed in range(FIRST_YIELD_SEED, FIRST_YIELD_SEED + seeds):
        start = time.monotonic()
        try:
            network = generator.draw(seed, budget, **options)
        except RequestError:
            continue
        times.append(time.monotonic() - start)
        if network.verified or not accept:
            taken += 1
            test = network.metrics["test"]["accuracy"]
            if test >= required:
                met += 1
                designs.add(structure(network.module))
                scores.append(network.netscore)
    low, _ = binomial_bounds(met, max(seeds, 1))
    return {
        "seeds": seeds,
        "accepted": taken,
        "met": met,
        "low": low,
        "distinct": len(designs),
        "netscore": sum(scores) / len(scores) if scores else None,
        "draw_s": sum(times) / max(len(times), 1),
    }


def as_found(network: Network, seconds: float, label: str) -> Found:
    """A drawn network as the other methods report theirs."""
    metrics = network.metrics
    return Found(
        network.module,
        seconds,
        network.params,
        network.macs,
        metrics["validation"]["accuracy"],
        metrics["calibration"]["accuracy"],
        network.verified,
        label,
        structure(network.module),
        takes_pixels=True,
    )


def read_events(folder: Path) -> dict[str, Any]:
    """What the run's events say about the inquisitor: mean rank correlations over the last third of the cycles."""
    events = map(json.loads, (folder / EVENTS).read_text().splitlines())
    cycles = [e for e in events if e["type"] == "cycle"]
    last = [c for c in cycles[-max(1, len(cycles) // 3) :] if c["rank_correlation"] is not None]

    def mean(name: str) -> float | None:
        values = [c[name] for c in last if c[name] is not None]
        return sum(values) / len(values) if values else None

    return {
        "cycles": len(cycles),
        "rank_correlation": mean("rank_correlation"),
        "rank_correlation_sizes": mean("rank_correlation_sizes"),
    }


def boundary_budget(folder: Path, generator: TrainedGenerator) -> float:
    """The budget at which training worked when its boundary froze: what one would draw at without certification."""
    _, record = load_state(folder / CHECKPOINT)
    budget = generator.parts.projection.to_budget(record["boundary"]["centre"])
    return min(1.0, max(0.0, budget))
