"""Which label belongs to which image, and which split an image is in."""

import unicodedata

import pytest

from engine.data.archive import open_source
from engine.data.pairing import pair_files
from tests.engine.data.drawing import write_lists


def pair(folder, images, labels, list_folder=None):
    folder.mkdir(exist_ok=True)
    found = pair_files(open_source(folder), images, labels, list_folder)
    return {pair.path: (pair.label, pair.split) for pair in found.pairs}, found


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/a.jpg", "masks/a.png"),
        ("Images/a.JPG", "LABELS/a.txt"),
        ("w/x/images/s/a.jpg", "w/x/labels/s/a.txt"),
        ("s/images/t/a.jpg", "s/masks/t/a.png"),
        ("images/v1.0.jpg", "masks/v1.0.png"),
        (unicodedata.normalize("NFD", "images/Äpfel.jpg"), unicodedata.normalize("NFC", "masks/Äpfel.png")),
    ],
)
def test_pairs(tmp_path, image, label):
    assert pair(tmp_path, [image], [label])[0] == {image: (label, "train")}


@pytest.mark.parametrize(
    ("image", "label"),
    [("images/a.jpg", "masks/b.png"), ("images/x/a.jpg", "masks/y/a.png"), ("a.jpg", "masks/x/a.png")],
)
def test_what_does_not_belong_together(tmp_path, image, label):
    pairs, found = pair(tmp_path, [image], [label])
    assert pairs == {image: (None, "train")}
    assert f"{label}: there is no image of this name" in found.findings.problems()[0].message


def test_the_same_name_in_two_splits(tmp_path):
    images, labels = ["train/images/a.jpg", "test/images/a.jpg"], ["train/masks/a.png", "test/masks/a.png"]
    pairs, found = pair(tmp_path, images, labels)
    assert pairs == {
        "train/images/a.jpg": ("train/masks/a.png", "train"),
        "test/images/a.jpg": ("test/masks/a.png", "test"),
    }
    assert found.splits == ("train", "test")


def test_a_split_without_labels_is_left_aside(tmp_path):
    images = ["train/images/a.jpg", "valid/images/a.jpg", "test/images/a.jpg"]
    pairs, found = pair(tmp_path, images, ["train/masks/a.png", "valid/masks/a.png"])
    assert found.splits == ("train", "val")
    assert found.ignored == ("test/images/a.jpg",)
    assert pair(tmp_path, images, ["train/masks/a.png"])[1].splits == ("train",)
    assert len(pair(tmp_path, images, ["train/masks/a.png"])[0]) == 1


def test_lists_of_names(tmp_path):
    write_lists(tmp_path, {"Main/train": ["a", "b c  1"], "Main/test": ["two words"], "Main/cat_train": ["z"]})
    images = [f"JPEGImages/{name}.jpg" for name in ("a", "b", "two words", "z")]
    pairs, found = pair(tmp_path, images, [path.replace("JPEGImages", "Annotations") for path in images], "main")
    assert {path: split for path, (_, split) in pairs.items()} == {
        images[0]: "train",
        images[1]: "train",
        images[2]: "test",
    }
    assert found.ignored == (images[3],)


def test_a_name_in_two_lists_is_in_both_splits(tmp_path):
    write_lists(tmp_path, {"Main/train": ["a", "b"], "Main/test": ["b"]})
    found = pair(tmp_path, ["a.jpg", "b.jpg"], ["a.xml", "b.xml"], "main")[1]
    assert [(pair.path, pair.split) for pair in found.pairs] == [
        ("a.jpg", "train"),
        ("b.jpg", "train"),
        ("b.jpg", "test"),
    ]
