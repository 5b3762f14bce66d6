"""Which operations pass channels on, move them, or combine them: the rules of :mod:`engine.elastic.labels` by name."""

from torch import fx, nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
ELEMENTWISE_MODULES = (
    nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.LeakyReLU, nn.ELU,
    nn.Hardtanh, nn.Softplus, nn.Softsign, nn.LogSigmoid, nn.Tanhshrink, nn.Threshold, nn.RReLU, nn.Mish, nn.SELU,
    nn.CELU, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout,
)  # fmt: skip
SPATIAL_MODULES = (
    nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d, nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ConstantPad2d, nn.CircularPad2d,
    nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d, nn.LPPool2d,
)  # fmt: skip
MOVEMENT_MODULES = (nn.Flatten, nn.Unflatten, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle)
ELEMENTWISE_NAMES = {
    "relu", "relu6", "hardswish", "hardsigmoid", "silu", "gelu", "sigmoid", "tanh", "leaky_relu", "elu", "dropout",
    "dropout2d", "stochastic_depth", "contiguous", "clone", "clamp", "clamp_min", "clamp_max", "clip", "neg", "float",
    "hardtanh", "mish", "abs", "sqrt", "rsqrt", "square", "pow", "exp", "log", "erf", "reciprocal", "softplus",
    "softsign", "logsigmoid", "selu", "celu", "detach", "to", "threshold", "_threshold",
}  # fmt: skip
SPATIAL_NAMES = {
    "adaptive_avg_pool2d", "avg_pool2d", "max_pool2d", "_max_pool2d", "adaptive_max_pool2d", "_adaptive_max_pool2d",
    "interpolate", "pad", "boolean_dispatch", "lp_pool2d",
}  # fmt: skip
RESHAPE_NAMES = {"view", "reshape", "unflatten", "expand"}
MOVEMENT_NAMES = RESHAPE_NAMES | {
    "flatten", "permute", "transpose", "swapaxes", "chunk", "split", "tensor_split", "cat", "concat", "concatenate",
    "getitem", "squeeze", "unsqueeze", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle",
    "stack", "unbind", "movedim", "narrow", "select", "index_select", "flip", "roll", "repeat", "expand_as", "view_as",
    "reshape_as", "repeat_interleave", "getattr", "t",
}  # fmt: skip
JOINING_NAMES = {"cat", "concat", "concatenate", "stack"}
PAIRWISE_NAMES = {"add", "sub", "mul", "div", "truediv", "multiply", "maximum", "minimum", "pow"}
SOFTMAX_NAMES = {"softmax", "log_softmax"}
REDUCTION_NAMES = {"mean", "sum", "amax", "amin", "var", "std"}


def operation_name(node: fx.Node) -> str:
    """What a function or method is called."""
    return str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", str(node.target))
