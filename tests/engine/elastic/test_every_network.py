"""Random designs of every network: the shared slice, the extracted module, the prototype with the same channels
silenced, and the closed forms agree.
"""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.elastic.design import Design
from engine.elastic.network import ElasticNetwork
from engine.elastic.trace import trace
from tests.engine.elastic.networks import ALL, HEADS, build, shape_of

MEAN, STD = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.25])
OVER_CHANNELS = ("norms", "functional", "convnext")
SPREAD = "it is spread over all channels of another value"
LAYERS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


@pytest.fixture(scope="module", params=ALL)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ElasticNetwork:
    """One network at a time: pytest runs all tests of one before it builds the next."""
    name = request.param
    model = build(name, tmp_path_factory.mktemp("onnx"))
    network = ElasticNetwork(model, shape_of(name), torch.device("cpu"))
    rng = np.random.default_rng(3)
    network.set_importance([rng.random(k.width) for k in network.space.knobs])
    network.prototype = model.eval()  # type: ignore[attr-defined]
    network.heads = HEADS.get(name, 1)  # type: ignore[attr-defined]
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
        assert found.shape == network.prototype(images).shape
    torch.testing.assert_close(found, sliced, rtol=1e-3, atol=1e-3 * float(sliced.abs().max().clamp_min(1.0)))
    params, macs = network.space.cost(design)
    assert sum(p.numel() for p in module.parameters()) == params
    assert count_macs(module, images[:1]) == macs


@settings(max_examples=2, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_shared_slice_extracted_module_and_closed_forms_agree(network: ElasticNetwork, seed: int) -> None:
    check(network, network.random_design(np.random.default_rng(seed)))


def test_a_slice_computes_what_the_prototype_with_the_other_channels_silenced_computes(
    network: ElasticNetwork, request: pytest.FixtureRequest
) -> None:
    if any(name in request.node.name for name in OVER_CHANNELS):
        pytest.skip("its norms or means are over the channels that are kept, which silence would change")
    space = network.space
    design = replace(space.full, widths=network.random_design(np.random.default_rng(5)).widths)
    silenced = trace(copy.deepcopy(network.prototype), network.input_shape).train()  # batch statistics
    for p in space.parameters:
        if p.d0 is not None and not p.form:
            tensor = silenced.get_submodule(p.leaf).get_parameter(p.name)
            with torch.no_grad():
                kept = space.kept(p.d0, np.array(design.widths), network.ranks)
                tensor[np.setdiff1d(np.arange(tensor.shape[0]), kept)] = 0
    for module in silenced.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    # In double precision: batch statistics of few values amplify what rounding leaves.
    images = torch.rand(4, *network.input_shape, generator=torch.Generator().manual_seed(1)).double()
    active = network.activate(design)
    with torch.no_grad():
        sliced = network.forward(active, network.gather(active).double(), images)
        torch.testing.assert_close(sliced, silenced.double()(images), rtol=1e-6, atol=1e-6 * float(sliced.abs().max()))


def test_nearly_all_of_a_network_can_shrink(network: ElasticNetwork) -> None:
    space = network.space
    check(network, space.smallest)
    full, smallest = space.cost(space.full)[0], space.cost(space.smallest)[0]
    assert smallest < 0.1 * full
    reasons = sorted(set(space.frozen.values()))
    assert reasons in (["it is the network's output"], [SPREAD, "it is the network's output"])
    # The heads, and the one channel of a spatial attention.
    assert len(space.frozen) == network.heads + len(reasons) - 1
