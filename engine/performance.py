"""U: how good a network is. NetScore (Wong 2018, the paper's reference [20]) and information density ([2])."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class NetScore:
    """Ω(N) = 20·log10(a^α / (p^β · m^γ)), in dB.

    a is the task metric in percent, p parameters in millions, m multiply-accumulates in billions: the units that
    put the paper's CIFAR-10 networks in its plotted range of 80–115.
    """

    alpha: float = 2.0
    beta: float = 0.5
    gamma: float = 0.5

    def __call__(self, metric: float, params: float, macs: float) -> float:
        """Score a network.

        Args:
            metric: Task metric in [0, 1].
            params: Parameters (count).
            macs: Multiply-accumulates per image (count).
        """
        if metric <= 0:
            return -math.inf if self.alpha > 0 else 0.0
        return 20 * (
            self.alpha * math.log10(100 * metric)
            - self.beta * math.log10(params / 1e6)
            - self.gamma * math.log10(macs / 1e9)
        )

    @property
    def cost_weights(self) -> tuple[float, float]:
        """Shares of log-parameters and log-MACs in the cost that a budget limits; they sum to 1."""
        total = self.beta + self.gamma
        return (self.beta / total, self.gamma / total) if total > 0 else (0.5, 0.5)


def information_density(metric: float, params: float) -> float:
    """Percent of the task metric per thousand parameters."""
    return 100 * metric / (params / 1e3)
