"""Rewrites the data movement of a labelled graph so that its sizes follow what is kept.

In a design, a value keeps its labelled channels along one axis, in order. Whatever picks channels by place (a chunk, a
slice, the reshapes and transpositions of a shuffle) becomes a :class:`Select`, found by running it on positions; a
reshape to fixed sizes becomes a :class:`Resize`.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from engine.elastic.followers import Follower, Resize, Select
from engine.elastic.label_tensors import thin
from engine.elastic.labels import Labelling, run_movement
from engine.elastic.operations import JOINING_NAMES, MOVEMENT_NAMES, RESHAPE_NAMES, operation_name

STEPS_BACK = 8  # operations that one shuffle may consist of


def channel_axis(labels: Tensor, roots: np.ndarray) -> int | None:
    """The axis along which a value loses channels; −1 where it loses none; None where it would take several."""
    resolved = thin(torch.from_numpy(roots)[thin(labels)])
    axes = [i for i, size in enumerate(resolved.shape) if size > 1]
    if not axes:
        return -1
    return axes[0] if len(axes) == 1 else None


def make_followers(graph_module: fx.GraphModule, labelling: Labelling) -> tuple[bool, dict[str, str]]:
    """Replace movement that has fixed sizes.

    Returns:
        Whether the graph has changed, and reasons by name for the nodes whose values can't follow.
    """
    roots = labelling.union.all_roots()
    values = labelling.values
    axes = {n: channel_axis(v, roots) for n, v in values.items() if isinstance(v, Tensor)}
    alive = {n for n, v in values.items() if isinstance(v, Tensor) and bool(torch.from_numpy(roots)[thin(v)].any())}
    changed = False
    for make in (_selection, _resize):  # what is part of a shuffle needs no sizes of its own
        for node in list(graph_module.graph.nodes):
            axis = axes.get(node)
            if node not in alive or not _moves(node) or axis is None or axis < 0:
                continue
            new = make(graph_module, node, axis, axes)
            if new is not None:
                new.meta["value"] = node.meta["value"]
                axes[new] = axis
                node.replace_all_uses_with(new)
                changed = True
        graph_module.graph.eliminate_dead_code()
    if changed:
        graph_module.delete_all_unused_submodules()
        graph_module.recompile()
    spread = [n for n in graph_module.graph.nodes if axes.get(n, -1) is None]
    reasons = {n.name: f"operation '{operation_name(n)}' mixes channels with positions" for n in spread[:1]}
    return changed, reasons


def _moves(node: fx.Node) -> bool:
    name = operation_name(node)
    return node.op in ("call_function", "call_method") and name in MOVEMENT_NAMES and name not in JOINING_NAMES


def _selection(
    graph_module: fx.GraphModule, node: fx.Node, axis: int, axes: dict[fx.Node, int | None]
) -> fx.Node | None:
    """The node as a selection from a value that it was moved from, if it is one."""
    chain: list[fx.Node] = [node]
    for _ in range(STEPS_BACK):
        sources = [n for n in chain[-1].all_input_nodes if not isinstance(n.meta["value"], int | float)]
        if len(sources) != 1 or not _moves(chain[-1]):
            return None
        source = sources[0]
        if isinstance(source.meta["value"], Tensor) and axes.get(source) == axis:
            index = _index_of(source, chain, axis)
            if index is not None:
                break
        chain.append(source)
    else:
        return None
    if np.array_equal(index, np.arange(source.meta["value"].shape[axis])):
        return source
    return _insert(graph_module, node, Select(axis, index, source.meta["value"].shape[axis]), (source,))


def _index_of(source: fx.Node, chain: list[fx.Node], axis: int) -> np.ndarray | None:
    """Which entries along ``axis`` the chain of movements picks; None when it does anything else."""
    before = source.meta["value"].shape
    after = chain[0].meta["value"].shape
    if before != (*after[:axis], before[axis], *after[axis + 1 :]):
        return None
    places = torch.arange(math.prod(before)).reshape(before)
    values: dict[fx.Node, Any] = {source: places}
    for node in reversed(chain):
        for size in node.all_input_nodes:
            values.setdefault(size, size.meta["value"])
        values[node] = run_movement(node, values)
    moved = values[chain[0]]
    stride = math.prod(before[axis + 1 :])
    index = (moved.movedim(axis, 0).flatten(1)[:, 0] // stride) % before[axis]
    return index.numpy() if torch.equal(moved, places.index_select(axis, index)) else None


def _resize(graph_module: fx.GraphModule, node: fx.Node, axis: int, axes: dict[fx.Node, int | None]) -> fx.Node | None:
    """A reshape or expansion with all its sizes given, of which the one along ``axis`` counts channels."""
    name, source = operation_name(node), node.args[0]
    if name not in RESHAPE_NAMES:
        return None
    assert isinstance(source, fx.Node)
    given: list[Any] = [*node.args[1:], *node.kwargs.values()]
    if name == "unflatten":
        dim, parts = given
        dims = source.meta["value"].dim()
        with graph_module.graph.inserting_before(node):
            around = [graph_module.graph.call_method("size", (source, i)) for i in range(dims)]
        for size in around:
            size.meta["value"] = source.meta["value"].shape[size.args[1]]
        sizes = [*around[: dim % dims], *parts, *around[dim % dims + 1 :]]
    else:
        sizes = list(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else given
    # A size that was computed from the number of channels is meant to be what it was, except along their axis.
    sizes = [s.meta["value"] if isinstance(s, fx.Node) and _counts_channels(s, axes) else s for s in sizes]
    return _insert(graph_module, node, Resize("expand" if name == "expand" else "reshape", axis), (source, *sizes))


def _counts_channels(size: fx.Node, axes: dict[fx.Node, int | None]) -> bool:
    """Whether a size is computed from one that shrinks."""
    for source in size.all_input_nodes:
        value = source.meta["value"]
        if isinstance(value, Tensor):
            dim = size.args[1]
            if operation_name(size) == "size" and isinstance(dim, int) and dim % value.dim() != axes.get(source, -1):
                continue
            return True
        if _counts_channels(source, axes):
            return True
    return False


def _insert(graph_module: fx.GraphModule, node: fx.Node, follower: Follower, arguments: tuple[Any, ...]) -> fx.Node:
    name = f"follow_{node.name}"
    graph_module.add_submodule(name, follower.eval())
    with graph_module.graph.inserting_before(node):
        return graph_module.graph.call_module(name, arguments)
