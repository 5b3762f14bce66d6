"""Reads one mask: the class of each pixel, as a number, from index, palette, binary or colour images."""

import numpy as np
from PIL import Image, ImageOps

from engine.data.archive import FileError
from engine.data.class_lists import ClassColours
from engine.data.images import Header, ImageError, open_image, reason

# As ImageOps.exif_transpose, for labels that were drawn on the pixels as they are stored.
UPRIGHT = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
INDEX_MODES = ("1", "L", "LA", "P", "PA", "I", "I;16", "I;16B", "I;16L")


class WrongSize(FileError):
    """The mask is for an image of another size."""


def decode_mask(data: bytes, header: Header, colours: ClassColours | None) -> np.ndarray:
    """Numbers of the classes, uint8 H×W for the image as displayed.

    A mask that has the size of the image as displayed is taken as it is. One that has the size of the pixels as they
    are stored, before EXIF's rotation, was drawn on those and is rotated along.

    Args:
        data: The file's bytes.
        header: Of the image.
        colours: What the colours of a colour mask mean; a class is numbered by its place there.

    Raises:
        WrongSize: It has another size than the image.
        ImageError: It can't be read, or its values are no classes.
    """
    image = open_image(data)
    if image.format == "JPEG":
        raise ImageError("it is a JPEG, which changes the values of pixels; save masks as PNG")
    try:
        image.load()
        # A palette's colours don't matter, and transposing keeps its indices.
        image = ImageOps.exif_transpose(image)
    except Exception as error:  # decoders raise whatever a broken file makes them trip over
        raise ImageError(reason(error)) from error
    displayed = (header.width, header.height)
    if image.size == displayed[::-1] != displayed and header.orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[header.orientation])
    if image.size != displayed:
        raise WrongSize(f"it has {_size(image.size)} pixels and the image {_size(displayed)}")
    if image.mode == "F":
        raise ImageError("its pixels are floating-point numbers; save it with 8 bits")
    if image.mode in INDEX_MODES:
        return _indices(image)
    return _colours(image, colours)


def _indices(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if values.ndim == 3:  # the second channel is transparency
        values = values[..., 0]
    if values.dtype == bool or values.dtype == np.uint8:
        return values.astype(np.uint8)
    if values.size and not 0 <= values.min() <= values.max() <= 255:
        raise ImageError(f"it has values from {values.min()} to {values.max()}; classes are numbered from 0 to 254")
    return values.astype(np.uint8)


def _colours(image: Image.Image, colours: ClassColours | None) -> np.ndarray:
    try:
        pixels = np.asarray(image.convert("RGB"))
    except Exception as error:  # as above
        raise ImageError(reason(error)) from error
    if colours is None:
        if (pixels == pixels[..., :1]).all():
            return pixels[..., 0].copy()  # an index mask that was saved with three channels
        raise ImageError(
            "it shows classes as colours, and no file says which; save masks with a number for each class, or add a "
            "class_dict.csv with lines such as 'sky,128,128,128'"
        )
    table = np.array(colours.colours, dtype=np.uint32)
    keys = table @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    order = np.argsort(keys, kind="stable")
    nearest = order[np.searchsorted(keys, packed, sorter=order).clip(max=len(keys) - 1)]
    # The number after the last class stands for colours that are none of them.
    return np.where(keys[nearest] == packed, nearest, len(keys)).astype(np.uint8)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
