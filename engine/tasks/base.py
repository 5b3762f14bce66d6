"""The interface of a task."""

from typing import Protocol

from torch import Tensor


class Task(Protocol):
    """How outputs are trained and judged."""

    metric: str

    def trust(self, metric: float) -> None:
        """Weigh the teacher's outputs in the loss from here on.

        Args:
            metric: The prototype's task metric on the search split.
        """
        ...

    def loss(self, outputs: Tensor, targets: Tensor, teacher: Tensor | None) -> Tensor:
        """Mean training loss of a batch.

        Args:
            outputs: The network's outputs.
            targets: The batch's labels.
            teacher: The prototype's outputs on the same images, or None while the prototype itself is trained.
        """
        ...

    def score(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Each sample's contribution to the task metric, shape (N,), in [0, 1]; the metric is their mean."""
        ...
