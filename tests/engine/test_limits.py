"""Limits on file size, activation memory and latency: designs keep to them, and real networks bear them out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.elastic.network import ElasticNetwork
from engine.errors import RequestError
from engine.generator import Generator
from engine.limits import RECIPE, limits_of
from engine.measure import energy
from engine.measure.latency_table import GRID, LATENCY_FILE, Calibration, Entry, LatencyTable
from engine.measure.memory import activation_mb
from engine.measure.profiles import profiles
from engine.measure.resources import measure_resources
from engine.measure.roofline import estimates
from engine.measure.samples import sample, varied_designs
from engine.measure.work import work_of
from engine.performance import NetScore
from engine.projection import Projection
from engine.prototypes import build_prototype
from engine.requirements import parse_conditions
from engine.setting import Setting
from engine.spec import parse_spec

SHAPE = (1, 8, 8)


@pytest.fixture(scope="module")
def network() -> ElasticNetwork:
    return ElasticNetwork(build_prototype({"zoo": "resnet8"}, 1, 10, 8), SHAPE, torch.device("cpu"))


def projection(network: ElasticNetwork, folder: Path, *conditions: str) -> Projection:
    requirements = parse_conditions(conditions, "classification")
    return Projection(network.space, NetScore(), requirements, limits_of(network, requirements, folder))


def size_of(network: ElasticNetwork, design: object) -> float:
    size = measure_resources(sample(network, design), SHAPE, RECIPE).size_mb  # type: ignore[arg-type]
    assert size is not None
    return size


def test_predicted_file_sizes_lie_a_little_above_the_files(network: ElasticNetwork, tmp_path: Path) -> None:
    (limit,) = limits_of(network, parse_conditions(["size_mb<=1"], "classification"), tmp_path)
    designs = varied_designs(network, 8, seed=11)
    predicted = limit.predict(network.space.designs(designs)).tolist()
    for design, said in zip(designs, predicted, strict=True):
        measured = size_of(network, design)
        assert 0.99 * measured <= said <= 1.2 * measured


def test_generated_networks_keep_to_size_and_activation_limits(network: ElasticNetwork, tmp_path: Path) -> None:
    limited = projection(network, tmp_path, "size_mb<=0.05", "activation_mb<=0.003")
    free, generator = Generator(projection(network, tmp_path), 0), Generator(limited, 0)
    for seed in range(4):
        design, beyond = generator.design(seed, limited.full), free.design(seed, limited.full)
        size, activations = size_of(network, design), activation_mb(sample(network, design), SHAPE)
        assert size <= 0.05 and activations <= 0.003
        assert size > 0.035 or activations > 0.0021  # and not far below both
        assert size_of(network, beyond) > 0.05


def keep_table(network: ElasticNetwork, folder: Path) -> None:
    """A table of latencies in which a weight's layer takes 1 ns for each multiplication, and nothing else anything."""
    space, entries = network.space, []
    for number, p in enumerate(space.parameters):
        if p.positions and p.d0 is not None:
            grids = [np.linspace(1, 1 if d is None else p.shape[i], GRID) for i, d in ((1, p.d1), (0, p.d0))]
            ms = (1e-6 * p.positions * np.outer(*grids)).tolist()
            positions = [1] * len(space.resolutions)
            entries.append(Entry(number, grids[0].tolist(), grids[1].tolist(), positions, [ms, ms]))
    LatencyTable(space, entries, Calibration(), "somewhere").save(folder / LATENCY_FILE)


def test_a_latency_limit_measures_its_table_once(network: ElasticNetwork, tmp_path: Path) -> None:
    projection(network, tmp_path, "latency_ms<=1000")
    table = (tmp_path / LATENCY_FILE).read_bytes()
    projection(network, tmp_path, "latency_ms<=1")
    assert (tmp_path / LATENCY_FILE).read_bytes() == table


def test_designs_aim_at_a_latency_by_the_table(network: ElasticNetwork, tmp_path: Path) -> None:
    keep_table(network, tmp_path)
    wide = projection(network, tmp_path, "latency_ms<=1000")
    (limit,) = wide.limits
    full, smallest = (float(limit.predict(d)[0]) for d in (network.space.designs([network.space.full]), wide.cheapest))
    middle = (full + smallest) / 2
    tight = projection(network, tmp_path, f"latency_ms<={middle}")
    generator = Generator(tight, 0)
    designs = [generator.design(seed, tight.full) for seed in range(6)]
    assert all(float(t) <= middle for t in limit.predict(network.space.designs(designs)))
    assert float(limit.predict(network.space.designs([Generator(wide, 0).design(0, wide.full)]))[0]) > middle


def test_a_limit_below_the_smallest_network_is_refused_with_what_it_takes(
    network: ElasticNetwork, tmp_path: Path
) -> None:
    raw = {"prototype": {"zoo": "resnet8"}, "dataset": {"builtin": "digits"}, "max_cycles": 1}
    spec = parse_spec({**raw, "requirements": [{"metric": "activation_mb", "op": "<=", "value": 1e-5}]})
    setting = Setting.prepare(spec, tmp_path, torch.device("cpu"))
    with pytest.raises(RequestError) as refused:
        setting.projection(network)
    assert refused.value.field == "requirements" and "activation_mb of about" in refused.value.message


def test_designs_keep_to_estimates_on_several_devices_by_construction(network: ElasticNetwork, tmp_path: Path) -> None:
    wide = projection(network, tmp_path, "energy_mj<=1e9@jetson-tx2", "latency_ms<=1e9@cortex-m7")
    full, smallest = network.space.designs([network.space.full]), wide.cheapest
    millijoules, milliseconds = (
        float(limit.predict(full)[0] * limit.predict(smallest)[0]) ** 0.5 for limit in (wide.limits[0], wide.limits[1])
    )
    tight = projection(
        network, tmp_path, f"energy_mj<={millijoules}@jetson-tx2", f"latency_ms<={milliseconds}@cortex-m7"
    )
    generator, free, known = Generator(tight, 0), Generator(wide, 0), profiles()
    closest = 0.0
    for seed in range(8):
        found = estimates(known, work_of(sample(network, generator.design(seed, tight.full)), SHAPE))
        assert found["jetson-tx2"]["energy_mj"] <= millijoules * (1 + 1e-9)
        assert found["cortex-m7"]["latency_ms"] <= milliseconds * (1 + 1e-9)
        shares = found["jetson-tx2"]["energy_mj"] / millijoules, found["cortex-m7"]["latency_ms"] / milliseconds
        closest = max(closest, *shares)
    assert closest > 0.9  # the limits are used
    beyond = estimates(known, work_of(sample(network, free.design(0, wide.full)), SHAPE))
    assert beyond["jetson-tx2"]["energy_mj"] > millijoules


class Metered:
    """An energy counter that moves by 1 mJ at each reading, so a few images are enough."""

    window_s = 0.0

    def __init__(self) -> None:
        self.total = 0.0

    def read_mj(self) -> float:
        self.total += 1
        return self.total


def test_a_limit_on_energy_here_is_aimed_at_by_a_fit_to_measured_networks(
    network: ElasticNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(energy.COUNTERS, "cpu", Metered)
    (limit,) = projection(network, tmp_path, "energy_mj<=5").limits
    said = limit.predict(network.space.designs([network.space.full, network.space.smallest]))
    assert (limit.resource, limit.value) == ("energy_mj", 5) and bool((said > 0).all())
    fitted = (tmp_path / "energy-cpu.json").read_bytes()
    projection(network, tmp_path, "energy_mj<=4")
    assert (tmp_path / "energy-cpu.json").read_bytes() == fitted
