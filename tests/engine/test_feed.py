"""Batches: the same however they arrive; and the prototype is asked for each output once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine import views as views_module
from engine.data import Dataset, Split
from engine.feed import Batch, Feed
from engine.tasks import TASKS
from engine.teacher import Teacher
from engine.views import Normaliser, Views

RNG = np.random.default_rng(0)
SPLIT = Split(RNG.integers(0, 256, (150, 3, 8, 8), dtype=np.uint8), RNG.integers(0, 4, 150))
DATASET = Dataset("noise", "classification", tuple("abcd"), {"train": SPLIT}, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
TASK = TASKS["classification"](DATASET, "accuracy")
NORMALISE = Normaliser(DATASET, torch.device("cpu"))


class Counting(nn.Module):
    """A prototype that counts the images that it is given."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(192, 4)
        self.seen = 0

    def forward(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return self.layer(images.flatten(1))


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return Views(SPLIT, TASK, flip=True, directory=tmp_path)


def teacher(views: Views, prototype: nn.Module, folder: Path | None) -> Teacher:
    return Teacher(prototype, views, NORMALISE, TASK, folder)


def order(views: Views, count: int) -> list[np.ndarray]:
    batches = views.batches(np.random.default_rng(1), 64)
    return [next(batches) for _ in range(count)]


def assert_same(one: list[Batch], two: list[Batch]) -> None:
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels)
        assert a.taught is not None and b.taught is not None and torch.equal(a.taught, b.taught)


def test_a_batch_holds_its_rows_images_labels_and_the_prototypes_outputs(views: Views, tmp_path: Path) -> None:
    prototype, rows = Counting(), order(views, 23)
    batches = list(Feed(views, NORMALISE, teacher(views, prototype, tmp_path)).batches(iter(rows)))
    for row, batch in zip(rows, batches, strict=True):
        images = NORMALISE(views.images[row])
        assert torch.equal(batch.images, images)
        assert batch.labels.tolist() == views.labels[row].tolist()
        torch.testing.assert_close(batch.taught, prototype(images).detach(), atol=1e-5, rtol=1e-5)


def test_a_thread_that_reads_ahead_brings_the_same_batches(views: Views, tmp_path: Path) -> None:
    rows = order(views, 23)
    kept = Feed(views, NORMALISE, teacher(views, Counting(), tmp_path / "a"), streamed=False)
    read = Feed(views, NORMALISE, teacher(views, Counting(), tmp_path / "b"), streamed=True)
    assert_same(list(kept.batches(iter(rows))), list(read.batches(iter(rows))))


def test_the_prototype_is_asked_for_each_output_once(views: Views, tmp_path: Path) -> None:
    prototype, rows = Counting(), order(views, 40)
    feed = Feed(views, NORMALISE, teacher(views, prototype, tmp_path))
    list(feed.cycle(iter(rows), 0))
    assert prototype.seen == len(np.unique(np.concatenate(rows)))
    list(feed.cycle(iter(rows), 1))
    assert prototype.seen == len(np.unique(np.concatenate(rows)))


def test_a_repeated_cycle_asks_again_what_it_had_asked_and_nothing_else(views: Views, tmp_path: Path) -> None:
    rows, first = order(views, 20), Counting()
    feed = Feed(views, NORMALISE, teacher(views, first, tmp_path))
    list(feed.cycle(iter(rows[:10]), 0))
    known = first.seen
    whole = list(feed.cycle(iter(rows[10:]), 1))
    second = Counting()  # another process, after the first was cut off in cycle 1
    again = list(Feed(views, NORMALISE, teacher(views, second, tmp_path)).cycle(iter(rows[10:]), 1))
    assert_same(whole, again)
    assert second.seen == first.seen - known > 0


def test_large_views_are_mapped_from_a_file_and_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Views(SPLIT, TASK, flip=True, directory=tmp_path)
    monkeypatch.setattr(views_module, "IN_MEMORY_BYTES", 0)
    large = Views(SPLIT, TASK, flip=True, directory=tmp_path)
    assert isinstance(large.images, np.memmap) and np.array_equal(large.images, small.images)
    (path,) = tmp_path.glob("views*")
    made = path.stat().st_mtime_ns
    assert np.array_equal(Views(SPLIT, TASK, flip=True, directory=tmp_path).images, small.images)
    assert path.stat().st_mtime_ns == made
    other = Split(SPLIT.images, 3 - SPLIT.labels)
    assert np.array_equal(Views(other, TASK, flip=True, directory=tmp_path).labels[:150], other.labels)
    assert len(list(tmp_path.glob("views*"))) == 2
