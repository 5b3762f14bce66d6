"""Image files of every common kind decode to what a viewer would show."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.data.images import ImageError, decode, read_header
from tests.engine.data.drawing import draw_image


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_rgb_keeps_its_pixels():
    image = draw_image(1, (5, 4))
    pixels = decode(encoded(image), 3, (4, 5))
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.asarray(image).transpose(2, 0, 1))


def test_sixteen_bits_are_scaled():
    values = np.array([[0, 257 * 100], [257 * 200, 65535]], dtype=np.uint16)
    data = encoded(Image.fromarray(values))
    assert read_header(data).grey
    assert decode(data, 1, (2, 2)).tolist() == [[[0, 100], [200, 255]]]


def test_transparent_parts_lie_on_white():
    image = Image.new("RGBA", (2, 2), (10, 20, 30, 0))
    assert decode(encoded(image), 3, (2, 2)).min() == 255


def test_grey_with_alpha_stays_grey():
    data = encoded(Image.new("LA", (2, 2), (7, 255)))
    assert read_header(data).grey
    assert (decode(data, 1, (2, 2)) == 7).all()


def test_a_colour_palette_is_colour_and_a_grey_one_is_not():
    colour = draw_image(1, (8, 8)).quantize(16)
    assert not read_header(encoded(colour)).grey
    assert decode(encoded(colour), 3, (8, 8)).shape == (3, 8, 8)
    grey = Image.new("P", (2, 2), 3)
    grey.putpalette([level for i in range(256) for level in (i, i, i)])
    assert read_header(encoded(grey)).grey


def test_cmyk_shows_its_colour():
    red = Image.new("RGB", (16, 16), (255, 0, 0)).convert("CMYK")
    pixels = decode(encoded(red, "JPEG", quality=95), 3, (16, 16))
    assert pixels[0].min() > 240
    assert pixels[1:].max() < 20


def test_exif_rotation_is_applied():
    image = Image.new("RGB", (8, 4), "black")
    image.paste("white", (0, 0, 4, 4))  # the left half, which becomes the top half
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "JPEG", exif=exif, quality=95)
    header = read_header(data)
    assert (header.width, header.height) == (4, 8)
    pixels = decode(data, 3, (8, 4))
    assert pixels[:, :3].min() > 200
    assert pixels[:, 5:].max() < 60


def test_another_size_is_filled_from_the_centre():
    image = Image.new("L", (30, 10), 0)
    image.paste(200, (10, 0, 20, 10))
    pixels = decode(encoded(image), 1, (5, 5))
    assert (pixels[:, :, 1:4] == 200).all()
    assert pixels.min() > 150  # the filter reaches a little over the cut


def test_a_large_jpeg_is_made_small():
    pixels = decode(encoded(Image.new("RGB", (640, 480), (50, 100, 150)), "JPEG"), 3, (32, 32))
    assert pixels.shape == (3, 32, 32)
    assert abs(pixels.mean(axis=(1, 2)) - [50, 100, 150]).max() < 3


def test_a_truncated_jpeg_is_refused():
    data = encoded(draw_image(1, (64, 64)), "JPEG")
    with pytest.raises(ImageError, match="truncated"):
        decode(data[: len(data) // 2], 3, (64, 64))


@pytest.mark.parametrize(("data", "word"), [(b"", "empty"), (b"hello", "not an image")])
def test_other_files_are_refused(data, word):
    with pytest.raises(ImageError, match=word):
        read_header(data)


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_png_that_would_fill_the_memory_is_refused_by_its_header(side):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(ImageError, match="pixels"):
        read_header(data)
