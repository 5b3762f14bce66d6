"""What every dataset reader returns: four disjoint splits of decoded images with their labels."""

from dataclasses import dataclass

import numpy as np

SAMPLE_SEED = 20_171_205  # any constant will do
SPLIT_NAMES = ("train", "search", "calibration", "test")
IGNORE = 255  # in a mask: a pixel that neither trains nor counts
NO_BOX = -1.0  # the class of an unused row of boxes


@dataclass(frozen=True)
class Split:
    """Images and labels of one split, a row a sample; either array may be memory-mapped.

    Args:
        images: uint8, N×C×H×W.
        labels: By the dataset's task, with classes as indices into its ``class_names``:

            - classification: int64, N.
            - segmentation: uint8, N×H×W, the class of each pixel; ``IGNORE`` where there is none.
            - detection: float32, N×M×5, rows of class, x1, y1, x2, y2 in pixels of ``images``, where (0, 0) is the
              upper left corner of the upper left pixel; unused rows have the class ``NO_BOX``. M is the same in
              all splits: the most boxes of any image.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def sample(self, count: int) -> np.ndarray:
        """Up to ``count`` images in random order, always the same: splits may be ordered by class, so that their first
        images would be of one class alone."""
        return self.images[sample_rows(len(self), count)]

    def part(self, count: int) -> "Split":
        """The split itself, or ``count`` of its samples in random order, always the same."""
        rows = sample_rows(len(self), count)
        return self if len(self) <= count else Split(self.images[rows], self.labels[rows])


def sample_rows(n: int, count: int) -> np.ndarray:
    """Up to ``count`` of n rows in random order, always the same."""
    return np.random.default_rng(SAMPLE_SEED).permutation(n)[:count]


@dataclass(frozen=True)
class Dataset:
    """A dataset ready for training.

    Args:
        name: For display.
        task: ``"classification"``, ``"segmentation"`` or ``"detection"``; says what ``Split.labels`` holds.
        class_names: One name a label, in label order.
        splits: Exactly the keys of ``SPLIT_NAMES``. *train* fits weights, *search* guides the generator and
            the inquisitor, *calibration* certifies, *test* is only ever measured.
        mean: For each channel, on the [0, 1] scale, from the train split.
        std: As ``mean``.
    """

    name: str
    task: str
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """C, H, W."""
        channels, height, width = self.splits["train"].images.shape[1:]
        return channels, height, width


def channel_statistics(images: np.ndarray, chunk: int = 4096) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel on the [0, 1] scale; ``images`` is uint8 N×C×H×W.

    Works in chunks, so that a memory-mapped array is never read whole.
    """
    channels = images.shape[1]
    counts = np.zeros((channels, 256), dtype=np.int64)
    for start in range(0, len(images), chunk):
        block = images[start : start + chunk]
        for channel in range(channels):
            counts[channel] += np.bincount(block[:, channel].ravel(), minlength=256)
    levels = np.arange(256) / 255.0
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ levels
    std = np.sqrt(np.maximum(shares @ levels**2 - mean**2, 0.0))
    # A constant channel would divide by zero when images are normalised.
    return tuple(mean.tolist()), tuple(np.maximum(std, 1e-3).tolist())
