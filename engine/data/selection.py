"""Which images of a dataset are used, and what stands in the way of using it.

An image that occurs more than once is used once, else the same picture would be trained on and tested on.
Copies in different given splits stay where they are scarcest: in test, then val, then train.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.data.layout import Layout
from engine.data.splits import images_needed, split_indices

LISTED_FILES = 20


@dataclass(frozen=True)
class Problem:
    """Something that a user should know: an ``error`` stops the dataset from being used."""

    code: str
    severity: str
    message: str
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Selection:
    """The usable images of a layout.

    Args:
        rows: Indices into ``layout.items``: train, then val, then test.
        labels: For each given split, the labels of its rows.
    """

    rows: np.ndarray
    labels: dict[str, np.ndarray]

    def split_rows(self) -> dict[str, np.ndarray]:
        """Indices into ``layout.items`` for train, search, calibration and test."""
        return {name: self.rows[index] for name, index in split_indices(self.labels).items()}


def select(layout: Layout, digests: Sequence[bytes | None]) -> Selection:
    """Leaves out unreadable images (digest None) and all but one copy of each."""
    order = {"test": 0, "val": 1, "train": 2}
    seen: set[bytes] = set()
    kept: dict[str, list[int]] = {split: [] for split in layout.splits}
    by_split = sorted(range(len(layout.items)), key=lambda row: (order[layout.items[row].split], row))
    for row in by_split:
        digest = digests[row]
        if digest is not None and digest not in seen:
            seen.add(digest)
            kept[layout.items[row].split].append(row)
    labels = {
        split: np.array([layout.items[row].label for row in rows], dtype=np.int64) for split, rows in kept.items()
    }
    rows = np.concatenate([np.array(kept[split], dtype=np.int64) for split in layout.splits])
    return Selection(rows, labels)


def blocking_problems(layout: Layout, selection: Selection) -> list[Problem]:
    """Errors: too few classes, or classes with too few usable images for four splits."""
    problems = []
    if len(layout.class_names) == 1:
        problems.append(
            Problem(
                "single_class",
                "error",
                f"There is only one class, {layout.class_names[0]!r}; classification needs two or more, "
                "each in a folder of its own.",
            )
        )
    needed = images_needed(layout.splits)
    for split, labels in selection.labels.items():
        if split == "test":
            continue  # a class without test images is a warning: accuracy can still be measured
        counts = np.bincount(labels, minlength=len(layout.class_names))
        for label in np.flatnonzero(counts < needed[split]):
            where = f" in {split}" if layout.splits_given else ""
            folder = _folder(layout, split, int(label))
            problems.append(
                Problem(
                    "class_too_small",
                    "error",
                    f"Folder {folder!r} has {counts[label]} usable images{where}; it needs at least "
                    f"{needed[split]}, so that training, search, calibration and test each get some.",
                    [folder],
                )
            )
    return problems


def _folder(layout: Layout, split: str, label: int) -> str:
    """The folder of a class, as in the dataset; for a split that lacks it, what it would be called."""
    name = layout.class_names[label]
    for item in layout.items:
        if item.label == label and item.split == split:
            pieces = item.path.split("/")
            return "/".join(pieces[: pieces.index(name) + 1]) if name in pieces else "/".join(pieces[:-1])
    return f"{split}/{name}" if layout.splits_given else name
