"""Prototype module -> traced graph of plain ``torch.nn`` leaves, with one recorded forward.

Symbolic tracing keeps size computations (``x.size(1) // groups``) in the graph as nodes, so that reshapes and
shuffles adapt by themselves when channels are left out.
"""

import operator
from typing import Any

import torch
from torch import fx, nn

from engine.errors import RequestError


class _Recorder(fx.Interpreter):
    """Runs the graph once and keeps each node's value in ``node.meta["value"]``."""

    def run_node(self, node: fx.Node) -> Any:
        value = super().run_node(node)
        node.meta["value"] = value
        return value


def trace(model: nn.Module, input_shape: tuple[int, int, int], *, batch: int = 2) -> fx.GraphModule:
    """Trace ``model`` and record one forward pass.

    Args:
        model: Any module whose forward takes one float tensor batch × C × H × W.
        input_shape: (C, H, W).
        batch: Images in the recorded pass.

    Returns:
        A graph module in evaluation mode; every node's value on the recorded pass is in ``node.meta["value"]``.

    Raises:
        RequestError: ``bad_prototype`` when the forward can't be traced or doesn't accept the input.
    """
    model.eval()
    if isinstance(model, fx.GraphModule):
        graph_module = fx.GraphModule(model, _copy_graph(model.graph))
    else:
        try:
            graph_module = fx.symbolic_trace(model)
        except Exception as error:
            raise RequestError(
                "bad_prototype",
                f"The prototype's forward can't be traced ({error}); remove control flow that depends on the "
                "data, or export it as ONNX and use that file.",
                "prototype",
            ) from error
    _drop_identities(graph_module)
    _make_out_of_place(graph_module)
    graph_module.eval()
    try:
        with torch.no_grad():
            _Recorder(graph_module).run(torch.zeros(batch, *input_shape))
    except (RuntimeError, ValueError, TypeError) as error:
        raise RequestError(
            "bad_prototype",
            f"The prototype doesn't accept images of {input_shape[0]}×{input_shape[1]}×{input_shape[2]} "
            f"({str(error).splitlines()[0]}); use a dataset with the prototype's input size.",
            "prototype",
        ) from error
    return graph_module


def _copy_graph(graph: fx.Graph) -> fx.Graph:
    copy = fx.Graph()
    copy.output(copy.graph_copy(graph, {}))
    return copy


def _drop_identities(graph_module: fx.GraphModule) -> None:
    for node in list(graph_module.graph.nodes):
        if node.op == "call_module" and type(graph_module.get_submodule(node.target)) is nn.Identity:
            node.replace_all_uses_with(node.args[0])
            graph_module.graph.erase_node(node)
    graph_module.recompile()


def _make_out_of_place(graph_module: fx.GraphModule) -> None:
    """An in-place operation would write into values that a removed block's neighbours still read."""
    in_place = {operator.iadd: operator.add, operator.imul: operator.mul, operator.isub: operator.sub}
    for node in graph_module.graph.nodes:
        if node.op == "call_function" and node.target in in_place:
            node.target = in_place[node.target]
        if node.op == "call_method" and node.target.endswith("_") and not node.target.startswith("__"):
            node.target = node.target.rstrip("_")
        if "inplace" in node.kwargs:
            node.kwargs = {**node.kwargs, "inplace": False}
        if node.op == "call_module":
            leaf = graph_module.get_submodule(node.target)
            if getattr(leaf, "inplace", False):
                leaf.inplace = False
    graph_module.recompile()
