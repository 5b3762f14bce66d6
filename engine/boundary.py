"""Where the generator works: a moving boundary on the cost axis, and the budgets drawn around it.

NetScore pushes every network to the edge of the requirement, so the shared weights should specialise there. The
boundary moves to smaller costs while probed networks pass and back up while they fail; it stops moving before
training ends, so that the budgets above it are trained too.
"""

from dataclasses import dataclass

import numpy as np

START = 0.6  # of the way from the smallest design to the largest, in log cost
BELOW, ABOVE = 0.08, 0.30  # of log10 cost: the trained band around the boundary
WIDE_SHARE = 0.15  # of the budgets are drawn from the whole range above the band
HELD_UNTIL, FROZEN_FROM = (
    0.12,
    0.6,
)  # of training: before, nothing has learned; after, all budgets get trained
LARGEST_STEP, SMALLEST_STEP = 0.10, 0.02
SLACK_AT_FIRST, SLACK_AT_LAST = 0.03, 0.006  # of the task metric: the rest of training, as rates fall, still raises it
UP_SHARE = 0.5  # of a step, upwards: failing is the rule while nothing is trained well


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

    @property
    def band(self) -> tuple[float, float]:
        """The budgets that most training is spent on."""
        upper = min(self.centre + ABOVE, self.high)
        return max(min(self.centre - BELOW, upper - 1e-3), self.low), upper

    def sample(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Budgets to train at, shape (count,)."""
        low, high = self.band
        wide = rng.random(count) < WIDE_SHARE
        return np.where(wide, rng.uniform(high, self.high, count), rng.uniform(low, high, count))

    @staticmethod
    def slack(progress: float) -> float:
        """How far below the final threshold the task metric may still be, given the share of training that is done."""
        left = max(0.0, 1 - progress / FROZEN_FROM)
        return SLACK_AT_LAST + left * (SLACK_AT_FIRST - SLACK_AT_LAST)

    def move(self, passed: bool, progress: float) -> None:
        """Move after a cycle's probes, unless it is held or frozen.

        Args:
            passed: Whether the networks probed at the boundary do well enough.
            progress: Share of training that is done.
        """
        if not HELD_UNTIL <= progress < FROZEN_FROM:
            return
        direction = -1 if passed else 1
        factor = 1.25 if direction == self.direction else 0.6
        self.step = float(np.clip(self.step * (factor if self.direction else 1.0), SMALLEST_STEP, LARGEST_STEP))
        self.direction = direction
        move = -self.step if direction < 0 else UP_SHARE * self.step
        self.centre = float(np.clip(self.centre + move, self.low, self.high))
