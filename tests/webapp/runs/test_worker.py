"""Runs under a real Celery worker, and what happens when it dies."""

import os
import signal
from datetime import timedelta

import psutil
import pytest
from django.utils import timezone

from tests.webapp.runs.fixtures import has_event, in_state, until
from tests.webapp.runs.processes import worker
from webapp.runs import tasks
from webapp.runs.models import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey", "scripted"),
]
START_S = 60.0


def engine_pid(run: Run) -> int:
    return int((run.engine_folder / "starts").read_text().split()[-2])


def gone(pid: int):
    def check() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return check


def expire(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_nudge_is_enough(make_run):
    with worker("runs"):
        run = make_run()
        until(in_state(run, "COMPLETED"), START_S)


def test_without_a_nudge_the_reaper_finds_what_waits(make_run):
    run = make_run()
    tasks.work.app.control.purge()  # as a broker does that lost its memory
    with worker("runs", "work"):
        tasks.reap.delay()
        until(in_state(run, "COMPLETED"), START_S)


def test_a_killed_worker_takes_its_engine_along_and_another_one_goes_on(run, scripted):
    scripted("waits")
    tasks.work.delay()
    with worker("runs") as first:
        until(has_event(run, "insight"), START_S)
        pid = engine_pid(run)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        until(gone(pid))
    run.refresh_from_db()
    assert run.state == "RUNNING"  # nobody has noticed yet
    expire(run)
    with worker("runs", "work"):
        tasks.reap.delay()
        until(in_state(run, "COMPLETED"), START_S)
    run.refresh_from_db()
    assert (run.attempt, run.losses) == (2, 1)
    reasons = [event.payload["reason"] for event in run.events.filter(type="state")]
    assert any("is gone" in reason for reason in reasons)


def test_a_killed_pool_process_is_survived_too(run, scripted):
    scripted("waits")
    tasks.work.delay()
    with worker("runs", "work"):
        until(has_event(run, "insight"), START_S)
        pid = engine_pid(run)
        run.refresh_from_db()
        os.kill(int(run.lease_owner.rpartition(":")[2]), signal.SIGKILL)
        until(gone(pid))
        expire(run)
        tasks.reap.delay()
        until(in_state(run, "COMPLETED"), START_S)


def test_a_worker_told_to_go_hands_its_run_back_with_a_checkpoint(run, scripted):
    scripted("waits")
    tasks.work.delay()
    with worker("runs") as leaving:
        until(has_event(run, "insight"), START_S)
        leaving.send_signal(signal.SIGTERM)
        until(in_state(run, "QUEUED"))
        assert leaving.wait(30) == 0
    assert (run.engine_folder / "checkpoint").exists()
    run.refresh_from_db()
    assert run.losses == 0
