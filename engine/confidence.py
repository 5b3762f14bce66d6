"""What a finite number of samples leaves open: exact bounds for shares, a bootstrap for everything else."""

from collections.abc import Callable

import numpy as np
from scipy.stats import beta, norm

CONFIDENCE = 0.95
RESAMPLES = 1000
SEED = 20_230_405  # any constant will do


def binomial_bounds(passed: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided (Clopper–Pearson) interval for a proportion."""
    tail = (1 - confidence) / 2
    low = 0.0 if passed == 0 else float(beta.ppf(tail, passed, n - passed + 1))
    high = 1.0 if passed == n else float(beta.ppf(1 - tail, passed + 1, n - passed))
    return low, high


def acceptance_threshold(required: float, n: int, confidence: float = CONFIDENCE) -> float:
    """The share of ``n`` samples from which the one-sided exact lower bound reaches ``required``.

    With too few samples for any share to reach it, only a perfect one is accepted.
    """
    if required <= 0:
        return 0.0
    right = np.arange(1, n + 1)
    reached = beta.ppf(1 - confidence, right, n - right + 1) >= required
    return float(right[reached.argmax()] / n) if reached.any() else 1.0


def smallest_mean(required: float, n: int, confidence: float = CONFIDENCE) -> float:
    """The mean share, of ``n`` samples, whose lower bound is ``required``.

    The bound is one-sided and asymptotic (normal), with the variance of a single network's share: an upper limit on
    that of a mean over networks.
    """
    if required <= 0:
        return 0.0
    z2 = float(norm.ppf(confidence)) ** 2
    half = required * n + z2 / 2
    return (half + (half**2 - (n + z2) * required**2 * n) ** 0.5) / (n + z2)


def bootstrap_margin(n: int, metric: Callable[[np.ndarray], np.ndarray], confidence: float = CONFIDENCE) -> float:
    """How far a metric over samples lies above its one-sided lower bound: by resampling whole samples (Efron 1979).

    Args:
        n: Samples.
        metric: The metric where each sample is there so many times: resamples × n → resamples.

    Returns:
        The metric less the bound of the percentile bootstrap; at least 0.
    """
    weights = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    low = np.quantile(metric(weights), 1 - confidence)
    return max(0.0, float(metric(np.ones((1, n)))[0] - low))
