"""Functional layers as leaves: ``F.conv2d(x, self.weight, …)`` becomes an ``nn.Conv2d`` over the same parameters."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Options = dict[str, Any]


class Standalone(nn.Module):
    """A parameter that a network uses by itself, such as a layer scale, as a leaf without inputs.

    A parameter with one axis longer than 1 is kept as a vector, so that it shrinks like a bias.

    Args:
        parameter: The network's parameter.
    """

    def __init__(self, parameter: nn.Parameter) -> None:
        super().__init__()
        self.axis = next((i for i, size in enumerate(parameter.shape) if size > 1), None)
        if sum(size > 1 for size in parameter.shape) != 1:
            self.axis = None
        self.dims = parameter.dim()
        self.weight = parameter if self.axis is None else nn.Parameter(parameter.detach().reshape(-1))

    @property
    def shape(self) -> tuple[int, ...] | None:
        """What the vector is viewed as; None where the parameter is used as it is."""
        return None if self.axis is None else tuple(-1 if i == self.axis else 1 for i in range(self.dims))

    def forward(self) -> Tensor:
        return self.weight if self.shape is None else self.weight.reshape(self.shape)


def _convolution(kind: type[nn.Conv1d] | type[nn.Conv2d]) -> Callable[[Options], nn.Module | None]:
    def build(o: Options) -> nn.Module:
        weight, groups = o["weight"], o["groups"]
        return kind(
            weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]), o["stride"], o["padding"],
            o["dilation"], groups, o["bias"] is not None, device="meta",
        )  # fmt: skip

    return build


def _transposed(o: Options) -> nn.Module:
    weight, groups = o["weight"], o["groups"]
    return nn.ConvTranspose2d(
        weight.shape[0], weight.shape[1] * groups, tuple(weight.shape[2:]), o["stride"], o["padding"],
        o["output_padding"], groups, o["bias"] is not None, o["dilation"], device="meta",
    )  # fmt: skip


def _linear(o: Options) -> nn.Module:
    return nn.Linear(o["weight"].shape[1], o["weight"].shape[0], o["bias"] is not None, device="meta")


def _batch_norm(o: Options) -> nn.Module | None:
    if o["running_mean"] is None or (o["weight"] is None) != (o["bias"] is None):
        return None
    kind = nn.BatchNorm2d if o["input"].dim() == 4 else nn.BatchNorm1d
    norm = kind(len(o["running_mean"]), o["eps"], affine=o["weight"] is not None)
    norm.running_mean, norm.running_var = o["running_mean"], o["running_var"]
    return norm


def _layer_norm(o: Options) -> nn.Module | None:
    if o["weight"] is None:
        return None
    return nn.LayerNorm(o["normalized_shape"], o["eps"], bias=o["bias"] is not None, device="meta")


def _group_norm(o: Options) -> nn.Module | None:
    if (o["weight"] is None) or (o["bias"] is None):
        return None
    return nn.GroupNorm(o["num_groups"], o["input"].shape[1], o["eps"], device="meta")


def _prelu(o: Options) -> nn.Module:
    return nn.PReLU(o["weight"].numel(), device="meta")


def _dropout(o: Options) -> nn.Module:
    return nn.Dropout(o["p"])


WINDOW = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
NORM = {"weight": None, "bias": None, "eps": 1e-5}
# For each function: the names of its arguments, the defaults of those that may be left out, and its layer.
FUNCTIONS: dict[Any, tuple[tuple[str, ...], Options, Callable[[Options], nn.Module | None]]] = {
    F.conv1d: (("input", "weight", *WINDOW), WINDOW, _convolution(nn.Conv1d)),
    F.conv2d: (("input", "weight", *WINDOW), WINDOW, _convolution(nn.Conv2d)),
    F.conv_transpose2d: (
        ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
        {**WINDOW, "output_padding": 0},
        _transposed,
    ),
    F.linear: (("input", "weight", "bias"), {"bias": None}, _linear),
    F.batch_norm: (
        ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
        {**NORM, "training": False, "momentum": 0.1},
        _batch_norm,
    ),
    F.layer_norm: (("input", "normalized_shape", "weight", "bias", "eps"), NORM, _layer_norm),
    F.group_norm: (("input", "num_groups", "weight", "bias", "eps"), NORM, _group_norm),
    F.prelu: (("input", "weight"), {}, _prelu),
    F.dropout: (
        ("input", "p", "training", "inplace"),
        {"p": 0.5, "training": True, "inplace": False},
        _dropout,
    ),
}


def as_layer(function: Any, arguments: tuple[Any, ...], options: Options) -> tuple[nn.Module, Tensor] | None:
    """A call of a functional layer as a ``torch.nn`` layer.

    Returns:
        The layer, in evaluation mode and over the same parameters, and its input; None when the function is no layer,
        or its weights are computed.
    """
    if function not in FUNCTIONS:
        return None
    names, defaults, build = FUNCTIONS[function]
    o = {**defaults, **dict(zip(names, arguments, strict=False)), **options}
    parameters = {name: o[name] for name in ("weight", "bias") if o.get(name) is not None}
    if not all(isinstance(p, nn.Parameter) for p in parameters.values()):
        return None
    layer = build(o)
    if layer is None:
        return None
    for name, parameter in parameters.items():
        setattr(layer, name, parameter)
    return layer.eval(), o["input"]


assert torch.conv2d is F.conv2d  # one entry serves both names
