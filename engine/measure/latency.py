"""Latency of an ONNX file for one image on one CPU thread, in ONNX Runtime."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.measure.device import cpu_name
from engine.measure.running import THREADS, onnx_runner

FEWEST_RUNS = 5


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one image: the median, and the range that 80 % of the runs lie in."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    runs: int
    threads: int
    device: str


def measure_latency(
    model: Path | bytes,
    input_shape: tuple[int, ...],
    runs: int = 200,
    warmup: int = 20,
    longest_s: float = 2.0,
) -> Latency:
    """Times single images through ONNX Runtime's CPU provider.

    Args:
        model: An ONNX file, or its bytes, that takes float32 1×C×H×W.
        input_shape: C, H, W.
        runs: Timed runs.
        warmup: Runs before these, in which ONNX Runtime allocates and plans; fewer where each takes long.
        longest_s: Seconds after which a slow network isn't timed further, but at least ``FEWEST_RUNS`` times.
    """
    run = onnx_runner(model, input_shape)
    began = time.perf_counter()

    def once() -> float:
        start = time.perf_counter_ns()
        run()
        return (time.perf_counter_ns() - start) / 1e6

    for _ in range(warmup):
        once()
        if time.perf_counter() - began > longest_s / 4:
            break
    times: list[float] = []
    while len(times) < runs and (len(times) < FEWEST_RUNS or time.perf_counter() - began < longest_s):
        times.append(once())
    p10, median, p90 = np.percentile(times, [10, 50, 90]).tolist()
    return Latency(median, p10, p90, len(times), THREADS, cpu_name())
