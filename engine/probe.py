"""Measuring a generated network without extracting it: batch-norm statistics, then outputs on a split."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from torch import Tensor

from engine.data import SPLIT_NAMES, Dataset
from engine.elastic.design import Design
from engine.elastic.network import Active, ElasticNetwork
from engine.heldout import HeldOut, batch_size, observe
from engine.tasks import Task
from engine.views import Normaliser, chunks

# Training images for batch-norm statistics; of large images fewer do, since each gives many positions.
STATISTICS_IMAGES, STATISTICS_LARGE_IMAGES, LARGE_SIDE = 1024, 256, 64
PROBED_IMAGES = 512  # of the search split: enough to compare networks


@dataclass(frozen=True)
class Measured:
    """One measured design: the task metric, all metrics by name, and the mean loss on a split."""

    metric: float
    metrics: dict[str, float]
    loss: float


class Probe:
    """Measures designs on the held-out splits.

    Args:
        network: The elastic network whose weights are measured.
        dataset: The four splits.
        normalise: Turns images into the network's input.
        task: Gives the metric.
    """

    def __init__(self, network: ElasticNetwork, dataset: Dataset, normalise: Normaliser, task: Task) -> None:
        self.network = network
        self.task = task
        self._dataset = dataset
        self._normalise = normalise
        self._splits: dict[str, HeldOut] = {}
        shape = dataset.image_shape
        count = STATISTICS_IMAGES if shape[-1] <= LARGE_SIDE else STATISTICS_LARGE_IMAGES
        train = dataset.splits["train"].sample(count)
        self.statistics_batches = [normalise(part) for part in chunks(train, batch_size(shape))]

    def split(self, name: str) -> HeldOut:
        """A held-out split."""
        if name not in self._splits:
            self._splits[name] = HeldOut(self._dataset.splits[name], self._normalise)
        return self._splits[name]

    @cached_property
    def _probed(self) -> HeldOut:
        return HeldOut(self._dataset.splits["search"].part(PROBED_IMAGES), self._normalise)

    def prepare(self, design: Design, *, quick: bool = False) -> tuple[Active, Tensor]:
        """Activate a design and record its batch-norm statistics (``quick``: from half of the images)."""
        active = self.network.activate(design)
        flat = self.network.gather(active)
        batches = self.statistics_batches
        self.network.record_statistics(active, flat, batches[: (len(batches) + 1) // 2] if quick else batches)
        return active, flat

    def measure(self, design: Design, split: str) -> Measured:
        """The design's metric and loss on one split."""
        active, flat = self.prepare(design)
        return self.measure_prepared(active, flat, split)

    def probe_prepared(self, active: Active, flat: Tensor) -> Measured:
        """Metric and loss on :data:`PROBED_IMAGES` of the search split: what guides G and I."""
        return self._measure(active, flat, self._probed)

    def measure_prepared(self, active: Active, flat: Tensor, split: str) -> Measured:
        """The metric and loss of a prepared design on one split."""
        return self._measure(active, flat, self.split(split))

    def _measure(self, active: Active, flat: Tensor, images: HeldOut) -> Measured:
        observed, loss = observe(partial(self.network.infer, active, flat), images, self.task)
        metrics = self.task.judge(observed)
        return Measured(metrics[self.task.metric], metrics, loss)

    def metrics(self, active: Active, flat: Tensor) -> Mapping[str, dict[str, float]]:
        """The metrics on every held-out split, under the names of the contract."""
        names = {"search": "validation", "calibration": "calibration", "test": "test"}
        return {
            names[split]: self.measure_prepared(active, flat, split).metrics for split in SPLIT_NAMES if split in names
        }
