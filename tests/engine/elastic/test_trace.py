"""What a recorded graph computes, and which networks are refused."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.elastic.trace import trace
from engine.errors import RequestError
from tests.engine.elastic.networks import build, shape_of


@pytest.mark.parametrize(
    "name",
    ["resnet8", "shufflenet_v2_x0_5", "mobilenet_v3_small", "tf_efficientnet_lite0", "functional", "norms", "paths",
     "refinenet-resnet18-w4", "detectnet-w0.125", "ssdlite320_mobilenet_v3_large"],
)  # fmt: skip
def test_the_graph_is_the_network_at_other_sizes_too(name: str, tmp_path: Path) -> None:
    model = build(name, tmp_path)
    graph = trace(model, shape_of(name))
    for batch, height, width in ((3, 48, 48), (1, 40, 56)):
        images = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            torch.testing.assert_close(graph(images), model(images), rtol=1e-4, atol=1e-4)


def test_functional_layers_become_leaves_over_the_same_parameters(tmp_path: Path) -> None:
    model = build("functional", tmp_path)
    graph = trace(model, (3, 32, 32))
    layers = {type(m) for m in graph.modules()}
    assert {nn.Conv2d, nn.BatchNorm2d, nn.Linear, nn.Dropout} <= layers
    assert {id(p) for p in graph.parameters()} == {id(p) for p in model.parameters()}


def test_dropout_stays_a_layer_and_what_acts_in_training_only_leaves_no_trace() -> None:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = nn.functional.dropout(self.conv(x), 0.5, self.training)
            if self.training:
                x = x * (torch.rand(len(x), 1, 1, 1) < 0.5)
            return self.head(x.mean((2, 3)))

    graph = trace(Deep().train(), (3, 8, 8))
    images = torch.rand(4, 3, 8, 8)
    assert torch.equal(graph(images), graph(images))
    assert [type(m) for m in graph.children()] == [nn.Conv2d, nn.Dropout, nn.Linear]
    graph.train()
    assert not torch.equal(graph(images), graph(images))


class Choosy(nn.Module):
    """Its layer depends on how bright the images are."""

    def __init__(self) -> None:
        super().__init__()
        self.dark, self.bright = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return (self.dark if self.calls % 2 else self.bright)(x).mean((2, 3))


class Overwriting(nn.Module):
    """Writes into a chunk, and then uses the whole again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        first, _ = x.chunk(2, 1)
        first += 1
        return x.mean((2, 3))


@pytest.mark.parametrize("kind", [Choosy, Overwriting])
def test_a_network_that_one_pass_cannot_stand_for_is_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(RequestError, match="outputs differ"):
        trace(kind(), (3, 8, 8))


def test_images_of_the_wrong_size_are_refused() -> None:
    with pytest.raises(RequestError, match="doesn't accept images of 3×4×4"):
        trace(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), (3, 4, 4))
