"""Recognises one folder a class in a list of paths, with or without train, val and test folders above.

Accepted, at any case of endings and split names, and inside any number of wrapping folders::

    cat/1.jpg  dog/2.png              one pool, cut into splits later
    train/cat/1.jpg  test/cat/2.jpg   given splits; val too, also called valid, validation or dev
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.data.images import ENDINGS
from engine.errors import RequestError

SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
OTHER_TASKS = {"masks", "annotations", "labels", "jpegimages", "segmentationclass"}


@dataclass(frozen=True)
class Item:
    """One image file: its path in the source, its given split (train when there is one pool), its class."""

    path: str
    split: str
    label: int


@dataclass(frozen=True)
class Layout:
    """The images of a dataset with one folder a class."""

    class_names: tuple[str, ...]
    items: tuple[Item, ...]
    splits: tuple[str, ...]
    ignored: tuple[str, ...]  # files that are no images, or lie outside any class folder

    @property
    def splits_given(self) -> bool:
        return len(self.splits) > 1


def recognise(paths: Sequence[str]) -> Layout:
    """Finds splits and classes.

    Raises:
        RequestError: There are no images, or they don't lie in class folders.
    """
    images = [path for path in paths if path.lower().endswith(ENDINGS)]
    if not images:
        raise RequestError(
            "bad_dataset",
            "The dataset holds no images; put the images of each class into a folder of its own, or beside their "
            f"masks or boxes ({', '.join(ENDINGS[:6])} and so on).",
            "dataset.path",
        )
    parts = {path: path.split("/") for path in images}
    base = _wrapping_folders(list(parts.values()))
    heads = {p[base].lower() for p in parts.values() if len(p) > base + 1}
    given = {SPLIT_FOLDERS[head] for head in heads if head in SPLIT_FOLDERS}
    with_splits = "train" in given and len(given) > 1
    position = base + 1 if with_splits else base

    placed: dict[str, tuple[str, str]] = {}
    for path, pieces in parts.items():
        split = SPLIT_FOLDERS.get(pieces[base].lower()) if with_splits else "train"
        if split is not None and len(pieces) > position + 1:
            placed[path] = (split, unicodedata.normalize("NFC", pieces[position]))
    if not placed:
        raise RequestError(
            "bad_dataset",
            "The images don't lie in class folders, and there are no masks or boxes for them; put the images of "
            "each class into a folder of its own, named like the class, or add masks (images/ and masks/), a COCO "
            "json, Pascal VOC's Annotations/ or YOLO's labels/.",
            "dataset.path",
        )
    names = tuple(sorted({name for _, name in placed.values()}))
    if {name.lower() for name in names} & OTHER_TASKS:
        raise RequestError(
            "bad_dataset",
            f"The folders {', '.join(names[:4])} look like a dataset for segmentation or detection, but no image has "
            "a mask of its name (images/a.jpg and masks/a.png), and there is no COCO json, no Pascal VOC xml "
            "(Annotations/a.xml) and no YOLO text (labels/a.txt); image classification needs a folder for each class.",
            "dataset.path",
        )
    label = {name: index for index, name in enumerate(names)}
    items = tuple(Item(path, split, label[name]) for path, (split, name) in sorted(placed.items()))
    splits = tuple(split for split in ("train", "val", "test") if with_splits and split in given)
    ignored = tuple(path for path in paths if path not in placed)
    return Layout(names, items, splits or ("train",), ignored)


def _wrapping_folders(paths: list[list[str]]) -> int:
    """How many folders hold everything and are themselves neither class nor split."""
    depth = 0
    while len({p[depth] for p in paths}) == 1 and all(len(p) > depth + 2 for p in paths):
        depth += 1
    return depth
