"""The health report names what is wrong, where, and how to mend it."""

import json
import shutil

import pytest
from PIL import Image
from sklearn.datasets import load_digits

from engine.data.health import health_report
from tests.engine.data.drawing import draw_classes, draw_image, pack


def problem(report, code):
    (found,) = [p for p in report["problems"] if p["code"] == code]
    return found


def test_a_good_dataset(tmp_path):
    report = health_report(draw_classes(tmp_path / "pets", {"cat": 600, "dog": 600}, size=(3, 2)))
    assert report == {
        "ok": True,
        "task": "classification",
        "layout": "class_folders",
        "name": "pets",
        "classes": [
            {"name": name, "counts": {"train": 299, "search": 67, "calibration": 117, "test": 117}}
            for name in ("cat", "dog")
        ],
        "images": 1200,
        "image_sizes": {"min": [3, 2], "max": [3, 2], "common": [3, 2]},
        "channels": 3,
        "splits_given": False,
        "problems": [],
    }
    json.dumps(report)


def test_digits_as_class_folders(tmp_path):
    digits = load_digits()
    for i, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        folder = tmp_path / "digits" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype("uint8")).save(folder / f"{i}.png")
    report = health_report(pack(tmp_path / "digits", tmp_path / "digits.zip"))
    assert report["ok"]
    assert report["channels"] == 1
    assert report["images"] == 1797
    assert sum(c["counts"]["calibration"] for c in report["classes"]) == 350
    assert report["problems"] == []


def test_unreadable_files_are_listed_and_the_rest_is_usable(tmp_path):
    folder = draw_classes(tmp_path / "d", {"cat": 20, "dog": 20}, ending=".jpg")
    data = (folder / "cat" / "0007.jpg").read_bytes()
    (folder / "cat" / "0007.jpg").write_bytes(data[: len(data) // 2])
    report = health_report(folder)
    assert report["ok"]
    assert report["images"] == 39
    found = problem(report, "unreadable_files")
    assert found["severity"] == "warning"
    assert found["files"] == ["cat/0007.jpg"]
    assert "truncated" in found["message"].lower()


def test_a_class_too_small_is_named_with_what_it_needs(tmp_path):
    report = health_report(draw_classes(tmp_path / "d", {"cat": 20, "dog": 1}))
    assert not report["ok"]
    found = problem(report, "class_too_small")
    assert found["severity"] == "error"
    assert found["files"] == ["dog"]
    assert "needs at least 8" in found["message"]
    assert [c["counts"] for c in report["classes"]] == [{"train": 20}, {"train": 1}]


def test_a_class_missing_from_train_is_an_error_and_from_test_a_warning(tmp_path):
    counts = {"train/cat": 20, "train/dog": 20, "test/cat": 9, "test/owl": 9}
    report = health_report(draw_classes(tmp_path / "d", counts))
    assert problem(report, "class_too_small")["files"] == ["train/owl"]
    counts = {"train/cat": 20, "train/dog": 20, "test/cat": 9}
    report = health_report(draw_classes(tmp_path / "e", counts))
    assert report["ok"]
    assert "'dog'" in problem(report, "class_not_tested")["message"]


def test_a_single_class(tmp_path):
    assert problem(health_report(draw_classes(tmp_path / "d", {"cat": 20})), "single_class")["severity"] == "error"


def test_leakage_between_given_splits(tmp_path):
    folder = draw_classes(tmp_path / "d", {"train/a": 20, "train/b": 20, "test/a": 5, "test/b": 5})
    shutil.copy(folder / "test/a/0000.png", folder / "train/a/copy.png")
    found = problem(health_report(folder), "leakage")
    assert found["files"] == ["test/a/0000.png", "train/a/copy.png"]


def test_duplicates_and_conflicting_labels(tmp_path):
    folder = draw_classes(tmp_path / "d", {"a": 20, "b": 20})
    shutil.copy(folder / "a/0000.png", folder / "a/copy.png")
    shutil.copy(folder / "a/0001.png", folder / "b/copy.png")
    report = health_report(folder)
    assert problem(report, "duplicates")["files"] == ["a/copy.png"]
    assert problem(report, "conflicting_labels")["files"] == ["a/0001.png", "b/copy.png"]


def test_imbalance_and_few_images(tmp_path):
    report = health_report(draw_classes(tmp_path / "d", {"a": 80, "b": 10}))
    assert report["ok"]
    assert "'a' has 80" in problem(report, "imbalance")["message"]
    assert "±" in problem(report, "few_calibration_images")["message"]
    assert "±" in problem(report, "few_test_images")["message"]


def test_files_that_are_no_images_are_named(tmp_path):
    folder = draw_classes(tmp_path / "d", {"a": 10, "b": 10})
    (folder / "readme.txt").write_text("hello")
    draw_image(5).save(folder / "loose.png")
    assert problem(health_report(folder), "ignored_files")["files"] == ["loose.png", "readme.txt"]


@pytest.mark.parametrize("name", ["broken.zip", "missing.zip"])
def test_not_a_dataset_is_a_report_too(tmp_path, name):
    (tmp_path / "broken.zip").write_text("hello")
    report = health_report(tmp_path / name)
    assert not report["ok"]
    assert problem(report, "bad_dataset")["severity"] == "error"


def test_sizes(tmp_path):
    folder = draw_classes(tmp_path / "d", {"a": 10, "b": 10}, size=(30, 20))
    draw_image(5, (10, 10)).save(folder / "a" / "small.png")
    draw_image(6, (50, 60)).save(folder / "a" / "large.png")
    assert health_report(folder)["image_sizes"] == {"min": [10, 10], "max": [50, 60], "common": [30, 20]}
