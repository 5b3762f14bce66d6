"""Random designs of every network: the shared slice, the extracted module and the closed forms agree."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.elastic.design import Design
from engine.elastic.network import ElasticNetwork
from tests.engine.elastic.networks import ALL, CLASSES, build, side_of

MEAN, STD = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.25])
SPREAD = "it is spread over all channels of another value"
LAYERS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


@pytest.fixture(scope="module", params=ALL)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ElasticNetwork:
    """One network at a time: pytest runs all tests of one before it builds the next."""
    name = request.param
    model = build(name, tmp_path_factory.mktemp("onnx"))
    network = ElasticNetwork(model, (3, side_of(name), side_of(name)), torch.device("cpu"))
    rng = np.random.default_rng(3)
    network.set_importance([rng.random(k.width) for k in network.space.knobs])
    return network


def count_macs(module: nn.Module, images: Tensor) -> int:
    """MACs of convolutions and linear layers, counted from what really runs."""
    total = 0

    def count(layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        nonlocal total
        applied = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        total += layer.weight.numel() * math.prod(
            applied.shape[1:-1] if isinstance(layer, nn.Linear) else applied.shape[2:]
        )

    hooks = [m.register_forward_hook(count) for m in module.modules() if isinstance(m, LAYERS)]
    with torch.no_grad():
        module(images)
    for hook in hooks:
        hook.remove()
    return total


def check(network: ElasticNetwork, design: Design) -> None:
    images = torch.rand(4, *network.input_shape, generator=torch.Generator().manual_seed(0))
    normalised = (images - MEAN.reshape(3, 1, 1)) / STD.reshape(3, 1, 1)
    active = network.activate(design)
    flat = network.gather(active)
    network.record_statistics(active, flat, [normalised])
    sliced = network.infer(active, flat, normalised)
    module = network.extract(active, flat, MEAN, STD)
    with torch.no_grad():
        found = module(images)
    assert found.shape == (4, CLASSES)
    torch.testing.assert_close(found, sliced, rtol=1e-3, atol=1e-3 * float(sliced.abs().max().clamp_min(1.0)))
    params, macs = network.space.cost(design)
    assert sum(p.numel() for p in module.parameters()) == params
    assert count_macs(module, images[:1]) == macs


@settings(max_examples=2, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_shared_slice_extracted_module_and_closed_forms_agree(network: ElasticNetwork, seed: int) -> None:
    check(network, network.random_design(np.random.default_rng(seed)))


def test_nearly_all_of_a_network_can_shrink(network: ElasticNetwork) -> None:
    space = network.space
    check(network, space.smallest)
    full, smallest = space.cost(space.full)[0], space.cost(space.smallest)[0]
    assert smallest < 0.1 * full
    reasons = sorted(set(space.frozen.values()))
    assert reasons in (["it is the network's output"], [SPREAD, "it is the network's output"])
    assert len(space.frozen) == len(reasons)  # the head, and the one channel of a spatial attention
