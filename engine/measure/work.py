"""What each layer of a network has to do for one image: multiply-accumulates, and values moved to and from memory.

Layers are the convolutions and linear layers, each where it is applied; a separable or low-rank form is two. Values are
its weights and bias, its input and its output, each once. Norms, activations, additions and pooling are taken to be
fused into their neighbours, as inference runtimes do.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, fx

from engine.elastic.design import DENSE, FORMS, Designs
from engine.elastic.network import ElasticNetwork
from engine.measure.samples import Applied, applied_layers, sample, whole


@dataclass(frozen=True)
class Work:
    """Of n networks, by layer: float64, n × layers; zero where a network doesn't have a layer.

    Attributes:
        macs: Multiply-accumulates.
        values: Weights, input and output, in elements.
    """

    macs: Tensor
    values: Tensor


def work_of(module: fx.GraphModule, input_shape: tuple[int, int, int]) -> Work:
    """The work of one extracted network for an image of (C, H, W)."""
    layers = applied_layers(module, input_shape)
    macs = [layer.module.weight.numel() * layer.applied_at for layer in layers]
    values = [
        sum(p.numel() for p in layer.module.parameters()) + math.prod(layer.inputs) + math.prod(layer.results)
        for layer in layers
    ]
    return Work(torch.tensor([macs], dtype=torch.float64), torch.tensor([values], dtype=torch.float64))


class WorkForm:
    """The same as a closed form. Callable: designs to :class:`Work`."""

    def __init__(self, network: ElasticNetwork) -> None:
        self._space = space = network.space
        self._parameter: list[int] = []
        self._sides: list[tuple[int, int]] = []  # indices of the dimensions along input and output
        applied_at: list[list[float]] = []  # by resolution, as the next ones
        per_input: list[list[float]] = []  # elements for each channel kept along the dimension
        per_output: list[list[float]] = []
        self._index = {(p.leaf, p.name): i for i, p in enumerate(space.parameters)}
        for form in range(len(FORMS) if space.convolutions else 1):
            designs = [whole(network, form, r) for r in range(len(space.resolutions))]
            kept = space.costs.kept(space.designs(designs[:1]))[0].tolist()
            layers = [applied_layers(sample(network, design), network.input_shape) for design in designs]
            for at_resolutions in zip(*layers, strict=True):
                first = at_resolutions[0]
                if form != DENSE and first.leaf not in space.convolutions:
                    continue  # as in the dense form
                inputs, outputs = self._dimensions(first)
                bias = float(first.module.bias is not None)
                self._parameter.append(self._index[first.leaf, first.parameter])
                self._sides.append((inputs, outputs))
                applied_at.append([float(layer.applied_at) for layer in at_resolutions])
                per_input.append([math.prod(layer.inputs) / kept[inputs] for layer in at_resolutions])
                per_output.append(
                    [(math.prod(layer.results) + bias * layer.outputs) / kept[outputs] for layer in at_resolutions]
                )
        self._applied_at, self._per_input, self._per_output = (
            torch.tensor(rows, dtype=torch.float64).T for rows in (applied_at, per_input, per_output)
        )

    def __call__(self, designs: Designs) -> Work:
        costs, at = self._space.costs, designs.resolution
        kept, weights = costs.kept(designs), costs.sizes(designs)[:, self._parameter]
        inputs, outputs = (kept[:, list(side)] for side in zip(*self._sides, strict=True))
        moved = inputs * (at @ self._per_input) + outputs * (at @ self._per_output)
        return Work(weights * (at @ self._applied_at), weights + moved * costs.used(designs)[:, self._parameter])

    def _dimensions(self, layer: Applied) -> tuple[int, int]:
        """Indices of the dimensions along a layer's input and output; the last one where nothing shrinks."""
        dimension_of, absent = self._space.dimension_of, len(self._space.dimensions)
        parameter = self._space.parameters[self._index[layer.leaf, layer.parameter]]
        if parameter.form:  # without an own dimension along the input, its channels are the output's
            outputs = absent if parameter.d0 is None else parameter.d0
            return outputs if parameter.d1 is None else parameter.d1, outputs
        outputs = dimension_of.get((layer.leaf, "out"), absent)
        return dimension_of.get((layer.leaf, "in"), outputs), outputs
