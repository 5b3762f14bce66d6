"""RefineNet's shapes, sizes and first outputs."""

import pytest
import torch
from torch import nn
from torchvision import models

from engine.prototypes.refinenet import ChainedResidualPooling, RefineBlock, RefineNet, ResidualConvUnit
from engine.prototypes.resnet_trunk import TRUNKS, ResNetTrunk


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("size", [(120, 160), (96, 128), (90, 120), (33, 47), (5, 3)])
def test_every_pixel_gets_one_logit_a_class(size: tuple[int, int]) -> None:
    network = RefineNet("resnet18", 3, 11, 4).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, *size)).shape == (2, 11, *size)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_trunk_is_torchvisions_without_its_classifier(name: str) -> None:
    origin = models.get_model(name, weights=None).eval()
    tensors = {k: v for k, v in origin.state_dict().items() if not k.startswith("fc.")}
    trunk = ResNetTrunk(name).eval()
    trunk.load_state_dict(tensors)
    images = torch.rand(1, 3, 40, 56)
    with torch.no_grad():
        features = trunk(images)
        logits = origin.fc(features[-1].mean((2, 3)))
        torch.testing.assert_close(logits, origin(images))
    assert [tuple(f.shape[2:]) for f in features] == [(10, 14), (5, 7), (3, 4), (2, 2)]
    assert [f.shape[1] for f in features] == trunk.channels


@pytest.mark.parametrize("trunk", list(TRUNKS))
def test_parameters_follow_from_the_widths(trunk: str) -> None:
    """Each unit has two 3×3 convolutions, each stage of a pooling one, every convolution but the classifier a norm."""
    with torch.device("meta"):
        network, origin = RefineNet(trunk, 3, 11), models.get_model(trunk, weights=None)

    def convolution(c_in: int, c_out: int, kernel: int) -> int:
        return c_in * c_out * kernel**2 + 2 * c_out

    def unit(c: int) -> int:
        return 2 * convolution(c, c, 3)

    adapt = sum(convolution(c, w, 1) for c, w in zip(network.trunk.channels, (256, 256, 256, 512), strict=True))
    deepest = 3 * unit(512) + 2 * convolution(512, 512, 3)
    others = 3 * (3 * unit(256) + 2 * convolution(256, 256, 3) + convolution(256, 256, 3))
    coarser = 2 * (2 * unit(256) + convolution(256, 256, 3)) + 2 * unit(512) + convolution(512, 256, 3)
    head = 2 * unit(256) + 256 * 11 * 9 + 11
    expected = parameters(origin) - parameters(origin.fc) + adapt + deepest + others + coarser + head
    assert parameters(network) == expected


def test_paths_are_fused_at_the_finest_ones_size() -> None:
    block = RefineBlock([8, 12], 8)
    assert block([torch.rand(2, 8, 9, 7), torch.rand(2, 12, 5, 4)]).shape == (2, 8, 9, 7)


def test_units_and_poolings_add_to_what_they_are_given() -> None:
    x = torch.randn(2, 4, 6, 6)
    unit, pooling = ResidualConvUnit(4), ChainedResidualPooling(4)
    for module in (unit, pooling):
        for norm in module.modules():
            if isinstance(norm, nn.BatchNorm2d):
                nn.init.zeros_(norm.weight)
    assert torch.equal(unit(x), x)
    assert torch.equal(pooling(x), x.relu())


def test_a_pooling_gathers_context_in_a_chain() -> None:
    pooling = ChainedResidualPooling(1).eval()
    for stage in pooling.stages:
        nn.init.zeros_(stage[1].weight)  # type: ignore[index]
        stage[1].weight.data[0, 0, 1, 1] = 1  # type: ignore[index]
    x = torch.zeros(1, 1, 11, 11)
    x[0, 0, 5, 5] = 1
    with torch.no_grad():
        reached = pooling(x)[0, 0, 5]
    expected = torch.tensor([0.0, 1, 1, 2, 2, 3, 2, 2, 1, 1, 0])
    torch.testing.assert_close(reached, expected, rtol=0, atol=1e-4)


def test_nothing_is_believed_before_training() -> None:
    torch.manual_seed(0)
    logits = RefineNet("resnet18", 3, 11, 8)(torch.rand(2, 3, 48, 64))
    assert logits.abs().mean() < 1
