"""Training steps of the prototype as a whole, on the labels; their state can be saved and taken up again."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.checkpoint import load_optimiser, optimiser_tensors, prefixed, without_prefix
from engine.data.dataset import sample_rows
from engine.feed import Feed
from engine.heldout import batch_size
from engine.tasks import Task
from engine.training import LARGEST_GRADIENT, MOMENTUM
from engine.views import Normaliser, Views, chunks

WEIGHT_DECAY = 5e-4
STATISTICS_IMAGES = 2048


class PrototypeTrainer:
    """Stochastic gradient descent (Nesterov) on a prototype, in place.

    Args:
        prototype: In training mode from here on.
        feed: Gives batches.
        task: Gives the loss.
        seed: Order of the batches, dropout.
    """

    def __init__(self, prototype: nn.Module, feed: Feed, task: Task, seed: int) -> None:
        self.prototype = prototype
        self.feed = feed
        self.task = task
        self.step = 0
        self._order = feed.views.batches(np.random.default_rng([seed, 0x50]), task.batch)
        self._batches = feed.batches(self._order)
        torch.manual_seed(seed)
        decayed = [p for p in prototype.parameters() if p.dim() > 1]
        others = [p for p in prototype.parameters() if p.dim() <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others}]
        self._optimiser = torch.optim.SGD(groups, lr=0.1, momentum=MOMENTUM, nesterov=True)
        self._scale = feed.acceleration.loss_scale()

    def advance(self, rate: float) -> Tensor:
        """One step; returns the loss (detached, still on the device)."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self.prototype.train()
        batch = next(self._batches)
        with self.feed.acceleration.autocast(), self.feed.workers.whole_batch():
            loss = batch.share * self.task.loss(self.prototype(batch.images), batch.labels, None)
        self._optimiser.zero_grad()
        (loss if self._scale is None else loss * self._scale.scale).backward()
        if self.feed.workers.size > 1:
            self._change_gradients(self.feed.workers.sum)
        if self._scale is not None:
            self._change_gradients(self._scale.unscale)
        nn.utils.clip_grad_norm_(self.prototype.parameters(), LARGEST_GRADIENT)
        self._optimiser.step()
        self.step += 1
        return self.feed.workers.sum(loss.detach())

    def _change_gradients(self, change: Callable[[Tensor], Tensor]) -> None:
        """Apply a function to all gradients as one flat tensor."""
        trained = [p for p in self.prototype.parameters() if p.grad is not None]
        flat = change(torch.cat([p.grad.reshape(-1) for p in trained if p.grad is not None]))
        for p, part in zip(trained, flat.split([p.numel() for p in trained]), strict=True):
            p.grad = part.view_as(p)

    def finish(self, normalise: Normaliser) -> None:
        """Evaluation mode, with batch-norm statistics recorded anew."""
        self.prototype.eval()
        _recalibrate(self.prototype, self.feed.views, normalise)

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, as named tensors."""
        tensors = prefixed("prototype", dict(self.prototype.state_dict()))
        tensors |= prefixed("optimiser", optimiser_tensors(self._optimiser))
        tensors["step"] = torch.tensor(self.step)
        tensors["random"] = torch.get_rng_state()
        if self.feed.acceleration.device.type == "cuda":
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        return tensors

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Inverse of :meth:`state`."""
        self.prototype.load_state_dict(without_prefix("prototype", tensors))
        load_optimiser(self._optimiser, without_prefix("optimiser", tensors))
        self.step = int(tensors["step"])
        for _ in islice(self._order, self.step):
            pass
        torch.set_rng_state(tensors["random"])
        if "random_cuda" in tensors and self.feed.acceleration.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random_cuda"])


@torch.no_grad()
def _recalibrate(prototype: nn.Module, views: Views, normalise: Normaliser) -> None:
    """Batch-norm statistics over unaugmented training images: the running ones lag behind the last weights."""
    norms = [m for m in prototype.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    images = views.images[sample_rows(views.count, STATISTICS_IMAGES)]
    for part in chunks(images, batch_size(images.shape[1:])):
        prototype(normalise(part))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    prototype.eval()
