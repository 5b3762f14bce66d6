"""How a cycle's wall time compares with plain training of the very same networks, and where the rest goes.

    python -m benchmarks.profile_cycle                                        # the digits, resnet8
    python -m benchmarks.profile_cycle --data cifar10-images.zip --images 3000

Every cycle of a real run is timed. Then its designs are extracted as plain modules and trained for as many steps, on
the same batches, with the same loss, the same cached teacher outputs and Nesterov momentum; neither extraction nor a
first step that warms each module up is timed.
Each third cycle has a stopwatch around its parts instead of a comparison, so that the ratio isn't burdened by it.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
import unittest.mock
import zipfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from engine import prototype_stage
from engine.elastic.design import Design
from engine.elastic.network import ElasticNetwork
from engine.generator import Generator
from engine.inquisitor import Inquisitor
from engine.insight import Observer
from engine.measure.device import describe_device
from engine.probe import Probe
from engine.spec import parse_spec
from engine.synthesis import Synthesis
from engine.teacher import Teacher
from engine.training import MOMENTUM, WEIGHT_DECAY, SharedTrainer

RATE = 0.05
# On a busy machine wall time measures the neighbours: CLOCK=cpu counts this process's processor time instead.
CLOCK = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter
STEP, FORWARD = "step: loss, backward, update", "step: forward"
# What a cycle consists of; a part inside another counts for the inner one alone.
PARTS: list[tuple[str, Any, str]] = [
    ("decode the design", Generator, "design"),
    ("activate", ElasticNetwork, "activate"),
    ("gather", ElasticNetwork, "gather"),
    ("teacher's outputs", Teacher, "__call__"),
    (FORWARD, ElasticNetwork, "forward"),
    (STEP, SharedTrainer, "step"),
    ("record batch-norm statistics", ElasticNetwork, "record_statistics"),
    ("measure probes", Probe, "measure_prepared"),
    ("observe responses", Observer, "probe"),
    ("inquisitor: fit", Inquisitor, "update"),
    ("inquisitor: remember, predict", Inquisitor, "remember_probes"),
    ("generator: Δθ_G", Inquisitor, "propose"),
    ("events", Synthesis, "_report"),
    ("checkpoint", Synthesis, "_save"),
]


class Stopwatch:
    """Exclusive wall time of the ``PARTS``, while on."""

    def __init__(self, device: torch.device) -> None:
        self.on = False
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device
        self._inside: list[str] = []
        self._since = 0.0
        for name, owner, method in PARTS:
            setattr(owner, method, self._timed(name, getattr(owner, method)))

    def _timed(self, name: str, method: Callable) -> Callable:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if not self.on or (name == FORWARD and self._inside != [STEP]):
                return method(*args, **kwargs)
            self._switch()
            self._inside.append(name)
            try:
                return method(*args, **kwargs)
            finally:
                self._switch()
                self._inside.pop()

        return timed

    def _switch(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = CLOCK()
        self.seconds[self._inside[-1] if self._inside else "everything else"] += now - self._since
        self._since = now

    def start(self) -> None:
        self.on, self._since = True, CLOCK()

    def stop(self) -> None:
        self._switch()
        self.on = False


class Profiled(Synthesis):
    """A synthesis whose cycles are timed one by one."""

    watch: Stopwatch
    rows: list[dict[str, float]]
    began: float | None = None

    def _generate_and_train(self, progress: float) -> list[tuple[Design, float]]:
        self.before = self.parts.network.weights.clone()
        self.order = partial(np.random.default_rng, [self.spec.seed, self.cycle, 2])
        if self.cycle % 3 == 2:
            self.watch.start()
        self.began = self._now()
        self.trained = super()._generate_and_train(progress)
        self.steps_s = self._now() - self.began
        return self.trained

    def _save(self) -> None:
        super()._save()
        if self.began is None:
            return
        wall = self._now() - self.began
        if self.watch.on:
            self.watch.stop()
        else:
            designs = [design for design, _ in self.trained]
            costs = np.array([self.parts.network.space.cost(design) for design in designs], dtype=float)
            plain = self._plain(designs)
            self.rows.append({"cycle_s": wall, "steps_s": self.steps_s, "plain_s": plain, "macs": costs[:, 1].mean()})
            sys.stderr.write(f"cycle {self.cycle}: {self._line(self.rows[-1])}\n")
        self.began = None

    @staticmethod
    def _line(row: dict[str, float]) -> str:
        return (
            f"{row['macs'] / 1e3:7.1f} K MACs: cycle {row['cycle_s']:.3f} s, its steps {row['steps_s']:.3f} s, "
            f"plain steps {row['plain_s']:.3f} s: ratio {row['cycle_s'] / row['plain_s']:.2f}, "
            f"of steps alone {row['steps_s'] / row['plain_s']:.2f}"
        )

    def _now(self) -> float:
        if self.setting.device.type == "cuda":
            torch.cuda.synchronize(self.setting.device)
        return CLOCK()

    def _plain(self, designs: list[Design]) -> float:
        """Seconds of plain training steps of these designs on the cycle's batches, with the faster kernels of two:
        those that the engine has chosen, and PyTorch's own choice."""
        chosen = torch.backends.mkldnn.set_flags()[0]
        found = []
        for one_dnn in dict.fromkeys((chosen, True)):
            torch.backends.mkldnn.set_flags(one_dnn)
            found.append(self._plain_steps(designs))
        torch.backends.mkldnn.set_flags(chosen)
        return min(found)

    def _plain_steps(self, designs: list[Design]) -> float:
        modules = [self._module(design) for design in designs]
        optimisers = [_optimiser(module) for module in modules]
        task, feed, spent = self.trainer.task, self.trainer.feed, 0.0
        orders = islice(feed.views.batches(self.order(), task.batch), len(modules))
        batches = feed.batches(orders)
        for module, optimiser in zip(modules, optimisers, strict=True):
            start = self._now()
            batch = next(batches)
            spent += self._now() - start
            for timed in (False, True):
                start = self._now()
                loss = task.loss(module(batch.images), batch.labels, batch.taught)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                if timed:
                    spent += self._now() - start
        return spent

    def _module(self, design: Design) -> nn.Module:
        network = self.parts.network
        active = network.activate(design)
        flat = self.before[active.index]
        network.record_statistics(active, flat, self.parts.probe.statistics_batches[:1])
        channels = network.input_shape[0]
        module = network.extract(active, flat, torch.zeros(channels), torch.ones(channels))
        return _without_normalisation(module).to(self.setting.device).train()


def _without_normalisation(module: fx.GraphModule) -> fx.GraphModule:
    """The extracted module for images that are normalised already, as batches are."""
    scaled = next(n for n in module.graph.nodes if n.op == "call_function" and n.target is torch.div)
    placeholder = next(n for n in module.graph.nodes if n.op == "placeholder")
    scaled.replace_all_uses_with(placeholder)
    module.graph.eliminate_dead_code()
    module.recompile()
    return module


def _optimiser(module: nn.Module) -> torch.optim.Optimizer:
    """Momentum buffers exist from the start, as in the middle of training."""
    optimiser = torch.optim.SGD(
        module.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    for p in module.parameters():
        optimiser.state[p]["momentum_buffer"] = torch.zeros_like(p)
    return optimiser


def _subset(archive: Path, images: int, folder: Path) -> Path:
    """The first images of each class of an archive with one folder a class, as an archive of its own."""
    found: dict[str, list[str]] = defaultdict(list)
    with zipfile.ZipFile(archive) as source:
        for name in sorted(n for n in source.namelist() if not n.endswith("/")):
            found[str(PurePosixPath(name).parent)].append(name)
        path = folder / f"{archive.stem}-{images}.zip"
        shares = images / sum(map(len, found.values()))
        with zipfile.ZipFile(path, "w") as subset:
            for names in found.values():
                for name in names[: max(8, round(shares * len(names)))]:
                    subset.writestr(name, source.read(name))
    return path


def profile(spec: dict[str, Any], folder: Path, device: torch.device) -> dict[str, Any]:
    """Run a spec and compare its cycles with plain training.

    Returns:
        ``ratio`` (cycles' wall over plain steps' wall), ``ratio_of_steps`` (the cycles' training steps alone), and
        ``shares`` of a cycle's wall by part.
    """
    watch = Stopwatch(device)
    rows: list[dict[str, float]] = []
    folder.mkdir()
    synthesis = Profiled(parse_spec(spec), folder, lambda event: None, lambda: False, device)
    synthesis.watch, synthesis.rows = watch, rows
    with contextlib.suppress(_Done), unittest.mock.patch("engine.synthesis.conclude", side_effect=_Done):
        synthesis.run()
    total = {name: sum(row[name] for row in rows) for name in rows[0]}
    spent = sum(watch.seconds.values())
    return {
        "device": describe_device(device),
        "cycles": len(rows),
        "ratio": total["cycle_s"] / total["plain_s"],
        "ratio_of_steps": total["steps_s"] / total["plain_s"],
        "shares": {name: s / spent for name, s in sorted(watch.seconds.items(), key=lambda item: -item[1])},
    }


class _Done(Exception):
    """The cycles are over; certification is not of interest here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="zip with one folder a class; the built-in digits without")
    parser.add_argument("--images", type=int, default=3000, help="how many of the archive's images")
    parser.add_argument("--prototype", default="resnet8")
    parser.add_argument("--require", type=float, default=0.97, help="accuracy")
    parser.add_argument("--cycles", type=int, default=12)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--prototype-steps", type=int, help="fewer steps for the prototype: it isn't what is timed")
    args = parser.parse_args()
    if args.prototype_steps:
        prototype_stage.LEAST_STEPS, prototype_stage.EPOCHS = args.prototype_steps, 0  # this process does nothing else
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        dataset = {"path": str(_subset(args.data, args.images, folder))} if args.data else {"builtin": "digits"}
        spec = {
            "prototype": {"zoo": args.prototype}, "dataset": dataset, "task": "classification",
            "requirements": [{"metric": "accuracy", "op": ">=", "value": args.require}],
            "time_budget_s": None, "max_cycles": args.cycles, "seed": 0,
        }  # fmt: skip
        found = profile(spec, folder / "run", torch.device(args.device))
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
