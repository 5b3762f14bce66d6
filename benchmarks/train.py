"""The trainer that every peer uses: the engine's own recipe for plain modules.

SGD with Nesterov momentum on the task's loss with distillation from the prototype, over the same cached augmented views
and teacher outputs, with the same schedule, batch size, weight decay and clipping as the shared weights get.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.found import Found, cost, structure
from benchmarks.work import Work
from engine.heldout import observe
from engine.schedule import learning_rate
from engine.training import LARGEST_GRADIENT, MOMENTUM, WEIGHT_DECAY
from engine.views import chunks

RATE = 0.1  # from scratch; fine-tuning peers take less
STATISTICS_IMAGES = 2048
# Parameters from which oneDNN is the faster: on 8×8 images a step with 2-5-9 channels took 5.2 ms with it and 4.2 ms
# without, with 3-7-13 the same, with 8-17-34 7.5 and 14 ms.
WORTH_ONE_DNN = 3500


def distil(
    module: nn.Module,
    work: Work,
    *,
    seed: int,
    seconds: float | None = None,
    steps: int | None = None,
    rate: float = RATE,
    watch: Callable[[float], bool] = lambda progress: False,
    takes_pixels: bool = False,
) -> int:
    """Train a plain module in place; its batch-norm statistics are then taken from training images.

    Args:
        module: Normalised images in, or pixels in [0, 1].
        work: The task.
        seed: Order of the batches.
        seconds: How long, or None; nothing is trained where none are left.
        steps: How many steps, or None; the schedule follows whichever ends first.
        rate: Peak learning rate.
        watch: Asked after each tenth of the training with the progress; True ends it at once.
        takes_pixels: What the module's input is.

    Returns:
        Steps done.
    """
    start, step, asked = time.monotonic(), 0, 0.1
    torch.backends.mkldnn.set_flags(sum(p.numel() for p in module.parameters()) >= WORTH_ONE_DNN)
    batches = work.feed.batches(work.views.batches(np.random.default_rng([seed, 0xB0]), work.setting.task.batch))
    decayed = [p for p in module.parameters() if p.dim() > 1]
    others = [p for p in module.parameters() if p.dim() <= 1]
    groups: list[dict[str, Any]] = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others}]
    optimiser = torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM, nesterov=True)
    module.train()
    while True:
        by_time = 0.0 if seconds is None else (time.monotonic() - start) / max(seconds, 1e-9)
        by_steps = step / steps if steps else 0.0
        progress = max(by_time, by_steps)
        if progress >= 1:
            break
        if progress >= asked:
            asked += 0.1
            if watch(progress):
                break
            module.train()
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(rate, progress)
        batch = next(batches)
        outputs = module(work.input(batch.images, takes_pixels))
        loss = work.setting.task.loss(outputs, batch.labels, batch.taught)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        step += 1
    recalibrate(module, work, takes_pixels=takes_pixels)
    return step


@torch.no_grad()
def recalibrate(module: nn.Module, work: Work, *, takes_pixels: bool = False, images: int = STATISTICS_IMAGES) -> None:
    """Batch-norm statistics over unaugmented training images; leaves the module in evaluation mode."""
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    module.train()
    for part in chunks(work.setting.dataset.splits["train"].sample(images), 512):
        module(work.input(work.setting.normalise(part), takes_pixels))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()


def accuracy(module: nn.Module, work: Work, split: str, *, takes_pixels: bool = False) -> float:
    """Accuracy on a split: search and calibration for decisions, test only for the report."""
    module.eval()

    def run(images: Tensor) -> Tensor:
        return module(work.input(images, takes_pixels))

    task = work.setting.task
    return task.judge(observe(run, work.held_out(split), task)[0])[task.metric]


def finished(module: nn.Module, work: Work, seconds: float, label: str, *, takes_pixels: bool = False) -> Found:
    """Measure a trained module on the splits that decisions may read.

    Args:
        seconds: Of the method's time so far.
    """
    image = torch.zeros(1, *work.setting.dataset.image_shape, device=work.setting.device)
    calibration = accuracy(module, work, "calibration", takes_pixels=takes_pixels)
    return Found(
        module, seconds, *cost(module, image), accuracy(module, work, "search", takes_pixels=takes_pixels), calibration,
        calibration >= work.threshold, label, structure(module), takes_pixels,
    )  # fmt: skip
