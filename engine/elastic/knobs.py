"""Knobs: coupled channel classes that are alike, and what each dimension of each parameter keeps of them."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import fx, nn

from engine.elastic.design import LOW_RANK, SEPARABLE
from engine.elastic.forms import has_forms, largest_rank
from engine.elastic.labels import Labelling
from engine.elastic.union import FROZEN

PRODUCERS = ("conv", "transposed", "linear", "standalone")  # kinds of leaves whose output has channels of its own


@dataclass(frozen=True)
class Knob:
    """A coupled channel group: its classes are kept or dropped one by one, in the order of importance.

    Attributes:
        name: The first layer that produces its channels.
        classes: The labels.
        layers: All layers that produce its channels.
        convolution: For the rank of a low-rank form: which of the space's convolutions with forms; else None.
    """

    name: str
    classes: tuple[int, ...]
    layers: tuple[str, ...]
    convolution: int | None = None

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

    @cached_property
    def knobs(self) -> tuple[int, ...]:
        """The knobs that occur, ascending."""
        return tuple(np.unique(self.knob[self.knob >= 0]).tolist())

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
    """One parameter tensor of the elastic network.

    Attributes:
        leaf, name: Whose it is.
        shape: Of the whole tensor.
        d0, d1: Indices of the dimensions along which it shrinks; None where it never does.
        in_groups: The kept channels along ``d1`` are divided by this.
        positions: Output positions per image, at the images' own resolution, that it multiplies at (0: none).
        convolution: Which of the space's convolutions with forms it belongs to, or None.
        form: The form that it serves, or None for every form.
    """

    leaf: str
    name: str
    shape: tuple[int, ...]
    d0: int | None
    d1: int | None = None
    in_groups: int = 1
    positions: int = 0
    convolution: int | None = None
    form: int | None = None

    @property
    def rest(self) -> int:
        """Elements of one (row, column) pair."""
        return int(np.prod(self.shape[2:])) if self.d0 is not None else int(np.prod(self.shape))


@dataclass(frozen=True)
class Knobs:
    """What :func:`find_knobs` found.

    Attributes:
        knobs: All of them; the ranks of low-rank forms come last.
        dimensions: Every dimension along which something shrinks.
        parameters: Every trainable parameter, those of alternative forms included.
        convolutions: Names of the convolutions that have forms.
        dimension_of: Index of the dimension that a leaf's "out" or "in" labels lie along.
    """

    knobs: list[Knob]
    dimensions: list[Dimension]
    parameters: list[Parameter]
    convolutions: list[str]
    dimension_of: dict[tuple[str, str], int]


def find_knobs(graph_module: fx.GraphModule, labelling: Labelling) -> Knobs:
    """Group the channel classes by signature (where each occurs, and how often), and resolve every parameter."""
    roots: dict[tuple[str, str], np.ndarray] = {}
    for leaf in labelling.leaves.values():
        roots[leaf.name, "out"] = labelling.union.roots(leaf.out)
        if leaf.inp is not None:
            roots[leaf.name, "in"] = labelling.union.roots(leaf.inp)
    knobs, knob_of, position_of = _group(roots, labelling)
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
    found = Knobs(knobs, dimensions, [], [], dimension_of)
    for name in dict.fromkeys(str(n.target) for n in graph_module.graph.nodes if n.op == "call_module"):
        found.parameters.extend(_parameters(name, graph_module.get_submodule(name), labelling, dimension_of))
        _add_forms(found, name, graph_module.get_submodule(name))
    return found


def _group(
    roots: dict[tuple[str, str], np.ndarray], labelling: Labelling
) -> tuple[list[Knob], dict[int, int], dict[int, int]]:
    """(knobs, knob of each label, position of each label in its knob)."""
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
        producers = [name for name, side, _ in where if side == "out" and labelling.leaves[name].kind in PRODUCERS]
        for position, label in enumerate(classes):
            knob_of[label], position_of[label] = len(knobs), position
        knobs.append(Knob(producers[0] if producers else where[0][0], tuple(classes), tuple(dict.fromkeys(producers))))
    return knobs, knob_of, position_of


def _parameters(
    name: str, module: nn.Module, labelling: Labelling, dimension_of: dict[tuple[str, str], int]
) -> list[Parameter]:
    """A leaf's own parameters, with the dimensions along which they can shrink."""
    leaf = labelling.leaves.get(name)
    rows: list[Parameter] = []
    for parameter, tensor in module.named_parameters():
        shape = tuple(tensor.shape)
        if leaf is None:
            rows.append(Parameter(name, parameter, shape, None))
        else:
            d0, d1 = (None if side is None else dimension_of[name, side] for side in leaf.sides(parameter))
            positions = leaf.positions if parameter == "weight" else 0
            rows.append(Parameter(name, parameter, shape, d0, d1, 1 if d1 is None else leaf.in_groups, positions))
    return rows


def _add_forms(found: Knobs, name: str, module: nn.Module) -> None:
    """Give a dense convolution its alternative forms: parameters of their own, and a knob for the rank."""
    own = next((i for i, p in enumerate(found.parameters) if p.leaf == name and p.name == "weight"), None)
    if own is None or not has_forms(module):
        return
    assert isinstance(module, nn.Conv2d)
    dense = found.parameters[own]
    c_out, c_in, height, width = dense.shape
    which, rank = len(found.convolutions), largest_rank(module)
    rank_dimension = len(found.dimensions)
    found.dimensions.append(Dimension(np.full(rank, len(found.knobs)), np.arange(rank)))
    found.knobs.append(Knob(f"{name}.rank", tuple(range(rank)), (name,), which))
    found.convolutions.append(name)

    def row(parameter: str, shape: tuple[int, ...], d0: int | None, d1: int | None, form: int) -> Parameter:
        return Parameter(name, parameter, shape, d0, d1, 1, dense.positions, which, form)

    found.parameters[own] = row("weight", dense.shape, dense.d0, dense.d1, 0)
    alternatives = [
        row("depthwise", (c_in, 1, height, width), dense.d1, None, SEPARABLE),
        row("pointwise", (c_out, c_in, 1, 1), dense.d0, dense.d1, SEPARABLE),
        row("basis", (rank, c_in, height, width), rank_dimension, dense.d1, LOW_RANK),
        row("mixing", (c_out, rank, 1, 1), dense.d0, rank_dimension, LOW_RANK),
    ]
    found.parameters.extend(alternatives)
