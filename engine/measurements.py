"""Every decoding that certification measured, kept beside the generator.

A requirement that is tightened afterwards is certified from these: what a stored design scored doesn't change, so
only designs that nobody has measured yet are measured, and nothing is trained.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

import torch

from engine.certify import Trial
from engine.checkpoint import load_state, save_state
from engine.elastic.design import Design

MEASUREMENTS = "measurements.safetensors"


@dataclass(frozen=True)
class Row:
    """One decoding.

    Attributes:
        seed, budget, attempt: What was decoded.
        design: The first 63 bits of the SHA-256 of the canonical design.
        params, macs: Its cost.
        metric, loss: On the calibration split.
        resources: What else was measured, by resource.
    """

    seed: int
    budget: float
    attempt: int
    design: int
    params: int
    macs: int
    metric: float
    loss: float
    resources: dict[str, float] = field(default_factory=dict)


DECODING = [f for f in fields(Row) if f.name != "resources"]


class Measurements:
    """Rows by what was decoded, and by design: two decodings of one design are one network."""

    def __init__(self, canonical: Callable[[Design], Design]) -> None:
        self._canonical = canonical
        self._rows: dict[tuple[int, float, int], Row] = {}
        self._by_design: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def budgets(self) -> list[float]:
        """Every budget that something was decoded at, ascending."""
        return sorted({row.budget for row in self._rows.values()})

    def at(self, budget: float) -> list[Row]:
        """The first decodings at a budget, by seed."""
        return sorted((r for r in self._rows.values() if r.budget == budget and not r.attempt), key=lambda r: r.seed)

    def known(self, design: Design) -> Row | None:
        """What is known of a design."""
        return self._by_design.get(self._number(design))

    def add(self, seed: int, budget: float, attempt: int, trial: Trial) -> None:
        number = self._number(trial.design)
        known = self._by_design.get(number)
        resources = {**(known.resources if known else {}), **trial.resources}
        row = Row(seed, budget, attempt, number, trial.params, trial.macs, trial.metric, trial.loss, resources)
        self._rows[seed, budget, attempt] = self._by_design[number] = row

    def _number(self, design: Design) -> int:
        digest = hashlib.sha256(repr(astuple(self._canonical(design))).encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def save(self, folder: Path) -> None:
        """Write all rows into a run's folder, column by column; a resource is NaN where it wasn't measured."""
        rows = [self._rows[key] for key in sorted(self._rows)]
        columns = {}
        for f in DECODING:
            kind = torch.int64 if f.type in (int, "int") else torch.float64
            columns[f.name] = torch.tensor([getattr(row, f.name) for row in rows], dtype=kind)
        for name in sorted({name for row in rows for name in row.resources}):
            values = [row.resources.get(name, math.nan) for row in rows]
            columns[name] = torch.tensor(values, dtype=torch.float64)
        save_state(folder / MEASUREMENTS, columns, {"rows": len(rows)})

    def load(self, folder: Path) -> "Measurements":
        """Read what :meth:`save` wrote, if there is such a file; returns itself.

        Raises:
            RequestError: ``bad_checkpoint`` when the file is damaged.
        """
        if (folder / MEASUREMENTS).exists():
            columns, _ = load_state(folder / MEASUREMENTS)
            names = [f.name for f in DECODING]
            others = {name: columns[name].tolist() for name in sorted(set(columns) - set(names))}
            for i, values in enumerate(zip(*(columns[name].tolist() for name in names), strict=True)):
                measured = {name: column[i] for name, column in others.items() if not math.isnan(column[i])}
                row = Row(**dict(zip(names, values, strict=True)), resources=measured)
                self._rows[row.seed, row.budget, row.attempt] = self._by_design[row.design] = row
        return self
