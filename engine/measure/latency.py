"""Latency of an ONNX file for one image on one CPU thread, in ONNX Runtime."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from engine.measure.device import cpu_name

THREADS = 1  # one thread: the figure is steady, and comparable between machines with other core counts


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one image: the median, and the range that 80 % of the runs lie in."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    runs: int
    threads: int
    device: str


def measure_latency(onnx_path: Path, input_shape: tuple[int, int, int], runs: int = 200, warmup: int = 20) -> Latency:
    """Times single images through ONNX Runtime's CPU provider.

    Args:
        onnx_path: A file that takes float32 1×C×H×W.
        input_shape: C, H, W.
        runs: Timed runs.
        warmup: Runs before these, in which ONNX Runtime allocates and plans.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx_path, options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random((1, *input_shape), dtype=np.float32)
    feed = {session.get_inputs()[0].name: image}
    for _ in range(warmup):
        session.run(None, feed)
    times = np.empty(runs)
    for i in range(runs):
        start = time.perf_counter_ns()
        session.run(None, feed)
        times[i] = (time.perf_counter_ns() - start) / 1e6
    p10, median, p90 = np.percentile(times, [10, 50, 90]).tolist()
    return Latency(median, p10, p90, runs, THREADS, cpu_name())
