"""Opens an ONNX file as data, and refuses what can't or mustn't be read, before anything is built from it."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, inliner, numpy_helper

from engine.errors import RequestError

MAX_BYTES = 2**30
MAX_NODES = 10_000
MAX_SIDE = 1024
PICKLED_ENDINGS = (
    ".pt",
    ".pth",
    ".pkl",
    ".pickle",
    ".ckpt",
    ".bin",
    ".h5",
    ".hdf5",
    ".keras",
    ".joblib",
    ".npy",
)
PICKLE_MARKS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"\x89HDF")


def refused(code: str, message: str) -> RequestError:
    """An error about the prototype's file."""
    return RequestError(code, message, "prototype.onnx")


def open_onnx(path: Path) -> onnx.ModelProto:
    """Reads and checks an ONNX file; local functions are inlined.

    Raises:
        RequestError: ``pickle_refused``, ``too_large``, ``bad_prototype`` (not ONNX), ``external_data``,
            ``too_many_nodes``, ``custom_operators`` or ``weights_not_finite``.
    """
    if not path.is_file():
        raise refused("bad_prototype", f"There is no file at {path}.")
    with path.open("rb") as stream:
        start = stream.read(4)
    if path.suffix.lower() in PICKLED_ENDINGS or start.startswith(PICKLE_MARKS):
        raise refused(
            "pickle_refused",
            f"{path.name} may hold a program (a pickle, or another framework's format) and is not opened; "
            "export "
            "the network where it was made: torch.onnx.export(model.eval(), (example,), 'model.onnx').",
        )
    if path.stat().st_size > MAX_BYTES:
        raise refused("too_large", f"{path.name} is larger than {MAX_BYTES >> 30} GiB; start from a smaller prototype.")
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError) as error:
        raise refused("bad_prototype", f"{path.name} is not an ONNX file; export the network again.") from error
    if not model.graph.node:
        raise refused("bad_prototype", f"{path.name} holds no network; export it again.")
    if any(tensor.data_location == TensorProto.EXTERNAL for tensor in _tensors(model)):
        raise refused(
            "external_data",
            f"{path.name} keeps its weights in a second file; export with external_data=False, or save with "
            "onnx.save(onnx.load(path), new_path).",
        )
    if model.functions:
        model = inliner.inline_local_functions(model)
    if len(model.graph.node) > MAX_NODES:
        raise refused(
            "too_many_nodes",
            f"{path.name} has {len(model.graph.node):,} operators; at most {MAX_NODES:,} are accepted.",
        )
    custom = Counter(n.op_type for n in model.graph.node if n.domain not in ("", "ai.onnx"))
    if custom:
        raise refused(
            "custom_operators",
            f"{path.name} uses operators outside the ONNX standard ({listed(custom)}); export the network "
            "without them.",
        )
    for value in model.graph.output:
        value.type.tensor_type.shape.SetInParent()  # many files leave it out, which only the checker minds
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = str(error).strip().splitlines()[0]
        raise refused("bad_prototype", f"{path.name} is not a valid ONNX file ({reason}).") from error
    for tensor in _tensors(model):
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind == "f" and not np.isfinite(values).all() and values.size > 1:
            raise refused(
                "weights_not_finite",
                f"{path.name} holds values that aren't finite in {tensor.name!r}; train it again, then export.",
            )
    return model


def image_input(model: onnx.ModelProto) -> tuple[str, list[int | None]]:
    """Name and shape of the one input; None where a dimension is free.

    Raises:
        RequestError: ``bad_prototype``; it is not one batch of images.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise refused(
            "bad_prototype",
            f"The network has {len(inputs)} inputs and {len(model.graph.output)} outputs; export it with "
            "one of each: images in, logits out.",
        )
    kind = inputs[0].type.tensor_type
    if kind.elem_type != TensorProto.FLOAT:
        raise refused("bad_prototype", "The network's input is not float32; export it in float32.")
    shape = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim]
    if len(shape) != 4:
        raise refused("bad_prototype", f"The network's input has {len(shape)} dimensions; it must be N×C×H×W images.")
    if any(side is not None and side > MAX_SIDE for side in shape[1:]):
        raise refused("bad_prototype", f"The network's input is larger than {MAX_SIDE} a side; export a smaller one.")
    return inputs[0].name, shape


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes as Python values; strings decoded."""
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return {name: v.decode() if isinstance(v, bytes) else v for name, v in values.items()}


def listed(counts: Counter[str]) -> str:
    """``"Erf ×3, NonZero"``."""
    return ", ".join(name + (f" ×{n}" if n > 1 else "") for name, n in sorted(counts.items()))


def _tensors(model: onnx.ModelProto) -> list[TensorProto]:
    tensors = list(model.graph.initializer)
    for node in model.graph.node:
        tensors += [a.t for a in node.attribute if a.type == onnx.AttributeProto.TENSOR]
    return tensors
