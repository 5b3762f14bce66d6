"""The built-in dataset: scikit-learn's 1,797 handwritten digits, 8×8, 10 classes. Needs no download."""

import numpy as np
from PIL import Image

from engine.data.dataset import Dataset, Split, channel_statistics
from engine.data.splits import split_indices


def load_digits(size: tuple[int, int] | None = None) -> Dataset:
    """Digits as 1×8×8 (or 1×H×W when ``size`` is H, W) uint8 images; ink 16 becomes 255."""
    from sklearn.datasets import load_digits as load_from_sklearn

    raw = load_from_sklearn()
    images = np.round(raw.images * (255 / 16)).astype(np.uint8)
    if size is not None and size != images.shape[1:]:
        height, width = size
        images = np.stack(
            [np.asarray(Image.fromarray(i).resize((width, height), Image.Resampling.BILINEAR)) for i in images]
        )
    images = images[:, None]
    labels = raw.target.astype(np.int64)
    rows = split_indices({"train": labels})
    splits = {name: Split(images[index], labels[index]) for name, index in rows.items()}
    mean, std = channel_statistics(splits["train"].images)
    return Dataset("digits", "classification", tuple(str(i) for i in range(10)), splits, mean, std)
