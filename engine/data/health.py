"""The health report of a dataset: what it holds, what is wrong with it and how to mend that."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data import load_dataset
from engine.data.advice import balance_warnings, file_warnings
from engine.data.annotations import Annotations
from engine.data.archive import FileError, Source, content_digest, open_source, read_or_explain
from engine.data.images import Header, decode, read_header
from engine.data.masks import Masks
from engine.data.parallel import map_files
from engine.data.problems import Finding, Problem, Unusable
from engine.data.recognition import recognise_dataset
from engine.data.selection import select
from engine.errors import RequestError


@dataclass(frozen=True)
class Examined:
    """What decoding one sample showed; without a digest it can't be used."""

    header: Header | None
    digest: bytes | None


def health_report(path: Path) -> dict[str, Any]:
    """Decodes every image with its label once and says what is there.

    Args:
        path: Folder or zip archive.

    Returns:
        ``ok``, ``task``, ``layout``, ``name``, ``classes`` (each with its images per split, as a run would
        use them, and for masks and boxes with its ``pixels`` or ``boxes`` per split), ``images``,
        ``image_sizes`` (width and height: ``min``, ``max`` by area, and ``common``), ``channels``,
        ``splits_given`` and ``problems``; for masks also ``ignored_pixels`` per split. Never raises for a fault
        of the dataset: then ``ok`` is false and ``problems`` says why.
    """
    try:
        source = open_source(path)
        annotations = recognise_dataset(source)
    except RequestError as error:
        return _report(path.stem, problems=[Problem(error.code, "error", error.message)])
    items = annotations.items
    total_bytes = sum(source.size(item.path) for item in items)
    examined = list(map_files(lambda row: _examine(source, annotations, row), range(len(items)), total_bytes))
    annotations.finish()
    headers = [e.header for e in examined if e.header is not None]
    digests = [e.digest for e in examined]
    selection = select(items, annotations.splits, annotations.strata(), digests)
    problems = annotations.blocking_problems(selection)
    ok = not problems and bool(headers)
    rows = selection.split_rows() if ok else selection.given_rows()
    problems += annotations.findings.problems()
    problems += file_warnings(annotations, digests)
    if ok:
        problems += balance_warnings(annotations, selection, rows)
    facts: dict[str, Any] = {}
    if isinstance(annotations, Masks):
        facts["ignored_pixels"] = {split: annotations.ignored_pixels(index) for split, index in rows.items()}
    return _report(
        source.name,
        problems=problems,
        ok=ok,
        task=annotations.task,
        layout=annotations.layout,
        classes=_classes(annotations, rows),
        images=len(headers),
        image_sizes=_sizes(headers),
        channels=(1 if all(h.grey for h in headers) else 3) if headers else None,
        splits_given=len(annotations.splits) > 1,
        **facts,
    )


def _classes(annotations: Annotations, rows: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    counts = {"counts": {split: annotations.images_of(index).tolist() for split, index in rows.items()}}
    if annotations.counts:
        counts[annotations.counts] = {split: annotations.amounts_of(index).tolist() for split, index in rows.items()}
    return [
        {"name": name} | {what: {split: found[i] for split, found in of.items()} for what, of in counts.items()}
        for i, name in enumerate(annotations.class_names)
    ]


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


def _examine(source: Source, annotations: Annotations, row: int) -> Examined:
    path = annotations.items[row].path
    header = None
    try:
        data = read_or_explain(source, path)
        header = read_header(data)
        decode(data, 3, (header.height, header.width))
        annotations.examine(source, row, header)
    except FileError as error:
        annotations.findings.add(Finding("unreadable_files", path, str(error)))
        return Examined(None, None)
    except Unusable as error:
        annotations.findings.add(error.finding)
        return Examined(header, None)
    return Examined(header, content_digest(data))


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
