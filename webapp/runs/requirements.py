"""Which requirements make sense: checked before a run is queued, so that a slip costs no synthesis."""

import math

from webapp.common.errors import Problem
from webapp.runs import limits
from webapp.runs.devices import AvailableDevices
from webapp.runs.metrics import COSTS, COUNTS, ON_A_DEVICE, TASK_METRICS, THIS_MACHINE, task_metric


def check_requirements(requirements: list[dict], *, task: str) -> None:
    """Raise a ``Problem`` that points at the first requirement that no network could be held to.

    Args:
        requirements: A list of {metric, op, value}, for latency and energy possibly with a device.
        task: The dataset's task.
    """
    if not requirements:
        raise _problem("", "required", f"needs at least one entry, such as {TASK_METRICS[task][0]} >= 0.9.")
    if len(requirements) > limits.REQUIREMENTS_MAX:
        raise _problem("", "too_many", f"may hold at most {limits.REQUIREMENTS_MAX} entries.")
    devices = AvailableDevices()
    seen = set()
    about = task_metric(task, requirements)
    for index, requirement in enumerate(requirements):
        metric = requirement["metric"]
        _check(requirement, index, task)
        _check_device(requirement, index, devices)
        resource = metric, requirement.get("device") or THIS_MACHINE
        if resource in seen:
            where = f" on {resource[1]}" if metric in ON_A_DEVICE else ""
            raise _problem(f"/{index}/metric", "duplicate", f"repeats {metric}{where}; give it once.")
        if metric in TASK_METRICS[task] and metric != about:
            message = f"is {metric} beside {about}; networks are certified for one of them, so leave one out."
            raise _problem(f"/{index}/metric", "two_task_metrics", message)
        seen.add(resource)


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


def _check_device(requirement: dict, index: int, devices: AvailableDevices) -> None:
    metric, device = requirement["metric"], requirement.get("device")
    if metric in ON_A_DEVICE:
        message = devices.why_not(metric, device or THIS_MACHINE)
        if message:
            raise _problem(f"/{index}/device", "device_unavailable", message)
    elif device:
        message = f"is {device}, but {metric} is the same on every device; leave device out."
        raise _problem(f"/{index}/device", "needless_device", message)


def _problem(path: str, code: str, message: str) -> Problem:
    return Problem(400, code, f"requirements{path} {message}", f"/requirements{path}")
