"""Prototypes φ: the network to start from, by name or from a file.

A prototype is built for the data's channels, classes and image size. Loading torchvision is deferred until one of
its models is asked for.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import RequestError
from engine.prototypes.cifar_resnet import DEPTHS, cifar_resnet
from engine.prototypes.fitting import load_weights


@dataclass(frozen=True)
class ZooEntry:
    """A built-in prototype that the zoo lists.

    Attributes:
        input: (C, H, W) at which its listed costs hold.
        classes: Number of classes at which they hold.
        task: What it is for.
    """

    name: str
    title: str
    description: str
    input: tuple[int, int, int]
    classes: int
    task: str = "classification"


ZOO = (
    ZooEntry("resnet8", "ResNet-8", "The smallest CIFAR residual network: quick to train on a laptop.",
             (3, 32, 32), 10),
    ZooEntry("resnet20", "ResNet-20", "The CIFAR residual network of He et al. with three stages of three blocks.",
             (3, 32, 32), 10),
    ZooEntry("resnet18", "ResNet-18", "torchvision's ResNet-18, for larger images.", (3, 224, 224), 1000),
    ZooEntry("mobilenet_v2", "MobileNetV2", "torchvision's MobileNetV2: inverted residuals, already lean.",
             (3, 224, 224), 1000),
    ZooEntry("refinenet", "RefineNet", "Four cascaded RefineNet blocks of Lin et al. over ResNet-50; for a GPU.",
             (3, 96, 128), 11, "segmentation"),
    ZooEntry("refinenet-small", "RefineNet, small", "RefineNet over a ResNet-18 of a quarter of the width: trains on "
             "a CPU.", (3, 96, 128), 11, "segmentation"),
    ZooEntry("detectnet", "DetectNet", "NVIDIA's detector: GoogLeNet over a grid of cells of 16×16 pixels.",
             (3, 128, 128), 1, "detection"),
    ZooEntry("detectnet-small", "DetectNet, small", "DetectNet of a quarter of the width: trains on a CPU.",
             (3, 128, 128), 1, "detection"),
    ZooEntry("ssdlite320_mobilenet_v3_large", "SSDLite320", "torchvision's SSDLite with MobileNetV3: boxes at six "
             "scales.", (3, 320, 320), 90, "detection"),
)  # fmt: skip


def zoo_entry(spec: dict[str, Any]) -> ZooEntry | None:
    """The zoo's entry for a spec's prototype: its own, or its family's (``detectnet`` for ``detectnet-w0.5``)."""
    name = str(spec.get("zoo"))
    entries = {entry.name: entry for entry in ZOO}
    return entries.get(name) or entries.get(name.partition("-")[0])


def task_of(spec: dict[str, Any]) -> str | None:
    """The task that a prototype of the zoo is for; None for a file."""
    entry = zoo_entry(spec)
    if entry:
        return entry.task
    return "classification" if "zoo" in spec else None


def prototype_name(spec: dict[str, Any]) -> str:
    """A prototype's name for display: the zoo's, or the file's."""
    return str(spec["zoo"]) if "zoo" in spec else Path(next(iter(spec.values()))).stem


def is_pretrained(spec: dict[str, Any]) -> bool:
    """Whether the prototype arrives with weights (then it is fine-tuned instead of trained)."""
    return "zoo" not in spec or spec.get("weights") is not None


def input_of(spec: dict[str, Any]) -> tuple[int, int, int]:
    """(C, H, W) that a prototype's costs are stated for: its own input, or the zoo's reference."""
    if "onnx" in spec:
        from engine.prototypes.onnx_import import onnx_input_shape

        channels, height, width = onnx_input_shape(Path(spec["onnx"]))
        return channels or 3, height or 224, width or 224
    entry = zoo_entry(spec)
    return entry.input if entry else (3, 224, 224)


def wanted_image_size(spec: dict[str, Any]) -> int | None:
    """The side of the images that a prototype insists on, or None when any size will do."""
    if "onnx" in spec:
        from engine.prototypes.onnx_import import onnx_input_shape

        return onnx_input_shape(Path(spec["onnx"]))[1]
    return None


def build_prototype(spec: dict[str, Any], in_channels: int, classes: int, image_size: int, seed: int = 0) -> nn.Module:
    """Build the prototype that a spec names.

    Args:
        spec: ``{"zoo": name, "weights": …}``, ``{"onnx": path}`` or ``{"pt2": path}``.
        in_channels: C of the images.
        classes: Number of classes.
        image_size: Side of the images.
        seed: Seed of fresh weights.

    Raises:
        RequestError: ``bad_prototype`` (or the importer's code) when it can't be used.
    """
    torch.manual_seed(seed)
    if "zoo" in spec:
        name, weights = spec["zoo"], spec.get("weights")
        if name in DEPTHS:
            model: nn.Module = cifar_resnet(name, in_channels, classes)
            if weights is not None:
                load_weights(model, weights)
            return model
        from engine.prototypes.dense_zoo import dense_network
        from engine.prototypes.torchvision_zoo import torchvision_network

        dense = dense_network(name, in_channels, classes, weights)
        return dense or torchvision_network(name, in_channels, classes, image_size, weights)
    if "onnx" in spec:
        from engine.prototypes.onnx_import import import_onnx

        return import_onnx(Path(spec["onnx"]))
    raise RequestError(
        "bad_prototype", "A .pt2 prototype can't be traced yet; export it as ONNX and give that file.", "prototype.pt2"
    )
