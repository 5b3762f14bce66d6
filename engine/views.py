"""Augmented views of the training images, made once.

Distillation needs the prototype's outputs at every step. Over a fixed set of views each is computed when it is first
needed and kept (:mod:`engine.teacher`), so that the prototype soon never runs again and a step costs what the small
network costs.
"""

import hashlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.data import Dataset, Split

WANTED_PIXELS = 24_000 * 32 * 32  # views are added until there are about this many pixels
MOST_VIEWS = 81
IN_MEMORY_BYTES = 512 * 2**20
ROTATION, SCALE, SHEAR, SHIFT = 0.2, 0.10, 0.15, 0.12  # radians; shares; share of the half-width


class Normaliser:
    """uint8 images -> normalised float32 on the device.

    Args:
        dataset: Gives the per-channel mean and standard deviation.
        device: Where batches go.
    """

    def __init__(self, dataset: Dataset, device: torch.device) -> None:
        self.device = device
        self.mean = torch.tensor(dataset.mean, dtype=torch.float32, device=device)
        self.std = torch.tensor(dataset.std, dtype=torch.float32, device=device).clamp_min(1e-3)
        self._scale = (1 / (255 * self.std)).reshape(1, -1, 1, 1)
        self._offset = (self.mean / self.std).reshape(1, -1, 1, 1)

    def __call__(self, images: np.ndarray | Tensor) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(images)) if isinstance(images, np.ndarray) else images
        return tensor.to(self.device, non_blocking=True).float() * self._scale - self._offset


class Views:
    """Fixed augmented copies of a split's images.

    Args:
        split: The training split, N images.
        flip: Mirror some views left to right (right for photographs, wrong for characters).
        directory: Where views that don't fit in memory are kept.

    Attributes:
        images: uint8, V·N × C × H × W; view v of image i is at v·N + i, and view 0 is the image itself.
        labels: int64, V·N.
    """

    def __init__(self, split: Split, *, flip: bool, directory: Path) -> None:
        count = len(split)
        pixels = count * split.images.shape[-2] * split.images.shape[-1]
        self.views = int(np.clip(round(WANTED_PIXELS / pixels), 2, MOST_VIEWS))
        shape = (self.views * count, *split.images.shape[1:])
        self.labels = np.tile(split.labels, self.views)
        self.count = count
        self.images: np.ndarray
        if math.prod(shape) <= IN_MEMORY_BYTES:
            self.images = np.empty(shape, np.uint8)
            self._fill(split, flip)
            return
        path = directory / f"views-{_digest(split)}.npy"
        if not path.exists():  # a resumed run, and each draw with polish, finds them
            directory.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            self.images = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
            self._fill(split, flip)
            self.images.flush()
            os.replace(unfinished, path)
        # Copy-on-write mapping: writable for torch, and never written back.
        self.images = np.load(path, mmap_mode="c")

    def _fill(self, split: Split, flip: bool) -> None:
        generator = torch.Generator().manual_seed(20240607)
        count = self.count
        for view in range(self.views):
            for start in range(0, count, 2048):
                part = np.asarray(split.images[start : start + 2048])
                if view:
                    part = _augment(torch.from_numpy(part), flip and view % 2 == 1, generator).numpy()
                self.images[view * count + start : view * count + start + len(part)] = part

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[np.ndarray]:
        """Endless batches of indices; each pass takes every image once, in a random view of it."""
        size = min(size, self.count)
        while True:
            order = rng.permutation(self.count) + self.count * rng.integers(self.views, size=self.count)
            for start in range(0, self.count - size + 1, size):
                yield order[start : start + size]


def _digest(split: Split) -> str:
    """Tells one training split from another, by its labels and some of its images."""
    digest = hashlib.blake2b(split.labels.tobytes(), digest_size=8)
    digest.update(repr(split.images.shape).encode())
    digest.update(split.images[:: max(1, len(split) // 64)].tobytes())
    return digest.hexdigest()


def chunks(images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Consecutive parts of an array of images."""
    for start in range(0, len(images), size):
        yield images[start : start + size]


def _augment(images: Tensor, flip: bool, generator: torch.Generator) -> Tensor:
    """A random affine copy of each image (rotation, scale, shear, shift), edges repeated."""
    n = len(images)

    def uniform(extent: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * extent

    angle, scale, shear = uniform(ROTATION), 1 + uniform(SCALE), uniform(SHEAR)
    # One pixel is 2 / side of the half-width: tiny images are shifted by at least about one.
    reach = max(SHIFT, 2.0 / images.shape[-1])
    matrix = torch.stack(
        [
            torch.stack([scale * angle.cos(), -scale * angle.sin() + shear, uniform(reach)], 1),
            torch.stack([scale * angle.sin(), scale * angle.cos(), uniform(reach)], 1),
        ],
        1,
    )
    if flip:
        matrix[:, 0] *= torch.where(torch.rand(n, 1, generator=generator) < 0.5, -1.0, 1.0)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    warped = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return warped.round().clamp(0, 255).to(torch.uint8)
