"""Tiny datasets for masks and boxes: coloured rectangles on a dark ground, with what marks them."""

import io
import zipfile
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

SIDE, IMAGES = 64, 48
COLOURS = {"cell": (220, 50, 40), "platelet": (90, 120, 230)}


def masks_zip(path: Path) -> Path:
    """Images with a mask for each: 0 for the ground, 1 for a cell, 2 for a platelet."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("classes.txt", "ground\ncell\nplatelet\n")
        for name, objects in _scenes():
            mask = Image.new("L", (SIDE, SIDE), 0)
            for colour, box in objects:
                ImageDraw.Draw(mask).rectangle(box, fill=1 + list(COLOURS).index(colour))
            archive.writestr(f"images/{name}.png", _png(_picture(objects)))
            archive.writestr(f"masks/{name}.png", _png(mask))
    return path


def boxes_zip(path: Path) -> Path:
    """Pascal VOC: images, and an xml with the boxes of each."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, objects in _scenes():
            boxes = "".join(
                f"<object><name>{colour}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax>"
                f"<ymax>{y2}</ymax></bndbox></object>"
                for colour, (x1, y1, x2, y2) in objects
            )
            size = f"<size><width>{SIDE}</width><height>{SIDE}</height><depth>3</depth></size>"
            archive.writestr(f"JPEGImages/{name}.png", _png(_picture(objects)))
            archive.writestr(
                f"Annotations/{name}.xml",
                f"<annotation><filename>{name}.png</filename>{size}{boxes}</annotation>",
            )
    return path


Objects = list[tuple[str, tuple[int, int, int, int]]]


def _scenes() -> list[tuple[str, Objects]]:
    """Each image's name and what is on it: a cell in its left half, a platelet in its right."""
    random = Random(7)
    scenes = []
    for number in range(IMAGES):
        objects: Objects = []
        for place, colour in enumerate(COLOURS):
            width, height = random.randint(14, 26), random.randint(14, 40)
            x, y = place * SIDE // 2 + random.randint(0, 5), random.randint(0, SIDE - height - 1)
            objects.append((colour, (x, y, x + width, y + height)))
        scenes.append((f"{number:03}", objects))
    return scenes


def _picture(objects: Objects) -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), (24, 26, 30))
    for colour, box in objects:
        ImageDraw.Draw(image).rectangle(box, fill=COLOURS[colour])
    return image


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
