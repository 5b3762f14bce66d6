"""Tasks: what a sample is, the loss, the metrics. One small interface; nothing else in the engine knows the task."""

from engine.tasks.base import Task, Warp
from engine.tasks.classification import Classification
from engine.tasks.detection import Detection
from engine.tasks.segmentation import Segmentation

TASKS: dict[str, type[Task]] = {"classification": Classification, "segmentation": Segmentation, "detection": Detection}

__all__ = ["TASKS", "Task", "Warp"]
