"""Reads image classification data with one folder a class, from a folder or a zip archive.

Images are decoded once, into arrays under ``cache_dir`` that are keyed by content, so a second load is
instant; large arrays are memory-mapped.
"""

import contextlib
import hashlib
import json
import logging
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np

from engine.data.archive import Source, fingerprint, open_source
from engine.data.dataset import SPLIT_NAMES, Dataset, Split, channel_statistics
from engine.data.images import Header, ImageError, decode, read_header
from engine.data.layout import Item, Layout, recognise
from engine.data.parallel import map_files
from engine.data.selection import blocking_problems, select
from engine.errors import RequestError

log = logging.getLogger(__name__)

READER_VERSION = 1  # part of the cache key: raise it when the same files would decode to other arrays
MAP_ABOVE_BYTES = 256 * 2**20
KEPT_SIZE = 224
SQUARE_SIZES = (32, 48, 64, 96, 128, 160, 192, 224)


def load_class_folders(path: Path, cache_dir: Path, image_size: int | None = None) -> Dataset:
    """Loads a dataset with one folder a class.

    Args:
        path: Folder or zip archive; see ``engine.data.layout`` for what may lie inside.
        cache_dir: Where the decoded arrays are kept.
        image_size: Side of the square images wanted; None for ``common_size``'s choice.

    Raises:
        RequestError: The dataset can't be used; ``bad_dataset``.
    """
    path = path.resolve()
    key = f"{READER_VERSION} {image_size} {fingerprint(path)}"
    folder = cache_dir / hashlib.sha256(key.encode()).hexdigest()[:32]
    if not folder.is_dir():
        source = open_source(path)
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".decoding-") as scratch:
            finished = _decode_all(source, Path(scratch), image_size)
            # Another process may have finished the same work first; its result is as good.
            with contextlib.suppress(OSError):
                finished.rename(folder)
    return _open_cached(folder, path.name if path.is_dir() else path.stem)


def common_size(headers: list[Header], image_size: int | None) -> tuple[int, int]:
    """H, W that all images are brought to.

    A given ``image_size`` makes them square. Else images that all have the same size, up to 224 a side, keep
    it; all others become squares with the largest of the customary sides that does not enlarge the image in
    the middle, ranked by shorter side.
    """
    if image_size is not None:
        return image_size, image_size
    sizes = {(header.height, header.width) for header in headers}
    if len(sizes) == 1 and max(max(sizes)) <= KEPT_SIZE:
        return sizes.pop()
    median = int(np.median([min(header.height, header.width) for header in headers]))
    side = max((size for size in SQUARE_SIZES if size <= median), default=median)
    return side, side


def _decode_all(source: Source, scratch: Path, image_size: int | None) -> Path:
    """Decodes every image and writes the four splits into a folder below ``scratch``, which is returned."""
    layout = recognise(source.files())
    items = layout.items
    total_bytes = sum(source.size(item.path) for item in items)
    log.info("decoding %d images of %s", len(items), source.name)

    def header(item: Item) -> Header | None:
        try:
            return read_header(_read(source, item))
        except ImageError:
            return None

    headers = [header for header in map_files(header, items, total_bytes) if header is not None]
    if not headers:
        raise RequestError("bad_dataset", "Not one of the images can be read; save them again.", "dataset.path")
    channels = 1 if all(header.grey for header in headers) else 3
    size = common_size(headers, image_size)

    pool_path = scratch / "pool.npy"
    pool = np.lib.format.open_memmap(pool_path, "w+", np.uint8, (len(items), channels, *size))

    def store(row: int) -> bytes | None:
        data = _read(source, items[row])
        try:
            pool[row] = decode(data, channels, size)
        except ImageError as error:
            log.warning("left out %s: %s", items[row].path, error)
            return None
        return content_digest(data)

    selection = select(layout, list(map_files(store, range(len(items)), total_bytes)))
    problems = blocking_problems(layout, selection)
    if problems:
        more = f" ({len(problems) - 1} more problems)" if len(problems) > 1 else ""
        raise RequestError("bad_dataset", problems[0].message + more, "dataset.path")

    finished = scratch / "finished"
    finished.mkdir()
    for name, rows in selection.split_rows().items():
        _write_split(finished, name, pool, rows, layout)
    pool_path.unlink()
    mean, std = channel_statistics(np.load(finished / "train.images.npy", mmap_mode="r"))
    facts = {"class_names": layout.class_names, "mean": mean, "std": std}
    (finished / "facts.json").write_text(json.dumps(facts))
    return finished


def content_digest(data: bytes) -> bytes:
    """The same for two files exactly when their bytes are the same."""
    return hashlib.blake2b(data, digest_size=16).digest()


def read_or_explain(source: Source, path: str) -> bytes:
    """A file's bytes.

    Raises:
        ImageError: It is damaged or too large.
    """
    try:
        return source.read(path)
    except Exception as error:  # a damaged archive can trip over checksums, lengths and compression alike
        raise ImageError(f"it can't be read ({error})") from error


def _read(source: Source, item: Item) -> bytes:
    try:
        return read_or_explain(source, item.path)
    except ImageError:
        return b""  # treated like any other file that is no image


def _write_split(folder: Path, name: str, pool: np.ndarray, rows: np.ndarray, layout: Layout) -> None:
    images = np.lib.format.open_memmap(folder / f"{name}.images.npy", "w+", np.uint8, (len(rows), *pool.shape[1:]))
    for start in range(0, len(rows), 4096):
        images[start : start + 4096] = pool[rows[start : start + 4096]]
    images.flush()
    np.save(folder / f"{name}.labels.npy", np.array([layout.items[row].label for row in rows], dtype=np.int64))


def _open_cached(folder: Path, name: str) -> Dataset:
    facts = json.loads((folder / "facts.json").read_text())
    splits = {}
    for split in SPLIT_NAMES:
        path = folder / f"{split}.images.npy"
        # Copy-on-write mapping: writable for torch, and never written back.
        mode: Literal["c"] | None = "c" if path.stat().st_size > MAP_ABOVE_BYTES else None
        splits[split] = Split(np.load(path, mmap_mode=mode), np.load(folder / f"{split}.labels.npy"))
    return Dataset(
        name, "classification", tuple(facts["class_names"]), splits, tuple(facts["mean"]), tuple(facts["std"])
    )
