"""ONNX operators that compute element by element or move data: sums, products, reshapes, slices,
concatenation.

They are written so that they still hold when a layer before them loses channels: sizes are read from the
tensor or left open, and a channel shuffle is recognised as one.
"""

import math
import operator as op
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import fx, nn

from engine.prototypes.onnx_builder import Builder, UnsupportedError, operator
from engine.prototypes.onnx_file import attributes

BINARY = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "Pow": torch.pow,
          "Max": torch.maximum, "Min": torch.minimum}  # fmt: skip
UNARY = {"Sqrt": torch.sqrt, "Exp": torch.exp, "Log": torch.log, "Abs": torch.abs, "Neg": torch.neg,
         "Erf": torch.erf, "Reciprocal": torch.reciprocal}  # fmt: skip


@operator(*BINARY, "Sum")
def binary(b: Builder, node: onnx.NodeProto) -> None:
    function = BINARY.get(node.op_type, torch.add)
    result = operand(b, node.input[0])
    for name in node.input[1:]:
        result = _in_order(b, function, result, operand(b, name))
    assert isinstance(result, fx.Node)
    b.alias(node.output[0], result)


def operand(b: Builder, name: str) -> fx.Node | float:
    """A value, or a plain number where it is a constant of one element."""
    if b.is_constant(name) and b.constants[name].size == 1:
        return float(b.constants[name].reshape(()))
    return b.node(name)


def _in_order(b: Builder, function: Any, left: fx.Node | float, right: fx.Node | float) -> fx.Node:
    if isinstance(left, fx.Node) and (isinstance(right, fx.Node) or function not in (torch.maximum, torch.minimum)):
        return b.call(function, left, right)
    if function in (torch.maximum, torch.minimum):
        value, bound = (left, right) if isinstance(left, fx.Node) else (right, left)
        return b.call(torch.clamp, value, **{"min" if function is torch.maximum else "max": bound})
    symbols = {
        torch.add: op.add,
        torch.sub: op.sub,
        torch.mul: op.mul,
        torch.div: op.truediv,
        torch.pow: op.pow,
    }
    return b.call(symbols[function], left, right)


@operator(*UNARY)
def unary(b: Builder, node: onnx.NodeProto) -> None:
    b.norms_found += node.op_type == "Sqrt"  # a norm, spelled out
    b.alias(node.output[0], b.call(UNARY[node.op_type], b.node(node.input[0])))


@operator("Identity")
def identity(b: Builder, node: onnx.NodeProto) -> None:
    b.alias(node.output[0], b.node(node.input[0]))


@operator("Cast")
def cast(b: Builder, node: onnx.NodeProto) -> None:
    if attributes(node)["to"] != onnx.TensorProto.FLOAT:
        raise UnsupportedError("to another type than float32")
    b.alias(node.output[0], b.node(node.input[0]))


@operator("ReduceMean")
def reduce_mean(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    rank = b.value(x).dim()
    chosen = b.option(node, "axes", 1)
    axes = sorted(int(axis) % rank for axis in (range(rank) if chosen is None else chosen.reshape(-1)))
    keep = bool(attributes(node).get("keepdims", 1))
    if axes[0] == 0:
        raise UnsupportedError("over the batch")
    if rank == 4 and axes == [2, 3]:
        pooled = b.layer(nn.AdaptiveAvgPool2d(1), x)
        b.alias(node.output[0], pooled if keep else b.layer(nn.Flatten(1), pooled))
    else:
        b.alias(node.output[0], b.call(torch.mean, x, axes, keep))


@operator("Concat")
def concat(b: Builder, node: onnx.NodeProto) -> None:
    parts = [b.node(name) for name in node.input]
    axis = attributes(node)["axis"] % b.value(parts[0]).dim()
    if axis == 0:
        raise UnsupportedError("along the batch")
    b.alias(node.output[0], b.call(torch.cat, parts, axis))


@operator("Pad")
def pad(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    rank = b.value(x).dim()
    pads = b.option(node, "pads", 1)
    axes = b.option(node, "axes", 3, np.arange(rank))
    value = b.option(node, "value", 2)
    mode = attributes(node).get("mode", "constant")
    before, after = np.zeros(rank, dtype=int), np.zeros(rank, dtype=int)
    before[axes], after[axes] = np.split(np.asarray(pads), 2)
    sides = tuple(int(side) for axis in reversed(range(rank)) for side in (before[axis], after[axis]))
    if rank == 4 and not any(sides[4:]):
        layers = {
            "constant": lambda: nn.ConstantPad2d(sides[:4], 0.0 if value is None else float(value)),
            "reflect": lambda: nn.ReflectionPad2d(sides[:4]),
            "edge": lambda: nn.ReplicationPad2d(sides[:4]),
        }
        if mode not in layers:
            raise UnsupportedError(f"with mode {mode}")
        b.alias(node.output[0], b.layer(layers[mode](), x))
    elif mode == "constant" and not any(sides[-2:]):
        b.alias(node.output[0], b.call(F.pad, x, list(sides), "constant", 0.0 if value is None else float(value)))
    else:
        raise UnsupportedError("of the batch")


# Shapes


@operator("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def reshape(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    before = tuple(b.value(x).shape)
    after = _target_shape(b, node, before)
    if after[:1] != before[:1]:
        raise UnsupportedError(f"from {_shape(before)} to {_shape(after)}, which doesn't keep the batch")
    b.alias(node.output[0], _shuffled(b, x, after) or _reshaped(b, x, before, after))


def _target_shape(b: Builder, node: onnx.NodeProto, before: tuple[int, ...]) -> tuple[int, ...]:
    if node.op_type == "Flatten":
        axis = attributes(node).get("axis", 1) % len(before)
        return math.prod(before[:axis]), math.prod(before[axis:])
    if node.op_type == "Reshape":
        wanted = b.option(node, "shape", 1)
        after = [before[i] if size == 0 else int(size) for i, size in enumerate(wanted.tolist())]
        if -1 in after:
            after[after.index(-1)] = math.prod(before) // -math.prod(after)
        return tuple(after)
    chosen = b.option(node, "axes", 1)
    if node.op_type == "Squeeze":
        ones = [i for i, size in enumerate(before) if size == 1]
        axes = ones if chosen is None else [int(axis) % len(before) for axis in chosen.reshape(-1)]
        return tuple(size for i, size in enumerate(before) if i not in axes)
    rank = len(before) + chosen.size
    axes = [int(axis) % rank for axis in chosen.reshape(-1)]
    rest = iter(before)
    return tuple(1 if i in axes else next(rest) for i in range(rank))


def _reshaped(b: Builder, x: fx.Node, before: tuple[int, ...], after: tuple[int, ...]) -> fx.Node:
    """The reshape with as few fixed sizes as possible."""
    if before == after:
        return x
    start = len(after) - 1
    if len(after) < len(before) and after[:start] == before[:start] and after[start] == math.prod(before[start:]):
        return b.layer(nn.Flatten(start), x)
    if after[: len(before)] == before:
        for _ in after[len(before) :]:
            x = b.call(torch.unsqueeze, x, -1)
        return x
    if len(after) > 2 and after[1] == before[1]:
        return b.call(torch.reshape, x, (-1 if before[0] > 1 else before[0], *after[1:]))
    return b.call(torch.reshape, x, (-1, *after[1:]))


def _shuffled(b: Builder, x: fx.Node, after: tuple[int, ...]) -> fx.Node | None:
    """The channel shuffle that ends here: to groups × rest, these swapped, back to what it was.

    It is written with sizes read from the tensor, so that it holds for whatever channels there are.
    """
    if len(after) != 4 or x.target is not torch.permute or x.args[1] not in ([0, 2, 1, 3, 4], [0, 2, 1, 3]):
        return None
    grouped = x.args[0]
    assert isinstance(grouped, fx.Node)
    origin = grouped.args[0] if grouped.target is torch.reshape else None
    if not isinstance(origin, fx.Node) or tuple(b.value(origin).shape) != after:
        return None
    groups, rest_size = b.value(grouped).shape[1:3]
    if groups * rest_size != after[1]:
        return None
    batch, channels, height, width = (b.call("size", origin, axis) for axis in range(4))
    rest = b.call(op.floordiv, channels, groups)
    grouped = b.call("reshape", origin, batch, groups, rest, height, width)
    return b.call(torch.flatten, b.call(torch.transpose, grouped, 1, 2), 1, 2)


@operator("Transpose")
def transpose(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    order = attributes(node).get("perm", list(reversed(range(b.value(x).dim()))))
    if order[0] != 0:
        raise UnsupportedError("of the batch")
    b.alias(node.output[0], b.call(torch.permute, x, list(order)))


@operator("Split")
def split(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    axis = attributes(node).get("axis", 0) % b.value(x).dim()
    if axis == 0:
        raise UnsupportedError("of the batch")
    size = b.value(x).shape[axis]
    sizes = b.option(node, "split", 1)
    count = len(node.output)
    if sizes is None or (len(set(sizes.tolist())) == 1 and size == sizes[0] * count):
        pieces = b.call(torch.chunk, x, count, axis)
    else:
        pieces = b.call(torch.split, x, [int(s) for s in sizes], axis)
    for i, name in enumerate(node.output):
        b.alias(name, b.call(op.getitem, pieces, i))


@operator("Slice")
def slice_(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    shape = b.value(x).shape
    starts, ends = b.option(node, "starts", 1), b.option(node, "ends", 2)
    axes = b.option(node, "axes", 3, np.arange(len(starts)))
    steps = b.option(node, "steps", 4, np.ones(len(starts), dtype=int))
    index = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step < 1:
            raise UnsupportedError("backwards")
        first, last, stride = slice(int(start), int(end), int(step)).indices(shape[int(axis)])
        index[int(axis)] = (
            slice(first, last, stride) if (first, last, stride) != (0, shape[int(axis)], 1) else slice(None)
        )
    if index[0] != slice(None):
        raise UnsupportedError("of the batch")
    cut = [axis for axis, part in enumerate(index) if part != slice(None)]
    if not cut:
        b.alias(node.output[0], x)
        return
    if cut == [1] and index[1].step == 1:
        width = index[1].stop - index[1].start
        if width and shape[1] % width == 0 and index[1].start % width == 0:
            # One of several equal parts: a chunk goes on being one when channels are left out.
            pieces = b.call(torch.chunk, x, shape[1] // width, 1)
            b.alias(node.output[0], b.call(op.getitem, pieces, index[1].start // width))
            return
    b.alias(node.output[0], b.call(op.getitem, x, tuple(index)))


@operator("Gather")
def gather(b: Builder, node: onnx.NodeProto) -> None:
    x = b.node(node.input[0])
    axis = attributes(node).get("axis", 0) % b.value(x).dim()
    index = b.constants.get(node.input[1])
    if axis == 0 or index is None or index.ndim > 1:
        raise UnsupportedError("of the batch, or by a computed index")
    if index.ndim == 0:
        b.alias(node.output[0], b.call(torch.select, x, axis, int(index)))
    else:
        places = b.node(node.input[1])
        b.alias(node.output[0], b.call(torch.index_select, x, axis, places))


def _shape(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))
