"""Certification: exact bounds, the acceptance threshold, and the scan for the smallest budget."""

import pytest
from scipy.stats import binom

from engine.certify import Trial, acceptance_threshold, binomial_bounds, certify, diversity
from engine.elastic.design import Design


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


def world(edge: float, spread: float):
    """A generator whose networks reach the threshold with a margin that grows with the budget."""

    def decode(seed: int, budget: float, attempt: int) -> Trial:
        luck = ((seed * 37 + attempt * 17) % 101) / 101 - 0.5
        metric = 0.9 + (budget - edge) + spread * luck
        return Trial(Design((seed % 50 + 1, attempt + 1), ()), metric, 1000, 2000)

    return decode


def run(decode, target: float = 0.95, out_of_time=lambda: False):
    return certify(
        decode, [i / 10 for i in range(11)], required=0.88, threshold=0.9, target_yield=target,
        canonical=lambda d: d, out_of_time=out_of_time,
    )  # fmt: skip


def test_the_scan_finds_the_smallest_budget_that_reaches_the_target() -> None:
    certificate = run(world(edge=0.45, spread=0.02))
    assert certificate.certified
    assert certificate.budget_range == (0.5, 1.0)
    assert certificate.raw.value == certificate.accepted.value == 1.0
    assert certificate.margin == pytest.approx(0.02)
    assert [row["budget"] for row in certificate.scan] == sorted(row["budget"] for row in certificate.scan)


def test_decoding_again_raises_the_accepted_yield_above_the_raw_one() -> None:
    certificate = run(world(edge=0.5, spread=0.3))
    assert certificate.certified
    assert certificate.raw.value < certificate.accepted.value


def test_nothing_is_certified_when_no_budget_reaches_the_target() -> None:
    certificate = run(world(edge=2.0, spread=0.01))
    assert not certificate.certified
    assert certificate.accepted.value == 0 and certificate.budget_range == (1.0, 1.0)


def test_out_of_time_goes_up_in_growing_strides_and_still_tries_the_largest_budget() -> None:
    certificate = run(world(edge=0.85, spread=0.01), out_of_time=lambda: True)
    assert certificate.certified and certificate.budget_range == (1.0, 1.0)
    assert [row["budget"] for row in certificate.scan] == pytest.approx([0.0, 0.2, 0.6, 1.0])


def test_a_hopeless_budget_costs_five_decodings() -> None:
    decoded: list[float] = []

    def decode(seed: int, budget: float, attempt: int) -> Trial:
        decoded.append(budget)
        return world(edge=2.0, spread=0.01)(seed, budget, attempt)

    assert not run(decode).certified
    assert len(decoded) == 5 * len(set(decoded)) and max(decoded) == 1.0


def test_diversity_counts_distinct_designs_and_their_distance() -> None:
    one, other = Design((1, 3), ()), Design((3, 3), ())
    assert diversity([one, one, other, other]) == (0.5, pytest.approx((4 / 6) * 0.5))
