"""Reads a dataset of any kind, from a folder or a zip archive: each image is decoded once and kept."""

import logging
from pathlib import Path

import numpy as np

from engine.data.annotations import Annotations
from engine.data.archive import FileError, Source, content_digest, fingerprint, open_source, read_or_explain
from engine.data.cache import Column, cached, write_dataset
from engine.data.dataset import Dataset
from engine.data.images import Header, decode, read_header
from engine.data.parallel import map_files
from engine.data.problems import Finding, Unusable
from engine.data.recognition import recognise_dataset
from engine.data.selection import Placed, select
from engine.data.sizes import Size
from engine.errors import RequestError

log = logging.getLogger(__name__)

READER_VERSION = 2  # part of the cache key: raise it when the same files would decode to other arrays


def read_dataset(path: Path, cache_dir: Path, size: Size | None = None) -> Dataset:
    """Loads a folder or zip archive.

    Args:
        path: See ``engine.data.recognition`` for what may lie inside.
        cache_dir: Where the decoded arrays are kept.
        size: H, W of the images wanted; None for what suits the data.

    Raises:
        RequestError: The dataset can't be used; ``bad_dataset``.
    """
    path = path.resolve()

    def write(scratch: Path) -> None:
        source = open_source(path)
        _decode_all(source, recognise_dataset(source), scratch, size)

    key = f"{READER_VERSION} {size} {fingerprint(path)}"
    return cached(cache_dir, key, write, path.name if path.is_dir() else path.stem)


def _decode_all(source: Source, annotations: Annotations, scratch: Path, size: Size | None) -> None:
    """Decodes every image with its label and writes the four splits."""
    items = annotations.items
    total_bytes = sum(source.size(item.path) for item in items)
    log.info("decoding %d images of %s", len(items), source.name)

    def header(item: Placed) -> Header | None:
        try:
            return read_header(read_or_explain(source, item.path))
        except FileError:
            return None

    headers = list(map_files(header, items, total_bytes))
    readable = [header for header in headers if header is not None]
    if not readable:
        raise RequestError("bad_dataset", "Not one of the images can be read; save them again.", "dataset.path")
    channels = 1 if all(header.grey for header in readable) else 3
    size = size or annotations.common_size(readable)

    pool = np.lib.format.open_memmap(scratch / "pool.npy", "w+", np.uint8, (len(items), channels, *size))
    shelf = annotations.shelf(scratch, size)

    def store(row: int) -> bytes | None:
        try:
            data = read_or_explain(source, items[row].path)
            pool[row] = decode(data, channels, size, whole=annotations.whole)
            shelf.put(row, annotations.examine(source, row, headers[row] or read_header(data)))
        except FileError as error:
            annotations.findings.add(Finding("unreadable_files", items[row].path, str(error)))
        except Unusable as error:
            annotations.findings.add(error.finding)
        else:
            return content_digest(data)
        return None

    digests = list(map_files(store, range(len(items)), total_bytes))
    annotations.finish()
    selection = select(items, annotations.splits, annotations.strata(), digests)
    problems = annotations.blocking_problems(selection)
    noticed = annotations.findings.problems()
    for problem in noticed:
        log.warning("%s", problem.message)
    if problems:
        because = f" {noticed[0].message}" if noticed else ""
        more = f" ({len(problems) - 1} more problems)" if len(problems) > 1 else ""
        raise RequestError("bad_dataset", problems[0].message + because + more, "dataset.path")
    columns = [Column("images", pool.__getitem__), Column("labels", shelf.take)]
    write_dataset(scratch, annotations.task, annotations.class_names, selection.split_rows(), columns)
