"""Batches for training steps: on the device before they are wanted, with the prototype's outputs beside them.

Views that fit are indexed where the step computes. Larger ones are read by a thread, some batches ahead, into pinned
memory on a machine with a GPU, and copied there on a stream of their own.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from engine.acceleration import Acceleration, upload
from engine.distributed import Workers
from engine.teacher import Teacher
from engine.views import Normaliser, Views

AHEAD = 10  # batches that are prepared at once
FEWEST = 8  # images in a part of a batch: what batch norms need
RESIDENT_SHARE = 0.25  # of a GPU's free memory: views up to this size are kept there


Block = list[tuple[np.ndarray, float]]  # of some batches, the rows that this process has and their share

Arriving = tuple[Tensor, "torch.cuda.Event | None"]  # images, and what tells that they are copied


@dataclass(frozen=True)
class Batch:
    """One step's data, on the device.

    Attributes:
        images: Normalised, N × C × H × W.
        labels: A row for each image.
        taught: The prototype's outputs on the same images; None while the prototype itself is trained.
        share: Of the whole batch, the part that this process has.
    """

    images: Tensor
    labels: Tensor
    taught: Tensor | None
    share: float

    def parts(self, count: int) -> "list[Batch]":
        """The batch in up to ``count`` parts of about the same size, of at least :data:`FEWEST` images each."""
        count = max(1, min(count, len(self.images) // FEWEST))
        images, labels = self.images.tensor_split(count), self.labels.tensor_split(count)
        taught = [None] * count if self.taught is None else self.taught.tensor_split(count)
        shares = [self.share * len(part) / len(self.images) for part in images]
        return [Batch(*row) for row in zip(images, labels, taught, shares, strict=True)]


class Feed:
    """Turns rows of the views into batches.

    Args:
        views: Images and labels.
        normalise: Turns images into a network's input.
        teacher: The prototype's outputs, where they are wanted.
        acceleration: How steps compute on the device.
        workers: Share each batch.
        streamed: Whether a thread reads ahead; by default when the images are mapped from a file, or don't fit.
    """

    def __init__(
        self,
        views: Views,
        normalise: Normaliser,
        teacher: Teacher | None = None,
        acceleration: Acceleration | None = None,
        workers: Workers | None = None,
        *,
        streamed: bool | None = None,
    ) -> None:
        self.views = views
        self._normalise = normalise
        self.teacher = teacher
        self.acceleration = acceleration or Acceleration.of(normalise.device)
        self.workers = workers or Workers()
        self._device = normalise.device
        self._streamed = not _fits(views.images, self._device) if streamed is None else streamed
        self._labels = torch.from_numpy(views.labels).to(self._device)
        self._images = None if self._streamed else torch.from_numpy(views.images).to(self._device)

    def cycle(self, order: Iterator[np.ndarray], cycle: int) -> Iterator[Batch]:
        """:meth:`batches` for a cycle, which the teacher is told of."""
        if self.teacher:
            self.teacher.begin(cycle)
        return self.batches(order)

    def batches(self, order: Iterator[np.ndarray]) -> Iterator[Batch]:
        """The batches of given rows, in their order."""
        mine = ((self.workers.part(rows), self.workers.share(len(rows))) for rows in order)
        blocks = iter(lambda: list(islice(mine, AHEAD)), [])
        found = self._read_ahead(blocks) if self._images is None else map(self._indexed, blocks)
        for block, images in found:
            rows = _rows(block)
            taught = self.teacher(rows, images) if self.teacher else None
            labels = self._labels[upload(torch.from_numpy(rows), self._device)]
            end = 0
            for batch, share in block:
                start, end = end, end + len(batch)
                ready = self.acceleration.arranged(self._normalise(images[start:end]))
                yield Batch(ready, labels[start:end], None if taught is None else taught[start:end], share)

    def _indexed(self, block: Block) -> tuple[Block, Tensor]:
        assert self._images is not None
        return block, self._images[upload(torch.from_numpy(_rows(block)), self._device)]

    def _read_ahead(self, blocks: Iterator[Block]) -> Iterator[tuple[Block, Tensor]]:
        """While one block is used, a thread brings the next."""
        side = torch.cuda.Stream(self._device) if self._device.type == "cuda" else None
        with ThreadPoolExecutor(1, "feed") as pool:
            coming: tuple[Block, Future[Arriving]] | None = None
            for block in blocks:
                following = block, pool.submit(self._bring, _rows(block), side)
                if coming:
                    yield coming[0], self._arrived(coming[1].result())
                coming = following
            if coming:
                yield coming[0], self._arrived(coming[1].result())

    def _bring(self, rows: np.ndarray, side: "torch.cuda.Stream | None") -> Arriving:
        images = torch.from_numpy(np.take(self.views.images, rows, axis=0))
        if side is None:
            return images, None
        with torch.cuda.stream(side):
            return upload(images, self._device), side.record_event()

    def _arrived(self, coming: Arriving) -> Tensor:
        images, copied = coming
        if copied is not None:  # the device waits for the copy, the host doesn't
            current = torch.cuda.current_stream(self._device)
            current.wait_event(copied)
            images.record_stream(current)
        return images


def _rows(block: Block) -> np.ndarray:
    return np.concatenate([rows for rows, _ in block])


def _fits(images: np.ndarray, device: torch.device) -> bool:
    """Whether all views can stay where steps compute."""
    if device.type != "cuda":
        return not isinstance(images, np.memmap)
    return images.nbytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]
