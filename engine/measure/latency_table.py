"""A table of latencies by choice: what each layer takes at a few widths, so that a design's latency can be predicted.

Every convolution and linear layer, in each of its forms, is timed by itself in ONNX Runtime on a grid of input and
output channels, at the images' own resolution and at the smallest (as in Yang et al. 2018, *NetAdapt*, and Cai et al.
2019, *ProxylessNAS*). Between the grid's points latency is interpolated, between the resolutions by output positions,
and over the layers it is summed. What the sum leaves out (norms, additions, the runtime's own work, fusions) is
calibrated on some whole networks: latency ≈ offset + scale · sum + layer · number of layers.

A prediction aims; a network's latency is measured before it is accepted.
"""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper
from scipy.optimize import nnls
from torch import Tensor, nn

from engine.elastic.design import FORMS, Designs
from engine.elastic.network import ElasticNetwork
from engine.elastic.space import Space
from engine.export.onnx import OPSET
from engine.measure.device import cpu_name
from engine.measure.latency import measure_latency
from engine.measure.resources import measure_resources
from engine.measure.running import THREADS
from engine.measure.samples import Applied, applied_layers, sample, varied_designs, whole, whole_designs

LATENCY_FILE = "latency.json"
GRID = 4  # widths of each leaf, geometric
RUNS, WARMUP, LONGEST_S = 25, 5, 0.05  # for each point
CALIBRATED_ON = 10  # whole networks
SMALLEST_MS = 1e-5
IR_VERSION = 8  # with which opset 17 came


@dataclass(frozen=True)
class Entry:
    """One layer in one form.

    Attributes:
        parameter: Index of its weight in :attr:`Space.parameters`.
        inputs, outputs: Widths of the grid, ``GRID`` each (a layer of few channels repeats its largest).
        positions: Output positions at each of the space's resolutions.
        ms: Milliseconds at inputs × outputs, at the images' own resolution and at the smallest.
    """

    parameter: int
    inputs: list[float]
    outputs: list[float]
    positions: list[int]
    ms: list[list[list[float]]]


@dataclass(frozen=True)
class Calibration:
    """latency ≈ offset + scale · sum + layer · layers, in milliseconds; ``error`` is the root mean square of the
    relative error."""

    offset: float = 0.0
    scale: float = 1.0
    layer: float = 0.0
    error: float = 0.0


class LatencyTable:
    """Predicts latencies of a space's designs, for one image.

    Args:
        space: The design space.
        entries: From :func:`measure_entries`.
        calibration: From :func:`calibrate`.
        device: The name of what was measured on.
        threads: ONNX Runtime's threads.
    """

    def __init__(
        self, space: Space, entries: list[Entry], calibration: Calibration, device: str, threads: int = THREADS
    ) -> None:
        self.entries, self.calibration, self.device, self.threads = entries, calibration, device, threads
        self._costs = space.costs
        self._index = torch.tensor([e.parameter for e in entries])
        absent = len(space.dimensions)
        rows = [space.parameters[e.parameter] for e in entries]
        self._d_in = torch.tensor([absent if p.d1 is None else p.d1 for p in rows])
        self._d_out = torch.tensor([absent if p.d0 is None else p.d0 for p in rows])
        self._inputs = torch.tensor([e.inputs for e in entries], dtype=torch.float64)
        self._outputs = torch.tensor([e.outputs for e in entries], dtype=torch.float64)
        self._ms = torch.tensor([e.ms for e in entries], dtype=torch.float64)
        positions = torch.tensor([e.positions for e in entries], dtype=torch.float64)
        full, least = positions[:, :1], positions[:, -1:]
        self._share = torch.where(full > least, (positions - least) / (full - least).clamp_min(1.0), 1.0).T

    def predict(self, designs: Designs) -> Tensor:
        """Predicted milliseconds of each design, float64, shape (n,)."""
        known = self.calibration
        return known.offset + known.scale * self.sums(designs) + known.layer * self.layers(designs)

    def layers(self, designs: Designs) -> Tensor:
        """How many of the table's layers each design has, shape (n,)."""
        return self._costs.used(designs)[:, self._index].sum(1)

    def sums(self, designs: Designs) -> Tensor:
        """The layers' latencies added up, before calibration, shape (n,)."""
        kept = self._costs.kept(designs)
        i, a = _place(kept[:, self._d_in], self._inputs)
        o, b = _place(kept[:, self._d_out], self._outputs)
        rows = torch.arange(len(self.entries))
        share = (designs.resolution @ self._share)[..., None]

        def corner(p: int, q: int) -> Tensor:
            both = self._ms[rows, :, i + p, o + q]  # n × rows × 2
            return (both[..., :1] * share + both[..., 1:] * (1 - share))[..., 0]

        lower, upper = ((1 - b) * corner(p, 0) + b * corner(p, 1) for p in (0, 1))
        return (((1 - a) * lower + a * upper) * self._costs.used(designs)[:, self._index]).sum(1)

    def save(self, path: Path) -> None:
        """Write the table as JSON."""
        record = {
            "device": self.device,
            "threads": self.threads,
            "calibration": asdict(self.calibration),
            "entries": [asdict(e) for e in self.entries],
        }
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(record))
        os.replace(draft, path)

    @classmethod
    def load(cls, path: Path, space: Space) -> "LatencyTable":
        """Inverse of :meth:`save`."""
        record = json.loads(path.read_text())
        entries = [Entry(**e) for e in record["entries"]]
        return cls(space, entries, Calibration(**record["calibration"]), record["device"], record["threads"])


def measure_table(network: ElasticNetwork) -> LatencyTable:
    """Measure the table of a network's space on this machine's CPU.

    Raises:
        RuntimeError: The network can't be written as ONNX.
    """
    table = LatencyTable(network.space, measure_entries(network), Calibration(), cpu_name())
    chosen = [*whole_designs(network), *varied_designs(network, CALIBRATED_ON)]
    measured = [
        measure_resources(sample(network, d), network.input_shape, {}, latency_limit=math.inf).latency for d in chosen
    ]
    designs = network.space.designs(chosen)
    calibration = calibrate(
        table.sums(designs).numpy(),
        table.layers(designs).numpy(),
        np.array([latency.median_ms for latency in measured if latency]),
    )
    return LatencyTable(network.space, table.entries, calibration, table.device)


def calibrate(sums: np.ndarray, layers: np.ndarray, measured: np.ndarray) -> Calibration:
    """Least squares of the relative error on whole networks, in milliseconds; no term may lower a latency."""
    columns = np.stack([np.ones_like(sums), sums, layers], 1) / measured[:, None]
    terms, _ = nnls(columns, np.ones_like(sums))
    offset, scale, layer = terms.tolist()
    return Calibration(offset, scale, layer, float(np.sqrt(np.mean((columns @ terms - 1) ** 2))))


def measure_entries(network: ElasticNetwork) -> list[Entry]:
    """Time every layer of a space, in each form, on the grid."""
    space, timer = network.space, _Timer()
    last = len(space.resolutions) - 1
    index = {(p.leaf, p.name): i for i, p in enumerate(space.parameters)}
    entries: dict[int, Entry] = {}
    for form in range(len(FORMS) if space.convolutions else 1):
        layers = [
            applied_layers(sample(network, whole(network, form, r)), network.input_shape) for r in range(last + 1)
        ]
        for at, (layer, smallest) in enumerate(zip(layers[0], layers[last], strict=True)):
            parameter = index[layer.leaf, layer.parameter]
            p = space.parameters[parameter]
            if p.d0 is None or parameter in entries or isinstance(layer.module, nn.ConvTranspose2d):
                continue
            outputs = _grid(layer.outputs)
            inputs = [1.0] * GRID if p.d1 is None else _grid(layer.inputs[0])
            ms = [[[timer(where, i, o) for o in outputs] for i in inputs] for where in (layer, smallest)]
            entries[parameter] = Entry(parameter, inputs, outputs, [at_r[at].positions for at_r in layers], ms)
    return list(entries.values())


def _grid(largest: int) -> list[float]:
    widths = np.unique(np.geomspace(1, largest, GRID).round())
    return [*widths.tolist(), *[float(largest)] * (GRID - len(widths))]


def _place(widths: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """(interval of the grid, place in it from 0 to 1) of each width: n × rows."""
    interval = (widths[..., None] >= grid[:, 1:-1]).sum(-1)
    rows = torch.arange(len(grid))
    low, high = grid[rows, interval], grid[rows, interval + 1]
    return interval, ((widths - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)


class _Timer:
    """Milliseconds of single layers, each shape once; what calling the runtime takes is taken off."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], float] = {}
        identity = helper.make_node("Identity", ["input"], ["output"])
        self._call = self._measure(_model(identity, (1,), []), (1,))

    def __call__(self, layer: Applied, inputs: float, outputs: float) -> float:
        node, shape, weights = _layer(layer, int(inputs), int(outputs))
        key = (str(node), shape, *(w.shape for w in weights))
        if key not in self._known:
            self._known[key] = self._measure(_model(node, shape, weights), shape)
        return max(self._known[key] - self._call, SMALLEST_MS)

    @staticmethod
    def _measure(model: bytes, shape: tuple[int, ...]) -> float:
        return measure_latency(model, shape, RUNS, WARMUP, LONGEST_S).median_ms


def _layer(layer: Applied, inputs: int, outputs: int) -> tuple[NodeProto, tuple[int, ...], list[np.ndarray]]:
    """(ONNX node, shape of its input without the batch, weight and bias) of a layer of some widths."""
    module, rng = layer.module, np.random.default_rng(0)
    if isinstance(module, nn.Linear):
        node = helper.make_node("Gemm", ["input", "weight", "bias"], ["output"], transB=1)
        weight = rng.standard_normal((outputs, inputs), dtype=np.float32)
        return node, (inputs,), [weight, np.zeros(outputs, np.float32)]
    assert isinstance(module, nn.Conv1d | nn.Conv2d)
    per_group = module.in_channels // module.groups
    if layer.grows_by_groups:  # whole groups are kept or dropped
        groups = max(1, outputs // (module.out_channels // module.groups))
    else:
        groups, per_group = module.groups, max(1, inputs // module.groups)
    outputs = max(1, outputs // groups) * groups
    attributes: dict[str, Any] = {"strides": module.stride, "dilations": module.dilation, "group": groups}
    if isinstance(module.padding, str):
        attributes["auto_pad"] = "SAME_UPPER" if module.padding == "same" else "VALID"
    else:
        attributes["pads"] = [*module.padding, *module.padding]
    node = helper.make_node("Conv", ["input", "weight", "bias"], ["output"], **attributes)
    weight = rng.standard_normal((outputs, per_group, *module.kernel_size), dtype=np.float32)
    return node, (groups * per_group, *layer.inputs[1:]), [weight, np.zeros(outputs, np.float32)]


def _model(node: NodeProto, shape: tuple[int, ...], weights: list[np.ndarray]) -> bytes:
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, *shape])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(w, name) for w, name in zip(weights, ("weight", "bias"), strict=False)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return model.SerializeToString()
