"""Exact closed forms of a design's parameters and multiply-accumulates, differentiable in every choice.

The channels kept along a dimension are linear in the widths; a parameter's size is a product of two of these, times
the gates of the blocks that it is inside of, times the share of the form that it serves.
"""

import numpy as np
import torch
from torch import Tensor

from engine.elastic.design import FORMS, Designs
from engine.elastic.knobs import Knobs


class Costs:
    """Parameters and MACs of designs.

    Args:
        found: Knobs, dimensions and parameters.
        blocks_of: For each parameter, the blocks that must all stay for it to be used.
        positions: resolutions × parameters: output positions at which each multiplies.
    """

    def __init__(self, found: Knobs, blocks_of: list[tuple[int, ...]], positions: np.ndarray) -> None:
        count, one = len(found.knobs), len(found.dimensions)
        counts = [d.counts(count) for d in found.dimensions]
        # One more "dimension" that is always 1 stands for an absent one; likewise for absent blocks and forms.
        self._linear = torch.from_numpy(np.vstack([*(c[0] for c in counts), np.zeros((1, count))]))
        self._constant = torch.tensor([*(float(c[1]) for c in counts), 1.0], dtype=torch.float64)
        rows = found.parameters
        self._d0 = torch.tensor([one if p.d0 is None else p.d0 for p in rows])
        self._d1 = torch.tensor([one if p.d1 is None else p.d1 for p in rows])
        scale = [p.rest * (p.shape[1] if p.d0 is not None and p.d1 is None and len(p.shape) > 1 else 1) for p in rows]
        self._scale = torch.tensor(scale, dtype=torch.float64) / torch.tensor([p.in_groups for p in rows])
        depth = max(map(len, blocks_of), default=0)
        absent = -1
        self._gates = torch.tensor([[*b, *[absent] * (depth - len(b))] for b in blocks_of], dtype=torch.int64)
        self._gates = self._gates.reshape(len(rows), depth)
        self._form = torch.tensor(
            [absent if p.convolution is None or p.form is None else len(FORMS) * p.convolution + p.form for p in rows]
        )
        self._positions = torch.from_numpy(positions.astype(float))

    def kept(self, designs: Designs) -> Tensor:
        """Channels kept along each dimension; the last column stands for an absent one. n × (dimensions + 1)."""
        return designs.widths @ self._linear.T + self._constant

    def used(self, designs: Designs) -> Tensor:
        """Whether (relaxed: how much) each parameter is used, n × parameters."""
        always = torch.ones(len(designs), 1, dtype=torch.float64)
        gates = torch.cat([designs.gates, always], 1)  # index −1 is the one that is always on
        used = torch.cat([designs.forms.flatten(1), always], 1)[:, self._form]
        for level in self._gates.T:
            used = used * gates[:, level]
        return used

    def sizes(self, designs: Designs) -> Tensor:
        """Elements of each parameter, n × parameters."""
        kept = self.kept(designs)
        return kept[:, self._d0] * kept[:, self._d1] * self._scale * self.used(designs)

    def __call__(self, designs: Designs) -> tuple[Tensor, Tensor]:
        """(parameters, MACs per image) of each design, float64, shape (n,)."""
        sizes = self.sizes(designs)
        return sizes.sum(1), (sizes * (designs.resolution @ self._positions)).sum(1)
