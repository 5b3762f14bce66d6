"""Folders are read class by class: what is measured on some training images must see all classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.data import Dataset, Split
from engine.data.dataset import channel_statistics
from engine.elastic.network import ElasticNetwork
from engine.feed import Feed
from engine.probe import Probe
from engine.prototype_training import PrototypeTrainer
from engine.prototypes.cifar_resnet import cifar_resnet
from engine.tasks import TASKS
from engine.views import Normaliser, Views

CPU = torch.device("cpu")


@pytest.fixture
def dataset() -> Dataset:
    """Black images of one class, then as many white ones of the other."""
    labels = np.repeat([0, 1], 3000).astype(np.int64)
    images = np.repeat(labels * 255, 64).astype(np.uint8).reshape(-1, 1, 8, 8)
    split = Split(images, labels)
    mean, std = channel_statistics(images)
    names = ("train", "search", "calibration", "test")
    return Dataset("order", "classification", ("black", "white"), dict.fromkeys(names, split), mean, std)


def test_a_prototypes_batch_norms_see_all_classes(dataset: Dataset, tmp_path: Path) -> None:
    norm = nn.BatchNorm2d(1)
    prototype = nn.Sequential(norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    normalise, task = Normaliser(dataset, CPU), TASKS["classification"](dataset, "accuracy")
    feed = Feed(Views(dataset.splits["train"], task, flip=False, directory=tmp_path), normalise)
    training = PrototypeTrainer(prototype, feed, task, seed=0)
    training.advance(0.1)
    training.finish(normalise)
    assert norm.running_mean is not None
    assert abs(float(norm.running_mean)) < 0.1


def test_every_batch_of_statistics_sees_all_classes(dataset: Dataset) -> None:
    network = ElasticNetwork(cifar_resnet("resnet8", 1, 2), dataset.image_shape, CPU)
    probe = Probe(network, dataset, Normaliser(dataset, CPU), TASKS["classification"](dataset, "accuracy"))
    assert all(abs(float(batch.mean())) < 0.2 for batch in probe.statistics_batches)
