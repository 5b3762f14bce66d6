"""1_r(·): the conditions that every network must meet.

Requirements on resources limit what the generator may project a design onto, so they hold by construction; a
requirement on the task metric is statistical and is what certification is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import RequestError

TASK_METRICS = {"classification": ("accuracy",)}
RESOURCE_METRICS = ("params", "macs", "size_mb")
OPERATORS = (">=", "<=")
BYTES_PER_WEIGHT = 4  # float32


@dataclass(frozen=True)
class Requirement:
    """``metric op value``; task metrics in [0, 1], parameters and MACs as counts, size in MB (10^6 bytes)."""

    metric: str
    op: str
    value: float

    def met_by(self, measured: float) -> bool:
        return measured >= self.value if self.op == ">=" else measured <= self.value

    def margin(self, measured: float) -> float:
        """How far inside the requirement a measurement lies (negative: outside), in the metric's unit."""
        return measured - self.value if self.op == ">=" else self.value - measured

    def as_dict(self) -> dict[str, Any]:
        return {"metric": self.metric, "op": self.op, "value": self.value}


@dataclass(frozen=True)
class Requirements:
    """All conditions of a run."""

    items: tuple[Requirement, ...]
    task_metric: str

    @property
    def metric_threshold(self) -> float:
        """The task metric that every network must reach (0 when none is required)."""
        return max((r.value for r in self.items if r.metric == self.task_metric), default=0.0)

    def limit(self, metric: str) -> float:
        """The smallest upper limit on a resource (infinite when none is required)."""
        return min((r.value for r in self.items if r.metric == metric), default=float("inf"))

    def judge(self, measured: Mapping[str, float]) -> list[dict[str, Any]]:
        """The verdict on each requirement, given a network's measured values by metric name."""
        return [
            {
                **r.as_dict(),
                "measured": measured[r.metric],
                "verdict": r.met_by(measured[r.metric]),
                "margin": r.margin(measured[r.metric]),
            }
            for r in self.items
        ]


def size_mb(params: float) -> float:
    """Megabytes of a float32 network's weights."""
    return params * BYTES_PER_WEIGHT / 1e6


def parse_requirements(raw: Any, task: str) -> Requirements:
    """Check the ``requirements`` of a spec.

    Raises:
        RequestError: ``bad_spec``, naming the field, when a requirement is malformed or can't be met by any network.
    """

    def wrong(field: str, message: str) -> RequestError:
        return RequestError("bad_spec", message, f"requirements.{field}" if field else "requirements")

    if not isinstance(raw, list):
        raise wrong("", "requirements must be a list such as [{'metric': 'accuracy', 'op': '>=', 'value': 0.96}].")
    items: list[Requirement] = []
    known = (*TASK_METRICS[task], *RESOURCE_METRICS)
    for i, row in enumerate(raw):
        if not isinstance(row, dict):
            raise wrong(str(i), f"requirement {i} must have metric, op and value.")
        metric, op, value = row.get("metric"), row.get("op"), row.get("value")
        if metric not in known:
            raise wrong(f"{i}.metric", f"requirement {i}: metric {metric!r} isn't one of {', '.join(known)}.")
        if op not in OPERATORS:
            raise wrong(f"{i}.op", f"requirement {i}: op must be '>=' or '<=', not {op!r}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise wrong(f"{i}.value", f"requirement {i}: value must be a number, not {value!r}.")
        if metric in TASK_METRICS[task]:
            if op != ">=":
                raise wrong(f"{i}.op", f"requirement {i}: {metric} can only be required with '>='.")
            if not 0 < value <= 1:
                raise wrong(
                    f"{i}.value", f"requirement {i}: {metric} is a share from 0 to 1, so {value} can't be reached; "
                    "write 0.96 for 96 %."
                )  # fmt: skip
        else:
            if op != "<=":
                raise wrong(f"{i}.op", f"requirement {i}: {metric} can only be limited with '<='.")
            if value <= 0:
                raise wrong(f"{i}.value", f"requirement {i}: {metric} must be more than 0; no network has {value}.")
        items.append(Requirement(str(metric), str(op), float(value)))
    return Requirements(tuple(items), TASK_METRICS[task][0])
