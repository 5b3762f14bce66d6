"""Fits any network to the data's channels and classes, and keeps all other weights.

The first convolution is the stem and the last linear layer (in a network without one, such as SqueezeNet, the
last convolution) is the head, whatever they are called.
"""

from pathlib import Path

import torch
from torch import fx, nn

from engine.errors import RequestError


def stem_name(model: nn.Module) -> str:
    """The first convolution's name."""
    return next(name for name, module in _layers(model) if isinstance(module, nn.Conv2d))


def head_name(model: nn.Module) -> str:
    """The name of the layer that gives the logits."""
    linear = [name for name, module in _layers(model) if isinstance(module, nn.Linear)]
    convolutions = [name for name, module in _layers(model) if isinstance(module, nn.Conv2d)]
    return (linear or convolutions)[-1]


def fit_stem(model: nn.Module, in_channels: int) -> None:
    """Makes the network take images of ``in_channels``; the new stem starts from the average channel."""
    name = stem_name(model)
    old = model.get_submodule(name)
    assert isinstance(old, nn.Conv2d)
    if old.in_channels == in_channels:
        return
    new = nn.Conv2d(
        in_channels, old.out_channels, old.kernel_size, old.stride, old.padding, old.dilation,
        bias=old.bias is not None,
    )  # fmt: skip
    with torch.no_grad():
        # The sum over input channels stays, so grey images give what they gave as RGB.
        new.weight.copy_((old.weight.sum(dim=1, keepdim=True) / in_channels).expand_as(new.weight))
        if old.bias is not None and new.bias is not None:
            new.bias.copy_(old.bias)
    model.set_submodule(name, new)
    if hasattr(model, "transform_input"):
        model.transform_input = False  # GoogLeNet's and Inception's renormalisation assumes RGB


def fit_head(model: nn.Module, classes: int) -> None:
    """Makes the network give ``classes`` logits; a new head is freshly initialised."""
    name = head_name(model)
    old = model.get_submodule(name)
    if isinstance(old, nn.Linear):
        if old.out_features != classes:
            model.set_submodule(name, nn.Linear(old.in_features, classes, old.bias is not None))
    elif isinstance(old, nn.Conv2d) and old.out_channels != classes:
        model.set_submodule(name, nn.Conv2d(old.in_channels, classes, old.kernel_size, bias=old.bias is not None))


def load_weights(model: nn.Module, path: str) -> None:
    """Fills a network with exactly its own tensors from a ``.safetensors`` file.

    Raises:
        RequestError: ``bad_prototype`` when the file holds anything else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        model.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RequestError(
            "bad_prototype",
            f"{Path(path).name} doesn't hold this prototype's weights ({reason}); give a .safetensors file with its "
            "tensors for the dataset's channels and classes.",
            "prototype.weights",
        ) from error


def _layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Names and layers, in the order of use where a graph tells it."""
    if isinstance(model, fx.GraphModule):
        calls = [node.target for node in model.graph.nodes if node.op == "call_module"]
        return [(name, model.get_submodule(name)) for name in calls]
    return list(model.named_modules())
