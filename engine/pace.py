"""How long decodings take, and how many more of them the time budget allows."""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import numpy as np

Decoded = TypeVar("Decoded")


class Pace:
    """Seconds for each decoding, learned while they are made.

    Args:
        left: Seconds that are left, possibly negative; None where nothing is timed: then everything is affordable and
            nothing depends on the clock.
    """

    def __init__(self, left: Callable[[], float] | None = None) -> None:
        self._left = left
        self._spent: dict[float, list[float]] = defaultdict(list)

    @property
    def is_timed(self) -> bool:
        return self._left is not None

    def left(self) -> float:
        return self._left() if self._left else math.inf

    def watch(self, decode: Callable[[int, float, int], Decoded]) -> Callable[[int, float, int], Decoded]:
        """The same decoding of (seed, budget, attempt), timed."""

        def watched(seed: int, budget: float, attempt: int) -> Decoded:
            start = time.monotonic()
            trial = decode(seed, budget, attempt)
            self._spent[budget].append(time.monotonic() - start)
            return trial

        return watched if self.is_timed else decode

    def seconds(self, budget: float) -> float:
        """What one decoding at a budget is expected to take (0 where nothing is timed)."""
        if not self._spent:
            return 0.0
        budgets = sorted(self._spent)
        means = [max(float(np.mean(self._spent[b])), 1e-6) for b in budgets]
        return float(np.exp(np.interp(budget, budgets, np.log(means))))  # costs are geometric in the budget

    def affords(self, decodings: float, budget: float, reserve: float = 0.0) -> bool:
        """Whether some decodings at a budget fit into what is left beside a reserve in seconds."""
        return not self.is_timed or decodings * self.seconds(budget) + reserve <= self.left()
