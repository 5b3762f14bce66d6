"""One mask: every kind of image that holds a number for each pixel."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.data.class_lists import ClassColours
from engine.data.images import Header, ImageError
from engine.data.mask_files import WrongSize, decode_mask
from tests.engine.data.drawing import draw_image, stripes
from tests.engine.data.test_images import encoded

HEADER = Header(6, 4, False)
EXPECTED = stripes((0, 3, 255), (6, 4))
COLOURS = ClassColours("class_dict.csv", ("road", "car"), ((0, 0, 9), (200, 0, 0)))


def palette(values):
    image = Image.fromarray(values, mode="P")
    image.putpalette([level for value in range(256) for level in (255 - value, 7, value // 2)])
    return image


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(EXPECTED),
        palette(EXPECTED),
        Image.fromarray(EXPECTED.astype(np.uint16)),
        Image.fromarray(np.stack([EXPECTED] * 3, axis=-1)),
        Image.merge("LA", [Image.fromarray(EXPECTED), Image.new("L", (6, 4), 9)]),
    ],
    ids=["grey", "palette", "16 bits", "grey as RGB", "with transparency"],
)
def test_numbers_are_kept(image):
    mask = decode_mask(encoded(image), HEADER, None)
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, EXPECTED)


def test_one_bit_is_two_classes():
    mask = decode_mask(encoded(Image.fromarray(stripes((0, 1), (6, 4)).astype(bool))), HEADER, None)
    assert np.array_equal(mask, stripes((0, 1), (6, 4)))


def test_colours_are_looked_up_and_others_get_the_number_after_the_last():
    colours = np.array([(200, 0, 0), (0, 0, 9), (200, 0, 1)], np.uint8)[stripes((0, 1, 2), (6, 4))]
    assert np.array_equal(decode_mask(encoded(Image.fromarray(colours)), HEADER, COLOURS), stripes((1, 0, 2), (6, 4)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_of_the_stored_pixels_turns_with_the_photo(orientation):
    stored = draw_image(1, (6, 4), "L")
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Image.open(io.BytesIO(encoded(stored, exif=exif)))
    upright = np.asarray(ImageOps.exif_transpose(photo))
    header = Header(upright.shape[1], upright.shape[0], True, orientation)
    assert np.array_equal(decode_mask(encoded(Image.fromarray(upright)), header, None), upright)
    if orientation >= 5:
        assert np.array_equal(decode_mask(encoded(stored), header, None), upright)


def test_another_size():
    with pytest.raises(WrongSize, match="6×4 pixels and the image 4×6"):
        decode_mask(encoded(Image.fromarray(EXPECTED)), Header(4, 6, False), None)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"hello", "not an image"),
        (encoded(draw_image(1, (6, 4))), "colours"),
        (encoded(Image.new("L", (6, 4)), "JPEG"), "JPEG"),
        (encoded(Image.fromarray(np.full((4, 6), 300, np.uint16))), "300"),
        (encoded(Image.fromarray(np.full((4, 6), 0.5, np.float32)), "TIFF"), "floating-point"),
        (encoded(draw_image(1, (6, 4), "L"))[:60], "decoded"),
    ],
)
def test_what_is_no_mask(data, word):
    with pytest.raises(ImageError, match=word):
        decode_mask(data, HEADER, None)
