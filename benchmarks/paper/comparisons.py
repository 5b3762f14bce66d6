"""The networks that the paper compares with, for small images: MobileNet and ShuffleNet.

torchvision's second versions, whose five halvings are for images of 224 pixels: of small ones nothing would be left.
As is usual on CIFAR-10, the first halvings are left out, so that the last feature map keeps 4 pixels a side.
"""

import re

from torch import nn
from torchvision.models import mobilenet_v2
from torchvision.models.shufflenetv2 import ShuffleNetV2

LAST_SIDE = 4  # pixels
# For each halving, the layers that make it.
HALVINGS = {
    "mobilenet_v2": (
        ("features.0.0",),
        ("features.2.conv.1.0",),
        ("features.4.conv.1.0",),
        ("features.7.conv.1.0",),
        ("features.14.conv.1.0",),
    ),
    "shufflenet_v2": (
        ("conv1.0",),
        ("maxpool",),
        ("stage2.0.branch1.0", "stage2.0.branch2.3"),
        ("stage3.0.branch1.0", "stage3.0.branch2.3"),
        ("stage4.0.branch1.0", "stage4.0.branch2.3"),
    ),
}
TITLES = {"mobilenet_v2": "MobileNetV2", "shufflenet_v2": "ShuffleNetV2"}
SHUFFLENET_STAGES, SHUFFLENET_CHANNELS = [4, 8, 4], [24, 116, 232, 464, 1024]  # of width 1
NAME = re.compile(r"(?P<family>mobilenet_v2|shufflenet_v2)-w(?P<width>\d+(?:\.\d+)?)")


def comparison(name: str, classes: int, side: int) -> nn.Module:
    """A comparison network: B×3×side×side -> logits B×classes.

    Args:
        name: Family and share of its channels, such as ``mobilenet_v2-w0.25``.
        classes: Number of logits.
        side: Of the images.
    """
    family, width = _parsed(name)
    if family == "mobilenet_v2":
        module: nn.Module = mobilenet_v2(num_classes=classes, width_mult=width)
    else:
        channels = [max(4, 4 * round(width * c / 4)) for c in SHUFFLENET_CHANNELS]
        module = ShuffleNetV2(SHUFFLENET_STAGES, channels, num_classes=classes)
    left_out = len(HALVINGS[family])
    while side // 2 >= LAST_SIDE and left_out:
        side, left_out = side // 2, left_out - 1
    for layers in HALVINGS[family][:left_out]:
        for layer in layers:
            found = module.get_submodule(layer)
            assert isinstance(found, nn.Conv2d | nn.MaxPool2d)
            found.stride = (1, 1)
    return module


def title(name: str) -> str:
    """For display: ``MobileNetV2 ×0.25``."""
    family, width = _parsed(name)
    return TITLES[family] + (f" ×{width:g}" if width != 1 else "")


def _parsed(name: str) -> tuple[str, float]:
    match = NAME.fullmatch(name)
    assert match, f"{name} is no comparison network"
    return match["family"], float(match["width"])
