"""The prototype as the teacher of all networks: its outputs on views of the training images, each computed once."""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.acceleration import one_dnn, upload
from engine.heldout import batch_size
from engine.tasks import Task
from engine.views import Normaliser, Views

OUTPUTS_FILE, ASKED_FILE = "teacher.npy", "teacher-asked.npy"
ON_DEVICE_BYTES = 2 * 2**30
NEVER, OUTSIDE = -1, -2  # instead of a cycle: not asked yet; asked outside of the cycles


class Teacher:
    """The prototype's outputs on views.

    They are kept in files beside the run, with the cycle in which each was asked first. Outputs are computed in
    batches, and a batch of another size may round differently: so a resumed run forgets what the cycle that it
    repeats had asked, asks the same again in the same batches, and distils from the very same numbers.
    On a GPU they stay in its memory instead.

    Args:
        prototype: The trained prototype, which doesn't change any more.
        views: The views that it is asked about.
        normalise: Turns images into its input.
        task: Says what is kept of its outputs.
        directory: Where the files are; None keeps everything in memory.
    """

    def __init__(
        self, prototype: nn.Module, views: Views, normalise: Normaliser, task: Task, directory: Path | None
    ) -> None:
        self.views = views
        self._prototype = prototype
        self._task = task
        self._normalise = normalise
        self._chunk = batch_size(views.images.shape[1:])
        self._cycle = OUTSIDE
        self._device = normalise.device
        shape = (len(views.labels), *task.lesson_shape)
        self._on_device = self._device.type == "cuda" and 4 * math.prod(shape) <= ON_DEVICE_BYTES
        if self._on_device:
            self._tensor = torch.zeros(shape, device=self._device)
            self._asked = np.full(shape[0], NEVER, np.int32)
        elif directory is None:
            self._outputs, self._asked = np.zeros(shape, np.float32), np.full(shape[0], NEVER, np.int32)
        else:
            self._open(directory, shape)

    def _open(self, directory: Path, shape: tuple[int, ...]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        known = (directory / OUTPUTS_FILE).exists() and (directory / ASKED_FILE).exists()
        mode = "r+" if known else "w+"
        self._outputs = np.lib.format.open_memmap(directory / OUTPUTS_FILE, mode, np.float32, shape)
        self._asked = np.lib.format.open_memmap(directory / ASKED_FILE, mode, np.int32, shape[:1])
        if not known:
            self._asked[:] = NEVER

    @staticmethod
    def forget(directory: Path) -> None:
        """Remove what an earlier prototype said."""
        for name in (ASKED_FILE, OUTPUTS_FILE):
            (directory / name).unlink(missing_ok=True)

    def begin(self, cycle: int) -> None:
        """What is asked from here on belongs to this cycle; what a run that was cut off asked in it is forgotten."""
        self._cycle = cycle
        self._asked[self._asked >= cycle] = NEVER

    @torch.no_grad()
    def __call__(self, rows: np.ndarray, images: Tensor) -> Tensor:
        """Outputs on the given rows.

        Args:
            rows: Rows of the views.
            images: Their uint8 images, on the device.

        Returns:
            Shape (rows, …), on the device.
        """
        fresh, first = np.unique(rows, return_index=True)
        missing = self._asked[fresh] == NEVER
        self._ask(fresh[missing], first[missing], images)
        if self._on_device:
            return self._tensor[upload(torch.from_numpy(rows), self._device)]
        return upload(torch.from_numpy(self._outputs[rows]), self._device)

    def _ask(self, rows: np.ndarray, positions: np.ndarray, images: Tensor) -> None:
        """Compute the outputs on rows, whose images are at the given positions."""
        prototype = self._prototype.eval()
        for start in range(0, len(rows), self._chunk):
            part = slice(start, start + self._chunk)
            asked = images[upload(torch.from_numpy(positions[part]), self._device)]
            with one_dnn():
                outputs = self._task.lesson(prototype(self._normalise(asked)))
            if self._on_device:
                self._tensor[upload(torch.from_numpy(rows[part]), self._device)] = outputs.float()
            else:
                self._outputs[rows[part]] = outputs.float().cpu().numpy()
        self._asked[rows] = self._cycle
