"""Preferences -> a design that costs what the budget says: one scalar, solved by bisection.

The most preferred form of each convolution and the most preferred resolution are taken first. The cost is
LC = w_p·log10(parameters) + w_m·log10(MACs), with the weights that NetScore's β and γ give. Adding one shift to all
preferences moves every width and gate the same way, so cost grows with the shift and the shift that meets the target is
unique. Limits on resources (:mod:`engine.limits`) only lower it: they hold by construction.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.elastic.design import FORMS, Design, Designs
from engine.elastic.space import Space
from engine.limits import Limit
from engine.performance import NetScore
from engine.requirements import Requirements
from engine.rounding import LARGEST_SHIFT, one_hot_of_largest, round_designs

GATE_SHARPNESS = 2.0  # slope of a relaxed gate


class Layout:
    """Where each kind of choice stands in a vector of preferences."""

    def __init__(self, space: Space) -> None:
        ends = np.cumsum([len(space.knobs), len(space.blocks), len(FORMS) * len(space.convolutions)]).tolist()
        self.widths, self.gates = slice(0, ends[0]), slice(ends[0], ends[1])
        self.forms, self.resolution = slice(ends[1], ends[2]), slice(ends[2], ends[2] + len(space.resolutions))
        self.choices = ends[2] + len(space.resolutions)


class Projection:
    """Costs, limits and the budget scale of one design space.

    Budget b in [0, 1] is linear in LC between the smallest design and the largest that the limits allow.

    Args:
        space: The design space.
        objective: Gives the weights of parameters and MACs in the cost.
        requirements: Gives the limits on parameters and MACs.
        limits: Those on other resources.
    """

    def __init__(
        self, space: Space, objective: NetScore, requirements: Requirements, limits: Sequence[Limit] = ()
    ) -> None:
        self.space = space
        self.weights = objective.cost_weights
        self.max_params, self.max_macs = requirements.limit("params"), requirements.limit("macs")
        self.limits = tuple(limits)
        self.layout = Layout(space)
        self._log_min = np.log2(space.min_widths)
        self._log_max = np.log2(space.max_widths)
        self.cheapest = space.designs([space.smallest])
        self.low = self.log_cost(space.smallest)
        self.full = self.log_cost(space.full)
        self.feasible = bool(self.keeps_limits(self.cheapest))
        capped = [self.full]
        if np.isfinite(self.max_params) or np.isfinite(self.max_macs) or self.limits:
            everything = torch.zeros(1, self.layout.choices, dtype=torch.float64)
            budget = torch.tensor([self.full], dtype=torch.float64)
            capped += map(self.log_cost, self.round(everything, np.zeros(everything.shape), budget))
        self.high = max(min(capped), self.low + 1e-6)
        self.middle = (self.low + self.high) / 2

    def log_cost(self, design: Design) -> float:
        return self.log_cost_of(*self.space.cost(design))

    def log_cost_of(self, params: float, macs: float) -> float:
        return float(self.weights[0] * np.log10(params) + self.weights[1] * np.log10(macs))

    def to_log_cost(self, budget: float) -> float:
        return self.low + budget * (self.high - self.low)

    def to_budget(self, log_cost: float) -> float:
        return (log_cost - self.low) / (self.high - self.low)

    def log_costs(self, designs: Designs) -> Tensor:
        """Log10 cost of each design, shape (n,)."""
        params, macs = self.space.costs(designs)
        return self.weights[0] * params.log10() + self.weights[1] * macs.log10()

    def within(self, designs: Designs, log_cost: Tensor) -> Tensor:
        """Whether each design keeps to its budget and to all limits: bool, shape (n,)."""
        return (self.log_costs(designs) <= log_cost + 1e-9) & self.keeps_limits(designs)

    def keeps_limits(self, designs: Designs) -> Tensor:
        """Whether each design keeps to all limits on resources: bool, shape (n,)."""
        params, macs = self.space.costs(designs)
        kept = (params <= self.max_params) & (macs <= self.max_macs)
        for limit in self.limits:
            kept &= limit.predict(designs) <= limit.value
        return kept

    def round(self, u: Tensor, rounding: np.ndarray, log_cost: Tensor) -> list[Design]:
        """Whole designs: see :func:`engine.rounding.round_designs`."""
        return round_designs(self, u, rounding, log_cost).single()

    # --- relaxed designs, for gradients ------------------------------------------------------------------------

    def relaxed(self, u: Tensor, log_cost: Tensor) -> Designs:
        """Designs with real-valued widths and gates that cost exactly the budget.

        The shift is solved without a gradient; one Newton step then gives it the gradient of the implicit function.
        Forms and resolution are whole, with the gradient of their softmax (straight through).

        Args:
            u: n × choices.
            log_cost: n.
        """
        target = log_cost
        forms = _straight_through(u[:, self.layout.forms].reshape(len(u), -1, len(FORMS)))
        resolution = _straight_through(u[:, self.layout.resolution])
        fixed = forms.detach(), resolution.detach()
        with torch.no_grad():
            low, high = torch.full_like(target, -LARGEST_SHIFT), torch.full_like(target, LARGEST_SHIFT)
            for _ in range(30):
                middle = (low + high) / 2
                over = self._soft_cost(u, middle, *fixed) > target
                low, high = torch.where(over, low, middle), torch.where(over, middle, high)
        shift = ((low + high) / 2).requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(self._soft_cost(u.detach(), shift, *fixed).sum(), shift)
        shift = shift.detach()
        shift = shift - (self._soft_cost(u, shift, forms, resolution) - target) / slope.clamp_min(1e-3)
        return self._soft(u, shift, forms, resolution)

    def _soft(self, u: Tensor, shift: Tensor, forms: Tensor, resolution: Tensor) -> Designs:
        shifted = u + shift[:, None]
        low, high = torch.from_numpy(self._log_min), torch.from_numpy(self._log_max)
        widths = 2 ** (low + torch.sigmoid(shifted[:, self.layout.widths]) * (high - low))
        return Designs(widths, torch.sigmoid(GATE_SHARPNESS * shifted[:, self.layout.gates]), forms, resolution)

    def _soft_cost(self, u: Tensor, shift: Tensor, forms: Tensor, resolution: Tensor) -> Tensor:
        return self.log_costs(self._soft(u, shift, forms, resolution))


def _straight_through(preferences: Tensor) -> Tensor:
    soft = preferences.softmax(-1)
    return one_hot_of_largest(preferences) + soft - soft.detach()
