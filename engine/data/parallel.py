"""Runs a function over many files, in order, on all cores where that pays.

Threads, not processes: decoding and unpacking release Python's lock, and threads work wherever the engine is
started from, while daemonic workers may not have child processes. Small files are mostly Python's own work,
which threads only slow down (60,000 images of 32×32: 18 s on two threads, 8 s on one), so they go one by one.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


SMALL_BYTES = 16 * 1024


def map_files(function: Callable[[T], R], items: Sequence[T], total_bytes: int, chunk: int = 64) -> Iterator[R]:
    """Like ``map`` over items that stand for files of ``total_bytes`` together."""
    if total_bytes < SMALL_BYTES * len(items):
        yield from map(function, items)
        return

    def run(start: int) -> list[R]:
        return [function(item) for item in items[start : start + chunk]]

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for results in pool.map(run, range(0, len(items), chunk)):
            yield from results
