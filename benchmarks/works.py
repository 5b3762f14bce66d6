"""The suites: which works ``make bench``, ``make bench-quick`` and ``make bench-gpu`` run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.peers import PEERS
from benchmarks.work import Definition

VEHICLES_AND_ANIMALS = ("airplane", "automobile", "frog", "horse")


@dataclass(frozen=True)
class Suite:
    """Works with the repeats and methods to run on them.

    Attributes:
        works: In the order of the report.
        repeats: Prototype seeds 0, 1, …
        ablated: Works that the ablations run on.
        side_by_side: Runs at once, with one thread each; 1 leaves all threads to one.
        yield_seeds: Fresh seeds that ours is judged by.
        polish_s: Seconds of polish for a network, by work.
        most_draws: Tried for a family of twenty.
        control_steps: Training steps of each network in the from-scratch control.
        page: The page that it writes, below ``docs``.
    """

    works: tuple[Definition, ...]
    repeats: int
    ablated: tuple[str, ...]
    side_by_side: int
    yield_seeds: int
    polish_s: Mapping[str, float]
    control_steps: int
    control_designs: int
    page: str
    peers: tuple[str, ...] = tuple(PEERS)
    most_draws: int = 60


DIGITS = Definition(
    "digits", "Digits (8×8, 10 classes), ResNet-8", "resnet8", required=0.97, seconds=120, start=0.36, trials=3
)
CIFAR4 = Definition(
    "cifar4",
    "CIFAR-10 subset (4 classes, 8×8), ResNet-8",
    "resnet8",
    required=0.83,
    seconds=240,
    epochs=10,
    start=0.62,
    trials=3,
    side=8,
    classes=VEHICLES_AND_ANIMALS,
    counts={"train": 3000, "val": 2000, "test": 1000},
)


def standard() -> Suite:
    """An estimated two hours on 2 cores."""
    return Suite(
        works=(DIGITS, CIFAR4),
        repeats=3,
        ablated=("digits",),
        side_by_side=2,
        yield_seeds=300,
        polish_s={"digits": 1.0, "cifar4": 2.0},
        control_steps=1000,
        control_designs=3,
        page="benchmarks",
    )


def quick() -> Suite:
    """Seconds: every part once, on a requirement that anything meets; its figures say nothing."""
    work = replace(DIGITS, required=0.05, seconds=4, epochs=4, cycles=2, trials=2)
    return Suite(
        works=(work,),
        repeats=1,
        ablated=("digits",),
        side_by_side=2,
        yield_seeds=5,
        polish_s={"digits": 0.2},
        control_steps=20,
        control_designs=1,
        page="benchmarks-quick",
        most_draws=4,
    )


def gpu(share: float, seconds: float, repeats: int) -> Suite:
    """The paper's experiment: full CIFAR-10 with ResNet-20, 56 and 110.

    Args:
        share: Of the images of each class; below 1 it only proves the command.
        seconds: For each method.
        repeats: Prototype seeds.
    """
    asked = (("resnet20", 0.89), ("resnet56", 0.90), ("resnet110", 0.91))
    whole = share >= 1
    works = tuple(
        Definition(
            f"cifar10-{prototype}",
            f"CIFAR-10, {prototype}" + ("" if whole else f", {share:.0%} of the images"),
            prototype,
            required if whole else 0.15,
            seconds,
            epochs=120 if whole else 1,
            start=0.7,
            trials=4 if whole else 2,
            counts={} if whole else {"train": share, "test": share},
        )
        for prototype, required in asked
    )
    return Suite(
        works=works,
        repeats=repeats,
        ablated=(),
        side_by_side=1,
        yield_seeds=300 if whole else 5,
        polish_s={w.name: 20.0 if whole else 0.5 for w in works},
        control_steps=10_000 if whole else 10,
        control_designs=3 if whole else 1,
        page="benchmarks-gpu",
    )
