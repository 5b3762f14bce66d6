"""Refinement: the one best network of a learned generator, by polishing designs below the certified range.

The certified range says what every seed reaches as it is drawn. A network that is trained on by itself reaches the
requirement at a smaller cost. So at ever smaller budgets many seeds compete: all of them as they are, the best of these
after a short polish, and the winner of those is polished for long (successive halving, Jamieson & Talwalkar 2016). The
smallest cost whose winner is accepted is searched by steps down and then by halving. The search split chooses among
seeds, the calibration split accepts or refuses the winner as in every draw with polish, and the test split isn't looked
at.

What comes out is a seed, a budget and a number of steps: drawing with these gives the same network again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.draw import Network, TrainedGenerator
from engine.errors import StopRequested
from engine.polish import distil, steps_within

CANDIDATES, SHORTLIST = 48, 6  # seeds measured as they are, at most, and polished for a short while
LOOKING, SHORT = 0.2, 0.05  # of a budget's time, at most: for all candidates, and for each of the shortlist
TRIALS = 4  # budgets that the time is planned for
STEP = 0.5  # of log10 cost, down from the last accepted one until one isn't
NARROW = 0.04  # of log10 cost: not worth another trial
ENOUGH = 0.6  # of a planned trial: with less time left none is begun


@dataclass
class Bracket:
    """The smallest log10 cost that was accepted, and the largest below it that wasn't."""

    accepted: float
    failed: float
    low: float

    @property
    def next(self) -> float:
        if self.failed > self.low:
            return (self.accepted + self.failed) / 2
        return max(self.accepted - STEP, (self.accepted + self.low) / 2)

    @property
    def narrow(self) -> bool:
        return self.accepted - max(self.failed, self.low) < NARROW


def refine(
    generator: TrainedGenerator, seconds: float, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[Network]:
    """Networks below the certified range, each cheaper than the one before it; the last one is the best.

    Args:
        generator: The learned generator; it stays as it is.
        seconds: Wall-clock seconds to search for.
        should_stop: Asked between pieces of work.

    Yields:
        Networks that the calibration split accepts.

    Raises:
        StopRequested: When ``should_stop`` says so.
    """
    generator.feed()  # reading the data isn't searching
    start, projection = time.monotonic(), generator.parts.projection
    bracket = Bracket(projection.to_log_cost(generator.default_budget()), projection.low, projection.low)
    planned = seconds / TRIALS
    while not bracket.narrow:
        left = seconds - (time.monotonic() - start)
        if left < ENOUGH * planned:
            return
        target = bracket.next
        network = _best_at(generator, projection.to_budget(target), min(planned, left), should_stop)
        if network.verified:
            bracket.accepted = target
            yield network
        else:
            bracket.failed = target


def _best_at(generator: TrainedGenerator, budget: float, seconds: float, should_stop: Callable[[], bool]) -> Network:
    """The winner among a budget's seeds, polished for what is left of the seconds."""
    start, parts = time.monotonic(), generator.parts
    log_cost = parts.projection.to_log_cost(budget)

    def loss_of(seed: int, polish_s: float) -> float:
        if should_stop():
            raise StopRequested
        active, flat = parts.probe.prepare(parts.generator.design(seed, log_cost), quick=True)
        if polish_s:
            feed = generator.feed()
            flat = distil(parts, feed, active, flat, steps_within(parts, feed, active, flat, polish_s), seed)
            parts.network.record_statistics(active, flat, parts.probe.statistics_batches)
        return parts.probe.probe_prepared(active, flat).loss

    losses: dict[int, float] = {}
    while len(losses) < CANDIDATES and (len(losses) < SHORTLIST or time.monotonic() - start < LOOKING * seconds):
        losses[len(losses)] = loss_of(len(losses), 0.0)
    shortlist = sorted(losses, key=losses.__getitem__)[:SHORTLIST]
    winner = min(shortlist, key=lambda seed: loss_of(seed, SHORT * seconds))
    left = seconds - (time.monotonic() - start)
    return generator.draw(winner, budget, max(left, SHORT * seconds))
