"""Tightening a requirement after the run: a new operating range from what was measured, without training.

The shared weights and θ_G stay as they are. The acceptance threshold follows from the stricter requirement, the
projection from stricter limits, and certification runs again over the stored decodings (:mod:`engine.measurements`);
only designs that nobody has measured yet are measured now. Budgets keep their meaning: 1 stays the largest network of
the original run.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.certify import SCAN_STEP, Certificate, Trial, certify, smallest_raw_yield
from engine.draw import TrainedGenerator
from engine.errors import StopRequested
from engine.generator import Generator
from engine.pace import Pace
from engine.requirements import Requirements
from engine.setting import Synthesized

TIGHTENED = "tightened.json"
REFINED = 4  # steps between two rungs of the stored ladder


def tighten(
    trained: TrainedGenerator, stricter: Requirements, should_stop: Callable[[], bool] = lambda: False
) -> TrainedGenerator:
    """The same generator under stricter requirements.

    Args:
        trained: A learned generator.
        stricter: Take the place of its requirements on the same metrics, and stand beside the others.
        should_stop: Polled at every measurement.

    Returns:
        A generator with a certificate of its own; ``certificate.certified`` tells whether the requirements are in
        reach. What was found is kept in the run's folder, so that asking again takes no measuring.

    Raises:
        RequestError: ``bad_request`` when a requirement is looser than the run's own; ``bad_spec`` when not even the
            smallest network keeps to a limit.
        StopRequested: ``should_stop`` said so.
    """
    parts = _under(trained.parts, trained.parts.setting.spec.requirements.tightened(stricter))
    kept = _Kept(parts)
    certificate = kept.certificate()
    if certificate is None:
        certificate = _certify(parts, trained.certificate, should_stop)
        kept.add(certificate)
    return TrainedGenerator(parts, certificate, trained.feed)


def _under(parts: Synthesized, requirements: Requirements) -> Synthesized:
    """The learned parts with the projection that other requirements ask for."""
    setting = parts.setting
    rows = [r.as_dict() for r in requirements.items]
    spec = replace(setting.spec, requirements=requirements, raw={**setting.spec.raw, "requirements": rows})
    setting = replace(setting, spec=spec)
    projection = setting.projection(parts.network)
    # A budget stays what it was, and so does every design that keeps to the new limits.
    projection.high, projection.middle = parts.projection.high, parts.projection.middle
    generator = Generator(projection, spec.seed)
    generator.load_state_dict(parts.generator.state_dict())
    return Synthesized(setting, parts.network, generator, parts.probe, parts.measurements)


def _certify(parts: Synthesized, before: Certificate, should_stop: Callable[[], bool]) -> Certificate:
    def decode(seed: int, budget: float, attempt: int) -> Trial:
        if should_stop():
            raise StopRequested
        return parts.decode(seed, budget, attempt)

    spec = parts.setting.spec
    return certify(
        decode,
        _candidates(parts, before.budget_range[0]),
        required=spec.requirements.metric_threshold,
        threshold=parts.setting.threshold,
        floor=parts.setting.floor,
        target_yield=spec.target_yield,
        canonical=parts.network.space.canonical,
        pace=Pace(),
        coarse=1,  # the stored rungs are far apart already
    )


def _candidates(parts: Synthesized, smallest: float) -> list[float]:
    """Budgets to try: from below the first stored one whose networks do well enough, in small steps, and those above.

    Where a stored network is beyond a new limit, the generator decodes a smaller one in its place, which may do worse:
    so what is stored says from where on to look, not what is found.
    """
    threshold, enough = parts.setting.threshold, smallest_raw_yield(parts.setting.spec.target_yield)
    stored = [b for b in parts.measurements.budgets() if b > smallest]
    rungs = [smallest, *stored]
    if rungs[-1] < 1:
        rungs.append(1.0)
    start = 0
    while start < len(rungs) - 1:
        rows = parts.measurements.at(rungs[start])
        if rows and np.mean([row.metric >= threshold for row in rows]) >= enough:
            break
        start += 1
    below = rungs[max(start - 1, 0)]
    scan_step = SCAN_STEP / (parts.projection.high - parts.projection.low)
    steps = int(np.clip((rungs[start] - below) // scan_step, 1, REFINED))
    return [*np.linspace(below, rungs[start], steps + 1)[:-1].tolist(), *rungs[start:]]


class _Kept:
    """Certificates of earlier tightenings, in the run's folder."""

    def __init__(self, parts: Synthesized) -> None:
        self._parts = parts
        self._folder: Path = parts.setting.out_dir
        self._key = json.dumps(sorted(parts.setting.spec.raw["requirements"], key=json.dumps), sort_keys=True)
        path = self._folder / TIGHTENED
        self._all: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def certificate(self) -> Certificate | None:
        return Certificate.restored(self._all[self._key]) if self._key in self._all else None

    def add(self, certificate: Certificate) -> None:
        self._parts.measurements.save(self._folder)
        self._all[self._key] = asdict(certificate)
        draft = self._folder / f"{TIGHTENED}.tmp"
        draft.write_text(json.dumps(self._all, indent=1))
        os.replace(draft, self._folder / TIGHTENED)
