"""Sizes that remember where they come from.

While a network is recorded, ``x.shape`` gives numbers that are ordinary ints to the network (so that ``if`` and
``range`` work on them) and know their node in the graph. What is computed from them stays in the graph as well, so
that the recorded graph runs on images of another size.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, SupportsIndex

from torch import fx


class Size(int):
    """A whole number with its node in the graph."""

    node: fx.Node

    def __new__(cls, value: int, node: fx.Node) -> "Size":
        size = super().__new__(cls, value)
        size.node = node
        return size


class Ratio(float):
    """A quotient of sizes with its node in the graph."""

    node: fx.Node

    def __new__(cls, value: float, node: fx.Node) -> "Ratio":
        ratio = super().__new__(cls, value)
        ratio.node = node
        return ratio

    def __ceil__(self) -> Any:
        return _computed(math.ceil, self)

    def __floor__(self) -> Any:
        return _computed(math.floor, self)

    def __trunc__(self) -> Any:
        return _computed(math.trunc, self)

    def __round__(self, digits: SupportsIndex | None = None) -> Any:
        return _computed(round, self)


def plain(value: Any) -> Any:
    """The value without its history."""
    if isinstance(value, Size):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, Ratio) else value


def _computed(function: Callable[..., Any], *operands: Any) -> Any:
    node = next(o.node for o in operands if isinstance(o, Size | Ratio))
    value = function(*map(plain, operands))
    arguments = tuple(o.node if isinstance(o, Size | Ratio) else o for o in operands)
    made = node.graph.call_function(function, arguments)
    return Size(value, made) if isinstance(value, int) else Ratio(value, made)


def _arithmetic(name: str, function: Callable[..., Any]) -> None:
    def forward(self: Any, other: Any) -> Any:
        return _computed(function, self, other) if isinstance(other, int | float) else NotImplemented

    def reflected(self: Any, other: Any) -> Any:
        return _computed(function, other, self) if isinstance(other, int | float) else NotImplemented

    for kind in (Size, Ratio):
        setattr(kind, f"__{name}__", forward)
        setattr(kind, f"__r{name}__", reflected)


for _name in ("add", "sub", "mul", "floordiv", "truediv", "mod", "pow"):
    _arithmetic(_name, getattr(operator, _name))
for _kind in (Size, Ratio):
    _kind.__neg__ = lambda self: _computed(operator.neg, self)  # type: ignore[method-assign, assignment]
