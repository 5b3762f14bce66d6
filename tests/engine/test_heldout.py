"""Held-out images: the same observations whether batches are kept or made anew, and batches that fit large images."""

import numpy as np
import pytest
import torch
from torch import nn

from engine import heldout
from engine.data import Dataset, Split
from engine.heldout import HeldOut, batch_size, observe
from engine.tasks.classification import Classification
from engine.views import Normaliser

RNG = np.random.default_rng(0)
SPLIT = Split(RNG.integers(0, 256, (1100, 3, 8, 8), dtype=np.uint8), RNG.integers(0, 4, 1100))
DATASET = Dataset("noise", "classification", tuple("abcd"), {"train": SPLIT}, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def test_batches_show_what_all_images_at_once_do(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).eval()
    normalise = Normaliser(DATASET, torch.device("cpu"))
    with torch.no_grad():
        logits = model(normalise(SPLIT.images))
    labels = torch.from_numpy(SPLIT.labels)
    right, loss = (logits.argmax(1) == labels).numpy(), float(nn.functional.cross_entropy(logits, labels))
    task = Classification(DATASET)

    def check(held_out: HeldOut) -> None:
        observed, mean_loss = observe(model, held_out, task)
        assert np.array_equal(observed[:, 0], right)
        assert mean_loss == pytest.approx(loss, abs=1e-5)

    check(HeldOut(SPLIT, normalise))
    monkeypatch.setattr(heldout, "KEPT_BYTES", 0)
    anew = HeldOut(SPLIT, normalise)
    check(anew)
    check(anew)


def test_large_images_come_in_small_batches() -> None:
    assert batch_size((1, 8, 8)) == 512
    assert batch_size((3, 224, 224)) == 41
    assert batch_size((3, 2000, 2000)) == 16
