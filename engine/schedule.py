"""Progress through a phase of work and the learning rate that belongs to it."""

from dataclasses import dataclass

WARM_UP = 0.05
FINAL = 0.01


@dataclass(frozen=True)
class Phase:
    """A phase that ends after a number of steps, at a moment of the run, or at whichever comes first.

    Attributes:
        steps: Steps in the phase, or None.
        start: Seconds of the run at which it starts.
        end: Seconds of the run by which it ends, or None: then nothing depends on the clock.
    """

    steps: int | None
    start: float
    end: float | None

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the phase that is done, in [0, 1]."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = (elapsed - self.start) / max(self.end - self.start, 1e-9) if self.end is not None else 0.0
        return min(1.0, max(by_steps, by_time))


def learning_rate(peak: float, progress: float) -> float:
    """Linear warm-up, then linear decay to 1 % of the peak."""
    if progress < WARM_UP:
        return peak * max(progress, 0.002) / WARM_UP
    return peak * (1 - (1 - FINAL) * (progress - WARM_UP) / (1 - WARM_UP))
