"""What masks and boxes have in common: samples that hold several classes each, with labels up to the edges."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from engine.data.images import Header
from engine.data.problems import Problem, counted
from engine.data.selection import Selection, rarest_class
from engine.data.sizes import Size, whole_size
from engine.data.splits import images_needed


class Dense(ABC):
    """Half of ``engine.data.annotations.Annotations``: what follows from how much of each class each sample holds."""

    whole: ClassVar[bool] = True
    splits: tuple[str, ...]

    @abstractmethod
    def amounts(self) -> np.ndarray:
        """Of each class in each sample, N × classes."""

    def common_size(self, headers: Sequence[Header]) -> Size:
        return whole_size(headers)

    def images_of(self, rows: np.ndarray) -> np.ndarray:
        return (self.amounts()[rows] > 0).sum(axis=0)

    def amounts_of(self, rows: np.ndarray) -> np.ndarray:
        return self.amounts()[rows].sum(axis=0, dtype=np.int64)

    def strata(self) -> np.ndarray:
        return rarest_class(self.amounts())

    def blocking_problems(self, selection: Selection) -> list[Problem]:
        """Errors: too few images for four splits, or nothing labelled in those to train on."""
        problems = []
        needed = images_needed(self.splits)
        rows = selection.given_rows()
        for split, found in rows.items():
            if len(found) < needed[split]:
                where = f" in {split}" if len(self.splits) > 1 else ""
                images = counted(len(found), "usable image")
                problems.append(
                    Problem(
                        "too_few_images",
                        "error",
                        f"The dataset has {images}{where}; it needs at least {needed[split]}, so that training, "
                        "search, calibration and test each get some.",
                    )
                )
        if not problems and not self.images_of(rows["train"]).any():
            problems.append(
                Problem("no_labels", "error", "None of the images to train on holds anything of any class; label some.")
            )
        return problems
