"""RefineNet for semantic segmentation, after Lin et al., "RefineNet: Multi-Path Refinement Networks for High-Resolution
Semantic Segmentation" (https://arxiv.org/abs/1611.06612): four cascaded RefineNet blocks over a residual network.

Two things differ from the paper. Every convolution of the decoder but the classifier is followed by batch norm (the
paper's have none): without it the activations of a shared network change their scale with each design's widths and
removed blocks, and designs hardly learn. And the trunk's features are adapted by 1×1 convolutions, as in the
light-weight RefineNet (https://arxiv.org/abs/1810.03272).
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.prototypes.resnet_trunk import FULL_WIDTH, ResNetTrunk

POOLINGS = 2
CLASSIFIER_STD = 0.01


class RefineNet(nn.Module):
    """4-cascaded RefineNet: B×C×H×W -> per-pixel logits B×classes×H×W, for any H, W.

    Args:
        trunk: One of ``engine.prototypes.resnet_trunk.TRUNKS``.
        in_channels: C.
        classes: Number of logits at each pixel.
        width: Base width of the trunk. The RefineNet blocks are four times as wide, the deepest one eight times:
            256 and 512 at the paper's 64.
    """

    def __init__(
        self, trunk: str = "resnet50", in_channels: int = 3, classes: int = 11, width: int = FULL_WIDTH
    ) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(trunk, in_channels, width)
        widths = [4 * width, 4 * width, 4 * width, 8 * width]
        self.adapt = nn.ModuleList(
            nn.Sequential(*conv_norm(c, w, 1)) for c, w in zip(self.trunk.channels, widths, strict=True)
        )
        self.refine = nn.ModuleList(
            RefineBlock([widths[i], *widths[i + 1 : i + 2]], widths[i]) for i in range(len(widths))
        )
        self.units = nn.Sequential(ResidualConvUnit(widths[0]), ResidualConvUnit(widths[0]))
        self.classifier = nn.Conv2d(widths[0], classes, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.classifier.weight, std=CLASSIFIER_STD)
        nn.init.zeros_(self.classifier.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        features = [adapt(feature) for adapt, feature in zip(self.adapt, self.trunk(x), strict=True)]
        coarser: list[Tensor] = []
        for refine, feature in zip(reversed(self.refine), reversed(features), strict=True):
            coarser = [refine([feature, *coarser])]
        return upsample(self.classifier(self.units(coarser[0])), x)


class RefineBlock(nn.Module):
    """One RefineNet block (figure 3): feature maps B×Cᵢ×Hᵢ×Wᵢ, the finest first -> B×width×H₀×W₀.

    Each path passes two residual convolution units; the paths are fused at the finest one's resolution; chained
    residual pooling gathers context; a last unit follows.

    Args:
        channels: Of each path. A single path is not fused, and must be ``width`` wide.
        width: Channels of the output.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(nn.Sequential(ResidualConvUnit(c), ResidualConvUnit(c)) for c in channels)
        fused = channels if len(channels) > 1 else []
        self.fusion = nn.ModuleList(nn.Sequential(*conv_norm(c, width, 3)) for c in fused)
        self.pooling = ChainedResidualPooling(width)
        self.output = ResidualConvUnit(width)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        paths = [path(feature) for path, feature in zip(self.paths, features, strict=True)]
        if self.fusion:
            paths = [fuse(path) for fuse, path in zip(self.fusion, paths, strict=True)]
        x = reduce(add, [upsample(path, paths[0]) for path in paths[1:]], paths[0])
        return self.output(self.pooling(x))


class ResidualConvUnit(nn.Module):
    """RCU: two 3×3 convolutions around a shortcut, activations first: B×C×H×W -> B×C×H×W."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.ReLU(), *conv_norm(channels, channels, 3), nn.ReLU(), *conv_norm(channels, channels, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)


class ChainedResidualPooling(nn.Module):
    """CRP: a chain of 5×5 poolings, each followed by a convolution, all summed: B×C×H×W -> B×C×H×W."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(5, 1, 2), *conv_norm(channels, channels, 3)) for _ in range(POOLINGS)
        )

    def forward(self, x: Tensor) -> Tensor:
        paths = [torch.relu(x)]
        for stage in self.stages:
            paths.append(stage(paths[-1]))
        # From the last stage back, so that a stage's sum holds all that hangs on it, and can be left out with it.
        return reduce(lambda total, path: path + total, reversed(paths))


def conv_norm(in_channels: int, out_channels: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the size, and its batch norm."""
    return (
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def upsample(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear, to another tensor's height and width."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
