"""Supervising an engine: what its end means, and that nothing of it is left behind."""

import json
import os
import signal

import psutil
import pytest

from tests.webapp.runs.fixtures import has_event, in_state, until
from webapp.runs import actions, limits
from webapp.runs.claims import claim_run
from webapp.runs.models import Run
from webapp.runs.supervise import supervise

pytestmark = pytest.mark.django_db(transaction=True)


def starts(run: Run) -> list[str]:
    return (run.engine_folder / "starts").read_text().split("\n")[:-1]


def engine_pid(run: Run) -> int:
    return int(starts(run)[-1].split()[0])


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_run_that_works_is_completed(run, scripted, work_on):
    run = work_on(run)
    assert run.state == "COMPLETED"
    assert run.device == {"kind": "cpu", "name": "Scripted CPU", "threads": 1}
    assert run.summary["certified"]["budget_range"] == [0.2, 1.0]
    assert run.summary["outcome"]["status"] == "certified"
    assert run.summary["best"]["k"] == 3
    assert run.finished_at and run.worked_s > 0 and run.lease_expires_at is None


def test_the_log_tells_the_whole_story_in_order(run, scripted, work_on):
    run = work_on(run)
    events = list(run.events.order_by("seq"))
    assert [event.seq for event in events] == list(range(1, run.last_seq + 1))
    moves = [(e.payload["from"], e.payload["to"]) for e in events if e.type == "state"]
    assert moves == [
        ("DRAFT", "QUEUED"),
        ("QUEUED", "STARTING"),
        ("STARTING", "RUNNING"),
        ("RUNNING", "COMPLETED"),
    ]
    kinds = [event.type for event in events if event.type not in ("state", "log")]
    assert kinds[:3] == ["run_started", "prototype_progress", "prototype_ready"]
    assert kinds[-2:] == ["certified", "finished"]
    log = "\n".join(line for e in events if e.type == "log" for line in e.payload["lines"])
    assert "INFO engine: starting" in log
    assert "network" in log  # which of the limits hold on this machine


def test_requirements_not_reached_is_completed_and_says_so(run, scripted, work_on):
    scripted("falls-short")
    run = work_on(run)
    assert (run.state, run.failure) == ("COMPLETED", None)
    assert run.summary["outcome"]["status"] == "requirements_not_reached"
    assert run.summary["outcome"]["nearest"] == [{"seed": 1, "budget": 0.3}]


@pytest.mark.parametrize(
    ("scenario", "kind", "code"),
    [
        ("refuses", "user", "bad_dataset"),
        ("crashes", "infrastructure", "internal"),
        ("dies-at-once", "infrastructure", "internal"),
        ("out-of-memory", "out-of-memory", "out_of_memory"),
        ("is-killed", "out-of-memory", "out_of_memory"),
    ],
)
def test_a_failure_names_whose_turn_it_is(run, scripted, work_on, scenario, kind, code):
    scripted(scenario)
    run = work_on(run)
    assert run.state == "FAILED"
    assert (run.failure["kind"], run.failure["code"]) == (kind, code)
    assert run.failure["message"].endswith(".")


def test_the_engines_own_sentence_reaches_the_user(run, scripted, work_on):
    scripted("refuses")
    assert work_on(run).failure["message"] == "The class 7 has no images; add some."


def test_the_last_lines_of_a_crash_are_in_the_log(run, scripted, work_on):
    scripted("crashes")
    lines = [line for event in work_on(run).events.filter(type="log") for line in event.payload["lines"]]
    assert "Traceback: the tensor was not there" in lines


def test_an_engine_that_outgrows_its_memory_is_ended(run, scripted, work_on, monkeypatch):
    scripted("grows")
    monkeypatch.setattr(limits, "memory_bytes", lambda: 200 * 2**20)
    run = work_on(run)
    assert run.failure["kind"] == "out-of-memory"


def test_an_engine_that_never_ends_is_ended(run, scripted, work_on, monkeypatch):
    scripted("waits")
    monkeypatch.setattr(limits, "wall_s", lambda budget: 1.0)
    run = work_on(run)
    assert (run.failure["kind"], run.failure["code"]) == ("infrastructure", "time_limit")


def test_odd_output_harms_nothing(run, scripted, work_on):
    scripted("noisy")
    run = work_on(run)
    assert run.state == "COMPLETED"
    # Ours; the engine can't fake one.
    assert run.events.filter(type="state", payload__to="COMPLETED").count() == 1
    odd = run.events.get(type="insight")
    assert odd.payload == {"k": None, "groups": ["ab"]}
    logs = [line for event in run.events.filter(type="log") for line in event.payload["lines"]]
    assert "not json" in logs and "progress 100 %" in logs and "progress 1 %" not in logs


def test_a_flood_of_lines_is_cut_short(run, scripted, work_on):
    scripted("floods")
    run = work_on(run)
    logs = [line for event in run.events.filter(type="log") for line in event.payload["lines"]]
    assert len(logs) < 3000 and any("more lines" in line for line in logs)


def test_the_engine_gets_no_credentials(run, scripted, work_on, monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret-of-the-site")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    run = work_on(run)
    environment = json.loads((run.engine_folder / "environ.json").read_text())
    assert "secret-of-the-site" not in environment.values()
    assert environment["CUDA_VISIBLE_DEVICES"] == "3"


def test_pause_and_resume(run, scripted, work_on, background, user):
    scripted("waits")
    working = background(work_on, run)
    until(has_event(run, "insight"))
    actions.pause_run(run=run, user=user)
    working.result(20)
    run.refresh_from_db()
    assert (run.state, run.actions) == ("PAUSED", ["resume", "cancel"])
    actions.resume_run(run=run, user=user)
    run = work_on(run)
    assert run.state == "COMPLETED"
    assert [line.split()[1] for line in starts(run)] == ["new", "resume"]
    moves = [event.payload["to"] for event in run.events.filter(type="state").order_by("seq")]
    shown = [state for before, state in zip(["", *moves], moves, strict=False) if state != before]
    assert shown == [
        "QUEUED",
        "STARTING",
        "RUNNING",
        "PAUSING",
        "PAUSED",
        "QUEUED",
        "STARTING",
        "RUNNING",
        "COMPLETED",
    ]


def test_cancel_ends_a_run(run, scripted, work_on, background, user):
    scripted("waits")
    working = background(work_on, run)
    until(has_event(run, "insight"))
    actions.cancel_run(run=run, user=user)
    working.result(20)
    run.refresh_from_db()
    assert (run.state, run.actions, run.failure) == ("CANCELLED", [], None)
    assert gone(engine_pid(run))


def test_cancel_ends_an_engine_that_ignores_it_and_its_children(run, scripted, work_on, background, user):
    scripted("stubborn")
    working = background(work_on, run)
    until(has_event(run, "insight"))
    child = int((run.engine_folder / "child").read_text())
    actions.cancel_run(run=run, user=user)
    working.result(20)
    run.refresh_from_db()
    assert run.state == "CANCELLED"
    assert gone(engine_pid(run)) and until(lambda: gone(child))


def test_cancel_overtakes_a_pause(run, scripted, work_on, background, user):
    scripted("stubborn")
    working = background(work_on, run)
    until(has_event(run, "insight"))
    actions.pause_run(run=run, user=user)
    until(in_state(run, "PAUSING"))
    actions.cancel_run(run=run, user=user)
    working.result(20)
    run.refresh_from_db()
    assert run.state == "CANCELLED"


def test_a_worker_that_leaves_hands_the_run_back(run, scripted, work_on, background):
    scripted("waits")
    leaving = []
    working = background(work_on, run, leaving=lambda: bool(leaving))
    until(has_event(run, "insight"))
    leaving.append(True)
    working.result(20)
    run.refresh_from_db()
    assert (run.state, run.losses) == ("QUEUED", 0)
    assert work_on(run).state == "COMPLETED"


def test_an_engine_stopped_from_outside_is_tried_again_three_times(run, scripted, work_on):
    scripted("stops-by-itself")
    assert work_on(run).state == "QUEUED"
    assert work_on(run).state == "QUEUED"
    run = work_on(run)
    assert (run.state, run.failure["kind"]) == ("FAILED", "lost")


def test_an_attempt_that_lost_its_run_ends_its_engine_and_writes_nothing(run, scripted, background):
    scripted("waits")
    claim = claim_run(run.pk, "test:1")
    working = background(supervise, claim)
    until(has_event(run, "insight"))
    Run.objects.filter(pk=run.pk).update(attempt=claim.attempt + 1)  # as a later claim does
    pid = engine_pid(run)
    working.result(20)
    before = run.events.count()
    assert gone(pid)
    run.refresh_from_db()
    assert (run.state, run.events.count()) == ("RUNNING", before)


def test_killing_the_engine_fails_the_run(run, scripted, work_on, background):
    scripted("waits")
    working = background(work_on, run)
    until(has_event(run, "insight"))
    os.kill(engine_pid(run), signal.SIGKILL)
    working.result(20)
    run.refresh_from_db()
    assert run.failure["kind"] == "out-of-memory"


def test_a_deleted_dataset_is_the_users_turn(run, scripted, work_on):
    Run.objects.filter(pk=run.pk).update(dataset=None)
    run = work_on(run)
    assert (run.failure["kind"], run.failure["code"]) == ("user", "input_gone")
