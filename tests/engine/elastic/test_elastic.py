"""What removed blocks and steps mean, and what is said about parts that can't shrink."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision import models

from engine.elastic.network import ElasticNetwork
from engine.errors import RequestError
from engine.prototypes import build_prototype

CPU = torch.device("cpu")


def elastic(name: str) -> tuple[ElasticNetwork, nn.Module]:
    side = 16 if name in ("resnet8", "resnet20") else 48
    model = build_prototype({"zoo": name}, 3, 7, side, seed=1)
    for module in model.modules():  # so that no scale or shift hides a mistake
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return ElasticNetwork(model, (3, side, side), CPU), model


def test_a_removed_block_is_the_prototype_without_it() -> None:
    network, model = elastic("resnet20")
    identity_blocks = [i for i, b in enumerate(network.space.blocks) if ".1." in b.name or ".2." in b.name]
    removed = identity_blocks[0]
    design = replace(network.space.full, blocks=tuple(i != removed for i in range(len(network.space.blocks))))
    without = copy.deepcopy(model).train()
    owner = without.get_submodule(network.space.blocks[removed].name.rpartition(".")[0])
    owner.forward = lambda x: torch.relu(x)  # the addition's other operand, then the block's last activation
    images = torch.rand(4, *network.input_shape)
    active = network.activate(design)
    with torch.no_grad():
        torch.testing.assert_close(
            network.forward(active, network.gather(active), images), without(images), rtol=1e-4, atol=1e-4
        )
    assert network.space.cost(design)[0] < network.space.cost(network.space.full)[0]


def test_full_design_has_the_published_size() -> None:
    for name, params in (("resnet18", 11_689_512), ("mobilenet_v2", 3_504_872)):
        network = ElasticNetwork(models.get_model(name, weights=None), (3, 64, 64), CPU)
        assert network.space.cost(network.space.full)[0] == params


def test_a_step_changes_only_the_active_weights() -> None:
    network, _ = elastic("resnet8")
    active = network.activate(network.space.smallest)
    before = network.weights.clone()
    flat = network.gather(active).requires_grad_()
    loss = network.forward(active, flat, torch.rand(4, *network.input_shape)).square().sum()
    (gradient,) = torch.autograd.grad(loss, flat)
    network.weights[active.index] = flat.detach() - gradient
    untouched = torch.ones_like(before, dtype=torch.bool)
    untouched[active.index] = False
    assert torch.equal(network.weights[untouched], before[untouched])
    assert not torch.equal(network.weights, before)


def test_what_cannot_shrink_is_named_with_its_reason() -> None:
    network, _ = elastic("resnet8")
    assert network.space.frozen == {"fc": "it is the network's output"}


def test_a_network_with_nothing_to_shrink_is_refused_with_the_reasons() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    with pytest.raises(RequestError) as refused:
        ElasticNetwork(model, (3, 2, 2), CPU)
    assert refused.value.code == "nothing_to_shrink"
    assert "1: it is the network's output" in refused.value.message


def test_an_operation_without_a_rule_freezes_what_it_touches_and_the_rest_still_shrinks() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 3), nn.Conv2d(8, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.softmax(self.first(x), 1)
            return self.third(torch.relu(self.second(x))).mean((2, 3))

    network = ElasticNetwork(Odd(), (3, 9, 9), CPU)
    assert [k.name for k in network.space.knobs if k.convolution is None] == ["second"]
    assert "softmax" in network.space.frozen["first"]


def test_shared_statistics_are_recorded_for_the_design_alone() -> None:
    network, _ = elastic("resnet8")
    active = network.activate(network.space.smallest)
    flat = network.gather(active)
    images = torch.rand(32, *network.input_shape)
    network.record_statistics(active, flat, [images[:16], images[16:]])
    both = network.infer(active, flat, images)
    network.record_statistics(active, flat, [images[:16]])
    assert not torch.equal(both, network.infer(active, flat, images))
