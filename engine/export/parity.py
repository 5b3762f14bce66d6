"""Measures whether an exported file computes what the network computes.

A network answers with one tensor, logits for each image or for each position of a map; or with three, the detections of
each image: boxes N × D × 4, scores N × D (0 where there is none), classes N × D.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

DIFFERENCE_ALLOWED = 1e-4
AGREEMENT_NEEDED = 0.8
SURE, SAME_BOX = 0.3, 0.5  # the score of a detection that counts as an answer, and the IoU of two that are the same

Answers = tuple[np.ndarray, ...]
Reader = Callable[[np.ndarray], Answers]


def answers_of(module: nn.Module, images: np.ndarray) -> Answers:
    """What a network answers to images N×C×H×W in [0, 1], its outputs as arrays."""
    with torch.no_grad():
        found = module(torch.from_numpy(images))
    return tuple(part.numpy() for part in ((found,) if isinstance(found, Tensor) else found))


def probes(input_shape: tuple[int, int, int]) -> list[np.ndarray]:
    """Random inputs in [0, 1] at batch sizes 1 and 3, the same every time."""
    rng = np.random.default_rng(0)
    return [rng.random((batch, *input_shape), dtype=np.float32) for batch in (1, 3)]


def largest_difference(module: nn.Module, reader: Reader, inputs: Iterable[np.ndarray]) -> float:
    """The largest absolute difference of answers, relative to the largest answer where that is above 1."""
    worst = 0.0
    for images in inputs:
        expected, measured = answers_of(module, images), reader(images)
        if [part.shape for part in measured] != [part.shape for part in expected]:
            return float("inf")
        if len(expected) > 1:
            expected, measured = _in_one_order(expected, measured)
        for wanted, found in zip(expected, measured, strict=True):
            scale = max(1.0, float(np.abs(wanted).max(initial=0)))
            worst = max(worst, float(np.abs(found - wanted).max(initial=0)) / scale)
    return worst


def _in_one_order(expected: Answers, measured: Answers) -> tuple[Answers, Answers]:
    """Detections as rows, those measured in the order of those expected: equal scores may come in any order."""
    rows, others = (np.concatenate([a[0], a[1][..., None], a[2][..., None]], 2) for a in (expected, measured))
    scale = np.maximum(1, np.abs(rows).max((0, 1), initial=0))
    gaps = np.abs((rows[:, :, None] - others[:, None]) / scale).max(3)  # N × D × D
    nearest = np.take_along_axis(others, gaps.argmin(2)[..., None], 1)
    return (rows / scale,), (nearest / scale,)


def agreement(module: nn.Module, reader: Reader, images: np.ndarray, batch: int = 64) -> float:
    """The share of answers that stay the same.

    An answer is the class of an image, or of a position of a map; or a sure detection of either, which is the same when
    the other has one of its class in its place. 1 where there are no answers.
    """
    same = answers = 0
    for start in range(0, len(images), batch):
        block = images[start : start + batch]
        expected, measured = answers_of(module, block), reader(block)
        if len(expected) > 1:
            for image in range(len(block)):
                one, other = (tuple(part[image] for part in found) for found in (expected, measured))
                for mine, theirs in ((one, other), (other, one)):
                    found = _found_again(mine, theirs)
                    same, answers = same + int(found.sum()), answers + found.size
        else:
            equal = expected[0].argmax(1) == measured[0].argmax(1)
            same, answers = same + int(equal.sum()), answers + equal.size
    return same / answers if answers else 1.0


def _found_again(mine: Answers, theirs: Answers) -> np.ndarray:
    """For each sure detection of an image, whether it is among the others."""
    boxes, classes = mine[0][mine[1] >= SURE], mine[2][mine[1] >= SURE]
    overlap = box_iou(torch.from_numpy(boxes), torch.from_numpy(theirs[0])).numpy()
    return ((overlap >= SAME_BOX) & (classes[:, None] == theirs[2]) & (theirs[1] > 0)).any(1)
