"""Pascal VOC's boxes."""

import numpy as np
import pytest
from PIL import Image

from engine.data import SPLIT_NAMES, load_dataset
from engine.data.dataset import NO_BOX
from engine.data.health import health_report
from engine.errors import RequestError
from tests.engine.data.drawing import draw_image, draw_voc, pack, voc_xml, write_lists

CAT, DOG = ("cat", 1, 2, 7, 9), ("dog", 0, 0, 12, 12)


def load(path, image_size=None):
    return load_dataset({"path": str(path)}, path.parent / "cache", image_size)


def problem(path, code):
    (found,) = [p for p in health_report(path)["problems"] if p["code"] == code]
    return found


def sizes(dataset):
    return {name: len(dataset.splits[name]) for name in SPLIT_NAMES}


def names(*rows):
    return [f"im{row:02d}" for row in range(*rows)]


def test_lists_say_which_image_is_in_which_split(tmp_path):
    folder = draw_voc(tmp_path / "cells" / "wrapped", [[CAT, DOG], [DOG], []] * 6)
    train, val, test = names(0, 9), names(9, 15), names(15, 17)
    lists = {"train": train, "val": val, "trainval": train + val, "test": test, "cat_train": [f"{n} -1" for n in train]}
    write_lists(folder, {f"Main/{name}": stems for name, stems in lists.items()})
    dataset = load(pack(tmp_path / "cells", tmp_path / "cells.zip"))
    assert (dataset.name, dataset.task, dataset.class_names) == ("cells", "detection", ("cat", "dog"))
    assert sizes(dataset) == {"train": 9, "search": 2, "calibration": 4, "test": 2}
    train = dataset.splits["train"]
    assert (train.labels.dtype, train.labels.shape) == (np.float32, (9, 2, 5))
    assert train.labels[0].tolist() == [[0, 1, 2, 7, 9], [1, 0, 0, 12, 12]]
    assert train.labels[1].tolist() == [[1, 0, 0, 12, 12], [NO_BOX, 0, 0, 0, 0]]
    assert (train.labels[2, :, 0] == NO_BOX).all()
    assert train.part(4).labels.shape == (4, 2, 5)
    assert dataset.splits["test"].labels.shape == (2, 2, 5)


def test_without_lists_there_is_one_pool(tmp_path):
    dataset = load(draw_voc(tmp_path / "d", [[CAT], [DOG]] * 10))
    assert sum(sizes(dataset).values()) == 20
    assert all(set(split.labels[:, 0, 0].tolist()) == {0, 1} for split in dataset.splits.values())


def test_trainval_stands_in_for_train(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT]] * 12)
    write_lists(folder, {"Main/trainval": names(0, 10), "Main/test": names(10, 12)})
    assert sizes(load(folder))["test"] == 2
    assert sum(sizes(load(folder)).values()) == 12


def test_files_side_by_side_in_folders_for_splits(tmp_path):
    for seed, (split, count) in enumerate({"train": 9, "valid": 6, "test": 2}.items()):
        draw_voc(tmp_path / "d", [[CAT]] * count, images=split, labels=split, seed=50 * seed)
    assert sizes(load(tmp_path / "d")) == {"train": 9, "search": 2, "calibration": 4, "test": 2}


def test_boxes_scale_with_the_image(tmp_path):
    dataset = load(draw_voc(tmp_path / "d", [[("cat", 3, 1, 6, 4)]] * 10, size=(12, 8)), (16, 6))
    assert dataset.image_shape == (3, 16, 6)
    assert dataset.splits["train"].labels[0].tolist() == [[0, 1.5, 2, 3, 8]]


def test_the_report_counts_images_and_boxes(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT, CAT], [DOG], [CAT]] * 10)
    report = health_report(folder)
    assert report["ok"]
    assert (report["task"], report["layout"], report["images"]) == ("detection", "voc", 30)
    cat = report["classes"][0]
    assert sum(cat["counts"].values()) == 20
    assert sum(cat["boxes"].values()) == 30
    assert not report["splits_given"]


def test_boxes_that_cannot_be_used_are_named_and_skipped(tmp_path):
    bad = [
        ("cat", 5, 5, 5, 9),
        ("cat", 7, 5, 5, 9),
        ("cat", 20, 1, 30, 9),
        ("cat", "nan", 1, 5, 9),
        ("cat", 1, 1, "inf", 9),
        ("cat", "", 1, 5, 9),
        ("", 1, 1, 5, 9),
    ]
    folder = draw_voc(tmp_path / "d", [bad + [("cat", -3, 6, 40, 9)]] + [[CAT]] * 9)
    for code, count in (("degenerate_boxes", 2), ("outside_boxes", 1), ("unreadable_boxes", 4), ("clipped_boxes", 1)):
        found = problem(folder, code)
        assert found["files"] == ["Annotations/im00.xml"]
        assert found["message"].startswith(f"{count} box")
    labels = np.concatenate([split.labels for split in load(folder).splits.values()])
    assert sorted(labels[:, 0].tolist()) == [[0, 0, 6, 12, 9]] + [[0, 1, 2, 7, 9]] * 9
    assert labels.shape[1] == 1


def test_the_size_in_the_file_tells_which_way_up_boxes_are(tmp_path):
    """EXIF says to turn the photo by a quarter clockwise: the upper left corner goes to the upper right."""
    folder = draw_voc(tmp_path / "d", [[CAT]] * 10)
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, box, size in (("stored", (0, 1, 2, 4), (12, 20)), ("displayed", (16, 0, 19, 2), (20, 12))):
        draw_image(len(name), (12, 20)).save(folder / "JPEGImages" / f"{name}.jpg", exif=exif)
        (folder / "Annotations" / f"{name}.xml").write_text(voc_xml([("dog", *box)], size))
    labels = np.concatenate([split.labels for split in load(folder, (12, 20)).splits.values()])
    turned = labels[labels[:, 0, 0] == 1]
    assert turned.tolist() == [[[1, 16, 0, 19, 2]]] * 2


def test_a_size_that_is_not_the_images(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT]] * 10)
    (folder / "Annotations" / "im03.xml").write_text(voc_xml([CAT], (500, 400)))
    assert "500×400" in problem(folder, "size_mismatch")["message"]
    assert sum(sizes(load(folder)).values()) == 9


def test_annotations_and_images_without_each_other(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT]] * 12)
    (folder / "Annotations" / "im00.xml").unlink()
    (folder / "JPEGImages" / "im01.jpg").unlink()
    assert problem(folder, "missing_annotation")["files"] == ["JPEGImages/im00.jpg"]
    assert problem(folder, "missing_image")["files"] == ["Annotations/im01.xml"]
    write_lists(folder, {"Main/train": [*names(2, 10), "ghost"], "Main/test": names(10, 12)})
    assert problem(folder, "missing_image")["files"] == ["ghost"]


def test_a_class_that_the_list_does_not_name(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT, DOG]] * 10)
    (folder / "classes.txt").write_text("dog\n")
    assert "'cat' is not in the list" in problem(folder, "unknown_class")["message"]
    assert load(folder).class_names == ("dog",)


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<annotation><object><name>&c;</name></object></annotation>"""
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><annotation><name>&b;</name></annotation>'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        ("hello", "no xml"),
        ("", "no xml"),
        ("<annotation><object>", "no xml"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "no xml"),
        ("<a>" + " " * 5_000_000 + "</a>", "larger than 4 MiB"),
    ],
)
def test_hostile_files_are_left_out(tmp_path, text, word):
    folder = draw_voc(tmp_path / "d", [[CAT]] * 10)
    (folder / "Annotations" / "im04.xml").write_text(text)
    found = problem(folder, "unreadable_annotations")
    assert found["files"] == ["Annotations/im04.xml"]
    assert word in found["message"]
    assert sum(sizes(load(folder)).values()) == 9


def test_deep_nesting_ends(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT]] * 10)
    (folder / "Annotations" / "im04.xml").write_text("<a>" * 200_000 + "</a>" * 200_000)
    assert health_report(folder)["ok"]


def test_no_boxes_at_all(tmp_path):
    with pytest.raises(RequestError, match="hold no boxes"):
        load(draw_voc(tmp_path / "d", [[]] * 10))
    assert not health_report(tmp_path / "d")["ok"]


def test_the_reason_is_given_when_no_file_can_be_read(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT]] * 10)
    for path in (folder / "Annotations").iterdir():
        path.write_text(BOMB)
    with pytest.raises(RequestError, match="hold no boxes.*im00.xml: it declares a document type"):
        load(folder)


def test_too_many_boxes_in_an_image(tmp_path):
    folder = draw_voc(tmp_path / "d", [[CAT] * 1001] + [[CAT]] * 9)
    assert "1,001 boxes" in problem(folder, "too_many_boxes")["message"]
    assert load(folder).splits["train"].labels.shape[1] == 1
