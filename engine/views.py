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
from engine.tasks import Task, Warp

WANTED_PIXELS = 24_000 * 32 * 32  # views are added until there are about this many pixels
MOST_VIEWS = 81
IN_MEMORY_BYTES = 512 * 2**20


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
    """Fixed augmented copies of a split's images, with their labels.

    Args:
        split: The training split, N images.
        task: Says how far images are warped, and warps their labels.
        flip: Mirror some views left to right (right for photographs, wrong for characters).
        directory: Where views that don't fit in memory are kept.

    Attributes:
        images: uint8, V·N × C × H × W; view v of image i is at v·N + i, and view 0 is the image itself.
        labels: V·N × …, as the split's.
    """

    def __init__(self, split: Split, task: Task, *, flip: bool, directory: Path) -> None:
        count = len(split)
        pixels = count * split.images.shape[-2] * split.images.shape[-1]
        self.views = int(np.clip(round(WANTED_PIXELS / pixels), 2, MOST_VIEWS))
        self.count = count
        self._task = task
        shapes = [(self.views * count, *part.shape[1:]) for part in (split.images, split.labels)]
        self.images: np.ndarray
        self.labels: np.ndarray
        if math.prod(shapes[0]) <= IN_MEMORY_BYTES:
            self.images = np.empty(shapes[0], np.uint8)
            self.labels = np.empty(shapes[1], split.labels.dtype)
            self._fill(split, flip)
            return
        paths = [directory / f"{name}-{_digest(split)}.npy" for name in ("views", "labels")]
        if not paths[0].exists():  # a resumed run, and each draw with polish, finds them
            directory.mkdir(parents=True, exist_ok=True)
            unfinished = [path.with_suffix(f".{os.getpid()}") for path in paths]
            self.images = np.lib.format.open_memmap(unfinished[0], "w+", np.uint8, shapes[0])
            self.labels = np.lib.format.open_memmap(unfinished[1], "w+", split.labels.dtype, shapes[1])
            self._fill(split, flip)
            self.images.flush()
            self.labels.flush()
            for draft, path in reversed(list(zip(unfinished, paths, strict=True))):
                os.replace(draft, path)
        # Copy-on-write mapping: writable for torch, and never written back.
        self.images, self.labels = (np.load(path, mmap_mode="c") for path in paths)

    def _fill(self, split: Split, flip: bool) -> None:
        generator = torch.Generator().manual_seed(20240607)
        for view in range(self.views):
            for start in range(0, self.count, 2048):
                images = np.asarray(split.images[start : start + 2048])
                labels = np.asarray(split.labels[start : start + 2048])
                if view:
                    matrices = _matrices(self._task.warp, images.shape, flip and view % 2 == 1, generator)
                    images, labels = _warped(images, matrices), self._task.warped(labels, matrices)
                rows = slice(view * self.count + start, view * self.count + start + len(images))
                self.images[rows], self.labels[rows] = images, labels

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


def _matrices(warp: Warp, shape: tuple[int, ...], flip: bool, generator: torch.Generator) -> Tensor:
    """A random affine map for each image (rotation, scale, shear, shift): N × 2 × 3, from the copy to the image."""
    n = shape[0]

    def uniform(extent: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * extent

    angle, scale, shear = uniform(warp.rotation), 1 + uniform(warp.scale), uniform(warp.shear)
    # One pixel is 2 / side of the half-width: tiny images are shifted by at least about one.
    reach = max(warp.shift, 2.0 / shape[-1])
    matrices = torch.stack(
        [
            torch.stack([scale * angle.cos(), -scale * angle.sin() + shear, uniform(reach)], 1),
            torch.stack([scale * angle.sin(), scale * angle.cos(), uniform(reach)], 1),
        ],
        1,
    )
    if flip:
        matrices[:, 0] *= torch.where(torch.rand(n, 1, generator=generator) < 0.5, -1.0, 1.0)
    return matrices


def _warped(images: np.ndarray, matrices: Tensor) -> np.ndarray:
    """Warped copies, edges repeated."""
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    warped = F.grid_sample(torch.from_numpy(images).float(), grid, padding_mode="border", align_corners=False)
    return warped.round().clamp(0, 255).to(torch.uint8).numpy()
