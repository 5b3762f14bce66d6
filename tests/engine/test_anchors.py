"""Default boxes: they give back what they were taught, and their loss is torchvision's."""

import pytest
import torch
from torch import Tensor
from torchvision.models.detection import ssdlite320_mobilenet_v3_large
from torchvision.ops import box_iou

from engine.prototypes.ssdlite import SSDLite
from engine.tasks.anchors import Anchors

IMAGE = (96, 160)
NOTHING = [-1.0, 0, 0, 0, 0]
LABELS = torch.tensor(
    [
        [[0, 10, 12, 50, 60], [1, 70, 20, 150, 90], NOTHING],
        [[1, 90, 5, 99, 13], NOTHING, NOTHING],  # fits no default box well
    ]
)


@pytest.fixture(scope="module")
def anchors() -> Anchors:
    outputs = SSDLite(2).eval()(torch.zeros(1, 3, *IMAGE))
    found = Anchors.read(tuple(outputs.shape[1:]), 2, IMAGE)
    assert found is not None
    return found


def perfect(anchors: Anchors) -> Tensor:
    """Outputs that say exactly what the labels do."""
    classes, corners = anchors.targets(LABELS)
    logits = 20.0 * torch.nn.functional.one_hot(classes, 3)
    return torch.cat([anchors.offsets(corners) * (classes > 0)[..., None], logits], 2)


def test_outputs_of_another_shape_are_none(anchors: Anchors) -> None:
    count = len(anchors.boxes)
    assert Anchors.read((count, 8), 2, IMAGE) is None
    assert Anchors.read((count + 1, 7), 2, IMAGE) is None
    assert Anchors.read((7, 6, 8), 2, IMAGE) is None


def test_default_boxes_give_back_the_boxes_that_they_were_taught(anchors: Anchors) -> None:
    boxes, scores, classes = anchors.detections(perfect(anchors), IMAGE)
    for image, count in enumerate((2, 1)):
        assert (scores[image] > 0.5).sum() == count
        found = torch.cat([classes[image, :count, None].float(), boxes[image, :count]], 1)
        wanted = LABELS[image][LABELS[image, :, 0] >= 0]
        assert torch.allclose(found[found[:, 1].argsort()], wanted[wanted[:, 1].argsort()], atol=1e-3)


def test_an_object_that_no_default_box_fits_has_the_one_that_fits_best(anchors: Anchors) -> None:
    classes, _ = anchors.targets(LABELS)
    (place,) = (classes[1] > 0).nonzero()[:, 0]
    corners = anchors.corners(torch.zeros(1, len(anchors.boxes), 4))[0]
    overlap = box_iou(LABELS[1, :1, 1:], corners)[0]
    assert overlap.max() < 0.5 and place == overlap.argmax()


def test_the_loss_is_torchvisions(anchors: Anchors) -> None:
    torch.manual_seed(0)
    outputs = torch.randn(2, *anchors.shape)
    detector = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
    corners = anchors.corners(torch.zeros(1, len(anchors.boxes), 4))[0]
    objects = [rows[rows[:, 0] >= 0] for rows in LABELS]
    targets = [{"boxes": rows[:, 1:], "labels": rows[:, 0].long() + 1} for rows in objects]
    matched = [detector.proposal_matcher(box_iou(rows[:, 1:], corners)) for rows in objects]
    heads = {"bbox_regression": outputs[..., :4], "cls_logits": outputs[..., 4:]}
    theirs = detector.compute_loss(targets, heads, [corners, corners], matched)
    torch.testing.assert_close(anchors.loss(outputs, LABELS), sum(theirs.values()))


def test_lessons_and_labels_are_met_by_the_same_outputs(anchors: Anchors) -> None:
    right, nothing = perfect(anchors), torch.zeros(2, *anchors.shape)
    assert anchors.loss(right, LABELS) < 0.01 < anchors.loss(nothing, LABELS)
    assert anchors.lesson_loss(right, right) < 0.01 < anchors.lesson_loss(nothing, right)


def test_images_without_objects_teach(anchors: Anchors) -> None:
    outputs = torch.randn(2, *anchors.shape, requires_grad=True)
    empty = LABELS[:, :0]
    loss = anchors.loss(outputs, empty) + anchors.lesson_loss(outputs, outputs.detach())
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert torch.isfinite(gradient).all() and gradient.abs().sum() > 0
