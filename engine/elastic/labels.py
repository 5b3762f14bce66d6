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

FROZEN = 0
MANY_GROUPS = 4  # from here on whole convolution groups are kept or dropped; below, positions within each group


@dataclass
class LeafLabels:
    """Labels along the dimensions of one leaf's parameters (before roots are resolved).

    ``out`` labels dimension 0 of the weight; ``inp`` dimension 1 (None where that dimension never shrinks).
    """

    name: str
    kind: str
    out: np.ndarray
    inp: np.ndarray | None
    positions: int  # output positions per image that the weight is applied at (for MACs)
    in_groups: int = 1  # the input's kept channels are divided by this to give weight dimension 1


@dataclass
class Labelling:
    """What :func:`label_channels` found: each leaf's labels, and why a leaf is frozen."""

    leaves: dict[str, LeafLabels]
    frozen_because: dict[str, str]
    union: "UnionFind" = field(repr=False)


class UnionFind:
    """Disjoint sets of labels; the smallest label is the root, so that 0 always wins."""

    def __init__(self) -> None:
        self.parent: list[int] = [FROZEN]

    def birth(self, count: int) -> np.ndarray:
        start = len(self.parent)
        self.parent.extend(range(start, start + count))
        return np.arange(start, start + count)

    def find(self, label: int) -> int:
        root = label
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[label] != root:
            self.parent[label], label = root, self.parent[label]
        return root

    def join(self, first: np.ndarray, second: np.ndarray) -> None:
        pairs = np.unique(np.stack([np.ravel(first), np.ravel(second)]), axis=1)
        for a, b in pairs.T:
            root_a, root_b = self.find(int(a)), self.find(int(b))
            self.parent[max(root_a, root_b)] = min(root_a, root_b)

    def roots(self, labels: np.ndarray) -> np.ndarray:
        return np.array([self.find(int(x)) for x in labels], dtype=np.int64)


CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
ELEMENTWISE_MODULES = (
    nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.LeakyReLU, nn.ELU,
    nn.Hardtanh, nn.Softplus, nn.Mish, nn.SELU, nn.CELU, nn.Dropout, nn.Dropout1d, nn.Dropout2d,
)  # fmt: skip
SPATIAL_MODULES = (
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.ZeroPad2d, nn.ReflectionPad2d,
    nn.ReplicationPad2d, nn.ConstantPad2d, nn.Upsample, nn.LPPool2d,
)  # fmt: skip
MOVEMENT_MODULES = (nn.Flatten, nn.Unflatten, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle)
ELEMENTWISE_NAMES = {
    "relu", "relu6", "hardswish", "hardsigmoid", "silu", "gelu", "sigmoid", "tanh", "leaky_relu", "elu", "dropout",
    "dropout2d", "stochastic_depth", "contiguous", "clone", "clamp", "neg", "float", "hardtanh", "mish", "abs",
    "sqrt", "square", "pow", "detach",
}  # fmt: skip
SPATIAL_NAMES = {
    "adaptive_avg_pool2d", "avg_pool2d", "max_pool2d", "adaptive_max_pool2d", "interpolate", "pad", "boolean_dispatch",
}  # fmt: skip
MOVEMENT_NAMES = {
    "flatten", "view", "reshape", "permute", "transpose", "chunk", "split", "cat", "concat", "getitem", "squeeze",
    "unsqueeze", "unflatten", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "stack", "unbind", "movedim",
}  # fmt: skip
PAIRWISE_NAMES = {"add", "sub", "mul", "div", "truediv", "maximum", "minimum"}
REDUCTION_NAMES = {"mean", "sum", "amax"}


def operation_name(node: fx.Node) -> str:
    return node.target if node.op == "call_method" else getattr(node.target, "__name__", str(node.target))


def channel_labels(labels: Tensor) -> np.ndarray | None:
    """The labels along dimension 1, or None when they change from place to place."""
    first = labels[0]
    flat = first.reshape(first.shape[0], -1)
    if not bool((flat == flat[:, :1]).all()):
        return None
    return flat[:, 0].numpy()


class _Labeller:
    def __init__(self, graph_module: fx.GraphModule) -> None:
        self.graph_module = graph_module
        self.union = UnionFind()
        self.labels: dict[fx.Node, Any] = {}
        self.leaves: dict[str, LeafLabels] = {}
        self.reasons: dict[int, str] = {}

    def run(self) -> Labelling:
        for node in self.graph_module.graph.nodes:
            if node.op == "placeholder":
                self.labels[node] = self._all_frozen(node.meta["value"])
            elif node.op == "output":
                self._freeze_inputs(node, "it is the network's output")
            elif node.op == "get_attr":
                self.labels[node] = self._all_frozen(node.meta["value"])
            elif node.op == "call_module":
                self.labels[node] = self._module(node)
            else:
                self.labels[node] = self._operation(node)
        because = {}
        for leaf in self.leaves.values():
            if not self.union.roots(leaf.out).any():
                reasons = [self.reasons[x] for x in leaf.out.tolist() if x in self.reasons]
                because[leaf.name] = reasons[0] if reasons else "its channels are tied to channels that can't shrink"
        return Labelling(self.leaves, because, self.union)

    # --- modules -----------------------------------------------------------------------------------------------

    def _module(self, node: fx.Node) -> Any:
        module = self.graph_module.get_submodule(str(node.target))
        kind = type(module)
        source = node.args[0]
        assert isinstance(source, fx.Node)
        labels = self.labels[source]
        if kind in CONVOLUTIONS and module.padding_mode == "zeros":
            return self._convolution(node, module, labels)
        if kind is nn.Linear:
            return self._linear(node, module, labels)
        if kind in BATCH_NORMS:
            return self._norm(node, labels)
        if kind in ELEMENTWISE_MODULES:
            return labels
        if kind in SPATIAL_MODULES:
            return self._spatial(node, labels)
        if kind in MOVEMENT_MODULES:
            return module(labels)
        return self._unknown(node, f"{kind.__name__} has no rule")

    def _convolution(self, node: fx.Node, module: nn.Conv2d, labels: Tensor) -> Any:
        name, inputs = str(node.target), channel_labels(labels)
        if inputs is None:
            return self._unknown(node, "its input mixes channels and positions")
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
        positions = int(np.prod(node.meta["value"].shape[2:]))
        self._remember(LeafLabels(name, "conv", outputs, leaf_inputs, positions, in_groups))
        return self._expand_channels(outputs, node.meta["value"])

    def _linear(self, node: fx.Node, module: nn.Linear, labels: Tensor) -> Any:
        rows = labels[0].reshape(-1, labels.shape[-1])
        if not bool((rows == rows[:1]).all()):
            return self._unknown(node, "its input mixes features and positions")
        known = self.leaves.get(str(node.target))
        outputs = known.out if known else self.union.birth(module.out_features)
        positions = int(np.prod(node.meta["value"].shape[1:-1]))
        self._remember(LeafLabels(str(node.target), "linear", outputs, rows[0].numpy(), positions))
        return torch.from_numpy(outputs).expand(node.meta["value"].shape)

    def _norm(self, node: fx.Node, labels: Tensor) -> Any:
        channels = channel_labels(labels)
        if channels is None:
            return self._unknown(node, "its input mixes channels and positions")
        self._remember(LeafLabels(str(node.target), "norm", channels, None, 0))
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
        if not _holds_tensor(value):
            return value  # a size computed from shapes
        name = operation_name(node)
        tensors = [n for n in node.all_input_nodes if isinstance(self.labels.get(n), Tensor)]
        if name in ELEMENTWISE_NAMES and len(tensors) == 1:
            return self.labels[tensors[0]]
        if name in PAIRWISE_NAMES:
            return self._pairwise(node)
        if name in SPATIAL_NAMES and isinstance(value, Tensor) and len(tensors) == 1:
            return self._spatial(node, self.labels[tensors[0]])
        if name in REDUCTION_NAMES and len(tensors) == 1:
            return self._reduction(node, self.labels[tensors[0]])
        if name in MOVEMENT_NAMES:
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: self.labels[n])
            if node.op == "call_function":
                return node.target(*args, **kwargs)  # type: ignore[operator]
            method = "reshape" if name == "view" else name  # label tensors are expanded views themselves
            return getattr(args[0], method)(*args[1:], **kwargs)
        return self._unknown(node, f"operation '{name}' has no rule")

    def _pairwise(self, node: fx.Node) -> Any:
        operands = [self.labels[a] for a in node.args if isinstance(a, fx.Node) and isinstance(self.labels[a], Tensor)]
        if len(operands) == 1:
            return operands[0]  # with a plain number
        first, second = operands[:2]
        shape = node.meta["value"].shape
        for operand in (first, second):
            if operand.dim() > 1 and len(shape) == operand.dim() and operand.shape[1] != shape[1]:
                return self._unknown(node, "one value is broadcast over all channels")
            if operand.dim() != len(shape):
                return self._unknown(node, "values of different ranks are combined")
        first, second = first.expand(shape), second.expand(shape)
        pair = torch.stack([first[0], second[0]])
        if not any(first.stride()[2:]) and not any(second.stride()[2:]):  # constant over positions
            pair = pair.reshape(2, shape[1], -1)[:, :, 0]
        self.union.join(pair[0].numpy(), pair[1].numpy())
        return first

    def _spatial(self, node: fx.Node, labels: Tensor) -> Any:
        channels = channel_labels(labels)
        value = node.meta["value"]
        if channels is None or value.dim() != labels.dim() or value.shape[1] != labels.shape[1]:
            return self._unknown(node, "it works on channels and positions at once")
        return self._expand_channels(channels, value)

    def _reduction(self, node: fx.Node, labels: Tensor) -> Any:
        given: Any = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
        channels = channel_labels(labels)
        dims = [given] if isinstance(given, int) else list(given or ())
        if channels is None or not dims or any(d % labels.dim() < 2 for d in dims):
            return self._unknown(node, "it reduces over channels")
        return self._expand_channels(channels, node.meta["value"])

    # --- helpers -----------------------------------------------------------------------------------------------

    def _unknown(self, node: fx.Node, reason: str) -> Any:
        self._freeze_inputs(node, reason)
        return fx.node.map_aggregate(node.meta["value"], lambda v: self._all_frozen(v) if isinstance(v, Tensor) else v)

    def _freeze_inputs(self, node: fx.Node, reason: str) -> None:
        for source in node.all_input_nodes:
            labels = self.labels.get(source)
            for tensor in labels if isinstance(labels, tuple | list) else [labels]:
                if isinstance(tensor, Tensor):
                    found = np.unique(_compact(tensor))
                    self.union.join(found, np.full_like(found, FROZEN))
                    self.reasons.update({int(x): reason for x in found if x != FROZEN})

    @staticmethod
    def _all_frozen(value: Any) -> Any:
        return torch.full((1,), FROZEN, dtype=torch.int64).expand(value.shape) if isinstance(value, Tensor) else value

    @staticmethod
    def _expand_channels(channels: np.ndarray, value: Tensor) -> Tensor:
        shape = (1, -1) + (1,) * (value.dim() - 2)
        return torch.from_numpy(np.ascontiguousarray(channels)).reshape(shape).expand(value.shape)


def _compact(labels: Tensor) -> np.ndarray:
    """A tensor's labels; axes along which a view merely repeats itself are dropped."""
    return labels[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in labels.stride())].numpy()


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, tuple | list) and any(isinstance(v, Tensor) for v in value))


def label_channels(graph_module: fx.GraphModule) -> Labelling:
    """Label every channel of a recorded graph (see :func:`engine.elastic.trace.trace`).

    Returns:
        The leaves' labels and the reasons for what is frozen.
    """
    return _Labeller(graph_module).run()
