"""Finds the label file of each image, and the image's split, by folders and names.

An image and its label have the same name up to the ending, in folders of which one has a part in the layout
(``images``, ``masks`` …) and the others are the same for both::

    train/images/a.jpg  train/masks/a.png     images/val/b/c.jpg  labels/val/b/c.txt

Splits are folders named like them, or Pascal VOC's lists of names in ``ImageSets``.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from engine.data.archive import FileError, Source, read_or_explain
from engine.data.images import ENDINGS
from engine.data.layout import SPLIT_FOLDERS
from engine.data.problems import Finding, Findings

IMAGE_FOLDERS = {"images", "image", "imgs", "img", "jpegimages"}
LABEL_FOLDERS = {"masks", "mask", "labels", "annotations", "segmentationclass"}
SPLIT_ORDER = ("train", "val", "test")


class Place(NamedTuple):
    """Where a file lies: its folders without the one that has a part in the layout, and its name without ending."""

    folders: tuple[str, ...]
    stem: str


@dataclass(frozen=True)
class Pair:
    """An image, its label file if there is one, and its split."""

    path: str
    label: str | None
    split: str


@dataclass(frozen=True)
class Pairs:
    """All images that belong to a dataset.

    Args:
        pairs: By split and path.
        splits: The given splits; ``("train",)`` for one pool.
        findings: Labels without an image, and names in lists without one.
        ignored: Images that belong to no split, or to one without any labels.
    """

    pairs: tuple[Pair, ...]
    splits: tuple[str, ...]
    findings: Findings
    ignored: tuple[str, ...]


def is_image(path: str) -> bool:
    return path.lower().endswith(ENDINGS)


def normal(name: str) -> str:
    """Names that look the same become the same, however a system writes accents."""
    return unicodedata.normalize("NFC", name)


def place(path: str) -> tuple[str | None, Place]:
    """Where a file lies, and the part its innermost folder of that kind has: "image", "label" or none."""
    pure = PurePosixPath(normal(path))
    folders = pure.parts[:-1]
    for i in range(len(folders) - 1, -1, -1):
        for part, names in (("image", IMAGE_FOLDERS), ("label", LABEL_FOLDERS)):
            if folders[i].lower() in names:
                return part, Place(folders[:i] + folders[i + 1 :], pure.stem)
    return None, Place(folders, pure.stem)


def split_of(folders: Iterable[str]) -> str | None:
    """The split that one of the folders is named like."""
    return next((SPLIT_FOLDERS[name.lower()] for name in folders if name.lower() in SPLIT_FOLDERS), None)


def given_splits(found: Iterable[str | None]) -> tuple[str, ...]:
    """Splits in order, where there are several and train is one of them; else one pool."""
    present = set(found)
    splits = tuple(split for split in SPLIT_ORDER if split in present)
    return splits if len(splits) > 1 and "train" in splits else ("train",)


def pair_files(source: Source, images: Sequence[str], labels: Sequence[str], list_folder: str | None = None) -> Pairs:
    """Pairs images and label files.

    Args:
        source: Gives the lists of names.
        images: Paths of all images.
        labels: Paths of all label files.
        list_folder: The folder of ``ImageSets`` whose lists say which image is in which split, if they are there.
    """
    at = {place(path)[1]: path for path in sorted(labels, reverse=True)}
    where = {path: place(path)[1] for path in sorted(images)}
    findings = Findings()
    lists = _lists(source, list_folder, findings) if list_folder else {}
    orphans: list[str] = []  # what no list names is left aside on purpose
    found: list[tuple[str, str | None]]
    if lists:
        found = _listed(where, lists, findings)
    else:
        found = [(path, split_of(spot.folders)) for path, spot in where.items()]
        images_at = set(where.values())
        orphans = [path for spot, path in at.items() if spot not in images_at]
    # A test split is often given without labels; then there is none.
    labelled = {split for path, split in found if where[path] in at} or {split for _, split in found}
    splits = given_splits(labelled)
    if len(splits) == 1:
        chosen = [(path, "train") for path, split in found if split in labelled]
    else:
        chosen = [(path, split) for path, split in found if split in splits and split]
    for path in orphans:
        findings.add(Finding("missing_image", path, "there is no image of this name"))
    pairs = sorted((Pair(path, at.get(where[path]), split) for path, split in dict.fromkeys(chosen)), key=_by_split)
    used = {pair.path for pair in pairs}
    ignored = tuple(path for path in where if path not in used)
    return Pairs(tuple(pairs), splits, findings, ignored)


def read_lines(source: Source, path: str) -> list[str]:
    """The lines of a text file, without the blanks around them and without empty ones.

    Raises:
        FileError: It can't be read.
    """
    text = read_or_explain(source, path).decode("utf-8-sig", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _by_split(pair: Pair) -> tuple[int, str]:
    return SPLIT_ORDER.index(pair.split), pair.path


def _lists(source: Source, folder: str, findings: Findings) -> dict[str, dict[str, str]]:
    """For each split with a list, the names in it and the list's path; ``trainval`` stands in for train."""
    pattern = re.compile(rf"(?:.*/)?imagesets/{folder}/(train|val|test|trainval)\.txt", re.IGNORECASE)
    lists: dict[str, dict[str, str]] = {}
    for path in source.files():
        if match := pattern.fullmatch(path):
            try:
                names = dict.fromkeys(map(normal, read_lines(source, path)), path)
            except FileError as error:
                findings.add(Finding("unreadable_annotations", path, str(error)))
                continue
            if names:
                lists.setdefault(match.group(1).lower(), {}).update(names)
    both = lists.pop("trainval", None)
    if both and "train" not in lists:
        lists["train"] = {name: path for name, path in both.items() if name not in lists.get("val", {})}
    return lists


def _listed(
    where: dict[str, Place], lists: dict[str, dict[str, str]], findings: Findings
) -> list[tuple[str, str | None]]:
    by_name: dict[str, list[str]] = {}
    for path, spot in where.items():
        by_name.setdefault(spot.stem, []).append(path)
    found: list[tuple[str, str | None]] = []
    for split, lines in lists.items():
        for line, path in lines.items():
            # Some lists have a second column; the name comes first in all.
            name = line if line in by_name else line.split()[0]
            if name not in by_name:
                findings.add(Finding("missing_image", name, f"{path} names it, and there is no such image"))
            found += [(image, split) for image in by_name.get(name, [])]
    return found


def in_folder(path: str, name: str) -> bool:
    """Whether a folder of this name, at any case, is above a file."""
    return name in (part.lower() for part in PurePosixPath(path).parts[:-1])
