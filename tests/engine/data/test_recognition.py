"""Which kind of dataset lies in a folder."""

import pytest
from PIL import Image

from engine.data.archive import open_source
from engine.data.health import health_report
from engine.data.recognition import recognise_dataset
from engine.errors import RequestError
from tests.engine.data.drawing import draw_classes, draw_image, draw_masked, draw_voc, stripes

CAT = ("cat", 1, 2, 7, 9)


def kind(folder):
    found = recognise_dataset(open_source(folder))
    return found.task, found.layout


def test_kinds(tmp_path):
    assert kind(draw_classes(tmp_path / "a", {"cat": 2, "dog": 2})) == ("classification", "class_folders")
    assert kind(draw_masked(tmp_path / "b", 2)) == ("segmentation", "masks")
    assert kind(draw_voc(tmp_path / "c", [[CAT]])) == ("detection", "voc")


def test_masks_come_before_boxes(tmp_path):
    draw_voc(tmp_path / "d", [[CAT]])
    (tmp_path / "d" / "SegmentationClass").mkdir()
    Image.fromarray(stripes((0, 1))).save(tmp_path / "d" / "SegmentationClass" / "im00.png")
    assert kind(tmp_path / "d") == ("segmentation", "voc_masks")


def test_classes_that_are_called_like_folders_of_images_and_masks(tmp_path):
    assert kind(draw_classes(tmp_path / "d", {"images/mask": 3, "images/no mask": 3}))[0] == "classification"


def test_stray_files_do_not_make_class_folders_something_else(tmp_path):
    folder = draw_classes(tmp_path / "d", {"train/cat": 2, "test/cat": 2, "train/dog": 2, "test/dog": 2})
    for name in ("train.json", "settings.xml", "train/notes.xml", "train/cat/notes.xml", "classes.txt", "data.yaml"):
        (folder / name).write_text("{}")
    assert kind(folder)[0] == "classification"


def test_what_fits_no_layout_is_explained(tmp_path):
    for i in range(3):
        draw_image(i).save(tmp_path / f"{i}.png")
    with pytest.raises(RequestError, match="COCO json, Pascal VOC's Annotations/ or YOLO's labels/"):
        kind(tmp_path)
    report = health_report(tmp_path)
    assert (report["ok"], report["task"]) == (False, "classification")
    assert report["problems"][0]["code"] == "bad_dataset"
