"""Exported detectors answer with boxes, scores and classes, in every format."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from engine.data.dataset import Dataset, Split
from engine.export import FORMATS, export_network, suffix
from engine.export.decoded import decoded
from engine.export.parity import agreement, answers_of, largest_difference, probes
from engine.prototypes.detectnet import DetectNet
from engine.tasks.detection import Detection

SHAPE = (3, 48, 64)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (12, *SHAPE), dtype=np.uint8)


@pytest.fixture(scope="module")
def task(images) -> Detection:
    split = Split(images, np.zeros((len(images), 1, 5), np.float32))
    dataset = Dataset("boxes", "detection", ("cat", "dog"), dict.fromkeys(("train", "search"), split), (0.5,), (0.5,))
    task = Detection(dataset, "map50")
    task.suit((6, 3, 4))
    return task


@pytest.fixture(scope="module")
def detector(task) -> nn.Module:
    torch.manual_seed(0)
    network = DetectNet(3, 2, 0.125)
    nn.init.normal_(network.coverage.weight, std=0.3)  # so that cells differ, and some are sure
    nn.init.zeros_(network.coverage.bias)
    for _ in range(3):
        network(torch.rand(8, *SHAPE))  # statistics of the norms
    return decoded(network.eval(), task.decoder)


def export(detector, task, format, folder, images):
    path = folder / f"network{suffix(format)}"
    return export_network(
        detector, format, path, metadata={"task": "detection"}, input_shape=SHAPE, answers=task.answers,
        calibration=images,
    )  # fmt: skip


def test_onnx_answers_with_boxes_scores_and_classes_at_any_batch_size(detector, task, images, tmp_path):
    path = export(detector, task, "onnx", tmp_path, images)
    session = onnxruntime.InferenceSession(path)
    assert [output.name for output in session.get_outputs()] == ["boxes", "scores", "classes"]
    for batch in (1, 5):
        pixels = images[:batch].astype(np.float32) / 255
        boxes, scores, classes = session.run(None, {"input": pixels})
        assert boxes.shape == (batch, scores.shape[1], 4) and classes.shape == scores.shape
        assert (np.diff(scores, axis=1) <= 0).all() and 0 < scores.max() < 1
        found = boxes[scores > 0]
        assert (found[:, 2:] > found[:, :2]).all() and found.min() >= 0 and found[:, 2].max() <= 64
        assert set(classes[scores > 0].tolist()) <= {0, 1}
        assert not boxes[scores == 0].any()
    assert {e.key: e.value for e in onnx.load(path).metadata_props}["task"] == "detection"


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_answers_like_the_network(detector, task, images, tmp_path, format):
    path = export(detector, task, format, tmp_path, images)
    reader = FORMATS[format].reader(path, detector)
    pixels = images.astype(np.float32) / 255
    if format == "onnx-int8":
        assert agreement(detector, reader, pixels) > 0.8
    else:
        assert largest_difference(detector, reader, [*probes(SHAPE), pixels]) < 1e-4


def test_detections_that_are_elsewhere_or_of_another_class_do_not_agree(detector, images):
    pixels = images.astype(np.float32) / 255

    def changed(change):
        return lambda block: change(*answers_of(detector, block))

    assert agreement(detector, changed(lambda b, s, c: (b, s, c)), pixels) == 1
    assert agreement(detector, changed(lambda b, s, c: (b, s, c + 2)), pixels) == 0
    assert agreement(detector, changed(lambda b, s, c: (b + 40, s, c)), pixels) < 0.5
    assert agreement(detector, changed(lambda *found: tuple(part[:, ::-1].copy() for part in found)), pixels) == 1


def test_what_is_drawn_of_an_image_is_json_with_boxes_that_were_found(detector, task, images):
    answers = answers_of(detector, images[:1].astype(np.float32) / 255)
    drawn = json.loads(json.dumps(task.drawn(tuple(part[0] for part in answers), ["#000000", "#ffffff"])))
    assert len(drawn) == (answers[1][0] > 0).sum() > 0
    assert drawn[0] == {
        "class": int(answers[2][0, 0]), "box": pytest.approx(answers[0][0, 0].tolist(), abs=0.06),
        "score": pytest.approx(float(answers[1][0, 0]), abs=6e-4),
    }  # fmt: skip
