"""ONNX, float32, with a free batch axis; batch norms are kept as such, so that parameters can be counted.

PyTorch's TorchScript-based exporter is used: it takes 0.03 s for resnet8 and 0.6 s for resnet18 where the
newer one takes 2 s and more, names every tensor as the module does, and can leave batch norms unfused. It is
deprecated; the exact torch pin and the parity check of every export stand guard.
"""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto
from torch import nn
from torch.onnx.errors import OnnxExporterError

from engine.export.parity import Reader

SUFFIX = ".onnx"
OPSET = 17
# Where trainable parameters enter an operator; a batch norm's running statistics (3, 4) are not trainable.
PARAMETER_INPUTS = {
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (1, 2),
    "MatMul": (0, 1),
    "BatchNormalization": (1, 2),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "PRelu": (1,),
}
PASSED_THROUGH = ("Identity", "Transpose", "DequantizeLinear")


def write(
    module: nn.Module,
    path: Path,
    metadata: dict[str, str],
    input_shape: tuple[int, int, int],
    answers: tuple[str, ...] = ("logits",),
) -> None:
    """Writes ``module`` as ONNX; the same module gives the same bytes."""
    torch._C._jit_set_onnx_log_output_stream("stderr")  # a failure prints the graph; stdout is the caller's
    with warnings.catch_warnings():
        # "Deprecated" (see above), and advice about folding for networks that are exported to be trained.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message=".*constant folding be turned off")
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        try:
            torch.onnx.export(
                module,
                (torch.zeros(2, *input_shape),),
                path,
                dynamo=False,
                opset_version=OPSET,
                # Eval mode as the module is in, without fusing its batch norms.
                training=torch.onnx.TrainingMode.PRESERVE,
                input_names=["input"],
                output_names=list(answers),
                dynamic_axes={name: {0: "batch"} for name in ("input", *answers)},
            )
        except OnnxExporterError as error:
            reason = str(error).strip().splitlines()[0]
            raise RuntimeError(f"This network can't be written as ONNX ({reason}); export pt2.") from error
    model = onnx.load(path)
    _give_each_parameter_its_tensor(model)
    model.producer_name = "FermiForge"
    onnx.helper.set_model_props(model, dict(sorted(metadata.items())))
    path.write_bytes(model.SerializeToString(deterministic=True))


def reader(path: Path, module: nn.Module) -> Reader:
    """Runs the file in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: tuple(np.asarray(part) for part in session.run(None, {name: images}))


def count_parameters(path: Path) -> int:
    """Trainable parameters in an ONNX file: weights and biases of layers, scales and biases of norms."""
    graph = onnx.load(path).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    origin = {}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensors[node.output[0]] = node.attribute[0].t
        elif node.op_type in PASSED_THROUGH:
            origin[node.output[0]] = node.input[0]
    producers = {output: node.op_type for node in graph.node for output in node.output}
    used: dict[str, TensorProto] = {}

    def use(name: str) -> None:
        while name in origin:
            name = origin[name]
        if name in tensors:
            used[name] = tensors[name]

    for node in graph.node:
        for position in PARAMETER_INPUTS.get(node.op_type, ()):
            if position < len(node.input):
                use(node.input[position])
        if node.op_type == "Add" and any(producers.get(name) == "MatMul" for name in node.input):
            for name in node.input:
                use(name)
    return sum(int(np.prod(tensor.dims)) for tensor in used.values())


def _give_each_parameter_its_tensor(model: onnx.ModelProto) -> None:
    """Undoes the exporter's merging of tensors that happen to be equal, such as two batch norms' zero biases.

    Merged tensors reach their users through Identity nodes that carry the original's name.
    """
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in tensors:
            copy = TensorProto()
            copy.CopyFrom(tensors[node.input[0]])
            copy.name = node.output[0]
            tensors[copy.name] = copy
            graph.initializer.append(copy)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
