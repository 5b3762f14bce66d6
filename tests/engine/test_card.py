"""What a drawn network's card says of devices: estimates for every profile, and energy where it can be measured."""

import json
from pathlib import Path

import pytest
import torch

from engine.certify import Certificate, Yield
from engine.draw import TrainedGenerator, network_record
from engine.elastic.network import ElasticNetwork
from engine.measure import energy
from engine.measure.energy import EnergyCounter, Unavailable
from engine.measure.profiles import profiles
from engine.setting import Setting, Synthesized
from engine.spec import parse_spec
from tests.engine.test_limits import Metered, keep_table

SPEC = {"prototype": {"zoo": "resnet8"}, "dataset": {"builtin": "digits"}, "max_cycles": 1}
LIMITS = [
    {"metric": "energy_mj", "op": "<=", "value": 0.05, "device": "jetson-tx2"},
    {"metric": "latency_ms", "op": "<=", "value": 2.0, "device": "cortex-m7"},
    {"metric": "latency_ms", "op": "<=", "value": 100.0, "device": "cpu"},
]


def generator(folder: Path, requirements: list[dict[str, object]]) -> TrainedGenerator:
    """A generator that has learned nothing, which its networks' costs don't show."""
    setting = Setting.prepare(parse_spec({**SPEC, "requirements": requirements}), folder, torch.device("cpu"))
    keep_table(ElasticNetwork(setting.prototype, setting.dataset.image_shape, setting.device), folder)
    some = Yield.of(1, 2)
    return TrainedGenerator(
        Synthesized.start(setting), Certificate(True, some, some, (0.3, 1.0), 0.0, 0.0, 0.95, 1.0, 1.0)
    )


def unmeasurable() -> EnergyCounter:
    raise Unavailable("No counter here.")


def test_a_card_holds_estimates_and_says_why_energy_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(energy.COUNTERS, "cpu", unmeasurable)
    drawn = generator(tmp_path, LIMITS)
    record = network_record(drawn.draw(3), drawn.parts.network.space)
    assert json.loads(json.dumps(record))["estimates"].keys() == profiles().keys()
    tx2, m7 = (record["estimates"][name] for name in ("jetson-tx2", "cortex-m7"))
    assert tx2["images_per_joule"] == pytest.approx(1e3 / tx2["energy_mj"])
    assert record["energy"] == {"device": "cpu", "unavailable": "No counter here."}
    assert record["energy_mj"] is None and record["images_per_joule"] is None
    first, second, measured = record["requirements"]
    assert first["estimated"] and first["verdict"] and first["measured"] == pytest.approx(tx2["energy_mj"])
    assert second["estimated"] and second["verdict"] and second["measured"] == pytest.approx(m7["latency_ms"])
    assert "estimated" not in measured and measured["measured"] == record["latency_ms"] > 0


@pytest.mark.parametrize("required", [False, True])
def test_a_card_holds_measured_energy_where_there_is_a_counter(
    required: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(energy.COUNTERS, "cpu", Metered)
    drawn = generator(tmp_path, [{"metric": "energy_mj", "op": "<=", "value": 100.0}] if required else [])
    record = network_record(drawn.draw(3), drawn.parts.network.space)
    assert record["energy_mj"] == pytest.approx(1 / 5)  # five images between two readings
    assert record["images_per_joule"] == pytest.approx(5e3)
    drawn.parts.measurements.save(tmp_path)
    known = drawn.parts.measurements.load(tmp_path).at(0.3)[0].resources
    for verdict in record["requirements"]:
        assert verdict["measured"] == known["energy_mj"] == record["energy_mj"]
        assert verdict["device"] == "cpu" and verdict["verdict"]
    assert len(record["requirements"]) == required
