"""Drawing what waits: rows become ready one by one, or fail with a sentence."""

import os
import signal
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.webapp.runs.fixtures import until
from webapp.gallery import claims, draw
from webapp.gallery.actions import draw_networks
from webapp.gallery.models import Network
from webapp.gallery.tasks import draw as draw_task

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ask(completed_run, user):
    """``ask(seed=…, count=…)`` asks for networks of a run that has completed."""
    return lambda **recipe: draw_networks(run=completed_run, user=user, **recipe)


def states(run) -> dict[int, str]:
    return dict(run.networks.values_list("seed", "state"))


def test_each_row_becomes_ready_with_its_measures_and_files(ask, client, completed_run, stored_files):
    ask(seed=3, count=2, budget=0.4, polish_s=1.5)
    draw_task()
    rows = client.get(f"/api/v1/runs/{completed_run.pk}/networks/?ordering=seed").json()["results"]
    assert [row["state"] for row in rows] == ["ready", "ready"]
    first = rows[0]
    assert (first["seed"], first["budget"], first["polish_s"], first["params"]) == (3, 0.4, 1.5, 9003)
    assert first["metrics"]["test"] == {"accuracy": 0.91}
    assert first["requirements"][0]["verdict"] is True
    assert first["formats"] == ["onnx", "predictions", "safetensors"]
    assert first["energy"] == {"device": "cpu", "unavailable": "Energy isn't measurable on 'cpu' here."}
    assert first["estimates"]["jetson-tx2"]["images_per_joule"] == 2500
    assert first["requirements"][1]["device"] == "jetson-tx2" and first["requirements"][1]["estimated"] is True
    assert first["design"] == {"widths": {"stem": 8}, "blocks_removed": []}
    assert len([name for name in stored_files() if "/networks/" in name]) == 5  # predictions alike


def test_without_a_budget_the_engine_chooses_it(ask):
    (network,) = ask(seed=1)
    draw_task()
    network.refresh_from_db()
    assert (network.budget, network.asked_budget) == (0.25, None)


def test_every_change_is_in_the_runs_log(ask, completed_run, client):
    ask(seed=0, count=3)
    draw_task()
    logged = [
        (event.payload["network"]["seed"], event.payload["network"]["state"])
        for event in completed_run.events.filter(type="network").order_by("seq")
    ]
    assert logged == [(n, "drawing") for n in range(3)] + [(n, "ready") for n in range(3)]
    latest = completed_run.events.filter(type="network").order_by("seq").last().payload["network"]
    assert client.get(f"/api/v1/networks/{latest['id']}/").json() == latest


def test_equal_files_are_stored_once(ask, stored_files):
    ask(seed=1, budget=0.3)
    ask(seed=1, budget=0.3, polish_s=1)  # the script's files depend on the seed and budget alone
    draw_task()
    assert len([name for name in stored_files() if "/networks/" in name]) == 3


def test_nothing_is_left_in_the_runs_folder(ask, completed_run):
    ask(count=2)
    draw_task()
    assert not list(completed_run.folder.glob("draw-*"))


def test_stretches_of_seeds_are_drawn_by_one_command_each(ask):
    ask(seed=0, count=3)
    ask(seed=10, count=2)
    ask(seed=2, count=3, budget=0.5)
    stretches = [(c.first_seed, c.count, c.asked_budget) for c in iter(claims.claim_draws, None)]
    assert stretches == [(0, 3, None), (10, 2, None), (2, 3, 0.5)]


def test_a_refusal_fails_them_with_the_engines_sentence(ask, scripted, completed_run):
    scripted("draw-refuses")
    (network,) = ask()
    draw_task()
    network.refresh_from_db()
    assert network.state == "failed"
    assert network.problem == {
        "code": "no_generator",
        "message": "There is no generator here; start a run.",
    }
    last = completed_run.events.filter(type="network").order_by("seq").last()
    assert last.payload["network"]["state"] == "failed"


def test_what_was_drawn_before_a_crash_stays(ask, scripted, completed_run):
    scripted("draw-dies")
    ask(seed=0, count=3)
    draw_task()
    assert states(completed_run) == {0: "ready", 1: "failed", 2: "failed"}


def test_a_killed_engine_fails_them(ask, scripted, completed_run, background):
    scripted("draw-waits")
    ask(seed=0)
    processes = []
    drawing = background(_draw_and_note, processes)
    until(lambda: processes)
    os.kill(processes[0].pid, signal.SIGKILL)
    drawing.result(20)
    assert completed_run.networks.get().problem_code == "out_of_memory"


def _draw_and_note(processes: list) -> None:
    class Noted(draw.EngineProcess):
        def lines(self, timeout_s):
            lines = super().lines(timeout_s)
            if any((line.report or {}).get("type") == "waiting" for line in lines):
                processes.append(self)
            return lines

    original, draw.EngineProcess = draw.EngineProcess, Noted
    try:
        draw_task()
    finally:
        draw.EngineProcess = original


def test_a_worker_that_leaves_gives_them_back(ask, scripted, completed_run):
    scripted("draw-waits")
    ask(seed=0, count=2)
    claim = claims.claim_draws()
    draw.draw_claimed(claim, leaving=lambda: True)
    assert Network.objects.filter(state="drawing", claim=None, tries=0).count() == 2
    scripted("works")
    draw_task()
    assert states(completed_run) == {0: "ready", 1: "ready"}


def test_of_workers_that_race_each_network_has_one(ask, background):
    ask(seed=0, count=60)
    line = threading.Barrier(4)

    def race():
        line.wait()
        return [(claim.first_seed, claim.count) for claim in iter(claims.claim_draws, None)]

    claimed = [stretch for future in [background(race) for _ in range(4)] for stretch in future.result(60)]
    seeds = sorted(seed for first, count in claimed for seed in range(first, first + count))
    assert seeds == list(range(60))


def test_a_dead_workers_draws_wait_again_and_fail_after_the_third(ask, completed_run):
    ask(seed=0)
    for tries in (1, 2, 3):
        assert claims.claim_draws() is not None
        Network.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
        assert claims.reap_draws() == 1
        network = completed_run.networks.get()
        assert (network.tries, network.claim) == (tries, None)
    assert (network.state, network.problem_code) == ("failed", "lost")
    assert claims.claim_draws() is None
    last = completed_run.events.filter(type="network").order_by("seq").last()
    assert last.payload["network"]["problem"]["code"] == "lost"


def test_what_was_taken_back_is_not_written_by_the_older_claim(ask, completed_run):
    ask(seed=0)
    old = claims.claim_draws()
    Network.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    claims.reap_draws()
    draw.draw_claimed(old)
    assert states(completed_run) == {0: "drawing"}
    assert claims.heartbeat(old) is False
