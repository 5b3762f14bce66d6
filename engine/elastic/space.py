"""The design space: every degree of freedom of a prototype, and the exact cost of each choice.

A *knob* is a set of channel classes that are alike: the same layers produce and consume each of them, so only
their number matters for cost. A *design* chooses how many classes each knob keeps, which blocks stay, the form of
each convolution and the resolution of the input.
"""

from functools import cached_property

import numpy as np
from torch import fx

from engine.elastic.blocks import Block, find_blocks
from engine.elastic.costs import Costs
from engine.elastic.design import FORMS, Design, Designs
from engine.elastic.forms import FORM_PARAMETERS
from engine.elastic.knobs import Knob, Parameter, find_knobs
from engine.elastic.resolutions import candidates, positions_at, shapes_of
from engine.elastic.settle import label_channels
from engine.errors import RequestError

# Widths above each of these come in steps of …: fine while a channel matters, multiples of 8 where kernels want them.
STEPS = ((16, 2), (32, 4), (64, 8))


class Space:
    """The design space of a traced prototype.

    Args:
        graph_module: A recorded graph (see :func:`engine.elastic.trace.trace`).
        input_shape: (C, H, W) that it was recorded with.

    Raises:
        RequestError: ``nothing_to_shrink``, naming each layer and why it can't shrink.
    """

    def __init__(self, graph_module: fx.GraphModule, input_shape: tuple[int, int, int]) -> None:
        labelling = label_channels(graph_module)
        self.frozen = labelling.frozen_because
        self.blocks: list[Block] = find_blocks(graph_module)
        found = find_knobs(graph_module, labelling)
        self.dimension_of = found.dimension_of
        self.knobs: list[Knob] = found.knobs
        self.dimensions = found.dimensions
        self.parameters: list[Parameter] = found.parameters
        self.convolutions = found.convolutions
        if not any(k.convolution is None for k in self.knobs) and not self.blocks:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.frozen.items()) or "it has no convolutions"
            raise RequestError("nothing_to_shrink", f"Nothing in this prototype can shrink ({reasons}).", "prototype")
        inside = {
            name: tuple(i for i, b in enumerate(self.blocks) if name in b.leaves)
            for name in {p.leaf for p in self.parameters}
        }
        self.blocks_of = [inside[p.leaf] for p in self.parameters]
        self.resolutions, positions = self._resolutions(graph_module, input_shape)
        self.costs = Costs(found, self.blocks_of, positions)
        self.max_widths = np.array([k.width for k in self.knobs], dtype=np.int64)
        self.min_widths = np.ones_like(self.max_widths)

    def _resolutions(
        self, graph_module: fx.GraphModule, input_shape: tuple[int, int, int]
    ) -> tuple[list[tuple[int, int]], np.ndarray]:
        """(input sizes that the network takes, output positions of each parameter at each of them)."""
        channels, height, width = input_shape
        network, device = shapes_of(graph_module), "meta"
        full = positions_at(network, input_shape, device)
        if full is None:  # an operation that needs values
            network, device = graph_module, "cpu"
            full = positions_at(network, input_shape, device)
        sizes, rows = [(height, width)], [[p.positions for p in self.parameters]]
        if full is None or len(full[1]) > 2:  # an output with positions belongs to the image's size
            return sizes, np.array(rows)
        for size in candidates(height, width):
            found = positions_at(network, (channels, *size), device)
            if found is not None and found[1] == full[1]:
                sizes.append(size)
                rows.append([found[0].get(p.leaf, 0) if p.positions else 0 for p in self.parameters])
        return sizes, np.array(rows)

    @cached_property
    def full(self) -> Design:
        return Design(tuple(self.max_widths.tolist()), (True,) * len(self.blocks), (0,) * len(self.convolutions))

    @cached_property
    def smallest(self) -> Design:
        forms = (0,) * len(self.convolutions)  # of one channel each, the dense form is the smallest
        last = len(self.resolutions) - 1
        return Design(tuple(self.min_widths.tolist()), (False,) * len(self.blocks), forms, last)

    @cached_property
    def log10_size(self) -> float:
        """How many designs there are, as a power of ten."""
        widths = np.arange(1, self.max_widths.max(initial=1) + 1)
        allowed = widths[widths % self.step(widths) == 0]
        per_knob = [np.count_nonzero(allowed < k.width) + 1 for k in self.knobs]
        factors = [*per_knob, *[2] * len(self.blocks), *[len(FORMS)] * len(self.convolutions), len(self.resolutions)]
        return float(np.log10(factors).sum())

    def summary(self) -> dict[str, float | int]:
        """The space in numbers, for events and reports."""
        return {
            "groups": sum(k.convolution is None for k in self.knobs),
            "blocks": len(self.blocks),
            "convolutions": len(self.convolutions),
            "resolutions": len(self.resolutions),
            "log10_size": self.log10_size,
        }

    # --- designs -----------------------------------------------------------------------------------------------

    @staticmethod
    def step(widths: np.ndarray) -> np.ndarray:
        """By how much each width may change."""
        return np.select([widths >= above for above, _ in reversed(STEPS)], [s for _, s in reversed(STEPS)], 1)

    def stepped(self, widths: np.ndarray, rounding: np.ndarray) -> np.ndarray:
        """Real widths (… × knobs) -> widths that a design may have: up when the fraction exceeds 1 − rounding."""
        step = self.step(widths)
        return np.clip(np.floor(widths / step + rounding) * step, self.min_widths, self.max_widths)

    def designs(self, designs: list[Design]) -> Designs:
        """Single designs as tensors."""
        return Designs.of(designs, len(self.resolutions))

    def used(self, design: Design) -> list[int]:
        """Indices of the parameters that a design uses."""
        return [
            i
            for i, (p, blocks) in enumerate(zip(self.parameters, self.blocks_of, strict=True))
            if all(design.blocks[b] for b in blocks)
            and (p.form is None or p.convolution is None or design.forms[p.convolution] == p.form)
        ]

    def canonical(self, design: Design) -> Design:
        """The design with what nothing uses (widths and forms inside removed blocks, ranks of other forms) set to 0:
        what makes designs differ."""
        knobs, convolutions = np.zeros(len(self.knobs), dtype=bool), set()
        for i in self.used(design):
            p = self.parameters[i]
            convolutions.add(p.convolution)
            for d in (p.d0, p.d1):
                if d is not None:
                    knobs[list(self.dimensions[d].knobs)] = True
        return Design(
            tuple(w if u else 0 for w, u in zip(design.widths, knobs.tolist(), strict=True)),
            design.blocks,
            tuple(f if i in convolutions else 0 for i, f in enumerate(design.forms)),
            design.resolution,
        )

    def kept(self, dimension: int, widths: np.ndarray, ranks: list[np.ndarray]) -> np.ndarray:
        """Indices of the channels that stay along a dimension, ascending."""
        d = self.dimensions[dimension]
        mask = np.ones(d.knob.size, dtype=bool)
        for k in d.knobs:
            mine = d.knob == k
            mask[mine] = ranks[k][d.position[mine]] < widths[k]
        return np.flatnonzero(mask)

    def cost(self, design: Design) -> tuple[int, int]:
        """(parameters, MACs per image) of one design."""
        params, macs = self.costs(self.designs([design]))
        return round(float(params[0])), round(float(macs[0]))

    def describe(self, design: Design) -> dict[str, object]:
        """A design in words and numbers, by the names of what it chooses."""
        forms = {
            name: FORMS[f] for name, f in zip(self.convolutions, design.forms, strict=True) if f in FORM_PARAMETERS
        }
        return {
            "widths": dict(zip((k.name for k in self.knobs), design.widths, strict=True)),
            "blocks_removed": [b.name for b, stays in zip(self.blocks, design.blocks, strict=True) if not stays],
            "forms": forms,
            "resolution": list(self.resolutions[design.resolution]),
        }
