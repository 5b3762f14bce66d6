"""Refinement: ever cheaper accepted networks, each of them a recipe that draws it again."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import engine.__main__
import engine.polish
import engine.refine
from engine.draw import TrainedGenerator, load_generator
from engine.errors import StopRequested
from engine.refine import NARROW, Bracket, refine
from tests.engine.conftest import Finished
from tests.engine.conftest import engine as run_engine


@pytest.fixture(scope="module")
def generator(short_run: tuple[Path, Finished]) -> TrainedGenerator:
    return load_generator(short_run[0])


def smallest_found(edge: float) -> float:
    """Where the bracket's search ends when costs from ``edge`` on are accepted."""
    bracket = Bracket(4.0, 2.0, 2.0)
    for _ in range(20):
        if bracket.narrow:
            return bracket.accepted
        target = bracket.next
        assert 2.0 < target < bracket.accepted
        if target >= edge:
            bracket.accepted = target
        else:
            bracket.failed = target
    raise AssertionError("the search doesn't end")


@pytest.mark.parametrize("edge", [2.0, 2.3, 2.71, 3.5, 3.99])
def test_the_bracket_closes_on_the_smallest_cost_that_is_accepted(edge: float) -> None:
    assert edge <= smallest_found(edge) <= edge + NARROW


def always(steps: int) -> Callable[..., int]:
    return lambda *_: steps


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that nothing depends on how fast the machine is."""
    monkeypatch.setattr(engine.refine, "CANDIDATES", 8)
    monkeypatch.setattr(engine.refine, "steps_within", always(10))
    monkeypatch.setattr(engine.polish, "steps_within", always(60))


def test_networks_are_accepted_and_each_is_cheaper_than_the_one_before_and_than_any_certified(
    generator: TrainedGenerator, few_steps: None
) -> None:
    networks = list(refine(generator, 3600.0))
    assert networks
    assert all(network.verified and network.polish_steps for network in networks)
    budgets = [generator.default_budget(), *(network.budget for network in networks)]
    assert budgets == sorted(budgets, reverse=True)
    last = networks[-1]
    again = generator.draw(last.seed, last.budget, polish_steps=last.polish_steps)
    assert again.fingerprint == last.fingerprint


def test_a_stop_is_heard_between_pieces_of_work(generator: TrainedGenerator) -> None:
    with pytest.raises(StopRequested):
        next(refine(generator, 60.0, lambda: True))


def test_the_command_exports_each_network_as_it_is_found(
    short_run: tuple[Path, Finished],
    tmp_path: Path,
    few_steps: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["refine", short_run[0], "--seconds", 3600, "--export", "onnx", "--out", tmp_path]
    monkeypatch.setattr(sys, "argv", ["engine", *map(str, asked)])
    monkeypatch.setattr(engine.__main__, "Stop", lambda: lambda: any(tmp_path.glob("*.onnx")))  # after the first one
    assert engine.__main__.main() == 130
    (network,) = (e for e in map(json.loads, capsys.readouterr().out.splitlines()) if e["type"] == "network")
    assert [Path(network["files"]["onnx"])] == list(tmp_path.iterdir())


@pytest.mark.parametrize("seconds", [0, -1, "nan"])
def test_no_time_is_refused(seconds: float, tmp_path: Path) -> None:
    done = run_engine("refine", tmp_path, "--seconds", seconds, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.of("failed")[0]["field"] == "seconds"
