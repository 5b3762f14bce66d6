"""A smaller copy of an image dataset, as a zip that the engine reads like any user's."""

import io
import os
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from engine.data.archive import open_source


def build_subset(
    source: Path, target: Path, *, classes: Sequence[str] | None, counts: Mapping[str, float], side: int | None
) -> Path:
    """Write some of the images of ``train/<class>/`` and ``test/<class>/`` to a new zip, losslessly.

    Args:
        source: Zip or folder with one folder a class below train and test.
        target: The zip to write; left alone where it exists.
        classes: Which classes; None takes all.
        counts: Images of each class for ``train``, ``val`` (the train images that follow those) and ``test``; a
            number below 1 is a share of what the source's folder has, and 0 leaves the split out.
        side: Side that square images are averaged down to; None keeps them.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.part")  # jobs that run side by side each write their own
    images = open_source(source)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as written:
        names = defaultdict(list)
        for name in sorted(n for n in images.files() if n.count("/") >= 2):
            *_, split, label, _ = name.split("/")
            if classes is None or label in classes:
                names[split, label].append(name)
        for (split, label), found in sorted(names.items()):
            start = 0
            for part in ("train", "val") if split == "train" else ("test",):
                wanted = counts.get(part, 0)
                count = round(wanted * len(found)) if wanted < 1 else int(wanted)
                for name in found[start : start + count]:
                    stem = Path(name).stem
                    written.writestr(f"{part}/{label}/{stem}.png", _smaller(images.read(name), side))
                start += count
    os.replace(draft, target)
    return target


def _smaller(data: bytes, side: int | None) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    if side is not None:
        image = image.resize((side, side), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
