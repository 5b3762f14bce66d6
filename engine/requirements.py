"""1_r(·): the conditions that every network must meet.

Requirements on resources limit what the generator may project a design onto. Parameters and MACs have exact closed
forms, so they hold by construction, and so do estimates of latency and energy for a device profile; file size,
activation memory, latency and energy on this machine are aimed at in the same way, and then measured on each network
before it is accepted. A requirement on the task metric is statistical and is what certification is about.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import RequestError
from engine.measure.energy import why_unmeasurable
from engine.measure.profiles import THIS_MACHINE, profiles

# The first is what a run is about where none is required.
TASK_METRICS = {
    "classification": ("accuracy",),
    "segmentation": ("pixel_accuracy", "miou"),
    "detection": ("map50", "map"),
}
COUNTED = ("params", "macs")  # exact closed forms
MEASURED = ("size_mb", "activation_mb", "latency_ms", "energy_mj")  # measured on each network
RESOURCE_METRICS = (*COUNTED, *MEASURED)
OPERATORS = (">=", "<=")
MEASURED_ON = {"latency_ms": ("cpu",), "energy_mj": ("cpu", "cuda")}  # devices of this machine
BYTES_PER_WEIGHT = 4  # float32


@dataclass(frozen=True)
class Requirement:
    """``metric op value``, for latency and energy on a device: this machine's, or a profile.

    Units: task metrics in [0, 1], parameters and MACs as counts, sizes in MB (10^6 bytes), latency in ms, energy in mJ
    for one image.
    """

    metric: str
    op: str
    value: float
    device: str | None = None

    @property
    def resource(self) -> str:
        """What it limits: see :func:`resource_name`."""
        return resource_name(self.metric, self.device)

    @property
    def estimated(self) -> bool:
        """Whether it is about a device profile, so that it is judged by an estimate."""
        return self.device is not None and self.device not in THIS_MACHINE

    def met_by(self, measured: float) -> bool:
        return measured >= self.value if self.op == ">=" else measured <= self.value

    def margin(self, measured: float) -> float:
        """How far inside the requirement a measurement lies (negative: outside), in the metric's unit."""
        return measured - self.value if self.op == ">=" else self.value - measured

    def as_dict(self) -> dict[str, Any]:
        row = {"metric": self.metric, "op": self.op, "value": self.value}
        return row if self.device is None else {**row, "device": self.device}

    def implies(self, other: "Requirement") -> bool:
        """Whether meeting this one is meeting the other."""
        return self.resource == other.resource and self.margin(other.value) <= 0

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {self.value:g}" + (f" on {self.device}" if self.device else "")


@dataclass(frozen=True)
class Requirements:
    """All conditions of a run."""

    items: tuple[Requirement, ...]
    task_metric: str

    @property
    def metric_threshold(self) -> float:
        """The task metric that every network must reach (0 when none is required)."""
        return max((r.value for r in self.items if r.metric == self.task_metric), default=0.0)

    def limit(self, resource: str) -> float:
        """The smallest upper limit on a resource (infinite when none is required)."""
        return min((r.value for r in self.items if r.resource == resource), default=float("inf"))

    @property
    def measured(self) -> tuple[str, ...]:
        """The resources that must be measured on a network before it is accepted."""
        rows = [r for metric in MEASURED for r in self.items if r.metric == metric and not r.estimated]
        return tuple(dict.fromkeys(r.resource for r in rows))

    @property
    def estimated(self) -> tuple[tuple[str, str], ...]:
        """(metric, device profile) of each resource that is estimated."""
        return tuple(dict.fromkeys((r.metric, r.device) for r in self.items if r.device and r.estimated))

    @property
    def energy_on(self) -> tuple[str, ...]:
        """Devices of this machine that energy must be measured on."""
        rows = [r for r in self.items if r.metric == "energy_mj" and not r.estimated]
        return tuple(dict.fromkeys(r.device for r in rows if r.device))

    def within(self, measured: Mapping[str, float]) -> bool:
        """Whether resources are within all limits on them."""
        return all(r.met_by(measured[r.resource]) for r in self.items if r.metric != self.task_metric)

    def tightened(self, stricter: "Requirements") -> "Requirements":
        """These requirements with stricter ones in place of, or beside, their own.

        Raises:
            RequestError: ``bad_request`` when one is looser than what the networks were certified for.
        """
        for new in stricter.items:
            for old in self.items:
                if old.resource == new.resource and not new.implies(old):
                    raise RequestError(
                        "bad_request",
                        f"{new} is looser than the run's own {old}; a requirement can only be tightened afterwards: "
                        "start a run to loosen it.",
                        "requirement",
                    )
        changed = {r.resource for r in stricter.items}
        return Requirements((*(r for r in self.items if r.resource not in changed), *stricter.items), self.task_metric)

    def judge(self, measured: Mapping[str, float]) -> list[dict[str, Any]]:
        """The verdict on each requirement, given a network's values by resource: those of estimates say so."""
        return [
            {
                **r.as_dict(),
                "measured": measured[r.resource],
                "verdict": r.met_by(measured[r.resource]),
                "margin": r.margin(measured[r.resource]),
                **({"estimated": True} if r.estimated else {}),
            }
            for r in self.items
        ]


def resource_name(metric: str, device: str | None) -> str:
    """What tells resources apart: ``latency_ms`` (on the CPU), ``latency_ms@jetson-tx2``, ``params``."""
    return metric if device in (None, "cpu") else f"{metric}@{device}"


def parse_requirements(raw: Any, task: str) -> Requirements:
    """Check the ``requirements`` of a spec.

    Raises:
        RequestError: ``bad_spec``, naming the field, when a requirement is malformed or can't be met by any network.
    """
    if not isinstance(raw, list):
        message = "requirements must be a list such as [{'metric': 'accuracy', 'op': '>=', 'value': 0.96}]."
        raise RequestError("bad_spec", message, "requirements")
    items = tuple(_requirement(i, row, task) for i, row in enumerate(raw))
    wanted = list(dict.fromkeys(r.metric for r in items if r.metric in TASK_METRICS[task]))
    if len(wanted) > 1:
        message = f"{' and '.join(wanted)} can't both be required: networks are certified for one metric; choose it."
        raise RequestError("bad_spec", message, f"requirements.{[r.metric for r in items].index(wanted[1])}.metric")
    return Requirements(items, (wanted or TASK_METRICS[task])[0])


def _requirement(i: int, row: Any, task: str) -> Requirement:
    def wrong(field: str, message: str) -> RequestError:
        return RequestError("bad_spec", f"requirement {i}: {message}", f"requirements.{i}.{field}")

    if not isinstance(row, dict):
        raise RequestError("bad_spec", f"requirement {i} must have metric, op and value.", f"requirements.{i}")
    metric, op, value, device = (row.get(name) for name in ("metric", "op", "value", "device"))
    is_task = metric in TASK_METRICS[task]
    if not is_task and metric not in RESOURCE_METRICS:
        known = ", ".join((*TASK_METRICS[task], *RESOURCE_METRICS))
        raise wrong("metric", f"metric {metric!r} isn't one of {known}.")
    if op not in OPERATORS:
        raise wrong("op", f"op must be '>=' or '<=', not {op!r}.")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong("value", f"value must be a number, not {value!r}.")
    if is_task and op != ">=":
        raise wrong("op", f"{metric} can only be required with '>='.")
    if is_task and not 0 < value <= 1:
        message = f"{metric} is a share from 0 to 1, so {value} can't be reached; write 0.96 for 96 %."
        raise wrong("value", message)
    if not is_task and op != "<=":
        raise wrong("op", f"{metric} can only be limited with '<='.")
    if not is_task and value <= 0:
        raise wrong("value", f"{metric} must be more than 0; no network has {value}.")
    if metric in MEASURED_ON:
        device = "cpu" if device is None else device
        problem = _device_problem(metric, device)
        if problem:
            raise wrong("device", problem)
    elif device is not None:
        raise wrong("device", f"{metric} is the same on every device; leave device out.")
    return Requirement(str(metric), str(op), float(value), device)


def _device_problem(metric: str, device: Any) -> str | None:
    """Why a requirement can't name a device, if it can't: a sentence."""
    known, here = list(profiles()), MEASURED_ON[metric]
    if device in known:
        return None
    if device not in here:
        name, usable = metric.partition("_")[0], ", ".join([*here, *known])
        return f"{name} can't be measured on {device!r} here, and no profile has that name; use one of {usable}."
    reason = why_unmeasurable(device) if metric == "energy_mj" else None
    return reason and f"{reason} Name a device profile for an estimate: {', '.join(known)}."


def parse_conditions(texts: Sequence[str], task: str) -> Requirements:
    """Requirements as they are written on a command line: ``accuracy>=0.98``, ``latency_ms<=2@cpu``.

    Raises:
        RequestError: ``bad_request`` when one can't be read; ``bad_spec`` as in :func:`parse_requirements`.
    """
    rows: list[dict[str, Any]] = []
    for text in texts:
        parts = re.fullmatch(r"\s*(\w+)\s*([<>]=?|==?)\s*([^@\s]+)\s*(?:@\s*(\S+))?\s*", text)
        try:
            value = float(parts[3]) if parts else None
        except ValueError:
            value = None
        if parts is None or value is None:
            message = f"{text!r} isn't a requirement; write it like 'accuracy>=0.98' or 'params<=1500'."
            raise RequestError("bad_request", message, "requirement")
        rows.append({"metric": parts[1], "op": parts[2], "value": value, "device": parts[4]})
    return parse_requirements(rows, task)
