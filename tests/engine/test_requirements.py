"""U, 1_r and the spec: units, and a sentence that names the field for each thing that can be wrong."""

import pytest

from engine.errors import RequestError
from engine.measure import energy
from engine.performance import NetScore, information_density
from engine.requirements import Requirements, parse_conditions, parse_requirements
from engine.spec import parse_spec


def unmeasurable() -> energy.EnergyCounter:
    raise energy.Unavailable("No counter here.")


GOOD = {"prototype": {"zoo": "resnet8"}, "dataset": {"builtin": "digits"}, "max_cycles": 2}


def test_netscore_has_the_papers_units() -> None:
    assert NetScore()(0.89, 68_000, 15_000_000) == pytest.approx(107.9, abs=0.05)


def test_halving_parameters_and_macs_is_worth_six_decibels() -> None:
    score = NetScore()
    assert score(0.9, 1000, 1000) - score(0.9, 2000, 2000) == pytest.approx(6.02, abs=0.01)


def test_information_density_is_percent_per_thousand_parameters() -> None:
    assert information_density(0.9, 68_000) == pytest.approx(90 / 68)


def test_verdicts_hold_the_measurement_and_the_margin() -> None:
    requirements = parse_requirements(
        [{"metric": "accuracy", "op": ">=", "value": 0.96}, {"metric": "params", "op": "<=", "value": 2000}],
        "classification",
    )
    verdicts = requirements.judge({"accuracy": 0.97, "params": 2500, "macs": 1, "size_mb": 1})
    assert [v["verdict"] for v in verdicts] == [True, False]
    assert [v["margin"] for v in verdicts] == [pytest.approx(0.01), -500]


@pytest.mark.parametrize(
    ("requirement", "field", "words"),
    [
        ({"metric": "accuracy", "op": ">=", "value": 1.01}, "requirements.0.value", "can't be reached"),
        ({"metric": "params", "op": "<=", "value": 0}, "requirements.0.value", "more than 0"),
        ({"metric": "speed", "op": "<=", "value": 1}, "requirements.0.metric", "isn't one of"),
        ({"metric": "accuracy", "op": "<=", "value": 0.9}, "requirements.0.op", "'>='"),
        ({"metric": "macs", "op": ">=", "value": 5}, "requirements.0.op", "'<='"),
        ({"metric": "accuracy", "op": ">=", "value": "high"}, "requirements.0.value", "a number"),
        ({"metric": "params", "op": "<=", "value": float("inf")}, "requirements.0.value", "a number"),
        ({"metric": "latency_ms", "op": "<=", "value": 2, "device": "tpu"}, "requirements.0.device", "'tpu'"),
        ({"metric": "macs", "op": "<=", "value": 2, "device": "cpu"}, "requirements.0.device", "leave device out"),
        ({"metric": "energy_mj", "op": "<=", "value": 2}, "requirements.0.device", "No counter here."),
        ({"metric": "energy_mj", "op": "<=", "value": 2, "device": "cuda"}, "requirements.0.device", "jetson-tx2"),
        ({"metric": "energy_mj", "op": "<=", "value": 2, "device": "toaster"}, "requirements.0.device", "'toaster'"),
        ("accuracy", "requirements.0", "metric, op and value"),
    ],
)
def test_a_wrong_requirement_is_named(
    requirement: object, field: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "COUNTERS", {"cpu": unmeasurable, "cuda": unmeasurable})
    with pytest.raises(RequestError) as refused:
        parse_spec({**GOOD, "requirements": [requirement]})
    assert refused.value.field == field
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prototype": {"zoo": "a", "onnx": "b"}}, "prototype"),
        ({"dataset": "digits"}, "dataset"),
        ({"task": "poetry"}, "task"),
        ({"max_cycles": 0}, "max_cycles"),
        ({"max_cycles": None, "time_budget_s": None}, "time_budget_s"),
        ({"seed": -1}, "seed"),
        ({"target_yield": 2}, "target_yield"),
        ({"objective": {"name": "speed"}}, "objective"),
        ({"prototpye": {}}, "prototpye"),
    ],
)
def test_a_wrong_field_of_the_spec_is_named(change: dict, field: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_spec({**GOOD, **change})
    assert (refused.value.code, refused.value.field) == ("bad_spec", field)


def test_defaults_are_filled_in() -> None:
    spec = parse_spec(GOOD)
    assert (spec.task, spec.seed, spec.target_yield, spec.objective) == (
        "classification",
        0,
        0.95,
        NetScore(),
    )


def conditions(*texts: str) -> Requirements:
    return parse_conditions(texts, "classification")


def test_latency_holds_on_the_cpu_unless_another_device_is_named() -> None:
    raw = [{"metric": "latency_ms", "op": "<=", "value": 2.0}, {"metric": "activation_mb", "op": "<=", "value": 1}]
    requirements = parse_requirements(raw, "classification")
    assert [r.as_dict() for r in requirements.items] == [{**raw[0], "device": "cpu"}, raw[1]]
    assert requirements.measured == ("activation_mb", "latency_ms")


def test_all_resources_must_be_within_their_limits_whatever_the_task_metric() -> None:
    requirements = conditions("accuracy>=0.9", "size_mb<=0.2", "latency_ms<=2")
    assert requirements.within({"size_mb": 0.2, "latency_ms": 1.9})
    assert not requirements.within({"size_mb": 0.21, "latency_ms": 1.9})


def test_conditions_of_the_command_line_are_the_same_requirements() -> None:
    written = conditions("accuracy >= 0.98", "params<=1.5e3", "latency_ms<=2@cpu")
    assert [(r.metric, r.op, r.value, r.device) for r in written.items] == [
        ("accuracy", ">=", 0.98, None),
        ("params", "<=", 1500.0, None),
        ("latency_ms", "<=", 2.0, "cpu"),
    ]
    for text in ("accuracy", "accuracy>=high", "params<1500x", ""):
        with pytest.raises(RequestError) as refused:
            conditions(text)
        assert refused.value.code == "bad_request" and "write it like" in refused.value.message


def test_tightening_replaces_the_same_metric_and_keeps_the_others() -> None:
    tightened = conditions("accuracy>=0.9", "params<=2000").tightened(conditions("accuracy>=0.95", "macs<=5000"))
    assert sorted(map(str, tightened.items)) == ["accuracy >= 0.95", "macs <= 5000", "params <= 2000"]
    assert tightened.metric_threshold == 0.95


@pytest.mark.parametrize("looser", ["accuracy>=0.85", "params<=3000"])
def test_loosening_is_refused_with_a_sentence(looser: str) -> None:
    with pytest.raises(RequestError) as refused:
        conditions("accuracy>=0.9", "params<=2000").tightened(conditions(looser))
    assert refused.value.code == "bad_request" and "can only be tightened" in refused.value.message


def test_requirements_on_several_devices_stand_side_by_side() -> None:
    both = conditions(
        "latency_ms<=2", "latency_ms<=0.5@jetson-tx2", "energy_mj<=3@jetson-tx2", "energy_mj<=9@cortex-m7"
    )
    assert both.measured == ("latency_ms",)
    assert (both.limit("latency_ms"), both.limit("latency_ms@jetson-tx2")) == (2, 0.5)
    assert (both.limit("energy_mj@cortex-m7"), both.limit("energy_mj@raspberry-pi-5")) == (9, float("inf"))
    assert both.within(
        {"latency_ms": 1, "latency_ms@jetson-tx2": 0.4, "energy_mj@jetson-tx2": 3, "energy_mj@cortex-m7": 8}
    )
    tightened = both.tightened(conditions("latency_ms<=0.3@jetson-tx2"))
    assert (tightened.limit("latency_ms"), tightened.limit("latency_ms@jetson-tx2")) == (2, 0.3)
    with pytest.raises(RequestError, match="latency_ms <= 0.7 on jetson-tx2 is looser"):
        both.tightened(conditions("latency_ms<=0.7@jetson-tx2"))


def test_verdicts_on_estimates_say_that_they_are() -> None:
    rows = conditions("latency_ms<=2", "latency_ms<=0.5@jetson-tx2").judge(
        {"latency_ms": 1.0, "latency_ms@jetson-tx2": 0.6}
    )
    assert rows[0] == {**rows[0], "device": "cpu", "measured": 1.0, "verdict": True} and "estimated" not in rows[0]
    assert rows[1] == {**rows[1], "device": "jetson-tx2", "measured": 0.6, "verdict": False, "estimated": True}
