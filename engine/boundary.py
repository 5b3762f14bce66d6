"""Where the generator works: a moving boundary on the cost axis, and the budgets drawn around it.

NetScore pushes every network to the edge of the requirement, so the shared weights should specialise there. The
boundary moves to smaller costs while probed networks pass and back up while they fail; it stops moving before
training ends, so that the budgets above it are trained too.
"""

from dataclasses import dataclass

import numpy as np

START = 0.72  # of the way from the smallest design to the largest, in log cost
BELOW, ABOVE = 0.08, 0.30  # of log10 cost: the trained band around the boundary, at first
BELOW_AT_LAST, ABOVE_AT_LAST = 0.05, 0.12
NARROWING = 0.5, 0.8  # of training: when the band narrows
WIDE_SHARE = 0.15  # of the budgets are drawn from the whole range above the band
HELD_UNTIL, FROZEN_FROM = 0.12, 0.6  # of training: nothing has learned before; all budgets get trained after
LARGEST_STEP, SMALLEST_STEP = 0.10, 0.02  # for a hundredth of training
MOST_HUNDREDTHS = 2  # of training, for which one move of a longer cycle makes up
# How far below its final threshold the task metric m may still be, in units of √(m(1 − m)): what is left of training,
# as rates fall, still raises it.
SLACK_AT_FIRST, SLACK_AT_LAST = 0.3, 0.03
UP_SHARE = 0.3  # of a step, upwards: failing is the rule while nothing is trained well


@dataclass
class Boundary:
    """The boundary LC*, in log10 cost.

    Attributes:
        low, high: The range that it may move in.
        centre: Where it is.
        step: How far it moves next.
        direction: −1 after a pass, +1 after a failure, 0 at the start.
    """

    low: float
    high: float
    centre: float
    step: float = 0.06
    direction: int = 0

    @classmethod
    def between(cls, low: float, high: float) -> "Boundary":
        return cls(low, high, low + START * (high - low))

    def band(self, progress: float) -> tuple[float, float]:
        """The budgets that most training is spent on: wide while the boundary moves, narrower towards the end."""
        late = float(np.clip((progress - NARROWING[0]) / (NARROWING[1] - NARROWING[0]), 0, 1))
        upper = min(self.centre + ABOVE + late * (ABOVE_AT_LAST - ABOVE), self.high)
        below = BELOW + late * (BELOW_AT_LAST - BELOW)
        return max(min(self.centre - below, upper - 1e-3), self.low), upper

    def sample(self, rng: np.random.Generator, count: int, progress: float) -> np.ndarray:
        """Budgets to train at, shape (count,)."""
        low, high = self.band(progress)
        wide = rng.random(count) < WIDE_SHARE
        above = high + (self.high - high) * rng.random(count) ** 2  # mostly not far above: what is drawn when in need
        return np.where(wide, above, rng.uniform(low, high, count))

    @staticmethod
    def slack(progress: float, required: float) -> float:
        """How far below the final threshold the task metric may still be.

        Args:
            progress: Share of training that is done.
            required: The requirement on the task metric.
        """
        left = max(0.0, 1 - progress / FROZEN_FROM)
        return (SLACK_AT_LAST + left * (SLACK_AT_FIRST - SLACK_AT_LAST)) * (required * (1 - required)) ** 0.5

    def move(self, passed: bool, progress: float, cycle: float = 0.01) -> None:
        """Move after a cycle's probes, unless it is held or frozen.

        Args:
            passed: Whether the networks probed at the boundary do well enough.
            progress: Share of training that is done.
            cycle: Share of training that a cycle is: where training is short, one move makes up for several.
        """
        if not HELD_UNTIL <= progress < FROZEN_FROM:
            return
        direction = -1 if passed else 1
        factor = 1.25 if direction == self.direction else 0.6
        self.step = float(np.clip(self.step * (factor if self.direction else 1.0), SMALLEST_STEP, LARGEST_STEP))
        self.direction = direction
        move = -self.step if direction < 0 else UP_SHARE * self.step
        move *= float(np.clip(100 * cycle, 1, MOST_HUNDREDTHS))
        self.centre = float(np.clip(self.centre + move, self.low, self.high))
