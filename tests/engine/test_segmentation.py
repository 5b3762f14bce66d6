"""Segmentation: metrics equal torchmetrics', masks are warped as their images are, and the loss leaves out what is
ignored."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from engine.data import Dataset, Split
from engine.errors import RequestError
from engine.tasks.segmentation import IGNORED, Segmentation
from engine.views import Views

RNG = np.random.default_rng(0)
CLASSES = ("road", "sky", "pole", "tree")


def dataset(count: int = 12, height: int = 20, width: int = 24) -> Dataset:
    """Images whose grey value is their mask's, an eighth of it ignored."""
    masks = RNG.integers(0, 3, (count, height, width), dtype=np.uint8)  # nowhere a tree
    masks[RNG.random(masks.shape) < 1 / 8] = IGNORED
    split = Split(np.repeat(masks[:, None], 3, 1), masks)
    names = ("train", "search", "calibration", "test")
    return Dataset("scenes", "segmentation", CLASSES, dict.fromkeys(names, split), (0.5,) * 3, (0.25,) * 3)


def outputs(labels: torch.Tensor) -> torch.Tensor:
    """Logits that are right about half of the time."""
    torch.manual_seed(0)
    right = F.one_hot(labels.clamp(max=3).long(), 4).permute(0, 3, 1, 2)
    return 1.5 * right + torch.randn(right.shape)


@pytest.mark.parametrize("metric", ["miou", "pixel_accuracy"])
def test_metrics_equal_the_established_ones(metric: str) -> None:
    data = dataset()
    labels = torch.from_numpy(data.splits["test"].labels)
    said = outputs(labels)
    task = Segmentation(data, metric)
    found = task.judge(
        np.concatenate([task.observe(*pair).numpy() for pair in zip(said.split(5), labels.split(5), strict=True)])
    )
    options = {"num_classes": 4, "ignore_index": IGNORED}
    accuracy = MulticlassAccuracy(**options, average="micro")(said, labels.long())
    by_class = MulticlassJaccardIndex(**options, average="none")(said, labels.long())
    assert found["pixel_accuracy"] == pytest.approx(float(accuracy), abs=1e-6)
    assert found["miou"] == pytest.approx(float(by_class[:3].mean()), abs=1e-6)  # of the classes that are there


def test_masks_are_warped_as_their_images_are() -> None:
    data = dataset(count=6, height=32, width=40)
    smooth = np.kron(RNG.integers(0, 3, (6, 4, 5), dtype=np.uint8), np.ones((1, 8, 8), np.uint8))
    views = Views(Split(80 * np.repeat(smooth[:, None], 3, 1), smooth), Segmentation(data), flip=True, directory=None)
    assert views.views > 2
    alike = np.abs(views.images[:, 0].astype(int) - 80 * views.labels.astype(int)) <= 40
    assert alike.mean() > 0.97  # edges are interpolated in images and not in masks
    assert not np.array_equal(views.labels[6:12], views.labels[:6])


def test_what_is_ignored_has_no_part_in_the_loss() -> None:
    data = dataset()
    labels = torch.from_numpy(data.splits["test"].labels)
    said = outputs(labels).requires_grad_()
    task = Segmentation(data)
    (gradient,) = torch.autograd.grad(task.loss(said, labels, None), said)
    ignored = (labels == IGNORED)[:, None].expand_as(gradient)
    assert not gradient[ignored].any() and gradient[~ignored].all()


def test_rare_classes_weigh_more_and_more_so_for_miou() -> None:
    masks = np.zeros((4, 10, 10), np.uint8)
    masks[:, 0, 0] = 1
    masks[:, 1] = 2
    split = Split(np.zeros((4, 3, 10, 10), np.uint8), masks)
    data = Dataset("rare", "segmentation", CLASSES, {"train": split}, (0.5,) * 3, (0.25,) * 3)
    miou, accuracy = (Segmentation(data, metric).weights for metric in ("miou", "pixel_accuracy"))
    assert miou[1] > miou[2] > miou[0] and miou[3] == 1
    assert miou[1] / miou[0] > accuracy[1] / accuracy[0] > 1


def test_a_prototype_whose_outputs_are_no_maps_is_told_so() -> None:
    task = Segmentation(dataset())
    task.suit((4, 20, 24))
    with pytest.raises(RequestError, match=r"needs \(4, 20, 24\)"):
        task.suit((4,))


def test_acceptance_asks_for_more_than_is_required_and_more_so_with_few_images() -> None:
    task = Segmentation(dataset(), "miou")

    def margin(count: int) -> float:
        labels = torch.from_numpy(dataset(count).splits["test"].labels)
        return task.threshold(0.5, task.observe(outputs(labels), labels).numpy()) - 0.5

    assert margin(8) > margin(80) > 0
    labels = torch.from_numpy(dataset(80).splits["test"].labels)
    observed = task.observe(outputs(labels), labels).numpy()
    assert task.threshold(0.5, observed, 0.5) == pytest.approx(0.5, abs=0.002)  # as likely above as below
    assert task.threshold(0.0, np.ones((3, 12))) == 0.0
