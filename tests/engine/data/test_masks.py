"""Datasets of images and masks: layouts, classes, splits and sizes."""

import numpy as np
import pytest
from PIL import Image

from engine.data import SPLIT_NAMES, load_dataset
from engine.data.dataset import IGNORE
from engine.data.health import health_report
from engine.errors import RequestError
from tests.engine.data.drawing import draw_image, draw_masked, pack, stripes, write_lists


def load(path, image_size=None):
    return load_dataset({"path": str(path)}, path.parent / "cache", image_size)


def refusal(path):
    with pytest.raises(RequestError) as caught:
        load(path)
    assert (caught.value.code, caught.value.field) == ("bad_dataset", "dataset.path")
    return caught.value.message


def problem(path, code):
    (found,) = [p for p in health_report(path)["problems"] if p["code"] == code]
    return found


def sizes(dataset):
    return {name: len(dataset.splits[name]) for name in SPLIT_NAMES}


def values(dataset):
    return sorted(np.unique(np.concatenate([split.labels.ravel() for split in dataset.splits.values()])).tolist())


def test_folders_for_splits_with_a_list_of_classes(tmp_path):
    folder = tmp_path / "streets"
    for seed, (split, count) in enumerate({"train": 9, "val": 6, "test": 4}.items()):
        images, masks = f"{split}/images", f"{split}/masks"
        draw_masked(folder, count, images=images, masks=masks, values=(0, 1, 2), seed=seed * 50)
    (folder / "classes.txt").write_text("road\ncar\n")
    dataset = load(pack(folder, tmp_path / "streets.zip"))
    assert (dataset.name, dataset.task, dataset.class_names) == ("streets", "segmentation", ("road", "car"))
    assert dataset.image_shape == (3, 12, 12)
    assert sizes(dataset) == {"train": 9, "search": 2, "calibration": 4, "test": 4}
    train = dataset.splits["train"]
    assert (train.labels.dtype, train.labels.shape) == (np.uint8, (9, 12, 12))
    assert np.array_equal(train.labels[0], stripes((0, 1, IGNORE)))  # 2 comes after the last class
    part = train.part(3)
    assert (part.images.shape, part.labels.shape) == ((3, 3, 12, 12), (3, 12, 12))


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("images", "masks"),
        ("images", "labels"),
        ("Images", "Annotations"),
        ("a/img", "a/mask"),
        ("images", "SegmentationClass"),
    ],
)
def test_one_pool_becomes_four_splits(tmp_path, images, masks):
    dataset = load(draw_masked(tmp_path / "d", 12, images=images, masks=masks))
    assert sum(sizes(dataset).values()) == 12
    assert all(sizes(dataset).values())
    assert dataset.class_names == ("0", "1", "2")


def test_splits_below_the_folders_of_images_and_masks(tmp_path):
    for seed, split in enumerate(("train", "test")):
        images, masks = f"images/{split}", f"masks/{split}"
        draw_masked(tmp_path / "d", 10, images=images, masks=masks, seed=50 * seed)
    assert sizes(load(tmp_path / "d"))["test"] == 10


def test_a_mask_stays_with_its_image(tmp_path):
    folder = tmp_path / "d"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for i in range(16):
        Image.new("L", (8, 8), i * 10).save(folder / "images" / f"{i}.png")
        Image.fromarray(stripes((i, 16), (8, 8))).save(folder / "masks" / f"{i}.png")
    for split in load(folder).splits.values():
        assert (split.images[:, 0, 0, 0] == split.labels[:, 0, 0] * 10).all()


def test_pascal_voc(tmp_path):
    folder = tmp_path / "VOC2012"
    (folder / "JPEGImages").mkdir(parents=True)
    (folder / "SegmentationClass").mkdir()
    for i in range(20):
        draw_image(i).save(folder / "JPEGImages" / f"{i}.jpg")
        if i < 19:
            mask = Image.fromarray(stripes((0, 5, 255)), mode="P")
            mask.putpalette([level for value in range(256) for level in (255 - value, value, 77)])
            mask.save(folder / "SegmentationClass" / f"{i}.png")
    names = [str(i) for i in range(20)]
    lists = {"train": names[:8], "val": names[8:14], "trainval": names[:14], "test": names[14:18]}
    write_lists(folder, {f"Segmentation/{name}": stems for name, stems in lists.items()})
    dataset = load(pack(tmp_path / "VOC2012", tmp_path / "voc.zip"))
    assert sizes(dataset) == {"train": 8, "search": 2, "calibration": 4, "test": 4}
    assert values(dataset) == [0, 5, IGNORE]
    report = health_report(folder)
    assert report["layout"] == "voc_masks"
    assert problem(folder, "ignored_files")["files"] == ["JPEGImages/18.jpg", "JPEGImages/19.jpg"]


def test_black_and_white_masks_are_two_classes(tmp_path):
    folder = draw_masked(tmp_path / "d", 10, values=(0, 255))
    dataset = load(folder)
    assert dataset.class_names == ("background", "foreground")
    assert np.array_equal(dataset.splits["train"].labels[0], stripes((0, 1)))
    (folder / "classes.txt").write_text("ground\nroad\n")
    assert load(folder).class_names == ("ground", "road")


def test_255_is_ignored_beside_other_values(tmp_path):
    dataset = load(draw_masked(tmp_path / "d", 10, values=(0, 1, 255)))
    assert dataset.class_names == ("background", "foreground")
    assert np.array_equal(dataset.splits["train"].labels[0], stripes((0, 1, IGNORE)))


def test_colours_need_a_file_that_explains_them(tmp_path):
    folder = draw_masked(tmp_path / "d", 10)
    colours = np.array([(128, 64, 0), (0, 0, 192), (0, 0, 0), (1, 2, 3)], np.uint8)
    for path in (folder / "masks").iterdir():
        Image.fromarray(colours[stripes((0, 1, 2, 3))]).save(path)
    assert "class_dict.csv" in refusal(folder)
    (folder / "class_dict.csv").write_text("name,r,g,b\nVoid,0,0,0\nTraffic light,128,64,0\nCar,0,0,192\n")
    dataset = load(folder)
    assert dataset.class_names == ("Traffic light", "Car")
    assert np.array_equal(dataset.splits["train"].labels[0], stripes((0, 1, IGNORE, IGNORE)))
    assert "colours that class_dict.csv doesn't list" in problem(folder, "unknown_label")["message"]


def test_equal_sizes_are_kept_and_others_are_stretched(tmp_path):
    folder = draw_masked(tmp_path / "d", 10, size=(70, 50))
    assert load(folder).image_shape == (3, 50, 70)
    draw_image(99, (140, 100)).save(folder / "images" / "large.jpg")
    Image.fromarray(stripes((0, 1), (140, 100))).save(folder / "masks" / "large.png")
    assert load(folder).image_shape == (3, 32, 64)
    dataset = load(folder, (20, 30))
    assert dataset.image_shape == (3, 20, 30)
    large = [label for split in dataset.splits.values() for label in split.labels if 2 not in label]
    assert np.array_equal(large, [stripes((0, 1), (30, 20))])  # to the edges, and no values between
    assert load(folder, 16).splits["train"].labels.shape[1:] == (16, 16)


def test_a_mask_of_a_rotated_photo(tmp_path):
    """EXIF says to turn the photo by a quarter: its mask was drawn on the photo as displayed, or as stored."""
    folder = draw_masked(tmp_path / "d", 8, size=(8, 4))
    photo = Image.new("L", (4, 8))
    photo.paste(255, (0, 4, 4, 8))  # black above, white below: as displayed black on the right
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, mask in (("displayed", stripes((1, 0), (8, 4))), ("stored", stripes((0, 1), (8, 4)).T)):
        photo.putpixel((0, 0), len(name))  # no copies
        photo.save(folder / "images" / f"{name}.png", exif=exif)
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    dataset = load(folder)
    images = np.concatenate([split.images for split in dataset.splits.values()])
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    rotated = [i for i, label in enumerate(labels) if 2 not in label]
    assert len(rotated) == 2
    for i in rotated:
        assert ((images[i, 0] > 100) == (labels[i] == 1)).all()


def test_a_rare_class_is_in_training_and_test(tmp_path):
    folder = draw_masked(tmp_path / "d", 60, values=(0, 1))
    for i in range(10):
        Image.fromarray(stripes((0, 1, 2))).save(folder / "masks" / f"im{i:02d}.png")
    splits = load(folder).splits
    assert all((split.labels == 2).any() for split in splits.values())


def test_the_cut_is_the_same_every_time(tmp_path):
    folder = draw_masked(tmp_path / "d", 20)
    first, second = load(folder), load_dataset({"path": str(folder)}, tmp_path / "other")
    for name in SPLIT_NAMES:
        assert np.array_equal(first.splits[name].images, second.splits[name].images)


def test_large_masks_are_mapped(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.data.cache.MAP_ABOVE_BYTES", 0)
    assert isinstance(load(draw_masked(tmp_path / "d", 10)).splits["train"].labels, np.memmap)


def test_the_report_counts_images_and_pixels(tmp_path):
    folder = tmp_path / "d"
    for seed, (split, count) in enumerate({"train": 9, "val": 6, "test": 4}.items()):
        draw_masked(folder, count, images=f"{split}/images", masks=f"{split}/masks", seed=seed * 50)
    (folder / "classes.txt").write_text("road\ncar\n")
    report = health_report(folder)
    counts = {"train": 9, "search": 2, "calibration": 4, "test": 4}
    assert report["ok"]
    assert (report["task"], report["layout"], report["images"]) == ("segmentation", "masks", 19)
    assert report["splits_given"]
    assert report["classes"][1] == {"name": "car", "counts": counts, "pixels": {s: n * 48 for s, n in counts.items()}}
    assert report["ignored_pixels"]["train"] == 9 * 48
    assert report["image_sizes"] == {"min": [12, 12], "max": [12, 12], "common": [12, 12]}


def test_samples_that_cannot_be_used_are_named_and_left_out(tmp_path):
    folder = draw_masked(tmp_path / "d", 14)
    (folder / "masks" / "im00.png").unlink()
    (folder / "images" / "im01.jpg").unlink()
    Image.fromarray(stripes((0, 1), (6, 6))).save(folder / "masks" / "im02.png")
    (folder / "masks" / "im03.png").write_text("hello")
    (folder / "images" / "im04.jpg").write_text("hello")
    assert problem(folder, "missing_mask")["files"] == ["images/im00.jpg"]
    assert problem(folder, "missing_image")["files"] == ["masks/im01.png"]
    assert "6×6" in problem(folder, "size_mismatch")["message"]
    assert problem(folder, "unreadable_annotations")["files"] == ["masks/im03.png"]
    assert problem(folder, "unreadable_files")["files"] == ["images/im04.jpg"]
    assert health_report(folder)["ok"]
    assert sum(sizes(load(folder)).values()) == 9


def test_unknown_values_are_ignored_and_named(tmp_path):
    folder = draw_masked(tmp_path / "d", 10)
    (folder / "classes.txt").write_text("a\nb\nc\n")
    Image.fromarray(stripes((0, 77))).save(folder / "masks" / "im05.png")
    found = problem(folder, "unknown_label")
    assert found["files"] == ["masks/im05.png"]
    assert "the value 77" in found["message"]
    assert values(load(folder)) == [0, 1, 2, IGNORE]


def test_the_same_image_in_train_and_test(tmp_path):
    for split, seed in (("train", 0), ("test", 7)):
        draw_masked(tmp_path / "d", 10, images=f"{split}/images", masks=f"{split}/masks", seed=seed)
    assert len(problem(tmp_path / "d", "leakage")["files"]) == 6
    assert sizes(load(tmp_path / "d"))["test"] == 10
    assert sum(sizes(load(tmp_path / "d")).values()) == 17


def test_masks_with_nothing_to_tell_apart(tmp_path):
    assert "only one class, '0'" in refusal(draw_masked(tmp_path / "d", 10, values=(0,)))
    assert problem(tmp_path / "d", "single_class")["severity"] == "error"


def test_masks_of_unknown_values_alone(tmp_path):
    folder = draw_masked(tmp_path / "d", 10, values=(7, 9))
    (folder / "classes.txt").write_text("a\nb\n")
    assert "None of the images to train on" in refusal(folder)
    assert problem(folder, "no_labels")["severity"] == "error"


def test_too_few_images(tmp_path):
    folder = draw_masked(tmp_path / "d", 5)
    assert "5 usable images; it needs at least 8" in refusal(folder)
    assert "at least 8" in problem(folder, "too_few_images")["message"]


def test_too_many_classes(tmp_path):
    folder = draw_masked(tmp_path / "d", 10)
    (folder / "classes.txt").write_text("\n".join(map(str, range(300))))
    assert "at most 254" in refusal(folder)


def test_masks_of_no_image(tmp_path):
    folder = draw_masked(tmp_path / "d", 10)
    for path in (folder / "masks").iterdir():
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    assert "a mask of its name" in refusal(folder)
