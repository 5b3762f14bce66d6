"""ONNX operators that become layers: convolutions, norms, linear layers, activations, pools, resizing."""

from collections.abc import Callable

import numpy as np
import onnx
import torch
from torch import fx, nn

from engine.prototypes.onnx_builder import Builder, UnsupportedError, operator
from engine.prototypes.onnx_file import attributes


def parameter(array: np.ndarray) -> nn.Parameter:
    """An ONNX weight as a trainable float32 parameter with memory of its own."""
    return nn.Parameter(torch.from_numpy(np.array(array, dtype=np.float32)))


def weight_of(b: Builder, node: onnx.NodeProto, position: int) -> np.ndarray | None:
    if position >= len(node.input) or not node.input[position]:
        return None
    if not b.is_constant(node.input[position]):
        raise UnsupportedError("with computed weights")
    return b.constants[node.input[position]]


def following_bias(b: Builder, output: str, size: int, shape: tuple[int, ...]) -> tuple[np.ndarray | None, str]:
    """The constant that the next node adds, when it is a bias, and the name of the sum."""
    add = b.sole_consumer(output)
    if add is None or add.op_type != "Add":
        return None, output
    other = add.input[1] if add.input[0] == output else add.input[0]
    constant = b.constants.get(other)
    if constant is None or constant.shape not in (shape, shape[1:]) or constant.size != size:
        return None, output
    b.done.add(id(add))
    return constant.reshape(-1), add.output[0]


# Convolutions


@operator("Conv")
def convolution(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    weight, bias = weight_of(b, node, 1), weight_of(b, node, 2)
    if weight is None or weight.ndim != 4:
        raise UnsupportedError("that is not over images")
    groups = options.get("group", 1)
    strides, dilations = options.get("strides", [1, 1]), options.get("dilations", [1, 1])
    kernel = weight.shape[2:]
    x, padding = padded(b, b.node(node.input[0]), options, kernel, strides, dilations)
    output = node.output[0]
    if bias is None:
        bias, output = following_bias(b, output, len(weight), (1, len(weight), 1, 1))
    module = nn.Conv2d(
        weight.shape[1] * groups, len(weight), kernel, tuple(strides), padding, tuple(dilations), groups,
        bias=bias is not None,
    )  # fmt: skip
    _fill(module, weight, bias)
    shared = ("Conv", *node.input[1:], str(sorted(options.items(), key=str)), padding)
    b.alias(output, b.layer(module, x, like=node.input[1], shared=shared))


@operator("ConvTranspose")
def transposed_convolution(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    weight, bias = weight_of(b, node, 1), weight_of(b, node, 2)
    if weight is None or weight.ndim != 4:
        raise UnsupportedError("that is not over images")
    if "output_shape" in options or options.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise UnsupportedError("with automatic padding")
    top, left, bottom, right = options.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        raise UnsupportedError("with uneven padding")
    groups = options.get("group", 1)
    module = nn.ConvTranspose2d(
        len(weight), weight.shape[1] * groups, weight.shape[2:], tuple(options.get("strides", [1, 1])),
        (top, left), tuple(options.get("output_padding", [0, 0])), groups, bias is not None,
        tuple(options.get("dilations", [1, 1])),
    )  # fmt: skip
    _fill(module, weight, bias)
    b.alias(node.output[0], b.layer(module, b.node(node.input[0]), like=node.input[1]))


def _fill(module: nn.Module, weight: np.ndarray, bias: np.ndarray | None) -> None:
    module.weight = parameter(weight)
    if bias is not None:
        module.bias = parameter(bias.reshape(-1))


def padded(
    b: Builder,
    x: fx.Node,
    options: dict,
    kernel: tuple[int, ...],
    strides: list[int],
    dilations: list[int],
    value: float = 0.0,
) -> tuple[fx.Node, tuple[int, int]]:
    """The input, padded by its own layer where sides differ, and the padding left to the operator."""
    pads = list(options.get("pads", [0, 0, 0, 0]))
    automatic = options.get("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        sizes = b.value(x).shape[2:]
        for axis in range(2):
            reach = dilations[axis] * (kernel[axis] - 1) + 1
            total = max((-(-sizes[axis] // strides[axis]) - 1) * strides[axis] + reach - sizes[axis], 0)
            small, large = total // 2, total - total // 2
            pads[axis], pads[axis + 2] = (small, large) if automatic == "SAME_UPPER" else (large, small)
    top, left, bottom, right = pads
    if (top, left) == (bottom, right) and value == 0.0:
        return x, (top, left)
    if (top, left) == (bottom, right) and top <= kernel[0] // 2 and left <= kernel[1] // 2:
        return x, (top, left)  # max pooling pads with -inf by itself, up to half its kernel
    sides = (left, right, top, bottom)
    layer = nn.ZeroPad2d(sides) if value == 0.0 else nn.ConstantPad2d(sides, value)
    return b.layer(layer, x), (0, 0)


# Norms and linear layers


@operator("BatchNormalization")
def batch_norm(b: Builder, node: onnx.NodeProto) -> None:
    scale, bias, mean, variance = (weight_of(b, node, position) for position in (1, 2, 3, 4))
    if scale is None or bias is None or mean is None or variance is None:
        raise UnsupportedError("without statistics")
    x = b.node(node.input[0])
    kind = nn.BatchNorm2d if b.value(x).dim() == 4 else nn.BatchNorm1d
    module = kind(scale.size, eps=attributes(node).get("epsilon", 1e-5))
    _fill(module, scale, bias)
    module.running_mean = parameter(mean).data
    module.running_var = parameter(variance).data
    b.norms_found += 1
    shared = ("BatchNormalization", *node.input[1:])
    b.alias(node.output[0], b.layer(module, x, like=node.input[1], shared=shared))


@operator("LayerNormalization")
def layer_norm(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    scale, bias = weight_of(b, node, 1), weight_of(b, node, 2)
    x = b.node(node.input[0])
    rank = b.value(x).dim()
    shape = tuple(b.value(x).shape[options.get("axis", -1) % rank :])
    if scale is None or scale.shape != shape or len(shape) == rank:
        raise UnsupportedError("without a scale for each position")
    module = nn.LayerNorm(shape, options.get("epsilon", 1e-5), bias=bias is not None)
    module.weight = parameter(scale)
    if bias is not None:
        module.bias = parameter(bias)
    b.norms_found += 1
    b.alias(node.output[0], b.layer(module, x, like=node.input[1]))


@operator("Gemm")
def gemm(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    weight, bias = weight_of(b, node, 1), weight_of(b, node, 2)
    if weight is None or options.get("transA", 0):
        raise UnsupportedError("of a transposed input")
    weight = weight if options.get("transB", 0) else weight.T
    weight = weight * np.float32(options.get("alpha", 1.0))
    if bias is not None:
        if bias.size not in (1, len(weight)):
            raise UnsupportedError("with a bias for each image")
        bias = np.broadcast_to(bias.reshape(-1) * np.float32(options.get("beta", 1.0)), (len(weight),))
    _linear(b, node, node.input[0], weight, bias, node.output[0], like=node.input[1])


@operator("MatMul")
def matmul(b: Builder, node: onnx.NodeProto) -> None:
    left, right = node.input
    if not b.is_constant(right) or b.constants[right].ndim != 2:
        b.alias(node.output[0], b.call(torch.matmul, b.node(left), b.node(right)))
        return
    weight = b.constants[right].T
    size = len(weight)
    bias, output = following_bias(b, node.output[0], size, (1, size))
    _linear(b, node, left, weight, bias, output, like=right)


def _linear(
    b: Builder,
    node: onnx.NodeProto,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray | None,
    output: str,
    like: str,
) -> None:
    module = nn.Linear(weight.shape[1], len(weight), bias=bias is not None)
    _fill(module, weight, bias)
    shared = (node.op_type, *node.input[1:], output if node.op_type == "MatMul" else "")
    b.alias(output, b.layer(module, b.node(x), like=like, shared=shared))


# Activations

PLAIN_LAYERS: dict[str, Callable[[], nn.Module]] = {
    "Relu": nn.ReLU,
    "Sigmoid": nn.Sigmoid,
    "Tanh": nn.Tanh,
    "HardSwish": nn.Hardswish,
    "Softplus": nn.Softplus,
    "Softsign": nn.Softsign,
    "Mish": nn.Mish,
    "Selu": nn.SELU,
    "GlobalAveragePool": lambda: nn.AdaptiveAvgPool2d(1),
    "GlobalMaxPool": lambda: nn.AdaptiveMaxPool2d(1),
}


@operator(*PLAIN_LAYERS)
def plain(b: Builder, node: onnx.NodeProto) -> None:
    b.alias(node.output[0], b.layer(PLAIN_LAYERS[node.op_type](), b.node(node.input[0])))


@operator("LeakyRelu", "Elu", "Celu", "Gelu", "Dropout", "Softmax", "LogSoftmax")
def with_options(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    x = b.node(node.input[0])
    axis = options.get("axis", -1 if b.opset >= 13 else 1)
    if b.opset < 13 and node.op_type.endswith("Softmax") and axis % b.value(x).dim() != b.value(x).dim() - 1:
        raise UnsupportedError("over several axes")
    ratio = b.constants.get(node.input[1], 0.5) if len(node.input) > 1 and node.input[1] else options.get("ratio", 0.5)
    module: nn.Module = {
        "LeakyRelu": lambda: nn.LeakyReLU(options.get("alpha", 0.01)),
        "Elu": lambda: nn.ELU(options.get("alpha", 1.0)),
        "Celu": lambda: nn.CELU(options.get("alpha", 1.0)),
        "Gelu": lambda: nn.GELU(options.get("approximate", "none")),
        "Dropout": lambda: nn.Dropout(float(ratio)),
        "Softmax": lambda: nn.Softmax(axis),
        "LogSoftmax": lambda: nn.LogSoftmax(axis),
    }[node.op_type]()
    b.alias(node.output[0], b.layer(module, x))


@operator("PRelu")
def prelu(b: Builder, node: onnx.NodeProto) -> None:
    slope = weight_of(b, node, 1)
    x = b.node(node.input[0])
    if slope is None or slope.size not in (1, b.value(x).shape[1]) or slope.size not in slope.shape:
        raise UnsupportedError("with a slope for each position")
    module = nn.PReLU(slope.size)
    module.weight = parameter(slope.reshape(-1))
    b.alias(node.output[0], b.layer(module, x, like=node.input[1]))


@operator("HardSigmoid")
def hard_sigmoid(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    alpha, beta = options.get("alpha", 0.2), options.get("beta", 0.5)
    x = b.node(node.input[0])
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        b.alias(node.output[0], b.layer(nn.Hardsigmoid(), x))
        return
    scaled = b.call(torch.add, b.call(torch.mul, x, alpha), beta)
    b.alias(node.output[0], b.layer(nn.Hardtanh(0.0, 1.0), scaled))


@operator("Clip")
def clip(b: Builder, node: onnx.NodeProto) -> None:
    low, high = (b.option(node, name, position) for name, position in (("min", 1), ("max", 2)))
    low = float("-inf") if low is None else float(low)
    high = float("inf") if high is None else float(high)
    if low == 0 and high >= 3e38:
        module: nn.Module = nn.ReLU()
    elif (low, high) == (0, 6):
        module = nn.ReLU6()
    else:
        module = nn.Hardtanh(low, high)
    b.alias(node.output[0], b.layer(module, b.node(node.input[0])))


# Pools and resizing


@operator("MaxPool", "AveragePool")
def pool(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    kernel = tuple(options["kernel_shape"])
    if len(kernel) != 2 or len(node.output) > 1:
        raise UnsupportedError("that is not over images, or asks for indices")
    strides, dilations = options.get("strides", [1, 1]), options.get("dilations", [1, 1])
    ceil = bool(options.get("ceil_mode", 0))
    x = b.node(node.input[0])
    if node.op_type == "MaxPool":
        x, padding = padded(b, x, options, kernel, strides, dilations, value=float("-inf"))
        module: nn.Module = nn.MaxPool2d(kernel, tuple(strides), padding, tuple(dilations), ceil_mode=ceil)
    else:
        if tuple(dilations) != (1, 1):
            raise UnsupportedError("with dilation")
        counted = bool(options.get("count_include_pad", 0))
        before = x
        x, padding = padded(b, x, options, kernel, strides, dilations)
        if x is not before and not counted:
            raise UnsupportedError("with uneven padding that isn't counted")
        module = nn.AvgPool2d(kernel, tuple(strides), padding, ceil, counted)
    b.alias(node.output[0], b.layer(module, x))


@operator("Resize", "Upsample")
def resize(b: Builder, node: onnx.NodeProto) -> None:
    options = attributes(node)
    x = b.node(node.input[0])
    shape = b.value(x).shape
    newer = node.op_type == "Resize" and b.opset >= 11
    scales = b.option(node, "scales", 2 if newer else 1)
    sizes = b.option(node, "sizes", 3) if newer else None
    if sizes is not None and sizes.size:
        scales = np.asarray(sizes, dtype=np.float64) / np.array(shape)
    if scales is None or scales.size != 4 or tuple(scales[:2]) != (1, 1):
        raise UnsupportedError("of other axes than height and width")
    factors = (float(scales[2]), float(scales[3]))
    place = options.get("coordinate_transformation_mode", "half_pixel" if newer else "asymmetric")
    mode = options.get("mode", "nearest")
    if mode == "nearest":
        exact = place == "half_pixel" and options.get("nearest_mode", "round_prefer_floor") != "floor"
        module = nn.Upsample(scale_factor=factors, mode="nearest-exact" if exact else "nearest")
    elif mode == "linear":
        module = nn.Upsample(scale_factor=factors, mode="bilinear", align_corners=place == "align_corners")
    else:
        raise UnsupportedError(f"with mode {mode}")
    b.alias(node.output[0], b.layer(module, x))
