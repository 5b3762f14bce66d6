"""The last stage of a run: θ_G is frozen, certified and saved, and the outcome is reported."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from engine.certify import SCAN_STEP, Certificate, Trial, certify, diversity
from engine.checkpoint import GENERATOR, prefixed, save_state
from engine.draw import TrainedGenerator, network_record
from engine.errors import StopRequested
from engine.events import EventLog
from engine.setting import Synthesized

SCANNED_BELOW = 0.25  # of log10 cost: the boundary froze before training ended
NEAREST_SEEDS = 3
WANTED_DISTINCT, SPREAD_SEEDS, STRETCH, MOST_STRETCHES = 0.95, 60, 1.2, 8


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

    _spread_seeds(parts, start)
    certificate = certify(
        decode,
        [projection.to_budget(float(x)) for x in ladder],
        required=required,
        threshold=parts.setting.threshold,
        target_yield=spec.target_yield,
        canonical=parts.network.space.canonical,
        out_of_time=lambda: spec.time_budget_s is not None and log.elapsed > spec.time_budget_s,
    )
    _save(parts, certificate)
    if certificate.certified:
        log.emit("certified", **certificate.event())
    nearest = [] if certificate.certified else _nearest(parts, certificate)
    log.emit(
        "finished",
        status="certified" if certificate.certified else "requirements_not_reached",
        cycles=cycles,
        wall_s=log.elapsed,
        nearest=nearest,
        attempted=None if certificate.certified else certificate.event(),
    )
    return certificate


def _spread_seeds(parts: Synthesized, log_cost: float) -> None:
    """Diversity is what rounding leaves of it: stretch the seeds' differences until enough designs differ.

    Only decoding is involved, nothing is measured; what the stretch costs in yield, certification then finds.
    """
    generator, space = parts.generator, parts.network.space
    for _ in range(MOST_STRETCHES):
        designs = [space.canonical(generator.design(seed, log_cost)) for seed in range(SPREAD_SEEDS)]
        if diversity(designs)[0] >= WANTED_DISTINCT:
            return
        with torch.no_grad():
            generator.mixing.mul_(STRETCH)


def _nearest(parts: Synthesized, certificate: Certificate) -> list[dict[str, Any]]:
    """The nearest networks found: a few seeds at the largest budget, the best first."""
    generator = TrainedGenerator(parts, certificate)
    drawn = [generator.draw(seed, 1.0, attempts=1) for seed in range(NEAREST_SEEDS)]
    drawn.sort(key=lambda n: -n.metrics["calibration"][parts.setting.task.metric])
    return [network_record(n, parts.network.space) for n in drawn]


def _save(parts: Synthesized, certificate: Certificate) -> None:
    setting = parts.setting
    tensors = prefixed("parts", parts.tensors())
    tensors |= prefixed("prototype", dict(setting.prototype.state_dict()))
    save_state(setting.out_dir / GENERATOR, tensors, {"spec": setting.spec.raw, "certificate": asdict(certificate)})
