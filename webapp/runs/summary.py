"""The fold of a run's event log into what a page shows of it.

``apply_event(snapshot, event)`` is pure: a snapshot (a run's JSON, as the REST API gives it) and an event
give the next snapshot. The server keeps each run's stored summary with it, so a client that folds the events
after ``snapshot["last_seq"]`` arrives at what a fresh request would have answered. A ``value`` in a summary is
that of the run's own metric.
"""

from typing import Any

Json = dict[str, Any]

#: The parts of a snapshot that events change; ``elapsed_s`` follows the clock and ``name`` the user.
FOLDED = (
    "state",
    "desired_state",
    "attempt",
    "actions",
    "failure",
    "device",
    "summary",
    "started_at",
    "finished_at",
)

#: What a summary keeps of a design, beside its ``value``.
DESIGN = ("seed", "budget", "params", "macs", "netscore", "meets")


def empty_summary() -> Json:
    """The summary of a run that has not reported anything yet."""
    return {
        "phase": "waiting",
        "fraction": 0.0,
        "remaining_s": None,
        "cycle": 0,
        "t": 0.0,
        "prototype": None,
        "best": None,
        "yield_estimate": None,
        "certified": None,
        "outcome": None,
    }


def apply_event(snapshot: Json, event: Json) -> Json:
    """Fold one event into a snapshot; an event that the snapshot already holds changes nothing.

    Args:
        snapshot: A run's JSON, or any part of it that has ``last_seq``, ``metric`` and ``summary``.
        event: ``{seq, type, t, payload, …}``.
    """
    if event["seq"] <= snapshot["last_seq"]:
        return snapshot
    payload = event["payload"]
    after = {**snapshot, "last_seq": event["seq"]}
    if event["type"] == "state":
        return {**after, **{key: value for key, value in payload["run"].items() if key in FOLDED}}
    if event["type"] == "run_started":
        after["device"] = payload.get("device")
    fold = _FOLDS.get(event["type"])
    if fold is not None:
        summary = {**snapshot["summary"], **fold(snapshot["summary"], payload, snapshot["metric"])}
        summary["t"] = max(event["t"], summary["t"])
        after["summary"] = summary
    return after


def _run_started(summary: Json, payload: Json, metric: str) -> Json:
    return {"phase": "resumed" if payload.get("resumed") else "started", "outcome": None}


def _prototype_progress(summary: Json, payload: Json, metric: str) -> Json:
    prototype = {**(summary["prototype"] or {}), "value": _measured(payload, metric, "validation")}
    return {
        "phase": "prototype",
        "phase_fraction": payload.get("fraction"),
        "remaining_s": payload.get("remaining_s"),
        "prototype": prototype,
    }


def _prototype_ready(summary: Json, payload: Json, metric: str) -> Json:
    prototype = {
        "params": payload.get("params"),
        "macs": payload.get("macs"),
        "value": _measured(payload, metric, "test", "validation"),
        "netscore": payload.get("netscore"),
        "information_density": payload.get("information_density"),
    }
    return {"phase": "cycles", "prototype": prototype}


def _cycle(summary: Json, payload: Json, metric: str) -> Json:
    return {
        "phase": "cycles",
        "fraction": payload.get("fraction") or summary["fraction"],
        "remaining_s": payload.get("remaining_s"),
        "cycle": payload.get("k", summary["cycle"]),
        "best": _best(summary["best"], payload, metric),
        "yield_estimate": payload.get("yield_estimate"),
    }


def _certified(summary: Json, payload: Json, metric: str) -> Json:
    return {"phase": "certified", "certified": payload}


def _finished(summary: Json, payload: Json, metric: str) -> Json:
    outcome = {key: payload.get(key) for key in ("status", "cycles", "wall_s")}
    if outcome["status"] == "stopped":
        return {"phase": "stopped", "remaining_s": None, "outcome": outcome}
    outcome["nearest"] = payload.get("nearest") or []
    return {"phase": "finished", "fraction": 1.0, "remaining_s": 0.0, "outcome": outcome}


_FOLDS = {
    "run_started": _run_started,
    "prototype_progress": _prototype_progress,
    "prototype_ready": _prototype_ready,
    "cycle": _cycle,
    "certified": _certified,
    "finished": _finished,
}


def _measured(payload: Json, metric: str, *splits: str) -> float | None:
    """The metric on the first of ``splits`` that was measured."""
    metrics = payload.get("metrics") or {}
    return next((metrics[split].get(metric) for split in splits if metrics.get(split)), None)


def _best(best: Json | None, payload: Json, metric: str) -> Json | None:
    """The best design so far: one that meets the requirements, by NetScore; until then the best by the run's
    metric."""
    designs = [
        {**{name: design.get(name) for name in DESIGN}, "value": design.get(metric), "k": payload.get("k")}
        for design in payload.get("designs") or []
    ]
    candidates = [*([best] if best else []), *designs]
    return max(candidates, key=_rank, default=None)


def _rank(design: Json) -> tuple[bool, float]:
    meets = bool(design["meets"])
    value = design["netscore"] if meets else design["value"]
    return meets, value if value is not None else float("-inf")
