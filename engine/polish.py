"""Polish: a short distillation of one drawn network, on its own copy of the weights."""

import time
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from engine.acceleration import one_dnn
from engine.certify import Trial
from engine.elastic.network import Active
from engine.feed import Feed
from engine.schedule import learning_rate
from engine.setting import Synthesized
from engine.training import LARGEST_GRADIENT, MOMENTUM, WEIGHT_DECAY

# The longer a polish, the further it may go: on photographs of 8×8, 60 to 200 steps did best at a peak rate of 0.02 to
# 0.05; more than 1,000 steps reached the requirement at smaller costs with 0.1 than with 0.05.
LARGEST_RATE, HALF_OF_IT_AT = 0.1, 400  # steps
UNTIMED_STEPS, TIMED_STEPS = 3, 10  # of the trial run that tells how many steps fit into some seconds


@dataclass(frozen=True)
class Polished:
    """What polishing gave.

    Attributes:
        flat: The design's weights; their batch-norm statistics are recorded.
        steps: Steps of distillation.
        kept: Whether the distilled weights are these, or the ones from before.
        accepted: Whether the calibration split accepts them.
    """

    flat: Tensor
    steps: int
    kept: bool
    accepted: bool


def polish(
    parts: Synthesized,
    feed: Feed,
    trial: Trial,
    active: Active,
    flat: Tensor,
    *,
    seconds: float,
    steps: int | None,
    seed: int,
) -> Polished:
    """Distil the prototype into one design for a while, and keep the better of before and after.

    Better is what scores higher on the search split (or as high with a lower loss there); an accepted network is not
    given up for one that the calibration split doesn't accept. The test split isn't looked at.

    Args:
        parts: The learned generator; its shared weights stay as they are.
        feed: Batches with the prototype's outputs.
        trial: How the design did before.
        active: The design, prepared.
        flat: Its weights.
        seconds: How long, where ``steps`` is None: turned into steps at the start.
        steps: How many steps; the result depends on these, the seed and the weights alone.
        seed: Order of the batches.
    """
    probe, threshold = parts.probe, parts.setting.threshold
    before = probe.measure_prepared(active, flat, "search")
    if steps is None:
        steps = steps_within(parts, feed, active, flat, seconds)
    polished = distil(parts, feed, active, flat, steps, seed)
    parts.network.record_statistics(active, polished, probe.statistics_batches)
    after = probe.measure_prepared(active, polished, "search")
    accepted = trial.within and probe.measure_prepared(active, polished, "calibration").metric >= threshold
    better = (after.metric, -after.loss) > (before.metric, -before.loss)
    if better and (accepted or not trial.accepted(threshold)):
        return Polished(polished, steps, True, accepted)
    parts.network.record_statistics(active, flat, probe.statistics_batches)
    return Polished(flat, steps, False, trial.accepted(threshold))


def steps_within(parts: Synthesized, feed: Feed, active: Active, flat: Tensor, seconds: float) -> int:
    """How many steps of distillation of a design fit into some seconds here."""
    distil(parts, feed, active, flat, UNTIMED_STEPS, 0)
    start = time.monotonic()
    distil(parts, feed, active, flat, TIMED_STEPS, 1)
    return max(1, round(TIMED_STEPS * seconds / (time.monotonic() - start)))


def distil(parts: Synthesized, feed: Feed, active: Active, flat: Tensor, steps: int, seed: int) -> Tensor:
    """A design's weights after some steps of Nesterov's gradient descent; ``flat`` stays as it is."""
    network, task = parts.network, parts.setting.task
    flat, momentum = flat.clone(), torch.zeros_like(flat)
    decay = WEIGHT_DECAY * network.decayed[active.index]
    batches = feed.batches(feed.views.batches(np.random.default_rng([seed, 0x70]), task.batch))
    peak = LARGEST_RATE * steps / (steps + HALF_OF_IT_AT)
    with one_dnn():  # unlike the shared weights' steps, all of these have the same shapes
        for step, batch in enumerate(islice(batches, steps)):
            rate = learning_rate(peak, step / steps)
            weights = flat.requires_grad_()
            loss = task.loss(network.forward(active, weights, batch.images), batch.labels, batch.taught)
            (gradient,) = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                gradient *= (LARGEST_GRADIENT / (gradient.norm() + 1e-6)).clamp_max(1.0)
                gradient += decay * flat
                momentum = MOMENTUM * momentum + gradient
                flat = flat - rate * (gradient + MOMENTUM * momentum)
    return flat.detach()
