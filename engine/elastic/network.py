"""The weight-shared elastic network: one flat vector of weights from which every design takes its slice.

A step gathers the active elements of the vector with one index, runs the graph on views of that small tensor,
and scatters the update back: its cost follows the design's size, not the prototype's.
"""

import copy
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from engine.acceleration import suited_kernels, upload
from engine.elastic.blocks import without_blocks
from engine.elastic.design import FORMS, Design
from engine.elastic.followers import Follower, Setting, inline_all
from engine.elastic.forms import alternatives
from engine.elastic.leaves import ElasticBatchNorm, ElasticConv, ElasticLeaf, Statistics, elastic_leaf, plain_leaf
from engine.elastic.space import Space
from engine.elastic.trace import trace
from engine.errors import RequestError

TRIED_DESIGNS = 1
VARIANTS_KEPT = 64  # compiled graphs, one for each set of removed blocks in recent use


@dataclass(frozen=True)
class Active:
    """What one design takes from the shared vector.

    Attributes:
        design: The design.
        index: int64, elements of the shared vector, in the order of ``slots``.
        slots: (leaf, parameter name, shape) for each slice.
        sizes: Elements of each slice.
        forms: The form of each convolution that has alternatives.
        size: The size that images are brought to first; None where it is their own.
        followers: The layers whose sizes follow what is kept, and what they follow.
    """

    design: Design
    index: Tensor
    slots: tuple[tuple[ElasticLeaf, str, tuple[int, ...]], ...]
    sizes: list[int]
    forms: tuple[tuple[ElasticConv, int], ...]
    size: tuple[int, int] | None
    followers: tuple[tuple[Follower, Setting], ...]


class ElasticNetwork:
    """A prototype whose channels and blocks can be left out.

    Args:
        model: The prototype with its weights; it is not modified.
        input_shape: (C, H, W).
        device: Where the shared weights live.
    """

    def __init__(self, model: nn.Module, input_shape: tuple[int, int, int], device: torch.device) -> None:
        self.input_shape = input_shape
        self.device = device
        self._origin = trace(copy.deepcopy(model).cpu(), input_shape)
        self.space = Space(self._origin, input_shape)
        self._origin.to(device)
        for node in self._origin.graph.nodes:
            node.meta.clear()
        self.statistics = Statistics()
        self._leaves: dict[str, ElasticLeaf] = {}
        self._followers = {  # those that have no labels stay whole
            name: module
            for name, module in self._origin.named_modules()
            if isinstance(module, Follower) and (name, "out") in self.space.dimension_of
        }
        self._starts: list[int] = []
        parts, decays, start = [], [], 0
        made: dict[str, dict[str, Tensor]] = {}
        for p in self.space.parameters:
            module = self._origin.get_submodule(p.leaf)
            if p.leaf not in self._leaves:
                self._leaves[p.leaf] = elastic_leaf(module, self.statistics)
            if p.form:
                if p.leaf not in made:
                    made[p.leaf] = alternatives(module)
                tensor = made[p.leaf][p.name].reshape(-1)
            else:
                tensor = module.get_parameter(p.name).detach().reshape(-1)
            self._starts.append(start)
            parts.append(tensor)
            decays.append(torch.full_like(tensor, float(tensor.dim() > 0 and p.positions > 0)))
            start += tensor.numel()
        self.weights = torch.cat(parts).clone()
        self.decayed = torch.cat(decays)  # 1 for weights that multiply, 0 for norms and biases
        self.ranks = [np.arange(k.width) for k in self.space.knobs]
        self._variants: OrderedDict[tuple[bool, ...], fx.GraphModule] = OrderedDict()
        self._kept: dict[tuple[int, ...], np.ndarray] = {}
        self._try_out()

    @torch.no_grad()
    def _try_out(self) -> None:
        """Run a few designs: a graph whose sizes don't follow the kept channels shows it here, not in the middle of a
        run."""
        rng = np.random.default_rng(0)
        images = torch.zeros(2, *self.input_shape, device=self.device)
        for _ in range(TRIED_DESIGNS):
            active = self.activate(self.random_design(rng))
            try:
                self.forward(active, self.gather(active), images)
            except (RuntimeError, ValueError) as error:
                raise RequestError(
                    "bad_prototype",
                    "This prototype reshapes its channels in a way that can't follow when some are left out "
                    f"({str(error).splitlines()[0]}); use one without reshapes to fixed sizes.",
                    "prototype",
                ) from error

    def random_design(self, rng: np.random.Generator) -> Design:
        """Every choice on its own, uniformly: what tests and trials run."""
        space = self.space
        return Design(
            tuple(rng.integers(space.min_widths, space.max_widths + 1).tolist()),
            tuple((rng.random(len(space.blocks)) < 0.5).tolist()),
            tuple(rng.integers(len(FORMS), size=len(space.convolutions)).tolist()),
            int(rng.integers(len(space.resolutions))),
        )

    def set_importance(self, importance: list[np.ndarray]) -> None:
        """Order each knob's classes: a narrow network takes those with the largest values."""
        self.ranks = []
        for values in importance:
            rank = np.empty(values.size, dtype=np.int64)
            rank[np.argsort(-values, kind="stable")] = np.arange(values.size)
            self.ranks.append(rank)
        self._kept.clear()

    def activate(self, design: Design) -> Active:
        """Find the design's slice of the shared weights."""
        widths = design.widths
        pieces, slots, sizes = [], [], []
        for i in self.space.used(design):
            p, shape = self.space.parameters[i], self.space.parameters[i].shape
            if p.d0 is None:
                index, kept_shape = np.arange(int(np.prod(shape))), shape
            elif len(shape) == 1:
                index = self._kept_along(p.d0, widths)
                kept_shape = (index.size,)
            else:
                rows = self._kept_along(p.d0, widths)
                columns = np.arange(shape[1]) if p.d1 is None else self._columns(p.d1, p.in_groups, widths)
                stride = shape[1] * p.rest
                index = (rows[:, None] * stride + columns[None] * p.rest)[:, :, None] + np.arange(p.rest)
                kept_shape = (rows.size, columns.size, *shape[2:])
            pieces.append(index.reshape(-1) + self._starts[i])
            slots.append((self._leaves[p.leaf], p.name, kept_shape))
            sizes.append(int(pieces[-1].size))
        elements = upload(torch.from_numpy(np.concatenate(pieces)), self.device)
        size = self.space.resolutions[design.resolution] if design.resolution else None
        return Active(
            design, elements, tuple(slots), sizes, self._forms_of(design), size, self._followed(widths)
        )  # fmt: skip

    def _followed(self, widths: np.ndarray) -> tuple[tuple[Follower, Setting], ...]:
        dimension_of, pairs = self.space.dimension_of, []
        for name, follower in self._followers.items():
            kept_out = self._kept_along(dimension_of[name, "out"], widths)
            kept_in = self._kept_along(dimension_of.get((name, "in"), dimension_of[name, "out"]), widths)
            pairs.append((follower, follower.setting(kept_in, kept_out, self.device)))
        return tuple(pairs)

    def _forms_of(self, design: Design) -> tuple[tuple[ElasticConv, int], ...]:
        leaves = [self._leaves[name] for name in self.space.convolutions]
        return tuple((leaf, f) for leaf, f in zip(leaves, design.forms, strict=True) if isinstance(leaf, ElasticConv))

    def _kept_along(self, dimension: int, widths: tuple[int, ...]) -> np.ndarray:
        key = (dimension, *[widths[k] for k in self.space.dimensions[dimension].knobs])
        if key not in self._kept:
            if len(self._kept) > 4096:
                self._kept.clear()
            self._kept[key] = self.space.kept(dimension, np.array(widths), self.ranks)
        return self._kept[key]

    def _columns(self, dimension: int, in_groups: int, widths: tuple[int, ...]) -> np.ndarray:
        kept = self._kept_along(dimension, widths)
        if in_groups == 1:
            return kept
        per_group = self.space.dimensions[dimension].knob.size // in_groups
        return kept[kept < per_group]  # the same positions are kept in every group

    def leaf(self, name: str) -> ElasticLeaf:
        """An elastic leaf by the name that it has in the prototype."""
        return self._leaves[name]

    def gather(self, active: Active) -> Tensor:
        """The design's weights as one flat tensor, a copy."""
        return self.weights[active.index]

    def forward(self, active: Active, flat: Tensor, images: Tensor) -> Tensor:
        """Run a design.

        Args:
            active: From :meth:`activate`.
            flat: Its weights, from :meth:`gather` (possibly requiring gradients).
            images: Normalised images, N × C × H × W.

        Returns:
            The network's output: N × classes for classification, N × channels × H × W for a map.
        """
        self.set(active, flat)
        with suited_kernels(active.index.numel(), images):
            return self.run(images)

    def set(self, active: Active, flat: Tensor) -> None:
        """Make a design the one that :meth:`run` runs, with the given weights."""
        self._set(active, flat)
        self._running = self._variant(active.design.blocks), active.size

    def run(self, images: Tensor) -> Tensor:
        """Run the design that is set; several threads may at once."""
        graph, size = self._running
        return graph(images if size is None else resize(images, size))

    @staticmethod
    def _set(active: Active, flat: Tensor) -> None:
        for part, (leaf, name, shape) in zip(flat.split(active.sizes), active.slots, strict=True):
            leaf.set_slice(name, part.view(shape))
        for convolution, form in active.forms:
            convolution.set_form(form)
        for follower, setting in active.followers:
            follower.set(setting)

    def _variant(self, blocks: tuple[bool, ...]) -> fx.GraphModule:
        if blocks in self._variants:
            self._variants.move_to_end(blocks)
            return self._variants[blocks]
        graph = without_blocks(self._origin.graph, self._removed(blocks))
        modules = self._modules_of(graph) | {n: leaf for n, leaf in self._leaves.items() if n in _called(graph)}
        self._variants[blocks] = fx.GraphModule(modules, graph).eval()
        if len(self._variants) > VARIANTS_KEPT:
            self._variants.popitem(last=False)
        return self._variants[blocks]

    def _removed(self, blocks: tuple[bool, ...]) -> list:
        return [b for b, stays in zip(self.space.blocks, blocks, strict=True) if not stays]

    def _modules_of(self, graph: fx.Graph) -> dict:
        found: dict = {name: self._origin.get_submodule(name) for name in _called(graph)}
        for node in graph.nodes:
            if node.op == "get_attr":
                owner, _, attribute = str(node.target).rpartition(".")
                found[str(node.target)] = getattr(self._origin.get_submodule(owner), attribute)
        return found

    @torch.no_grad()
    def record_statistics(self, active: Active, flat: Tensor, batches: list[Tensor]) -> None:
        """Average the batch-norm statistics of a design over batches of normalised training images."""
        for leaf in self._leaves.values():
            if isinstance(leaf, ElasticBatchNorm):
                leaf.forget()
        self.statistics.mode = "record"
        try:
            for images in batches:
                self.forward(active, flat, images)
        finally:
            self.statistics.mode = "batch"

    @torch.no_grad()
    def infer(self, active: Active, flat: Tensor, images: Tensor) -> Tensor:
        """Run a design with the recorded statistics (see :meth:`record_statistics`)."""
        self.statistics.mode = "recorded"
        try:
            return self.forward(active, flat, images)
        finally:
            self.statistics.mode = "batch"

    def extract(self, active: Active, flat: Tensor, mean: Tensor, std: Tensor) -> fx.GraphModule:
        """The design as a plain module of its own, input normalisation included.

        Args:
            active: The design.
            flat: Its weights.
            mean: Per-channel mean on the [0, 1] scale, shape (C,).
            std: Per-channel standard deviation, shape (C,).

        Returns:
            A graph module of plain ``torch.nn`` layers on the CPU, in evaluation mode: float32 N × C × H × W with
            pixels in [0, 1] in, the network's output out.
        """
        self._set(active, flat)
        graph = without_blocks(self._origin.graph, self._removed(active.design.blocks))
        modules: dict = {
            name: plain_leaf(origin, self._leaves[name]) if name in self._leaves else copy.deepcopy(origin)
            for name, origin in self._modules_of(graph).items()
        }
        modules["input_mean"] = mean.detach().reshape(-1, 1, 1).clone()
        modules["input_std"] = std.detach().reshape(-1, 1, 1).clone()
        inline_all(graph, modules)
        _prepare_input(graph, active.size)
        return fx.GraphModule(modules, graph, class_name="FermiNet").cpu().eval()


def _called(graph: fx.Graph) -> set[str]:
    return {str(n.target) for n in graph.nodes if n.op == "call_module"}


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring images to another size (bilinear)."""
    return F.interpolate(images, size=size, mode="bilinear", align_corners=False)


def _prepare_input(graph: fx.Graph, size: tuple[int, int] | None) -> None:
    """Put the input's normalisation, and its resizing where there is any, in front of the network."""
    placeholder = next(n for n in graph.nodes if n.op == "placeholder")
    users = list(placeholder.users)
    with graph.inserting_after(placeholder):
        mean = graph.get_attr("input_mean")
    with graph.inserting_after(mean):
        std = graph.get_attr("input_std")
    with graph.inserting_after(std):
        centred = graph.call_function(torch.sub, (placeholder, mean))
    with graph.inserting_after(centred):
        ready = graph.call_function(torch.div, (centred, std))
    if size is not None:
        options = {"size": size, "mode": "bilinear", "align_corners": False}
        with graph.inserting_after(ready):
            ready = graph.call_function(F.interpolate, (ready,), options)
    for user in users:
        user.replace_input_with(placeholder, ready)
