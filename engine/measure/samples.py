"""Whole networks of a design space, as they would be extracted: what closed forms and predictions are fitted to.

Their weights don't matter to sizes and speed, so nothing needs to be trained.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from engine.elastic.design import FORMS, Design
from engine.elastic.labels import MANY_GROUPS
from engine.elastic.network import ElasticNetwork

LAYERS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def sample(network: ElasticNetwork, design: Design) -> fx.GraphModule:
    """A design as a plain module."""
    active = network.activate(design)
    flat = network.gather(active)
    channels = network.input_shape[0]
    network.record_statistics(active, flat, [torch.zeros(2, *network.input_shape, device=network.device)])
    return network.extract(active, flat, torch.zeros(channels), torch.ones(channels))


def whole(network: ElasticNetwork, form: int, resolution: int) -> Design:
    """The largest design of a resolution that has every convolution in one form."""
    space = network.space
    widths, blocks = tuple(space.max_widths.tolist()), (True,) * len(space.blocks)
    return Design(widths, blocks, (form,) * len(space.convolutions), resolution)


def whole_designs(network: ElasticNetwork) -> list[Design]:
    """:func:`whole` for each form, at the images' own resolution and at the smallest."""
    forms = range(len(FORMS) if network.space.convolutions else 1)
    return [whole(network, form, r) for form in forms for r in {0, len(network.space.resolutions) - 1}]


def varied_designs(network: ElasticNetwork, count: int, seed: int = 0) -> list[Design]:
    """Designs from the smallest to the largest widths, each with other forms, blocks and resolution."""
    space, rng = network.space, np.random.default_rng(seed)
    found = []
    for share in np.linspace(0, 1, count):
        chosen = network.random_design(rng)
        power = share * rng.uniform(0.7, 1, len(space.knobs))
        widths = space.stepped(
            space.min_widths * (space.max_widths / space.min_widths) ** power, np.full(len(power), 0.5)
        )
        found.append(Design(tuple(widths.astype(int).tolist()), chosen.blocks, chosen.forms, chosen.resolution))
    return found


@dataclass(frozen=True)
class Applied:
    """A layer where a network applies it.

    Attributes:
        leaf: Its name in the prototype.
        parameter: The weight's name there: the layer's own, or that of an alternative form.
        module: The layer, as large as it is there.
        inputs, results: Shapes of its input and of its output, without the batch.
    """

    leaf: str
    parameter: str
    module: nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear
    inputs: tuple[int, ...]
    results: tuple[int, ...]

    @property
    def outputs(self) -> int:
        """Output channels or features."""
        return self.module.out_features if isinstance(self.module, nn.Linear) else self.module.out_channels

    @property
    def positions(self) -> int:
        """Output positions per image."""
        return math.prod(self.results) // self.outputs

    @property
    def applied_at(self) -> int:
        """Positions per image that each weight multiplies at: the input's for a transposed convolution."""
        return math.prod(self.inputs[1:]) if isinstance(self.module, nn.ConvTranspose2d) else self.positions

    @property
    def grows_by_groups(self) -> bool:
        """Whether its input's channels follow from how many of its groups are kept."""
        return isinstance(self.module, nn.Conv1d | nn.Conv2d) and self.module.groups >= MANY_GROUPS


def applied_layers(module: fx.GraphModule, input_shape: tuple[int, int, int]) -> list[Applied]:
    """The convolutions and linear layers of an extracted network, in the order in which they are applied."""
    recorder = _LayerRecorder(module)
    with torch.no_grad():
        recorder.run(torch.zeros(1, *input_shape))
    return recorder.found


class _LayerRecorder(fx.Interpreter):
    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.found: list[Applied] = []

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        layer = self.module.get_submodule(str(target))
        if type(layer) is not nn.Sequential:
            return self._apply(str(target), "weight", layer, *args, **kwargs)
        first, second = layer
        names = ("basis", "mixing") if first.groups == 1 else ("depthwise", "pointwise")
        return self._apply(str(target), names[1], second, self._apply(str(target), names[0], first, *args))

    def _apply(self, leaf: str, parameter: str, layer: nn.Module, *args: Any, **kwargs: Any) -> Any:
        value = layer(*args, **kwargs)
        if isinstance(layer, LAYERS) and isinstance(value, Tensor):
            self.found.append(Applied(leaf, parameter, layer, tuple(args[0].shape[1:]), tuple(value.shape[1:])))
        return value
