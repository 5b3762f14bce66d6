"""The search over one number finds the edge that acceptance draws."""

import itertools

import pytest
from torch import nn

from benchmarks.clock import Clock
from benchmarks.found import Found, best, distinct
from benchmarks.search import search_cost


def network(target: float, *, edge: float, structure: str = "") -> Found:
    accuracy = 0.98 if target >= edge else 0.96
    size = round(1000 * 10**target)
    return Found(
        nn.Identity(), 0.0, size, size, accuracy, accuracy, target >= edge, f"{target}", structure or f"{size}"
    )


@pytest.mark.parametrize("edge", [0.05, 0.33, 0.7])
@pytest.mark.parametrize("start", [0.2, 0.5])
def test_the_cheapest_accepted_network_lies_at_the_edge(edge, start):
    found = search_cost(lambda target, _: network(target, edge=edge), Clock(1e9), start=start, trials=40)
    chosen = best(found)
    assert chosen is not None
    assert edge <= float(chosen.label) <= edge + 0.02


def test_a_cost_without_a_new_network_counts_as_failed():
    targets = []

    def train(target, seconds):
        targets.append(target)
        return

    assert search_cost(train, Clock(1e9), start=0.5, trials=10) == []
    assert all(a < b for a, b in itertools.pairwise(targets))


def test_no_training_begins_without_time():
    assert search_cost(lambda *_: pytest.fail("trained"), Clock(0.0), start=0.5, trials=2) == []


def test_choice_is_the_highest_netscore_among_accepted_and_distinct_counts_structures():
    found = [network(t, edge=0.5, structure=s) for t, s in ((0.4, "a"), (0.6, "b"), (0.5, "c"), (0.7, "b"))]
    assert best(found) is found[2]
    assert [f.structure for f in distinct(found)] == ["b", "c"]
