"""Training steps of the shared weights, through one generated design at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from engine.acceleration import suited_kernels
from engine.elastic.design import Design
from engine.elastic.network import Active, ElasticNetwork
from engine.feed import Batch, Feed
from engine.tasks import Task

MOMENTUM = 0.9
WEIGHT_DECAY = 2e-4
PEAK_RATE = 0.1
LARGEST_GRADIENT = 5.0  # norm to which gradients are clipped


class SharedTrainer:
    """Stochastic gradient descent (Nesterov) on the shared weights, one design a step.

    Only the active elements of the weights and of their momentum are read and written. On a GPU the host never waits
    for the device in a step.

    Args:
        network: Holds the shared weights.
        feed: Gives batches with the prototype's outputs.
        task: Gives the loss.
        threads: Share each batch, and normalise it in as many parts (Hoffer et al. 2017, *Train longer, generalize
            better*: ghost batch norm). Single operations on tiny images are too short to share.
    """

    def __init__(self, network: ElasticNetwork, feed: Feed, task: Task, threads: int = 1) -> None:
        self.network = network
        self.feed = feed
        self.task = task
        self.momentum = torch.zeros_like(network.weights)
        self._scale = feed.acceleration.loss_scale()
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "training") if threads > 1 else None

    def batches(self, rng: np.random.Generator, cycle: int, steps: int) -> Iterator[Batch]:
        """The batches of a cycle."""
        return self.feed.cycle(islice(self.feed.views.batches(rng, self.task.batch), steps), cycle)

    def step(self, design: Design, batch: Batch, rate: float) -> Tensor:
        """One step; returns the loss (detached, still on the device)."""
        network = self.network
        active = network.activate(design)
        flat = network.gather(active).requires_grad_()
        with suited_kernels(active.index.numel(), batch.images):
            loss, gradient = self._whole_gradient(active, flat, batch)
        with torch.no_grad():
            gradient *= (LARGEST_GRADIENT / (gradient.norm() + 1e-6)).clamp_max(1.0)
            gradient = torch.nan_to_num(gradient, 0.0, 0.0, 0.0)
            gradient += WEIGHT_DECAY * network.decayed[active.index] * flat
            momentum = self.momentum[active.index].mul_(MOMENTUM).add_(gradient)
            self.momentum[active.index] = momentum
            network.weights[active.index] = flat - rate * (gradient + MOMENTUM * momentum)
        return loss

    def _whole_gradient(self, active: Active, flat: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """(loss, gradient) of the batch, over all threads and processes."""
        self.network.set(active, flat)
        if self._pool is None:
            loss, gradient = self._gradient(flat, batch)
        else:
            first, *others = batch.parts(self._threads)
            coming = [self._pool.submit(self._gradient, flat, part) for part in others]
            found = [self._gradient(flat, first), *(c.result() for c in coming)]
            loss, gradient = (torch.stack(each).sum(0) for each in zip(*found, strict=True))
        if self.feed.workers.size > 1:
            together = self.feed.workers.sum(torch.cat([gradient, loss[None]]))
            gradient, loss = together[:-1], together[-1]
        return loss, gradient if self._scale is None else self._scale.unscale(gradient)

    def _gradient(self, flat: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """(loss, possibly scaled gradient) of a part of the batch, weighted by its share."""
        with self.feed.acceleration.autocast(), self.feed.workers.whole_batch():
            loss = self.task.loss(self.network.run(batch.images), batch.labels, batch.taught)
        loss = batch.share * loss
        scaled = loss if self._scale is None else loss * self._scale.scale
        (gradient,) = torch.autograd.grad(scaled, flat)
        return loss.detach(), gradient
