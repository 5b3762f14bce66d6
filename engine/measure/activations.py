"""Peak activation memory of many designs at once, as a closed form.

The elements of every value are linear in the widths, and which buffers live at the same time is known from the whole
network: the peak is the largest of some linear forms, those left out that belong to removed blocks, to other forms of
a convolution or to another resolution. It equals what :func:`engine.measure.memory.activation_mb` finds on the
extracted network as long as all blocks stay, and is at most a little above it where some are removed, since the
operations that remain are taken to have the neighbours that they had.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx

from engine.elastic.blocks import without_blocks
from engine.elastic.design import DENSE, FORMS, LOW_RANK, SEPARABLE, Designs
from engine.elastic.network import ElasticNetwork
from engine.measure.memory import BYTES, Operation, plan
from engine.measure.samples import sample, whole

INNER = {SEPARABLE: "depthwise", LOW_RANK: "basis"}  # whose output passes between the two convolutions of a form


@dataclass(frozen=True)
class _Rows:
    """What lives during each operation at one resolution: linear forms, and when they count."""

    linear: Tensor  # rows × (knobs + 1), the constant last
    blocks: Tensor  # rows × blocks: 1 where the block must stay
    choice: Tensor  # rows: index of (convolution, form) in the flattened forms, −1 where any will do


class ActivationForm:
    """Callable: designs to MB (10^6 bytes), float64, shape (n,)."""

    def __init__(self, network: ElasticNetwork) -> None:
        self._network = network
        self._space = space = network.space
        self._dimension = {(p.leaf, p.name): p.d0 for p in space.parameters}
        self._convolution = {name: i for i, name in enumerate(space.convolutions)}
        self._rows = [self._rows_at(r) for r in range(len(space.resolutions))]

    def __call__(self, designs: Designs) -> Tensor:
        always = torch.ones(len(designs), 1, dtype=torch.float64)
        widths = torch.cat([designs.widths, always], 1)
        forms = torch.cat([designs.forms.flatten(1), always], 1)
        found = torch.zeros(len(designs), dtype=torch.float64)
        for r, rows in enumerate(self._rows):
            mine = designs.resolution[:, r] > 0.5
            if bool(mine.any()):
                off = (1 - designs.gates[mine]) @ rows.blocks.T > 0.5
                counted = ~off & (forms[mine][:, rows.choice] > 0.5)
                found[mine] = torch.where(counted, widths[mine] @ rows.linear.T, 0.0).amax(1)
        return found * BYTES / 1e6

    def _rows_at(self, resolution: int) -> _Rows:
        rows: dict[tuple[int, tuple[int, ...]], list[np.ndarray]] = {}
        for form in range(len(FORMS) if self._space.convolutions else 1):
            module = sample(self._network, whole(self._network, form, resolution))
            gone = self._removed_with(module)
            laid = plan(module, self._network.input_shape)
            target = {n.name: str(n.target) for n in module.graph.nodes if n.op == "call_module"}
            linear = self._linear_forms(laid.operations, target, form)
            for operation, live in zip(laid.operations, laid.live, strict=True):
                convolution = self._convolution.get(target.get(operation.node, ""))
                if convolution is None and form != DENSE:
                    continue  # as in the dense form
                choice = -1 if convolution is None else len(FORMS) * convolution + form
                blocks = tuple(i for i, names in enumerate(gone) if operation.node in names)
                rows.setdefault((choice, blocks), []).append(np.sum([linear[b] for b in live], axis=0))
        return self._pruned(rows)

    def _removed_with(self, module: fx.GraphModule) -> list[set[str]]:
        """For each block, the names of the nodes that go with it."""
        names = {n.name for n in module.graph.nodes}
        return [names - {n.name for n in without_blocks(module.graph, [b]).nodes} for b in self._space.blocks]

    def _linear_forms(self, operations: tuple[Operation, ...], target: dict[str, str], form: int) -> list[np.ndarray]:
        """Elements of each operation's value: coefficients of the knobs' widths, then the constant."""
        found: list[np.ndarray] = []
        for at, operation in enumerate(operations):
            leaf = target.get(operation.node, "")
            inner = leaf in self._convolution and form != DENSE and self._is_first(operations, at)
            dimension = self._dimension.get((leaf, INNER[form] if inner else "weight"))
            if dimension is not None:
                channels = np.append(*self._space.dimensions[dimension].counts(len(self._space.knobs)))
            elif operation.operands:
                parts = [found[o] for o in operation.operands]
                together = operation.elements == sum(operations[o].elements for o in operation.operands)
                channels = np.sum(parts, axis=0) if together else max(parts, key=self._at_full)
            else:
                channels = np.append(np.zeros(len(self._space.knobs)), 1.0)
            found.append(channels * operation.elements / self._at_full(channels))
        return found

    @staticmethod
    def _is_first(operations: tuple[Operation, ...], at: int) -> bool:
        return at + 1 < len(operations) and operations[at + 1].node == operations[at].node

    def _at_full(self, linear: np.ndarray) -> float:
        return float(linear[:-1] @ self._space.max_widths + linear[-1])

    def _pruned(self, rows: dict[tuple[int, tuple[int, ...]], list[np.ndarray]]) -> _Rows:
        """Without the rows that another one exceeds whenever they count."""
        linear: list[np.ndarray] = []
        keys: list[tuple[int, tuple[int, ...]]] = []
        for choice, blocks in sorted(rows, key=lambda key: (key[0] != -1, len(key[1]))):
            over = [i for i, (c, b) in enumerate(keys) if c in (-1, choice) and set(b) <= set(blocks)]
            for row in sorted(rows[choice, blocks], key=self._at_full, reverse=True):
                if not any((linear[i] >= row - 1e-9).all() for i in over):
                    over.append(len(linear))
                    linear.append(row)
                    keys.append((choice, blocks))
        gates = np.zeros((len(keys), len(self._space.blocks)))
        for i, (_, blocks) in enumerate(keys):
            gates[i, list(blocks)] = 1
        return _Rows(torch.from_numpy(np.array(linear)), torch.from_numpy(gates), torch.tensor([c for c, _ in keys]))
