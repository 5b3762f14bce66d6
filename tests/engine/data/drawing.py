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


def stripes(values, size: tuple[int, int] = (12, 12)) -> np.ndarray:
    """A mask of width × height ``size`` with these values from left to right, in stripes of about the same width."""
    width, height = size
    return np.tile(np.array(values, np.uint8)[np.arange(width) * len(values) // width], (height, 1))


def draw_masked(
    root: Path, count: int, *, images="images", masks="masks", values=(0, 1, 2), size=(12, 12), seed=0, prefix="im"
) -> Path:
    """Writes ``count`` different images ``im00.jpg`` …, each with a mask ``im00.png`` of stripes."""
    for folder in (images, masks):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        draw_image(seed + i, size).save(root / images / f"{prefix}{i:02d}.jpg")
        Image.fromarray(stripes(values, size)).save(root / masks / f"{prefix}{i:02d}.png")
    return root


def voc_xml(boxes, size=(12, 12)) -> str:
    """Pascal VOC's xml for boxes of (name, x1, y1, x2, y2)."""
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
        "</bndbox></object>"
        for name, x1, y1, x2, y2 in boxes
    )
    return f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>{objects}</annotation>"


def draw_voc(root: Path, boxes: list, *, images="JPEGImages", labels="Annotations", size=(12, 12), seed=0) -> Path:
    """Writes ``im00.jpg`` … and ``im00.xml`` …, one for each list of boxes."""
    for folder in (images, labels):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i, found in enumerate(boxes):
        draw_image(seed + i, size).save(root / images / f"im{i:02d}.jpg")
        (root / labels / f"im{i:02d}.xml").write_text(voc_xml(found, size), encoding="utf-8")
    return root


def write_lists(root: Path, lists: dict[str, list[str]]) -> None:
    """Writes ``ImageSets`` lists: ``{"Main/train": ["im00", …]}``."""
    for name, stems in lists.items():
        path = root / "ImageSets" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(stems) + "\n")
