"""The table of latencies: interpolation, calibration, and what it says of real networks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.elastic.design import SEPARABLE
from engine.elastic.network import ElasticNetwork
from engine.measure.latency_table import GRID, Calibration, Entry, LatencyTable, calibrate, measure_table
from engine.prototypes import build_prototype

SHAPE = (3, 32, 32)


@pytest.fixture(scope="module")
def network() -> ElasticNetwork:
    return ElasticNetwork(build_prototype({"zoo": "resnet8"}, 3, 10, 32), SHAPE, torch.device("cpu"))


@pytest.fixture(scope="module")
def table(network: ElasticNetwork) -> LatencyTable:
    return measure_table(network)


def one_layer(network: ElasticNetwork) -> tuple[LatencyTable, int]:
    """A table of one layer that takes inputs · outputs, twice that at the smallest resolution: bilinear, so exact."""
    space = network.space
    number, p = next((i, p) for i, p in enumerate(space.parameters) if p.name == "weight" and p.convolution == 2)
    assert p.d0 is not None and p.d1 is not None
    grids = [np.linspace(1, size, GRID) for size in (p.shape[1], p.shape[0])]
    ms = np.outer(*grids)
    positions = np.linspace(100, 20, len(space.resolutions)).astype(int).tolist()
    entry = Entry(number, grids[0].tolist(), grids[1].tolist(), positions, [ms.tolist(), (2 * ms).tolist()])
    return LatencyTable(space, [entry], Calibration(5.0, 2.0, 1.0), "somewhere"), number


def test_widths_between_the_grid_and_resolutions_between_the_ends_are_interpolated(network: ElasticNetwork) -> None:
    table, number = one_layer(network)
    p, space = network.space.parameters[number], network.space
    widths = np.array(space.full.widths) // 3
    design = replace(space.full, widths=tuple(widths.tolist()))
    kept = space.costs.kept(space.designs([design]))[0]
    product = float(kept[p.d0] * kept[p.d1])
    last = len(space.resolutions) - 1
    middle = (table.entries[0].positions[1] - 20) / 80
    for r, factor in ((0, 1.0), (1, middle + 2 * (1 - middle)), (last, 2.0)):
        said = table.predict(space.designs([replace(design, resolution=r)]))
        assert float(said[0]) == pytest.approx(5 + 2 * product * factor + 1)


def test_a_layer_that_a_design_doesnt_use_takes_nothing(network: ElasticNetwork) -> None:
    table, number = one_layer(network)
    space = network.space
    forms = [0] * len(space.convolutions)
    forms[2] = SEPARABLE  # its dense weight isn't used
    blocks = [i not in space.blocks_of[number] for i in range(len(space.blocks))]
    assert not all(blocks)
    other_form, removed = replace(space.full, forms=tuple(forms)), replace(space.full, blocks=tuple(blocks))
    assert table.predict(space.designs([other_form, removed])).tolist() == [5.0, 5.0]


def test_calibration_finds_offset_scale_and_cost_of_a_layer() -> None:
    rng = np.random.default_rng(0)
    sums, layers = rng.uniform(0.1, 5, 20), rng.integers(5, 30, 20).astype(float)
    found = calibrate(sums, layers, 0.3 + 1.7 * sums + 0.02 * layers)
    assert (found.offset, found.scale, found.layer) == pytest.approx((0.3, 1.7, 0.02))
    assert found.error == pytest.approx(0, abs=1e-9)


def test_every_layer_and_form_is_in_the_table_with_the_device_it_holds_for(
    network: ElasticNetwork, table: LatencyTable
) -> None:
    weights = {i for i, p in enumerate(network.space.parameters) if p.positions and p.d0 is not None}
    assert {e.parameter for e in table.entries} == weights
    assert table.device and table.threads == 1


def test_a_measured_table_tells_the_largest_network_from_the_smallest(
    network: ElasticNetwork, table: LatencyTable
) -> None:
    largest, smallest = table.predict(network.space.designs([network.space.full, network.space.smallest])).tolist()
    assert 0 < smallest < largest


def test_a_saved_table_predicts_the_same(network: ElasticNetwork, table: LatencyTable, tmp_path: Path) -> None:
    table.save(tmp_path / "latency.json")
    again = LatencyTable.load(tmp_path / "latency.json", network.space)
    designs = network.space.designs([network.space.full, network.space.smallest])
    assert torch.equal(table.predict(designs), again.predict(designs))
    assert (again.device, again.calibration) == (table.device, table.calibration)
