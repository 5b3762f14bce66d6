"""Snapshot + events = fresh snapshot."""

import copy

import pytest
from django.db import transaction

from tests.webapp.runs.fixtures import has_event, until
from webapp.runs import actions, claims, events
from webapp.runs.events import Entry
from webapp.runs.summary import FOLDED, apply_event, empty_summary

KEYS = (*FOLDED, "last_seq", "metric")


def snapshot_of(client, run) -> dict:
    snapshot = client.get(f"/api/v1/runs/{run.pk}/").json()
    return {key: snapshot[key] for key in KEYS}


def events_of(client, run, after: int = 0) -> list[dict]:
    return client.get(f"/api/v1/runs/{run.pk}/events/?after={after}&limit=1000").json()["results"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scenario", ["works", "falls-short", "crashes", "refuses", "noisy"])
def test_an_old_snapshot_and_the_events_since_give_the_fresh_one(client, run, scripted, work_on, scenario):
    scripted(scenario)
    old = snapshot_of(client, run)
    work_on(run)
    folded = old
    for event in events_of(client, run, old["last_seq"]):
        folded = apply_event(folded, event)
    assert folded == snapshot_of(client, run)


@pytest.mark.django_db(transaction=True)
def test_so_it_is_from_every_moment_of_a_run_that_is_paused_resumed_and_drawn_from(
    client, run, scripted, work_on, background, user
):
    scripted("waits")
    snapshots = [snapshot_of(client, run)]
    working = background(work_on, run)
    until(has_event(run, "insight"))
    snapshots.append(snapshot_of(client, run))
    actions.pause_run(run=run, user=user)
    snapshots.append(snapshot_of(client, run))
    working.result(20)
    snapshots.append(snapshot_of(client, run))
    actions.resume_run(run=run, user=user)
    snapshots.append(snapshot_of(client, run))
    work_on(run)
    client.post(f"/api/v1/runs/{run.pk}/networks/", {"count": 2})
    fresh = snapshot_of(client, run)
    for old in snapshots:
        for event in events_of(client, run, old["last_seq"]):
            old = apply_event(old, event)
        assert old == fresh


def test_folding_changes_nothing_it_was_given():
    snapshot = {"last_seq": 0, "summary": empty_summary(), "device": None, "metric": "accuracy"}
    before = copy.deepcopy(snapshot)
    event = {
        "seq": 1,
        "type": "cycle",
        "t": 1.0,
        "payload": {"k": 1, "designs": [{"accuracy": 0.9, "netscore": 80.0, "meets": False}]},
    }
    apply_event(snapshot, event)
    assert snapshot == before


def test_an_event_that_is_in_the_snapshot_already_changes_nothing():
    snapshot = {"last_seq": 5, "summary": empty_summary(), "device": None, "metric": "accuracy"}
    event = {"seq": 5, "type": "cycle", "t": 1.0, "payload": {"k": 9}}
    assert apply_event(snapshot, event) is snapshot


def test_the_best_design_is_one_that_meets_the_requirements_by_netscore_and_until_then_by_the_runs_metric():
    def after(*designs):
        snapshot = {"last_seq": 0, "summary": empty_summary(), "device": None, "metric": "miou"}
        for k, design in enumerate(designs, start=1):
            payload = {"k": k, "designs": [design]}
            snapshot = apply_event(snapshot, {"seq": k, "type": "cycle", "t": k, "payload": payload})
        return snapshot["summary"]["best"]["k"]

    tiny = {"pixel_accuracy": 0.9, "miou": 0.5, "netscore": 120.0, "meets": False}
    close = {"pixel_accuracy": 0.8, "miou": 0.74, "netscore": 90.0, "meets": False}
    meets = {"pixel_accuracy": 0.9, "miou": 0.76, "netscore": 80.0, "meets": True}
    better = {"pixel_accuracy": 0.9, "miou": 0.751, "netscore": 85.0, "meets": True}
    assert after(tiny, close) == 2
    assert after(meets, tiny, close) == 1
    assert after(tiny, meets, better) == 3


@pytest.mark.django_db
def test_a_type_that_is_not_known_yet_is_kept_and_folds_to_nothing(client, run):
    claim = claims.claim_next("test:1")
    before = snapshot_of(client, run)
    with transaction.atomic():
        events.append(events.locked(claim.run_id), [Entry("novelty", {"what": 1}, 3.0)])
    assert events_of(client, run)[-1]["payload"] == {"what": 1}
    assert snapshot_of(client, run) == {**before, "last_seq": before["last_seq"] + 1}
