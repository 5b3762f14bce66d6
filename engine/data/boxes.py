"""Object detection: boxes of classes in each image, from any kind of annotation file.

Readers of single formats turn files into ``BoxItem``; here boxes are placed in the image as displayed, checked, and
scaled along with it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.data.archive import Source
from engine.data.dataset import NO_BOX
from engine.data.dense import Dense
from engine.data.images import Header
from engine.data.problems import Finding, Findings, Unusable
from engine.data.sizes import Size
from engine.errors import RequestError

MOST_CLASSES = 2000
MOST_BOXES = 1000  # in an image; each takes 20 bytes in every row of the labels
THINNEST = 0.01  # pixels
UNNOTICED = 0.5  # pixels beyond the edge that rounding in annotation tools explains
LARGEST_COORDINATE = 1e9


@dataclass(frozen=True)
class BoxItem:
    """An image and its boxes as a file gives them.

    Args:
        path: The image.
        split: As ``engine.data.selection.Placed``.
        label: The annotation file, for messages.
        boxes: float64, K×5: class, x1, y1, x2, y2.
        frame: Width and height of the image that the boxes are for, where the file says.
        shares: Coordinates are shares of the image's width and height, not pixels.
        fault: Why the annotation can't be used, if so.
    """

    path: str
    split: str
    label: str
    boxes: np.ndarray
    frame: tuple[float, float] | None = None
    shares: bool = False
    fault: Finding | None = None


@dataclass(frozen=True)
class BoxLayout:
    """What a reader of one format found.

    Args:
        layout: What the health report calls the format.
        class_names: In the order of the classes.
        items: By split and path.
        splits: The given splits; ``("train",)`` for one pool.
        ignored: Images that belong to no split.
        findings: What was wrong with the annotation files.
    """

    layout: str
    class_names: tuple[str, ...]
    items: tuple[BoxItem, ...]
    splits: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)


class Boxes(Dense):
    """The labels of a dataset of images and boxes; see ``engine.data.annotations``.

    Raises:
        RequestError: It has too many classes.
    """

    task: ClassVar[str] = "detection"
    counts: ClassVar[str | None] = "boxes"

    def __init__(self, found: BoxLayout) -> None:
        if len(found.class_names) > MOST_CLASSES:
            raise RequestError(
                "bad_dataset",
                f"The dataset names {len(found.class_names):,} classes; at most {MOST_CLASSES:,} are accepted.",
                "dataset.path",
            )
        self.layout = found.layout
        self.class_names = found.class_names
        self.items = found.items
        self.splits = found.splits
        self.ignored = found.ignored
        self.findings = found.findings
        self._amounts = np.zeros((len(self.items), len(self.class_names)), np.uint16)

    def examine(self, source: Source, row: int, header: Header) -> np.ndarray:
        """Boxes within the image as displayed, in shares of its width and height; float64, K×5."""
        item = self.items[row]
        if item.fault is not None:
            raise Unusable(item.fault)
        boxes = self._inside(item, _place(item, header), header)
        if len(boxes) > MOST_BOXES:
            reason = f"{_name(item)} has {len(boxes):,} boxes; at most {MOST_BOXES:,} are accepted"
            raise Unusable(Finding("too_many_boxes", item.label, reason))
        self._amounts[row] = np.bincount(boxes[:, 0].astype(np.int64), minlength=len(self.class_names))
        return boxes / np.array([1, header.width, header.height, header.width, header.height])

    def finish(self) -> None:
        pass

    def amounts(self) -> np.ndarray:
        return self._amounts

    def shelf(self, scratch: Path, size: Size) -> "BoxShelf":
        return BoxShelf(len(self.items), size)

    def _inside(self, item: BoxItem, boxes: np.ndarray, header: Header) -> np.ndarray:
        """Boxes cut off at the image's edges; without those that have no area, or none in the image."""
        limits = np.array([header.width, header.height] * 2, np.float64)
        spans = boxes[:, 3:] - boxes[:, 1:3]
        inner = np.clip(boxes[:, 1:], 0, limits)
        degenerate = (spans < THINNEST).any(axis=1)
        outside = ~degenerate & (inner[:, 2:] - inner[:, :2] < THINNEST).any(axis=1)
        kept = ~degenerate & ~outside
        clipped = kept & (np.abs(inner - boxes[:, 1:]) > UNNOTICED).any(axis=1)
        for code, which in (("degenerate_boxes", degenerate), ("outside_boxes", outside), ("clipped_boxes", clipped)):
            for box in boxes[which]:
                x1, y1, x2, y2 = box[1:]
                where = f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}"
                reason = f"{where} in {_name(item)} of {header.width}×{header.height} pixels"
                self.findings.add(Finding(code, item.label, reason))
        return np.column_stack([boxes[kept, 0], inner[kept]])


class BoxShelf:
    """Boxes in pixels of the common size."""

    def __init__(self, count: int, size: Size) -> None:
        height, width = size
        self._scale = np.array([1, width, height, width, height])
        self._boxes: list[np.ndarray] = [np.empty((0, 5), np.float32)] * count

    def put(self, row: int, label: np.ndarray) -> None:
        self._boxes[row] = (label * self._scale).astype(np.float32)

    def take(self, rows: np.ndarray) -> np.ndarray:
        most = max(1, max(map(len, self._boxes)))
        taken = np.zeros((len(rows), most, 5), np.float32)
        taken[:, :, 0] = NO_BOX
        for target, row in zip(taken, rows, strict=True):
            target[: len(self._boxes[row])] = self._boxes[row]
        return taken


def number(value: Any) -> float | None:
    """A finite coordinate; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) <= LARGEST_COORDINATE else None


def as_rows(rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Boxes as float64, K×5, also when there are none."""
    return np.array(rows, np.float64).reshape(-1, 5)


def _place(item: BoxItem, header: Header) -> np.ndarray:
    """Boxes in pixels of the image as displayed.

    Boxes are for the image as displayed. Where a file gives the size of the pixels as they are stored, before EXIF's
    rotation, they were drawn on those and are rotated along.
    """
    boxes = item.boxes
    displayed = (header.width, header.height)
    if item.shares:
        return boxes * np.array([1, *displayed, *displayed])
    if item.frame is None or item.frame == displayed:
        return boxes
    if header.orientation >= 5 and item.frame == displayed[::-1]:
        return _upright(boxes, header)
    width, height = item.frame
    reason = f"{_name(item)} has {header.width}×{header.height} pixels, and the boxes are for {width:g}×{height:g}"
    raise Unusable(Finding("size_mismatch", item.label, reason))


def _upright(boxes: np.ndarray, header: Header) -> np.ndarray:
    """Boxes of the stored pixels in the image as displayed, for the orientations that swap width and height."""
    classes, x1, y1, x2, y2 = boxes.T
    if header.orientation in (6, 7):
        y1, y2 = header.width - y2, header.width - y1
    if header.orientation in (7, 8):
        x1, x2 = header.height - x2, header.height - x1
    return np.stack([classes, y1, x1, y2, x2], axis=1)


def _name(item: BoxItem) -> str:
    return item.path.rpartition("/")[2]
