"""Boxes in the image as displayed."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.data.boxes import Boxes, BoxItem, BoxLayout, as_rows, number
from engine.data.images import Header
from engine.data.problems import Unusable


def examine(boxes, header, frame=None, shares=False):
    item = BoxItem("images/a.jpg", "train", "labels/a", as_rows(boxes), frame, shares)
    found = Boxes(BoxLayout("voc", ("cat", "dog"), (item,), ("train",)))
    pixels = found.examine(None, 0, header) * [1, header.width, header.height, header.width, header.height]
    return pixels.round(9).tolist(), [problem.code for problem in found.findings.problems()]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_of_the_stored_pixels_turn_with_the_photo(orientation):
    stored = Image.new("L", (10, 6))
    stored.paste(255, (1, 2, 5, 3))
    exif = stored.getexif()
    exif[0x0112] = orientation
    upright = ImageOps.exif_transpose(stored)
    header = Header(upright.width, upright.height, True, orientation)
    assert examine([[1, 1, 2, 5, 3]], header, frame=(10, 6)) == ([[1, *upright.getbbox()]], [])
    assert examine([[1, *upright.getbbox()]], header, frame=(6, 10)) == ([[1, *upright.getbbox()]], [])
    assert examine([[1, *upright.getbbox()]], header) == ([[1, *upright.getbbox()]], [])


@pytest.mark.parametrize(
    ("box", "kept", "code"),
    [
        ((2, 2, 4, 5), (2, 2, 4, 5), None),
        ((0, 0, 10, 6), (0, 0, 10, 6), None),
        ((-0.4, 0, 10.4, 6), (0, 0, 10, 6), None),
        ((-2, 1, 4, 9), (0, 1, 4, 6), "clipped_boxes"),
        ((2, 2, 2, 5), None, "degenerate_boxes"),
        ((4, 5, 2, 2), None, "degenerate_boxes"),
        ((10, 2, 12, 5), None, "outside_boxes"),
        ((2, -5, 4, 0), None, "outside_boxes"),
    ],
)
def test_edges(box, kept, code):
    found = examine([[0, *box]], Header(10, 6, False))
    assert found == ([[0, *kept]] if kept else [], [code] if code else [])


def test_shares_become_pixels():
    assert examine([[0, 0.1, 0.5, 0.2, 1.0]], Header(10, 6, False), shares=True)[0] == [[0, 1, 3, 2, 6]]


def test_boxes_for_another_image_are_refused():
    with pytest.raises(Unusable, match="10×6 pixels, and the boxes are for 20×12"):
        examine([[0, 1, 1, 2, 2]], Header(10, 6, False), frame=(20, 12))


@pytest.mark.parametrize("value", [None, True, "x", "nan", float("inf"), 10**400, 1e300, [1], {}, ""])
def test_what_is_no_coordinate(value):
    assert number(value) is None


def test_coordinates():
    assert [number(value) for value in (1, 2.5, " -3e2 ")] == [1.0, 2.5, -300.0]


def test_no_boxes_have_the_shape_of_boxes():
    assert as_rows([]).shape == (0, 5)
    assert as_rows([]).dtype == np.float64
