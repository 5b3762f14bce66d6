"""The command line on the built-in digits, as a user or the web application runs it."""

import hashlib
import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from engine.data import load_dataset
from engine.draw import load_generator
from engine.export.onnx import count_parameters
from engine.synthesis import Synthesis
from tests.engine.conftest import Finished, engine, write_spec

Run = tuple[Path, Finished]


def test_a_run_reports_every_phase_in_order(short_run: Run) -> None:
    _, run = short_run
    assert run.code == 0, run.stderr
    assert [e["seq"] for e in run.events] == list(range(1, len(run.events) + 1))
    assert all(a["t"] <= b["t"] for a, b in zip(run.events, run.events[1:], strict=False))
    kinds = list(dict.fromkeys(e["type"] for e in run.events))
    assert kinds == [
        *("run_started", "prototype_progress", "prototype_ready", "checkpoint"),
        *("cycle", "insight", "certified", "finished"),
    ]
    assert [e["k"] for e in run.of("cycle")] == [1, 2, 3]
    assert len(run.of("checkpoint")) == 4


def test_events_carry_the_contracts_fields(short_run: Run) -> None:
    _, run = short_run
    started, ready, cycle = run.of("run_started")[0], run.of("prototype_ready")[0], run.of("cycle")[-1]
    assert started["device"]["kind"] == "cpu" and started["device"]["name"]
    assert set(started["dataset"]["splits"]) == {"train", "search", "calibration", "test"}
    assert (ready["params"], ready["macs"]) == (77_754, 763_520)
    assert ready["metrics"]["test"]["accuracy"] > 0.95
    assert set(cycle["designs"][0]) == {"seed", "budget", "params", "macs", "accuracy", "netscore", "meets"}
    assert 0 < cycle["fraction"] < 1
    certified = run.of("certified")[0]
    assert certified["yield"]["accepted"]["value"] >= 0.95
    assert certified["yield"]["accepted"]["low"] <= certified["yield"]["accepted"]["value"]
    assert 0 <= certified["budget_range"][0] <= certified["budget_range"][1] <= 1
    assert run.of("finished")[0]["status"] == "certified"


def test_draws_are_reproducible_to_the_byte_and_meet_the_limits(short_run: Run, tmp_path: Path) -> None:
    out, _ = short_run
    first = engine("draw", out, "--seed", 11, "--count", 3, "--out", tmp_path / "a")
    second = engine("draw", out, "--seed", 11, "--count", 3, "--out", tmp_path / "b")
    assert first.code == 0, first.stderr
    networks = first.of("network")
    assert [n["seed"] for n in networks] == [11, 12, 13]
    assert len({n["fingerprint"] for n in networks}) == 3
    for one, two in zip(networks, second.of("network"), strict=True):
        assert one["fingerprint"] == two["fingerprint"]
        for kind in ("onnx", "safetensors"):
            digests = [hashlib.sha256(Path(n["files"][kind]).read_bytes()).hexdigest() for n in (one, two)]
            assert digests[0] == digests[1]
        assert one["params"] <= 30_000
        limit = next(r for r in one["requirements"] if r["metric"] == "params")
        assert limit["verdict"] and limit["measured"] == one["params"]


def test_the_onnx_file_computes_what_the_card_says(short_run: Run, tmp_path: Path) -> None:
    out, _ = short_run
    card = engine("draw", out, "--seed", 2, "--export", "onnx", "--out", tmp_path).of("network")[0]
    path = card["files"]["onnx"]
    test = load_dataset({"builtin": "digits"}, tmp_path).splits["test"]
    images = test.images.astype(np.float32) / 255
    logits = onnxruntime.InferenceSession(path).run(None, {"input": images})[0]
    assert np.mean(logits.argmax(1) == test.labels) == pytest.approx(card["metrics"]["test"]["accuracy"], abs=1e-9)
    module = load_generator(out).draw(2, card["budget"]).module
    with torch.no_grad():
        np.testing.assert_allclose(module(torch.from_numpy(images)).numpy(), logits, atol=1e-4)
    assert count_parameters(Path(path)) == card["params"]
    properties = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert properties["task"] == "classification" and properties["classes"].split("\n") == list("0123456789")


def test_a_stopped_and_resumed_run_ends_like_an_uninterrupted_one(short_run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    spec = write_spec(tmp_path)
    command = [sys.executable, "-m", "engine", "synthesize", str(spec), "--out", str(out), "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["type"] == "checkpoint" and events[-1]["k"] == 1:
            process.send_signal(signal.SIGTERM)
    assert process.wait() == 130
    assert not (out / "generator.safetensors").exists()
    assert engine("synthesize", spec, "--out", out, "--device", "cpu").code == 2  # not without --resume
    resumed = engine("synthesize", spec, "--out", out, "--device", "cpu", "--resume")
    assert resumed.code == 0, resumed.stderr
    assert resumed.of("run_started")[0]["resumed"] is True
    whole = (short_run[0] / "generator.safetensors").read_bytes()
    assert (out / "generator.safetensors").read_bytes() == whole


@pytest.mark.slow
@pytest.mark.parametrize(("seconds_a_step", "steps"), [(0.0, 100), (0.1, 30), (5.0, 10)])
def test_a_cycle_of_slow_steps_has_fewer_of_them(seconds_a_step: float, steps: int) -> None:
    elapsed = itertools.count(1)
    run = SimpleNamespace(
        cycle=3,
        trainer=SimpleNamespace(batches=lambda *_: itertools.repeat(None), step=lambda *_: torch.tensor(0.5)),
        _rng=np.random.default_rng,
        _generate=lambda rng, count, progress: list(range(count)),
        _progress=lambda: 0.2 + seconds_a_step * next(elapsed) / 100,
    )
    assert Synthesis._generate_and_train(run, 0.2) == [(design, 0.5) for design in range(steps)]


def test_an_unreachable_requirement_ends_with_3_and_the_nearest_networks(tmp_path: Path) -> None:
    limits = [
        {"metric": "accuracy", "op": ">=", "value": 0.999},
        {"metric": "params", "op": "<=", "value": 1000},
    ]
    run = engine("synthesize", write_spec(tmp_path, requirements=limits, max_cycles=1), "--out", tmp_path / "out")
    assert run.code == 3, run.stderr
    finished = run.of("finished")[0]
    assert finished["status"] == "requirements_not_reached" and not run.of("certified")
    assert finished["nearest"] and all(n["params"] <= 1000 for n in finished["nearest"])
    drawn = engine("draw", tmp_path / "out", "--seed", 0, "--export", "safetensors", "--out", tmp_path / "d")
    assert drawn.of("network")[0]["verified"] is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"requirements": [{"metric": "accuracy", "op": ">=", "value": 1.01}]}, "requirements.0.value"),
        ({"requirements": [{"metric": "params", "op": "<=", "value": 20}]}, "requirements"),
        ({"prototype": {"zoo": "resnet9000"}}, "prototype.zoo"),
        ({"dataset": {"path": "/nowhere.zip"}}, None),
    ],
)
def test_a_wrong_request_ends_with_2_and_leaves_nothing(tmp_path: Path, changes: dict, field: str | None) -> None:
    run = engine("synthesize", write_spec(tmp_path, **changes), "--out", tmp_path / "out")
    assert run.code == 2, run.stderr
    assert run.events[-1]["type"] == "failed"
    assert field is None or run.events[-1]["field"] == field
    assert not list((tmp_path / "out").glob("*.safetensors"))


def test_drawing_from_a_folder_without_a_generator_says_so(tmp_path: Path) -> None:
    run = engine("draw", tmp_path, "--seed", 1, "--out", tmp_path / "d")
    assert run.code == 2 and run.events[-1]["code"] == "no_generator"


def test_inspect_says_what_can_shrink_and_what_cannot(tmp_path: Path) -> None:
    path = tmp_path / "prototype.json"
    path.write_text(json.dumps({"prototype": {"zoo": "resnet20"}}))
    found = engine("inspect", path).of("inspection")[0]
    assert found["params"] == 272_474
    assert {g["name"]: g["width"] for g in found["groups"]}["conv"] == 16
    assert len(found["blocks"]) == 9 and found["frozen"] == [{"name": "fc", "reason": "it is the network's output"}]
