"""Costs are counted alike for all methods."""

import pytest
import torch

from benchmarks.found import cost
from benchmarks.networks import ladder, narrow, narrow_cost, nearest
from engine.elastic.network import ElasticNetwork
from engine.prototypes.cifar_resnet import cifar_resnet

SHAPES = [((1, 8, 8), 1), ((3, 15, 15), 3)]


@pytest.mark.parametrize(("shape", "blocks"), SHAPES)
def test_closed_form_of_uniform_networks_is_what_their_modules_cost(shape, blocks):
    for rung in ladder(shape, 10, blocks)[::12]:
        module = narrow(shape[0], 10, rung.widths, rung.blocks)
        assert narrow_cost(shape, 10, rung.widths, rung.blocks) == cost(module, torch.zeros(1, *shape))


def test_a_module_costs_what_the_engine_says():
    shape = (1, 8, 8)
    prototype = cifar_resnet("resnet8", 1, 10)
    space = ElasticNetwork(prototype, shape, torch.device("cpu")).space
    assert cost(prototype, torch.zeros(1, *shape)) == space.cost(space.full)


def test_inner_widths_change_the_blocks_alone():
    model = narrow(1, 10, (4, 6, 8), 1, [[3], [2], [5]])
    widths = [(b[0].conv1.out_channels, b[0].conv2.out_channels) for b in model.stages]
    assert widths == [(3, 4), (2, 6), (5, 8)]
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_the_ladder_ascends_from_single_channels_to_the_prototype():
    rungs = ladder((1, 8, 8), 10, 1)
    assert [r.log_cost for r in rungs] == sorted(r.log_cost for r in rungs)
    assert rungs[-1].widths == (16, 32, 64)
    assert nearest(rungs, rungs[3].log_cost + 1e-6) == rungs[3]
