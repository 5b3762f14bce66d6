"""Semantic segmentation: an image of classes beside each image.

Accepted, with or without folders for splits, at any case, and inside any number of wrapping folders::

    images/a.jpg      masks/a.png                    also labels/, annotations/, SegmentationClass/
    JPEGImages/a.jpg  SegmentationClass/a.png        Pascal VOC, with ImageSets/Segmentation/train.txt and so on

A mask holds the number of each pixel's class: as grey values or palette indices, as 0 and 255 for two classes, or
as colours that a ``class_dict.csv`` explains. 255 means that a pixel counts for nothing, and so does the number
after the last one that ``classes.txt`` names.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from engine.data.archive import FileError, Source, read_or_explain
from engine.data.class_lists import IGNORED_NAMES, ClassColours, read_class_colours, read_class_names
from engine.data.dataset import IGNORE
from engine.data.dense import Dense
from engine.data.images import Header
from engine.data.mask_files import WrongSize, decode_mask
from engine.data.pairing import Pairs, in_folder, is_image, pair_files, place
from engine.data.problems import Finding, Problem, Unusable
from engine.data.selection import Selection
from engine.data.sizes import Size
from engine.errors import RequestError

MOST_CLASSES = 254  # in a byte, beside the class to ignore and a value for unknown colours
TWO_NAMES = ("background", "foreground")


def find_masks(source: Source) -> "Masks | None":
    """The masks of a dataset; None when no image has one.

    Raises:
        RequestError: Its list of classes can't be used.
    """
    parts = {path: place(path)[0] for path in source.files() if is_image(path)}
    masks = [path for path, part in parts.items() if part == "label"]
    images = [path for path, part in parts.items() if part == "image"]
    if {place(path)[1] for path in images}.isdisjoint(place(path)[1] for path in masks):
        return None
    colours = read_class_colours(source)
    names = read_class_names(source)
    if len(colours.names if colours else names or ()) > MOST_CLASSES:
        raise RequestError("bad_dataset", f"Masks can hold at most {MOST_CLASSES} classes; name fewer.", "dataset.path")
    voc = any(in_folder(path, "segmentationclass") for path in masks)
    pairs = pair_files(source, images, masks, "segmentation" if voc else None)
    return Masks("voc_masks" if voc else "masks", pairs, names, colours)


@dataclass(frozen=True)
class Meaning:
    """What the values in masks stand for.

    Args:
        class_names: In the order of the classes.
        table: For each value from 0 to 255 the class, or ``IGNORE``.
        unknown: Values that are neither a class nor to be ignored.
    """

    class_names: tuple[str, ...]
    table: np.ndarray
    unknown: frozenset[int]


class Masks(Dense):
    """The labels of a dataset of images and masks; see ``engine.data.annotations``.

    Args:
        layout: ``"masks"`` or ``"voc_masks"``.
        pairs: The images, each with its mask.
        names: Of the classes, where a file says.
        colours: Of the classes, where a file says; then its names count.
    """

    task: ClassVar[str] = "segmentation"
    counts: ClassVar[str | None] = "pixels"

    def __init__(self, layout: str, pairs: Pairs, names: tuple[str, ...] | None, colours: ClassColours | None) -> None:
        self.layout = layout
        self.items = pairs.pairs
        self.splits = pairs.splits
        self.ignored = pairs.ignored
        self.findings = pairs.findings
        self.class_names: tuple[str, ...] = ()
        self._names = names
        self._colours = colours
        self._pixels = np.zeros((len(self.items), 256), np.uint32)  # of each value in each mask

    def examine(self, source: Source, row: int, header: Header) -> np.ndarray:
        item = self.items[row]
        if item.label is None:
            raise Unusable(Finding("missing_mask", item.path, "there is no mask of this name"))
        try:
            mask = decode_mask(read_or_explain(source, item.label), header, self._colours)
        except WrongSize as error:
            raise Unusable(Finding("size_mismatch", item.label, str(error))) from error
        except FileError as error:
            raise Unusable(Finding("unreadable_annotations", item.label, str(error))) from error
        self._pixels[row] = np.bincount(mask.ravel(), minlength=256)
        return mask

    def finish(self) -> None:
        self._meaning = meaning = self._find_meaning()
        self.class_names = meaning.class_names
        self._amounts = np.zeros((len(self.items), len(meaning.class_names)), np.uint32)
        for value in np.flatnonzero(meaning.table != IGNORE).tolist():
            self._amounts[:, meaning.table[value]] += self._pixels[:, value]
        for value in sorted(meaning.unknown):
            what = f"the value {value}"
            if self._colours and value == len(self._colours.names):
                what = f"colours that {self._colours.path} doesn't list"
            for row in np.flatnonzero(self._pixels[:, value]):
                label = self.items[row].label or ""
                self.findings.add(Finding("unknown_label", label, f"it holds {what}, which is no class"))

    def amounts(self) -> np.ndarray:
        return self._amounts

    def ignored_pixels(self, rows: np.ndarray) -> int:
        """Pixels in the masks of these samples that count for nothing."""
        return int(self._pixels[rows][:, self._meaning.table == IGNORE].sum(dtype=np.int64))

    @property
    def table(self) -> np.ndarray:
        """For each value in a mask's file the class, uint8, 256."""
        return self._meaning.table

    def _find_meaning(self) -> Meaning:
        seen = set(np.flatnonzero(self._pixels.any(axis=0)).tolist())
        table = np.full(256, IGNORE, np.uint8)
        if self._colours:
            names = tuple(name for name in self._colours.names if name.lower() not in IGNORED_NAMES)
            ignored = {IGNORE}
            for value, name in enumerate(self._colours.names):
                if name in names:
                    table[value] = names.index(name)
                else:
                    ignored.add(value)
        elif IGNORE in seen <= {0, IGNORE} and len(self._names or TWO_NAMES) <= 2:
            names = self._names or TWO_NAMES
            names = (TWO_NAMES[0], *names) if len(names) == 1 else names
            ignored = set()
            table[[0, IGNORE]] = 0, 1
        else:
            names = self._names or _numbered(max(seen - {IGNORE}, default=-1) + 1)
            ignored = {IGNORE, len(names)} if self._names else {IGNORE}
            table[: len(names)] = np.arange(len(names))
        classes = set(np.flatnonzero(table != IGNORE).tolist())
        return Meaning(names, table, frozenset(seen - classes - ignored))

    def blocking_problems(self, selection: Selection) -> list[Problem]:
        problems = super().blocking_problems(selection)
        if not problems and len(self.class_names) == 1:
            problems.append(
                Problem(
                    "single_class",
                    "error",
                    f"There is only one class, {self.class_names[0]!r}; segmentation needs two or more in its masks.",
                )
            )
        return problems

    def shelf(self, scratch: Path, size: Size) -> "MaskShelf":
        return MaskShelf(self, scratch, size)


class MaskShelf:
    """Masks at the common size, with the values of their files until all of them are known."""

    def __init__(self, masks: Masks, scratch: Path, size: Size) -> None:
        self._masks = masks
        self._size = size
        shape = (len(masks.items), *size)
        self._pool = np.lib.format.open_memmap(scratch / "masks.npy", "w+", np.uint8, shape)

    def put(self, row: int, label: np.ndarray) -> None:
        height, width = self._size
        self._pool[row] = np.asarray(Image.fromarray(label).resize((width, height), Image.Resampling.NEAREST))

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self._masks.table[self._pool[rows]]


def _numbered(count: int) -> tuple[str, ...]:
    return TWO_NAMES if count == 2 else tuple(str(i) for i in range(count))
