"""The CIFAR-style residual networks have the sizes that the README quotes and take small images."""

import pytest
import torch

from engine.prototypes.cifar_resnet import CifarResNet, cifar_resnet

torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("resnet8", 77_754),
        ("resnet20", 272_186),
        ("resnet32", 466_618),
        ("resnet56", 855_482),
        ("resnet110", 1_730_426),
    ],
)
def test_parameters_on_one_channel_and_ten_classes(name, params):
    assert sum(p.numel() for p in cifar_resnet(name, 1, 10).parameters()) == params


@pytest.mark.parametrize("size", [8, 28, 33])
def test_any_image_size_gives_one_logit_a_class(size):
    assert cifar_resnet("resnet8", 3, 4)(torch.zeros(2, 3, size, size)).shape == (2, 4)


def test_depth_must_be_six_n_plus_two():
    with pytest.raises(ValueError, match="6n"):
        CifarResNet(9)
