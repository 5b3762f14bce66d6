"""Claiming runs, holding them, and taking them back."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from webapp.runs import actions, claims, events
from webapp.runs.claims import ClaimLost
from webapp.runs.events import Entry
from webapp.runs.models import Run
from webapp.runs.states import State

pytestmark = pytest.mark.django_db(transaction=True)


def expire(run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def start(claim) -> None:
    with claims.held(claim) as run:
        events.move(run, State.RUNNING, reason="")


def test_the_oldest_is_claimed_first(make_run):
    runs = [make_run(name=f"run {n}") for n in range(3)]
    assert [claims.claim_next("w").run_id for _ in runs] == [run.pk for run in runs]
    assert claims.claim_next("w") is None


def test_of_many_workers_that_race_for_one_run_one_wins(run, background):
    line = threading.Barrier(6)

    def race(name: str):
        line.wait()
        return claims.claim_next(name)

    won = [claim for future in [background(race, f"w{n}") for n in range(6)] if (claim := future.result(60))]
    assert len(won) == 1
    run.refresh_from_db()
    assert (run.attempt, run.lease_owner, run.state) == (1, won[0].worker, "STARTING")
    assert run.events.filter(payload__to="STARTING").count() == 1


def test_many_workers_share_many_runs_without_a_double(make_run, background):
    runs = {make_run(name=str(n)).pk for n in range(8)}
    line = threading.Barrier(4)

    def race(name: str):
        line.wait()
        return [claim.run_id for claim in iter(lambda: claims.claim_next(name), None)]

    claimed = [run_id for future in [background(race, f"w{n}") for n in range(4)] for run_id in future.result(60)]
    assert sorted(claimed) == sorted(runs)


def test_what_an_older_attempt_writes_is_refused(run):
    old = claims.claim_next("w1")
    start(old)
    expire(run)
    claims.reap_runs()
    for _ in ("before it is claimed again", "and after"):
        with pytest.raises(ClaimLost), claims.held(old) as held:
            events.append(held, [Entry("cycle", {})])
        with pytest.raises(ClaimLost):
            claims.heartbeat(old)
        with pytest.raises(ClaimLost):
            claims.wanted(old)
        claims.claim_next("w2")
    run.refresh_from_db()
    assert (run.attempt, run.lease_owner) == (2, "w2")
    assert not run.events.filter(type="cycle").exists()


def test_a_deleted_run_is_lost_too(run):
    claim = claims.claim_next("w")
    Run.objects.filter(pk=run.pk).delete()
    with pytest.raises(ClaimLost), claims.held(claim):
        pass


def test_a_heartbeat_prolongs_the_lease(run):
    claim = claims.claim_next("w")
    expire(run)
    claims.heartbeat(claim)
    assert claims.reap_runs() == 0


def test_a_run_whose_worker_died_waits_again_and_fails_after_the_third(run):
    for lost in (1, 2):
        start(claims.claim_next("w"))
        expire(run)
        assert claims.reap_runs() == 1
        run.refresh_from_db()
        assert (run.state, run.losses, run.lease_expires_at) == ("QUEUED", lost, None)
    claims.claim_next("w")
    expire(run)
    claims.reap_runs()
    run.refresh_from_db()
    assert (run.state, run.failure["kind"], run.attempt) == ("FAILED", "lost", 3)


def test_a_dead_workers_run_goes_where_its_user_wants_it(make_run, user):
    cancelled, paused = make_run(), make_run()
    for run, ask in ((cancelled, actions.cancel_run), (paused, actions.pause_run)):
        start(claims.claim_run(run.pk, "w"))
        ask(run=run, user=user)
        expire(run)
    claims.reap_runs()
    assert Run.objects.get(pk=cancelled.pk).state == "CANCELLED"
    assert Run.objects.get(pk=paused.pk).state == "PAUSED"


def test_two_reapers_take_a_run_back_once(run, background):
    claims.claim_next("w")
    expire(run)
    line = threading.Barrier(3)

    def reap():
        line.wait()
        return claims.reap_runs()

    assert sum(future.result(60) for future in [background(reap) for _ in range(3)]) == 1
    run.refresh_from_db()
    assert run.losses == 1


def test_seq_has_neither_gaps_nor_doubles_under_many_writers(run, background):
    line = threading.Barrier(4)

    def write(name: int) -> None:
        line.wait()
        for k in range(25):
            with transaction.atomic():
                events.append(events.locked(run.pk), [Entry("insight", {"by": name, "k": k}), Entry("log", {})])

    first = run.last_seq
    for future in [background(write, n) for n in range(4)]:
        future.result(60)
    run.refresh_from_db()
    seqs = list(run.events.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, first + 201)) and run.last_seq == first + 200
    for n in range(4):
        mine = run.events.filter(type="insight", payload__by=n).order_by("seq")
        assert [event.payload["k"] for event in mine] == list(range(25))
