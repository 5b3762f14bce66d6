"""Which requirements make sense: checked before a run is queued, so that a slip costs no synthesis."""

import math

from webapp.common.errors import Problem
from webapp.runs import limits

TASK_METRICS = {
    "classification": ("accuracy",),
    "segmentation": ("miou", "pixel_accuracy"),
    "detection": ("map50", "map"),
}
COSTS = ("params", "macs", "latency_ms", "size_mb", "energy_mj")
COUNTS = ("params", "macs")


def check_requirements(requirements: list[dict], *, task: str) -> None:
    """Raise a ``Problem`` that points at the first requirement that no network could be held to.

    Args:
        requirements: A list of {metric, op, value}.
        task: The dataset's task.
    """
    if not requirements:
        raise _problem("", "required", "needs at least one entry, such as accuracy >= 0.9.")
    if len(requirements) > limits.REQUIREMENTS_MAX:
        raise _problem("", "too_many", f"may hold at most {limits.REQUIREMENTS_MAX} entries.")
    seen = set()
    for index, requirement in enumerate(requirements):
        metric = requirement["metric"]
        _check(requirement, index, task)
        if metric in seen:
            raise _problem(f"/{index}/metric", "duplicate", f"repeats {metric}; give each metric once.")
        seen.add(metric)


def _check(requirement: dict, index: int, task: str) -> None:
    metric, op, value = requirement["metric"], requirement["op"], requirement["value"]
    own = TASK_METRICS[task]
    others = {name: other for other, names in TASK_METRICS.items() for name in names if other != task}
    if metric in others:
        message = f"is {metric}, for {others[metric]}; the dataset is for {task}, so use {' or '.join(own)}."
        raise _problem(f"/{index}/metric", "task_mismatch", message)
    if metric not in (*own, *COSTS):
        message = f"is {metric!r}, which is not known; use one of {', '.join((*own, *COSTS))}."
        raise _problem(f"/{index}/metric", "unknown_metric", message)
    wanted_op = ">=" if metric in own else "<="
    if op != wanted_op:
        direction = "at least" if metric in own else "at most"
        message = f"is {op!r}, but {metric} can only be held to {direction} a value; use {wanted_op!r}."
        raise _problem(f"/{index}/op", "wrong_op", message)
    if not math.isfinite(value):
        raise _problem(f"/{index}/value", "out_of_range", "must be a finite number.")
    if metric in own and not 0 < value <= 1:
        message = f"is {value:g}, but {metric} is a share above 0 and at most 1; write 97 % as 0.97."
        raise _problem(f"/{index}/value", "out_of_range", message)
    if metric in COSTS and value <= 0:
        raise _problem(f"/{index}/value", "out_of_range", f"is {value:g}, but {metric} must be above 0.")
    if metric in COUNTS and value != int(value):
        raise _problem(f"/{index}/value", "out_of_range", f"is {value:g}, but {metric} is a whole number.")


def _problem(path: str, code: str, message: str) -> Problem:
    return Problem(400, code, f"requirements{path} {message}", f"/requirements{path}")
