"""The convolutions of a residual network for large images, as the trunk of networks that need its feature maps.

After He et al., "Deep Residual Learning for Image Recognition" (https://arxiv.org/abs/1512.03385), table 1; the blocks
are torchvision's, and with a base width of 64 its tensors have the names and shapes of torchvision's own.
"""

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

TRUNKS: dict[str, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
    "resnet152": (Bottleneck, (3, 8, 36, 3)),
}
FULL_WIDTH = 64


class ResNetTrunk(nn.Module):
    """B×C×H×W -> four feature maps with strides of 4, 8, 16 and 32, sizes rounded up.

    Args:
        name: One of ``TRUNKS``.
        in_channels: C.
        width: Base width: the stem's channels, and a quarter (bottlenecks) or all (basic blocks) of the first stage's.

    Attributes:
        channels: Of the four feature maps.
    """

    def __init__(self, name: str, in_channels: int = 3, width: int = FULL_WIDTH) -> None:
        super().__init__()
        block, counts = TRUNKS[name]
        self.conv1 = nn.Conv2d(in_channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        planes = [width * 2**i for i in range(4)]
        self.channels = [p * block.expansion for p in planes]
        self.layer1 = _stage(block, width, planes[0], counts[0], 1)
        self.layer2 = _stage(block, self.channels[0], planes[1], counts[1], 2)
        self.layer3 = _stage(block, self.channels[1], planes[2], counts[2], 2)
        self.layer4 = _stage(block, self.channels[2], planes[3], counts[3], 2)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        features = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


def _stage(
    block: type[BasicBlock] | type[Bottleneck], in_channels: int, planes: int, count: int, stride: int
) -> nn.Sequential:
    channels, shortcut = planes * block.expansion, None
    if stride != 1 or in_channels != channels:
        shortcut = nn.Sequential(nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
    first = block(in_channels, planes, stride, shortcut)
    return nn.Sequential(first, *(block(channels, planes) for _ in range(count - 1)))
