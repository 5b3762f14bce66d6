"""Networks for segmentation and detection by name, fitted to the data's channels and classes.

| name | network |
|---|---|
| ``refinenet`` | RefineNet over ResNet-50, as wide as in the paper |
| ``refinenet-resnet18-w16`` | any trunk of ``resnet_trunk.TRUNKS``, its base width (64 where none is given) |
| ``refinenet-small`` | the same as ``refinenet-resnet18-w16`` |
| ``detectnet`` | DetectNet, as wide as GoogLeNet |
| ``detectnet-w0.25`` | any share of its channels |
| ``detectnet-small`` | the same as ``detectnet-w0.25`` |
| ``ssdlite320_mobilenet_v3_large`` | torchvision's, without its first and last steps |
"""

import re
from dataclasses import dataclass

from torch import nn

from engine.errors import RequestError
from engine.prototypes.detectnet import DetectNet
from engine.prototypes.fitting import fit_stem, load_weights
from engine.prototypes.refinenet import RefineNet
from engine.prototypes.resnet_trunk import FULL_WIDTH
from engine.prototypes.ssdlite import SSDLite
from engine.prototypes.torchvision_zoo import imagenet_network

SHORT = {
    "refinenet": "refinenet-resnet50",
    "refinenet-small": "refinenet-resnet18-w16",
    "detectnet-small": "detectnet-w0.25",
}
REFINENET = re.compile(r"refinenet-(?P<trunk>resnet(?:18|34|50|101|152))(?:-w(?P<width>[1-9]\d{0,2}))?")
DETECTNET = re.compile(r"detectnet(?:-w(?P<width>[01](?:\.\d{1,3})?))?")
SSDLITE = "ssdlite320_mobilenet_v3_large"


@dataclass(frozen=True)
class Dense:
    """A network, and torchvision's classifier whose weights its ``trunk`` can take (None where there is none)."""

    network: nn.Module
    classifier: str | None


def dense_network(name: str, in_channels: int, classes: int, weights: str | None = None) -> nn.Module | None:
    """Builds a network of the table above: B×C×H×W, of any H and W -> what its class says.

    Args:
        name: Its name.
        in_channels: C.
        classes: Without a background.
        weights: None for fresh ones, ``"imagenet"`` for torchvision's in the trunk, which has to have its full width,
            or the path of a ``.safetensors`` file with all of the network's tensors.

    Returns:
        The network, or None when no network has that name.

    Raises:
        RequestError: The weights can't be used.
    """
    found = _found(SHORT.get(name, name), in_channels, classes)
    if found is None:
        return None
    if weights == "imagenet":
        if found.classifier is None:
            raise RequestError(
                "bad_prototype",
                f"There are no ImageNet weights for {name}; leave `weights` out, or take refinenet-resnet18, refinenet "
                "or detectnet, whose trunks have them.",
                "prototype.weights",
            )
        _take_trunk(found.network.get_submodule("trunk"), found.classifier, in_channels)
    elif weights is not None:
        load_weights(found.network, weights)
    return found.network


def _found(name: str, in_channels: int, classes: int) -> Dense | None:
    if match := REFINENET.fullmatch(name):
        trunk, width = match["trunk"], int(match["width"] or FULL_WIDTH)
        network: nn.Module = RefineNet(trunk, in_channels, classes, width)
        return Dense(network, trunk if width == FULL_WIDTH else None)
    if (match := DETECTNET.fullmatch(name)) and float(match["width"] or 1) > 0:
        share = float(match["width"] or 1)
        return Dense(DetectNet(in_channels, classes, share), "googlenet" if share == 1 else None)
    if name == SSDLITE:
        network = SSDLite(classes)
        fit_stem(network, in_channels)
        return Dense(network, None)
    return None


def _take_trunk(trunk: nn.Module, classifier: str, in_channels: int) -> None:
    """Copies a classifier's weights into a trunk with the same names."""
    source = imagenet_network(classifier)
    fit_stem(source, in_channels)
    wanted, tensors = trunk.state_dict(), source.state_dict()
    trunk.load_state_dict({name: tensors[name] for name in wanted})
