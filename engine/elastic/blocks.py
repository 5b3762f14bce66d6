"""Removable blocks: at an addition, one operand can be left out when the other still reaches the input.

For a residual addition the operand with the convolutions goes and the shortcut (identity or projection) stays.
"""

import operator
from collections import Counter
from dataclasses import dataclass

import torch
from torch import fx, nn

from engine.elastic.operations import CONVOLUTIONS

ADDITIONS = {operator.add, torch.add}


@dataclass(frozen=True)
class Block:
    """A part of the graph that can be switched off.

    Attributes:
        name: The first weighted leaf of the part; where a part within it has that name, the last one.
        addition: Name of the addition node that merges it.
        kept: Index (0 or 1) of the addition's operand that remains when the block is off.
        leaves: Names of the leaves that serve this block only.
    """

    name: str
    addition: str
    kept: int
    leaves: tuple[str, ...]


def find_blocks(graph_module: fx.GraphModule) -> list[Block]:
    """All removable blocks, in the order of the graph.

    A block is left out of the list when removing it with others would leave more unused than the blocks themselves: its
    parameters would no longer be the sum of theirs.
    """
    blocks: list[Block] = []
    kept_at: dict[fx.Node, int] = {}
    covered: set[fx.Node] = set()
    calls = Counter(str(n.target) for n in graph_module.graph.nodes if n.op == "call_module")
    for node in graph_module.graph.nodes:
        if not _is_addition(node) or len(node.args) != 2 or not all(isinstance(a, fx.Node) for a in node.args):
            continue
        values = [a.meta["value"] for a in node.args]
        if not all(isinstance(v, torch.Tensor) for v in values) or values[0].shape != values[1].shape:
            continue
        regions = [_exclusive_region(node, operand) for operand in node.args]
        leaves = [_leaves(graph_module, region) for region in regions]
        weighted = [[name for name in names if _is_weighted(graph_module, name)] for names in leaves]
        dropped = _dropped(node, weighted)
        kept = 1 - dropped
        if not weighted[dropped] or not _reaches_input(node.args[kept]):
            continue
        inside = Counter(leaves[dropped])
        if any(count < calls[name] for name, count in inside.items() if _has_parameters(graph_module, name)):
            continue  # it shares a layer with the rest of the network
        both = covered | regions[dropped]
        if _dead(graph_module.graph, {**kept_at, node: kept}) <= both:
            covered, kept_at[node] = both, kept
            first, last = weighted[dropped][0], weighted[dropped][-1]
            name = last if any(block.name == first for block in blocks) else first
            blocks.append(Block(name, node.name, kept, tuple(inside)))
    return blocks


def without_blocks(graph: fx.Graph, removed: list[Block]) -> fx.Graph:
    """A copy of ``graph`` in which the removed blocks' additions are replaced by the kept operand."""
    copy = fx.Graph()
    mapping: dict[fx.Node, fx.Node] = {}
    copy.output(copy.graph_copy(graph, mapping))
    by_name = {node.name: new for node, new in mapping.items()}
    for block in removed:
        addition = by_name[block.addition]
        kept = addition.args[block.kept]
        assert isinstance(kept, fx.Node)
        addition.replace_all_uses_with(kept)
    copy.eliminate_dead_code(is_impure_node=lambda node: node.op in ("placeholder", "output"))
    return copy


def _is_addition(node: fx.Node) -> bool:
    return (node.op == "call_function" and node.target in ADDITIONS) or (
        node.op == "call_method" and node.target == "add"
    )


def _dropped(addition: fx.Node, weighted: list[list[str]]) -> int:
    """Which operand goes: the one with more layers, but no running sum where a single branch could go instead."""
    sums = [isinstance(operand, fx.Node) and _is_addition(operand) for operand in addition.args]
    for i in (0, 1):
        if sums[1 - i] and not sums[i] and weighted[i]:
            return i
    return 0 if len(weighted[0]) > len(weighted[1]) else 1


def _dead(graph: fx.Graph, kept_at: dict[fx.Node, int]) -> set[fx.Node]:
    """Nodes that nothing uses once additions pass one operand on; the additions themselves don't count."""
    alive: set[fx.Node] = set()
    waiting = [node for node in graph.nodes if node.op in ("placeholder", "output")]
    while waiting:
        node = waiting.pop()
        if node not in alive:
            alive.add(node)
            kept = kept_at.get(node)
            waiting.extend(node.all_input_nodes if kept is None else [node.args[kept]])  # type: ignore[list-item]
    return {node for node in graph.nodes if node not in alive}


def _exclusive_region(addition: fx.Node, operand: fx.Node) -> set[fx.Node]:
    """The nodes that would be dead if ``addition`` no longer used ``operand``."""
    region: set[fx.Node] = set()
    waiting = [operand]
    while waiting:
        node = waiting.pop()
        if node.op == "placeholder" or node in region:
            continue
        if all(user in region or (user is addition and node is operand) for user in node.users):
            region.add(node)
            waiting.extend(node.all_input_nodes)
    return region


def _leaves(graph_module: fx.GraphModule, region: set[fx.Node]) -> list[str]:
    return [str(n.target) for n in graph_module.graph.nodes if n in region and n.op == "call_module"]


def _is_weighted(graph_module: fx.GraphModule, name: str) -> bool:
    return type(graph_module.get_submodule(name)) in (*CONVOLUTIONS, nn.Linear)


def _has_parameters(graph_module: fx.GraphModule, name: str) -> bool:
    return any(True for _ in graph_module.get_submodule(name).parameters())


def _reaches_input(node: fx.Node) -> bool:
    seen: set[fx.Node] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.op == "placeholder":
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(current.all_input_nodes)
    return False
