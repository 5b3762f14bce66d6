"""Layers without parameters whose sizes follow what a design keeps: selections of channels, and reshapes.

A chunk, a slice or a shuffle of channels is a selection by index; which entries of the index remain, and where they
are, depends on the channels that are kept. A reshape to fixed sizes has one that counts channels. Both do what the
prototype does until :meth:`Follower.set` tells them otherwise, and become plain operations in an extracted network.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

Setting = Any


class Follower(nn.Module):
    """Base: ``setting`` is what the active design asks for, None for all channels."""

    axis: int
    active: Any

    def __init__(self) -> None:
        super().__init__()
        self.__dict__["active"] = None

    def set(self, setting: Setting) -> None:
        self.__dict__["active"] = setting

    def setting(self, kept_in: np.ndarray, kept_out: np.ndarray, device: torch.device) -> Setting:
        """What a design asks for.

        Args:
            kept_in, kept_out: Indices of the channels kept along the axis, before and after, ascending.
            device: Where it will run.
        """
        raise NotImplementedError

    def move(self, labels: Tensor, *sizes: int) -> Tensor:
        """The whole operation, on labels."""
        raise NotImplementedError

    def inline(self, graph: fx.Graph, node: fx.Node, constants: dict[str, Any]) -> fx.Node:
        """Plain nodes that do what the active setting asks for; they are inserted at the graph's insertion point."""
        raise NotImplementedError


class Select(Follower):
    """Channels by index: a chunk, slice, split or shuffle.

    Args:
        axis: Of the channels.
        index: int64, which channel of the input each channel of the output is.
        full: Channels of the input.
    """

    index: Tensor

    def __init__(self, axis: int, index: np.ndarray, full: int) -> None:
        super().__init__()
        self.axis, self.full = axis, full
        self.places = index
        self.register_buffer("index", torch.from_numpy(index), persistent=False)

    def setting(self, kept_in: np.ndarray, kept_out: np.ndarray, device: torch.device) -> Setting:
        place = np.full(self.full, -1)
        place[kept_in] = np.arange(kept_in.size)
        wanted = place[self.places[kept_out]]
        if wanted.size and (np.diff(wanted) == 1).all():
            return int(wanted[0]), wanted.size  # a range is a view
        return torch.from_numpy(wanted).to(device)

    def move(self, labels: Tensor, *sizes: int) -> Tensor:
        return labels.index_select(self.axis, self.index)

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(self.active, tuple):
            return x.narrow(self.axis, *self.active)
        return x.index_select(self.axis, self.index if self.active is None else self.active)

    def inline(self, graph: fx.Graph, node: fx.Node, constants: dict[str, Any]) -> fx.Node:
        (source,) = node.args
        if isinstance(self.active, tuple):
            start, length = self.active
            return graph.call_function(torch.narrow, (source, self.axis, start, length))
        name = f"{node.name}_index"
        constants[name] = (self.index if self.active is None else self.active).clone()
        return graph.call_function(torch.index_select, (source, self.axis, graph.get_attr(name)))


class Resize(Follower):
    """A reshape or expansion to given sizes, of which one counts channels.

    Args:
        method: "reshape" or "expand".
        axis: Which of the sizes counts channels.
    """

    def __init__(self, method: str, axis: int) -> None:
        super().__init__()
        self.method, self.axis = method, axis

    def setting(self, kept_in: np.ndarray, kept_out: np.ndarray, device: torch.device) -> Setting:
        return int(kept_out.size)

    def move(self, labels: Tensor, *sizes: int) -> Tensor:
        return getattr(labels, self.method)(sizes)

    def forward(self, x: Tensor, *sizes: int) -> Tensor:
        return getattr(x, self.method)(self._followed(sizes))

    def inline(self, graph: fx.Graph, node: fx.Node, constants: dict[str, Any]) -> fx.Node:
        return graph.call_method(self.method, (node.args[0], *self._followed(node.args[1:])))

    def _followed(self, sizes: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.active is None:
            return sizes
        return (*sizes[: self.axis], self.active, *sizes[self.axis + 1 :])


def inline_all(graph: fx.Graph, modules: dict[str, Any]) -> None:
    """Replace every layer of this library in an extracted graph by plain operations.

    Args:
        graph: Changed in place.
        modules: By target; what is replaced goes, and constants are added.
    """
    for node in list(graph.nodes):
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if module is not None and hasattr(module, "inline"):
            modules.pop(str(node.target))
            with graph.inserting_before(node):
                node.replace_all_uses_with(module.inline(graph, node, modules))
            graph.erase_node(node)
