"""Benchmark tests: one thread, so that results repeat; no peer's package is needed."""

import torch

torch.set_num_threads(1)
