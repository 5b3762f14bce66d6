"""Bounds: exact ones for shares, bootstrap ones for other metrics."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from engine.confidence import acceptance_threshold, binomial_bounds, bootstrap_margin, smallest_mean


def test_bounds_are_the_exact_binomial_ones() -> None:
    low, high = binomial_bounds(57, 60)
    assert (low, high) == pytest.approx((0.8608, 0.9896), abs=5e-4)
    assert binomial_bounds(0, 10)[0] == 0 and binomial_bounds(10, 10)[1] == 1
    assert binom.sf(56, 60, low) == pytest.approx(0.025, abs=1e-6)


def test_a_network_below_the_requirement_is_accepted_at_most_one_time_in_twenty() -> None:
    for required, n in ((0.96, 350), (0.9, 200), (0.89, 5000)):
        right = round(acceptance_threshold(required, n) * n)
        assert binom.sf(right - 1, n, required) <= 0.05
        assert binom.sf(right - 2, n, required) > 0.05  # and the threshold is the smallest such


def test_too_few_calibration_samples_ask_for_a_perfect_score() -> None:
    assert acceptance_threshold(0.99, 20) == 1.0
    assert acceptance_threshold(0.0, 20) == 0.0


def test_the_mean_that_a_budget_needs_is_the_one_whose_lower_bound_is_the_requirement() -> None:
    for required, n in ((0.97, 350), (0.6, 2000)):
        mean = smallest_mean(required, n)
        assert mean - norm.ppf(0.95) * (mean * (1 - mean) / n) ** 0.5 == pytest.approx(required, abs=1e-9)
    assert smallest_mean(0.0, 350) == 0.0


def test_the_bootstrap_margin_of_a_mean_is_about_the_normal_one() -> None:
    rng = np.random.default_rng(0)
    scores = rng.beta(20, 2, 400)
    margin = bootstrap_margin(400, lambda weights: weights @ scores / 400)
    assert margin == pytest.approx(norm.ppf(0.95) * scores.std() / 400**0.5, rel=0.1)


def test_samples_that_are_all_alike_need_no_margin() -> None:
    assert bootstrap_margin(50, lambda weights: weights.sum(1) / 50) == 0.0
