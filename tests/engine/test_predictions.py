"""What networks say about test images, for a page that shows it."""

import base64
import io
import json
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image
from torch import nn

from engine.data import Dataset, Split
from engine.predictions import write_predictions
from engine.tasks import TASKS
from engine.tasks.drawing import colours, overlay, picture

CLASSES = ("road", "tree", "sky")


def opened(url: str) -> np.ndarray:
    assert url.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def setting(task: str, labels: np.ndarray) -> SimpleNamespace:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 3, 6, 8), dtype=np.uint8)
    split = Split(images, labels)
    dataset = Dataset("d", task, CLASSES, dict.fromkeys(("train", "test"), split), (0.5,) * 3, (0.25,) * 3)
    return SimpleNamespace(dataset=dataset, task=TASKS[task](dataset, TASKS[task].metrics[0]))


def written(module: nn.Module, of: SimpleNamespace, folder) -> dict:
    path = write_predictions(module, of, folder / "n.predictions.json")
    assert [p.name for p in folder.iterdir()] == ["n.predictions.json"]
    return json.loads(path.read_text())


def test_of_a_classifier_the_likeliest_classes_are_shown(tmp_path):
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    of = setting("classification", np.arange(20) % 3)
    found = written(network, of, tmp_path)
    assert (found["task"], found["classes"], found["width"], found["height"]) == ("classification", [*CLASSES], 8, 6)
    assert len(found["images"]) == 8 and len(found["colours"]) == 3
    for shown in found["images"]:
        pixels = opened(shown["image"])
        assert pixels.shape == (6, 8, 3)
        expected = torch.from_numpy(pixels.mean((0, 1)) / 255).softmax(0)
        scores = shown["prediction"]["scores"]
        assert shown["prediction"]["class"] == scores[0]["class"] == int(expected.argmax())
        assert abs(scores[0]["score"] - float(expected.max())) < 1e-5
        assert [s["score"] for s in scores] == sorted((s["score"] for s in scores), reverse=True)
    assert {shown["truth"] for shown in found["images"]} <= {0, 1, 2}


def test_of_a_segmentation_the_masks_are_shown_in_the_classes_colours(tmp_path):
    labels = np.zeros((3, 6, 8), np.uint8)
    labels[:, 2:] = 2
    labels[:, 5] = 255
    found = written(nn.Identity(), setting("segmentation", labels), tmp_path)
    shown = found["images"][0]
    truth, prediction, pixels = (
        opened(shown["truth"]["mask"]),
        opened(shown["prediction"]["mask"]),
        opened(shown["image"]),
    )
    rgb = [tuple(bytes.fromhex(c[1:])) for c in found["colours"]]
    assert tuple(truth[0, 0]) == (*rgb[0], 255) and tuple(truth[3, 0]) == (*rgb[2], 255)
    assert not truth[5, :, 3].any()
    assert all(tuple(prediction[y, x, :3]) == rgb[pixels[y, x].argmax()] for y in range(6) for x in range(8))


def test_of_a_detector_the_boxes_are_shown(tmp_path):
    labels = np.full((2, 3, 5), -1, np.float32)
    labels[:, 0] = (1, 2, 1, 6, 5)

    class Detector(nn.Module):
        def forward(self, x):
            boxes, scores, classes = [[1.0, 1, 5, 4], [0, 0, 0, 0]], [0.75, 0.0], [2, 0]
            return tuple(torch.tensor([found] * len(x)) for found in (boxes, scores, classes))

    found = written(Detector(), setting("detection", labels), tmp_path)
    assert found["images"][0]["truth"] == [{"class": 1, "box": [2, 1, 6, 5]}]
    assert found["images"][0]["prediction"] == [{"class": 2, "box": [1, 1, 5, 4], "score": 0.75}]


def test_many_classes_have_different_colours():
    assert len(set(colours(64))) == 64


def test_grey_images_are_shown_as_they_are():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    assert (opened(picture(image)) == image[0]).all()
    assert opened(overlay(np.full((3, 4), 255), ["#102030"])).sum() == 0
