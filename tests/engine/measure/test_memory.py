"""Activation memory: what lives at once, and the closed form over designs against extracted networks."""

import pytest
import torch
from torch import Tensor, fx, nn

from engine.elastic.network import ElasticNetwork
from engine.measure.activations import ActivationForm
from engine.measure.memory import activation_mb, plan
from engine.measure.samples import sample, varied_designs
from engine.prototypes import build_prototype

IMAGE = (1, 4, 4)  # 16 elements
KILO = 4e-6  # megabytes of one float32


class Chain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 8, 1), nn.BatchNorm2d(8)
        self.second, self.head = nn.Conv2d(8, 2, 1), nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(x)))
        return self.head(self.second(x).flatten(1))


class Residual(Chain):
    def forward(self, x: Tensor) -> Tensor:
        entry = self.first(x)
        return self.head(self.second(entry + torch.relu(self.norm(entry))).flatten(1))


def peak(module: nn.Module) -> float:
    return activation_mb(fx.symbolic_trace(module.eval()), IMAGE)


def test_a_chain_holds_the_input_and_the_output_of_its_largest_layer() -> None:
    assert peak(Chain()) == pytest.approx((8 * 16 + 2 * 16) * KILO)  # norm and activation work in place


def test_a_shortcut_keeps_its_tensor_alive() -> None:
    assert peak(Residual()) == pytest.approx((8 * 16 + 8 * 16) * KILO)


def test_a_buffer_lives_until_its_last_reader() -> None:
    laid = plan(fx.symbolic_trace(Residual().eval()), IMAGE)
    names = [operation.node for operation in laid.operations]
    entry = names.index("first")
    assert [names[i] for i, live in enumerate(laid.live) if entry in live] == ["first", "norm", "relu", "add", "second"]


@pytest.mark.parametrize(
    ("prototype", "shape"),
    [("resnet20", (3, 16, 16)), ("mobilenet_v2", (3, 64, 64)), ("squeezenet1_1", (3, 64, 64))],
)
def test_the_closed_form_is_what_the_extracted_network_takes(prototype: str, shape: tuple[int, int, int]) -> None:
    network = ElasticNetwork(build_prototype({"zoo": prototype}, shape[0], 10, shape[1]), shape, torch.device("cpu"))
    designs = varied_designs(network, 8, seed=3)
    predicted = ActivationForm(network)(network.space.designs(designs)).tolist()
    for design, said in zip(designs, predicted, strict=True):
        measured = activation_mb(sample(network, design), shape)
        if all(design.blocks):
            assert said == pytest.approx(measured)
        assert measured <= said * (1 + 1e-6) and said < 1.6 * measured
