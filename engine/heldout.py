"""Held-out images in normalised batches, and what a network shows on them."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from engine.data import Split
from engine.tasks import Task
from engine.views import Normaliser, chunks

PIXELS_AT_ONCE = 2**21  # in one batch of inference: activations of large images would not fit otherwise
SMALLEST_BATCH, LARGEST_BATCH = 16, 512
KEPT_BYTES = 256 * 2**20  # normalised batches are kept up to this size, and made anew above it


def batch_size(image_shape: tuple[int, ...]) -> int:
    """Images in one batch of inference, for images of (C, H, W)."""
    return int(np.clip(PIXELS_AT_ONCE // (image_shape[-1] * image_shape[-2]), SMALLEST_BATCH, LARGEST_BATCH))


class HeldOut:
    """A split, ready to be measured on.

    Args:
        split: uint8 images and labels.
        normalise: Turns images into a network's input.
    """

    def __init__(self, split: Split, normalise: Normaliser) -> None:
        self.split = split
        self._normalise = normalise
        self._labels = torch.from_numpy(np.asarray(split.labels)).to(normalise.device)
        self._size = batch_size(split.images.shape[1:])
        self._keep = 4 * split.images.size <= KEPT_BYTES
        self._kept: list[Tensor] = []

    def __len__(self) -> int:
        return len(self.split)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """(normalised images, labels), batch by batch."""
        images: Iterator[Tensor] | list[Tensor] = map(self._normalise, chunks(self.split.images, self._size))
        if self._keep:
            self._kept = self._kept or list(images)
            images = self._kept
        yield from zip(images, self._labels.split(self._size), strict=True)

    def some(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(normalised images, labels) of the given rows."""
        return self._normalise(self.split.images[rows.numpy()]), self._labels[rows.to(self._labels.device)]


@torch.no_grad()
def observe(run: Callable[[Tensor], Tensor], held_out: HeldOut, task: Task) -> tuple[np.ndarray, float]:
    """(the task's observations, mean loss against the labels) of a network that ``run`` runs."""
    rows, losses = [], 0.0
    for images, labels in held_out.batches():
        outputs = run(images)
        rows.append(task.observe(outputs, labels))
        losses += float(task.loss(outputs, labels, None)) * len(labels)
    return torch.cat(rows).cpu().numpy(), losses / len(held_out)
