"""The works: a dataset with its four splits, a trained prototype, a requirement, and the time that a method gets."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmarks.subset import build_subset
from engine import prototype_stage
from engine.events import EventLog
from engine.feed import Feed
from engine.heldout import HeldOut
from engine.prototypes.cifar_resnet import DEPTHS
from engine.setting import Setting
from engine.spec import parse_spec
from engine.views import Views, chunks

PROTOTYPE = "prototype.safetensors"
MANY = 1_000_000  # cycles: the time ends a synthesis


@dataclass(frozen=True)
class Definition:
    """What is to be done.

    Attributes:
        name: Its key in file names and on the command line.
        title: For the report.
        prototype: Zoo name of a CIFAR residual network.
        required: Accuracy that every network must reach.
        seconds: Wall-clock seconds that each method gets.
        epochs: Of the prototype's training; None takes the engine's own.
        cycles: Of our synthesis, instead of the seconds; for a quick look at its parts.
        start: Where peers that search for a cost begin, as a share of the way from the smallest to the full log cost.
        trials: How many trainings such a peer plans for in its time.
        side, classes, counts: The subset of the images in ``DATA``; ``counts`` None is the built-in digits, an empty
            one all of ``DATA``.
    """

    name: str
    title: str
    prototype: str
    required: float
    seconds: float
    epochs: int | None = None
    cycles: int | None = None
    start: float = 0.3
    trials: int = 4
    side: int | None = None
    classes: Sequence[str] | None = None
    counts: Mapping[str, float] | None = None

    def dataset(self, data: Path | None, folder: Path) -> dict[str, Any]:
        """The spec's dataset; a subset is written below ``folder`` when it is first needed."""
        if self.counts is None:
            return {"builtin": "digits"}
        if data is None:
            raise SystemExit(f"{self.name} needs images: name a zip, as in make bench DATA=cifar10-images.zip")
        if not self.counts:
            return {"path": str(data)}
        target = folder / f"{self.name}.zip"
        return {"path": str(build_subset(data, target, classes=self.classes, counts=self.counts, side=self.side))}


class Work:
    """One repeat of a work, ready to be searched: what every method is given.

    Args:
        definition: The work.
        repeat: Seed of the prototype.
        root: Results folder; the repeat's own is ``root/<work>/<repeat>``.
        data: The zip with images, for works that need one.
        device: Where to compute.

    Attributes:
        setting: The engine's data, task and trained prototype (a plain module).
        threshold: The calibration accuracy from which a network is accepted, for ours and for peers.
    """

    def __init__(
        self, definition: Definition, repeat: int, root: Path, data: Path | None, device: torch.device
    ) -> None:
        self.definition, self.repeat = definition, repeat
        self.folder = root / definition.name / str(repeat)
        self._dataset = definition.dataset(data, root / definition.name)
        self.setting = Setting.prepare(parse_spec(self.spec()), self.folder, device)
        self._held_out: dict[str, HeldOut] = {}

    def spec(self, seconds: float | None = None, **changes: Any) -> dict[str, Any]:
        """The request that ours gets for this work."""
        return {
            "prototype": {"zoo": self.definition.prototype},
            "dataset": self._dataset,
            "requirements": [{"metric": "accuracy", "op": ">=", "value": self.definition.required}],
            "time_budget_s": seconds if self.definition.cycles is None else None,
            "max_cycles": self.definition.cycles or MANY,
            "seed": self.repeat,
            **changes,
        }

    # --- the prototype, trained once for all methods -------------------------------------------------------------

    def train_prototype(self) -> dict[str, Any]:
        """Train and keep the prototype and its outputs on all views; returns what it reaches."""
        log = EventLog(lambda event: None)
        if self.definition.epochs is not None:
            # This process does nothing else.
            prototype_stage.EPOCHS, prototype_stage.LEAST_STEPS = self.definition.epochs, 1
        prototype_stage.fit_prototype(self.setting, self.views, log, lambda: False)
        trained = log.elapsed
        self.setting.prototype.eval()
        self.folder.mkdir(parents=True, exist_ok=True)
        save_file(self.setting.prototype.state_dict(), self.folder / PROTOTYPE)
        rows = np.arange(len(self.views.labels))
        for _ in self.feed.batches(chunks(rows, 512)):  # each batch brings the prototype's outputs
            pass
        splits = ("search", "calibration", "test")
        return {
            "seconds": trained,
            "teacher_seconds": log.elapsed - trained,
            "accuracy": {s: self.setting.prototype_metrics(s)["accuracy"] for s in splits},
            "images": {name: len(split) for name, split in self.setting.dataset.splits.items()},
            "image": list(self.setting.dataset.image_shape),
            "classes": list(self.setting.dataset.class_names),
            "views": self.views.views,
        }

    def load_prototype(self, module: nn.Module | None = None) -> None:
        """Give the setting (or another module) this repeat's trained weights."""
        module = module or self.setting.prototype
        module.load_state_dict(load_file(self.folder / PROTOTYPE))
        module.to(self.setting.device).eval()

    def hand_over(self, folder: Path) -> None:
        """Copy the decoded images and the teacher's outputs to a run's folder: nobody computes them twice."""
        shutil.copytree(self.folder / "data", folder / "data", dirs_exist_ok=True)

    @cached_property
    def views(self) -> Views:
        return self.setting.views()

    @cached_property
    def feed(self) -> Feed:
        """Batches of the views with the trained prototype's outputs."""
        return self.setting.feed(self.views, taught=True)

    # --- measuring -----------------------------------------------------------------------------------------------

    @property
    def threshold(self) -> float:
        return self.setting.threshold

    @property
    def blocks(self) -> int:
        """Blocks in each of the prototype's stages."""
        return (DEPTHS[self.definition.prototype] - 2) // 6

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.setting.dataset.image_shape

    @property
    def classes(self) -> int:
        return len(self.setting.dataset.class_names)

    def held_out(self, split: str) -> HeldOut:
        """A held-out split, with its normalised batches kept."""
        if split not in self._held_out:
            self._held_out[split] = HeldOut(self.setting.dataset.splits[split], self.setting.normalise)
        return self._held_out[split]

    def input(self, normalised: Tensor, takes_pixels: bool) -> Tensor:
        """Normalised images as a module wants them: as they are, or as pixels in [0, 1]."""
        if not takes_pixels:
            return normalised
        normalise = self.setting.normalise
        return normalised * normalise.std.reshape(1, -1, 1, 1) + normalise.mean.reshape(1, -1, 1, 1)
