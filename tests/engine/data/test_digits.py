"""The built-in digits."""

import numpy as np
import pytest

from engine.data import SPLIT_NAMES, load_dataset
from engine.errors import RequestError


def test_digits_come_as_four_stratified_splits(tmp_path):
    digits = load_dataset({"builtin": "digits"}, tmp_path)
    assert {name: len(digits.splits[name]) for name in SPLIT_NAMES} == {
        "train": 897, "search": 200, "calibration": 350, "test": 350,
    }  # fmt: skip
    assert digits.image_shape == (1, 8, 8)
    assert digits.class_names == tuple("0123456789")
    for split in digits.splits.values():
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert np.ptp(np.bincount(split.labels)) <= 6


def test_full_ink_is_white(tmp_path):
    assert load_dataset({"builtin": "digits"}, tmp_path).splits["train"].images.max() == 255


def test_the_same_digits_every_time(tmp_path):
    first, second = (load_dataset({"builtin": "digits"}, tmp_path) for _ in range(2))
    for name in SPLIT_NAMES:
        assert np.array_equal(first.splits[name].images, second.splits[name].images)


def test_statistics_are_those_of_the_train_split(tmp_path):
    digits = load_dataset({"builtin": "digits"}, tmp_path)
    pixels = digits.splits["train"].images / 255
    assert digits.mean == pytest.approx((pixels.mean(),))
    assert digits.std == pytest.approx((pixels.std(),))


def test_another_image_size(tmp_path):
    assert load_dataset({"builtin": "digits"}, tmp_path, image_size=16).image_shape == (1, 16, 16)


@pytest.mark.parametrize("spec", [{"builtin": "mnist"}, {}, {"path": 3}])
def test_other_specs_are_refused(spec, tmp_path):
    with pytest.raises(RequestError) as caught:
        load_dataset(spec, tmp_path)
    assert caught.value.code == "bad_dataset"
