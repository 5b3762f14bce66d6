"""COCO's boxes: a json file for all images, or one for each split.

Accepted, inside any number of wrapping folders: ``annotations/instances_train2017.json`` and the like, any json in
``annotations/``, ``instances_*.json`` and ``*_annotations.coco.json`` beside the images, and files that are called
``annotations.json``, ``coco.json`` or like a split. The images may lie anywhere; names in the json that say more than
the file's name are matched from their end.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from engine.data.archive import FileError, Source, read_or_explain
from engine.data.boxes import Boxes, BoxItem, BoxLayout, as_rows, number
from engine.data.layout import SPLIT_FOLDERS
from engine.data.pairing import SPLIT_ORDER, given_splits, in_folder, is_image, normal, split_of
from engine.data.problems import Finding, Findings
from engine.errors import RequestError

LISTS = ("images", "annotations", "categories")
COMMON_NAMES = {"annotations", "_annotations", "coco", *SPLIT_FOLDERS}
MOST_BYTES = 128 * 2**20
LONGEST_NAME = 200


def find_coco(source: Source) -> Boxes | None:
    """The boxes of a dataset with COCO's json; None when it holds no such file.

    Raises:
        RequestError: The json can't be read, or names no class or none of the images.
    """
    images = [path for path in source.files() if is_image(path)]
    findings = Findings()
    files = _read_all(source, findings) if images else []
    if not files:
        return None
    # A test split is often given without boxes; then there is none.
    files = [file for file in files if any(image.boxes for image in file.images.values())] or files
    names = tuple(dict.fromkeys(name for file in files for name in file.categories.values()))
    if not names:
        raise _unusable(files[0].path, "it holds no categories; each needs an id and a name")
    splits = given_splits(file.split for file in files)
    library = _Library(images)
    items: dict[tuple[str, str], BoxItem] = {}
    for file in files:
        split = (file.split or "train") if len(splits) > 1 else "train"
        for image in file.images.values():
            path = library.find(image.name, file)
            if path is None:
                reason = f"{file.path} names it, and there is no such image"
                findings.add(Finding("missing_image", image.name[:LONGEST_NAME], reason))
                continue
            rows = [[names.index(name), *corners] for name, corners in image.boxes]
            item = BoxItem(path, split, file.path, as_rows(rows), image.frame)
            known = items.get((path, split))
            items[path, split] = _joined(known, item) if known else item
    if not items:
        raise _unusable(files[0].path, "none of the images that it names is there")
    used = {path for path, _ in items}
    ordered = sorted(items.values(), key=lambda item: (SPLIT_ORDER.index(item.split), item.path))
    ignored = tuple(path for path in images if path not in used)
    return Boxes(BoxLayout("coco", names, tuple(ordered), splits, ignored, findings))


@dataclass
class _Image:
    """An image that a json names, with its named boxes."""

    name: str
    frame: tuple[float, float] | None
    boxes: list[tuple[str, list[float]]] = field(default_factory=list)


@dataclass
class _File:
    """One json file, checked: categories and images by id."""

    path: str
    split: str | None
    findings: Findings
    categories: dict[Any, str] = field(default_factory=dict)
    images: dict[Any, _Image] = field(default_factory=dict)

    def note(self, code: str, reason: str) -> None:
        self.findings.add(Finding(code, self.path, reason))


class _Library:
    """Finds images by the end of their path."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for path in sorted(paths):
            self._by_name.setdefault(normal(PurePosixPath(path).name), []).append(path)

    def find(self, name: str, file: _File) -> str | None:
        """The image; of several that fit, one beside the json or in a folder of its split."""
        tail = "/" + normal(name).replace("\\", "/").lstrip("./")
        fitting = [path for path in self._by_name.get(tail.rpartition("/")[2], []) if normal("/" + path).endswith(tail)]
        beside = file.path.rpartition("/")[0]

        def order(path: str) -> tuple[bool, bool, str]:
            folder = path.rpartition("/")[0]
            return folder != beside, _split(folder.split("/")) != file.split, path

        return min(fitting, key=order, default=None)


def _annotates(path: str) -> bool:
    """Whether a json is called like annotations or lies among them; elsewhere it may be anything."""
    name = PurePosixPath(path).stem.lower()
    called = name.startswith("instances") or name.endswith("annotations.coco") or name in COMMON_NAMES
    return called or in_folder(path, "annotations")


def _is_common_name(path: str) -> bool:
    """Whether a json may well be something else, in spite of its name."""
    return PurePosixPath(path).stem.lower() in COMMON_NAMES and not in_folder(path, "annotations")


def _split(names: Iterable[str]) -> str | None:
    """The split that a name or a word of it stands for: ``train2017``, ``instances_val``."""
    return split_of(word for name in names for word in re.split(r"[^a-z]+", name.lower()))


def _read_all(source: Source, findings: Findings) -> list[_File]:
    """All json files of COCO's form, train first.

    Raises:
        RequestError: There are files where only annotations should lie, and none has the form.
    """
    paths = [path for path in source.files() if path.lower().endswith(".json") and _annotates(path)]
    paths = [path for path in paths if PurePosixPath(path).name.lower().startswith("instances")] or paths
    files, faults = [], []
    for path in sorted(paths):
        try:
            files.append(_read(source, path, findings))
        except FileError as error:
            faults.append(Finding("unreadable_annotations", path, str(error)))
    certain = [fault for fault in faults if not _is_common_name(fault.path)]
    if certain and not files:
        raise _unusable(certain[0].path, certain[0].reason)
    for fault in faults:
        findings.add(fault)
    return sorted(files, key=lambda file: SPLIT_ORDER.index(file.split or "train"))


def _read(source: Source, path: str, findings: Findings) -> _File:
    pure = PurePosixPath(path)
    if source.size(path) > MOST_BYTES:
        raise FileError(f"it is larger than {MOST_BYTES // 2**20} MiB")
    try:
        content = json.loads(read_or_explain(source, path))
    except FileError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise FileError(f"it is no json that can be read ({error})") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in LISTS):
        raise FileError(f"COCO's json has lists called {', '.join(LISTS)}")
    file = _File(path, _split([pure.stem]) or _split(reversed(pure.parts[:-1])), findings)
    _read_categories(file, content["categories"])
    _read_images(file, content["images"])
    for row in content["annotations"]:
        _read_box(file, row)
    return file


def _read_categories(file: _File, rows: list[Any]) -> None:
    found = {}
    for row in rows:
        key, name = (row.get("id"), row.get("name")) if isinstance(row, dict) else (None, None)
        if not _is_id(key) or not isinstance(name, str) or not name.strip():
            file.note("unreadable_annotations", "a category lacks an id or a name")
        else:
            found[key] = name.strip()[:LONGEST_NAME]
    file.categories = dict(sorted(found.items(), key=lambda pair: (isinstance(pair[0], str), pair[0])))


def _read_images(file: _File, rows: list[Any]) -> None:
    for row in rows:
        key, name = (row.get("id"), row.get("file_name")) if isinstance(row, dict) else (None, None)
        if not _is_id(key) or not isinstance(name, str) or not name.strip("./\\"):
            file.note("unreadable_annotations", "an image lacks an id or a file_name")
            continue
        width, height = number(row.get("width")), number(row.get("height"))
        file.images[key] = _Image(name, (width, height) if width and height else None)


def _read_box(file: _File, row: Any) -> None:
    if not isinstance(row, dict):
        file.note("unreadable_boxes", "an annotation is no object with image_id, category_id and bbox")
        return
    key, category = row.get("image_id"), row.get("category_id")
    image = file.images.get(key) if _is_id(key) else None
    if image is None:
        file.note("unreadable_boxes", f"an annotation is for the image {_short(key)}, which isn't listed")
        return
    if row.get("iscrowd") not in (None, 0, False):
        file.note("crowd_boxes", f"a crowd in {image.name}")
        return
    name = file.categories.get(category) if _is_id(category) else None
    if name is None:
        file.note("unknown_class", f"a box in {image.name} is of the category {_short(category)}, which isn't listed")
        return
    bbox = row.get("bbox")
    values = [number(value) for value in bbox] if isinstance(bbox, list) and len(bbox) == 4 else [None]
    finite = [value for value in values if value is not None]
    if len(finite) != 4:
        file.note("unreadable_boxes", f"the bbox of a box in {image.name} is not four finite numbers")
        return
    x, y, width, height = finite
    image.boxes.append((name, [x, y, x + width, y + height]))


def _joined(first: BoxItem, second: BoxItem) -> BoxItem:
    """One item of two that are for the same image, such as those of one json for each class."""
    boxes = as_rows([*first.boxes, *second.boxes])
    return BoxItem(first.path, first.split, first.label, boxes, first.frame or second.frame)


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def _unusable(path: str, reason: str) -> RequestError:
    return RequestError("bad_dataset", f"{path} can't be used: {reason}.", "dataset.path")
