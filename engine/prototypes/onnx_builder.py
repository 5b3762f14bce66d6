"""Builds an fx graph operator by operator, with an example of every value beside it.

Each ONNX value is either a *constant* (a NumPy array: weights, and whatever can be computed from them and
from shapes) or a node of the growing graph with its *example*, the tensor that it has for one fixed input.
Examples make shape arithmetic constant: what a file computes with Shape, Gather and Concat is simply
evaluated.
"""

import keyword
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, fx, nn

from engine.prototypes.onnx_file import attributes

FOLDABLE = {
    "Abs", "Add", "Cast", "Ceil", "Concat", "ConstantOfShape", "DequantizeLinear", "Div", "Equal", "Expand",
    "Flatten", "Floor", "Gather", "Identity", "Max", "Min", "Mod", "Mul", "Neg", "Pow", "Range", "Reciprocal",
    "ReduceProd", "Reshape", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip
MAX_FOLDED = 2**27


Operator = Callable[["Builder", onnx.NodeProto], None]
OPERATORS: dict[str, Operator] = {}


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Registers a function that translates the operators of these names."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


class UnsupportedError(Exception):
    """An operator, or a form of it, that has no counterpart here; the message says which form."""


class Builder:
    """The graph under construction.

    Args:
        model: The file's content.
        input_name: The image input.
        image: An example input, batch × C × H × W.
    """

    def __init__(self, model: onnx.ModelProto, input_name: str, image: Tensor) -> None:
        self.batch = image.shape[0]
        self.opset = max(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        # Held, so that the ids of nodes stay theirs.
        self.operators = list(model.graph.node)
        for node in self.operators:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        self.outputs = {value.name for value in model.graph.output}
        self.constants: dict[str, np.ndarray] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self.done: set[int] = set()  # ids of nodes that an earlier one has taken over
        self.unsupported: Counter[str] = Counter()
        self.norms_found = 0
        self.root = nn.Module()
        self.graph = fx.Graph()
        self._numbers: Counter[str] = Counter()
        self._shared: dict[tuple[Any, ...], str] = {}
        self._nodes: dict[str, fx.Node] = {}
        self._examples: dict[fx.Node, Tensor] = {}
        placeholder = self.graph.placeholder("input")
        self._examples[placeholder] = image
        self._nodes[input_name] = placeholder

    # Reading

    def is_constant(self, name: str) -> bool:
        return name in self.constants

    def has_value(self, name: str) -> bool:
        return name in self._nodes or name in self.constants

    def node(self, name: str) -> fx.Node:
        """The graph node of a value; a constant becomes a buffer."""
        if name not in self._nodes:
            value = torch.from_numpy(np.array(self.constants[name]))
            target = self._free_name(f"constant_{re.sub(r'[^0-9A-Za-z_]', '_', name)}")
            self.root.register_buffer(target, value)
            self._nodes[name] = self.graph.get_attr(target)
            self._examples[self._nodes[name]] = value
        return self._nodes[name]

    def value(self, node: fx.Node) -> Tensor:
        """A node's value in the example."""
        return self._examples[node]

    def option(self, node: onnx.NodeProto, name: str, position: int, default: Any = None) -> Any:
        """What newer opsets take as a constant input and older ones as an attribute, as a NumPy array."""
        values = attributes(node)
        if name in values:
            return np.asarray(values[name])
        if position < len(node.input) and node.input[position]:
            if not self.is_constant(node.input[position]):
                raise UnsupportedError(f"with computed {name}")
            return self.constants[node.input[position]]
        return default

    def sole_consumer(self, name: str) -> onnx.NodeProto | None:
        """The node that alone uses a value, if there is just one and the value is no output."""
        users = self.consumers.get(name, [])
        return users[0] if len(users) == 1 and name not in self.outputs else None

    # Writing

    def alias(self, output: str, node: fx.Node) -> None:
        self._nodes[output] = node

    def call(self, function: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> fx.Node:
        """Adds a function call (or, for a string, a method call) and computes its example."""
        values = fx.map_arg((args, kwargs), lambda n: self._examples[n])
        with torch.no_grad():
            if isinstance(function, str):
                node = self.graph.call_method(function, args, kwargs)
                example = getattr(values[0][0], function)(*values[0][1:], **values[1])
            else:
                node = self.graph.call_function(function, args, kwargs)
                example = function(*values[0], **values[1])
        self._examples[node] = example
        return node

    def layer(self, module: nn.Module, x: fx.Node, *, like: str = "", shared: tuple[Any, ...] | None = None) -> fx.Node:
        """Adds a call of ``module``.

        Args:
            module: Any ``torch.nn`` leaf.
            x: Its input.
            like: A weight's name, such as ``layer1.0.conv1.weight``: the module gets the name before its end.
            shared: Two layers with equal keys become two calls of one module.
        """
        name = self._shared.get(shared) if shared else None
        if name is None:
            name = self._layer_name(module, like)
            parent = self.root
            *path, leaf = name.split(".")
            for part in path:
                if not hasattr(parent, part):
                    parent.add_module(part, nn.Module())
                parent = getattr(parent, part)
            parent.add_module(leaf, module.eval())
            if shared:
                self._shared[shared] = name
        node = self.graph.call_module(name, (x,))
        with torch.no_grad():
            self._examples[node] = self.root.get_submodule(name)(self._examples[x])
        return node

    def fold(self, node: onnx.NodeProto) -> bool:
        """Evaluates a node whose inputs are all constant; False when it has others."""
        if node.op_type == "Constant":
            (attribute,) = node.attribute
            value = onnx.helper.get_attribute_value(attribute)
            is_tensor = attribute.type == onnx.AttributeProto.TENSOR
            kind = np.float32 if attribute.name.startswith("value_float") else np.int64
            self.constants[node.output[0]] = (
                numpy_helper.to_array(value) if is_tensor else np.asarray(value, dtype=kind)
            )
            return True
        if node.op_type in ("Shape", "Size") and self.has_value(node.input[0]):
            name = node.input[0]
            shape = self.constants[name].shape if self.is_constant(name) else self.value(self._nodes[name]).shape
            values = attributes(node)
            whole = np.array(shape, dtype=np.int64)
            if node.op_type == "Size":
                self.constants[node.output[0]] = np.asarray(whole.prod())
            else:
                self.constants[node.output[0]] = whole[values.get("start", 0) : values.get("end")]
            return True
        if node.op_type not in FOLDABLE or not all(self.is_constant(name) for name in node.input if name):
            return False
        inputs = {name: self.constants[name] for name in node.input if name}
        self._check_folded_size(node, list(inputs.values()))
        model = onnx.helper.make_function(
            "", "fold", list(inputs), list(node.output), [node], [onnx.helper.make_opsetid("", self.opset)]
        )
        results = ReferenceEvaluator(model).run(None, inputs, attributes={})
        for name, result in zip(node.output, results, strict=True):
            self.constants[name] = np.asarray(result)
        return True

    def finish(self, output: str) -> fx.GraphModule:
        self.graph.output(self.node(output))
        module = fx.GraphModule(self.root, self.graph).eval()
        module.graph.eliminate_dead_code()
        module.delete_all_unused_submodules()
        module.recompile()
        return module

    def _check_folded_size(self, node: onnx.NodeProto, inputs: list[np.ndarray]) -> None:
        """Small constants must not unfold into arrays that fill the memory."""
        if node.op_type in ("ConstantOfShape", "Expand"):
            count = np.prod([float(size) for size in inputs[-1].ravel()])
        elif node.op_type == "Range":
            start, limit, step = (float(value) for value in inputs)
            count = abs((limit - start) / step) if step else 0.0
        else:
            rank = max(array.ndim for array in inputs)
            shapes = [(1,) * (rank - array.ndim) + array.shape for array in inputs]
            count = np.prod([float(max(sizes)) for sizes in zip(*shapes, strict=True)])
        if count > MAX_FOLDED:
            raise UnsupportedError("that makes a very large constant")

    def _layer_name(self, module: nn.Module, like: str) -> str:
        name = like.rpartition(".")[0]
        parts = name.split(".")
        if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", name) and not any(map(_is_reserved, parts)):
            prefixes = [".".join(parts[: i + 1]) for i in range(len(parts))]
            # Free itself, and below nothing that is a layer.
            if self._kind(name) is None and all(self._kind(p) in (None, nn.Module) for p in prefixes):
                return name
        return self._free_name(type(module).__name__.lower())

    def _kind(self, name: str) -> type | None:
        try:
            return type(self.root.get_submodule(name))
        except AttributeError:
            return None

    def _free_name(self, stem: str) -> str:
        while True:
            count = self._numbers[stem] = self._numbers[stem] + 1
            name = stem if count == 1 and not _is_reserved(stem) else f"{stem}_{count}"
            if not hasattr(self.root, name):
                return name


def _is_reserved(name: str) -> bool:
    """Names that a module's attribute can't have."""
    return keyword.iskeyword(name) or hasattr(nn.Module(), name)
