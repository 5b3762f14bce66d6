"""Training steps: of the prototype as a whole, and of the shared weights through one generated design at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.dataset import sample_rows
from engine.elastic.design import Design
from engine.elastic.network import ElasticNetwork
from engine.schedule import Phase, learning_rate
from engine.tasks import Task
from engine.views import Normaliser, Teacher, Views, chunks

BATCH = 64
MOMENTUM = 0.9
WEIGHT_DECAY = 2e-4
PEAK_RATE = 0.1
FINE_TUNING_RATE = 0.01
LARGEST_GRADIENT = 5.0  # norm to which gradients are clipped


@dataclass
class PrototypeProgress:
    """Reported while the prototype is trained."""

    progress: float
    step: int
    loss: float


def train_prototype(
    prototype: nn.Module,
    views: Views,
    normalise: Normaliser,
    task: Task,
    phase: Phase,
    elapsed: Callable[[], float],
    *,
    seed: int,
    pretrained: bool,
    on_progress: Callable[[PrototypeProgress], None],
    should_stop: Callable[[], bool],
) -> bool:
    """Train (or fine-tune) the prototype in place on the labels.

    Returns:
        False when asked to stop before the end.
    """
    rng = np.random.default_rng([seed, 0x50])
    torch.manual_seed(seed)
    batches = views.batches(rng, BATCH)
    decayed = [p for p in prototype.parameters() if p.dim() > 1]
    others = [p for p in prototype.parameters() if p.dim() <= 1]
    groups: list[dict[str, Any]] = [{"params": decayed, "weight_decay": 5e-4}, {"params": others}]
    optimiser = torch.optim.SGD(
        groups,
        lr=0.1,
        momentum=MOMENTUM,
        nesterov=True,
    )
    peak = FINE_TUNING_RATE if pretrained else PEAK_RATE
    prototype.train()
    step, progress, reported = 0, 0.0, 0.0
    while progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(peak, progress)
        images, labels = batch_of(views, next(batches), normalise)
        loss = task.loss(prototype(images), labels, None)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(prototype.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        step += 1
        progress = phase.progress(step, elapsed())
        if progress - reported >= 0.05 or progress >= 1:
            reported = progress
            on_progress(PrototypeProgress(progress, step, float(loss.detach())))
            prototype.train()
        if should_stop():
            return False
    prototype.eval()
    _recalibrate(prototype, views, normalise)
    return True


@torch.no_grad()
def _recalibrate(prototype: nn.Module, views: Views, normalise: Normaliser) -> None:
    """Batch-norm statistics over unaugmented training images: the running ones lag behind the last weights."""
    norms = [m for m in prototype.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    for part in chunks(views.images[sample_rows(views.count, 2048)], 512):
        prototype(normalise(part))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    prototype.eval()


def batch_of(views: Views, rows: np.ndarray, normalise: Normaliser) -> tuple[Tensor, Tensor]:
    """(normalised images, labels) of the given rows, on the device."""
    return normalise(views.images[rows]), torch.from_numpy(views.labels[rows]).to(normalise.device)


class SharedTrainer:
    """Stochastic gradient descent (Nesterov) on the shared weights, one design a step.

    Only the active elements of the weights and of their momentum are read and written.
    """

    def __init__(self, network: ElasticNetwork, teacher: Teacher, normalise: Normaliser, task: Task) -> None:
        self.network = network
        self.teacher = teacher
        self.normalise = normalise
        self.task = task
        self.momentum = torch.zeros_like(network.weights)

    def step(self, design: Design, rows: np.ndarray, rate: float) -> Tensor:
        """One step; returns the loss (detached, still on the device)."""
        network = self.network
        active = network.activate(design)
        flat = network.gather(active).requires_grad_()
        images, labels = batch_of(self.teacher.views, rows, self.normalise)
        taught = self.teacher(rows, images)
        loss = self.task.loss(network.forward(active, flat, images), labels, taught)
        (gradient,) = torch.autograd.grad(loss, flat)
        with torch.no_grad():
            gradient *= (LARGEST_GRADIENT / (gradient.norm() + 1e-6)).clamp_max(1.0)
            gradient = torch.nan_to_num(gradient, 0.0, 0.0, 0.0)
            gradient += WEIGHT_DECAY * network.decayed[active.index] * flat
            momentum = self.momentum[active.index].mul_(MOMENTUM).add_(gradient)
            self.momentum[active.index] = momentum
            network.weights[active.index] = flat - rate * (gradient + MOMENTUM * momentum)
        return loss.detach()

    def batches(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        return self.teacher.views.batches(rng, BATCH)
