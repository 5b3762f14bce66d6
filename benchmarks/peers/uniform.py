"""All widths times one factor (and fewer blocks, alike in every stage), trained from scratch with distillation."""

import torch

from benchmarks.clock import Clock
from benchmarks.found import Found, best
from benchmarks.networks import Rung, ladder, narrow, nearest
from benchmarks.search import search_cost
from benchmarks.train import distil, finished
from benchmarks.work import Work

RATE = 0.1


def search(work: Work, clock: Clock, seed: int) -> list[Found]:
    rungs = ladder(work.image_shape, work.classes, work.blocks)
    low, high = rungs[0].log_cost, rungs[-1].log_cost
    tried: set[Rung] = set()

    def train(target: float, seconds: float) -> Found | None:
        rung = nearest(rungs, low + target * (high - low))
        if rung in tried:
            return None
        tried.add(rung)
        return _train(work, rung, seconds, seed, clock)

    return search_cost(train, clock, start=work.definition.start, trials=work.definition.trials)


def further(work: Work, seconds: float, seed: int, found: list[Found]) -> Found | None:
    """The next wider network that isn't there yet: the same time again."""
    chosen = best(found)
    if chosen is None:
        return None
    rungs = ladder(work.image_shape, work.classes, work.blocks)
    taken = {f.label for f in found}
    start = [rung.label for rung in rungs].index(chosen.label)
    wider = next((rung for rung in rungs[start + 1 :] if rung.label not in taken), None)
    return None if wider is None else _train(work, wider, seconds, seed, Clock(seconds))


def _train(work: Work, rung: Rung, seconds: float, seed: int, clock: Clock) -> Found:
    torch.manual_seed(seed)
    model = narrow(work.image_shape[0], work.classes, rung.widths, rung.blocks).to(work.setting.device)
    distil(model, work, seed=seed, seconds=seconds, rate=RATE)
    return finished(model, work, clock.spent, rung.label)
