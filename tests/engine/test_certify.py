"""Certification: the scan for the smallest budget, and the yields confirmed there."""

import pytest

from engine.certify import CONFIRM_SEEDS, Trial, certify, diversity
from engine.elastic.design import Design
from engine.pace import Pace


def test_a_budget_whose_networks_are_too_weak_in_the_mean_is_passed_over() -> None:
    lenient, strict = run(world(edge=0.5, spread=0.3)), run(world(edge=0.5, spread=0.3), floor=1.0)
    assert strict.certified and strict.budget_range[0] > lenient.budget_range[0]


def world(edge: float, spread: float):
    """A generator whose networks reach the threshold with a margin that grows with the budget."""

    def decode(seed: int, budget: float, attempt: int) -> Trial:
        luck = ((seed * 37 + attempt * 17) % 101) / 101 - 0.5
        metric = 0.9 + (budget - edge) + spread * luck
        return Trial(Design((seed % 50 + 1, attempt + 1), ()), metric, 1000, 2000)

    return decode


def run(decode, target: float = 0.95, pace: Pace | None = None, budgets: int = 11, floor: float = 0.89):
    return certify(
        decode, [i / (budgets - 1) for i in range(budgets)], required=0.88, threshold=0.9, floor=floor,
        target_yield=target, canonical=lambda d: d, pace=pace or Pace(),
    )  # fmt: skip


class Simulated(Pace):
    """A pace at which a decoding takes 1 s at budget 0 and 10 s at budget 1, on a clock of its own."""

    def __init__(self, seconds: float) -> None:
        super().__init__(lambda: seconds - self.spent)
        self.spent = 0.0

    def seconds(self, budget: float) -> float:
        return 10**budget

    def spending(self, decode):
        def watched(seed: int, budget: float, attempt: int) -> Trial:
            self.spent += self.seconds(budget)
            return decode(seed, budget, attempt)

        return watched


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


def test_when_time_is_short_the_scan_strides_and_still_tries_the_largest_budget() -> None:
    pace = Simulated(seconds=1500)
    certificate = run(pace.spending(world(edge=2.0, spread=0.01)), pace=pace, budgets=101)
    tried = [row["budget"] for row in certificate.scan]
    assert tried[-1] == 1.0
    assert 3 < len(tried) < 101


def test_when_time_is_short_and_the_largest_network_fails_the_scan_looks_below_it() -> None:
    def best_in_between(seed: int, budget: float, attempt: int) -> Trial:
        metric = 0.95 if 0.6 < budget < 0.9 else 0.8  # the largest networks' shared weights are the least trained
        return Trial(Design((seed, attempt), ()), metric, 1000, 2000)

    pace = Simulated(seconds=300)
    certificate = run(pace.spending(best_in_between), pace=pace, budgets=101)
    assert certificate.certified
    assert 0.6 < certificate.budget_range[0] < 0.9


@pytest.mark.parametrize("seconds", [0, 100, 400, 2000])
@pytest.mark.parametrize("edge", [2.0, 0.97, 0.7])
def test_certification_ends_within_its_time_but_for_a_few_decodings(seconds: float, edge: float) -> None:
    pace = Simulated(seconds)
    run(pace.spending(world(edge, spread=0.05)), pace=pace, budgets=81)
    least = (1 + 5 + 10) * 10  # the look at the largest budget, its tries and the fewest seeds that confirm it
    assert pace.spent <= max(seconds, 0) + least


def test_with_time_to_spare_a_timed_scan_finds_what_an_untimed_one_does() -> None:
    pace = Simulated(1e6)
    timed = run(pace.spending(world(edge=0.45, spread=0.02)), pace=pace)
    assert timed == run(world(edge=0.45, spread=0.02))


def test_a_network_beyond_a_limit_is_decoded_again_like_one_that_misses_the_metric() -> None:
    def decode(seed: int, budget: float, attempt: int) -> Trial:
        return Trial(Design((seed, attempt), ()), 0.95, 1000, 2000, within=attempt > 0 or seed % 10 > 0)

    certificate = run(decode)
    assert certificate.certified
    assert certificate.raw.passed == CONFIRM_SEEDS * 9 / 10
    assert certificate.accepted.value == 1.0


def test_a_confirmation_ends_once_the_target_is_out_of_reach() -> None:
    def decode(seed: int, budget: float, attempt: int) -> Trial:
        scanned = seed < 1_000_003 + 16
        return Trial(Design((seed, attempt), ()), 0.95 if scanned or seed % 2 else 0.85, 1000, 2000)

    certificate = run(decode)
    assert not certificate.certified
    assert certificate.accepted.n < CONFIRM_SEEDS and certificate.accepted.value == pytest.approx(0.5, abs=0.1)


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
