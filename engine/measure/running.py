"""A network made ready to take one image at a time on this machine, for what is timed or metered."""

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import fx, nn

from engine.export import contents
from engine.export import onnx as float_onnx

THREADS = 1  # one thread: the figure is steady, and comparable between machines with other core counts

Run = Callable[[], None]  # takes one image through, and returns when that is done


def onnx_runner(model: Path | bytes, input_shape: tuple[int, ...]) -> Run:
    """Runs an ONNX file, or its bytes, that takes float32 1×C×H×W, in ONNX Runtime's CPU provider."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random((1, *input_shape), dtype=np.float32)
    feed = {session.get_inputs()[0].name: image}

    def run() -> None:
        session.run(None, feed)

    return run


def cuda_runner(module: nn.Module, input_shape: tuple[int, ...]) -> Run:
    """Runs a network on the GPU, in torch."""
    network = copy.deepcopy(module).cuda().eval()
    image = torch.rand(1, *input_shape, device="cuda")

    @torch.no_grad()
    def run() -> None:
        network(image)
        torch.cuda.synchronize()

    return run


def runner_on(device: str, module: fx.GraphModule, input_shape: tuple[int, int, int]) -> Run:
    """Runs a drawn network on ``cuda``, or on ``cpu`` as the ONNX file that it becomes.

    Raises:
        RuntimeError: It can't be written as ONNX.
    """
    if device == "cuda":
        return cuda_runner(module, input_shape)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "network.onnx"
        float_onnx.write(module, path, contents(module, {}, input_shape), input_shape)
        return onnx_runner(path, input_shape)
