"""Do the labels tell the truth? Random channels are left out, and every value's size is compared with its labels.

This is the net under all rules: where an operation's sizes don't follow, it is named, and what it touches is frozen.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from engine.elastic.follow import channel_axis
from engine.elastic.followers import Follower
from engine.elastic.labels import Labelling, LeafLabels
from engine.elastic.leaves import Statistics, elastic_leaf
from engine.elastic.operations import operation_name
from engine.elastic.union import FROZEN

TRIALS = 3


def find_disagreement(graph_module: fx.GraphModule, labelling: Labelling) -> dict[str, str]:
    """Run random sets of channels.

    Returns:
        The first node whose value has other sizes than its labels say, with the reason; empty when all agree.
    """
    rng = np.random.default_rng(0)
    roots = labelling.union.all_roots()
    for _ in range(TRIALS):
        trial = _Trial(graph_module, labelling, roots, _some_classes(labelling, roots, rng))
        found = trial.disagreement()
        if found:
            return found
    return {}


def _some_classes(labelling: Labelling, roots: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each class is kept; every dimension of every leaf keeps at least one."""
    kept = rng.random(roots.size) < rng.uniform(0.3, 0.9)
    kept[FROZEN] = True
    for leaf in labelling.leaves.values():
        for labels in (leaf.out, leaf.inp):
            if labels is not None and not kept[roots[labels]].any():
                kept[roots[rng.choice(labels)]] = True
    return kept


class _Disagreement(Exception):
    def __init__(self, node: fx.Node) -> None:
        super().__init__(node.name)
        self.node = node


class _Trial(fx.Interpreter):
    def __init__(self, graph_module: fx.GraphModule, labelling: Labelling, roots: np.ndarray, kept: np.ndarray) -> None:
        super().__init__(graph_module)
        self.graph_module, self.labelling = graph_module, labelling
        self.roots, self.kept = roots, kept
        self.statistics = Statistics()
        self.expected = {
            node: [
                self._expected(part, full) for part, full in zip(_tensors(v), _tensors(node.meta["value"]), strict=True)
            ]
            for node, v in labelling.values.items()
        }

    def disagreement(self) -> dict[str, str]:
        """The first node that disagrees, with the reason."""
        image = next(n for n in self.graph_module.graph.nodes if n.op == "placeholder").meta["value"]
        try:
            with torch.no_grad():
                self.run(torch.zeros(image.shape))
        except _Disagreement as found:
            return {found.node.name: f"the sizes of '{_name(found.node)}' don't follow when channels are left out"}
        finally:
            for module in self.graph_module.modules():
                if isinstance(module, Follower):
                    module.set(None)
        return {}

    def run_node(self, node: fx.Node) -> Any:
        if node.op == "output":
            return super().run_node(node)
        try:
            value = super().run_node(node)
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            raise _Disagreement(node) from error
        if [tuple(part.shape) for part in _tensors(value)] != self.expected[node]:
            raise _Disagreement(node)
        return value

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        module = self.graph_module.get_submodule(target)
        leaf = self.labelling.leaves.get(target)
        if leaf is None:
            return super().call_module(target, args, kwargs)
        if isinstance(module, Follower):
            kept_out = self._along(leaf.out)
            kept_in = kept_out if leaf.inp is None else self._along(leaf.inp)
            module.set(module.setting(kept_in, kept_out, torch.device("cpu")))
            return module(*args, **kwargs)
        if not list(module.parameters()):
            return super().call_module(target, args, kwargs)
        elastic = elastic_leaf(module, self.statistics)
        for name, parameter in module.named_parameters():
            elastic.set_slice(name, torch.zeros(self._sliced(leaf, name, parameter)))
        return elastic(*args, **kwargs)

    def _sliced(self, leaf: LeafLabels, name: str, parameter: Tensor) -> list[int]:
        shape = list(parameter.shape)
        for axis, side in enumerate(leaf.sides(name)):
            if side is not None and axis < len(shape):
                labels = leaf.out if side == "out" else leaf.inp
                assert labels is not None
                count = self._along(labels).size
                shape[axis] = count // leaf.in_groups if side == "in" else count
        return shape

    def _along(self, labels: np.ndarray) -> np.ndarray:
        return np.flatnonzero(self.kept[self.roots[labels]])

    def _expected(self, labels: Tensor, full: Tensor) -> tuple[int, ...]:
        shape = list(full.shape)
        axis = channel_axis(labels, self.roots)
        if axis is not None and axis >= 0:
            first = labels.movedim(axis, 0).reshape(shape[axis], -1)[:, 0].numpy()
            shape[axis] = self._along(first).size
        return tuple(shape)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [v for v in value if isinstance(v, Tensor)] if isinstance(value, tuple | list) else []


def _name(node: fx.Node) -> str:
    return str(node.target) if node.op == "call_module" else operation_name(node)
