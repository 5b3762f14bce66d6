"""Records one forward pass as a graph of ``torch.nn`` leaves, functions and methods.

The network runs for real, so control flow of every kind is followed as it happens; every operation on a tensor that
descends from the input, or on a parameter, becomes a node. In-place operations become out-of-place ones. The network
is in evaluation mode: what acts in training only (stochastic depth) leaves no trace, and dropout stays as a layer.
"""

import inspect
import operator
from typing import Any
from unittest import mock

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate
from torch.overrides import TorchFunctionMode

from engine.elastic.functional import Standalone, as_layer
from engine.elastic.sizes import Ratio, Size, plain

OPERATORS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "truediv": operator.truediv, "pow": operator.pow, "matmul": operator.matmul, "getitem": operator.getitem,
}  # fmt: skip
SAME_VALUE = {"contiguous", "to", "float", "type", "type_as", "detach", "data", "requires_grad_", "cpu", "alias"}


def written(x: Tensor, index: Any, value: Any) -> Tensor:
    """``x`` with ``x[index] = value``."""
    copy = x.clone()
    copy[index] = value
    return copy


def changed(x: Tensor, method: str, *arguments: Any, **options: Any) -> Tensor:
    """``x`` after an in-place method that has no out-of-place form."""
    copy = x.clone()
    getattr(copy, method)(*arguments, **options)
    return copy


class Recorder(TorchFunctionMode):
    """Use as a context around one call of the network.

    Args:
        model: The network, in evaluation mode.
        image: The tensor that it will be called with.
    """

    def __init__(self, model: nn.Module, image: Tensor) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.leaves: dict[str, Any] = {}
        self._model = model
        self._module_names = {id(module): name for name, module in model.named_modules()}
        self._tensor_names = {id(t): name for name, t in [*model.named_parameters(), *model.named_buffers()]}
        self._nodes: dict[int, fx.Node] = {}
        self._held: list[Tensor] = []  # so that the ids stay theirs
        self._layers: dict[tuple[Any, ...], str] = {}
        self._inside_leaf = False
        self._know(image, self.graph.placeholder("x"))

    def __enter__(self) -> "Recorder":
        call = nn.Module.__call__

        def recorded_call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            name = self._module_names.get(id(module))
            if self._inside_leaf or not name or not is_leaf(module):
                return call(module, *args, **kwargs)
            self._inside_leaf = True
            try:
                result = call(module, *map_aggregate(args, plain), **map_aggregate(kwargs, plain))
            finally:
                self._inside_leaf = False
            return self._leaf(name, module, args, kwargs, result)

        self._patch = mock.patch.object(nn.Module, "__call__", recorded_call)
        self._patch.start()
        return super().__enter__()

    def __exit__(self, *details: Any) -> None:
        super().__exit__(*details)
        self._patch.stop()

    def finish(self, output: Any) -> fx.GraphModule:
        """The recorded graph; ``output`` is what the network returned."""
        self.graph.output(self._arguments(output))
        graph_module = fx.GraphModule(self.leaves, self.graph, class_name=type(self._model).__name__)
        graph_module.graph.eliminate_dead_code()
        graph_module.delete_all_unused_submodules()
        graph_module.recompile()
        return graph_module

    # --- operations --------------------------------------------------------------------------------------------

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        values, options = map_aggregate(args, plain), map_aggregate(kwargs, plain)
        if self._inside_leaf or not self._is_known((args, kwargs)):
            return func(*values, **options)
        name = func.__name__
        if name == "__get__":
            name = func.__self__.__name__
        if name in ("shape", "size") and len(args) + len(kwargs) <= 2:
            return self._sizes(args[0], *args[1:], **kwargs)
        layer = as_layer(func, values, options)
        result = func(*values, **options)
        if not _holds_tensor(result) and name != "__setitem__":
            return result
        if layer is not None:
            module, x = layer
            return self._leaf(self._place(module), module, (x,), {}, result)
        if name in SAME_VALUE and result.dtype == args[0].dtype:
            return self._alias(result, self._node(args[0]))
        if name == "__setitem__":
            self._know(args[0], self.graph.call_function(written, self._arguments(args)))
            return None
        in_place = name.endswith("_") and not name.endswith("__") or name.startswith("__i") and name != "__invert__"
        args, kwargs, asked = _out_of_place(func, args, kwargs)
        node = self._operation(func, name, in_place, self._arguments(args), self._arguments(kwargs))
        return self._result(node, result, args, in_place or asked)

    def _operation(self, func: Any, name: str, in_place: bool, args: Any, kwargs: Any) -> fx.Node:
        base = name.strip("_")
        reflected = name.startswith("__r") and base[1:] in OPERATORS
        if name.startswith("__i") or reflected:
            base = base[1:]
        if base in OPERATORS and len(args) == 2 and not kwargs:
            return self.graph.call_function(OPERATORS[base], args[::-1] if reflected else args)
        if func.__name__ == "__get__":
            return self.graph.call_function(getattr, (*args[:1], name))
        method = getattr(torch.Tensor, name, None)
        if method is not func and not in_place:
            return self.graph.call_function(func, args, kwargs)
        if not in_place or name.startswith("__"):
            # A view of a value whose strides have changed is refused, a reshape isn't.
            return self.graph.call_method("reshape" if name == "view" else name, args, kwargs)
        if hasattr(torch.Tensor, base):
            return self.graph.call_method(base, args, kwargs)
        return self.graph.call_function(changed, (args[0], name, *args[1:]), kwargs)

    def _sizes(self, x: Tensor, dim: int | None = None) -> Any:
        if id(x) not in self._nodes:  # a parameter's, the same for all images
            return x.shape if dim is None else x.size(dim)
        node = self._node(x)
        if dim is not None:
            return Size(x.size(dim), self.graph.call_method("size", (node, dim)))
        return torch.Size([Size(n, self.graph.call_method("size", (node, i))) for i, n in enumerate(x.shape)])

    # --- leaves ------------------------------------------------------------------------------------------------

    def _leaf(self, name: str, module: nn.Module, args: Any, kwargs: Any, result: Any) -> Any:
        if not self._is_known((args, kwargs)):
            return result
        if type(module) is nn.Identity:
            return result
        self.leaves[name] = module
        node = self.graph.call_module(name, self._arguments(args), self._arguments(kwargs))
        return self._result(node, result, args, getattr(module, "inplace", False))

    def _place(self, layer: nn.Module) -> str:
        """A name for a functional layer: that of the module whose parameters it uses."""
        parameters = list(layer.parameters())
        key = (type(layer), layer.extra_repr(), *map(id, parameters))
        if not parameters or key not in self._layers:
            stem = self._tensor_names.get(id(parameters[0])) if parameters else None
            self._layers[key] = self._free_name((stem or "").rpartition(".")[0] or type(layer).__name__.lower())
        return self._layers[key]

    def _free_name(self, stem: str) -> str:
        """A name that is neither taken nor below or above a taken one."""
        number, name = 1, stem
        while any(f"{name}.".startswith(f"{taken}.") or f"{taken}.".startswith(f"{name}.") for taken in self.leaves):
            number += 1
            name = f"{stem.replace('.', '_')}_{number}"
        return name

    # --- values ------------------------------------------------------------------------------------------------

    def _is_known(self, values: Any) -> bool:
        known = False

        def look(value: Any) -> Any:
            nonlocal known
            tensor = isinstance(value, Tensor) and (id(value) in self._nodes or self._is_parameter(value))
            known = known or tensor or isinstance(value, Size | Ratio)
            return value

        map_aggregate(values, look)
        return known

    def _is_parameter(self, value: Tensor) -> bool:
        return isinstance(value, nn.Parameter) and id(value) in self._tensor_names

    def _arguments(self, values: Any) -> Any:
        def convert(value: Any) -> Any:
            if isinstance(value, Size | Ratio):
                return value.node
            return self._node(value) if isinstance(value, Tensor) else value

        return map_aggregate(tuple(values) if isinstance(values, torch.Size) else values, convert)

    def _node(self, value: Tensor) -> fx.Node:
        """A tensor's node; a parameter becomes a leaf, and any other tensor from outside a constant."""
        if id(value) not in self._nodes:
            name = self._tensor_names.get(id(value), "constant").replace(".", "_")
            if self._is_parameter(value):
                stem = self._free_name(self._tensor_names[id(value)])
                self.leaves[stem] = Standalone(value).eval()
                node = self.graph.call_module(stem)
            else:
                stem = self._free_name(name)
                self.leaves[stem] = value.detach()
                node = self.graph.get_attr(stem)
            self._know(value, node)
        return self._nodes[id(value)]

    def _know(self, value: Tensor, node: fx.Node) -> None:
        self._nodes[id(value)] = node
        self._held.append(value)

    def _alias(self, value: Tensor, node: fx.Node) -> Tensor:
        if id(value) not in self._nodes:
            self._know(value, node)
        return value

    def _result(self, node: fx.Node, result: Any, args: Any, in_place: bool) -> Any:
        if isinstance(result, Tensor):
            if not in_place and any(result is a for a in args):
                result = torch.Tensor.view_as(result, result)  # an object of its own, so that the input keeps its node
            self._know(result, node)
        elif isinstance(result, tuple | list):
            for i, part in enumerate(result):
                if isinstance(part, Tensor):
                    self._know(part, self.graph.call_function(operator.getitem, (node, i)))
        return result


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is one of PyTorch's own layers, and no container."""
    if isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict):
        return False
    own = type(module).__module__.startswith("torch.nn.modules")
    return own and (not any(True for _ in module.children()) or isinstance(module, nn.MultiheadAttention))


def _out_of_place(func: Any, args: Any, kwargs: Any) -> tuple[Any, Any, bool]:
    """(arguments, options, whether the call asked for an in-place operation): with ``inplace`` left out."""
    try:
        bound = inspect.signature(func).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return args, kwargs, False
    if "inplace" not in bound.arguments:
        return args, kwargs, False
    asked = bool(bound.arguments.pop("inplace"))
    return bound.args, bound.kwargs, asked


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, tuple | list) and any(isinstance(v, Tensor) for v in value))
