"""Detection: average precision equals the COCO evaluator's, a grid gives back the boxes that it was taught, and boxes
are warped as their images are."""

import numpy as np
import pytest
import torch
from faster_coco_eval import COCO, COCOeval_faster
from torchvision.ops import batched_nms

from engine.data import Dataset, Split
from engine.errors import RequestError
from engine.tasks.average_precision import average_precision, observe_image
from engine.tasks.detection import Detection
from engine.tasks.grid import Grid
from engine.views import Views

RNG = np.random.default_rng(0)
CLASSES = ("cell", "platelet", "other")
HEIGHT, WIDTH = 96, 128
Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # boxes, scores, classes


def some_objects(count: int) -> np.ndarray:
    """count × 5: class, x1, y1, x2, y2; of the first two classes."""
    low = RNG.uniform(0, 0.7, (count, 2)) * (WIDTH, HEIGHT)
    high = np.minimum(low + RNG.uniform(12, 40, (count, 2)), (WIDTH, HEIGHT))
    return np.concatenate([RNG.integers(0, 2, (count, 1)), low, high], 1)


def dataset(images: int = 20, most: int = 5) -> Dataset:
    labels = np.full((images, most, 5), -1, np.float32)
    for row in labels:
        found = some_objects(int(RNG.integers(0, most + 1)))
        row[: len(found)] = found
    split = Split(np.zeros((images, 3, HEIGHT, WIDTH), np.uint8), labels)
    return Dataset("cells", "detection", CLASSES, {"train": split}, (0.5,) * 3, (0.25,) * 3)


def task() -> Detection:
    found = Detection(dataset(), "map50")
    found.suit((7, 6, 8))
    return found


def by_coco(labels: list[np.ndarray], detections: list[Found]) -> tuple[float, float]:
    """(mAP at 0.5, mAP) by the COCO evaluator."""

    def box(x1: float, y1: float, x2: float, y2: float) -> list[float]:
        return [x1, y1, x2 - x1, y2 - y1]

    objects = [(i, int(c), box(*b)) for i, rows in enumerate(labels) for c, *b in rows.tolist()]
    truth = COCO(
        {
            "images": [{"id": i, "height": HEIGHT, "width": WIDTH} for i in range(len(labels))],
            "categories": [{"id": c, "name": name} for c, name in enumerate(CLASSES)],
            "annotations": [
                {"id": n + 1, "image_id": i, "category_id": c, "bbox": b, "area": 1000.0, "iscrowd": 0}
                for n, (i, c, b) in enumerate(objects)
            ],
        }
    )
    said = [
        {"image_id": i, "category_id": int(c), "bbox": box(*b), "score": float(s)}
        for i, (boxes, scores, classes) in enumerate(detections)
        for b, s, c in zip(boxes.tolist(), scores, classes, strict=True)
    ]
    evaluation = COCOeval_faster(truth, truth.loadRes(said), "bbox", print_function=lambda *_: None)
    evaluation.run()
    return evaluation.stats[1], evaluation.stats[0]


def detected(labels: list[np.ndarray]) -> list[Found]:
    """Objects found more or less well, some twice, some not, some where there are none; the best first."""
    found = []
    for objects in labels:
        seen = objects[RNG.random(len(objects)) < 0.8]
        rows = np.concatenate([seen, seen[: len(seen) // 3], some_objects(2)])
        boxes = rows[:, 1:] + RNG.normal(0, 2.5, (len(rows), 4))
        classes = np.where(RNG.random(len(rows)) < 0.1, 1 - rows[:, 0], rows[:, 0])
        found.append((boxes, np.sort(RNG.random(len(rows)))[::-1].copy(), classes))
    return found


def observed(labels: list[np.ndarray], detections: list[Found]) -> np.ndarray:
    rows = [
        observe_image(*map(torch.from_numpy, found), torch.from_numpy(objects), len(CLASSES))
        for found, objects in zip(detections, labels, strict=True)
    ]
    return torch.stack(rows).numpy()


def test_average_precision_equals_the_coco_evaluators() -> None:
    labels = [some_objects(int(n)) for n in RNG.integers(0, 12, 40)]
    detections = detected(labels)
    map50, average = by_coco(labels, detections)
    found = average_precision(observed(labels, detections), len(CLASSES))[0]
    assert 0.2 < average < map50 < 0.95
    assert found[0] == pytest.approx(map50, abs=1e-6)
    assert found.mean() == pytest.approx(average, abs=1e-6)


def test_images_that_are_there_twice_count_twice() -> None:
    labels = [some_objects(4) for _ in range(6)]
    images = observed(labels, detected(labels))
    weights = np.array([[1, 2, 0, 1, 3, 1]])
    expected = average_precision(np.repeat(images, weights[0], axis=0), len(CLASSES))
    assert average_precision(images, len(CLASSES), weights) == pytest.approx(expected, abs=1e-9)


def test_a_grid_gives_back_the_boxes_that_it_was_taught() -> None:
    grid = Grid(2, 6, 8, 16)
    nothing = [-1.0, 0, 0, 0, 0]
    labels = torch.tensor([[[0, 10, 12, 50, 60], [1, 70, 20, 120, 90], nothing], [nothing] * 3])
    coverage, boxes, covered = grid.targets(labels)
    assert covered.any(2).any(1).tolist() == [True, False]
    x, y = grid.centres(labels).unbind(2)
    distances = torch.stack([x - boxes[..., 0], y - boxes[..., 1], boxes[..., 2] - x, boxes[..., 3] - y], 1) / 16
    outputs = torch.cat([20 * coverage - 10, distances], 1)
    found, scores, classes = grid.detections(outputs, (HEIGHT, WIDTH))
    assert sorted(found[0, :2].tolist()) == [[10, 12, 50, 60], [70, 20, 120, 90]]
    assert sorted(classes[0, :2].tolist()) == [0, 1]
    assert (scores > 0).sum(1).tolist() == [2, 0]
    assert grid.loss(outputs, labels) < 0.01 < grid.loss(torch.zeros_like(outputs), labels)
    assert grid.lesson_loss(outputs, outputs) < 0.01 < grid.lesson_loss(torch.zeros_like(outputs), outputs)


@pytest.mark.parametrize(
    ("image", "cells", "stride"),
    [((96, 128), (6, 8), 16), ((120, 160), (8, 10), 16), ((90, 60), (6, 4), 16), ((45, 60), (9, 12), 5)],
)
def test_the_stride_follows_from_both_sides(image: tuple[int, int], cells: tuple[int, int], stride: int) -> None:
    assert Grid.read((7, *cells), 3, image) == Grid(3, *cells, stride)


def test_maps_that_no_stride_gives_are_none() -> None:
    assert Grid.read((7, 6, 9), 3, (96, 128)) is None


def test_overlapping_boxes_give_way_as_in_sequential_suppression() -> None:
    torch.manual_seed(0)
    grid = Grid(2, 6, 8, 16)
    outputs = torch.cat([torch.randn(5, 2, 6, 8), 1.5 + torch.rand(5, 4, 6, 8)], 1)
    boxes, scores, classes = grid.detections(outputs, (HEIGHT, WIDTH))
    every = grid.boxes(outputs[:, 2:]).flatten(1, 2).clamp_min(0).minimum(torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT]))
    for image in range(5):
        sure, kind = outputs[image, :2].sigmoid().flatten(), torch.arange(2).repeat_interleave(48)
        kept = batched_nms(every[image].repeat(2, 1), sure, kind, 0.5)
        count = int((scores[image] > 0).sum())
        assert count == len(kept) > 10
        torch.testing.assert_close(scores[image, :count], sure[kept])
        assert torch.equal(classes[image, :count], kind[kept])
        torch.testing.assert_close(boxes[image, :count], every[image].repeat(2, 1)[kept])


def test_even_the_smallest_object_has_a_cell_and_the_smaller_of_two_wins() -> None:
    grid = Grid(2, 6, 8, 16)
    labels = torch.tensor([[[0.0, 30, 30, 34, 33], [1, 0, 0, 128, 96]]])
    coverage, _, _ = grid.targets(labels)
    assert coverage[0, 0].sum() >= 1
    assert not (coverage[0, 0] * coverage[0, 1]).any() and coverage[0, 1].sum() > 4


def test_boxes_are_warped_as_their_images_are() -> None:
    labels = np.full((8, 3, 5), -1, np.float32)
    images = np.zeros((8, 3, HEIGHT, WIDTH), np.uint8)
    for row, image in zip(labels, images, strict=True):
        x, y = RNG.integers(30, 50, 2)
        row[1] = (1, x, y, x + 30, y + 20)
        image[:, y : y + 20, x : x + 30] = 255
    views = Views(Split(images, labels), task(), flip=True, directory=None)
    for image, objects in zip(views.images[8:], views.labels[8:], strict=True):
        (found,) = objects[objects[:, 0] >= 0]
        y, x = np.nonzero(image[0] > 127)
        assert found[0] == 1
        assert np.abs(found[1:] - (x.min(), y.min(), x.max() + 1, y.max() + 1)).max() < 1.6


def test_what_a_warp_cuts_off_is_no_object_any_more() -> None:
    labels = np.array([[[0, 0, 40, 20, 60], [1, 60, 40, 80, 60]]], np.float32)
    to_the_left = torch.tensor([[[1.0, 0.0, 0.3], [0.0, 1.0, 0.0]]])  # a copy shows what lies 19 pixels to the right
    moved = task().warped(labels, to_the_left)[0]
    assert moved[0, 0] == -1
    assert moved[1] == pytest.approx([1, 60 - 19.2, 40, 80 - 19.2, 60], abs=0.1)


def test_a_prototype_that_puts_out_no_grid_is_refused() -> None:
    with pytest.raises(RequestError, match=r"\(7, rows, columns\)"):
        Detection(dataset()).suit((7,))


def test_images_without_objects_teach_and_are_judged() -> None:
    empty, outputs = torch.full((2, 3, 5), -1.0), torch.randn(2, 7, 6, 8, requires_grad=True)
    loss = task().loss(outputs, empty, outputs.detach())
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert torch.isfinite(gradient).all()
    assert task().judge(task().observe(outputs.detach(), empty).numpy()) == {"map50": 0.0, "map": 0.0}
