"""The wall clock that all methods share."""

import time


class Clock:
    """Counts the seconds of a method's time.

    Args:
        seconds: How much there is.
        spent: How much of it has gone already.
    """

    def __init__(self, seconds: float, spent: float = 0.0) -> None:
        self.seconds = seconds
        self._start = time.monotonic() - spent

    @property
    def spent(self) -> float:
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        return self.seconds - self.spent
