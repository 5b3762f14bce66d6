"""What can be required of a network: the metrics of each task, and its costs. The engine knows the same names."""

# The first is what a run is about where none is required.
TASK_METRICS = {
    "classification": ("accuracy",),
    "segmentation": ("pixel_accuracy", "miou"),
    "detection": ("map50", "map"),
}
COUNTS = ("params", "macs")
ON_A_DEVICE = ("latency_ms", "energy_mj")
COSTS = (*COUNTS, "size_mb", "activation_mb", *ON_A_DEVICE)
THIS_MACHINE = "cpu"  # where latency and energy hold if a requirement names no device


def task_metric(task: str, requirements: list[dict]) -> str:
    """The metric that a run is about: the one that is required of its task, else the task's first."""
    own = TASK_METRICS[task]
    return next((row["metric"] for row in requirements if row["metric"] in own), own[0])
