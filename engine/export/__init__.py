"""Writes a network to a file, and checks that the file computes what the network computes.

Every format keeps the contract of an exported network: the input is float32 N×C×H×W with pixels in [0, 1],
any N; the normalisation is inside; the output is logits, one set for each image or for each position of a map, or the
boxes, scores and classes of detections; task, class names and input size are in the metadata.
"""

import copy
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import nn

from engine.errors import RequestError
from engine.export import onnx, onnx_int8, pt2, safetensors
from engine.export.parity import AGREEMENT_NEEDED, DIFFERENCE_ALLOWED, agreement, largest_difference, probes

__all__ = ["FORMATS", "contents", "export_network", "suffix"]

COMPARED = 4  # images

log = logging.getLogger(__name__)

FORMATS = {"onnx": onnx, "safetensors": safetensors, "pt2": pt2, "onnx-int8": onnx_int8}


def suffix(format: str) -> str:
    """The ending of a format's files, such as ``".onnx"``."""
    return _writer(format).SUFFIX


def contents(module: nn.Module, metadata: Mapping[str, str], input_shape: tuple[int, int, int]) -> dict[str, str]:
    """All metadata of a file: what is given beside what every file holds."""
    return {
        "task": "classification",
        "input": "float32 N×C×H×W, pixels in [0, 1]; the normalisation is part of the network",
        "input_shape": "×".join(map(str, input_shape)),
        "params": str(sum(parameter.numel() for parameter in module.parameters())),
        **metadata,
    }


def export_network(
    module: nn.Module,
    format: str,
    path: Path,
    *,
    metadata: dict[str, str],
    input_shape: tuple[int, int, int],
    answers: tuple[str, ...] = ("logits",),
    calibration: np.ndarray | None = None,
) -> Path:
    """Writes ``module`` to ``path``, checked.

    Args:
        module: N×C×H×W in [0, 1] to what is answered; not changed, and exported as in eval mode.
        format: One of ``FORMATS``.
        path: Where to write; it appears only when the check has passed.
        metadata: Kept in the file beside the input's shape and note and the number of parameters; ``task`` is
            classification where it says nothing else.
        input_shape: C, H, W.
        answers: Names of the network's outputs.
        calibration: Images N×C×H×W, uint8 or float in [0, 1]: what is written is compared on a few of them, and for
            ``"onnx-int8"`` they set the ranges of the activations. A few hundred do.

    Raises:
        RequestError: There is no such format, or it needs calibration images.
        RuntimeError: The written file computes something else.
    """
    writer = _writer(format)
    module = copy.deepcopy(module).cpu().eval()
    metadata = contents(module, metadata, input_shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as scratch:
        draft = Path(scratch) / f"network{writer.SUFFIX}"
        if format == "onnx-int8":
            if calibration is None:
                raise RequestError(
                    "bad_spec", "The format onnx-int8 needs calibration images of the dataset.", "export"
                )
            images = _pixels(calibration)
            onnx_int8.write(module, draft, metadata, input_shape, answers, images)
            agreed = agreement(module, onnx_int8.reader(draft, module), images)
            log.info("%s: the int8 network agrees with the float one on %.1f %%", path.name, 100 * agreed)
            if agreed < AGREEMENT_NEEDED:
                raise RuntimeError(
                    f"After quantisation to int8 only {agreed:.0%} of the answers stay the same; export onnx instead."
                )
        else:
            writer.write(module, draft, metadata, input_shape, answers)
            seen = [] if calibration is None else [_pixels(calibration[:COMPARED])]
            difference = largest_difference(module, writer.reader(draft, module), probes(input_shape) + seen)
            log.info("%s: outputs differ from the network's by at most %.1e", path.name, difference)
            if not difference <= DIFFERENCE_ALLOWED:
                raise RuntimeError(
                    f"The {format} file's outputs differ from the network's by {difference:.1e}; "
                    f"at most {DIFFERENCE_ALLOWED:.0e} is allowed."
                )
        os.replace(draft, path)
    return path


def _pixels(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images, dtype=np.float32) / np.float32(255 if images.dtype == np.uint8 else 1)


def _writer(format: str):  # noqa: ANN202 - one of the modules in FORMATS
    if format not in FORMATS:
        known = ", ".join(FORMATS)
        raise RequestError("bad_spec", f"There is no format {format!r}; use one of {known}.", "export")
    return FORMATS[format]
