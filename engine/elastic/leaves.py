"""Elastic forms of weighted layers: the plain operation over whatever slice of the weights is active.

The leaves own no parameters: the slices are set from outside before each forward (see
:class:`engine.elastic.network.ElasticNetwork`), so a training step works on tensors of the small network's size.
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.elastic.design import DENSE, SEPARABLE
from engine.elastic.forms import FORM_PARAMETERS
from engine.elastic.labels import MANY_GROUPS
from engine.elastic.leaf import ElasticLeaf, copied
from engine.elastic.other_leaves import OtherLeaf, other_leaf

NormMode = Literal["batch", "record", "recorded"]


@dataclass
class Statistics:
    """How the batch norms of one elastic network behave at the moment; shared by all of them.

    ``batch`` normalises by the batch's own statistics, ``record`` does so and averages them into the leaf, and
    ``recorded`` normalises by that average.
    """

    mode: NormMode = "batch"


class ElasticConv(ElasticLeaf):
    """A convolution whose groups follow from what is active, in the form that is set."""

    def __init__(self, origin: nn.Conv1d | nn.Conv2d) -> None:
        super().__init__()
        self.operation = F.conv1d if isinstance(origin, nn.Conv1d) else F.conv2d
        self.stride, self.padding, self.dilation = origin.stride, origin.padding, origin.dilation
        self.form = DENSE

    def set_form(self, form: int) -> None:
        self.__dict__["form"] = form

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight if self.form == DENSE else self._composed()
        groups = x.shape[1] // weight.shape[1]
        return self.operation(x, weight, self.bias, self.stride, self.padding, self.dilation, groups)

    def _composed(self) -> Tensor:
        """The dense weight that equals both layers of the form: one call instead of two on tensors this small."""
        first, second = (self.__dict__[name] for name in FORM_PARAMETERS[self.form])
        if self.form == SEPARABLE:
            return second * first.transpose(0, 1)
        return (second.flatten(1) @ first.flatten(1)).view(second.shape[0], *first.shape[1:])


class ElasticLinear(ElasticLeaf):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class ElasticBatchNorm(ElasticLeaf):
    """Batch norm without shared running statistics: those of one width are wrong for another."""

    def __init__(self, origin: nn.BatchNorm1d | nn.BatchNorm2d, statistics: Statistics) -> None:
        super().__init__()
        self.weight = None  # type: ignore[assignment]
        self.eps = origin.eps
        self.statistics = statistics
        self.forget()

    def forget(self) -> None:
        self.batches = 0
        self.mean: Tensor | None = None
        self.variance: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        mode = self.statistics.mode
        if mode == "recorded":
            assert self.mean is not None and self.variance is not None
            return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, False, 0.0, self.eps)
        if mode == "record":
            if self.mean is None or self.variance is None:
                self.mean, self.variance = x.new_zeros(x.shape[1]), x.new_ones(x.shape[1])
            self.batches += 1  # the n-th batch weighs 1/n: in the end, all weigh the same
            return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, True, 1 / self.batches, self.eps)
        return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)


class ElasticWhole(ElasticLeaf):
    """Any other module with parameters: always whole, but trained with the rest."""

    def __init__(self, origin: nn.Module) -> None:
        super().__init__()
        self.__dict__["origin"] = origin  # not a submodule: its parameters are the network's slices
        self.names = [name for name, _ in origin.named_parameters()]

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        slices = {name: self.__dict__[name] for name in self.names}
        return torch.func.functional_call(self.__dict__["origin"], slices, args, kwargs)


def elastic_leaf(origin: nn.Module, statistics: Statistics) -> ElasticLeaf:
    """The elastic form of a module with parameters."""
    if isinstance(origin, nn.Conv1d | nn.Conv2d) and origin.padding_mode == "zeros":
        return ElasticConv(origin)
    if isinstance(origin, nn.Linear):
        return ElasticLinear()
    if isinstance(origin, nn.BatchNorm1d | nn.BatchNorm2d):
        return ElasticBatchNorm(origin, statistics)
    return other_leaf(origin) or ElasticWhole(origin)


def plain_leaf(origin: nn.Module, leaf: ElasticLeaf) -> nn.Module:
    """The plain ``torch.nn`` module that holds a copy of the active slices (and recorded statistics)."""
    plain: nn.Module
    if isinstance(leaf, ElasticConv) and leaf.form != DENSE:
        assert isinstance(origin, nn.Conv2d)
        spatial, pointwise = (leaf.__dict__[name] for name in FORM_PARAMETERS[leaf.form])
        per_group, channels = spatial.shape[1], pointwise.shape[1]
        groups = channels if leaf.form == SEPARABLE else 1
        first = nn.Conv2d(
            per_group * groups, channels, origin.kernel_size, origin.stride, origin.padding, origin.dilation, groups,
            bias=False,
        )  # fmt: skip
        second = nn.Conv2d(channels, pointwise.shape[0], 1, bias=leaf.bias is not None)
        first.weight, second.weight = copied(spatial), copied(pointwise)
        second.bias = None if leaf.bias is None else copied(leaf.bias)
        plain = nn.Sequential(first, second)
    elif isinstance(leaf, ElasticConv):
        assert isinstance(origin, nn.Conv1d | nn.Conv2d)
        out_channels, in_per_group = leaf.weight.shape[:2]
        # Of many groups whole ones were kept; of few, positions within each.
        many = origin.groups >= MANY_GROUPS
        groups = out_channels // (origin.out_channels // origin.groups) if many else origin.groups
        plain = type(origin)(
            in_per_group * groups, out_channels, origin.kernel_size, origin.stride, origin.padding, origin.dilation,
            groups, leaf.bias is not None,
        )  # fmt: skip
        plain.weight = copied(leaf.weight)
        plain.bias = None if leaf.bias is None else copied(leaf.bias)
    elif isinstance(leaf, ElasticLinear):
        plain = nn.Linear(leaf.weight.shape[1], leaf.weight.shape[0], leaf.bias is not None)
        plain.weight = copied(leaf.weight)
        plain.bias = None if leaf.bias is None else copied(leaf.bias)
    elif isinstance(leaf, ElasticBatchNorm):
        assert isinstance(origin, nn.BatchNorm1d | nn.BatchNorm2d)
        assert leaf.mean is not None and leaf.variance is not None, "statistics are recorded before extraction"
        plain = type(origin)(leaf.mean.shape[0], eps=origin.eps, momentum=origin.momentum, affine=origin.affine)
        if origin.affine:
            plain.weight = copied(leaf.weight)
            plain.bias = copied(leaf.bias)  # type: ignore[arg-type]
        plain.running_mean.copy_(leaf.mean)  # type: ignore[union-attr]
        plain.running_var.copy_(leaf.variance)  # type: ignore[union-attr]
    elif isinstance(leaf, OtherLeaf):
        plain = leaf.plain()
    else:
        assert isinstance(leaf, ElasticWhole)
        plain = copy.deepcopy(origin)
        for name in leaf.names:
            owner, _, attribute = name.rpartition(".")
            setattr(plain.get_submodule(owner), attribute, copied(leaf.__dict__[name]))
    return plain
