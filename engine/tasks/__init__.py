"""Tasks: what a sample is, the loss, the metric. One small interface; nothing else in the engine knows the task."""

from engine.tasks.base import Task
from engine.tasks.classification import Classification

TASKS: dict[str, type[Task]] = {"classification": Classification}

__all__ = ["TASKS", "Task"]
