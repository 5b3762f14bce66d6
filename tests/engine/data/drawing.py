"""Draws small datasets for the tests: class folders of random images, and zip archives of folders."""

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def draw_image(seed: int, size: tuple[int, int] = (12, 12), mode: str = "RGB") -> Image.Image:
    """A random image of width × height ``size``."""
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), mode=None)


def draw_classes(root: Path, counts: dict[str, int], *, size=(12, 12), mode="RGB", ending=".png", seed=0) -> Path:
    """Writes ``counts[name]`` different images into ``root/name`` for each name; a name may have slashes."""
    for name, count in counts.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            seed += 1
            draw_image(seed, size, mode).save(folder / f"{i:04d}{ending}")
    return root


def pack(folder: Path, archive: Path) -> Path:
    """Zips a folder's content."""
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(folder.rglob("*")):
            target.write(path, path.relative_to(folder).as_posix())
    return archive
