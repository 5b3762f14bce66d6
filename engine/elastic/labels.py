"""Which channels belong together: integer labels carried through the traced graph, joined by union-find.

Every channel that a convolution or linear layer produces is born with a label of its own. Additions and products
join the labels of what they combine; norms and activations pass them on; data movement (view, permute, chunk,
cat, …) needs no rule, since the real operation runs on the tensor of labels. Label 0 means *frozen*: the image's
channels, whatever reaches the output, and whatever meets an operation without a rule. An unknown operation is
therefore safe: it freezes what it touches, and the reason is kept for the user.

Legend: a label tensor has the shape of the activation that it describes, batch × channels × ….
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from engine.elastic.followers import Follower, Select
from engine.elastic.functional import Standalone
from engine.elastic.label_tensors import aligned, thin, varies
from engine.elastic.operations import (
    BATCH_NORMS,
    CONVOLUTIONS,
    ELEMENTWISE_MODULES,
    ELEMENTWISE_NAMES,
    JOINING_NAMES,
    MOVEMENT_MODULES,
    MOVEMENT_NAMES,
    PAIRWISE_NAMES,
    REDUCTION_NAMES,
    SOFTMAX_NAMES,
    SPATIAL_MODULES,
    SPATIAL_NAMES,
    operation_name,
)
from engine.elastic.union import FROZEN, UnionFind

MANY_GROUPS = 4  # from here on whole convolution groups are kept or dropped; below, positions within each
WHOLE = "its channels are all tied to one another, so none can go"


@dataclass
class LeafLabels:
    """Labels along the dimensions of one leaf's parameters (before roots are resolved).

    ``kind`` is conv, transposed, linear, norm, standalone or follower. ``out`` labels the output's channels: dimension
    0 of the weight (dimension 1 for a transposed convolution); ``inp`` the input's, along the other dimension (None
    where that dimension never shrinks).
    """

    name: str
    kind: str
    out: np.ndarray
    inp: np.ndarray | None
    positions: int  # positions per image that the weight is applied at (for MACs)
    in_groups: int = 1  # the input's kept channels are divided by this to give weight dimension 1

    def sides(self, parameter: str) -> tuple[str, str | None]:
        """Which labels lie along dimensions 0 and 1 of a parameter: "out", "in", or None where it never shrinks."""
        if parameter != "weight" or self.inp is None:
            return "out", None
        return ("in", "out") if self.kind == "transposed" else ("out", "in")


@dataclass
class Labelling:
    """What labelling found.

    Attributes:
        leaves: Each leaf's labels.
        frozen_because: Why a leaf is frozen, by its name.
        union: The sets of labels.
        values: The labels of every node's value: a tensor of labels, or a tuple of them.
    """

    leaves: dict[str, LeafLabels]
    frozen_because: dict[str, str]
    union: UnionFind = field(repr=False)
    values: dict[fx.Node, Any] = field(repr=False)


class _Labeller:
    def __init__(self, graph_module: fx.GraphModule, refused: dict[str, str]) -> None:
        self.graph_module = graph_module
        self.refused = refused
        self.union = UnionFind()
        self.labels: dict[fx.Node, Any] = {}
        self.leaves: dict[str, LeafLabels] = {}
        self.reasons: dict[int, str] = {}
        self.without_rule: dict[str, str] = {}

    def run(self) -> Labelling:
        for node in self.graph_module.graph.nodes:
            if node.op in ("placeholder", "get_attr"):
                self.labels[node] = self._all_frozen(node.meta["value"])
            elif node.op == "output":
                self._freeze_inputs(node, "it is the network's output")
            elif node.name in self.refused:
                self.labels[node] = self._unknown(node, self.refused[node.name])
                self._freeze_sizes(node, self.refused[node.name])
            elif node.op == "call_module":
                self.labels[node] = self._module(node)
            else:
                self.labels[node] = self._operation(node)
        self._freeze_single_classes()
        because, reasons = dict(self.without_rule), self.union.spread(self.reasons)
        for leaf in self.leaves.values():
            if leaf.kind != "follower" and not self.union.roots(leaf.out).any():
                mine = [reasons[x] for x in leaf.out.tolist() if x in reasons]
                because[leaf.name] = mine[0] if mine else "its channels are tied to channels that can't shrink"
        return Labelling(self.leaves, because, self.union, self.labels)

    def _freeze_single_classes(self) -> None:
        """A layer whose channels are one class keeps it in every design."""
        for leaf in self.leaves.values():
            roots = self.union.roots(leaf.out)
            if roots[0] != FROZEN and (roots == roots[0]).all():
                self.union.join(leaf.out, np.full_like(leaf.out, FROZEN))
                self.reasons.update({int(x): WHOLE if leaf.out.size > 1 else "it has one channel" for x in leaf.out})

    # --- modules -----------------------------------------------------------------------------------------------

    def _module(self, node: fx.Node) -> Any:
        module: Any = self.graph_module.get_submodule(str(node.target))
        kind = type(module)
        if isinstance(module, Standalone):
            return self._standalone(node, module)
        source = node.args[0]
        assert isinstance(source, fx.Node)
        labels = self.labels[source]
        if isinstance(module, Follower):
            return self._follower(node, module, labels)
        if kind in CONVOLUTIONS and module.padding_mode == "zeros":
            return self._convolution(node, module, labels)
        if kind is nn.ConvTranspose2d and (module.groups == 1 or module.groups >= MANY_GROUPS):
            return self._convolution(node, module, labels)
        if kind is nn.Linear:
            return self._linear(node, module, labels)
        if kind in BATCH_NORMS or (kind is nn.PReLU and module.num_parameters > 1):
            return self._norm(node, labels, 1)
        if kind is nn.PReLU or kind in ELEMENTWISE_MODULES:
            return labels
        if kind is nn.LayerNorm and len(module.normalized_shape) == 1:
            return self._norm(node, labels, labels.dim() - 1)
        if kind is nn.GroupNorm:
            return self._norm(node, labels, 1, module.num_groups)
        if kind in SPATIAL_MODULES:
            return self._spatial(node, labels)
        if kind in MOVEMENT_MODULES:
            return module(labels)
        if kind is nn.Softmax and module.dim is not None:
            return self._softmax(node, labels, module.dim)
        return self._unknown(node, f"{kind.__name__} has no rule")

    def _standalone(self, node: fx.Node, module: Standalone) -> Any:
        value = node.meta["value"]
        if module.axis is None:
            self.without_rule[str(node.target)] = "it is a parameter that the network uses whole"
            return self._all_frozen(value)
        known = self.leaves.get(str(node.target))
        born = known.out if known else self.union.birth(module.weight.numel())
        self._remember(LeafLabels(str(node.target), "standalone", born, None, 0))
        return torch.from_numpy(born).reshape(value.shape)

    def _follower(self, node: fx.Node, module: Follower, labels: Tensor) -> Any:
        moved = module.move(labels, *(self.labels[a] if isinstance(a, fx.Node) else a for a in node.args[1:]))
        inputs = self._along(labels, module.axis) if isinstance(module, Select) else None
        self._remember(LeafLabels(str(node.target), "follower", self._along(moved, module.axis), inputs, 0))
        return moved

    def _convolution(self, node: fx.Node, module: nn.Conv2d | nn.ConvTranspose2d, labels: Tensor) -> Any:
        name, inputs = str(node.target), self._along(labels, 1)
        transposed = isinstance(module, nn.ConvTranspose2d)
        out_count, groups = module.out_channels, module.groups
        known = self.leaves.get(name)
        if groups == 1:
            outputs = known.out if known else self.union.birth(out_count)
            leaf_inputs, in_groups = inputs, 1
        elif groups >= MANY_GROUPS:
            # A whole convolution group is kept or dropped: its inputs and its outputs are one class.
            grouped_in = inputs.reshape(groups, -1)
            per_out = out_count // groups
            outputs = np.repeat(grouped_in[:, 0], per_out)
            self.union.join(grouped_in, np.broadcast_to(grouped_in[:, :1], grouped_in.shape))
            leaf_inputs, in_groups = None, 1
        else:
            grouped_in = inputs.reshape(groups, -1)
            self.union.join(grouped_in, np.broadcast_to(grouped_in[:1], grouped_in.shape))
            outputs = known.out if known else np.tile(self.union.birth(out_count // groups), groups)
            leaf_inputs, in_groups = inputs, groups
        applied = labels.shape if transposed else node.meta["value"].shape
        kind = "transposed" if transposed else "conv"
        self._remember(LeafLabels(name, kind, outputs, leaf_inputs, int(np.prod(applied[2:])), in_groups))
        return self._expand_channels(outputs, node.meta["value"])

    def _linear(self, node: fx.Node, module: nn.Linear, labels: Tensor) -> Any:
        features = self._along(labels, labels.dim() - 1)
        known = self.leaves.get(str(node.target))
        outputs = known.out if known else self.union.birth(module.out_features)
        positions = int(np.prod(node.meta["value"].shape[1:-1]))
        self._remember(LeafLabels(str(node.target), "linear", outputs, features, positions))
        return torch.from_numpy(outputs).expand(node.meta["value"].shape)

    def _norm(self, node: fx.Node, labels: Tensor, axis: int, groups: int = 1) -> Any:
        channels = self._along(labels, axis)
        if groups > 1:  # a group's statistics need its channels: whole groups, or the same positions of each
            grouped = channels.reshape(groups, -1)
            first = grouped[:, :1] if groups >= MANY_GROUPS else grouped[:1]
            self.union.join(grouped, np.broadcast_to(first, grouped.shape))
        name = str(node.target)
        if any(True for _ in self.graph_module.get_submodule(name).parameters(recurse=False)) or groups > 1:
            self._remember(LeafLabels(name, "norm", channels, None, 0))
        return labels

    def _remember(self, leaf: LeafLabels) -> None:
        known = self.leaves.setdefault(leaf.name, leaf)
        if known is not leaf:  # a module called twice: one set of parameters, so one set of labels
            known.positions += leaf.positions
            self.union.join(known.out, leaf.out)
            if known.inp is not None and leaf.inp is not None:
                self.union.join(known.inp, leaf.inp)

    # --- functions and methods ---------------------------------------------------------------------------------

    def _operation(self, node: fx.Node) -> Any:
        value = node.meta["value"]
        if not holds_tensor(value):
            return value  # a size computed from shapes
        name = operation_name(node)
        tensors = [n for n in node.all_input_nodes if isinstance(self.labels.get(n), Tensor)]
        if name in PAIRWISE_NAMES and not any(isinstance(v, fx.Node) for v in node.kwargs.values()):
            return self._pairwise(node)
        if name in ELEMENTWISE_NAMES and len(tensors) == 1:
            return self.labels[tensors[0]]
        if name in SPATIAL_NAMES and isinstance(value, Tensor) and len(tensors) == 1:
            return self._spatial(node, self.labels[tensors[0]])
        if name in REDUCTION_NAMES and len(tensors) == 1:
            return self._reduction(node, self.labels[tensors[0]])
        if name in SOFTMAX_NAMES and len(tensors) == 1:
            return self._softmax(node, self.labels[tensors[0]], given_axis(node))
        if name in MOVEMENT_NAMES:
            moved = run_movement(node, self.labels)
            if name in JOINING_NAMES and isinstance(moved, Tensor):
                self._tie_joined(node)
            return moved
        return self._unknown(node, f"operation '{name}' has no rule")

    def _tie_joined(self, node: fx.Node) -> None:
        """Values put side by side along a spatial axis have to keep the same channels."""
        parts = [self.labels[part] for part in node.args[0]]  # type: ignore[union-attr, index]
        given = given_axis(node) or 0
        axes = {self._axis(part) for part in parts} - {None}
        new = operation_name(node) == "stack"
        if axes and (new or given % parts[0].dim() not in axes):
            for part in parts[1:]:
                first, second = torch.broadcast_tensors(thin(parts[0]), thin(part))
                self.union.join(first.numpy(), second.numpy())

    def _axis(self, labels: Tensor) -> int | None:
        """The axis along which labels vary, when it is the only one."""
        axes = [i for i, size in enumerate(thin(labels).shape) if size > 1]
        return axes[0] if len(axes) == 1 else None

    def _pairwise(self, node: fx.Node) -> Any:
        operands = [self.labels[a] for a in node.args if isinstance(a, fx.Node) and isinstance(self.labels[a], Tensor)]
        if len(operands) == 1:
            return operands[0]  # with a plain number
        shape = node.meta["value"].shape
        first, second = (aligned(operand, len(shape)) for operand in operands[:2])
        for axis in range(1, len(shape)):
            for whole, repeated in ((first, second), (second, first)):
                if repeated.shape[axis] < whole.shape[axis] and varies(whole, axis):
                    # One value serves every channel of the other: it stays, and the others come and go.
                    self._freeze(repeated, "it is spread over all channels of another value")
                    return whole.expand(shape)
        first, second = first.expand(shape), second.expand(shape)
        thin_first, thin_second = torch.broadcast_tensors(thin(first), thin(second))
        self.union.join(thin_first.numpy(), thin_second.numpy())
        return first

    def _spatial(self, node: fx.Node, labels: Tensor) -> Any:
        value = node.meta["value"]
        axis = (self._axis(labels) or 1) if operation_name(node) == "pad" else 1
        if not isinstance(value, Tensor) or value.dim() != labels.dim() or value.shape[axis] != labels.shape[axis]:
            return self._unknown(node, "it works on channels and positions at once")
        shape = [-1 if i == axis else 1 for i in range(value.dim())]
        return torch.from_numpy(self._along(labels, axis)).reshape(shape).expand(value.shape)

    def _reduction(self, node: fx.Node, labels: Tensor) -> Any:
        given, value = given_axis(node), node.meta["value"]
        if given is None or not isinstance(value, Tensor):
            return self._unknown(node, "it reduces everything to one number")
        reduced = {d % labels.dim() for d in ([given] if isinstance(given, int) else given)}
        if any(varies(labels, axis) for axis in reduced) and not self._tied_along(labels, reduced):
            return self._all_frozen(value)  # over all channels that are kept: nothing of them is left
        for axis in reduced:
            labels = labels.narrow(axis, 0, 1)
        return labels.reshape(value.shape)

    def _softmax(self, node: fx.Node, labels: Tensor, axis: Any) -> Any:
        if isinstance(axis, int) and (not varies(labels, axis) or self._tied_along(labels, {axis % labels.dim()})):
            return labels
        return self._unknown(node, "operation 'softmax' weighs channels against one another")

    def _tied_along(self, labels: Tensor, axes: set[int]) -> bool:
        """Tie what differs along axes, if the channels lie along another one."""
        if not any(varies(labels, axis) for axis in range(1, labels.dim()) if axis not in axes):
            return False
        every = first = thin(labels)
        for axis in axes:
            first = first.narrow(axis, 0, 1)
        every, first = torch.broadcast_tensors(every, first)
        self.union.join(every.numpy(), first.numpy())
        return True

    # --- helpers -----------------------------------------------------------------------------------------------

    def _along(self, labels: Tensor, axis: int) -> np.ndarray:
        """The labels along an axis; where they change along others, those are tied."""
        table = thin(labels).movedim(axis, 0)
        table = table.reshape(table.shape[0], -1).expand(labels.shape[axis], -1)
        if table.shape[1] > 1:
            first, every = torch.broadcast_tensors(table[:, :1], table)
            self.union.join(first.numpy(), every.numpy())
        return np.ascontiguousarray(table[:, 0].numpy())

    def _unknown(self, node: fx.Node, reason: str) -> Any:
        self._freeze_inputs(node, reason)
        if node.op == "call_module" and any(
            True for _ in self.graph_module.get_submodule(str(node.target)).parameters()
        ):
            self.without_rule[str(node.target)] = reason
        return fx.node.map_aggregate(node.meta["value"], lambda v: self._all_frozen(v) if isinstance(v, Tensor) else v)

    def _freeze_inputs(self, node: fx.Node, reason: str) -> None:
        for source in node.all_input_nodes:
            labels = self.labels.get(source)
            for tensor in labels if isinstance(labels, tuple | list) else [labels]:
                if isinstance(tensor, Tensor):
                    self._freeze(tensor, reason)

    def _freeze_sizes(self, node: fx.Node, reason: str) -> None:
        """Freeze the values whose sizes a node is given."""
        for source in node.all_input_nodes:
            if not holds_tensor(source.meta["value"]):
                self._freeze_inputs(source, reason)
                self._freeze_sizes(source, reason)

    def _freeze(self, labels: Tensor, reason: str) -> None:
        found = np.unique(thin(labels).numpy())
        self.union.join(found, np.full_like(found, FROZEN))
        self.reasons.update({int(x): reason for x in found if x != FROZEN and int(x) not in self.reasons})

    @staticmethod
    def _all_frozen(value: Any) -> Any:
        return torch.full((1,), FROZEN, dtype=torch.int64).expand(value.shape) if isinstance(value, Tensor) else value

    @staticmethod
    def _expand_channels(channels: np.ndarray, value: Tensor) -> Tensor:
        shape = (1, -1) + (1,) * (value.dim() - 2)
        return torch.from_numpy(np.ascontiguousarray(channels)).reshape(shape).expand(value.shape)


def label_graph(graph_module: fx.GraphModule, refused: dict[str, str]) -> Labelling:
    """Label every channel once.

    Args:
        graph_module: Recorded (see :func:`engine.elastic.trace.trace`).
        refused: Reasons by name for nodes whose values have to stay whole.
    """
    return _Labeller(graph_module, refused).run()


def run_movement(node: fx.Node, values: dict[fx.Node, Any]) -> Any:
    """A movement operation on other values than the recorded ones."""
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: values[n])
    if node.op == "call_function":
        return node.target(*args, **kwargs)  # type: ignore[operator]
    return getattr(args[0], str(node.target))(*args[1:], **kwargs)


def given_axis(node: fx.Node) -> Any:
    """The ``dim`` that a call gives; None where it gives none."""
    return node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)


def holds_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, tuple | list) and any(isinstance(v, Tensor) for v in value))
