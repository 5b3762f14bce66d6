"""Every torchvision classification model by name, fitted to the data's channels and classes."""

from pathlib import Path
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision import models

from engine.errors import RequestError
from engine.prototypes.fitting import fit_head, fit_stem, head_name, stem_name

IMAGENET_CLASSES = 1000


def torchvision_names() -> list[str]:
    """Names of all of torchvision's classification models."""
    return models.list_models(module=models)


def torchvision_network(
    name: str, in_channels: int = 3, classes: int = 10, image_size: int = 224, weights: str | None = None
) -> nn.Module:
    """Builds a torchvision model: B×C×S×S -> logits B×classes.

    Args:
        name: One of ``torchvision_names()``.
        in_channels: Channels of the images.
        classes: Number of logits.
        image_size: S; some models need it to be built, and it is tried out.
        weights: None for fresh ones, ``"imagenet"`` for torchvision's, or the path of a ``.safetensors`` file
            that holds exactly this model's tensors (for any number of channels and classes).

    Raises:
        RequestError: The name, the weights or the image size can't be used.
    """
    if name not in torchvision_names():
        raise RequestError(
            "bad_prototype",
            f"There is no prototype named {name!r}; see `python -m engine zoo`.",
            "prototype.zoo",
        )
    if weights is None:
        model = _bare(name, classes, image_size)
        fit_stem(model, in_channels)
    else:
        model = _pretrained(name, weights, image_size)
        fit_stem(model, in_channels)
        fit_head(model, classes)
    _try_out(name, model, in_channels, image_size)
    return model


def _bare(name: str, classes: int, image_size: int) -> nn.Module:
    options: dict[str, object] = {"num_classes": classes}
    if name.startswith("vit_"):
        options["image_size"] = image_size
    if name == "maxvit_t":
        options["input_size"] = (image_size, image_size)
    if name in ("googlenet", "inception_v3"):
        # Auxiliary heads only serve training from scratch and make the output a tuple.
        options |= {"aux_logits": False, "init_weights": True}
    return models.get_model(name, weights=None, **options)


def imagenet_network(name: str) -> nn.Module:
    """One of torchvision's models as trained on ImageNet, fetched once.

    Raises:
        RequestError: It can't be fetched.
    """
    try:
        return models.get_model(name, weights=models.get_model_weights(name).DEFAULT)
    except (URLError, OSError) as error:
        raise RequestError(
            "bad_prototype",
            f"The ImageNet weights of {name} could not be fetched ({error}); connect to a network once, "
            "give a .safetensors file, or leave `weights` out to train on your data.",
            "prototype.weights",
        ) from error


def _pretrained(name: str, weights: str, image_size: int) -> nn.Module:
    if weights == "imagenet":
        return imagenet_network(name)
    tensors = _read_safetensors(Path(weights))
    model = _bare(name, IMAGENET_CLASSES, image_size)
    stem, head = stem_name(model), head_name(model)
    if f"{head}.weight" in tensors:
        model = _bare(name, len(tensors[f"{head}.weight"]), image_size)
    if f"{stem}.weight" in tensors and tensors[f"{stem}.weight"].dim() == 4:
        fit_stem(model, tensors[f"{stem}.weight"].shape[1])
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        own = model.state_dict()
        missing = sorted(own.keys() - tensors.keys())
        unknown = sorted(tensors.keys() - own.keys())
        shapes = sorted(k for k in own.keys() & tensors.keys() if own[k].shape != tensors[k].shape)
        raise RequestError(
            "bad_prototype",
            f"The weights don't fit {name}: {len(missing)} tensors are missing, {len(unknown)} are "
            f"unknown and {len(shapes)} have another shape (first: {(missing + unknown + shapes)[0]!r}); "
            "save exactly the state dict of torchvision's model.",
            "prototype.weights",
        ) from error
    return model


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors":
        raise RequestError(
            "bad_prototype",
            f'`weights` must be "imagenet" or a .safetensors file, not {path.name!r}; convert with '
            "safetensors.torch.save_file(model.state_dict(), 'weights.safetensors').",
            "prototype.weights",
        )
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise RequestError(
            "bad_prototype", f"{path.name} can't be read as safetensors: {error}.", "prototype.weights"
        ) from error
    broken = [k for k, v in tensors.items() if v.is_floating_point() and not torch.isfinite(v).all()]
    if broken:
        raise RequestError(
            "bad_prototype",
            f"{path.name} holds values that aren't finite in {broken[0]!r}; save the weights again.",
            "prototype.weights",
        )
    return tensors


def _try_out(name: str, model: nn.Module, in_channels: int, image_size: int) -> None:
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            model(torch.zeros(2, in_channels, image_size, image_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise RequestError(
            "bad_prototype",
            f"{name} can't take {image_size}×{image_size} images ({error}); choose a prototype for "
            "smaller images, such as resnet8 or resnet18.",
            "prototype.zoo",
        ) from error
    model.train(was_training)
