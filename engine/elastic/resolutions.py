"""Input resolutions that a network takes as it is: the same layers over a smaller image."""

import copy
import math
from collections import Counter
from typing import Any

import torch
from torch import Tensor, fx, nn

SHARES = (0.875, 0.75, 0.625, 0.5)
SMALLEST_SIDE = 4


def candidates(height: int, width: int) -> list[tuple[int, int]]:
    """Smaller input sizes to try, largest first; sides of large images are multiples of 8."""

    def side(full: int, share: float) -> int:
        step = 8 if full >= 64 else 1
        return max(SMALLEST_SIDE, step * round(full * share / step))

    found = dict.fromkeys((side(height, s), side(width, s)) for s in SHARES)
    return [size for size in found if size < (height, width)]


def shapes_of(graph_module: fx.GraphModule) -> fx.GraphModule:
    """The same graph over tensors that have shapes only: running it costs next to nothing."""
    held = [*graph_module.parameters(), *graph_module.buffers()]
    shapes: dict[int, object] = {id(t): torch.empty_like(t, device="meta") for t in held}
    for parameter in graph_module.parameters():
        shapes[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"))
    return copy.deepcopy(graph_module, shapes)


def positions_at(
    graph_module: fx.GraphModule, shape: tuple[int, int, int], device: str
) -> tuple[dict[str, int], torch.Size] | None:
    """Where each convolution and linear layer is applied when the input has another size.

    Args:
        graph_module: The network, or its :func:`shapes_of`.
        shape: (C, H, W) of the input.
        device: Where the network is.

    Returns:
        Output positions per image by leaf, and the shape of the network's output; None when the network doesn't take
        that size.
    """
    counter = _PositionCounter(graph_module)
    try:
        with torch.no_grad():
            output = counter.run(torch.zeros(2, *shape, device=device))
    except (RuntimeError, ValueError, AssertionError, NotImplementedError):
        return None
    return (dict(counter.positions), output.shape) if isinstance(output, Tensor) else None


class _PositionCounter(fx.Interpreter):
    def __init__(self, graph_module: fx.GraphModule) -> None:
        super().__init__(graph_module)
        self.positions: Counter[str] = Counter()

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        value = super().call_module(target, args, kwargs)
        if isinstance(value, Tensor):
            layer = self.fetch_attr(target)
            applied = args[0] if isinstance(layer, nn.ConvTranspose2d) else value
            self.positions[target] += math.prod(
                applied.shape[1:-1] if isinstance(layer, nn.Linear) else applied.shape[2:]
            )
        return value
