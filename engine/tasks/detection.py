"""Object detection: mean average precision of the boxes that a grid of cells gives, or a set of anchors."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, fx, nn

from engine.confidence import CONFIDENCE, bootstrap_margin
from engine.data import Dataset
from engine.errors import RequestError
from engine.tasks.anchors import BACKGROUND, Anchors
from engine.tasks.average_precision import THRESHOLDS, average_precision, observe_image
from engine.tasks.base import Warp
from engine.tasks.grid import BOX_VALUES, Grid

DISTILLED = 0.5
LEAST_VISIBLE = 0.3  # of an object's box: what is cut off further by a warp is no object any more
MOST_COUNTED = 4  # objects of a class in an image, for what channels know


class Detection:
    """Outputs are maps N × (classes + 4) × cells (:mod:`engine.tasks.grid`) or rows N × anchors × (4 + 1 + classes)
    (:mod:`engine.tasks.anchors`); labels float32 N × M × 5: class, x1, y1, x2, y2 in pixels, with class −1 in rows that
    hold no object."""

    metrics: ClassVar[tuple[str, ...]] = ("map50", "map")
    batch: ClassVar[int] = 16
    answers: ClassVar[tuple[str, ...]] = ("boxes", "scores", "classes")
    warp: ClassVar[Warp] = Warp(rotation=0.0, scale=0.2, shear=0.0, shift=0.15)  # boxes stay upright

    def __init__(self, dataset: Dataset, metric: str = "map50") -> None:
        self.metric = metric
        self.classes = len(dataset.class_names)
        self.image = dataset.image_shape[1:]
        self.read_as: Grid | Anchors = Grid(self.classes, 1, 1, 1)

    def suit(self, outputs: tuple[int, ...]) -> None:
        found = Grid.read(outputs, self.classes, self.image) or Anchors.read(outputs, self.classes, self.image)
        if found is None:
            raise RequestError(
                "bad_prototype",
                f"The prototype puts out {outputs} values for an image; detection of {self.classes} classes needs "
                f"maps of coverages and {BOX_VALUES} distances: ({self.classes + BOX_VALUES}, rows, columns), or rows "
                f"of SSDLite's default boxes: (boxes, {BOX_VALUES + BACKGROUND + self.classes}).",
                "prototype",
            )
        self.read_as = found

    @property
    def lesson_shape(self) -> tuple[int, ...]:
        return self.read_as.shape

    def warped(self, labels: np.ndarray, matrices: Tensor) -> np.ndarray:
        height, width = self.image
        scale = np.array([width, height, width, height]) / 2
        maps = matrices.double().numpy()
        inverse = np.linalg.inv(maps[:, :, :2])
        found = labels.astype(np.float64)
        corners = (found[..., 1:] / scale - 1).reshape(*found.shape[:2], 2, 2) - maps[:, None, None, :, 2]
        corners = np.einsum("nij,nmkj->nmki", inverse, corners)
        corners = np.concatenate([corners.min(2), corners.max(2)], 2)  # a mirrored box has its corners swapped
        whole = (corners[..., 2:] - corners[..., :2]).prod(2)
        inside = corners.clip(-1, 1)
        left = (inside[..., 2:] - inside[..., :2]).prod(2)
        gone = (found[..., 0] < 0) | (left < LEAST_VISIBLE * whole)
        found[..., 1:] = np.where(gone[..., None], 0, (inside + 1) * scale)
        found[..., 0] = np.where(gone, -1, found[..., 0])
        return found.astype(np.float32)

    def trust(self, metric: float) -> None:
        pass

    def lesson(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, outputs: Tensor, labels: Tensor, lesson: Tensor | None) -> Tensor:
        hard = self.read_as.loss(outputs, labels)
        if lesson is None:
            return hard
        return (1 - DISTILLED) * hard + DISTILLED * self.read_as.lesson_loss(outputs, lesson)

    def observe(self, outputs: Tensor, labels: Tensor) -> Tensor:
        rows = []
        for boxes, scores, classes, objects in zip(*self.read_as.detections(outputs, self.image), labels, strict=True):
            said, there = scores > 0, objects[:, 0] >= 0
            rows.append(observe_image(boxes[said], scores[said], classes[said], objects[there], self.classes))
        return torch.stack(rows)

    def judge(self, observed: np.ndarray) -> dict[str, float]:
        found = average_precision(observed, self.classes)[0]
        return {"map50": float(found[THRESHOLDS.index(0.5)]), "map": float(found.mean())}

    def threshold(self, required: float, observed: np.ndarray, confidence: float = CONFIDENCE) -> float:
        """The margin is the prototype's own, by a bootstrap over images."""
        if required <= 0:
            return 0.0

        def metric(weights: np.ndarray) -> np.ndarray:
            found = average_precision(observed, self.classes, weights)
            return found[:, 0] if self.metric == "map50" else found.mean(1)

        return min(1.0, required + bootstrap_margin(len(observed), metric, confidence))

    def floor(self, required: float, observed: np.ndarray, confidence: float = CONFIDENCE) -> float:
        return self.threshold(required, observed, confidence)

    @cached_property
    def decoder(self) -> fx.GraphModule:
        return fx.symbolic_trace(_Decoder(self.read_as, self.image))

    def drawn(self, answers: Sequence[np.ndarray], colours: list[str]) -> list[dict[str, Any]]:
        rows = zip(*(part.tolist() for part in answers), strict=True)
        return [
            {"class": kind, "box": [round(edge, 1) for edge in box], "score": round(score, 3)}
            for box, score, kind in rows
            if score > 0
        ]

    def drawn_truth(self, labels: np.ndarray, colours: list[str]) -> list[dict[str, Any]]:
        return [{"class": int(row[0]), "box": row[1:].tolist()} for row in labels if row[0] >= 0]

    def concepts(self, labels: np.ndarray) -> np.ndarray:
        """How many objects of each class there are, up to a few."""
        counts = np.stack([(labels[..., 0] == c).sum(1) for c in range(self.classes)], 1)
        return np.minimum(counts, MOST_COUNTED)


class _Decoder(nn.Module):
    """See :func:`engine.tasks.suppression.best_boxes`."""

    def __init__(self, read_as: Grid | Anchors, image: tuple[int, int]) -> None:
        super().__init__()
        self.read_as, self.image = read_as, image

    def forward(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.read_as.detections(outputs, self.image)
