"""Tiny datasets for masks and boxes: coloured rectangles on a dark ground, with what marks them."""

import io
import zipfile
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

IMAGES = 48
COLOURS = {"cell": (220, 50, 40), "platelet": (90, 120, 230)}


def masks_zip(path: Path, side: int = 32) -> Path:
    """Images of ``side`` pixels with a mask for each: 0 for the ground, 1 for a cell, 2 for a platelet."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("classes.txt", "ground\ncell\nplatelet\n")
        for name, objects in _scenes(side):
            mask = Image.new("L", (side, side), 0)
            for colour, box in objects:
                ImageDraw.Draw(mask).rectangle(box, fill=1 + list(COLOURS).index(colour))
            archive.writestr(f"images/{name}.png", _png(_picture(objects, side)))
            archive.writestr(f"masks/{name}.png", _png(mask))
    return path


def boxes_zip(path: Path, side: int = 64) -> Path:
    """Pascal VOC: images of ``side`` pixels, and an xml with the boxes of each."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, objects in _scenes(side):
            boxes = "".join(
                f"<object><name>{colour}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax>"
                f"<ymax>{y2}</ymax></bndbox></object>"
                for colour, (x1, y1, x2, y2) in objects
            )
            size = f"<size><width>{side}</width><height>{side}</height><depth>3</depth></size>"
            archive.writestr(f"JPEGImages/{name}.png", _png(_picture(objects, side)))
            archive.writestr(
                f"Annotations/{name}.xml",
                f"<annotation><filename>{name}.png</filename>{size}{boxes}</annotation>",
            )
    return path


Objects = list[tuple[str, tuple[int, int, int, int]]]


def _scenes(side: int) -> list[tuple[str, Objects]]:
    """Each image's name and what is on it: a cell in its left half, a platelet in its right."""
    random = Random(7)
    scenes = []
    for number in range(IMAGES):
        objects: Objects = []
        for place, colour in enumerate(COLOURS):
            width, height = random.randint(side // 4, side // 3), random.randint(side // 4, side // 2)
            x, y = place * side // 2 + random.randint(0, side // 10), random.randint(0, side - height - 1)
            objects.append((colour, (x, y, x + width, y + height)))
        scenes.append((f"{number:03}", objects))
    return scenes


def _picture(objects: Objects, side: int) -> Image.Image:
    image = Image.new("RGB", (side, side), (24, 26, 30))
    for colour, box in objects:
        ImageDraw.Draw(image).rectangle(box, fill=COLOURS[colour])
    return image


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
