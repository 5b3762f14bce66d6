"""Torch-Pruning (Fang et al. 2023, https://arxiv.org/abs/2301.12900): the prototype is pruned step by step with a
little distillation after each step, then distilled for the rest of the time; the cost is searched for the requirement.

Channels compete under group importance: magnitude (p = 2) globally, or first-order Taylor from gradients on training
batches among layers of the same structure (isomorphic; globally it left single channels in the last stage). At least
one channel of a layer stays.
"""

import copy

import numpy as np
import torch
import torch_pruning as tp

from benchmarks.clock import Clock
from benchmarks.found import Found, best, cost
from benchmarks.networks import ladder, log_cost
from benchmarks.search import search_cost
from benchmarks.train import distil, finished
from benchmarks.work import Work

ROUNDS = 8  # of pruning, each followed by a share of the time
PRUNING_SHARE = 0.4  # of a training that goes into the rounds
STEPS = 60  # fine steps of the pruner, from nothing to nearly everything
MOST = 0.985  # of the channels
RATES = {"magnitude": 0.05, "taylor": 0.02}
GRADIENT_BATCHES = 8


def search(work: Work, clock: Clock, seed: int, importance: str) -> list[Found]:
    rungs = ladder(work.image_shape, work.classes, work.blocks)
    low, high = rungs[0].log_cost, rungs[-1].log_cost

    def train(target: float, seconds: float) -> Found:
        return _prune(work, low + target * (high - low), seconds, seed, importance, clock)

    return search_cost(train, clock, start=work.definition.start, trials=work.definition.trials)


def further(work: Work, seconds: float, seed: int, found: list[Found], importance: str) -> Found | None:
    """The same cost with other batches; magnitude would give the same network, so a little more is kept each time."""
    chosen = best(found)
    if chosen is None:
        return None
    more = 0.01 * (1 + seed % 10)
    target = log_cost(chosen.params, chosen.macs) + more
    network = _prune(work, target, seconds, seed, importance, Clock(seconds))
    return network if network.structure not in {f.structure for f in found} else None


def _prune(work: Work, target: float, seconds: float, seed: int, importance: str, clock: Clock) -> Found:
    own = Clock(seconds)
    model = copy.deepcopy(work.setting.prototype)
    image = torch.zeros(1, *work.image_shape, device=work.setting.device)
    start = log_cost(*cost(model, image))
    for i in range(1, ROUNDS + 1):
        _prune_to(work, model, start + (target - start) * i / ROUNDS, image, seed + i, importance)
        if i < ROUNDS:
            distil(model, work, seed=seed + i, seconds=seconds * PRUNING_SHARE / ROUNDS, rate=RATES[importance])
    distil(model, work, seed=seed, seconds=own.left, rate=RATES[importance])
    params, macs = cost(model, image)
    return finished(model, work, clock.spent, f"log cost {log_cost(params, macs):.2f}")


def _prune_to(
    work: Work, model: torch.nn.Module, target: float, image: torch.Tensor, seed: int, importance: str
) -> None:
    """Prune in fine steps until the log cost is at most the target."""
    kinds = {"magnitude": tp.importance.GroupMagnitudeImportance, "taylor": tp.importance.GroupTaylorImportance}
    pruner = tp.pruner.BasePruner(
        model, image, kinds[importance](), global_pruning=True, pruning_ratio=MOST, max_pruning_ratio=MOST,
        iterative_steps=STEPS, ignored_layers=[model.fc], isomorphic=importance == "taylor",
    )  # fmt: skip
    if importance == "taylor":
        _gradients(work, model, seed)
    for _ in range(STEPS):
        if log_cost(*cost(model, image)) <= target:
            break
        if importance == "taylor" and any(p.grad is None for p in model.parameters()):
            _gradients(work, model, seed)
        pruner.step()
    model.zero_grad()


def _gradients(work: Work, model: torch.nn.Module, seed: int) -> None:
    """Accumulate the loss's gradient over a few training batches."""
    batches = work.feed.batches(work.views.batches(np.random.default_rng([seed, 0x7A]), work.setting.task.batch))
    model.zero_grad()
    model.eval()
    for _ in range(GRADIENT_BATCHES):
        batch = next(batches)
        work.setting.task.loss(model(batch.images), batch.labels, batch.taught).backward()
