"""Prototype module -> graph of plain ``torch.nn`` leaves, with one recorded forward.

The network is run once under a recorder (see :mod:`engine.elastic.recorder`), so any control flow will do; the graph
is then run on other images, and has to give what the network gives.
"""

from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.elastic.recorder import Recorder
from engine.errors import RequestError

DIFFERENCE_ALLOWED = 1e-3


class _Values(fx.Interpreter):
    """Runs the graph once and keeps each node's value in ``node.meta["value"]``."""

    def run_node(self, node: fx.Node) -> Any:
        value = super().run_node(node)
        node.meta["value"] = value
        return value


def trace(model: nn.Module, input_shape: tuple[int, int, int], *, batch: int = 2) -> fx.GraphModule:
    """Trace ``model`` and record one forward pass.

    Args:
        model: Any module whose forward takes one float tensor batch × C × H × W. It is put in evaluation mode, and its
            in-place activations become out-of-place ones.
        input_shape: (C, H, W).
        batch: Images in the recorded pass.

    Returns:
        A graph module in evaluation mode, over the model's own layers and parameters; every node's value on the
        recorded pass is in ``node.meta["value"]``.

    Raises:
        RequestError: ``bad_prototype`` when the model doesn't accept the input, or one recorded pass can't stand for
            it: what it computes depends on what the images show, or it writes through a view.
    """
    model.eval()
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch, *input_shape, generator=generator)
    others = torch.rand(batch + 1, *input_shape, generator=generator)
    with torch.no_grad():
        try:
            with Recorder(model, images) as recorder:
                output = model(images)
        except (RuntimeError, ValueError, TypeError, AssertionError) as error:
            raise RequestError(
                "bad_prototype",
                f"The prototype doesn't accept images of {input_shape[0]}×{input_shape[1]}×{input_shape[2]} "
                f"({_first_line(error)}); use a dataset with the prototype's input size.",
                "prototype",
            ) from error
        graph_module = recorder.finish(output).eval()
        for module in graph_module.modules():
            if getattr(module, "inplace", False):
                module.inplace = False  # type: ignore[assignment]
        _check(graph_module, others, model)
        _Values(graph_module).run(torch.zeros(batch, *input_shape))
    return graph_module


def _check(graph_module: fx.GraphModule, images: Tensor, model: nn.Module) -> None:
    reason = "outputs differ"
    try:
        expected, found = model(images), graph_module(images)
        if isinstance(found, Tensor) and isinstance(expected, Tensor) and found.shape == expected.shape:
            scale = expected.abs().max().clamp_min(1e-6)
            if bool((found - expected).abs().max() <= DIFFERENCE_ALLOWED * scale):
                return
    except (RuntimeError, ValueError, TypeError) as error:
        reason = _first_line(error)
    raise RequestError(
        "bad_prototype",
        f"The prototype computes something else for other images, or for another number of them ({reason}); give one "
        "that returns one tensor, whose layers don't depend on the data, and that doesn't write into a part of a value "
        "that it uses again.",
        "prototype",
    )


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
