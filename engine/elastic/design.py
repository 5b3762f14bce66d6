"""Designs: one choice for every degree of freedom of a prototype; single ones, and many as tensors."""

from dataclasses import dataclass

import torch
from torch import Tensor

FORMS = ("dense", "separable", "low_rank")
DENSE, SEPARABLE, LOW_RANK = range(3)


@dataclass(frozen=True)
class Design:
    """One choice for every degree of freedom.

    Attributes:
        widths: Classes kept, for each knob.
        blocks: Whether each removable block stays.
        forms: The form of each convolution that has alternatives: an index into ``FORMS``.
        resolution: Index into :attr:`engine.elastic.space.Space.resolutions`; 0 is the images' own.
    """

    widths: tuple[int, ...]
    blocks: tuple[bool, ...]
    forms: tuple[int, ...] = ()
    resolution: int = 0


@dataclass(frozen=True)
class Designs:
    """n designs as float64 tensors, whole or relaxed: what all closed forms take.

    Attributes:
        widths: n × knobs.
        gates: n × blocks, in [0, 1].
        forms: n × convolutions × 3, shares of the forms.
        resolution: n × resolutions, shares.
    """

    widths: Tensor
    gates: Tensor
    forms: Tensor
    resolution: Tensor

    def __len__(self) -> int:
        return len(self.widths)

    @staticmethod
    def of(designs: list[Design], resolutions: int) -> "Designs":
        """Stack single designs (at least one)."""
        n = len(designs)
        forms = torch.tensor([d.forms for d in designs], dtype=torch.int64).reshape(n, -1)
        resolution = torch.tensor([d.resolution for d in designs])
        return Designs(
            torch.tensor([d.widths for d in designs], dtype=torch.float64).reshape(n, -1),
            torch.tensor([d.blocks for d in designs], dtype=torch.float64).reshape(n, -1),
            torch.nn.functional.one_hot(forms, len(FORMS)).double(),
            torch.nn.functional.one_hot(resolution, resolutions).double(),
        )

    def single(self) -> list[Design]:
        """The designs one by one, shares rounded to the largest."""
        rows = zip(
            self.widths.round().long().tolist(),
            (self.gates > 0.5).tolist(),
            self.forms.argmax(2).tolist(),
            self.resolution.argmax(1).tolist(),
            strict=True,
        )
        return [Design(tuple(w), tuple(b), tuple(f), r) for w, b, f, r in rows]
