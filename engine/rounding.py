"""Preferences -> whole designs, many at a time: the exact half of the projection.

Every sum that decides something is over whole numbers, so a design doesn't depend on which others are decoded with it.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.elastic.design import DENSE, FORMS, Designs

if TYPE_CHECKING:
    from engine.elastic.space import Space
    from engine.projection import Projection

LARGEST_SHIFT = 14.0
SAMPLES, ROUNDS = 9, 4  # of the search for the shift: it is found to 28 / 8⁴ = 0.007
FILLED_CHANNELS = 4


def one_hot_of_largest(preferences: Tensor) -> Tensor:
    """One-hot of the largest along the last dimension."""
    return F.one_hot(preferences.argmax(-1), preferences.shape[-1]).double()


def round_designs(projection: "Projection", u: Tensor, rounding: np.ndarray, log_cost: Tensor) -> Designs:
    """For each row, the largest design along the ray u + shift that stays within its budget and all limits.

    Args:
        projection: Costs and limits.
        u: Preferences, n × choices (:class:`engine.projection.Layout`).
        rounding: In [0, 1), n × choices: a width rounds up when its fraction exceeds 1 − rounding.
        log_cost: Budgets, n.
    """
    forms, resolution = _settle(projection, u, log_cost)
    decode = _Decoder(projection, u, rounding[:, projection.layout.widths], log_cost)
    _, gates, fits = decode.largest(forms, resolution, None)
    if not bool(fits.all()):  # what is preferred is too much even at one channel: take what costs least
        forms = torch.where(fits[:, None, None], forms, projection.cheapest.forms)
        resolution = torch.where(fits[:, None], resolution, projection.cheapest.resolution)
        _, gates, _ = decode.largest(forms, resolution, None)
    # A block costs a lot at once: with the blocks settled, the widths take up what is left of the budget.
    gates = _opened(projection, u, log_cost, forms, resolution, gates)
    widths, _, _ = decode.largest(forms, resolution, gates)
    return decode.fill(Designs(widths, gates, forms, resolution))


def _settle(projection: "Projection", u: Tensor, log_cost: Tensor) -> tuple[Tensor, Tensor]:
    """The preferred forms and resolution; where even full widths leave budget unspent, the least preferred of them give
    way to the dense form and the images' own resolution."""
    space, layout, n = projection.space, projection.layout, len(u)
    forms, resolution = u[:, layout.forms].reshape(n, -1, len(FORMS)), u[:, layout.resolution]
    margins = torch.cat([forms.amax(2) - forms[:, :, DENSE], (resolution.amax(1) - resolution[:, 0])[:, None]], 1)
    given = _first(margins)  # n × steps × choices that gave way
    dense, full = one_hot_of_largest(torch.zeros(len(FORMS))), one_hot_of_largest(torch.zeros(resolution.shape[1]))
    forms = torch.where(given[:, :, :-1, None], dense, one_hot_of_largest(forms)[:, None])
    resolution = torch.where(given[:, :, -1:], full, one_hot_of_largest(resolution)[:, None])
    gates = torch.ones(1, 1, len(space.blocks), dtype=torch.float64)
    widest = projection.log_costs(_widest(space, gates, forms, resolution)).reshape(n, -1)
    enough = widest >= log_cost.clamp(max=projection.full)[:, None] - 1e-9
    first, each = enough.double().argmax(1), torch.arange(n)
    return forms[each, first], resolution[each, first]


def _opened(
    projection: "Projection", u: Tensor, log_cost: Tensor, forms: Tensor, resolution: Tensor, gates: Tensor
) -> Tensor:
    """The gates; where even full widths leave budget unspent, the most preferred of the removed blocks come back."""
    n = len(u)
    steps = torch.maximum(gates[:, None], _first(-u[:, projection.layout.gates]).double())
    widest = _widest(projection.space, steps, forms[:, None], resolution[:, None])
    enough = ~projection.within(widest, log_cost.repeat_interleave(steps.shape[1])).reshape(n, -1)
    return torch.where(enough.any(1)[:, None], steps[torch.arange(n), enough.double().argmax(1)], gates)


def _first(order: Tensor) -> Tensor:
    """Of n × m: the k smallest of each row, for k from 0 to m: bool, n × (m + 1) × m."""
    place = order.argsort(dim=1, stable=True).argsort(dim=1)
    return place[:, None] < torch.arange(order.shape[1] + 1)[None, :, None]


def _widest(space: "Space", gates: Tensor, forms: Tensor, resolution: Tensor) -> Designs:
    """n × m designs in one row after another, with full widths; what is given (n × m × …) may be broadcast."""
    n, m = torch.broadcast_shapes(gates.shape[:2], forms.shape[:2], resolution.shape[:2])
    full = torch.from_numpy(space.max_widths).double()
    return _rows(n, m, full[None, None], gates, forms, resolution)


def _rows(n: int, m: int, *parts: Tensor) -> Designs:
    """n × m designs in one row after another; the parts (n × m × …) may be broadcast."""
    return Designs(*(part.expand(n, m, *part.shape[2:]).flatten(0, 1) for part in parts))


class _Decoder:
    """The search along each row's ray."""

    def __init__(self, projection: "Projection", u: Tensor, rounding: np.ndarray, log_cost: Tensor) -> None:
        self.projection, self.space = projection, projection.space
        self.u, self.rounding, self.log_cost = u, rounding, log_cost
        self.low, self.high = np.log2(self.space.min_widths), np.log2(self.space.max_widths)

    def largest(self, forms: Tensor, resolution: Tensor, gates: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """(widths, gates, whether any fits) at the largest shift that fits; given ``gates`` don't follow the shift."""
        n, each = len(self.u), torch.arange(len(self.u))
        start = torch.full((n,), -LARGEST_SHIFT, dtype=torch.float64)
        end = -start
        share = torch.linspace(0, 1, SAMPLES, dtype=torch.float64)
        for _ in range(ROUNDS):
            shifts = start[:, None] + (end - start)[:, None] * share
            widths, open_gates = self._along(shifts)
            if gates is not None:
                open_gates = gates[:, None].expand_as(open_gates)
            fits = self._fits(Designs(widths, open_gates, forms[:, None], resolution[:, None]))
            best = (fits * torch.arange(1, SAMPLES + 1)).argmax(1)
            start, end = shifts[each, best], shifts[each, (best + 1).clamp(max=SAMPLES - 1)]
        return widths[each, best], open_gates[each, best], fits.any(1)

    def fill(self, designs: Designs) -> Designs:
        """Widths are whole, so several may step at one shift: single channels take up what that leaves unspent."""
        order = torch.from_numpy(np.argsort(-self.rounding, axis=1, kind="stable"))
        one, each = torch.eye(order.shape[1], dtype=torch.float64)[order], torch.arange(len(order))
        largest = torch.from_numpy(self.space.max_widths)
        widths = designs.widths
        for _ in range(FILLED_CHANNELS):
            step = torch.from_numpy(self.space.step(widths.numpy()))
            wider = widths[:, None] + one * step[:, None]
            rows = Designs(wider, designs.gates[:, None], designs.forms[:, None], designs.resolution[:, None])
            allowed = self._fits(rows) & (wider <= largest).all(2)
            first = allowed.double().argmax(1)
            widths = torch.where(allowed.any(1)[:, None], wider[each, first], widths)
        return Designs(widths, designs.gates, designs.forms, designs.resolution)

    def _along(self, shifts: Tensor) -> tuple[Tensor, Tensor]:
        """Widths and gates, n × shifts × …"""
        layout = self.projection.layout
        u = (self.u[:, None] + shifts[:, :, None]).numpy()
        share = 1 / (1 + np.exp(-u[:, :, layout.widths]))
        widths = self.space.stepped(2 ** (self.low + share * (self.high - self.low)), self.rounding[:, None])
        return torch.from_numpy(widths), torch.from_numpy((u[:, :, layout.gates] > 0).astype(float))

    def _fits(self, designs: Designs) -> Tensor:
        """Whether each of n × m designs (gates, forms and resolutions may be broadcast) keeps to budget and limits."""
        n, m = designs.widths.shape[:2]
        rows = _rows(n, m, designs.widths, designs.gates, designs.forms, designs.resolution)
        return self.projection.within(rows, self.log_cost.repeat_interleave(m)).reshape(n, m)
