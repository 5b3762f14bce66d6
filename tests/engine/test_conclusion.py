"""The end of a run: the seeds' differences are stretched as far as that makes more designs differ."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from engine.conclusion import STRETCH, WANTED_DISTINCT, _spread_seeds
from engine.elastic.design import Design


class Generator:
    """Of whose designs a share differs that depends on how far the seeds are apart."""

    def __init__(self, shares: list[float]) -> None:
        self.mixing = torch.ones(3)
        self.shares = shares

    def designs(self, seeds: list[int], log_costs: list[float]) -> list[Design]:
        stretches = round(torch.log(self.mixing[0]).item() / torch.log(torch.tensor(STRETCH)).item())
        different = round(self.shares[stretches] * len(seeds))
        return [Design((min(i, different - 1),), ()) for i in range(len(seeds))]


@pytest.mark.parametrize(
    ("shares", "stretches"),
    [
        ([WANTED_DISTINCT], 0),  # enough as they are
        ([0.5, 0.7, 1.0], 2),  # until enough differ
        ([0.5, 0.7, 0.6], 1),  # while it helps: widths at their ends hide the differences
    ],
)
def test_seeds_are_stretched_until_enough_differ_and_only_while_it_helps(shares: list[float], stretches: int) -> None:
    generator = Generator(shares)
    parts: Any = SimpleNamespace(
        generator=generator, network=SimpleNamespace(space=SimpleNamespace(canonical=lambda design: design))
    )
    _spread_seeds(parts, [3.0, 3.2])
    torch.testing.assert_close(generator.mixing, torch.full((3,), STRETCH**stretches))
