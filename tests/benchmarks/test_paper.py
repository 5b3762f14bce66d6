"""The paper's experiments: what they name exists, a quick one runs through, and the page says what it found."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.paper.__main__ import find_data
from benchmarks.paper.compare import KINDS, chosen
from benchmarks.paper.comparisons import comparison, title
from benchmarks.paper.experiments import EXPERIMENTS, FERMINETS, experiment
from benchmarks.paper.jobs import PROTOTYPE, SYNTHESIS, Study, job_names, result_path, run
from benchmarks.paper.published import PUBLISHED
from benchmarks.paper.reduced import reduce
from benchmarks.paper.report import assemble, write_report
from engine.data import load_dataset
from engine.performance import NetScore
from engine.prototypes import build_prototype, task_of
from engine.requirements import TASK_METRICS
from tests.engine.data.drawing import draw_masked, draw_voc, pack

ALL = [found for scale in EXPERIMENTS.values() for found in scale.values()]
COLOURS = {"red": (220, 40, 40), "green": (40, 220, 40)}


@pytest.mark.parametrize("wanted", ALL, ids=lambda e: f"{e.name}-{e.scale}")
def test_an_experiment_names_what_there_is(wanted):
    assert EXPERIMENTS[wanted.scale][wanted.name] is wanted
    assert wanted.metric in TASK_METRICS[wanted.task]
    assert task_of({"zoo": wanted.prototype}) in (None, wanted.task)
    assert set(PUBLISHED[wanted.name].targets) <= set(KINDS)
    assert all(figure.kind in KINDS for figure in PUBLISHED[wanted.name].figures)
    if wanted.scale == "small":
        assert build_prototype({"zoo": wanted.prototype}, 3, 4, 32) is not None
        searching = wanted.synthesis_s + wanted.refine_s + len(FERMINETS) * wanted.polish_s
        training = wanted.training_s + len(wanted.comparisons) * (wanted.comparison_s or 0)
        assert searching + training / wanted.side_by_side <= 19 * 60  # within 20 minutes on 2 cores


@pytest.mark.parametrize(("name", "side"), [("mobilenet_v2-w0.25", 32), ("shufflenet_v2-w0.5", 16)])
def test_comparison_networks_keep_a_map_of_small_images(name, side):
    network = comparison(name, classes=3, side=side).eval()
    maps = []
    last = network.features if name.startswith("mobilenet") else network.conv5
    last.register_forward_hook(lambda module, args, output: maps.append(output.shape[-2:]))
    assert network(torch.rand(2, 3, side, side)).shape == (2, 3)
    assert maps == [(4, 4)]


def test_a_reduced_copy_has_the_same_masks(tmp_path):
    for split in ("train", "val", "test"):
        draw_masked(tmp_path / "all" / split, 8, size=(24, 16), seed=len(split) * 100)
    path = reduce(pack(tmp_path / "all", tmp_path / "all.zip"), tmp_path / "small.zip", (8, 12))
    dataset = load_dataset({"path": str(path)}, tmp_path / "cache")
    assert dataset.task == "segmentation"
    assert dataset.image_shape == (3, 8, 12)
    assert {name: len(split) for name, split in dataset.splits.items()}["train"] == 8
    assert np.unique(dataset.splits["test"].labels).tolist() == [0, 1, 2]


def test_a_reduced_copy_has_the_same_boxes(tmp_path):
    draw_voc(tmp_path / "all", [[("cell", 4, 2, 16, 10)]] * 20, size=(32, 16))
    path = reduce(tmp_path / "all", tmp_path / "small.zip", (8, 16))
    dataset = load_dataset({"path": str(path)}, tmp_path / "cache")
    assert dataset.class_names == ("cell",)
    assert dataset.image_shape == (3, 8, 16)
    original = load_dataset({"path": str(tmp_path / "all")}, tmp_path / "cache", (8, 16))
    for split in ("train", "test"):
        assert np.allclose(dataset.splits[split].labels[0], original.splits[split].labels[0], atol=1e-3)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Red and green images."""
    path = tmp_path_factory.mktemp("data") / "colours.zip"
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as images:
        for split, count in (("train", 80), ("test", 12)):
            for label, colour in COLOURS.items():
                for i in range(count):
                    pixels = np.clip(np.array(colour) + rng.normal(0, 30, (16, 16, 3)), 0, 255).astype(np.uint8)
                    with images.open(f"{split}/{label}/{i:03}.png", "w") as file:
                        Image.fromarray(pixels).save(file, "PNG")
    return path


@pytest.fixture(scope="module")
def quick():
    """A few steps of everything."""
    return replace(
        experiment("classification", "small"),
        prototype="resnet8",
        comparisons=("shufflenet_v2-w0.25",),
        classes=None,
        counts={"train": 40, "val": 40, "test": 12},
        epochs=4,
        synthesis_s=None,
        max_cycles=1,
        polish_s=0.05,
        refine_s=0.5,
        slack=0.5,
        confidence=0.5,
        side_by_side=1,
    )


@pytest.fixture(scope="module")
def results(quick, data, tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    run(quick, 1, data, root, torch.device("cpu"))
    return root


def read(root, job):
    return json.loads(result_path(root, 0, job).read_text())


def test_every_job_finishes(quick, results):
    found = {job: read(results, job) for job in job_names(quick)}
    assert {job: r["error"] for job, r in found.items() if r["status"] != "done"} == {}
    networks = found[SYNTHESIS]["networks"]
    assert [n["name"] for n in networks[:4]] == list(FERMINETS)
    budgets = [n["budget"] for n in networks[:4]]
    assert budgets == sorted(budgets, reverse=True)


def test_the_requirement_follows_from_calibration(quick, results):
    prototype, synthesis = read(results, PROTOTYPE), read(results, SYNTHESIS)
    assert prototype["required"] == prototype["network"]["metrics"]["calibration"]["accuracy"] - quick.slack
    assert synthesis["threshold"] >= prototype["required"]


def test_what_is_done_is_not_done_again(quick, data, results, monkeypatch):
    monkeypatch.setattr(Study, "do", lambda *_: pytest.fail("done again"))
    run(quick, 1, data, results, torch.device("cpu"))


def test_the_page_shows_the_networks_and_what_was_not_run(quick, results, tmp_path):
    page = write_report(quick, 1, results, tmp_path).read_text()
    assert all(f"| {name} |" in page for name in (*FERMINETS, "resnet8 (prototype)", title(quick.comparisons[0])))
    assert page.count("Not run yet.") == 5
    figure = (tmp_path / "paper" / "classification-small.svg").read_text()
    assert "FermiNet-A" in figure
    assert assemble(tmp_path).read_text() == page


def test_a_failure_is_on_the_page(quick, results, tmp_path):
    path = result_path(results, 0, SYNTHESIS)
    kept = path.read_text()
    path.write_text(json.dumps({"status": "failed", "error": "RuntimeError: out of luck", "where": "here.py:1"}))
    try:
        page = write_report(quick, 1, results, tmp_path).read_text()
    finally:
        path.write_text(kept)
    assert "out of luck" in page
    assert "resnet8 (prototype)" in page


def test_networks_are_chosen_by_calibration_alone():
    def network(name, verified, calibration, test):
        metrics = {"calibration": {"accuracy": calibration}, "test": {"accuracy": test}}
        return {"name": name, "verified": verified, "metrics": metrics, "params": 1000, "macs": 1000}

    found = [network("a", True, 0.9, 0.5), network("b", True, 0.8, 0.9), network("c", False, 1.0, 1.0)]
    assert chosen(found, NetScore(), "accuracy")["name"] == "a"
    assert chosen(found[2:], NetScore(), "accuracy") is None


def test_data_that_is_not_there_is_said(tmp_path):
    wanted = experiment("detection", "small")
    with pytest.raises(SystemExit, match="bccd-voc.zip"):
        find_data(tmp_path / "nowhere", wanted)
    (tmp_path / wanted.file).write_bytes(b"")
    assert find_data(tmp_path, wanted) == tmp_path / wanted.file
