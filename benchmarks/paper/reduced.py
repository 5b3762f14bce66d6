"""A reduced copy of a dataset of masks or boxes, at another size: a zip in a layout of its own that the engine reads.

The engine itself reads the original, so any layout that it knows will do.
"""

import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data import Dataset, load_dataset

SPLITS = {"train": "train", "search": "val", "calibration": "val", "test": "test"}


def reduce(source: Path, target: Path, size: tuple[int, int]) -> Path:
    """Write all images of a dataset at another size, with their masks or boxes, losslessly.

    Args:
        source: Zip or folder.
        target: The zip to write; left alone where it exists.
        size: H, W.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.part")
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch, zipfile.ZipFile(draft, "w") as written:
        dataset = load_dataset({"path": str(source)}, Path(scratch), size)
        written.writestr("classes.txt", "\n".join(dataset.class_names) + "\n")
        for split, given in SPLITS.items():
            _write(written, dataset, split, given)
    os.replace(draft, target)
    return target


def _write(written: zipfile.ZipFile, dataset: Dataset, split: str, given: str) -> None:
    _, height, width = dataset.image_shape
    rows = dataset.splits[split]
    for i, (image, label) in enumerate(zip(rows.images, rows.labels, strict=True)):
        name = f"{split}-{i:05}"
        written.writestr(f"{given}/images/{name}.png", _png(image.transpose(1, 2, 0).squeeze()))
        if dataset.task == "segmentation":
            written.writestr(f"{given}/masks/{name}.png", _png(label))
        else:
            written.writestr(f"{given}/labels/{name}.txt", _boxes(label, height, width))


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def _boxes(label: np.ndarray, height: int, width: int) -> str:
    """YOLO's lines: class, and centre and size as shares of the image's."""
    lines = []
    for kind, *corners in label[label[:, 0] >= 0].tolist():
        x1, y1, x2, y2 = (value / side for value, side in zip(corners, (width, height) * 2, strict=True))
        lines.append(f"{kind:.0f} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}\n")
    return "".join(lines)
