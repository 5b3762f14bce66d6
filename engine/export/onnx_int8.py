"""ONNX with 8-bit weights and activations: about a quarter of the size, quantised statically by ONNX Runtime.

Batch norms are fused into their convolutions first; weights get a scale for each output channel; the ranges
of the activations come from calibration images.
"""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quant_pre_process,
    quantize_static,
)
from torch import nn

from engine.export import onnx as float_onnx
from engine.export.decoded import DECODER
from engine.export.parity import Reader

SUFFIX = ".int8.onnx"
CALIBRATION_IMAGES = 256


class _Batches(CalibrationDataReader):
    """Hands calibration images to ONNX Runtime, 32 at a time."""

    def __init__(self, images: np.ndarray) -> None:
        starts = range(0, len(images), 32)
        self._batches: Iterator[dict[str, np.ndarray]] = ({"input": images[i : i + 32]} for i in starts)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._batches, None)


def write(
    module: nn.Module,
    path: Path,
    metadata: dict[str, str],
    input_shape: tuple[int, int, int],
    answers: tuple[str, ...],
    images: np.ndarray,
) -> None:
    """Writes ``module`` quantised, all but its decoder; ``images`` are float32 N×C×H×W in [0, 1]."""
    full = path.with_suffix(".float.onnx")
    prepared = path.with_suffix(".prepared.onnx")
    float_onnx.write(module, full, metadata, input_shape, answers)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantiser logs advice through the root logger
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
            nodes = onnx.load(prepared, load_external_data=False).graph.node
            quantize_static(
                str(prepared),
                str(path),
                _Batches(images[:CALIBRATION_IMAGES]),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=[node.name for node in nodes if node.name.startswith(f"/{DECODER}/")],
            )
    finally:
        root.setLevel(level)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, dict(sorted(metadata.items())))
    path.write_bytes(model.SerializeToString(deterministic=True))


def reader(path: Path, module: nn.Module) -> Reader:
    """Runs the file in ONNX Runtime."""
    return float_onnx.reader(path, module)
