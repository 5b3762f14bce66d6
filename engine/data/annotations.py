"""What a reader of one kind of dataset offers: its samples, and their labels one at a time.

Decoding, caching and the health report are the same for every kind; only this differs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from engine.data.archive import Source
from engine.data.images import Header
from engine.data.problems import Findings, Problem
from engine.data.selection import Placed, Selection
from engine.data.sizes import Size


class Shelf(Protocol):
    """Labels on their way from single files to the arrays of the splits."""

    def put(self, row: int, label: Any) -> None:
        """Keeps a sample's label, brought to the dataset's image size."""
        ...

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Labels of these rows as ``Split.labels`` has them; called when all have been put."""
        ...


class Annotations(Protocol):
    """The samples of a dataset and their labels.

    Attributes:
        task: As ``Dataset.task``.
        layout: What the health report calls this layout.
        counts: What ``amounts_of`` counts, as the health report calls it; None when that is images.
        whole: Images are stretched to the common size, not cut.
        items: The samples, each with the path of its image and its given split.
        splits: The given splits; ``("train",)`` for one pool.
        ignored: Files that will not be used.
        findings: What was wrong with single files; callers add why they left out samples.
        class_names: As ``Dataset.class_names``, once finished.
    """

    task: ClassVar[str]
    layout: str
    counts: ClassVar[str | None]
    whole: ClassVar[bool]
    splits: tuple[str, ...]
    findings: Findings
    class_names: tuple[str, ...]

    @property
    def items(self) -> Sequence[Placed]: ...

    @property
    def ignored(self) -> Sequence[str]: ...

    def common_size(self, headers: Sequence[Header]) -> Size:
        """H, W for all images where none is asked for."""
        ...

    def examine(self, source: Source, row: int, header: Header) -> Any:
        """Reads the label of one sample, for the image as displayed, and counts what it holds.

        Raises:
            Unusable: The sample has to be left out.
        """
        ...

    def finish(self) -> None:
        """Called once every sample was examined, and before anything below."""
        ...

    def images_of(self, rows: np.ndarray) -> np.ndarray:
        """How many of these samples hold each class; int64."""
        ...

    def amounts_of(self, rows: np.ndarray) -> np.ndarray:
        """How much of each class these samples hold, in what ``counts`` names; int64."""
        ...

    def strata(self) -> np.ndarray:
        """A number for each sample, int64, N, of which each split gets its share."""
        ...

    def blocking_problems(self, selection: Selection) -> list[Problem]:
        """What stops the dataset from being used."""
        ...

    def shelf(self, scratch: Path, size: Size) -> Shelf:
        """Where the labels of a load are kept; files may be written below ``scratch``."""
        ...
