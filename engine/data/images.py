"""Reads one image file of any common kind as 8-bit grey or RGB, the right way up.

16-bit values are scaled, transparent parts lie on white, palettes and CMYK are converted, EXIF rotation is
applied, and of an animation the first frame counts. Anything that Pillow stumbles over becomes one
``ImageError`` with a reason that a user can read.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from engine.data.archive import FileError

ENDINGS = (
    ".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm",
)  # fmt: skip
# Only these decoders may run: others call outside programs or are little tested.
FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM")
MAX_PIXELS = 80_000_000
GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
EXIF_ORIENTATION = 0x0112


class ImageError(FileError):
    """This file can't be used as an image; the message says why."""


@dataclass(frozen=True)
class Header:
    """Width and height as displayed, whether the image has no colour, and EXIF's orientation (1: as displayed)."""

    width: int
    height: int
    grey: bool
    orientation: int = 1


def read_header(data: bytes) -> Header:
    """What a file says about itself, without decoding its pixels."""
    image = open_image(data)
    width, height = image.size
    try:
        orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    except Exception as error:  # parsers raise whatever broken metadata makes them trip over
        raise ImageError(reason(error)) from error
    if orientation not in range(1, 9):
        orientation = 1
    if orientation >= 5:
        width, height = height, width
    return Header(width, height, _is_grey(image), orientation)


def decode(data: bytes, channels: int, size: tuple[int, int], *, whole: bool = False) -> np.ndarray:
    """Pixels as uint8 C×H×W.

    Args:
        data: The file's bytes.
        channels: 1 for grey, 3 for RGB.
        size: H, W. Another size is reached by resizing until it is filled, and cutting off evenly what
            sticks out.
        whole: Stretch to the size instead, so that nothing is cut off.
    """
    height, width = size
    image = open_image(data)
    if image.format == "JPEG" and min(image.size) > 2 * max(size):
        # JPEG can decode straight to 1/2, 1/4 or 1/8; twice the wanted size keeps the result sharp.
        shrink = 2 * max(size) / min(image.size)
        image.draft(None, (round(image.width * shrink), round(image.height * shrink)))
    try:
        image.load()
        image = ImageOps.exif_transpose(image)
        image = _to_8_bit(image, "L" if channels == 1 else "RGB")
    except ImageError:
        raise
    except Exception as error:  # decoders raise whatever a broken file makes them trip over
        raise ImageError(reason(error)) from error
    if whole:
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    elif image.size != (width, height):
        scale = max(width / image.width, height / image.height)
        left = (image.width - width / scale) / 2
        top = (image.height - height / scale) / 2
        box = (left, top, image.width - left, image.height - top)
        image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def open_image(data: bytes) -> Image.Image:
    """The image with its pixels not yet decoded.

    Raises:
        ImageError: It is of no known kind, or too large.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ImageError(f"it has more than {MAX_PIXELS:,} pixels") from error
    except Image.UnidentifiedImageError as error:
        raise ImageError("it is empty" if not data else "it is not an image of a known kind") from error
    except Exception as error:
        raise ImageError(reason(error)) from error
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"it has {image.width}×{image.height} pixels; at most {MAX_PIXELS:,} are accepted")
    return image


def _is_grey(image: Image.Image) -> bool:
    if image.mode != "P":
        return image.mode in GREY_MODES
    palette = np.asarray(image.getpalette("RGB")).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _to_8_bit(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == "F":
        raise ImageError("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.float64)
        if image.mode != "I" or values.max(initial=0) > 255:
            values = np.round(values / 257)
        image = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)


def reason(error: Exception) -> str:
    """What a decoder said, as part of a sentence."""
    return f"it can't be decoded ({str(error).strip() or type(error).__name__})"
