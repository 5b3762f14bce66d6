"""What each layer does: a network counted by hand, and the closed form against extracted networks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn

from engine.elastic.network import ElasticNetwork
from engine.measure.samples import sample
from engine.measure.work import Work, WorkForm, work_of
from tests.engine.elastic.networks import build, shape_of


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.norm(self.conv(x))).mean((2, 3)))


def test_a_layer_reads_its_input_and_weights_and_writes_its_output() -> None:
    work = work_of(fx.symbolic_trace(Two().eval()), (1, 6, 6))
    assert work.macs.tolist() == [[9 * 8 * 16, 8 * 3]]
    assert work.values.tolist() == [[36 + 72 + 8 * 16, 8 + (24 + 3) + 3]]


def layers(work: Work) -> list[tuple[float, float]]:
    """(macs, values) of the layers that there are, in an order of their own."""
    return sorted((m, v) for m, v in zip(work.macs[0].tolist(), work.values[0].tolist(), strict=True) if v)


@pytest.mark.parametrize("name", ["resnet8", "mobilenet_v2", "norms", "functional", "shuffles"])
def test_the_closed_form_is_what_extracted_networks_do(name: str, tmp_path: Path) -> None:
    network = ElasticNetwork(build(name, tmp_path), shape_of(name), torch.device("cpu"))
    form, rng = WorkForm(network), np.random.default_rng(5)
    for _ in range(4):
        design = network.random_design(rng)
        said = form(network.space.designs([design]))
        assert np.allclose(layers(said), layers(work_of(sample(network, design), network.input_shape)), rtol=1e-12)
        assert round(float(said.macs.sum())) == network.space.cost(design)[1]
