"""Which kind of dataset lies in a folder or archive, told by its files alone.

In this order: images with masks, a COCO json, Pascal VOC's xml files, YOLO's text files, one folder a class. A
Pascal VOC archive that holds both masks and boxes is therefore read as segmentation.
"""

from engine.data.annotations import Annotations
from engine.data.archive import Source
from engine.data.class_folders import ClassFolders
from engine.data.coco import find_coco
from engine.data.layout import recognise
from engine.data.masks import find_masks
from engine.data.voc import find_voc
from engine.data.yolo import find_yolo


def recognise_dataset(source: Source) -> Annotations:
    """The samples of a dataset, with whatever reads their labels.

    Raises:
        RequestError: No known layout fits, or what it needs can't be read.
    """
    found: Annotations | None = find_masks(source) or find_coco(source) or find_voc(source) or find_yolo(source)
    return found or ClassFolders(recognise(source.files()))
