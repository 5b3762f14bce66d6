"""Image classification data with one folder a class: the label of an image is its folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.data.archive import Source
from engine.data.images import Header
from engine.data.layout import Layout
from engine.data.problems import Findings, Problem
from engine.data.selection import Selection
from engine.data.sizes import Size, square_size
from engine.data.splits import images_needed


class ClassFolders:
    """The labels of a layout; see ``engine.data.annotations``."""

    task: ClassVar[str] = "classification"
    counts: ClassVar[str | None] = None
    whole: ClassVar[bool] = False
    layout = "class_folders"

    def __init__(self, layout: Layout) -> None:
        self.found = layout
        self.items = layout.items
        self.splits = layout.splits
        self.ignored = layout.ignored
        self.class_names = layout.class_names
        self.findings = Findings()
        self.labels = np.array([item.label for item in layout.items], dtype=np.int64)

    def common_size(self, headers: Sequence[Header]) -> Size:
        return square_size(headers)

    def examine(self, source: Source, row: int, header: Header) -> int:
        return self.items[row].label

    def finish(self) -> None:
        pass

    def images_of(self, rows: np.ndarray) -> np.ndarray:
        return np.bincount(self.labels[rows], minlength=len(self.class_names))

    amounts_of = images_of

    def strata(self) -> np.ndarray:
        return self.labels

    def shelf(self, scratch: Path, size: Size) -> "Folders":
        return Folders(self.labels)

    def blocking_problems(self, selection: Selection) -> list[Problem]:
        """Errors: too few classes, or classes with too few usable images for four splits."""
        problems = []
        if len(self.class_names) == 1:
            problems.append(
                Problem(
                    "single_class",
                    "error",
                    f"There is only one class, {self.class_names[0]!r}; classification needs two or more, "
                    "each in a folder of its own.",
                )
            )
        needed = images_needed(self.splits)
        for split, labels in selection.strata.items():
            if split == "test":
                continue  # a class without test images is a warning: accuracy can still be measured
            counts = np.bincount(labels, minlength=len(self.class_names))
            for label in np.flatnonzero(counts < needed[split]):
                where = f" in {split}" if self.found.splits_given else ""
                folder = self._folder(split, int(label))
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

    def _folder(self, split: str, label: int) -> str:
        """The folder of a class, as in the dataset; for a split that lacks it, what it would be called."""
        name = self.class_names[label]
        for item in self.items:
            if item.label == label and item.split == split:
                pieces = item.path.split("/")
                return "/".join(pieces[: pieces.index(name) + 1]) if name in pieces else "/".join(pieces[:-1])
        return f"{split}/{name}" if self.found.splits_given else name


class Folders:
    """The shelf of labels that were known from the start."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels

    def put(self, row: int, label: int) -> None:
        pass

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.labels[rows]
