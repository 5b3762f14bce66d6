"""Runs in every state, the scripted engine, and work in the background."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections

from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs import actions, limits
from webapp.runs.claims import claim_run
from webapp.runs.models import Run
from webapp.runs.supervise import supervise

SCRIPT = Path(__file__).parents[1] / "scripted_engine.py"
REQUIREMENTS = [
    {"metric": "accuracy", "op": ">=", "value": 0.95},
    {"metric": "params", "op": "<=", "value": 20_000},
]
OBJECTIVE = {"name": "netscore", "alpha": 2.0, "beta": 0.5, "gamma": 0.5}


@pytest.fixture(autouse=True)
def no_channel_layer(settings):
    """Hints go nowhere unless a test asks for Valkey."""
    settings.CHANNEL_LAYERS = {}


@pytest.fixture
def dataset(workspace) -> Dataset:
    return Dataset.objects.get(workspace=workspace, builtin="digits")


@pytest.fixture
def prototype(workspace) -> Prototype:
    return Prototype.objects.get(workspace=workspace, zoo="resnet8")


@pytest.fixture
def make_run(workspace, user, dataset, prototype):
    """``make_run()`` creates a queued run; what is given differs."""

    def make(**different) -> Run:
        wanted = {
            "user": user,
            "workspace": workspace,
            "prototype": prototype,
            "dataset": dataset,
            "requirements": REQUIREMENTS,
            "objective": OBJECTIVE,
            "time_budget_s": 60,
            "max_cycles": None,
            "seed": 0,
            "target_yield": 0.95,
        }
        run, _ = actions.create_run(**{**wanted, **different})
        return run

    return make


@pytest.fixture
def run(make_run) -> Run:
    """A queued run."""
    return make_run()


@pytest.fixture
def body(dataset, prototype) -> dict:
    """A request that creates a run."""
    return {
        "prototype": str(prototype.pk),
        "dataset": str(dataset.pk),
        "requirements": REQUIREMENTS,
        "time_budget_s": 60,
    }


@pytest.fixture
def scripted(settings, monkeypatch):
    """``scripted("crashes")`` makes this the engine; the supervisor looks around often and waits briefly."""
    monkeypatch.setattr(limits, "TICK_S", 0.05)
    monkeypatch.setattr(limits, "STOP_GRACE_S", 0.5)

    def use(scenario: str) -> None:
        settings.ENGINE_COMMAND = [sys.executable, str(SCRIPT), scenario]

    use("works")
    return use


@pytest.fixture
def background(transactional_db):
    """``background(function, *arguments)`` runs it in a thread with its own database connection."""
    pool = ThreadPoolExecutor(8)

    def call(function, *arguments, **named):
        try:
            return function(*arguments, **named)
        finally:
            connections.close_all()

    yield lambda function, *arguments, **named: pool.submit(call, function, *arguments, **named)
    pool.shutdown(cancel_futures=True)


@pytest.fixture
def work_on():
    """``work_on(run)`` claims the run and supervises its engine to the end."""

    def work(run: Run, **named) -> Run:
        claim = claim_run(run.pk, "test:1")
        assert claim is not None
        supervise(claim, **named)
        run.refresh_from_db()
        return run

    return work


@pytest.fixture
def completed_run(run, scripted, work_on) -> Run:
    """A run whose generator is there."""
    return work_on(run)


def until(condition, seconds: float = 20.0):
    """The first true answer of ``condition``; for what another thread or process is about to do."""
    tick = threading.Event()
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, "waited in vain"
        tick.wait(0.02)
    return answer


def in_state(run: Run, *states: str):
    """A condition for ``until``: the run is in one of these states."""
    return lambda: Run.objects.filter(pk=run.pk, state__in=states).exists()


def has_event(run: Run, kind: str):
    return lambda: run.events.filter(type=kind).exists()
