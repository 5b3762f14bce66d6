"""Which images of a dataset are used, and how they are spread over the splits.

An image that occurs more than once is used once, else the same picture would be trained on and tested on.
Copies in different given splits stay where they are scarcest: in test, then val, then train.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.data.splits import split_indices

SMALLEST_STRATUM = 8


class Placed(Protocol):
    """A sample: the path of its image in the source, and its given split (train when there is one pool)."""

    @property
    def path(self) -> str: ...

    @property
    def split(self) -> str: ...


@dataclass(frozen=True)
class Selection:
    """The usable images of a dataset.

    Args:
        rows: Indices into its items: train, then val, then test.
        strata: For each given split, the strata of its rows.
    """

    rows: np.ndarray
    strata: dict[str, np.ndarray]

    def split_rows(self) -> dict[str, np.ndarray]:
        """Indices into the items for train, search, calibration and test."""
        return {name: self.rows[index] for name, index in split_indices(self.strata).items()}

    def given_rows(self) -> dict[str, np.ndarray]:
        """Indices into the items for each given split."""
        lengths = np.cumsum([len(strata) for strata in self.strata.values()])
        return dict(zip(self.strata, np.split(self.rows, lengths[:-1]), strict=True))


def select(
    items: Sequence[Placed], splits: Sequence[str], strata: np.ndarray, digests: Sequence[bytes | None]
) -> Selection:
    """Leaves out unusable images (digest None) and all but one copy of each."""
    order = {"test": 0, "val": 1, "train": 2}
    seen: set[bytes] = set()
    kept: dict[str, list[int]] = {split: [] for split in splits}
    for row in sorted(range(len(items)), key=lambda row: (order[items[row].split], row)):
        digest = digests[row]
        if digest is not None and digest not in seen:
            seen.add(digest)
            kept[items[row].split].append(row)
    rows = {split: np.array(found, dtype=np.int64) for split, found in kept.items()}
    return Selection(np.concatenate(list(rows.values())), {split: strata[found] for split, found in rows.items()})


def rarest_class(amounts: np.ndarray) -> np.ndarray:
    """Strata for samples that hold several classes each: the rarest class of each sample.

    A class is as rare as the samples that hold it are few. Strata of fewer than 8 samples could not be spread over
    four splits and are merged with the largest.

    Args:
        amounts: Of each class in each sample, N × classes.

    Returns:
        int64, N: the class, or the number of classes for a sample that holds none.
    """
    if not amounts.shape[1]:
        return np.zeros(len(amounts), np.int64)
    present = amounts > 0
    frequency = present.sum(axis=0)
    rarity = np.where(present, frequency, len(amounts) + 1)
    strata = np.where(present.any(axis=1), rarity.argmin(axis=1), amounts.shape[1])
    sizes = np.bincount(strata, minlength=amounts.shape[1] + 1)
    return np.where(sizes[strata] < SMALLEST_STRATUM, sizes.argmax(), strata).astype(np.int64)
