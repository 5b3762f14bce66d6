"""What depends on the device: number format, memory layout, and how data gets there without making it wait."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

THREADS = torch.get_num_threads()  # as the process was started: operations on tiny images are later given one only
FIRST_SCALE, GROWS_AFTER = 2.0**12, 1000
WORTH_ONE_DNN = 40_000_000  # parameters × pixels of a batch: about a third of these are MACs of a small network


@dataclass(frozen=True)
class Acceleration:
    """How training steps compute on a device.

    Attributes:
        precision: Of convolutions and products under automatic mixed precision; None for float32 throughout.
        channels_last: Whether images lie in memory as N × H × W × C, which tensor cores want.
    """

    device: torch.device
    precision: torch.dtype | None = None
    channels_last: bool = False

    @classmethod
    def of(cls, device: torch.device) -> "Acceleration":
        """What suits a device: bfloat16 where it computes in it, else float16; float32 on a CPU, where neither pays."""
        if device.type != "cuda":
            return cls(device)
        natively = torch.cuda.is_bf16_supported(including_emulation=False)
        return cls(device, torch.bfloat16 if natively else torch.float16, channels_last=True)

    def autocast(self) -> AbstractContextManager:
        """Automatic mixed precision for what runs inside."""
        return torch.autocast(self.device.type, dtype=self.precision, enabled=self.precision is not None)

    def arranged(self, images: Tensor) -> Tensor:
        """Images in the memory layout that suits."""
        wanted = self.channels_last and images.dim() == 4
        return images.contiguous(memory_format=torch.channels_last) if wanted else images

    def loss_scale(self) -> "LossScale | None":
        """What keeps small gradients from vanishing; only float16 needs it."""
        return LossScale(self.device) if self.precision == torch.float16 else None


class LossScale:
    """Dynamic loss scaling (Micikevicius et al. 2018) whose state stays on the device: no step waits to read it."""

    def __init__(self, device: torch.device) -> None:
        self.scale = torch.full((), FIRST_SCALE, device=device)
        self._good = torch.zeros((), device=device)

    def unscale(self, gradient: Tensor) -> Tensor:
        """The true gradient; zeros where it overflowed, and a smaller scale from then on."""
        finite = torch.isfinite(gradient).all()
        true = torch.where(finite, gradient / self.scale, torch.zeros_like(gradient))
        good = torch.where(finite, self._good + 1, torch.zeros_like(self._good))
        grows = good >= GROWS_AFTER
        self.scale = self.scale * torch.where(finite, 1.0 + grows.float(), torch.full_like(self.scale, 0.5))
        self._good = torch.where(grows, torch.zeros_like(good), good)
        return true


def upload(array: Tensor, device: torch.device) -> Tensor:
    """A host tensor on the device. On a GPU the copy is queued from pinned memory, so the host doesn't wait for it."""
    if device.type != "cuda":
        return array
    return array.pin_memory().to(device, non_blocking=True)


def suited_kernels(parameters: int, images: Tensor) -> AbstractContextManager[None]:
    """oneDNN where there is so much to compute that building primitives for new shapes pays.

    Nearly every design has shapes of its own, so small ones do without it on tiny images (see
    :meth:`engine.setting.Setting.suit_processor`). A step of 64 images of 8×8 takes 5 instead of 10 ms without it at
    1,000 parameters, 12 instead of 11 ms at 10,000, and 21 instead of 10 ms at 70,000 (ResNet-8).

    Args:
        parameters: Of the design.
        images: N × C × H × W.
    """
    worth = images.device.type == "cpu" and parameters * images.shape[0] * images[0, 0].numel() >= WORTH_ONE_DNN
    return one_dnn() if worth else nullcontext()


@contextmanager
def one_dnn() -> Iterator[None]:
    """oneDNN, whatever is set otherwise."""
    before = torch.backends.mkldnn.set_flags(True)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(*before[:1])
