"""What a network takes on a device, measured on the network itself and on its ONNX file."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import fx

from engine.export import contents
from engine.export import onnx as float_onnx
from engine.export.decoded import decoded
from engine.measure.latency import Latency, measure_latency
from engine.measure.memory import activation_mb

ROUNDS = 3  # of timing, where a network seems too slow: other work on the machine only ever adds


@dataclass(frozen=True)
class Resources:
    """Measured on one network.

    Attributes:
        size_mb: Of the ONNX file, float32, in MB (10^6 bytes); None where the network can't be written as ONNX.
        activation_mb: Peak activation memory (:mod:`engine.measure.memory`).
        latency: Of the ONNX file in ONNX Runtime, or None where nobody asked.
    """

    size_mb: float | None
    activation_mb: float
    latency: Latency | None = None

    def as_metrics(self) -> dict[str, float]:
        """By the metrics' names in a spec, as far as they were measured."""
        found = {"size_mb": self.size_mb, "activation_mb": self.activation_mb}
        found["latency_ms"] = self.latency.median_ms if self.latency else None
        return {name: value for name, value in found.items() if value is not None}


def measure_resources(
    module: fx.GraphModule,
    input_shape: tuple[int, int, int],
    metadata: Mapping[str, str],
    *,
    decoder: fx.GraphModule | None = None,
    answers: tuple[str, ...] = ("logits",),
    latency_limit: float | None = None,
    needs_file: bool = False,
) -> Resources:
    """Measure a network.

    Args:
        module: A drawn network.
        input_shape: C, H, W.
        metadata: What an exported file of it will hold.
        decoder: Follows it in the file and has a share in its size; memory and latency are the network's alone.
        answers: Names of what the decoder puts out, or the network where there is none.
        latency_limit: Milliseconds that it may take; None leaves latency unmeasured. A network above the limit is timed
            up to three times and its fastest median counts.
        needs_file: Whether a network that can't be written as ONNX is an error; it always is when latency is asked for.

    Raises:
        RuntimeError: The network can't be written as ONNX, and its file or latency is needed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "network.onnx"
        facts = contents(module, metadata, input_shape)
        try:
            float_onnx.write(decoded(module, decoder), path, facts, input_shape, answers)
        except RuntimeError:
            if needs_file or latency_limit is not None:
                raise
            return Resources(None, activation_mb(module, input_shape))
        size = path.stat().st_size / 1e6
        if decoder is not None and latency_limit is not None:
            float_onnx.write(module, path, facts, input_shape)
        latency = None if latency_limit is None else _timed(path, input_shape, latency_limit)
        return Resources(size, activation_mb(module, input_shape), latency)


def _timed(path: Path, input_shape: tuple[int, int, int], limit: float) -> Latency:
    best = measure_latency(path, input_shape)
    for _ in range(ROUNDS - 1):
        if best.median_ms <= limit:
            break
        best = min(best, measure_latency(path, input_shape), key=lambda latency: latency.median_ms)
    return best
