"""Preferences -> a design that costs what the budget says: one scalar, solved by bisection.

The cost is LC = w_p·log10(parameters) + w_m·log10(MACs), with the weights that NetScore's β and γ give. Adding one
shift to all preferences moves every width and gate the same way, so cost grows with the shift and the shift that
meets the target is unique. Limits on parameters, MACs and size only lower it: they hold by construction.
"""

import numpy as np
import torch
from torch import Tensor

from engine.elastic.space import Design, Space
from engine.performance import NetScore
from engine.requirements import Requirements, size_mb

SHIFTS = np.linspace(-14.0, 14.0, 113)
REFINEMENTS = 2
FILLED_CHANNELS = 4
GATE_SHARPNESS = 2.0  # slope of a relaxed gate


class Projection:
    """Costs, limits and the budget scale of one design space.

    Budget b in [0, 1] is linear in LC between the smallest design and the largest that the limits allow.

    Args:
        space: The design space.
        objective: Gives the weights of parameters and MACs in the cost.
        requirements: Gives the limits on resources.
    """

    def __init__(self, space: Space, objective: NetScore, requirements: Requirements) -> None:
        self.space = space
        self.weights = objective.cost_weights
        self.max_params = min(requirements.limit("params"), requirements.limit("size_mb") / size_mb(1))
        self.max_macs = requirements.limit("macs")
        self._log_min = np.log2(space.min_widths)
        self._log_max = np.log2(space.max_widths)
        self.low = self.log_cost(space.smallest)
        self.full = self.log_cost(space.full)
        params, macs = space.cost(space.smallest)
        self.feasible = params <= self.max_params and macs <= self.max_macs
        capped = [self.full]
        if np.isfinite(self.max_params) or np.isfinite(self.max_macs):
            everything = np.zeros(len(space.knobs) + len(space.blocks))
            capped.append(self.log_cost(self.round(everything, np.zeros_like(everything), self.full)))
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

    # --- exact designs -----------------------------------------------------------------------------------------

    def round(self, u: np.ndarray, rounding: np.ndarray, log_cost: float) -> Design:
        """The largest rounded design along the ray u + shift that stays within the budget and all limits.

        Args:
            u: Preferences, knobs then blocks.
            rounding: In [0, 1) for each choice: a width rounds up when its fraction exceeds 1 − rounding.
            log_cost: The budget.
        """
        _, gates = self._largest(u, rounding, log_cost, None)
        # A block costs a lot at once: with the blocks settled, the widths take up what is left of the budget.
        widths, _ = self._largest(u, rounding, log_cost, gates)
        widths = self._fill(widths, gates, rounding, log_cost)
        return Design(tuple(int(w) for w in widths), tuple(bool(g) for g in gates))

    def _largest(
        self, u: np.ndarray, rounding: np.ndarray, log_cost: float, settled: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(widths, gates) at the largest shift that fits; ``settled`` gates don't follow the shift."""
        shifts = SHIFTS
        for _ in range(1 + REFINEMENTS):
            widths, gates = self._decode(u[None] + shifts[:, None], rounding)
            if settled is not None:
                gates = np.broadcast_to(settled, gates.shape)
            fits = np.flatnonzero(self._fits(widths, gates, log_cost))
            best = fits[-1] if fits.size else 0
            chosen = widths[best], gates[best]
            shifts = np.linspace(shifts[best], shifts[min(best + 1, shifts.size - 1)], 33)
        return chosen

    def _fill(self, widths: np.ndarray, gates: np.ndarray, rounding: np.ndarray, log_cost: float) -> np.ndarray:
        """Widths are whole, so several may step at one shift: single channels take up what that leaves unspent."""
        steps = np.eye(widths.size)[np.argsort(-rounding[: widths.size])]
        for _ in range(FILLED_CHANNELS):
            wider = widths + steps
            fits = self._fits(wider, np.broadcast_to(gates, (len(wider), gates.size)), log_cost)
            allowed = np.flatnonzero(fits & (wider <= self.space.max_widths).all(1))
            if not allowed.size:
                break
            widths = wider[allowed[0]]
        return widths

    def _decode(self, u: np.ndarray, rounding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        knobs = len(self.space.knobs)
        share = 1 / (1 + np.exp(-u[:, :knobs]))
        widths = 2 ** (self._log_min + share * (self._log_max - self._log_min))
        whole = np.floor(widths + rounding[:knobs])
        return np.clip(whole, self.space.min_widths, self.space.max_widths), (u[:, knobs:] > 0).astype(float)

    def _fits(self, widths: np.ndarray, gates: np.ndarray, log_cost: float) -> np.ndarray:
        params, macs = self.space.costs(widths, gates)
        cost = self.weights[0] * np.log10(params) + self.weights[1] * np.log10(macs)
        return (cost <= log_cost + 1e-9) & (params <= self.max_params) & (macs <= self.max_macs)

    # --- relaxed designs, for gradients ------------------------------------------------------------------------

    def relaxed(self, u: Tensor, log_cost: Tensor) -> tuple[Tensor, Tensor]:
        """Designs with real-valued widths and gates that cost exactly the budget.

        The shift is solved without a gradient; one Newton step then gives it the gradient of the implicit function.

        Args:
            u: n × choices.
            log_cost: n.

        Returns:
            (log2 widths, n × knobs; gates, n × blocks).
        """
        target = log_cost
        with torch.no_grad():
            low, high = torch.full_like(target, SHIFTS[0]), torch.full_like(target, SHIFTS[-1])
            for _ in range(30):
                middle = (low + high) / 2
                over = self._soft_cost(u, middle) > target
                low, high = torch.where(over, low, middle), torch.where(over, middle, high)
        shift = ((low + high) / 2).requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(self._soft_cost(u.detach(), shift).sum(), shift)
        shift = shift.detach() - (self._soft_cost(u, shift.detach()) - target) / slope.clamp_min(1e-3)
        return self._soft(u, shift)

    def _soft(self, u: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        knobs = len(self.space.knobs)
        shifted = u + shift[:, None]
        low, high = torch.from_numpy(self._log_min), torch.from_numpy(self._log_max)
        return low + torch.sigmoid(shifted[:, :knobs]) * (high - low), torch.sigmoid(
            GATE_SHARPNESS * shifted[:, knobs:]
        )

    def _soft_cost(self, u: Tensor, shift: Tensor) -> Tensor:
        log_widths, gates = self._soft(u, shift)
        params, macs = self.space.costs_torch(2**log_widths, gates)
        return self.weights[0] * params.log10() + self.weights[1] * macs.log10()
