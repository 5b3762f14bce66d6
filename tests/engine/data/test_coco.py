"""COCO's boxes."""

import json

import numpy as np
import pytest

from engine.data import SPLIT_NAMES, load_dataset
from engine.data.health import health_report
from engine.errors import RequestError
from tests.engine.data.drawing import draw_image

CATEGORIES = [{"id": 90, "name": "dog"}, {"id": 7, "name": "cat"}]
CAT = {"category_id": 7, "bbox": [1, 2, 6, 7]}
DOG = {"category_id": 90, "bbox": [0, 0, 12, 12], "iscrowd": 0}


def draw(root, json_path, folder, count, *, boxes=(CAT, DOG), seed=0, prefix=""):
    """Images in ``folder`` and the json of them, each with the same boxes; returns the json's content."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i in range(count):
        draw_image(seed + i).save(root / folder / f"{i:02d}.jpg")
        images.append({"id": i + 1000, "file_name": f"{prefix}{i:02d}.jpg", "width": 12, "height": 12})
        annotations += [{"image_id": i + 1000, **box} for box in boxes]
    content = {"images": images, "annotations": annotations, "categories": list(CATEGORIES)}
    write(root / json_path, content)
    return content


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def load(path, image_size=None):
    return load_dataset({"path": str(path)}, path.parent / "cache", image_size)


def refusal(path):
    report = health_report(path)
    assert not report["ok"]
    with pytest.raises(RequestError) as caught:
        load(path)
    assert (caught.value.code, caught.value.field) == ("bad_dataset", "dataset.path")
    return caught.value.message


def problem(path, code):
    (found,) = [p for p in health_report(path)["problems"] if p["code"] == code]
    return found


def sizes(dataset):
    return {name: len(dataset.splits[name]) for name in SPLIT_NAMES}


@pytest.mark.parametrize(
    ("json_path", "folder", "prefix"),
    [
        ("annotations/instances_{}2017.json", "{}2017", ""),
        ("annotations/instances_{}2017.json", "images/{}2017", ""),
        ("{}/_annotations.coco.json", "{}", ""),
        ("{}.json", "images", "{}/"),
        ("w/annotations/{}.json", "w/{}/images", "./{}/images/"),
        ("instances_{}.json", "{}", "{}\\"),
    ],
)
def test_a_json_for_each_split(tmp_path, json_path, folder, prefix):
    for seed, (split, count) in enumerate({"train": 9, "val": 6, "test": 2}.items()):
        where = f"images/{split}" if folder == "images" else folder.format(split)
        draw(tmp_path / "d", json_path.format(split), where, count, seed=seed * 50, prefix=prefix.format(split))
    dataset = load(tmp_path / "d")
    assert (dataset.task, dataset.class_names) == ("detection", ("cat", "dog"))  # by id
    assert sizes(dataset) == {"train": 9, "search": 2, "calibration": 4, "test": 2}
    for split in dataset.splits.values():
        assert split.labels.dtype == np.float32
        assert split.labels[0].tolist() == [[0, 1, 2, 7, 9], [1, 0, 0, 12, 12]]
    pixels = np.concatenate([split.images for split in dataset.splits.values()])
    assert len({image.tobytes() for image in pixels}) == 17


@pytest.mark.parametrize("json_path", ["annotations.json", "annotations/all.json", "coco.json"])
def test_one_json_is_one_pool(tmp_path, json_path):
    draw(tmp_path / "d", json_path, "pictures", 12)
    assert sum(sizes(load(tmp_path / "d")).values()) == 12


def test_an_image_without_boxes_is_kept_and_one_that_is_not_listed_is_not(tmp_path):
    content = draw(tmp_path / "d", "annotations/a.json", "images", 12)
    content["annotations"] = content["annotations"][2:]
    content["images"].pop()
    write(tmp_path / "d/annotations/a.json", content)
    report = health_report(tmp_path / "d")
    assert (report["layout"], report["images"]) == ("coco", 11)
    assert problem(tmp_path / "d", "ignored_files")["files"] == ["images/11.jpg"]
    assert sum(sizes(load(tmp_path / "d")).values()) == 11


def test_a_split_without_boxes_is_left_aside(tmp_path):
    draw(tmp_path / "d", "annotations/instances_train.json", "train", 12)
    draw(tmp_path / "d", "annotations/instances_test.json", "test", 3, boxes=(), seed=50)
    assert not health_report(tmp_path / "d")["splits_given"]
    assert len(problem(tmp_path / "d", "ignored_files")["files"]) == 3
    assert sum(sizes(load(tmp_path / "d")).values()) == 12


def test_other_json_beside_the_instances_is_left_alone(tmp_path):
    draw(tmp_path / "d", "annotations/instances_train.json", "images", 12)
    write(tmp_path / "d/annotations/captions_train.json", {"images": [], "annotations": []})
    (tmp_path / "d/annotations/info.json").write_text("{")
    assert health_report(tmp_path / "d")["ok"]


def test_a_json_of_another_kind_beside_class_folders(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        for i in range(10):
            draw_image(i + 20 * ord(name)).save(tmp_path / "d" / name / f"{i}.png")
    write(tmp_path / "d/train.json", {"a": 1})
    assert load(tmp_path / "d").task == "classification"


def test_what_cannot_be_used_is_named_and_skipped(tmp_path):
    content = draw(tmp_path / "d", "annotations/a.json", "images", 12, boxes=(CAT,))
    rows = [
        ("crowd_boxes", {**DOG, "iscrowd": 1}),
        ("unknown_class", {**DOG, "category_id": 1}),
        ("unknown_class", {**DOG, "category_id": [90]}),
        ("degenerate_boxes", {**DOG, "bbox": [3, 3, 0, 4]}),
        ("degenerate_boxes", {**DOG, "bbox": [3, 3, 4, -4]}),
        ("outside_boxes", {**DOG, "bbox": [13, 3, 4, 4]}),
        ("clipped_boxes", {**DOG, "bbox": [10, 3, 4, 4]}),
        ("unreadable_boxes", {**DOG, "bbox": [10, 3, 4]}),
        ("unreadable_boxes", {**DOG, "bbox": [float("nan"), 3, 4, 4]}),
        ("unreadable_boxes", {**DOG, "bbox": [10**400, 3, 4, 4]}),
        ("unreadable_boxes", {**DOG, "bbox": {"x": 1}}),
        ("unreadable_boxes", {**DOG, "bbox": [[1], 3, 4, 4]}),
    ]
    content["annotations"] += [{"image_id": 1000, **row} for _, row in rows]
    content["annotations"] += [5, None, {"image_id": 77, **DOG}, {"image_id": {}, **DOG}, DOG]
    content["images"] += [7, {"id": 1}, {"id": [], "file_name": "a"}, {"id": 2, "file_name": "absent.jpg"}]
    content["categories"] += [None, {"id": 3}, {"id": {}, "name": "x"}, {"id": 4, "name": 4}]
    write(tmp_path / "d/annotations/a.json", content)
    codes = [code for code, _ in rows] + ["unreadable_boxes"] * 5 + ["unreadable_annotations"] * 7
    for code in set(codes):
        found = problem(tmp_path / "d", code)
        assert found["message"].startswith(f"{codes.count(code)} ")
        assert found["files"] == ["annotations/a.json"]
    assert problem(tmp_path / "d", "missing_image")["files"] == ["absent.jpg"]
    labels = np.concatenate([split.labels for split in load(tmp_path / "d").splits.values()])
    assert labels.shape == (12, 2, 5)
    assert labels[labels[..., 0] == 1].tolist() == [[1, 10, 3, 12, 7]]


def test_an_image_of_two_splits_is_used_in_test(tmp_path):
    for split in ("train", "test"):
        draw(tmp_path / "d", f"annotations/instances_{split}.json", "images", 10 if split == "train" else 2)
    assert problem(tmp_path / "d", "leakage")["files"] == ["images/00.jpg", "images/01.jpg"]
    assert sizes(load(tmp_path / "d"))["test"] == 2
    assert sum(sizes(load(tmp_path / "d")).values()) == 10


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no json"),
        ("[" * 100_000, "no json"),
        ('{"images": ' + "1" * 5000 + "}", "no json"),
        ("\xff\xfe\xff", "no json"),
        ("[]", "lists called images"),
        ('{"images": {}, "annotations": [], "categories": []}', "lists called images"),
        ('{"images": [], "annotations": [], "categories": []}', "no categories"),
        ('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}', "none of the images"),
    ],
)
def test_a_json_that_cannot_be_used_is_explained(tmp_path, text, word):
    draw(tmp_path / "d", "annotations/a.json", "images", 10)
    (tmp_path / "d/annotations/a.json").write_bytes(text.encode("latin-1"))
    message = refusal(tmp_path / "d")
    assert message.startswith("annotations/a.json")
    assert word in message


def test_a_broken_json_beside_a_good_one_is_named(tmp_path):
    draw(tmp_path / "d", "annotations/instances_train.json", "images", 10)
    (tmp_path / "d/annotations/instances_val.json").write_text("{")
    assert problem(tmp_path / "d", "unreadable_annotations")["files"] == ["annotations/instances_val.json"]
    assert sum(sizes(load(tmp_path / "d")).values()) == 10
