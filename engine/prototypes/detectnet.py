"""DetectNet, NVIDIA's fully convolutional detector, after Tao, Barker and Sarathy 2016, "DetectNet: Deep Neural Network
for Object Detection in DIGITS", https://developer.nvidia.com/blog/detectnet-deep-neural-network-object-detection-digits/

GoogLeNet (Szegedy et al., "Going deeper with convolutions", https://arxiv.org/abs/1409.4842) without its last two
poolings and its classifier sees the image as a grid of cells with a stride of 16. Each cell says whether an object
of a class covers it, and where that object's edges are.

The inception modules are torchvision's: with batch norm instead of local response normalisation, and 3×3 instead of
5×5 convolutions in the third branch, so that its ImageNet weights fit the full width.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models.googlenet import BasicConv2d, Inception

STRIDE = 16
BOX_VALUES = 4
# Share of cells taken to be covered before anything is learned (Lin et al. 2017, https://arxiv.org/abs/1708.02002).
COVERED = 0.01
# Channels of each inception module: 1×1, 3×3 and its reduction, third branch and its reduction, after pooling.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLED_AFTER = "3b"


class DetectNet(nn.Module):
    """B×C×H×W -> B×(classes + 4)×⌈H/16⌉×⌈W/16⌉, for any H, W.

    Of the output's channels the first ``classes`` are coverage logits, one map for each class. The last four are the
    distances from the cell's centre to the left, top, right and bottom edge of the object that covers it, in units of
    the stride, positive inside of the object: the cell in row i and column j has its centre at
    ((j + ½)·16, (i + ½)·16) pixels, and predicts the box from (x − 16·left, y − 16·top) to (x + 16·right,
    y + 16·bottom). As in the original, all classes share one box: a cell belongs to one object.

    Args:
        in_channels: C.
        classes: Number of coverage maps.
        width: Share of GoogLeNet's channels.
    """

    def __init__(self, in_channels: int = 3, classes: int = 1, width: float = 1.0) -> None:
        super().__init__()

        def scaled(channels: int) -> int:
            return max(1, round(width * channels))

        stem, second = scaled(64), scaled(192)
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=BasicConv2d(in_channels, stem, kernel_size=7, stride=2, padding=3),
            maxpool1=nn.MaxPool2d(3, 2, 1),
            conv2=BasicConv2d(stem, stem, kernel_size=1),
            conv3=BasicConv2d(stem, second, kernel_size=3, padding=1),
            maxpool2=nn.MaxPool2d(3, 2, 1),
        )
        channels = second
        for name, sizes in INCEPTIONS.items():
            own = [scaled(size) for size in sizes]
            layers[f"inception{name}"] = Inception(channels, *own)
            channels = own[0] + own[2] + own[4] + own[5]
            if name == POOLED_AFTER:
                layers["maxpool3"] = nn.MaxPool2d(3, 2, 1)
        self.trunk = nn.Sequential(layers)
        self.coverage = nn.Conv2d(channels, classes, 1)
        self.boxes = nn.Conv2d(channels, BOX_VALUES, 1)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.trunk.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for head, bias in ((self.coverage, math.log(COVERED / (1 - COVERED))), (self.boxes, 1.0)):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        return torch.cat([self.coverage(x), self.boxes(x)], 1)
