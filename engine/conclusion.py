"""The last stage of a run: θ_G is frozen, certified and saved, and the outcome is reported."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from engine.boundary import ABOVE_AT_LAST
from engine.certify import FIRST_SEED, SCAN_STEP, Certificate, Decode, Trial, certify, diversity
from engine.checkpoint import GENERATOR, prefixed, save_state
from engine.draw import Network, TrainedGenerator, network_record
from engine.errors import StopRequested
from engine.events import EventLog
from engine.pace import Pace
from engine.setting import Synthesized

SCANNED_BELOW = 0.25  # of log10 cost: the boundary froze before training ended
NEAREST_SEEDS, DECODINGS_PER_DRAW = 3, 4  # a draw measures the other splits too
RUNGS, RUNG_SEEDS, RUNG_SEEDS_AT_ONCE = 8, 8, 4  # budgets above the smallest that are measured for later
WANTED_DISTINCT, SPREAD_SEEDS, STRETCH, MOST_STRETCHES = 0.95, 60, 1.2, 3


def conclude(
    parts: Synthesized, boundary: float, cycles: int, log: EventLog, should_stop: Callable[[], bool]
) -> Certificate:
    """Certify the generator, save it, and report ``certified`` (where it is) and ``finished``.

    Args:
        parts: The learned parts.
        boundary: Where training worked, in log10 cost: the scan starts a little below.
        cycles: Cycles done.
        log: Receives the events.
        should_stop: Polled at every measurement.

    Raises:
        StopRequested: ``should_stop`` said so.
    """
    spec, projection = parts.setting.spec, parts.projection
    required = spec.requirements.metric_threshold
    start = max(projection.low, boundary - SCANNED_BELOW) if required > 0 else boundary
    ladder = np.append(np.arange(start, projection.high, SCAN_STEP), projection.high)

    def decode(seed: int, budget: float, attempt: int) -> Trial:
        if should_stop():
            raise StopRequested
        return parts.decode(seed, budget, attempt)

    _spread_seeds(parts, [start, boundary, min(boundary + ABOVE_AT_LAST, projection.high)])
    budget_s = spec.time_budget_s
    pace = Pace(None if budget_s is None else lambda: budget_s - log.elapsed)
    certificate = certify(
        pace.watch(decode),
        [projection.to_budget(float(x)) for x in ladder],
        required=required,
        threshold=parts.setting.threshold,
        floor=parts.setting.floor,
        target_yield=spec.target_yield,
        canonical=parts.network.space.canonical,
        pace=pace,
    )
    _save(parts, certificate)
    if certificate.certified:
        log.emit("certified", **certificate.event())
        _measure_rungs(pace.watch(decode), certificate.budget_range[0], pace)
    parts.measurements.save(parts.setting.out_dir)
    finish(parts, certificate, pace, log, cycles=cycles)
    return certificate


def finish(parts: Synthesized, certificate: Certificate, pace: Pace, log: EventLog, **more: Any) -> None:
    """Report ``finished``, with the nearest networks where the requirements are out of reach."""
    certified = certificate.certified
    nearest = [] if certified else _nearest(parts, certificate, pace)
    log.emit(
        "finished",
        status="certified" if certified else "requirements_not_reached",
        wall_s=log.elapsed,
        nearest=nearest,
        attempted=None if certified else certificate.event(),
        **more,
    )


def _measure_rungs(decode: Decode, smallest: float, pace: Pace) -> None:
    """Decode seeds at budgets up to the largest, so that a stricter requirement finds its budget without training.

    A few seeds at all budgets come before further seeds at any, since the time budget may end it.
    """
    for first in range(0, RUNG_SEEDS, RUNG_SEEDS_AT_ONCE):
        for budget in np.linspace(smallest, 1.0, RUNGS + 1)[1:].tolist():
            for seed in range(first, first + RUNG_SEEDS_AT_ONCE):
                if smallest >= 1 or not pace.affords(1, budget):
                    return
                decode(FIRST_SEED + seed, budget, 0)


def _spread_seeds(parts: Synthesized, log_costs: list[float]) -> None:
    """Diversity is what rounding leaves of it: stretch the seeds' differences while that helps, until enough differ.

    Only decoding is involved, nothing is measured; what the stretch costs in yield, certification then finds.

    Args:
        log_costs: Budgets, as log10 cost, at each of which enough must differ.
    """
    generator, space, seeds = parts.generator, parts.network.space, list(range(SPREAD_SEEDS))

    def fewest() -> float:
        decoded = [generator.designs(seeds, [log_cost] * SPREAD_SEEDS) for log_cost in log_costs]
        return min(diversity([space.canonical(d) for d in designs])[0] for designs in decoded)

    distinct = fewest()
    for _ in range(MOST_STRETCHES):
        if distinct >= WANTED_DISTINCT:
            return
        before, unstretched = distinct, generator.mixing.detach().clone()
        with torch.no_grad():
            generator.mixing.mul_(STRETCH)
            distinct = fewest()
            if distinct <= before:  # widths at their ends hide the differences, and more of them would
                generator.mixing.copy_(unstretched)
                return


def _nearest(parts: Synthesized, certificate: Certificate, pace: Pace) -> list[dict[str, Any]]:
    """The nearest networks found: a few seeds at the largest budget, the best first; one if time is up."""
    generator = TrainedGenerator(parts, certificate)
    drawn: list[Network] = []
    for seed in range(NEAREST_SEEDS):
        if not drawn or pace.affords(DECODINGS_PER_DRAW, 1.0):
            drawn.append(generator.draw(seed, 1.0, attempts=1))
    drawn.sort(key=lambda n: -n.metrics["calibration"][parts.setting.task.metric])
    return [network_record(n, parts.network.space) for n in drawn]


def _save(parts: Synthesized, certificate: Certificate) -> None:
    setting = parts.setting
    tensors = prefixed("parts", parts.tensors())
    tensors |= prefixed("prototype", dict(setting.prototype.state_dict()))
    save_state(setting.out_dir / GENERATOR, tensors, {"spec": setting.spec.raw, "certificate": asdict(certificate)})
