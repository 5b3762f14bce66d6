"""The size that all images of a dataset are brought to."""

from collections.abc import Sequence

import numpy as np

from engine.data.images import Header
from engine.errors import RequestError

Size = tuple[int, int]  # H, W

KEPT_SIDE = 224
SQUARE_SIDES = (32, 48, 64, 96, 128, 160, 192, 224)
KEPT_WHOLE_SIDE = 640
WHOLE_SIDE = 512
WHOLE_STEP = 32  # dense networks halve images five times
LARGEST_SIDE = 8192


def wanted_size(image_size: int | Sequence[int] | None) -> Size | None:
    """H, W of a size given as one side, as H and W, or not at all.

    Raises:
        RequestError: It is no such size.
    """
    if image_size is None:
        return None
    sides = (image_size,) * 2 if isinstance(image_size, int) else tuple(image_size)
    if len(sides) != 2 or not all(isinstance(side, int) and 1 <= side <= LARGEST_SIDE for side in sides):
        raise RequestError(
            "bad_dataset",
            f"An image size is one side, or height and width, from 1 to {LARGEST_SIDE}, not {image_size!r}.",
            "dataset",
        )
    return sides[0], sides[1]


def square_size(headers: Sequence[Header]) -> Size:
    """H, W for images of which the centre is enough.

    Images that all have the same size, up to 224 a side, keep it; all others become squares with the largest of
    the customary sides that does not enlarge the image in the middle, ranked by shorter side.
    """
    sizes = {(header.height, header.width) for header in headers}
    if len(sizes) == 1 and max(max(sizes)) <= KEPT_SIDE:
        return sizes.pop()
    median = int(np.median([min(header.height, header.width) for header in headers]))
    side = max((size for size in SQUARE_SIDES if size <= median), default=median)
    return side, side


def whole_size(headers: Sequence[Header]) -> Size:
    """H, W for images that are labelled up to their edges, so that none may be cut off.

    Images that all have the same size, up to 640 a side, keep it. All others are stretched to the median height
    and width, scaled down until the longer is at most 512, and rounded down to multiples of 32 where they have as
    many pixels: with images of one shape nothing is distorted by more than the rounding.
    """
    sizes = {(header.height, header.width) for header in headers}
    if len(sizes) == 1 and max(max(sizes)) <= KEPT_WHOLE_SIDE:
        return sizes.pop()
    height = float(np.median([header.height for header in headers]))
    width = float(np.median([header.width for header in headers]))
    scale = min(1.0, WHOLE_SIDE / max(height, width))
    return _rounded(height * scale), _rounded(width * scale)


def _rounded(side: float) -> int:
    pixels = int(side + 1e-6)  # 512 that came out as 511.9999 is 512
    return max(1, pixels // WHOLE_STEP * WHOLE_STEP or pixels)
