"""YOLO's boxes."""

import numpy as np
import pytest

from engine.data import SPLIT_NAMES, load_dataset
from engine.data.dataset import NO_BOX
from engine.data.health import health_report
from engine.errors import RequestError
from tests.engine.data.drawing import draw_image

LINES = "0 0.5 0.5 0.5 0.25\n1 0.25 0.75 0.5 0.5\n"


def draw(root, count, images="images", labels="labels", text=LINES, seed=0):
    for folder in (images, labels):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        draw_image(seed + i, (16, 8)).save(root / images / f"{i:02d}.jpg")
        (root / labels / f"{i:02d}.txt").write_text(text)
    return root


def load(path, image_size=None):
    return load_dataset({"path": str(path)}, path.parent / "cache", image_size)


def problem(path, code):
    (found,) = [p for p in health_report(path)["problems"] if p["code"] == code]
    return found


def sizes(dataset):
    return {name: len(dataset.splits[name]) for name in SPLIT_NAMES}


@pytest.mark.parametrize(
    ("images", "labels"), [("{}/images", "{}/labels"), ("images/{}", "labels/{}"), ("w/images/{}", "w/labels/{}")]
)
def test_folders_for_splits(tmp_path, images, labels):
    for seed, (split, count) in enumerate({"train": 9, "valid": 6, "test": 2}.items()):
        draw(tmp_path / "d", count, images.format(split), labels.format(split), seed=seed * 50)
    (tmp_path / "d" / "data.yaml").write_text("nc: 2\nnames: ['cat', 'dog']\n")
    dataset = load(tmp_path / "d")
    assert (dataset.task, dataset.class_names) == ("detection", ("cat", "dog"))
    assert sizes(dataset) == {"train": 9, "search": 2, "calibration": 4, "test": 2}
    assert dataset.splits["test"].labels[0].tolist() == [[0, 4, 3, 12, 5], [1, 0, 4, 8, 8]]


def test_one_pool_with_a_list_of_classes_among_the_labels(tmp_path):
    folder = draw(tmp_path / "d", 12)
    (folder / "labels" / "classes.txt").write_text("cat\ndog\nowl\n")
    dataset = load(folder)
    assert dataset.class_names == ("cat", "dog", "owl")
    assert sum(sizes(dataset).values()) == 12
    report = health_report(folder)
    assert report["layout"] == "yolo"
    assert {p["code"] for p in report["problems"]} == {
        "class_not_trained", "class_not_tested", "few_calibration_images", "few_test_images",
    }  # fmt: skip


def test_without_names_classes_are_numbered(tmp_path):
    assert load(draw(tmp_path / "d", 10)).class_names == ("0", "1")


def test_an_image_without_a_text_file_holds_nothing(tmp_path):
    folder = draw(tmp_path / "d", 12)
    for i in range(4):
        (folder / "labels" / f"{i:02d}.txt").unlink()
    labels = np.concatenate([split.labels for split in load(folder).splits.values()])
    assert (labels[:, 0, 0] == NO_BOX).sum() == 4


def test_boxes_scale_with_the_image(tmp_path):
    label = load(draw(tmp_path / "d", 10), 32).splits["train"].labels[0]
    assert label.tolist() == [[0, 8, 12, 24, 20], [1, 0, 16, 16, 32]]


def test_lines_that_are_no_boxes_are_named_and_skipped(tmp_path):
    folder = draw(tmp_path / "d", 10)
    (folder / "data.yaml").write_text("names:\n  0: cat\n  1: dog\n")
    bad = ["hello", "0 0.5 0.5 0.5", "0 nan 0.5 0.5 0.5", "0 0.1 0.1 0.2 0.1 0.3 0.3", "0 1e999 0.5 0.5 0.5"]
    unknown = ["2 0.5 0.5 0.5 0.5", "-1 0.5 0.5 0.5 0.5", "0.5 0.5 0.5 0.5 0.5"]
    empty = ["0 0.5 0.5 0 0.5", "0 0.5 0.5 -0.5 0.5"]
    (folder / "labels" / "03.txt").write_text("\n".join([*bad, *unknown, *empty, "1 1.0 0.5 0.5 0.5", "0 4 4 1 1"]))
    counts = {"unreadable_boxes": 5, "unknown_class": 3, "degenerate_boxes": 2, "clipped_boxes": 1, "outside_boxes": 1}
    for code, count in counts.items():
        found = problem(folder, code)
        assert found["files"] == ["labels/03.txt"]
        assert found["message"].startswith(f"{count} box")
    labels = np.concatenate([split.labels for split in load(folder).splits.values()])
    (single,) = labels[labels[:, 1, 0] == NO_BOX]
    assert single[0].tolist() == [1, 12, 2, 16, 6]


def test_rounding_beyond_the_edge_is_not_worth_a_word(tmp_path):
    folder = draw(tmp_path / "d", 10, text="0 0.5 0.5 1.000001 1.000001\n")
    assert "clipped_boxes" not in {p["code"] for p in health_report(folder)["problems"]}
    assert load(folder).splits["train"].labels[0].tolist() == [[0, 0, 0, 16, 8]]


def test_text_files_without_boxes(tmp_path):
    with pytest.raises(RequestError, match="hold no boxes"):
        load(draw(tmp_path / "d", 10, text=""))


def test_too_many_classes(tmp_path):
    folder = draw(tmp_path / "d", 10)
    (folder / "classes.txt").write_text("\n".join(map(str, range(3000))))
    with pytest.raises(RequestError, match="3,000 classes"):
        load(folder)
