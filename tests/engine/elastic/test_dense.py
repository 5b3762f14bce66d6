"""Networks whose output is a map: which of their parts can go, at which sizes, and what their files compute."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from engine.elastic.network import ElasticNetwork
from engine.elastic.space import Space
from engine.elastic.trace import trace
from engine.export import export_network
from engine.prototypes.refinenet import RefineNet
from tests.engine.elastic.networks import build, shape_of

CPU = torch.device("cpu")
SMALL = "refinenet-resnet18-w4"


def built(name: str, folder: Path) -> tuple[ElasticNetwork, nn.Module]:
    model = build(name, folder)
    return ElasticNetwork(model, shape_of(name), CPU), model


@pytest.fixture(scope="module")
def refinenet(tmp_path_factory: pytest.TempPathFactory) -> tuple[ElasticNetwork, RefineNet]:
    return built(SMALL, tmp_path_factory.mktemp("refinenet"))  # type: ignore[return-value]


def check_without(network: ElasticNetwork, block: str, expected: nn.Module) -> int:
    """A design without a block computes what a module computes; how many parameters went."""
    space = network.space
    names = [b.name for b in space.blocks]
    stays = tuple(name != block for name in names)
    assert not all(stays)
    design = replace(space.full, blocks=stays)
    images = torch.rand(4, *network.input_shape, generator=torch.Generator().manual_seed(0)).double()
    active = network.activate(design)
    with torch.no_grad():
        found = network.forward(active, network.gather(active).double(), images)
        torch.testing.assert_close(found, expected.double().train()(images), rtol=1e-6, atol=1e-6)
    return space.cost(space.full)[0] - space.cost(design)[0]


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_every_residual_part_of_refinenet_can_go(refinenet: tuple[ElasticNetwork, RefineNet]) -> None:
    network, _ = refinenet
    names = [b.name for b in network.space.blocks]
    assert len(set(names)) == len(names)
    # 8 residual blocks; 7 paths of 2 units and 4 output units; 4 chains of 2 poolings; 2 last units; 3 coarser paths.
    assert len(names) == 8 + 7 * 2 + 4 + 4 * 2 + 2 + 3


def test_a_residual_unit_is_left_out(refinenet: tuple[ElasticNetwork, RefineNet]) -> None:
    network, model = refinenet
    without = copy.deepcopy(model)
    without.refine[1].paths[0][1] = nn.Identity()  # type: ignore[index, union-attr]
    unit = model.refine[1].paths[0][1]  # type: ignore[index, union-attr]
    assert check_without(network, "refine.1.paths.0.1.branch.1", without) == parameters(unit)


@pytest.mark.parametrize(("stage", "left"), [(0, 0), (1, 1)])
def test_a_pooling_stage_goes_with_those_that_hang_on_it(
    refinenet: tuple[ElasticNetwork, RefineNet], stage: int, left: int
) -> None:
    network, model = refinenet
    without = copy.deepcopy(model)
    pooling = without.refine[0].pooling
    pooling.stages = pooling.stages[:left]  # type: ignore[union-attr, index, assignment]
    gone = parameters(model) - parameters(without)
    assert check_without(network, f"refine.0.pooling.stages.{stage}.1", without) == gone


def test_a_coarser_path_goes_with_all_of_the_trunk_that_serves_it_alone(
    refinenet: tuple[ElasticNetwork, RefineNet],
) -> None:
    network, model = refinenet
    without = copy.deepcopy(model)
    block = without.refine[1]
    block.paths, block.fusion = block.paths[:1], block.fusion[:1]  # type: ignore[index, assignment]

    def finest(features: list[Tensor]) -> Tensor:
        return block.output(block.pooling(block.fusion[0](block.paths[0](features[0]))))  # type: ignore[operator, index]

    block.forward = finest  # type: ignore[method-assign]
    served = [model.trunk.layer3, model.trunk.layer4, *model.adapt[2:], *model.refine[2:]]
    served += [model.refine[1].paths[1], model.refine[1].fusion[1]]  # type: ignore[index]
    assert check_without(network, "refine.1.fusion.1.0", without) == sum(map(parameters, served))


def test_a_map_is_given_at_the_images_own_resolution_only() -> None:
    class Cells(nn.Module):
        """64×64 and 56×56 pixels give equally many cells."""

        def __init__(self, finish: Callable[[Tensor], Tensor]) -> None:
            super().__init__()
            self.first, self.second, self.finish = nn.Conv2d(3, 8, 9, 16, 4), nn.Conv2d(8, 4, 1), finish

        def forward(self, x: Tensor) -> Tensor:
            return self.finish(self.second(self.first(x)))

    def resolutions(finish: Callable[[Tensor], Tensor]) -> list[tuple[int, int]]:
        return Space(trace(Cells(finish), (3, 64, 64)), (3, 64, 64)).resolutions

    assert resolutions(lambda x: x) == [(64, 64)]
    assert resolutions(lambda x: x.flatten(2)) == [(64, 64)]
    assert (56, 56) in resolutions(lambda x: x.mean((2, 3)))


@pytest.mark.parametrize("name", [SMALL, "detectnet-w0.125", "ssdlite320_mobilenet_v3_large"])
def test_an_exported_map_is_the_networks_at_any_batch_size(name: str, tmp_path: Path) -> None:
    network, _ = built(name, tmp_path)
    shape = network.input_shape
    active = network.activate(network.random_design(np.random.default_rng(4)))
    flat = network.gather(active)
    network.record_statistics(active, flat, [torch.rand(8, *shape)])
    module = network.extract(active, flat, torch.full((3,), 0.4), torch.full((3,), 0.2))
    metadata = {"task": "segmentation", "class_names": json.dumps(["sky", "road"])}
    path = export_network(module, "onnx", tmp_path / "n.onnx", metadata=metadata, input_shape=shape)
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert (facts["task"], facts["params"]) == ("segmentation", str(network.space.cost(active.design)[0]))
    session = onnxruntime.InferenceSession(path)
    for batch in (1, 2, 5):
        images = torch.rand(batch, *shape)
        (found,) = session.run(None, {"input": images.numpy()})
        with torch.no_grad():
            expected = module(images)
        torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-4, atol=1e-4)
