"""The interface of a task: all that the rest of the engine knows about what networks are for.

Samples are images with labels, one row of an array each (:class:`engine.data.Split`). A network's outputs on a batch
become *observations*, a row of counts for each sample, from which every metric of the task follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from torch import Tensor, fx

from engine.confidence import CONFIDENCE
from engine.data import Dataset


@dataclass(frozen=True)
class Warp:
    """How far views of training images are warped.

    Attributes:
        rotation: Radians.
        scale, shear: Shares.
        shift: Share of the half-width.
    """

    rotation: float
    scale: float
    shear: float
    shift: float


class Task(Protocol):
    """How samples are made, how outputs are trained and judged.

    Attributes:
        metrics: Names of all metrics, each in [0, 1] and better when larger.
        metric: The one that the run is about: what is required, and what NetScore counts.
        batch: Images in a training step.
        warp: Of training images.
        answers: Names of what an exported network puts out.
        decoder: From a network's outputs to these, free of this library; None where the outputs are the answers.
            Known once :meth:`suit` has settled how outputs are read.
    """

    metrics: ClassVar[tuple[str, ...]]
    batch: ClassVar[int]
    warp: ClassVar[Warp]
    answers: ClassVar[tuple[str, ...]]
    metric: str

    @property
    def decoder(self) -> fx.GraphModule | None: ...

    def __init__(self, dataset: Dataset, metric: str) -> None: ...

    def suit(self, outputs: tuple[int, ...]) -> None:
        """Settle how a prototype's output is read whose shape for one image is this.

        Raises:
            RequestError: ``bad_prototype`` when it can't be an answer to this task.
        """
        ...

    @property
    def lesson_shape(self) -> tuple[int, ...]:
        """Of what is kept of the prototype's output for one image, :meth:`lesson`."""
        ...

    def warped(self, labels: np.ndarray, matrices: Tensor) -> np.ndarray:
        """Labels of images that were warped.

        Args:
            labels: A row for each of N images.
            matrices: N × 2 × 3, from a warped image's coordinates in [−1, 1] to those of the image itself.
        """
        ...

    def trust(self, metric: float) -> None:
        """Weigh the teacher's outputs in the loss from here on.

        Args:
            metric: The prototype's task metric on the search split.
        """
        ...

    def lesson(self, outputs: Tensor) -> Tensor:
        """What is kept of the prototype's outputs, for the loss."""
        ...

    def loss(self, outputs: Tensor, labels: Tensor, lesson: Tensor | None) -> Tensor:
        """Mean training loss of a batch.

        Args:
            outputs: The network's outputs.
            labels: The batch's labels.
            lesson: What was kept of the prototype's outputs on the same images, or None while the prototype itself is
                trained.
        """
        ...

    def observe(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """What the metrics need of each sample: float64, N × counts."""
        ...

    def judge(self, observed: np.ndarray) -> dict[str, float]:
        """All metrics, from the observations of a split's samples."""
        ...

    def threshold(self, required: float, observed: np.ndarray, confidence: float = CONFIDENCE) -> float:
        """The metric from which the metric on new data is, with this confidence, at least what is required.

        Args:
            required: The requirement on the metric; 0 where there is none.
            observed: The prototype's observations on the split that decides.
        """
        ...

    def floor(self, required: float, observed: np.ndarray, confidence: float = CONFIDENCE) -> float:
        """As :meth:`threshold`, for the mean over many networks."""
        ...

    def drawn(self, answers: Sequence[np.ndarray], colours: list[str]) -> Any:
        """What a network answered about one image, as JSON for a page that shows it.

        Args:
            answers: A row of each of the :attr:`answers`.
            colours: ``#rrggbb`` for each class.
        """
        ...

    def drawn_truth(self, labels: np.ndarray, colours: list[str]) -> Any:
        """As :meth:`drawn`, from an image's labels."""
        ...

    def concepts(self, labels: np.ndarray) -> np.ndarray:
        """What channels may know of each sample: whole numbers, N × concepts."""
        ...
