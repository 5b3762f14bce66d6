"""Narrower versions of a CIFAR residual network, as plain modules: what peers that train from scratch choose among."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from torch import nn

from engine.prototypes.cifar_resnet import BasicBlock, CifarResNet

FULL = (16, 32, 64)


def narrow(
    in_channels: int, classes: int, widths: Sequence[int], blocks: int, inner: Sequence[Sequence[int]] | None = None
) -> CifarResNet:
    """A residual network with three stages of ``blocks`` blocks.

    Args:
        in_channels: Channels of the images.
        classes: Number of logits.
        widths: Channels of each stage.
        blocks: Blocks of each stage.
        inner: Channels between the two convolutions of each block, stage by stage; None takes the stage's width.
    """
    model = CifarResNet(6 * blocks + 2, in_channels, classes, widths)
    if inner is not None:
        between = [channels for stage in inner for channels in stage]
        found = [m for m in model.modules() if isinstance(m, BasicBlock)]
        for block, channels in zip(found, between, strict=True):
            _change_inner(block, channels)
    return model


def _change_inner(block: BasicBlock, channels: int) -> None:
    a, b = block.conv1, block.conv2
    block.conv1 = nn.Conv2d(a.in_channels, channels, 3, a.stride[0], 1, bias=False)
    block.bn1 = nn.BatchNorm2d(channels)
    block.conv2 = nn.Conv2d(channels, b.out_channels, 3, 1, 1, bias=False)
    for conv in (block.conv1, block.conv2):
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")


@dataclass(frozen=True)
class Rung:
    """A uniformly narrowed network: its log cost, its stages' widths and the blocks of each stage."""

    log_cost: float
    widths: tuple[int, ...]
    blocks: int

    @property
    def label(self) -> str:
        return "-".join(map(str, self.widths)) + (f" × {self.blocks}" if self.blocks > 1 else "")


@cache
def ladder(image_shape: tuple[int, int, int], classes: int, most_blocks: int) -> list[Rung]:
    """Uniformly narrowed networks, ascending in cost.

    Widths are the prototype's times one factor, rounded; fewer blocks are allowed too, the same number in each stage.
    """
    blocks = {1, 2, math.ceil(most_blocks / 3), math.ceil(most_blocks / 2), most_blocks}
    factors = [2 ** (-5 + 5 * k / 120) for k in range(121)]
    widths = {tuple(max(1, round(w * factor)) for w in FULL) for factor in factors}
    rungs = [
        Rung(log_cost(*narrow_cost(image_shape, classes, w, b)), w, b)
        for w in widths
        for b in blocks
        if b <= most_blocks
    ]
    return sorted(rungs, key=lambda rung: (rung.log_cost, rung.blocks))


def nearest(rungs: Sequence[Rung], target: float) -> Rung:
    """The rung whose log cost is nearest to a target."""
    return min(rungs, key=lambda rung: abs(rung.log_cost - target))


def narrow_cost(image_shape: tuple[int, int, int], classes: int, widths: Sequence[int], blocks: int) -> tuple[int, int]:
    """(parameters, MACs) of :func:`narrow`, in closed form."""
    channels, height, width = image_shape
    params = macs = 0

    def convolution(inputs: int, outputs: int, kernel: int) -> None:
        nonlocal params, macs
        weights = inputs * outputs * kernel**2
        params += weights + 2 * outputs  # with its batch norm
        macs += weights * height * width

    convolution(channels, widths[0], 3)
    previous = widths[0]
    for stage, outputs in enumerate(widths):
        for block in range(blocks):
            if stage and not block:
                height, width = math.ceil(height / 2), math.ceil(width / 2)
            inputs = outputs if block else previous
            convolution(inputs, outputs, 3)
            convolution(outputs, outputs, 3)
            if inputs != outputs or (stage and not block):
                convolution(inputs, outputs, 1)
        previous = outputs
    return params + (previous + 1) * classes, macs + previous * classes


def log_cost(params: float, macs: float) -> float:
    """log10 of the geometric mean of parameters and MACs: what NetScore charges for."""
    return 0.5 * (math.log10(params) + math.log10(macs))
