"""The design space: every degree of freedom of a prototype, and the exact cost of each choice.

A *knob* is a set of channel classes that are alike: the same layers produce and consume each of them, so only
their number matters for cost. A *design* chooses how many classes each knob keeps and which blocks stay.
Parameters and multiply-accumulates are then products of numbers that are linear in the widths: closed forms,
exact and differentiable.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, fx, nn

from engine.elastic.blocks import Block, find_blocks
from engine.elastic.labels import FROZEN, Labelling, label_channels
from engine.errors import RequestError


@dataclass(frozen=True)
class Design:
    """One choice for every degree of freedom.

    Attributes:
        widths: Classes kept, for each knob.
        blocks: Whether each removable block stays.
    """

    widths: tuple[int, ...]
    blocks: tuple[bool, ...]


@dataclass(frozen=True)
class Knob:
    """A coupled channel group: its classes are kept or dropped one by one, in the order of importance."""

    name: str
    classes: tuple[int, ...]
    layers: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Dimension:
    """The labels along one dimension of one or more parameters, resolved to (knob, class position) pairs.

    ``knob`` and ``position`` have one entry per channel; ``knob`` is −1 where the channel is frozen.
    """

    knob: np.ndarray
    position: np.ndarray

    def counts(self, knobs: int) -> tuple[np.ndarray, int]:
        """(channels per kept class of each knob, channels that always stay)."""
        per_knob = np.zeros(knobs)
        for k in range(knobs):
            mine = self.position[self.knob == k]
            if mine.size:
                per_knob[k] = mine.size / np.unique(mine).size
        return per_knob, int((self.knob < 0).sum())


@dataclass(frozen=True)
class Parameter:
    """One parameter tensor of the prototype: shape (d0, d1, *rest); absent dimensions are None."""

    leaf: str
    name: str
    d0: int | None
    d1: int | None
    d1_full: int
    in_groups: int
    rest: int
    positions: int  # > 0 for weights that multiply: MACs = elements × positions


class Space:
    """The design space of a traced prototype.

    Args:
        graph_module: A recorded graph (see :func:`engine.elastic.trace.trace`).

    Raises:
        RequestError: ``nothing_to_shrink``, naming each layer and why it can't shrink.
    """

    def __init__(self, graph_module: fx.GraphModule) -> None:
        labelling = label_channels(graph_module)
        self.frozen = labelling.frozen_because
        self.blocks: list[Block] = find_blocks(graph_module)
        self.knobs, self.dimensions, dimension_of = _knobs(labelling)
        if not self.knobs and not self.blocks:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.frozen.items()) or "it has no convolutions"
            raise RequestError("nothing_to_shrink", f"Nothing in this prototype can shrink ({reasons}).", "prototype")
        self.dimension_of = dimension_of
        self.parameters = _parameters(graph_module, labelling, dimension_of)
        self.leaf_blocks = {
            name: tuple(i for i, b in enumerate(self.blocks) if name in b.leaves)
            for name in {p.leaf for p in self.parameters}
        }
        self.max_widths = np.array([k.width for k in self.knobs], dtype=np.int64)
        self.min_widths = np.ones_like(self.max_widths)

    @cached_property
    def full(self) -> Design:
        return Design(tuple(int(w) for w in self.max_widths), (True,) * len(self.blocks))

    @cached_property
    def smallest(self) -> Design:
        return Design(tuple(int(w) for w in self.min_widths), (False,) * len(self.blocks))

    @property
    def log10_size(self) -> float:
        return float(np.log10(self.max_widths.astype(float)).sum() + len(self.blocks) * np.log10(2))

    def kept(self, dimension: int, widths: np.ndarray, ranks: list[np.ndarray]) -> np.ndarray:
        """Indices of the channels that stay along a dimension, ascending."""
        d = self.dimensions[dimension]
        mask = np.ones(d.knob.size, dtype=bool)
        for k in np.unique(d.knob[d.knob >= 0]):
            mine = d.knob == k
            mask[mine] = ranks[k][d.position[mine]] < widths[k]
        return np.flatnonzero(mask)

    def is_active(self, leaf: str, blocks: tuple[bool, ...]) -> bool:
        return all(blocks[b] for b in self.leaf_blocks.get(leaf, ()))

    def canonical(self, design: Design) -> Design:
        """The design with the widths that nothing uses (inside removed blocks) set to 0: what makes designs differ."""
        used = np.zeros(len(self.knobs), dtype=bool)
        for p in self.parameters:
            if self.is_active(p.leaf, design.blocks):
                for d in (p.d0, p.d1):
                    if d is not None:
                        used[np.unique(self.dimensions[d].knob[self.dimensions[d].knob >= 0])] = True
        widths = tuple(w if u else 0 for w, u in zip(design.widths, used.tolist(), strict=True))
        return Design(widths, design.blocks)

    # --- costs -------------------------------------------------------------------------------------------------

    @cached_property
    def _forms(self) -> dict[str, np.ndarray]:
        count = len(self.knobs)
        linear = np.array([d.counts(count)[0] for d in self.dimensions]).reshape(len(self.dimensions), count)
        constant = np.array([d.counts(count)[1] for d in self.dimensions], dtype=float)
        # One more "dimension" that is always 1 stands for an absent one.
        linear = np.vstack([linear, np.zeros((1, count))])
        constant = np.append(constant, 1.0)
        one = len(self.dimensions)
        gate = np.zeros((len(self.parameters), len(self.blocks)))
        for row, p in enumerate(self.parameters):
            gate[row, list(self.leaf_blocks[p.leaf])] = 1
        return {
            "linear": linear,
            "constant": constant,
            "d0": np.array([one if p.d0 is None else p.d0 for p in self.parameters]),
            "d1": np.array([one if p.d1 is None else p.d1 for p in self.parameters]),
            "scale": np.array(
                [p.rest * (p.d1_full if p.d1 is None else 1) / p.in_groups for p in self.parameters],
                dtype=float,
            ),
            "positions": np.array([p.positions for p in self.parameters], dtype=float),
            "gate": gate,
        }

    def costs(self, widths: np.ndarray, gates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters and MACs of designs.

        Args:
            widths: n × knobs (whole numbers, or relaxed to reals).
            gates: n × blocks, in [0, 1].

        Returns:
            (parameters, MACs per image), each of shape (n,).
        """
        f = self._forms
        kept = widths @ f["linear"].T + f["constant"]
        sizes = kept[:, f["d0"]] * kept[:, f["d1"]] * f["scale"]
        sizes = sizes * np.prod(1 - f["gate"] * (1 - gates[:, None, :]), axis=2)
        return sizes.sum(1), (sizes * f["positions"]).sum(1)

    def costs_torch(self, widths: Tensor, gates: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`costs` for tensors, differentiable with respect to widths and gates."""
        f = {k: torch.from_numpy(v) for k, v in self._forms.items()}
        kept = widths.double() @ f["linear"].T + f["constant"]
        sizes = kept[:, f["d0"]] * kept[:, f["d1"]] * f["scale"]
        sizes = sizes * torch.prod(1 - f["gate"] * (1 - gates.double()[:, None, :]), dim=2)
        return sizes.sum(1), (sizes * f["positions"]).sum(1)

    def cost(self, design: Design) -> tuple[int, int]:
        """(parameters, MACs per image) of one design."""
        params, macs = self.costs(np.array([design.widths], dtype=float), np.array([design.blocks], dtype=float))
        return round(params[0]), round(macs[0])


def _knobs(labelling: Labelling) -> tuple[list[Knob], list[Dimension], dict[tuple[str, str], int]]:
    """Group the classes by signature (where each occurs, and how often), and resolve every dimension."""
    roots: dict[tuple[str, str], np.ndarray] = {}
    for leaf in labelling.leaves.values():
        roots[leaf.name, "out"] = labelling.union.roots(leaf.out)
        if leaf.inp is not None:
            roots[leaf.name, "in"] = labelling.union.roots(leaf.inp)
    signature: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for (leaf_name, side), labels in roots.items():
        found, counts = np.unique(labels, return_counts=True)
        for label, count in zip(found.tolist(), counts.tolist(), strict=True):
            if label != FROZEN:
                signature[label].append((leaf_name, side, count))
    members: dict[tuple[tuple[str, str, int], ...], list[int]] = defaultdict(list)
    for label in sorted(signature):
        members[tuple(signature[label])].append(label)
    knobs: list[Knob] = []
    knob_of: dict[int, int] = {}
    position_of: dict[int, int] = {}
    for where, classes in members.items():
        producers = [name for name, side, _ in where if side == "out" and labelling.leaves[name].kind != "norm"]
        for position, label in enumerate(classes):
            knob_of[label], position_of[label] = len(knobs), position
        knobs.append(Knob(producers[0] if producers else where[0][0], tuple(classes), tuple(dict.fromkeys(producers))))
    dimensions: list[Dimension] = []
    index: dict[bytes, int] = {}
    dimension_of: dict[tuple[str, str], int] = {}
    for place, labels in roots.items():
        key = labels.tobytes()
        if key not in index:
            index[key] = len(dimensions)
            dimensions.append(
                Dimension(
                    np.array([knob_of.get(x, -1) for x in labels.tolist()]),
                    np.array([position_of.get(x, 0) for x in labels.tolist()]),
                )
            )
        dimension_of[place] = index[key]
    return knobs, dimensions, dimension_of


def _parameters(
    graph_module: fx.GraphModule, labelling: Labelling, dimension_of: dict[tuple[str, str], int]
) -> list[Parameter]:
    """Every trainable parameter of the graph, with the dimensions along which it can shrink."""
    rows: list[Parameter] = []
    called = dict.fromkeys(str(n.target) for n in graph_module.graph.nodes if n.op == "call_module")
    for leaf_name in called:
        module = graph_module.get_submodule(leaf_name)
        leaf = labelling.leaves.get(leaf_name)
        for name, tensor in module.named_parameters():
            if leaf is None:
                rows.append(Parameter(leaf_name, name, None, None, 1, 1, tensor.numel(), 0))
                continue
            out = dimension_of[leaf_name, "out"]
            if name == "weight" and isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
                inp = dimension_of.get((leaf_name, "in"))
                rest = int(np.prod(tensor.shape[2:]))
                rows.append(Parameter(leaf_name, name, out, inp, tensor.shape[1], leaf.in_groups, rest, leaf.positions))
            else:
                rows.append(Parameter(leaf_name, name, out, None, 1, 1, 1, 0))
    return rows
