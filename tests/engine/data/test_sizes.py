"""The size that images are brought to."""

import pytest

from engine.data.images import Header
from engine.data.sizes import square_size, wanted_size, whole_size
from engine.errors import RequestError


def headers(*sizes):
    return [Header(width, height, False) for height, width in sizes]


@pytest.mark.parametrize(
    ("sizes", "square", "whole"),
    [
        ([(224, 100)], (224, 100), (224, 100)),
        ([(360, 480)], (224, 224), (360, 480)),
        ([(640, 480)] * 3, (224, 224), (640, 480)),
        ([(480, 641)], (224, 224), (352, 512)),
        ([(50, 70), (300, 200), (60, 80)], (48, 48), (32, 64)),
        ([(10, 12), (10, 14), (10, 16)], (10, 10), (10, 14)),
        ([(1080, 1920), (1080, 1918)], (224, 224), (288, 512)),
        ([(8, 9000)], (8, 8), (1, 512)),
    ],
)
def test_what_suits_the_images(sizes, square, whole):
    assert square_size(headers(*sizes)) == square
    assert whole_size(headers(*sizes)) == whole


@pytest.mark.parametrize(("given", "size"), [(None, None), (32, (32, 32)), ((20, 30), (20, 30)), ([20, 30], (20, 30))])
def test_a_size_is_a_side_or_two(given, size):
    assert wanted_size(given) == size


@pytest.mark.parametrize("given", [0, -5, (1, 2, 3), (0, 5), (2.5, 5), 100_000])
def test_other_sizes_are_refused(given):
    with pytest.raises(RequestError, match="An image size is"):
        wanted_size(given)
