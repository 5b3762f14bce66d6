"""DetectNet's shapes, sizes and first outputs."""

import pytest
import torch
from torchvision import models

from engine.prototypes.detectnet import DetectNet


@pytest.mark.parametrize(
    ("size", "cells"), [((96, 128), (6, 8)), ((90, 120), (6, 8)), ((120, 160), (8, 10)), ((17, 16), (2, 1))]
)
def test_every_cell_gets_coverage_and_a_box(size: tuple[int, int], cells: tuple[int, int]) -> None:
    network = DetectNet(3, 3, 0.125).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, *size)).shape == (2, 3 + 4, *cells)


def test_the_trunk_is_torchvisions_googlenet_without_its_classifier() -> None:
    with torch.device("meta"):
        network = DetectNet(3, 2)
        origin = models.googlenet(weights=None, aux_logits=False, init_weights=False)
    own = {k: v.shape for k, v in network.trunk.state_dict().items()}
    theirs = {k: v.shape for k, v in origin.state_dict().items() if not k.startswith("fc.")}
    assert own == theirs
    heads = sum(p.numel() for head in (network.coverage, network.boxes) for p in head.parameters())
    assert heads == (1024 + 1) * (2 + 4)


def test_a_share_of_the_width_is_about_its_square_of_the_parameters() -> None:
    whole, half = (sum(p.numel() for p in DetectNet(3, 1, width).parameters()) for width in (1.0, 0.5))
    assert 0.24 < half / whole < 0.26


def test_few_cells_are_covered_before_training() -> None:
    torch.manual_seed(0)
    output = DetectNet(3, 2, 0.25)(torch.rand(4, 3, 64, 64))
    assert output[:, :2].sigmoid().mean() < 0.02
    assert 0.5 < output[:, 2:].mean() < 1.5
