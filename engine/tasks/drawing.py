"""How samples are drawn: colours of classes, and images as data that a page can show."""

import base64
import colorsys
import io

import numpy as np
from PIL import Image

GOLDEN = 0.618033988749895  # of a turn: hues that stay apart however many there are
LIGHTNESSES = (0.45, 0.62)


def colours(count: int) -> list[str]:
    """``#rrggbb`` for each class."""
    found = []
    for k in range(count):
        red, green, blue = colorsys.hls_to_rgb(GOLDEN * k % 1, LIGHTNESSES[k % len(LIGHTNESSES)], 0.75)
        found.append("#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue)))
    return found


def picture(image: np.ndarray) -> str:
    """uint8 C×H×W as a ``data:`` URL of a PNG; an image of one or more than four channels is shown by its first."""
    channels = image if len(image) in (3, 4) else image[:1]
    pixels = np.ascontiguousarray(channels.transpose(1, 2, 0))
    return _data_url(Image.fromarray(pixels[..., 0] if len(channels) == 1 else pixels))


def overlay(mask: np.ndarray, class_colours: list[str]) -> str:
    """Classes H×W in their colours as a ``data:`` URL of a PNG, transparent where there is none."""
    table = np.array([[*bytes.fromhex(colour[1:]), 255] for colour in class_colours], dtype=np.uint8)
    there = mask < len(table)
    pixels = np.where(there[..., None], table[np.where(there, mask, 0)], 0).astype(np.uint8)
    return _data_url(Image.fromarray(pixels))


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
