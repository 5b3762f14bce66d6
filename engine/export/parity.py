"""Measures whether an exported file computes what the network computes."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

DIFFERENCE_ALLOWED = 1e-4
AGREEMENT_NEEDED = 0.8

Reader = Callable[[np.ndarray], np.ndarray]


def probes(input_shape: tuple[int, int, int]) -> list[np.ndarray]:
    """Random inputs in [0, 1] at batch sizes 1 and 3, the same every time."""
    rng = np.random.default_rng(0)
    return [rng.random((batch, *input_shape), dtype=np.float32) for batch in (1, 3)]


@torch.no_grad()
def largest_difference(module: nn.Module, reader: Reader, inputs: Iterable[np.ndarray]) -> float:
    """The largest absolute difference of outputs, relative to the largest output where that is above 1."""
    worst = 0.0
    for images in inputs:
        expected = module(torch.from_numpy(images)).numpy()
        measured = reader(images)
        if measured.shape != expected.shape:
            return float("inf")
        scale = max(1.0, float(np.abs(expected).max()))
        worst = max(worst, float(np.abs(measured - expected).max()) / scale)
    return worst


@torch.no_grad()
def agreement(module: nn.Module, reader: Reader, images: np.ndarray, batch: int = 64) -> float:
    """The share of answers that are the same class: one for each image, or for each position of a map."""
    same = answers = 0
    for start in range(0, len(images), batch):
        block = images[start : start + batch]
        expected = module(torch.from_numpy(block)).numpy().argmax(1)
        same += int((reader(block).argmax(1) == expected).sum())
        answers += expected.size
    return same / answers
