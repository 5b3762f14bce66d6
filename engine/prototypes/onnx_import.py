"""Imports an ONNX file as a trainable fx graph of plain ``torch.nn`` modules.

Operators become layers with the file's weights; what the file computes from shapes is evaluated while
building. The result must match ONNX Runtime before anything else happens to it. Many exporters fold batch
norms into the convolutions before them, which leaves a network that is hard to train: where a file has none
left, each convolution gets a trainable batch norm that changes nothing at first. A final softmax is taken
off, so that the output is logits.
"""

import contextlib
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, fx, nn

from engine.prototypes import onnx_layers, onnx_shapes  # noqa: F401 - they register their operators
from engine.prototypes.onnx_builder import OPERATORS, Builder, UnsupportedError
from engine.prototypes.onnx_file import attributes, image_input, listed, open_onnx, refused

FREE_SIDE = 64  # height and width of the example where the file leaves them free
FREE_BATCH = 2
TO_CHANNELS_FIRST = [0, 3, 1, 2]
DIFFERENCE_ALLOWED = 1e-4


def onnx_input_shape(path: Path) -> tuple[int | None, int | None, int | None]:
    """C, H, W that a file takes; None where it leaves one free."""
    model = open_onnx(path)
    _, shape = image_input(model)
    channels, height, width = _channels_first(model, shape)[1:]
    return channels, height, width


def import_onnx(path: Path) -> fx.GraphModule:
    """Imports a network; it is in eval mode and matches the file's outputs.

    Args:
        path: An ONNX file with one input, float32 N×C×H×W (or N×H×W×C, as Keras exports), and one output.

    Returns:
        The network, N×C×H×W in, logits out. Its ``meta`` holds ``input_shape`` (C, H, W of the example that
        it was built with), ``free_size`` (whether the file leaves height and width free), ``added_norms``
        (their names) and ``softmax``, the final layer that was taken off, if any.

    Raises:
        RequestError: The file is refused (see ``open_onnx``), has ``unsupported_operators``, or its import
        does
            not match (``import_mismatch``).
    """
    model = open_onnx(path)
    name, file_shape = image_input(model)
    shape = _channels_first(model, file_shape)
    sides = [FREE_SIDE if size is None else size for size in shape[2:]]
    image = torch.rand(shape[0] or FREE_BATCH, shape[1] or 3, *sides, generator=torch.Generator().manual_seed(0))
    builder = Builder(model, name, image)
    if shape != file_shape:
        _drop_input_transposes(builder, name)
    module = _build(builder, model)
    module.meta.update(
        input_shape=tuple(image.shape[1:]),
        free_size=None in shape[2:],
        fixed_batch=shape[0],
        channels_last=shape != file_shape,
    )
    check_import(path, module)
    module.meta["added_norms"] = [] if builder.norms_found else _add_norms(module)
    if module.meta["added_norms"]:
        check_import(path, module)
    module.meta["softmax"] = _take_off_softmax(module)
    return module


def check_import(path: Path, module: fx.GraphModule) -> float:
    """The largest difference between a file's outputs and the import's, relative to outputs above 1.

    Raises:
        RequestError: ``import_mismatch``; it is above 1e-4, or ONNX Runtime can't run the file.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    worst = 0.0
    softmax = module.meta.get("softmax")
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for batch in (module.meta["fixed_batch"],) if module.meta["fixed_batch"] else (1, 3):
            image = np.random.default_rng(batch).random((batch, *module.meta["input_shape"]), dtype=np.float32)
            fed = np.ascontiguousarray(image.transpose(0, 2, 3, 1)) if module.meta["channels_last"] else image
            (expected,) = session.run(None, {session.get_inputs()[0].name: fed})
            with torch.no_grad():
                logits = module(torch.from_numpy(image))
                measured = (softmax(logits) if softmax else logits).numpy()
            if measured.shape != expected.shape:
                raise ValueError(f"the shapes {measured.shape} and {expected.shape} differ")
            scale = max(1.0, float(np.abs(expected).max()))
            worst = max(worst, float(np.abs(measured - expected).max()) / scale)
    except Exception as error:  # ONNX Runtime raises many kinds, none of them documented
        reason = str(error).strip().splitlines()[0]
        raise refused(
            "import_mismatch", f"The network can't be run as imported ({reason}); export it again."
        ) from error
    if not worst <= DIFFERENCE_ALLOWED:
        raise refused(
            "import_mismatch",
            f"The imported network's outputs differ from the file's by {worst:.1e}; export it again with a "
            "newer opset (17 or above).",
        )
    return worst


@torch.no_grad()
def calibrate_norms(module: fx.GraphModule, images: Tensor, batch: int = 64) -> None:
    """Gives the added batch norms the statistics of real images, without changing the network's outputs.

    An added norm starts with mean 0 and variance 1, so the network is unchanged in eval mode but not in
    training mode, where a batch's own statistics count. With its running statistics measured, and scale and
    bias set to undo them, it is about unchanged in both.

    Args:
        module: From ``import_onnx``.
        images: N×C×H×W, as the network takes them.
    """
    norms = [module.get_submodule(name) for name in module.meta["added_norms"]]
    sums: dict[nn.Module, list[Tensor]] = {norm: [] for norm in norms}

    def observe(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].transpose(0, 1).flatten(1).double()
        sums[norm].append(torch.stack([torch.full((len(x),), x.shape[1]).double(), x.sum(1), (x**2).sum(1)]))

    hooks = [norm.register_forward_pre_hook(observe) for norm in norms]
    module.eval()
    try:
        for part in images.split(batch):
            module(part)
    finally:
        for hook in hooks:
            hook.remove()
    for norm, parts in sums.items():
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None and norm.running_var is not None
        count, total, squares = torch.stack(parts).sum(0)
        mean = total / count
        variance = (squares / count - mean**2).clamp_min(1e-8)
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        shift = norm.bias.double() - norm.running_mean.double() * scale
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.bias.copy_(shift + scale * mean)


def _build(builder: Builder, model: onnx.ModelProto) -> fx.GraphModule:
    unsupported: Counter[str] = Counter()
    for node in builder.operators:
        # Constants first: a bias may be computed after the layer that it belongs to. What fails here fails
        # again below, and is reported there.
        with contextlib.suppress(Exception):
            if all(builder.is_constant(name) for name in node.input if name) and builder.fold(node):
                builder.done.add(id(node))
    for node in builder.operators:
        if id(node) in builder.done:
            continue
        known = node.op_type in OPERATORS
        if not all(builder.has_value(name) for name in node.input if name):
            # Something before it is unsupported; count this one too if it is so by itself.
            unsupported.update([] if known or node.op_type in ("Shape", "Constant") else [node.op_type])
            continue
        try:
            if builder.fold(node):
                continue
            if not known:
                raise UnsupportedError("")
            OPERATORS[node.op_type](builder, node)
        except UnsupportedError as error:
            unsupported[f"{node.op_type} {error}".strip()] += 1
        except (RuntimeError, ValueError, TypeError, KeyError, IndexError, AssertionError) as error:
            raise refused(
                "bad_prototype",
                f"The operator {node.op_type} ({node.name or node.output[0]}) can't be built "
                f"({str(error).strip().splitlines()[0] if str(error) else type(error).__name__}); export the "
                "network again.",
            ) from error
    if unsupported:
        raise refused(
            "unsupported_operators",
            f"The network uses operators that can't be imported: {listed(unsupported)}; export it in "
            "float32 and eval mode with torch.onnx.export(model.eval(), (example,), 'model.onnx', "
            "opset_version=18), or replace these layers.",
        )
    return builder.finish(model.graph.output[0].name)


def _channels_first(model: onnx.ModelProto, shape: list[int | None]) -> list[int | None]:
    """The input's shape as N×C×H×W, for a file that takes N×H×W×C and turns it around first."""
    name, _ = image_input(model)
    users = [node for node in model.graph.node if name in node.input]
    turned = all(n.op_type == "Transpose" and attributes(n).get("perm") == TO_CHANNELS_FIRST for n in users)
    return [shape[i] for i in TO_CHANNELS_FIRST] if users and turned else shape


def _drop_input_transposes(builder: Builder, name: str) -> None:
    for node in builder.consumers[name]:
        builder.alias(node.output[0], builder.node(name))
        builder.done.add(id(node))


def _add_norms(module: fx.GraphModule) -> list[str]:
    """A batch norm after each convolution over more than one position, but the last layer."""
    weighted = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
    calls = [n for n in module.graph.nodes if n.op == "call_module"]
    layers = [n for n in calls if isinstance(module.get_submodule(n.target), weighted)]
    several = {name for name, count in Counter(n.target for n in layers).items() if count > 1}
    shapes = _Shapes(module).sizes(torch.zeros(2, *module.meta["input_shape"]))
    added = []
    for node in layers[:-1]:
        layer = module.get_submodule(node.target)
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) or node.target in several:
            continue
        if max(shapes[node][2:]) == 1:
            continue
        norm = nn.BatchNorm2d(layer.out_channels)
        norm.register_buffer("running_var", torch.full((layer.out_channels,), 1 - norm.eps))
        if layer.bias is not None:
            norm.bias.data.copy_(layer.bias.data)
            layer.bias = None
        target = f"{node.target.replace('.', '_')}_norm"
        module.add_module(target, norm.eval())
        with module.graph.inserting_after(node):
            after = module.graph.call_module(target, (node,))
        node.replace_all_uses_with(after, delete_user_cb=lambda user, after=after: user is not after)
        added.append(target)
    module.recompile()
    return added


class _Shapes(fx.Interpreter):
    """The shape of each node's value in one pass."""

    def sizes(self, image: Tensor) -> dict[fx.Node, torch.Size]:
        self.found: dict[fx.Node, torch.Size] = {}
        with torch.no_grad():
            self.run(image)
        return self.found

    def run_node(self, node: fx.Node) -> object:
        value = super().run_node(node)
        if isinstance(value, Tensor):
            self.found[node] = value.shape
        return value


def _take_off_softmax(module: fx.GraphModule) -> nn.Module | None:
    """Takes a final softmax off the network and returns it."""
    (output,) = (node for node in module.graph.nodes if node.op == "output")
    last = output.args[0]
    if not isinstance(last, fx.Node) or last.op != "call_module":
        return None
    softmax = module.get_submodule(last.target)
    if not isinstance(softmax, nn.Softmax | nn.LogSoftmax):
        return None
    output.args = (last.args[0],)
    module.graph.erase_node(last)
    module.delete_all_unused_submodules()
    module.recompile()
    return softmax
