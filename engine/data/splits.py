"""Cuts a dataset into four disjoint, stratified splits: train, search, calibration and test.

Sizes follow from what each split must show. Near 97 % accuracy, 350 images give a standard error of 0.9
point (sqrt(0.97 · 0.03 / 350)), so calibration and test need hundreds of images before a requirement can be
certified to a point; search only ranks designs and does with 200. A pool of 1,797 images therefore becomes
897/200/350/350. Smaller pools keep these shares. In larger ones the held-out splits grow with the square root
of the pool, as more images there buy ever less certainty while training still gains: 50,000 images give
calibration 1,846, a standard error of 0.4 point.

The cut depends on the labels and a constant alone, never on a run's seed, so that runs can be compared and no
run ever trains on another run's test images.
"""

from collections.abc import Collection, Mapping

import numpy as np

SEED = 20_171_204  # any constant will do; changing it changes every split
REFERENCE_POOL = 1797
REFERENCE_SIZES = {"search": 200, "calibration": 350, "test": 350}


def images_needed(given: Collection[str]) -> dict[str, int]:
    """The smallest number of images a class must have in each given split, for all four splits to hold it."""
    if "val" in given:
        return {"train": 2, "val": 2 if "test" in given else 3, "test": 1}
    if "test" in given:
        return {"train": 6, "test": 1}
    return {"train": 8}


def split_indices(given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Row indices of train, search, calibration and test.

    Args:
        given: Labels (int64, N) for each split that the data comes with: ``{"train"}`` when it comes as one
            pool, or with ``"test"`` and ``"val"`` beside it. A given test split stays the test split. What is
            missing is carved from ``val`` when there is one, else from ``train``.

    Returns:
        For each of the four splits, sorted indices into the labels of train, val and test laid end to end.
    """
    rng = np.random.default_rng(SEED)
    sizes = {name: len(labels) for name, labels in given.items()}
    starts = {"train": 0, "val": sizes["train"], "test": sizes["train"] + sizes.get("val", 0)}
    missing = [name for name in REFERENCE_SIZES if name not in given]
    if "val" in given:
        # All of a given val split is held out: the parts fill it in their reference proportions.
        whole = sum(REFERENCE_SIZES[name] for name in missing)
        wanted = {name: round(REFERENCE_SIZES[name] * sizes["val"] / whole) for name in missing[:-1]}
        parts = _carve(given["val"], wanted, missing[-1], rng)
        result = {"train": np.arange(sizes["train"])}
        result |= {name: rows + starts["val"] for name, rows in parts.items()}
    else:
        growth = sizes["train"] / REFERENCE_POOL
        wanted = {name: round(REFERENCE_SIZES[name] * min(growth, growth**0.5)) for name in missing}
        result = _carve(given["train"], wanted, "train", rng)
    if "test" in given:
        result["test"] = np.arange(sizes["test"]) + starts["test"]
    return result


def _carve(labels: np.ndarray, wanted: Mapping[str, int], rest: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Stratified parts of about the wanted sizes, and what is left as ``rest``; each holds every class."""
    classes, counts = np.unique(labels, return_counts=True)
    # Rounding the running total, not each class, makes the parts' sizes come out as wanted.
    running = np.cumsum(counts) / len(labels)
    quotas = {name: np.diff(np.round(running * size), prepend=0).astype(int) for name, size in wanted.items()}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*wanted, rest)}
    for position, label in enumerate(classes):
        rows = rng.permutation(np.flatnonzero(labels == label))
        for later, (name, quota) in zip(range(len(quotas), 0, -1), quotas.items(), strict=True):
            # At least one image here, and one for each part still to come.
            take = max(1, min(quota[position], len(rows) - later))
            parts[name].append(rows[:take])
            rows = rows[take:]
        parts[rest].append(rows)
    return {name: np.sort(np.concatenate(rows)) for name, rows in parts.items()}
