"""Networks of every kind that prototypes are made of: torchvision's, timm's, small ones with one feature each, ONNX."""

import warnings
from collections.abc import Callable
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.prototypes import build_prototype
from engine.prototypes.onnx_import import import_onnx

CLASSES = 5
TORCHVISION = (
    "resnet18", "resnet34", "resnet50", "resnext50_32x4d", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5",
    "squeezenet1_1", "densenet121", "efficientnet_b0", "vgg11_bn", "googlenet", "regnet_y_400mf", "mnasnet0_5",
)  # fmt: skip
TIMM = (
    "resnet10t", "efficientnet_lite0", "tf_efficientnet_lite0", "mobilenetv3_small_050", "ghostnet_050", "skresnet18",
    "convnext_atto", "regnetx_002",
)  # fmt: skip


class Norms(nn.Module):
    """Group norm with few and many groups, layer norm over channels, PReLU, a layer scale, and a way back up."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.few, self.many, self.act = nn.GroupNorm(2, 16), nn.GroupNorm(8, 16), nn.PReLU(16)
        self.down = nn.Conv2d(16, 24, 3, stride=2, padding=1)
        self.layer = nn.LayerNorm(24)
        self.scale = nn.Parameter(torch.rand(24, 1, 1))
        self.up = nn.ConvTranspose2d(24, 16, 2, stride=2)
        self.spread = nn.ConvTranspose2d(16, 16, 2, stride=2, groups=16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.few(self.stem(x))
        y = self.layer(self.down(self.act(x)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = self.many(x + self.up(y * self.scale))
        return self.head(self.spread(x).mean((2, 3)))


class Functional(nn.Module):
    """Layers called as functions, control flow on sizes and on data, chunks, slices, and writing in place."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(48, 3, 3, 3) / 5), nn.Parameter(torch.rand(48))
        self.norm = nn.BatchNorm2d(48)
        self.second = nn.Conv2d(24, 48, 1)
        self.attention = nn.Conv2d(2, 1, 3, padding=1)
        self.head = nn.Parameter(torch.randn(CLASSES, 60) / 8)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] % 2:
            x = F.pad(x, (0, 1, 0, 1))
        if not bool(x.isfinite().all()):
            raise ValueError("not an image")
        x = F.conv2d(x, self.weight, self.bias, padding=1)
        x = F.batch_norm(x, self.norm.running_mean, self.norm.running_var, self.norm.weight, self.norm.bias,
                         self.training)  # fmt: skip
        x = F.dropout(F.relu_(x), 0.2, self.training)
        first, second = x.chunk(2, 1)
        x = torch.cat([first + self.second(second)[:, 12:36], x[:, :12], second], 1)
        x += 1
        x = x * torch.sigmoid(self.attention(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))
        b, c, h, w = x.size()
        return F.linear(x.view(b, c, h * w).mean(-1), self.head)


class Shuffles(nn.Module):
    """Grouped convolutions, a channel shuffle, pixel shuffle and a flatten before the head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.grouped = nn.Conv2d(3, 20, 3, stride=2, padding=1), nn.Conv2d(20, 40, 3, padding=1, groups=10)
        self.two = nn.Conv2d(40, 24, 1, groups=2)
        self.up, self.last = nn.PixelShuffle(2), nn.Conv2d(6, 8, 3, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.head = nn.Linear(32, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.grouped(self.stem(x).relu())
        b, c, h, w = x.shape
        x = x.view(b, 10, c // 10, h, w).transpose(1, 2).contiguous().view(b, c, h, w)
        x = self.last(self.up(self.two(x)))
        return self.head(torch.reshape(self.pool(x), (-1, 32)))


class Paths(nn.Module):
    """Paths of several sizes that are brought together by every kind of resizing, into a map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down, self.quarter = nn.Conv2d(3, 12, 3, padding=1), nn.Conv2d(12, 16, 1), nn.Conv2d(16, 16, 3)
        self.context, self.across, self.up = nn.Conv2d(16, 16, 1), nn.Conv2d(12, 16, 1), nn.Upsample(scale_factor=2)
        self.last, self.head = nn.Conv2d(16, 10, 3, padding=1), nn.Conv2d(10, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.stem(x).relu()
        half = self.down(F.max_pool2d(first, 3, 2, padding=1))
        context = self.context(F.max_pool2d(half, 5, stride=1, padding=2))
        quarter = self.quarter(F.avg_pool2d(half, 2, ceil_mode=True))
        height, width = half.shape[-2:]
        back = F.interpolate(quarter, size=(height, width), mode="bilinear", align_corners=False)
        whole = self.up(sum([half, context, back]))[..., : x.shape[2], : x.shape[3]]
        small = F.interpolate(whole, scale_factor=0.5, mode="nearest") + F.interpolate(
            self.across(first), size=(x.size(2) // 2, x.size(3) // 2), mode="area"
        )
        return F.interpolate(self.head(self.last(small)), x.shape[2:], mode="bicubic")


CUSTOM: dict[str, Callable[[], nn.Module]] = {
    "norms": Norms, "functional": Functional, "shuffles": Shuffles, "paths": Paths,
}  # fmt: skip
ONNX = ("onnx-shufflenet_v2_x0_5", "onnx-mobilenet_v3_small", "onnx-resnet18", "onnx-refinenet-resnet18-w4")
DENSE = (
    "refinenet-resnet18-w4", "refinenet-resnet50-w2", "detectnet-w0.125", "ssdlite320_mobilenet_v3_large",
)  # fmt: skip
ALL = ("resnet8", *TORCHVISION, *TIMM, *CUSTOM, *DENSE, *ONNX)
HEADS = {"detectnet-w0.125": 2, "ssdlite320_mobilenet_v3_large": 12}  # layers that make the output, where not one


def shape_of(name: str) -> tuple[int, int, int]:
    """The images that a network is tried with: small, but large enough for its strides; odd where any size will do."""
    sides = {"resnet8": (16, 16), "googlenet": (48, 48), "densenet121": (48, 48), "paths": (21, 27),
             "refinenet-resnet18-w4": (45, 60), "refinenet-resnet50-w2": (48, 33), "detectnet-w0.125": (40, 55),
             "ssdlite320_mobilenet_v3_large": (64, 80)}  # fmt: skip
    height, width = sides.get(name.removeprefix("onnx-"), (32, 32))
    return 3, height, width


def build(name: str, folder: Path) -> nn.Module:
    """A network by name, with norms that let no mistake hide behind a scale of 1 or a shift of 0."""
    torch.manual_seed(1)
    if name in CUSTOM:
        model = CUSTOM[name]()
    elif name in TIMM:
        model = timm.create_model(name, num_classes=CLASSES)
    else:
        model = build_prototype({"zoo": name.removeprefix("onnx-")}, 3, CLASSES, shape_of(name)[1], seed=1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return through_onnx(model, shape_of(name), folder) if name in ONNX else model


def through_onnx(model: nn.Module, shape: tuple[int, int, int], folder: Path) -> nn.Module:
    """The network as our importer reads it from an ONNX file."""
    path = folder / "network.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model.eval(), (torch.rand(2, *shape),), path, dynamo=False, opset_version=17,
                          input_names=["x"], dynamic_axes={"x": {0: "batch"}})  # fmt: skip
    return import_onnx(path)
