"""The health report of a dataset: what it holds, what is wrong with it and how to mend that."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data import load_dataset
from engine.data.archive import Source, open_source
from engine.data.class_folders import content_digest, read_or_explain
from engine.data.dataset import SPLIT_NAMES
from engine.data.images import Header, ImageError, decode, read_header
from engine.data.layout import Item, Layout, recognise
from engine.data.parallel import map_files
from engine.data.selection import LISTED_FILES, Problem, Selection, blocking_problems, select
from engine.errors import RequestError

IMBALANCE = 5
CERTIFIABLE_IMAGES = 200


@dataclass(frozen=True)
class Examined:
    """What decoding one file showed: a header and a digest, or an error."""

    header: Header | None
    digest: bytes | None
    error: str | None = None


def health_report(path: Path) -> dict[str, Any]:
    """Decodes every image once and says what is there.

    Args:
        path: Folder or zip archive.

    Returns:
        ``ok``, ``task``, ``layout``, ``name``, ``classes`` (each with its images per split, as a run would
        use them), ``images``, ``image_sizes`` (width and height: ``min``, ``max`` by area, and ``common``),
        ``channels``, ``splits_given`` and ``problems``. Never raises for a fault of the dataset: then ``ok``
        is false and ``problems`` says why.
    """
    try:
        source = open_source(path)
        layout = recognise(source.files())
    except RequestError as error:
        return _report(path.stem, problems=[Problem(error.code, "error", error.message)])
    total_bytes = sum(source.size(item.path) for item in layout.items)
    examined = list(map_files(lambda item: _examine(source, item), layout.items, total_bytes))
    headers = [e.header for e in examined if e.header is not None]
    selection = select(layout, [e.digest for e in examined])
    problems = blocking_problems(layout, selection)
    ok = not problems and bool(headers)
    counts = selection.split_rows() if ok else _given_rows(layout, selection)
    problems += _warnings(layout, examined)
    if ok:
        problems += _balance_warnings(layout, selection, counts)
    labels = np.array([item.label for item in layout.items])
    classes = [
        {"name": name, "counts": {split: int((labels[rows] == i).sum()) for split, rows in counts.items()}}
        for i, name in enumerate(layout.class_names)
    ]
    return _report(
        source.name,
        problems=problems,
        ok=ok,
        classes=classes,
        images=len(headers),
        image_sizes=_sizes(headers),
        channels=(1 if all(h.grey for h in headers) else 3) if headers else None,
        splits_given=layout.splits_given,
    )


def builtin_report(spec: dict[str, Any], cache_dir: Path) -> dict[str, Any]:
    """The report of a built-in dataset, in the same form.

    Raises:
        RequestError: There is no such dataset.
    """
    dataset = load_dataset(spec, cache_dir)
    channels, height, width = dataset.image_shape
    counts = {
        name: np.bincount(split.labels, minlength=len(dataset.class_names)) for name, split in dataset.splits.items()
    }
    return _report(
        dataset.name,
        problems=[],
        ok=True,
        layout="builtin",
        classes=[
            {"name": name, "counts": {split: int(found[i]) for split, found in counts.items()}}
            for i, name in enumerate(dataset.class_names)
        ],
        images=sum(len(split) for split in dataset.splits.values()),
        image_sizes=dict.fromkeys(("min", "max", "common"), [width, height]),
        channels=channels,
    )


def _report(name: str, *, problems: list[Problem], **facts: Any) -> dict[str, Any]:
    return {
        "ok": False,
        "task": "classification",
        "layout": "class_folders",
        "name": name,
        "classes": [],
        "images": 0,
        "image_sizes": None,
        "channels": None,
        "splits_given": False,
        **facts,
        "problems": [asdict(problem) for problem in problems],
    }


def _examine(source: Source, item: Item) -> Examined:
    try:
        data = read_or_explain(source, item.path)
        header = read_header(data)
        decode(data, 3, (header.height, header.width))
    except ImageError as error:
        return Examined(None, None, str(error))
    return Examined(header, content_digest(data))


def _given_rows(layout: Layout, selection: Selection) -> dict[str, np.ndarray]:
    """The splits as they come, for a dataset that can't be cut into four."""
    lengths = np.cumsum([len(selection.labels[split]) for split in layout.splits])
    return dict(zip(layout.splits, np.split(selection.rows, lengths[:-1]), strict=True))


def _sizes(headers: list[Header]) -> dict[str, list[int]] | None:
    if not headers:
        return None
    sizes = Counter((header.width, header.height) for header in headers)
    area = lambda size: (size[0] * size[1], size)  # noqa: E731
    return {
        "min": list(min(sizes, key=area)),
        "max": list(max(sizes, key=area)),
        "common": list(sizes.most_common(1)[0][0]),
    }


def _warning(code: str, message: str, files: Iterable[str] = ()) -> Problem:
    return Problem(code, "warning", message, sorted(files)[:LISTED_FILES])


def _warnings(layout: Layout, examined: list[Examined]) -> list[Problem]:
    problems = []
    broken = {item.path: e.error for item, e in zip(layout.items, examined, strict=True) if e.error}
    if broken:
        path, reason = min(broken.items())
        problems.append(
            _warning(
                "unreadable_files",
                f"{_count(len(broken), 'image')} can't be used and will be left out; the first is {path}: {reason}.",
                broken,
            )
        )
    if layout.ignored:
        problems.append(
            _warning(
                "ignored_files",
                f"{_count(len(layout.ignored), 'file')} will be ignored: not an image, or not in a class "
                f"folder; the first is {min(layout.ignored)}.",
                layout.ignored,
            )
        )
    copies: dict[bytes, list[Item]] = defaultdict(list)
    for item, e in zip(layout.items, examined, strict=True):
        if e.digest is not None:
            copies[e.digest].append(item)
    repeated = [items for items in copies.values() if len(items) > 1]
    leaks = [items for items in repeated if len({item.split for item in items}) > 1]
    clashes = [items for items in repeated if len({item.label for item in items}) > 1]
    if leaks:
        problems.append(
            _warning(
                "leakage",
                f"{_count(len(leaks), 'image')} lies in more than one split; each will be used once, in test "
                "before val before train, so that accuracy is measured on unseen images.",
                (item.path for items in leaks for item in items),
            )
        )
    if clashes:
        problems.append(
            _warning(
                "conflicting_labels",
                f"{_count(len(clashes), 'image')} lies in the folders of two classes; only one copy will be "
                "used: delete the wrong one.",
                (item.path for items in clashes for item in items),
            )
        )
    plain = [items for items in repeated if items not in leaks and items not in clashes]
    if plain:
        problems.append(
            _warning(
                "duplicates",
                f"{_count(len(plain), 'image')} occurs more than once; each will be used once.",
                (item.path for items in plain for item in items[1:]),
            )
        )
    return problems


def _balance_warnings(layout: Layout, selection: Selection, rows: dict[str, np.ndarray]) -> list[Problem]:
    problems = []
    train = np.bincount(selection.labels["train"], minlength=len(layout.class_names))
    if train.max() > IMBALANCE * train.min():
        most, least = layout.class_names[train.argmax()], layout.class_names[train.argmin()]
        problems.append(
            _warning(
                "imbalance",
                f"{most!r} has {train.max()} images to train on, {least!r} {train.min()}; accuracy will "
                "speak mostly for the large classes: add images of the small ones.",
            )
        )
    labels = np.array([item.label for item in layout.items])
    absent = sorted(set(range(len(layout.class_names))) - set(labels[rows["test"]].tolist()))
    if absent:
        problems.append(
            _warning(
                "class_not_tested",
                f"Test holds no images of {layout.class_names[absent[0]]!r}"
                + (f" and {len(absent) - 1} more classes" if len(absent) > 1 else "")
                + "; the test accuracy will not speak for them.",
            )
        )
    for split in SPLIT_NAMES[2:]:
        count = len(rows[split])
        if count < CERTIFIABLE_IMAGES:
            points = 196 * (0.9 * 0.1 / count) ** 0.5
            problems.append(
                _warning(
                    f"few_{split}_images",
                    f"The {split} split has {count} images, so an accuracy near 90 % is known only to about "
                    f"±{points:.0f} points; add images to certify closer.",
                )
            )
    return problems


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
