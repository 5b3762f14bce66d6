"""A subset is a zip that the engine reads by itself."""

import io
import zipfile

import numpy as np
from PIL import Image

from benchmarks.subset import build_subset
from engine.data import load_dataset


def picture(rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(256, size=(8, 8, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_engine_reads_the_chosen_classes_and_splits(tmp_path):
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as images:
        for split, count in (("train", 30), ("test", 8)):
            for label in ("ant", "bee", "cat"):
                for i in range(count):
                    images.writestr(f"{split}/{label}/{i:04}.png", picture(rng))
    counts = {"train": 12, "val": 10, "test": 0.5}
    path = build_subset(tmp_path / "all.zip", tmp_path / "some.zip", classes=("ant", "cat"), counts=counts, side=4)
    dataset = load_dataset({"path": str(path)}, tmp_path / "cache")
    assert dataset.class_names == ("ant", "cat")
    assert dataset.image_shape == (3, 4, 4)
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    assert sizes["train"] == 24
    assert sizes["search"] + sizes["calibration"] == 20
    assert sizes["test"] == 8
