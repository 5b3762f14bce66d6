"""POST /runs/{id}/pause/, resume/, cancel/"""

import pytest
from django.db import transaction

from tests.webapp.conftest import assert_problem
from webapp.accounts.models import AuditEntry
from webapp.runs import claims, events
from webapp.runs.states import State

pytestmark = pytest.mark.django_db


def ask(client, run, what: str):
    return client.post(f"/api/v1/runs/{run.pk}/{what}/")


@pytest.fixture
def running(run):
    """A run that a worker works on."""
    claims.claim_run(run.pk, "test:1")
    with transaction.atomic():
        run = events.locked(run.pk)
        events.move(run, State.RUNNING, reason="The engine works.")
    return run


@pytest.fixture
def paused(running):
    with transaction.atomic():
        run = events.locked(running.pk)
        events.move(run, State.PAUSING, reason="")
        events.move(run, State.PAUSED, reason="")
    return run


def test_a_pause_is_a_wish_that_the_worker_follows(client, running, user):
    response = ask(client, running, "pause")
    assert response.status_code == 200
    run = response.json()
    assert (run["state"], run["desired_state"], run["actions"]) == ("RUNNING", "PAUSED", ["cancel"])
    assert AuditEntry.objects.get(action="run.pause").user == user


def test_a_paused_run_is_queued_again(client, paused):
    run = ask(client, paused, "resume").json()
    assert (run["state"], run["desired_state"]) == ("QUEUED", "RUNNING")


def test_a_waiting_run_is_cancelled_at_once(client, run):
    cancelled = ask(client, run, "cancel").json()
    assert (cancelled["state"], cancelled["actions"]) == ("CANCELLED", [])
    assert cancelled["finished_at"]
    assert claims.claim_next("test:1") is None


def test_so_is_a_paused_one(client, paused):
    assert ask(client, paused, "cancel").json()["state"] == "CANCELLED"


def test_of_a_running_one_its_worker_is_told(client, running):
    run = ask(client, running, "cancel").json()
    assert (run["state"], run["desired_state"], run["actions"]) == ("RUNNING", "CANCELLED", [])


@pytest.mark.parametrize(
    ("state", "what"),
    [("run", "pause"), ("run", "resume"), ("running", "resume"), ("paused", "pause")],
)
def test_an_illegal_move_is_refused_and_changes_nothing(client, request, state, what):
    run = request.getfixturevalue(state)
    seq = run.events.count()
    problem = assert_problem(ask(client, run, what), 409, "illegal_transition")
    assert "cancel" in problem["detail"]  # what it takes instead
    assert run.events.count() == seq
    assert not AuditEntry.objects.filter(action=f"run.{what}").exists()


def test_a_run_that_is_over_takes_nothing(client, run):
    ask(client, run, "cancel")
    for what in ("pause", "resume", "cancel"):
        assert_problem(ask(client, run, what), 409, "illegal_transition")


def test_a_viewer_may_not(viewer_client, run):
    assert_problem(ask(viewer_client, run, "cancel"), 403, "forbidden")


def test_another_workspaces_run_does_not_exist(outsider_client, run):
    assert_problem(ask(outsider_client, run, "cancel"), 404, "not_found")
