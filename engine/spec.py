"""SPEC.json: what a synthesis is asked to do, checked field by field."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.confidence import CONFIDENCE
from engine.errors import RequestError
from engine.performance import NetScore
from engine.requirements import TASK_METRICS, Requirements, parse_requirements

KEYS = {
    "prototype", "dataset", "task", "requirements", "objective", "time_budget_s", "max_cycles", "seed", "target_yield",
    "confidence",
}  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """A checked request.

    Attributes:
        prototype: ``{"zoo": name}``, ``{"onnx": path}`` or ``{"pt2": path}``, possibly with ``weights``.
        dataset: ``{"builtin": "digits"}`` or ``{"path": …}``.
        time_budget_s: Wall-clock seconds for the whole run, or None: then ``max_cycles`` alone ends it and nothing
            depends on the clock.
        max_cycles: Upper limit on cycles, or None.
        target_yield: Share of fresh seeds whose network must meet all requirements.
        confidence: With which a network that is accepted meets the requirement on its task metric on new data.
    """

    prototype: dict[str, Any]
    dataset: dict[str, Any]
    task: str
    requirements: Requirements
    objective: NetScore
    time_budget_s: float | None
    max_cycles: int | None
    seed: int
    target_yield: float
    confidence: float
    raw: dict[str, Any] = field(repr=False)


def _wrong(name: str, message: str) -> RequestError:
    return RequestError("bad_spec", message, name)


def _number(raw: dict[str, Any], name: str, default: float | None, low: float, high: float) -> float | None:
    value = raw.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _wrong(name, f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")
    return float(value)


def parse_spec(raw: Any) -> Spec:
    """Check a decoded SPEC.json.

    Raises:
        RequestError: ``bad_spec``; the message names the field and what to write instead.
    """
    if not isinstance(raw, dict):
        raise _wrong("spec", "The spec must be a JSON object with at least 'prototype' and 'dataset'.")
    unknown = sorted(set(raw) - KEYS)
    if unknown:
        raise _wrong(unknown[0], f"{unknown[0]!r} isn't a field of a spec; the fields are {', '.join(sorted(KEYS))}.")
    task = raw.get("task", "classification")
    if task not in TASK_METRICS:
        raise _wrong("task", f"task must be one of {', '.join(TASK_METRICS)}, not {task!r}.")
    if not isinstance(raw.get("dataset"), dict):
        raise _wrong("dataset", "dataset must be {'builtin': 'digits'} or {'path': zip or folder}.")
    objective = raw.get("objective") or {"name": "netscore"}
    if not isinstance(objective, dict) or objective.get("name", "netscore") != "netscore":
        raise _wrong("objective", "objective must be {'name': 'netscore', 'alpha': 2, 'beta': 0.5, 'gamma': 0.5}.")
    weights = {k: _number(objective, k, d, 0, 10) for k, d in (("alpha", 2.0), ("beta", 0.5), ("gamma", 0.5))}
    time_budget_s = _number(raw, "time_budget_s", None, 1, 30 * 86400)
    max_cycles = _number(raw, "max_cycles", None, 1, 1_000_000)
    if time_budget_s is None and max_cycles is None:
        raise _wrong("time_budget_s", "Give time_budget_s, max_cycles or both, so that the run can end.")
    seed = raw.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise _wrong("seed", f"seed must be a whole number from 0, not {seed!r}.")
    target_yield = _number(raw, "target_yield", 0.95, 0.01, 1)
    confidence = _number(raw, "confidence", CONFIDENCE, 0.5, 0.999)
    return Spec(
        prototype=parse_prototype(raw),
        dataset=raw["dataset"],
        task=task,
        requirements=parse_requirements(raw.get("requirements", []), task),
        objective=NetScore(**{k: float(v) for k, v in weights.items() if v is not None}),
        time_budget_s=time_budget_s,
        max_cycles=None if max_cycles is None else int(max_cycles),
        seed=seed,
        target_yield=float(target_yield if target_yield is not None else 0.95),
        confidence=float(confidence if confidence is not None else CONFIDENCE),
        raw=raw,
    )


def parse_prototype(raw: dict[str, Any]) -> dict[str, Any]:
    """Check the ``prototype`` field alone (``inspect`` takes a spec that holds nothing else)."""
    prototype = raw.get("prototype")
    if not isinstance(prototype, dict) or len(set(prototype) & {"zoo", "onnx", "pt2"}) != 1:
        raise _wrong("prototype", "prototype must be one of {'zoo': name}, {'onnx': path} or {'pt2': path}.")
    return prototype


def read_spec(path: Path) -> dict[str, Any]:
    """Decode a SPEC.json file.

    Raises:
        RequestError: ``bad_spec`` when the file is missing or isn't JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _wrong("spec", f"{path} doesn't exist; give the path of a SPEC.json.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _wrong("spec", f"{path} isn't valid JSON ({error}).") from error
