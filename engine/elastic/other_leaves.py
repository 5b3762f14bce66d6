"""Elastic forms of rarer layers: layer and group norms, PReLU, transposed convolutions, parameters on their own."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from engine.elastic.functional import Standalone
from engine.elastic.labels import MANY_GROUPS
from engine.elastic.leaf import ElasticLeaf, copied


class OtherLeaf(ElasticLeaf):
    """Base of this file's."""

    def plain(self) -> nn.Module:
        """The ``torch.nn`` layer that holds a copy of the active slices."""
        raise NotImplementedError


class ElasticLayerNorm(OtherLeaf):
    """Normalises over the channels that are kept."""

    def __init__(self, origin: nn.LayerNorm) -> None:
        super().__init__()
        self.eps = origin.eps

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)

    def plain(self) -> nn.Module:
        norm = nn.LayerNorm(tuple(self.weight.shape), self.eps, bias=self.bias is not None)
        return _filled(norm, self)


class ElasticGroupNorm(OtherLeaf):
    """Few groups stay, each with fewer channels; of many, whole groups are left out."""

    def __init__(self, origin: nn.GroupNorm) -> None:
        super().__init__()
        self.eps = origin.eps
        self.fixed = origin.num_groups if origin.num_groups < MANY_GROUPS else None
        self.per_group = origin.num_channels // origin.num_groups

    @property
    def groups(self) -> int:
        return self.fixed or self.weight.shape[0] // self.per_group

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, self.groups, self.weight, self.bias, self.eps)

    def plain(self) -> nn.Module:
        return _filled(nn.GroupNorm(self.groups, self.weight.shape[0], self.eps), self)


class ElasticPReLU(OtherLeaf):
    def forward(self, x: Tensor) -> Tensor:
        return F.prelu(x, self.weight)

    def plain(self) -> nn.Module:
        return _filled(nn.PReLU(self.weight.shape[0]), self)


class ElasticTransposed(OtherLeaf):
    """A transposed convolution without groups, or of which whole groups are left out."""

    def __init__(self, origin: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.origin_groups, self.per_group = origin.groups, origin.in_channels // origin.groups
        self.kernel_size, self.stride, self.padding = origin.kernel_size, origin.stride, origin.padding
        self.output_padding, self.dilation = origin.output_padding, origin.dilation

    @property
    def groups(self) -> int:
        return 1 if self.origin_groups == 1 else self.weight.shape[0] // self.per_group

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation
        )

    def plain(self) -> nn.Module:
        plain = nn.ConvTranspose2d(
            self.weight.shape[0], self.weight.shape[1] * self.groups, self.kernel_size, self.stride, self.padding,
            self.output_padding, self.groups, self.bias is not None, self.dilation,
        )  # fmt: skip
        return _filled(plain, self)


class ElasticStandalone(OtherLeaf):
    """A parameter on its own."""

    def __init__(self, origin: Standalone) -> None:
        super().__init__()
        self.shape = origin.shape

    def forward(self) -> Tensor:
        return self.weight if self.shape is None else self.weight.reshape(self.shape)

    def plain(self) -> nn.Module:
        return PlainParameter(self.forward())


class PlainParameter(nn.Module):
    """Stands for a parameter of the extracted network until :func:`inline_all` puts it in the graph."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = copied(value)

    def forward(self) -> Tensor:
        return self.value

    def inline(self, graph: fx.Graph, node: fx.Node, constants: dict[str, Any]) -> fx.Node:
        constants[str(node.target)] = self.value
        return graph.get_attr(str(node.target))


def other_leaf(origin: nn.Module) -> OtherLeaf | None:
    """The elastic form of a module, if this file has one for it."""
    if type(origin) is nn.LayerNorm and len(origin.normalized_shape) == 1 and origin.elementwise_affine:
        return ElasticLayerNorm(origin)
    if type(origin) is nn.GroupNorm and origin.affine:
        return ElasticGroupNorm(origin)
    if type(origin) is nn.PReLU:
        return ElasticPReLU()
    if type(origin) is nn.ConvTranspose2d and (origin.groups == 1 or origin.groups >= MANY_GROUPS):
        return ElasticTransposed(origin)
    return ElasticStandalone(origin) if isinstance(origin, Standalone) else None


def _filled(module: nn.Module, leaf: ElasticLeaf) -> nn.Module:
    with torch.no_grad():
        module.weight = copied(leaf.weight)
        if leaf.bias is not None:
            module.bias = copied(leaf.bias)
    return module
