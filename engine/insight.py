"""Stimuli and responses: the generated network is probed, and each channel group's information is observed.

Stimuli X are held-out images, plain, noisy and blurred. The responses Y of a group are its channels' mean
activations: their entropy, effective rank, information about the labels, and redundancy. Through the loss's gradient
come each channel's Taylor importance |θ·∂L/∂θ| (Molchanov et al. 2019) and Fisher information (Theis et al. 2018).
Together they give, for every group, the share of its information that is kept at each width.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.elastic.network import Active, ElasticNetwork
from engine.heldout import HeldOut
from engine.information import (
    activation_entropy,
    effective_rank,
    fisher_information,
    label_information,
    redundancy,
)
from engine.tasks import Task

MEMORY = 0.7  # how much of the earlier observations' mean stays
NOISE = 0.5  # standard deviations of the added noise
# Of a channel's importance. Over three trained resnet8s, uniform slices of 40–85 % of the widths kept 0.731 accuracy on
# the digits' search split, without any training, when the channels were ordered so; 0.687 by label information and
# Taylor, 0.660 in random order. Discounting redundant channels gave 0.712, so redundancy is only reported.
SHARES = {"label_information": 1 / 3, "taylor": 1 / 3, "fisher": 1 / 3}


def stimuli(held_out: HeldOut, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Targeted stimuli with their labels: ``count`` images, a third of them noisy and a third blurred."""
    generator = torch.Generator().manual_seed(seed)
    chosen, labels = held_out.some(torch.randperm(len(held_out), generator=generator)[:count])
    third = max(1, len(chosen) // 3)
    noise = torch.randn(chosen[:third].shape, generator=generator).to(chosen.device)
    chosen[:third] += NOISE * noise
    chosen[third : 2 * third] = F.avg_pool2d(chosen[third : 2 * third], 3, 1, 1, count_include_pad=False)
    return chosen, labels


@dataclass
class GroupResponse:
    """What one group showed on the last probe."""

    entropy_bits: float
    effective_rank: float
    label_information_bits: float
    fisher: float
    redundancy: float
    width: int


def importance(found: dict[str, np.ndarray]) -> np.ndarray:
    """Each channel's importance within its group.

    Args:
        found: For each of ``SHARES``, how much a channel shows; shape (channels,).
    """
    return np.sum([share * found[name] / max(found[name].sum(), 1e-12) for name, share in SHARES.items()], axis=0)


class Observer:
    """Probes designs and remembers how much information each channel class of each group carries.

    Args:
        network: The elastic network.
        task: Gives the loss whose gradient makes Taylor importance.
    """

    def __init__(self, network: ElasticNetwork, task: Task) -> None:
        self.network = network
        self.task = task
        space = network.space
        self.scores = [np.ones(k.width) / k.width for k in space.knobs]
        self.last: dict[int, GroupResponse] = {}
        self._watched = self._responding_leaves()

    def _responding_leaves(self) -> dict[int, tuple[str, int]]:
        """For each knob, the last leaf that puts out its channels (a norm where there is one), and the dimension."""
        found: dict[int, tuple[str, int]] = {}
        for p in self.network.space.parameters:
            if p.d0 is not None and p.name == "weight":
                knobs = self.network.space.dimensions[p.d0].knob
                for k in np.unique(knobs[knobs >= 0]):
                    found[int(k)] = (p.leaf, p.d0)
        return found

    def probe(self, active: Active, flat: Tensor, images: Tensor, labels: Tensor) -> None:
        """Apply stimuli to a design and fold the responses into each group's scores."""
        network, space = self.network, self.network.space
        captured: dict[str, Tensor] = {}
        handles = []
        for name in {leaf for leaf, _ in self._watched.values()}:

            def keep(module: torch.nn.Module, args: tuple, output: Tensor, name: str = name) -> None:
                captured[name] = output

            handles.append(network.leaf(name).register_forward_hook(keep))
        weights = flat.detach().requires_grad_()
        try:
            loss = self.task.loss(network.forward(active, weights, images), labels, None)
        finally:
            for handle in handles:
                handle.remove()
        gradient, *gradients = torch.autograd.grad(loss, [weights, *captured.values()])
        taylor = self._taylor_by_class(active, (weights * gradient).detach().cpu().numpy())
        of_each = {name: len(images) * g for name, g in zip(captured, gradients, strict=True)}  # the loss is a mean
        concepts = self.task.concepts(labels.cpu().numpy())
        widths = np.array(active.design.widths)
        for knob, (leaf, dimension) in self._watched.items():
            if leaf not in captured:
                continue  # inside a removed block
            d = space.dimensions[dimension]
            kept = space.kept(dimension, widths, network.ranks)
            mine = np.flatnonzero(d.knob[kept] == knob)
            activations, changes = (
                t.detach().reshape(*t.shape[:2], -1)[:, mine].cpu().numpy() for t in (captured[leaf], of_each[leaf])
            )
            responses, classes = np.maximum(activations, 0).mean(2), d.position[kept[mine]]
            information, alike = label_information(responses, concepts), redundancy(responses)
            fisher = fisher_information(activations, changes)
            self.last[knob] = GroupResponse(
                activation_entropy(responses), effective_rank(responses), float(information.max(initial=0.0)),
                float(fisher.sum()), float(alike.mean()) if alike.size else 0.0, int(widths[knob]),
            )  # fmt: skip
            found = {"label_information": information, "taylor": taylor[knob][classes], "fisher": fisher}
            self._fold(knob, classes, importance(found))

    def _taylor_by_class(self, active: Active, products: np.ndarray) -> list[np.ndarray]:
        """|Σ θ·∂L/∂θ| of each class over every parameter row that produces it."""
        space = self.network.space
        totals = [np.zeros(k.width) for k in space.knobs]
        widths = np.array(active.design.widths)
        live = [space.parameters[i] for i in space.used(active.design)]
        start = 0
        for p, size in zip(live, active.sizes, strict=True):
            if p.d0 is not None:
                d = space.dimensions[p.d0]
                kept = space.kept(p.d0, widths, self.network.ranks)
                rows = products[start : start + size].reshape(kept.size, -1).sum(1)
                for k in np.unique(d.knob[kept]):
                    if k >= 0:
                        mine = d.knob[kept] == k
                        np.add.at(totals[k], d.position[kept[mine]], np.abs(rows[mine]))
            start += size
        return totals

    def _fold(self, knob: int, classes: np.ndarray, importance: np.ndarray) -> None:
        observed = np.zeros_like(self.scores[knob])
        np.add.at(observed, classes, importance)
        seen = np.unique(classes)
        if observed[seen].sum() > 0:
            # What was not kept was not seen: only the balance among the classes that were is updated.
            mass = self.scores[knob][seen].sum()
            share = observed[seen] / observed[seen].sum()
            self.scores[knob][seen] = MEMORY * self.scores[knob][seen] + (1 - MEMORY) * mass * share

    def kept_information(self) -> list[np.ndarray]:
        """For each knob, the cumulative share of information at widths 0, 1, …, full: shape (width + 1,)."""
        curves = []
        for scores, rank in zip(self.scores, self.network.ranks, strict=True):
            ordered = np.empty_like(scores)
            ordered[rank] = scores
            curves.append(np.concatenate([[0.0], np.cumsum(ordered) / max(ordered.sum(), 1e-12)]))
        return curves

    def report(self) -> list[dict[str, object]]:
        """The ``insight`` event's groups."""
        curves = self.kept_information()
        return [
            {
                "name": self.network.space.knobs[k].name,
                "width": r.width,
                "of": self.network.space.knobs[k].width,
                "information_kept": float(curves[k][r.width]),
                "entropy_bits": r.entropy_bits,
                "effective_rank": r.effective_rank,
                "label_information_bits": r.label_information_bits,
                "fisher": r.fisher,
                "redundancy": r.redundancy,
            }
            for k, r in sorted(self.last.items())
        ]
