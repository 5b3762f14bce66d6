"""The boundary goes down while networks pass, up while they fail, and holds still outside of its time."""

import numpy as np

from engine.boundary import FROZEN_FROM, HELD_UNTIL, Boundary

WORKING = (HELD_UNTIL + FROZEN_FROM) / 2


def test_it_settles_where_passing_turns_into_failing() -> None:
    boundary = Boundary.between(2.0, 5.0)
    for _ in range(60):
        boundary.move(boundary.centre > 3.1, WORKING)
    assert abs(boundary.centre - 3.1) < 0.05


def test_it_never_leaves_its_range() -> None:
    for passed, end in ((True, 2.0), (False, 5.0)):
        boundary = Boundary.between(2.0, 5.0)
        for _ in range(200):
            boundary.move(passed, WORKING)
        assert boundary.centre == end
        low, high = boundary.band(WORKING)
        assert 2.0 <= low < high <= 5.0


def test_it_holds_still_before_anything_has_learned_and_in_the_last_part() -> None:
    boundary = Boundary.between(2.0, 5.0)
    before = boundary.centre
    boundary.move(True, HELD_UNTIL / 2)
    boundary.move(True, FROZEN_FROM)
    assert boundary.centre == before


def test_budgets_are_drawn_mostly_from_the_band_and_sometimes_from_above() -> None:
    boundary = Boundary.between(2.0, 5.0)
    low, high = boundary.band(WORKING)
    drawn = boundary.sample(np.random.default_rng(0), 400, WORKING)
    inside = (drawn >= low) & (drawn <= high)
    assert 0.75 < inside.mean() < 0.95
    assert drawn.min() >= low and drawn.max() > high + 0.3


def test_the_slack_shrinks_as_training_goes_on() -> None:
    slack = [Boundary.slack(p, 0.9) for p in (0.0, 0.3, FROZEN_FROM, 1.0)]
    assert slack == sorted(slack, reverse=True) and slack[-1] > 0


def test_it_moves_as_fast_in_a_training_of_few_cycles() -> None:
    many, few = Boundary.between(2.0, 5.0), Boundary.between(2.0, 5.0)
    for _ in range(12):
        many.move(False, WORKING, cycle=0.01)
    for _ in range(4):
        few.move(False, WORKING, cycle=0.03)
    assert abs(few.centre - many.centre) < 0.15
