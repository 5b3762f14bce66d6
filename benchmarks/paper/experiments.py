"""The experiments as data: for each task and scale the data, the prototype, what is required, and the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

FERMINETS = ("FermiNet-A", "FermiNet-B", "FermiNet-C", "FermiNet-D")  # the largest first, as in the paper
REFINED = "FermiNet, refined"


@dataclass(frozen=True)
class Experiment:
    """What is run. A change in any of these starts anew, in a results folder of its own.

    Attributes:
        name, scale: Its keys.
        task, metric: The engine's.
        file: The dataset's name in a folder of data.
        prototype: Zoo name.
        comparisons: Of :data:`benchmarks.paper.comparisons.NETWORKS`.
        size: H, W of a reduced copy of the images; None leaves them as they are.
        classes, counts: Which images of a classification dataset, as in :func:`benchmarks.subset.build_subset`.
        required: The task metric that every network must reach; None makes it follow from the prototype's, less:
        slack: what may be lost of the prototype's metric on the calibration split.
        confidence: The spec's.
        epochs: Of the prototype's training and of every comparison network's.
        training_s, comparison_s: Seconds at which these end before, or None.
        synthesis_s: The time budget of the synthesis.
        side_by_side: Plain trainings at once, with a thread each: images of 8×8 don't give two threads enough to do.
        max_cycles: Ends the synthesis instead, for tests.
        polish_s: Seconds of distillation after each draw.
        refine_s: Seconds of search for the one best network.
    """

    name: str
    scale: str
    task: str
    metric: str
    file: str
    prototype: str
    slack: float
    epochs: int
    synthesis_s: float | None
    polish_s: float
    refine_s: float
    comparisons: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    classes: Sequence[str] | None = None
    counts: Mapping[str, float] | None = None
    required: float | None = None
    confidence: float = 0.95
    training_s: float | None = None
    comparison_s: float | None = None
    side_by_side: int = 1
    max_cycles: int | None = None

    def requirement(self, calibration: float) -> float:
        """What every network must reach, from the prototype's metric on the calibration split."""
        return calibration - self.slack if self.required is None else self.required


SMALL = {
    "classification": Experiment(
        "classification",
        "small",
        "classification",
        "accuracy",
        "cifar10-images.zip",
        "resnet20",
        slack=0.015,
        epochs=12,
        training_s=300,
        comparison_s=400,
        side_by_side=2,
        synthesis_s=420,
        polish_s=5,
        refine_s=120,
        comparisons=("mobilenet_v2-w0.25", "shufflenet_v2-w0.25"),
        size=(8, 8),
        classes=("airplane", "automobile", "frog", "horse"),
        counts={"train": 3000, "val": 2000, "test": 1000},
    ),
    "segmentation": Experiment(
        "segmentation",
        "small",
        "segmentation",
        "pixel_accuracy",
        "camvid.zip",
        "refinenet-resnet18-w8",
        slack=0.005,
        confidence=0.5,
        epochs=80,
        training_s=330,
        synthesis_s=480,
        polish_s=10,
        refine_s=120,
        size=(72, 96),
    ),
    "detection": Experiment(
        "detection",
        "small",
        "detection",
        "map50",
        "bccd-voc.zip",
        "detectnet-small",
        slack=0.01,
        confidence=0.5,
        epochs=200,
        training_s=330,
        synthesis_s=480,
        polish_s=10,
        refine_s=120,
        size=(96, 128),
    ),
}

FULL = {
    "classification": Experiment(
        "classification",
        "full",
        "classification",
        "accuracy",
        "cifar10-images.zip",
        "resnet56",
        slack=0.0,
        required=0.89,
        epochs=120,
        synthesis_s=3600,
        polish_s=30,
        refine_s=600,
        comparisons=("mobilenet_v2-w1", "shufflenet_v2-w1"),
    ),
    "segmentation": Experiment(
        "segmentation",
        "full",
        "segmentation",
        "pixel_accuracy",
        "camvid.zip",
        "refinenet",
        slack=0.003,
        confidence=0.5,
        epochs=200,
        synthesis_s=7200,
        polish_s=60,
        refine_s=900,
    ),
    "detection": Experiment(
        "detection",
        "full",
        "detection",
        "map50",
        "bccd-voc.zip",
        "detectnet",
        slack=0.008,
        confidence=0.5,
        epochs=300,
        synthesis_s=3600,
        polish_s=60,
        refine_s=900,
    ),
}

EXPERIMENTS = {"small": SMALL, "full": FULL}


def experiment(name: str, scale: str, seconds: float | None = None) -> Experiment:
    """One of the experiments.

    Args:
        name: ``classification``, ``segmentation`` or ``detection``.
        scale: ``small`` or ``full``.
        seconds: Of the synthesis, instead of its own.
    """
    found = EXPERIMENTS[scale][name]
    return found if seconds is None else replace(found, synthesis_s=seconds)
