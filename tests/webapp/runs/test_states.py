"""The table of legal moves, and the database that backs it."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.runs.models import Run
from webapp.runs.states import MOVES, DesiredState, IllegalMove, State, check_move, legal_actions

LEGAL = {
    ("DRAFT", "QUEUED"),
    ("QUEUED", "STARTING"),
    ("QUEUED", "CANCELLED"),
    ("STARTING", "RUNNING"),
    ("STARTING", "CANCELLING"),
    ("STARTING", "FAILED"),
    ("STARTING", "QUEUED"),
    ("RUNNING", "COMPLETED"),
    ("RUNNING", "PAUSING"),
    ("RUNNING", "CANCELLING"),
    ("RUNNING", "FAILED"),
    ("RUNNING", "QUEUED"),
    ("PAUSING", "PAUSED"),
    ("PAUSING", "CANCELLING"),
    ("PAUSING", "QUEUED"),
    ("PAUSED", "QUEUED"),
    ("PAUSED", "CANCELLED"),
    ("CANCELLING", "CANCELLED"),
}


def test_the_table_has_these_moves_and_no_others():
    for origin in State:
        for target in State:
            if (origin, target) in LEGAL:
                check_move(origin, target)
            else:
                with pytest.raises(IllegalMove):
                    check_move(origin, target)


@pytest.mark.parametrize(
    ("state", "desired", "actions"),
    [
        ("DRAFT", "RUNNING", []),
        ("QUEUED", "RUNNING", ["cancel"]),
        ("STARTING", "RUNNING", ["cancel"]),
        ("RUNNING", "RUNNING", ["pause", "cancel"]),
        ("RUNNING", "PAUSED", ["cancel"]),
        ("RUNNING", "CANCELLED", []),
        ("PAUSING", "PAUSED", ["cancel"]),
        ("PAUSED", "PAUSED", ["resume", "cancel"]),
        ("CANCELLING", "CANCELLED", []),
        ("COMPLETED", "RUNNING", []),
        ("COMPLETED", "PAUSED", []),
        ("FAILED", "RUNNING", []),
        ("CANCELLED", "CANCELLED", []),
    ],
)
def test_what_a_user_may_ask(state, desired, actions):
    assert legal_actions(state, desired) == actions


def test_every_state_has_its_row_in_the_table():
    assert set(MOVES) == set(State)
    assert set(DesiredState) <= set(State)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "COMPLETED", "previous_state": "QUEUED", "finished_at": timezone.now()},
        {"state": "RUNNING", "previous_state": "PAUSED", "lease_expires_at": timezone.now()},
        {"state": "ASLEEP"},
        {"desired_state": "ASLEEP"},
        {"state": "STARTING", "previous_state": "QUEUED"},  # no lease
        {"lease_expires_at": timezone.now()},  # a lease, but nobody works on it
        {"failure_kind": "user"},
        {"state": "CANCELLED", "previous_state": "QUEUED"},  # no end
        {"time_budget_s": None},
        {"target_yield": 1.5},
    ],
)
def test_the_database_refuses_what_no_code_should_write(run, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(**wrong)
