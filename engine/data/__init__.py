"""Datasets: the built-in digits, and a user's folder or zip archive, as four splits of decoded images and labels."""

from pathlib import Path
from typing import Any

from engine.data.dataset import SPLIT_NAMES, Dataset, Split
from engine.data.sizes import wanted_size
from engine.errors import RequestError

__all__ = ["SPLIT_NAMES", "Dataset", "Split", "load_dataset"]


def load_dataset(spec: dict[str, Any], cache_dir: Path, image_size: int | tuple[int, int] | None = None) -> Dataset:
    """Loads the dataset that a spec names; its task follows from its files.

    Args:
        spec: ``{"builtin": "digits"}`` or ``{"path": zip or folder}``.
        cache_dir: Where decoded images are kept between loads.
        image_size: Side of the square images wanted, or their H, W; None for what suits the data.

    Raises:
        RequestError: The spec or the dataset can't be used.
    """
    size = wanted_size(image_size)
    if spec.get("builtin") == "digits":
        from engine.data.digits import load_digits

        return load_digits(size)
    if "builtin" in spec:
        raise RequestError(
            "bad_dataset",
            f"There is no built-in dataset {spec['builtin']!r}; use 'digits', or give a path.",
            "dataset.builtin",
        )
    if not isinstance(spec.get("path"), str):
        raise RequestError(
            "bad_dataset",
            'Give the dataset as {"builtin": "digits"} or {"path": "<zip or folder>"}.',
            "dataset",
        )
    from engine.data.reader import read_dataset

    return read_dataset(Path(spec["path"]), cache_dir, size)
