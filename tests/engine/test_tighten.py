"""Requirements tightened after the run: the command line and the library, on what a run stored."""

import shutil
from pathlib import Path

import pytest

from engine.draw import TrainedGenerator, load_generator
from engine.measurements import MEASUREMENTS
from engine.requirements import parse_conditions
from engine.tighten import TIGHTENED
from tests.engine.conftest import Finished, engine

Run = tuple[Path, Finished]


@pytest.fixture
def folder(short_run: Run, tmp_path: Path) -> Path:
    """A copy of the finished run, since what tightening measures is kept beside it."""
    return Path(shutil.copytree(short_run[0], tmp_path / "run"))


@pytest.fixture(scope="module")
def generator(short_run: Run, tmp_path_factory: pytest.TempPathFactory) -> TrainedGenerator:
    copy = shutil.copytree(short_run[0], tmp_path_factory.mktemp("tightened") / "run")
    return load_generator(copy)


def test_a_run_stores_what_certification_measured(generator: TrainedGenerator) -> None:
    parts = generator.parts
    smallest = generator.default_budget()
    budgets = parts.measurements.budgets()
    assert len([b for b in budgets if b > smallest]) >= 8 and budgets[-1] == 1.0
    row = parts.measurements.at(budgets[-1])[0]
    design = parts.generator.design(row.seed, parts.projection.to_log_cost(row.budget))
    measured = parts.probe.measure(design, "calibration")
    assert (row.metric, row.loss) == (measured.metric, pytest.approx(measured.loss))
    assert (row.params, row.macs) == parts.network.space.cost(design)


def test_a_stricter_accuracy_moves_the_range_up_without_training(folder: Path, short_run: Run) -> None:
    before = short_run[1].of("certified")[0]
    learned = (folder / "generator.safetensors").read_bytes()
    run = engine("tighten", folder, "--requirement", "accuracy>=0.76")
    assert run.code == 0, run.stderr
    (after,) = run.of("certified")
    assert set(before) | {"requirements"} == set(after)
    assert before["budget_range"][0] <= after["budget_range"][0] <= after["budget_range"][1] <= 1
    assert after["threshold"] > before["threshold"]
    assert after["yield"]["accepted"]["value"] >= after["target_yield"]
    assert after["yield"]["accepted"]["low"] < after["yield"]["accepted"]["value"]
    assert {(r["metric"], r["value"]) for r in after["requirements"]} == {("accuracy", 0.76), ("params", 30_000)}
    assert (folder / "generator.safetensors").read_bytes() == learned

    drawn = engine("draw", folder, "--requirement", "accuracy>=0.76", "--seed", 3, "--out", folder / "drawn")
    assert drawn.code == 0, drawn.stderr
    network = drawn.of("network")[0]
    assert network["budget"] == after["budget_range"][0]
    assert network["verified"] and network["metrics"]["calibration"]["accuracy"] >= after["threshold"]
    assert {r["metric"]: r["value"] for r in network["requirements"]}["accuracy"] == 0.76


def test_out_of_reach_ends_with_3_and_the_nearest_networks(folder: Path) -> None:
    run = engine("tighten", folder, "--requirement", "accuracy>=0.999")
    assert run.code == 3, run.stderr
    (finished,) = run.of("finished")
    assert finished["status"] == "requirements_not_reached" and not run.of("certified")
    assert finished["nearest"][0]["params"] <= 30_000
    assert finished["attempted"]["yield"]["accepted"]["value"] < 0.95


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ("accuracy>=0.6", "can only be tightened"),
        ("params<=20", "Even the smallest network"),
        ("accuracy", "write it like"),
        ("latency_ms<=1@gpu", "can't be measured on 'gpu'"),
    ],
)
def test_what_cannot_be_tightened_is_refused_with_a_sentence(folder: Path, requirement: str, words: str) -> None:
    run = engine("tighten", folder, "--requirement", requirement)
    assert run.code == 2, run.stderr
    assert words in run.events[-1]["message"]
    assert not (folder / TIGHTENED).exists()


def test_a_limit_on_parameters_changes_only_the_designs_beyond_it(generator: TrainedGenerator) -> None:
    budget = generator.default_budget()
    before = [generator.parts.decode(seed, budget) for seed in range(10)]
    limit = sorted(t.params for t in before)[5]
    tightened = generator.tighten([{"metric": "params", "op": "<=", "value": limit}])
    after = [tightened.parts.decode(seed, budget) for seed in range(10)]
    assert all(t.params <= limit for t in after)
    assert [b.design == a.design for b, a in zip(before, after, strict=True)] == [t.params <= limit for t in before]


def test_asking_again_measures_nothing(generator: TrainedGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    stricter = parse_conditions(["accuracy>=0.73"], "classification")
    first = generator.tighten(stricter)
    reloaded = load_generator(generator.parts.setting.out_dir)
    monkeypatch.setattr(reloaded.parts.probe, "measure", lambda *_: pytest.fail("measured again"))
    assert reloaded.tighten(stricter).certificate == first.certificate
    assert (generator.parts.setting.out_dir / MEASUREMENTS).exists()


def test_resources_are_measured_on_each_network_and_kept_within_their_limits(
    generator: TrainedGenerator, tmp_path: Path
) -> None:
    large = generator.draw(0, 1.0, attempts=1).resources
    tightened = generator.tighten(
        [
            {"metric": "size_mb", "op": "<=", "value": 0.7 * large["size_mb"]},
            {"metric": "activation_mb", "op": "<=", "value": 0.8 * large["activation_mb"]},
            {"metric": "latency_ms", "op": "<=", "value": 50.0, "device": "cpu"},
        ]
    )
    for seed in (1, 2):
        network = tightened.draw(seed, 1.0)
        verdicts = {r["metric"]: r for r in network.requirements}
        assert verdicts["latency_ms"]["device"] == "cpu" and verdicts["latency_ms"]["measured"] > 0
        for metric in ("size_mb", "activation_mb", "latency_ms"):
            assert verdicts[metric]["verdict"] and verdicts[metric]["measured"] == network.resources[metric]
        assert network.resources["size_mb"] <= 0.7 * large["size_mb"] < large["size_mb"]


def test_a_drawn_files_size_is_the_one_on_its_card(folder: Path) -> None:
    run = engine("draw", folder, "--seed", 1, "--out", folder / "drawn", "--polish-steps", 3)
    (network,) = run.of("network")
    assert network["size_mb"] == Path(network["files"]["onnx"]).stat().st_size / 1e6
    assert network["activation_mb"] > 0 and network["latency_ms"] is None
    assert network["polish_steps"] == 3
