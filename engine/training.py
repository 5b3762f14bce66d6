"""Training steps of the shared weights, through one generated design at a time."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from engine.elastic.design import Design
from engine.elastic.network import ElasticNetwork
from engine.feed import Batch, Feed
from engine.tasks import Task

BATCH = 64
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
    """

    def __init__(self, network: ElasticNetwork, feed: Feed, task: Task) -> None:
        self.network = network
        self.feed = feed
        self.task = task
        self.momentum = torch.zeros_like(network.weights)
        self._scale = feed.acceleration.loss_scale()

    def batches(self, rng: np.random.Generator, cycle: int, steps: int) -> Iterator[Batch]:
        """The batches of a cycle."""
        return self.feed.cycle(islice(self.feed.views.batches(rng, BATCH), steps), cycle)

    def step(self, design: Design, batch: Batch, rate: float) -> Tensor:
        """One step; returns the loss (detached, still on the device)."""
        network = self.network
        active = network.activate(design)
        flat = network.gather(active).requires_grad_()
        with self.feed.acceleration.autocast(), self.feed.workers.whole_batch():
            loss = self.task.loss(network.forward(active, flat, batch.images), batch.labels, batch.taught)
        loss, gradient = self._gradient(batch.share * loss, flat)
        with torch.no_grad():
            gradient *= (LARGEST_GRADIENT / (gradient.norm() + 1e-6)).clamp_max(1.0)
            gradient = torch.nan_to_num(gradient, 0.0, 0.0, 0.0)
            gradient += WEIGHT_DECAY * network.decayed[active.index] * flat
            momentum = self.momentum[active.index].mul_(MOMENTUM).add_(gradient)
            self.momentum[active.index] = momentum
            network.weights[active.index] = flat - rate * (gradient + MOMENTUM * momentum)
        return loss

    def _gradient(self, loss: Tensor, flat: Tensor) -> tuple[Tensor, Tensor]:
        """(loss, gradient), both of the whole batch."""
        scaled = loss if self._scale is None else loss * self._scale.scale
        (gradient,) = torch.autograd.grad(scaled, flat)
        if self.feed.workers.size > 1:
            together = self.feed.workers.sum(torch.cat([gradient, loss.detach()[None]]))
            gradient, loss = together[:-1], together[-1]
        return loss.detach(), gradient if self._scale is None else self._scale.unscale(gradient)
