"""What a network takes on a device, measured on the network itself and on its ONNX file."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import fx

from engine.export import contents
from engine.export import onnx as float_onnx
from engine.measure.energy import Energy, energy_counter, measure_energy
from engine.measure.latency import Latency, measure_latency
from engine.measure.memory import activation_mb
from engine.measure.running import Run, cuda_runner, onnx_runner
from engine.requirements import resource_name

ROUNDS = 3  # of timing, where a network seems too slow: other work on the machine only ever adds


@dataclass(frozen=True)
class Resources:
    """Measured on one network.

    Attributes:
        size_mb: Of the ONNX file, float32, in MB (10^6 bytes); None where the network can't be written as ONNX.
        activation_mb: Peak activation memory (:mod:`engine.measure.memory`).
        latency: Of the ONNX file in ONNX Runtime, or None where nobody asked.
        energy: By device, where somebody asked: of the ONNX file on ``cpu``, in torch on ``cuda``.
    """

    size_mb: float | None
    activation_mb: float
    latency: Latency | None = None
    energy: Mapping[str, Energy] = field(default_factory=dict)

    def as_metrics(self) -> dict[str, float]:
        """By :func:`engine.requirements.resource_name`, as far as they were measured."""
        found = {"size_mb": self.size_mb, "activation_mb": self.activation_mb}
        found["latency_ms"] = self.latency.median_ms if self.latency else None
        found |= {resource_name("energy_mj", device): energy.mj for device, energy in self.energy.items()}
        return {name: value for name, value in found.items() if value is not None}


def measure_resources(
    module: fx.GraphModule,
    input_shape: tuple[int, int, int],
    metadata: Mapping[str, str],
    *,
    latency_limit: float | None = None,
    energy_on: Sequence[str] = (),
    needs_file: bool = False,
) -> Resources:
    """Measure a network.

    Args:
        module: A drawn network.
        input_shape: C, H, W.
        metadata: What an exported file of it will hold.
        latency_limit: Milliseconds that it may take; None leaves latency unmeasured. A network above the limit is timed
            up to three times and its fastest median counts.
        energy_on: Devices of this machine that its energy is measured on.
        needs_file: Whether a network that can't be written as ONNX is an error; it always is when latency is asked for.
            Where it is none, such a network has no size, and no energy on the CPU.

    Raises:
        RuntimeError: The network can't be written as ONNX, and its file or latency is needed.
        Unavailable: Energy can't be measured on one of the devices.
    """
    size, latency = None, None
    runners: dict[str, Callable[[], Run]] = {"cuda": lambda: cuda_runner(module, input_shape)}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "network.onnx"
        try:
            float_onnx.write(module, path, contents(module, metadata, input_shape), input_shape)
        except RuntimeError:
            if needs_file or latency_limit is not None:
                raise
        else:
            size = path.stat().st_size / 1e6
            latency = None if latency_limit is None else _timed(path, input_shape, latency_limit)
            runners["cpu"] = lambda: onnx_runner(path, input_shape)
        energy = {d: measure_energy(runners[d](), energy_counter(d)) for d in energy_on if d in runners}
    return Resources(size, activation_mb(module, input_shape), latency, energy)


def _timed(path: Path, input_shape: tuple[int, int, int], limit: float) -> Latency:
    best = measure_latency(path, input_shape)
    for _ in range(ROUNDS - 1):
        if best.median_ms <= limit:
            break
        best = min(best, measure_latency(path, input_shape), key=lambda latency: latency.median_ms)
    return best
