"""Datasets with one folder a class: layouts, sizes, the cache, and refusals."""

import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from engine.data import SPLIT_NAMES, load_dataset
from engine.errors import RequestError
from tests.engine.data.drawing import draw_classes, draw_image, pack

COUNTS = {"cat": 20, "dog": 30}


def load(path, cache, image_size=None):
    return load_dataset({"path": str(path)}, cache, image_size)


def refusal(path, cache):
    with pytest.raises(RequestError) as caught:
        load(path, cache)
    assert caught.value.code == "bad_dataset"
    assert not list(cache.glob(".decoding-*"))
    return caught.value.message


def sizes(dataset):
    return {name: len(dataset.splits[name]) for name in SPLIT_NAMES}


def test_one_pool_becomes_four_splits_with_every_image_once(tmp_path):
    dataset = load(draw_classes(tmp_path / "pets", COUNTS), tmp_path / "cache")
    assert dataset.name == "pets"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.image_shape == (3, 12, 12)
    assert sum(sizes(dataset).values()) == 50
    images = np.concatenate([split.images for split in dataset.splits.values()])
    assert len({image.tobytes() for image in images}) == 50


def test_labels_follow_the_folders(tmp_path):
    for name, colour in (("blue", (0, 0, 255)), ("red", (255, 0, 0))):
        (tmp_path / "d" / name).mkdir(parents=True)
        for i in range(10):
            image = Image.new("RGB", (4, 4), colour)
            image.putpixel((0, 0), (i, i, i))
            image.save(tmp_path / "d" / name / f"{i}.png")
    dataset = load(tmp_path / "d", tmp_path / "cache")
    for split in dataset.splits.values():
        assert ((split.images[:, 0, 3, 3] == 255) == (split.labels == 1)).all()


def test_a_zip_gives_what_its_folder_gives(tmp_path):
    folder = draw_classes(tmp_path / "pets", COUNTS)
    first = load(folder, tmp_path / "cache")
    second = load(pack(folder, tmp_path / "pets.zip"), tmp_path / "cache")
    assert second.name == "pets"
    for name in SPLIT_NAMES:
        assert np.array_equal(first.splits[name].images, second.splits[name].images)


def test_a_wrapping_folder_and_capital_endings_and_other_scripts(tmp_path):
    draw_classes(tmp_path / "d" / "wrapped", {"Äpfel": 10, "梨": 10}, ending=".PNG")
    assert load(pack(tmp_path / "d", tmp_path / "d.zip"), tmp_path / "cache").class_names == ("Äpfel", "梨")


def test_given_splits_are_kept(tmp_path):
    counts = {
        "Train/cat": 40,
        "Train/dog": 40,
        "valid/cat": 11,
        "valid/dog": 11,
        "test/cat": 7,
        "test/dog": 8,
    }
    dataset = load(draw_classes(tmp_path / "d", counts), tmp_path / "cache")
    assert sizes(dataset) == {"train": 80, "search": 8, "calibration": 14, "test": 15}


def test_search_and_calibration_are_carved_from_train_without_val(tmp_path):
    counts = {"train/cat": 50, "train/dog": 50, "test/cat": 9, "test/dog": 9}
    dataset = load(draw_classes(tmp_path / "d", counts), tmp_path / "cache")
    assert sizes(dataset) == {"train": 70, "search": 11, "calibration": 19, "test": 18}


def test_an_image_in_train_and_test_is_used_in_test_only(tmp_path):
    folder = draw_classes(tmp_path / "d", {"train/cat": 20, "train/dog": 20, "test/cat": 5, "test/dog": 5})
    shutil.copy(folder / "test/cat/0000.png", folder / "train/cat/copy.png")
    assert sum(sizes(load(folder, tmp_path / "cache")).values()) == 50


def test_all_grey_gives_one_channel_and_one_colour_image_makes_three(tmp_path):
    folder = draw_classes(tmp_path / "d", {"a": 10, "b": 10}, mode="L")
    assert load(folder, tmp_path / "cache").image_shape == (1, 12, 12)
    draw_image(99).save(folder / "a" / "colour.png")
    assert load(folder, tmp_path / "cache").image_shape == (3, 12, 12)


def test_mixed_sizes_become_squares_of_a_customary_side(tmp_path):
    folder = draw_classes(tmp_path / "d", {"a": 10, "b": 10}, size=(70, 50))
    draw_image(99, (200, 300)).save(folder / "a" / "tall.png")
    assert load(folder, tmp_path / "cache").image_shape == (3, 48, 48)
    assert load(folder, tmp_path / "cache", 20).image_shape == (3, 20, 20)


def test_equal_sizes_are_kept(tmp_path):
    folder = draw_classes(tmp_path / "d", {"a": 10, "b": 10}, size=(70, 50))
    assert load(folder, tmp_path / "cache").image_shape == (3, 50, 70)


def test_a_second_load_reads_the_cache(tmp_path):
    archive = pack(draw_classes(tmp_path / "d", COUNTS), tmp_path / "d.zip")
    first = load(archive, tmp_path / "cache")
    (cached,) = (tmp_path / "cache").iterdir()
    stamp = cached.stat().st_mtime_ns
    second = load(archive, tmp_path / "cache")
    assert cached.stat().st_mtime_ns == stamp
    assert np.array_equal(first.splits["test"].images, second.splits["test"].images)
    assert (first.mean, first.std) == (second.mean, second.std)


def test_a_changed_folder_is_read_again(tmp_path):
    folder = draw_classes(tmp_path / "d", COUNTS)
    load(folder, tmp_path / "cache")
    draw_image(999).save(folder / "cat" / "more.png")
    assert sum(sizes(load(folder, tmp_path / "cache")).values()) == 51


def test_large_arrays_are_mapped_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.data.cache.MAP_ABOVE_BYTES", 0)
    dataset = load(draw_classes(tmp_path / "d", COUNTS), tmp_path / "cache")
    assert isinstance(dataset.splits["train"].images, np.memmap)


def test_a_broken_image_is_left_out(tmp_path):
    folder = draw_classes(tmp_path / "d", COUNTS, ending=".jpg")
    data = (folder / "cat" / "0000.jpg").read_bytes()
    (folder / "cat" / "0000.jpg").write_bytes(data[: len(data) // 2])
    assert sum(sizes(load(folder, tmp_path / "cache")).values()) == 49


def test_a_damaged_entry_is_left_out(tmp_path):
    archive = pack(draw_classes(tmp_path / "d", COUNTS), tmp_path / "d.zip")
    with zipfile.ZipFile(archive) as opened:
        offset = opened.getinfo("cat/0003.png").header_offset + 200
    data = bytearray(archive.read_bytes())
    data[offset] ^= 0xFF
    archive.write_bytes(data)
    assert sum(sizes(load(archive, tmp_path / "cache")).values()) == 49


def test_a_class_of_one_image_is_refused_by_name(tmp_path):
    message = refusal(draw_classes(tmp_path / "d", {"cat": 20, "dog": 1}), tmp_path / "cache")
    assert "'dog' has 1 usable images" in message
    assert "at least 8" in message


def test_a_single_class_is_refused(tmp_path):
    assert "only one class, 'cat'" in refusal(draw_classes(tmp_path / "d", {"cat": 20}), tmp_path / "cache")


def test_images_outside_class_folders_are_refused(tmp_path):
    assert "don't lie in class folders" in refusal(draw_classes(tmp_path / "d", {".": 20}), tmp_path / "cache")


def test_no_images_is_refused(tmp_path):
    (tmp_path / "d").mkdir()
    assert "no images" in refusal(tmp_path / "d", tmp_path / "cache")


def test_only_broken_images_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        (tmp_path / "d" / name / "1.png").write_text("hello")
    assert "Not one of the images" in refusal(tmp_path / "d", tmp_path / "cache")


def test_folders_of_another_task_without_its_labels(tmp_path):
    folder = draw_classes(tmp_path / "d", {"train/images": 3, "val/images": 3, "train/other": 3, "val/JPEGImages": 3})
    assert "segmentation or detection" in refusal(folder, tmp_path / "cache")
