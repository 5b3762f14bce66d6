"""G(s; θ_G): a seed and a budget in, a design out.

A seed becomes noise; noise and budget become raw preferences, one for each choice; and the projection
(:mod:`engine.projection`) shifts all preferences by one scalar so that the design costs what the budget says.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.elastic.design import Design, Designs
from engine.projection import Projection

NOISE_DIMENSION = 6
FULL_RESOLUTION_PREFERENCE = 1.0
FORM_PREFERENCES = 0.0, 0.7, -0.7  # dense, separable, low rank: what mostly turned out best for small networks
COMMITTING = 0.08, 0.4  # of training: seeds choose forms and resolution freely before, all the same after,
WIDTHS_COMMITTED = 0.5  # and differ by this much less in widths and blocks
BLOCK_PREFERENCE = 3.0  # blocks stay at first: they go once the projection shifts preferences this far down


@dataclass(frozen=True)
class Noise:
    """What a seed stands for: the latent z and the fractions at which widths round up, all derived from the seed."""

    z: np.ndarray
    rounding: np.ndarray


def noise_of(seed: int, attempt: int, choices: int) -> Noise:
    """The same numbers for the same (seed, attempt) on every platform."""
    digest = hashlib.sha256(f"{seed}:{attempt}".encode()).digest()
    rng = np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype=np.uint64)))
    return Noise(rng.standard_normal(NOISE_DIMENSION), rng.random(choices))


class Generator(nn.Module):
    """The generator; its parameters are θ_G.

    Preferences are u = μ + A·z + B·(LC − LC₀), with LC the budget's log10 cost (:class:`Projection`).

    Args:
        projection: The design space with its costs and limits.
        seed: Seed of A's initialisation.
    """

    def __init__(self, projection: Projection, seed: int) -> None:
        super().__init__()
        self.projection = projection
        layout = projection.layout
        rng = np.random.default_rng([seed, 0x47])
        centre = np.zeros(layout.choices)
        centre[layout.gates] = BLOCK_PREFERENCE
        centre[layout.resolution][0] = FULL_RESOLUTION_PREFERENCE
        centre[layout.forms] = np.tile(FORM_PREFERENCES, len(projection.space.convolutions))
        self.mu = nn.Parameter(torch.from_numpy(centre))
        self.mixing = nn.Parameter(torch.from_numpy(0.35 * rng.standard_normal((layout.choices, NOISE_DIMENSION))))
        self.slope = nn.Parameter(torch.zeros(layout.choices, dtype=torch.float64))
        self.freedom: Tensor
        self.register_buffer("freedom", torch.ones((), dtype=torch.float64))
        self._committing = torch.full((layout.choices,), WIDTHS_COMMITTED, dtype=torch.float64)
        self._committing[layout.forms] = self._committing[layout.resolution] = 1.0

    @property
    def choices(self) -> int:
        return self.mu.numel()

    def preferences(self, z: Tensor, log_cost: Tensor) -> Tensor:
        """Raw preferences.

        Args:
            z: n × NOISE_DIMENSION.
            log_cost: n, budgets as log10 cost.

        Returns:
            n × choices.
        """
        u = self.mu + (log_cost - self.projection.middle)[:, None] * self.slope
        free = 1 - self._committing * (1 - self.freedom)
        for column, direction in zip(z.T, self.mixing.T, strict=True):  # a matrix product may round by its size
            u = u + column[:, None] * (free * direction)
        return u

    def design(self, seed: int, log_cost: float, attempt: int = 0) -> Design:
        """Decode a seed at a budget given as log10 cost."""
        return self.designs([seed], [log_cost], attempt)[0]

    def designs(self, seeds: list[int], log_costs: list[float], attempt: int = 0) -> list[Design]:
        """:meth:`design` for many seeds at once: the same designs, sooner."""
        noise = [noise_of(seed, attempt, self.choices) for seed in seeds]
        budgets = torch.tensor(log_costs, dtype=torch.float64)
        with torch.no_grad():
            u = self.preferences(torch.from_numpy(np.stack([n.z for n in noise])), budgets)
            return self.projection.round(u, np.stack([n.rounding for n in noise]), budgets)

    def relaxed(self, z: Tensor, log_cost: Tensor) -> Designs:
        """Differentiable designs."""
        return self.projection.relaxed(self.preferences(z, log_cost), log_cost)

    def commit(self, progress: float) -> None:
        """Seeds agree more and more on forms and resolution: weights that few networks share are trained too little.

        Args:
            progress: Share of training that is done.
        """
        first, last = COMMITTING
        self.freedom.fill_(float(np.clip((last - progress) / (last - first), 0, 1)))

    @torch.no_grad()
    def move(self, delta: list[Tensor]) -> None:
        """θ_G ← θ_G + Δθ_G."""
        for parameter, change in zip(self.parameters(), delta, strict=True):
            parameter.add_(change)
