"""Decoded datasets on disk: arrays of each split below a folder that is named by what they were made of.

A second load is instant, and large arrays are memory-mapped.
"""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.data.dataset import SPLIT_NAMES, Dataset, Split, channel_statistics

MAP_ABOVE_BYTES = 256 * 2**20
WRITE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Column:
    """An array of the samples: ``take`` gives the rows at some indices."""

    name: Literal["images", "labels"]
    take: Callable[[np.ndarray], np.ndarray]


def cached(cache_dir: Path, key: str, write: Callable[[Path], None], name: str) -> Dataset:
    """The dataset that was written under a key, or is written now.

    Args:
        cache_dir: Where datasets are kept.
        key: Changes with whatever changes the dataset.
        write: Fills a scratch folder by way of ``write_dataset`` into its ``finished``; what else it leaves there
            is deleted.
        name: For display.
    """
    folder = cache_dir / hashlib.sha256(key.encode()).hexdigest()[:32]
    if not folder.is_dir():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".decoding-") as scratch:
            write(Path(scratch))
            # Another process may have finished the same work first; its result is as good.
            with contextlib.suppress(OSError):
                (Path(scratch) / "finished").rename(folder)
    return _open(folder, name)


def write_dataset(
    scratch: Path, task: str, class_names: tuple[str, ...], rows: dict[str, np.ndarray], columns: list[Column]
) -> None:
    """Writes what ``cached`` opens.

    Args:
        scratch: The folder that ``cached`` gave.
        task: As ``Dataset.task``.
        class_names: As ``Dataset.class_names``.
        rows: Indices of the samples of each split.
        columns: Images and labels.
    """
    folder = scratch / "finished"
    folder.mkdir()
    for split, indices in rows.items():
        for column in columns:
            _write(folder / f"{split}.{column.name}.npy", column.take, indices)
    mean, std = channel_statistics(np.load(folder / "train.images.npy", mmap_mode="r"))
    facts = {"task": task, "class_names": class_names, "mean": mean, "std": std}
    (folder / "facts.json").write_text(json.dumps(facts))


def _write(path: Path, take: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> None:
    none = take(rows[:0])
    target = np.lib.format.open_memmap(path, "w+", none.dtype, (len(rows), *none.shape[1:]))
    row_bytes = none.dtype.itemsize * int(np.prod(none.shape[1:]))
    step = max(1, WRITE_BYTES // max(1, row_bytes))
    for start in range(0, len(rows), step):
        target[start : start + step] = take(rows[start : start + step])
    target.flush()


def _open(folder: Path, name: str) -> Dataset:
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_text())
    splits = {
        split: Split(_load(folder / f"{split}.images.npy"), _load(folder / f"{split}.labels.npy"))
        for split in SPLIT_NAMES
    }
    return Dataset(name, facts["task"], tuple(facts["class_names"]), splits, tuple(facts["mean"]), tuple(facts["std"]))


def _load(path: Path) -> np.ndarray:
    # Copy-on-write mapping: writable for torch, and never written back.
    mode: Literal["c"] | None = "c" if path.stat().st_size > MAP_ABOVE_BYTES else None
    return np.load(path, mmap_mode=mode)
