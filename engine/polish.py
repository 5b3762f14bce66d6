"""Polish: a short distillation of one drawn network, on its own copy of the weights."""

import time

import numpy as np
import torch
from torch import Tensor

from engine.elastic.network import Active
from engine.feed import Feed
from engine.schedule import Phase, learning_rate
from engine.setting import Synthesized
from engine.training import BATCH, LARGEST_GRADIENT, MOMENTUM, WEIGHT_DECAY

PEAK_RATE = 0.05


def polish(parts: Synthesized, feed: Feed, active: Active, flat: Tensor, seconds: float, seed: int) -> Tensor:
    """Distil the prototype into one design for a while.

    Args:
        parts: The learned generator; its shared weights stay as they are.
        feed: Batches with the prototype's outputs.
        active: The design.
        flat: Its weights.
        seconds: How long. The number of steps depends on the machine, so a polished network is reproduced by its
            file, not by its seed.
        seed: Order of the batches.

    Returns:
        New weights for the design.
    """
    network, task = parts.network, parts.setting.task
    flat, momentum = flat.clone(), torch.zeros_like(flat)
    decay = WEIGHT_DECAY * network.decayed[active.index]
    batches = feed.batches(feed.views.batches(np.random.default_rng([seed, 0x70]), BATCH))
    start = time.monotonic()
    phase = Phase(None, 0.0, seconds)
    while (progress := phase.progress(0, time.monotonic() - start)) < 1:
        rate = learning_rate(PEAK_RATE, progress)
        batch = next(batches)
        weights = flat.requires_grad_()
        loss = task.loss(network.forward(active, weights, batch.images), batch.labels, batch.taught)
        (gradient,) = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            gradient *= (LARGEST_GRADIENT / (gradient.norm() + 1e-6)).clamp_max(1.0)
            gradient += decay * flat
            momentum = MOMENTUM * momentum + gradient
            flat = flat - rate * (gradient + MOMENTUM * momentum)
    return flat.detach()
