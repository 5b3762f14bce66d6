"""Residual networks for small images, after He et al., "Deep Residual Learning for Image Recognition"
(https://arxiv.org/abs/1512.03385), section 4.2: 6n + 2 weighted layers in three stages of n blocks, 16, 32
and 64 channels wide. Where a stage changes shape the shortcut is a 1×1 projection with batch norm (the
paper's option B), so that every channel of the residual stream has weights of its own.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

DEPTHS = {"resnet8": 8, "resnet20": 20, "resnet32": 32, "resnet56": 56, "resnet110": 110}


class BasicBlock(nn.Module):
    """Two 3×3 convolutions around a shortcut: B×C×H×W -> B×C'×H/stride×W/stride."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu2(y + self.shortcut(x))


class CifarResNet(nn.Module):
    """A residual network of 6n + 2 layers: B×C×H×W -> logits B×classes, for any H, W of 4 or more.

    Args:
        depth: 8, 20, 32, 56, 110 or any other 6n + 2.
        in_channels: 1 for grey images, 3 for colour.
        classes: Number of logits.
        widths: Channels of each stage.
    """

    def __init__(
        self, depth: int, in_channels: int = 3, classes: int = 10, widths: Sequence[int] = (16, 32, 64)
    ) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"depth must be 6n + 2, not {depth}")
        self.conv = nn.Conv2d(in_channels, widths[0], 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU()
        stages = []
        previous = widths[0]
        for stage, width in enumerate(widths):
            strides = [1 if stage == 0 else 2] + [1] * (blocks - 1)
            inputs = [previous] + [width] * (blocks - 1)
            stages.append(nn.Sequential(*(BasicBlock(i, width, s) for i, s in zip(inputs, strides, strict=True))))
            previous = width
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(previous, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(self.relu(self.bn(self.conv(x))))
        return self.fc(torch.flatten(self.pool(x), 1))


def cifar_resnet(name: str, in_channels: int = 3, classes: int = 10) -> CifarResNet:
    """One of ``DEPTHS`` by name, freshly initialised."""
    return CifarResNet(DEPTHS[name], in_channels, classes)
