"""The fold of a run's event log into what a page shows of it.

``apply_event(snapshot, event)`` is pure: a snapshot (a run's JSON, as the REST API gives it) and an event
give the next snapshot. The server keeps each run's stored summary with it, so a client that folds the events
after ``snapshot["last_seq"]`` arrives at what a fresh request would have answered.
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
        snapshot: A run's JSON, or any part of it that has ``last_seq`` and ``summary``.
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
        summary = {**snapshot["summary"], **fold(snapshot["summary"], payload)}
        summary["t"] = max(event["t"], summary["t"])
        after["summary"] = summary
    return after


def _run_started(summary: Json, payload: Json) -> Json:
    return {"phase": "resumed" if payload.get("resumed") else "started", "outcome": None}


def _prototype_progress(summary: Json, payload: Json) -> Json:
    metrics = payload.get("metrics") or {}
    prototype = {**(summary["prototype"] or {}), "accuracy": _accuracy(metrics, "validation")}
    return {
        "phase": "prototype",
        "phase_fraction": payload.get("fraction"),
        "remaining_s": payload.get("remaining_s"),
        "prototype": prototype,
    }


def _prototype_ready(summary: Json, payload: Json) -> Json:
    metrics = payload.get("metrics") or {}
    prototype = {
        "params": payload.get("params"),
        "macs": payload.get("macs"),
        "accuracy": _accuracy(metrics, "test", "validation"),
        "netscore": payload.get("netscore"),
        "information_density": payload.get("information_density"),
    }
    return {"phase": "cycles", "prototype": prototype}


def _cycle(summary: Json, payload: Json) -> Json:
    return {
        "phase": "cycles",
        "fraction": payload.get("fraction") or summary["fraction"],
        "remaining_s": payload.get("remaining_s"),
        "cycle": payload.get("k", summary["cycle"]),
        "best": _best(summary["best"], payload),
        "yield_estimate": payload.get("yield_estimate"),
    }


def _certified(summary: Json, payload: Json) -> Json:
    return {"phase": "certified", "certified": payload}


def _finished(summary: Json, payload: Json) -> Json:
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


def _accuracy(metrics: Json, *splits: str) -> float | None:
    """The task metric on the first of ``splits`` that was measured."""
    for split in splits:
        measured = metrics.get(split)
        if measured:
            return next(iter(measured.values()))
    return None


def _best(best: Json | None, payload: Json) -> Json | None:
    """The best design so far: one that meets the requirements, by NetScore; until then the most accurate."""
    designs = [{**design, "k": payload.get("k")} for design in payload.get("designs") or []]
    candidates = [*([best] if best else []), *designs]
    return max(candidates, key=_rank, default=None)


def _rank(design: Json) -> tuple[bool, float]:
    meets = bool(design.get("meets"))
    value = design.get("netscore") if meets else design.get("accuracy")
    return meets, value if value is not None else float("-inf")
