"""Cutting labels into four splits."""

import numpy as np
import pytest

from engine.data.splits import images_needed, split_indices


def labels(*counts):
    return np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize(
    "given",
    [
        {"train": labels(40, 30, 8)},
        {"train": labels(100, 90), "test": labels(20, 10)},
        {"train": labels(100, 90), "val": labels(10, 20)},
        {"train": labels(100, 90), "val": labels(10, 2), "test": labels(5, 6)},
    ],
)
def test_splits_are_disjoint_complete_and_hold_every_class(given):
    rows = split_indices(given)
    together = np.concatenate(list(given.values()))
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(len(together)))
    assert set(rows) == {"train", "search", "calibration", "test"}
    for index in rows.values():
        assert set(together[index]) == set(given["train"])


@pytest.mark.parametrize("given", [["train"], ["train", "test"], ["train", "val"], ["train", "val", "test"]])
@pytest.mark.parametrize("classes", [2, 50])
def test_the_fewest_images_allowed_still_fill_every_split(given, classes):
    needed = images_needed(given)
    rows = split_indices({name: labels(*[needed[name]] * classes) for name in given})
    assert all(len(index) >= classes for index in rows.values())


def test_given_test_images_stay_test_images():
    rows = split_indices({"train": labels(100, 100), "test": labels(30, 30)})
    assert rows["test"].tolist() == list(range(200, 260))


def test_large_pools_give_training_the_larger_share():
    rows = split_indices({"train": labels(*[5000] * 10), "test": labels(*[1000] * 10)})
    assert {name: len(index) for name, index in rows.items()} == {
        "train": 47_099, "search": 1_055, "calibration": 1_846, "test": 10_000,
    }  # fmt: skip


def test_the_cut_is_the_same_every_time():
    first, second = (split_indices({"train": labels(500, 400)}) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
