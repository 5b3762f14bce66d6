"""Activation memory: the float32 activations that are alive at once while one image passes through a network.

The graph is executed node by node in its order. A buffer lives from the node that writes it to the last node that
reads it; the image and the outputs count, weights and a kernel's scratch space don't. Operations that work element by
element (norms, activations, additions) write over an operand that nothing reads afterwards, and reshapes share their
operand's buffer, as inference runtimes do. The peak over the nodes is a property of the graph, so it is the same on
every machine; what a runtime's allocator adds to it isn't counted.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.elastic.labels import operation_name

BYTES = 4  # float32
ELEMENTWISE = {
    "relu", "relu6", "hardswish", "hardsigmoid", "silu", "gelu", "sigmoid", "tanh", "leaky_relu", "elu", "dropout",
    "hardtanh", "mish", "clamp", "neg", "abs", "sqrt", "square", "pow", "add", "sub", "mul", "div", "truediv",
    "maximum", "minimum", "BatchNorm1d", "BatchNorm2d", "ReLU", "ReLU6", "Hardswish", "Hardsigmoid", "SiLU", "GELU",
    "Sigmoid", "Tanh", "LeakyReLU", "ELU", "Hardtanh", "Mish", "PReLU",
}  # fmt: skip
SHARING = {
    "flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten", "getitem", "contiguous", "detach", "Flatten",
    "Unflatten", "Identity", "Dropout", "Dropout1d", "Dropout2d",
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One operation of a graph.

    Attributes:
        node: The node that it belongs to; a sequence of convolutions in one module has one operation for each.
        operands: Indices of the operations whose values it reads.
        elements: Elements of its value.
        shares, overwrites: Whether it shares its operand's buffer, or may write over an operand's.
    """

    node: str
    operands: tuple[int, ...]
    elements: int
    shares: bool
    overwrites: bool


@dataclass(frozen=True)
class Plan:
    """What is alive when.

    Attributes:
        operations: In the order in which they run.
        live: For each operation the buffers that exist while it runs, each given as the operation that created it.
    """

    operations: tuple[Operation, ...]
    live: tuple[tuple[int, ...], ...]

    @property
    def peak_mb(self) -> float:
        """Megabytes (10^6 bytes) of float32 at the largest operation."""
        sizes = [operation.elements for operation in self.operations]
        return BYTES / 1e6 * max(sum(sizes[b] for b in live) for live in self.live)


def activation_mb(module: fx.GraphModule, input_shape: tuple[int, int, int]) -> float:
    """Peak activation memory of a network for one image of (C, H, W), in MB (10^6 bytes)."""
    return plan(module, input_shape).peak_mb


def plan(module: fx.GraphModule, input_shape: tuple[int, int, int]) -> Plan:
    """Run one image of (C, H, W) through a graph, and lay out its buffers.

    Raises:
        RuntimeError: The network doesn't take such an image.
    """
    recorder = _Recorder(module)
    with torch.no_grad():
        recorder.run(torch.zeros(1, *input_shape))
    return _lay_out(recorder.operations, recorder.kept_to_the_end)


class _Recorder(fx.Interpreter):
    """Runs a graph and lists its operations."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.operations: list[Operation] = []
        self.made_by: dict[fx.Node, int] = {}
        self.kept_to_the_end: tuple[int, ...] = ()

    def run_node(self, n: fx.Node) -> Any:
        operands = tuple(self.made_by[source] for source in n.all_input_nodes if source in self.made_by)
        layer = self.module.get_submodule(str(n.target)) if n.op == "call_module" else None
        if type(layer) is nn.Sequential:
            (value,), _ = self.fetch_args_kwargs_from_env(n)
            for part in layer:
                value = part(value)
                operands = (self._add(n, operands, value.numel(), type(part).__name__),)
            return value
        value = super().run_node(n)
        if n.op == "output":
            self.kept_to_the_end = operands
        elif n.op != "get_attr":
            parts = value if isinstance(value, tuple | list) else [value]
            elements = sum(part.numel() for part in parts if isinstance(part, Tensor))
            if elements:
                self._add(n, operands, elements, operation_name(n) if layer is None else type(layer).__name__)
        return value

    def _add(self, node: fx.Node, operands: tuple[int, ...], elements: int, name: str) -> int:
        shares = bool(operands) and name in SHARING
        self.operations.append(Operation(node.name, operands, elements, shares, name in ELEMENTWISE))
        self.made_by[node] = len(self.operations) - 1
        return self.made_by[node]


def _lay_out(operations: list[Operation], kept: tuple[int, ...]) -> Plan:
    last_read = list(range(len(operations)))
    for at, operation in enumerate(operations):
        for source in operation.operands:
            last_read[source] = at
    for source in kept:
        last_read[source] = len(operations)
    buffer: list[int] = []  # the operation that created the buffer in which each value is
    end: dict[int, int] = {}
    for at, operation in enumerate(operations):
        mine = at
        if operation.shares:
            mine = buffer[operation.operands[0]]
        elif operation.overwrites:
            over = [buffer[o] for o in operation.operands if operations[o].elements == operation.elements]
            mine = next((b for b in over if end[b] == at), at)
        buffer.append(mine)
        end[mine] = max(end.get(mine, at), last_read[at])
    live = [tuple(b for b, until in end.items() if b <= at <= until) for at in range(len(operations))]
    return Plan(tuple(operations), tuple(live))
