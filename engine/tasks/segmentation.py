"""Semantic segmentation: balanced cross-entropy with distillation by pixel, mean intersection over union and pixel
accuracy."""

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.confidence import CONFIDENCE, bootstrap_margin
from engine.data import Dataset
from engine.data.dataset import sample_rows
from engine.errors import RequestError
from engine.tasks.base import Warp
from engine.tasks.drawing import overlay

IGNORED = 255
TEMPERATURE, DISTILLED = 2.0, 0.5
LESSON_STRIDE = 4  # the prototype's logits are kept as means over patches of so many pixels a side
# Median frequency balancing (Eigen & Fergus 2015), to a power: in full for mIoU, where rare classes count as much as
# common ones, and hardly for pixel accuracy, where they don't.
BALANCING = {"miou": 0.5, "pixel_accuracy": 0.1}
BALANCED_OVER = 512  # masks
PRESENT_BINS = 4  # of a class's share of an image


class Segmentation:
    """Outputs are logits N × classes × H × W, labels uint8 N × H × W with 255 where nothing counts.

    What is observed of an image are, for each class, its pixels that are right, those that are this class, and those
    that are said to be it: counts N × 3·classes.
    """

    metrics: ClassVar[tuple[str, ...]] = ("pixel_accuracy", "miou")
    batch: ClassVar[int] = 16
    answers: ClassVar[tuple[str, ...]] = ("logits",)
    decoder: ClassVar[None] = None
    warp: ClassVar[Warp] = Warp(rotation=0.05, scale=0.15, shear=0.05, shift=0.1)

    def __init__(self, dataset: Dataset, metric: str = "pixel_accuracy") -> None:
        self.metric = metric
        self.classes = len(dataset.class_names)
        self.sides = dataset.image_shape[1:]
        masks = dataset.splits["train"].labels
        self.weights = _balanced(masks[sample_rows(len(masks), BALANCED_OVER)], self.classes, BALANCING[metric])

    def suit(self, outputs: tuple[int, ...]) -> None:
        if outputs != (self.classes, *self.sides):
            height, width = self.sides
            raise RequestError(
                "bad_prototype",
                f"The prototype puts out {outputs} values for an image; segmentation into {self.classes} classes needs "
                f"({self.classes}, {height}, {width}): logits for each class at each pixel.",
                "prototype",
            )

    @property
    def lesson_shape(self) -> tuple[int, ...]:
        return self.classes, *(math.ceil(side / LESSON_STRIDE) for side in self.sides)

    def warped(self, labels: np.ndarray, matrices: Tensor) -> np.ndarray:
        masks = torch.from_numpy(np.ascontiguousarray(labels))[:, None].float()
        grid = F.affine_grid(matrices, list(masks.shape), align_corners=False)
        found = F.grid_sample(masks, grid, mode="nearest", padding_mode="border", align_corners=False)
        return found[:, 0].to(torch.uint8).numpy()

    def trust(self, metric: float) -> None:
        pass  # pixels at edges are what a teacher and labels disagree about, however good the teacher is

    def lesson(self, outputs: Tensor) -> Tensor:
        return F.avg_pool2d(outputs, LESSON_STRIDE, ceil_mode=True)

    def loss(self, outputs: Tensor, labels: Tensor, lesson: Tensor | None) -> Tensor:
        weights = self.weights.to(outputs)
        hard = F.cross_entropy(outputs, labels.long(), weights, ignore_index=IGNORED)
        if lesson is None:
            return hard
        soft = F.kl_div(
            F.log_softmax(self.lesson(outputs) / TEMPERATURE, 1), F.log_softmax(lesson / TEMPERATURE, 1),
            reduction="none", log_target=True,
        ).sum(1).mean()  # fmt: skip
        return (1 - DISTILLED) * hard + DISTILLED * TEMPERATURE**2 * soft

    def observe(self, outputs: Tensor, labels: Tensor) -> Tensor:
        said, counts = outputs.argmax(1), labels != IGNORED
        rows = torch.arange(len(labels), device=labels.device)[:, None, None] * self.classes
        target = torch.where(counts, labels, 0).long()

        def histogram(classes: Tensor, where: Tensor) -> Tensor:
            found = torch.bincount((rows + classes)[where], minlength=len(labels) * self.classes)
            return found.reshape(len(labels), self.classes).double()

        right = histogram(target, counts & (said == target))
        return torch.cat([right, histogram(target, counts), histogram(said, counts)], 1)

    def judge(self, observed: np.ndarray) -> dict[str, float]:
        return {name: float(self._metric(name, observed.sum(0))) for name in self.metrics}

    def _metric(self, name: str, counts: np.ndarray) -> np.ndarray:
        """A metric of summed counts, … × 3·classes."""
        right, is_it, said = np.split(counts, 3, axis=-1)
        if name == "pixel_accuracy":
            return right.sum(-1) / np.maximum(is_it.sum(-1), 1)
        there = is_it > 0  # a class without a pixel in any mask has no share in the mean
        union = np.maximum(is_it + said - right, 1)
        return (there * right / union).sum(-1) / np.maximum(there.sum(-1), 1)

    def threshold(self, required: float, observed: np.ndarray, confidence: float = CONFIDENCE) -> float:
        """Pixels of an image are not independent, images are: the margin is the prototype's own, by bootstrap."""
        if required <= 0:
            return 0.0
        margin = bootstrap_margin(
            len(observed), lambda weights: self._metric(self.metric, weights @ observed), confidence
        )
        return min(1.0, required + margin)

    def floor(self, required: float, observed: np.ndarray, confidence: float = CONFIDENCE) -> float:
        return self.threshold(required, observed, confidence)

    def drawn(self, answers: Sequence[np.ndarray], colours: list[str]) -> dict[str, str]:
        return self.drawn_truth(answers[0].argmax(0), colours)

    def drawn_truth(self, labels: np.ndarray, colours: list[str]) -> dict[str, str]:
        return {"mask": overlay(labels, colours)}

    def concepts(self, labels: np.ndarray) -> np.ndarray:
        """How much of the image each class takes, in a few steps."""
        pixels = labels.reshape(len(labels), -1)
        shares = np.stack([(pixels == c).mean(1) for c in range(self.classes)], 1)
        return np.ceil(PRESENT_BINS * shares / np.maximum(shares.max(0), 1e-9)).astype(np.int64)


def _balanced(masks: np.ndarray, classes: int, power: float) -> Tensor:
    """A weight for each class; the median class weighs 1, one without pixels too."""
    pixels = masks.reshape(len(masks), -1)
    counts = np.stack([np.bincount(row[row != IGNORED], minlength=classes)[:classes] for row in pixels])
    where = np.where(counts > 0, counts.sum(1, keepdims=True), 0).sum(0)  # pixels of the images that hold the class
    frequency = np.divide(counts.sum(0), where, out=np.full(classes, np.nan), where=where > 0)
    weights = (np.nanmedian(frequency) / frequency) ** power
    return torch.from_numpy(np.nan_to_num(weights, nan=1.0)).float()
