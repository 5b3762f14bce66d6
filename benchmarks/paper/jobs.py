"""The jobs of an experiment: the prototype, then each comparison network, then the synthesis with its FermiNets.

Each leaves a JSON file; what is done isn't done again, and an interrupted synthesis goes on from its checkpoint. The
prototype and the comparison networks are trained on the labels by the same recipe, the engine's own for prototypes.
The requirement follows from the prototype's metric on the calibration split. The test split is measured for the
report and decides nothing.
"""

import json
import logging
import math
import os
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from benchmarks.job import read_result
from benchmarks.ours import EVENTS, boundary_budget, read_events
from benchmarks.paper.comparisons import comparison
from benchmarks.paper.experiments import FERMINETS, REFINED, Experiment
from benchmarks.paper.measure import record
from benchmarks.paper.reduced import reduce
from benchmarks.subset import build_subset
from engine.certify import ATTEMPTS
from engine.checkpoint import GENERATOR
from engine.draw import Network, TrainedGenerator, load_generator, network_record
from engine.measure.device import describe_device
from engine.prototype_training import PrototypeTrainer
from engine.refine import refine
from engine.schedule import Phase, learning_rate
from engine.setting import Setting
from engine.spec import parse_spec
from engine.synthesis import Synthesis
from engine.training import PEAK_RATE
from engine.views import Views

PROTOTYPE, SYNTHESIS = "prototype", "synthesis"
WEIGHTS = "prototype.safetensors"
MANY = 1_000_000  # cycles: the time ends a synthesis
SPREAD = math.log10(4)  # from D's cost to A's; the paper's A has about twice the parameters and MACs of its D
log = logging.getLogger("benchmarks.paper")


def job_names(experiment: Experiment) -> list[str]:
    """In the order in which they run."""
    return [PROTOTYPE, *experiment.comparisons, SYNTHESIS]


def result_path(root: Path, repeat: int, job: str) -> Path:
    return root / str(repeat) / f"{job}.json"


def run(experiment: Experiment, repeats: int, data: Path, root: Path, device: torch.device) -> None:
    """Run all jobs that aren't done; what failed is tried again.

    Args:
        data: The dataset: zip or folder.
        root: Results folder.
    """
    for repeat in range(repeats):
        study = Study(experiment, repeat, data, root, device)
        waiting = [job for job in job_names(experiment) if not _is_done(root, repeat, job)]
        trainings = [job for job in waiting if job != SYNTHESIS]
        if min(experiment.side_by_side, len(trainings)) > 1:
            spawn = get_context("spawn")
            with ProcessPoolExecutor(experiment.side_by_side, spawn, initializer=_begin_process) as pool:
                list(pool.map(partial(run_job, study), trainings))
        else:
            for job in trainings:
                run_job(study, job)
        if SYNTHESIS in waiting:
            run_job(study, SYNTHESIS)


def _is_done(root: Path, repeat: int, job: str) -> bool:
    result = read_result(result_path(root, repeat, job))
    return result is not None and result["status"] == "done"


def _begin_process() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)


def run_job(study: "Study", job: str) -> None:
    """Run a job and write its result; a failure is a result too."""
    log.info("%s, repeat %d: %s", study.experiment.name, study.repeat, job)
    path = result_path(study.root, study.repeat, job)
    start = time.monotonic()
    try:
        result = {"status": "done", **study.do(job)}
    except Exception as error:
        log.exception("%s failed", job)
        trace = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(trace.filename).name}:{trace.lineno}"
        result = {"status": "failed", "error": f"{type(error).__name__}: {error}".splitlines()[0], "where": where}
    result["job_s"] = time.monotonic() - start
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(result, indent=1))
    os.replace(draft, path)
    log.info("%s: %s in %.0f s", job, result["status"], result["job_s"])


class FromPrototype(Synthesis):
    """A synthesis from the prototype that all networks of the experiment are compared with."""

    weights: Path

    def _fit_prototype(self, views: Views) -> None:
        self.setting.prototype.load_state_dict(load_file(self.weights))
        self.setting.prototype.to(self.setting.device).eval()


class Study:
    """One repeat of an experiment; all of its files are in one folder.

    Args:
        repeat: Seed of the prototype, the comparison networks and the synthesis.
    """

    def __init__(self, experiment: Experiment, repeat: int, data: Path, root: Path, device: torch.device) -> None:
        self.experiment, self.repeat, self.root, self.device = experiment, repeat, root, device
        self.folder = root / str(repeat)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._data = data

    def do(self, job: str) -> dict[str, Any]:
        """Run one job; returns its record."""
        if job == PROTOTYPE:
            return self._prototype()
        return self._synthesis() if job == SYNTHESIS else self._comparison(job)

    def spec(self, requirements: list[dict[str, Any]]) -> dict[str, Any]:
        """The request that the engine gets."""
        experiment = self.experiment
        return {
            "prototype": {"zoo": experiment.prototype},
            "dataset": {"path": str(self._dataset())},
            "task": experiment.task,
            "requirements": requirements,
            "confidence": experiment.confidence,
            "time_budget_s": experiment.synthesis_s,
            "max_cycles": experiment.max_cycles or MANY,
            "seed": self.repeat,
        }

    def _dataset(self) -> Path:
        """The images as they are, or the reduced copy of them, written when it is first needed."""
        experiment, copy = self.experiment, self.root / "reduced.zip"
        if experiment.counts is not None:
            side = experiment.size[0] if experiment.size else None
            return build_subset(self._data, copy, classes=experiment.classes, counts=experiment.counts, side=side)
        return self._data if experiment.size is None else reduce(self._data, copy, experiment.size)

    def _setting(self) -> Setting:
        return Setting.prepare(parse_spec(self.spec([])), self.folder, self.device)

    # --- the prototype and the comparison networks ---------------------------------------------------------------

    def _prototype(self) -> dict[str, Any]:
        setting = self._setting()
        trained = self._train(setting, setting.prototype, self.experiment.training_s)
        save_file(setting.prototype.state_dict(), self.folder / WEIGHTS)
        dataset, found = setting.dataset, record(setting, setting.prototype)
        return trained | {
            "network": found,
            "required": self.experiment.requirement(found["metrics"]["calibration"][self.experiment.metric]),
            "images": {name: len(split) for name, split in dataset.splits.items()},
            "image": list(dataset.image_shape),
            "classes": list(dataset.class_names),
            "device": f"{describe_device(self.device)['name']}, {os.cpu_count()} CPU cores",
        }

    def _comparison(self, name: str) -> dict[str, Any]:
        setting = self._setting()
        torch.manual_seed(self.repeat)
        module = comparison(name, len(setting.dataset.class_names), setting.dataset.image_shape[-1]).to(self.device)
        trained = self._train(setting, module, self.experiment.comparison_s)
        return trained | {"network": record(setting, module)}

    def _train(self, setting: Setting, module: nn.Module, seconds: float | None) -> dict[str, Any]:
        """Train on the labels, until the epochs or the seconds are over; the learning rate follows what ends first."""
        views, task = setting.views(), setting.task
        trainer = PrototypeTrainer(module, setting.feed(views), task, self.repeat)
        batches = max(1, views.count // task.batch)
        phase = Phase(self.experiment.epochs * batches, 0.0, seconds)
        start = time.monotonic()
        while (progress := phase.progress(trainer.step, time.monotonic() - start)) < 1:
            trainer.advance(learning_rate(PEAK_RATE, progress))
        trainer.finish(setting.normalise)
        return {"seconds": time.monotonic() - start, "steps": trainer.step, "epochs": trainer.step / batches}

    # --- FermiNets -----------------------------------------------------------------------------------------------

    def _synthesis(self) -> dict[str, Any]:
        before = read_result(result_path(self.root, self.repeat, PROTOTYPE))
        if before is None or before["status"] != "done":
            raise RuntimeError("the prototype isn't trained")
        if not (self.folder / GENERATOR).exists():
            self._synthesize(before["required"])
        generator = load_generator(self.folder, self.device)
        certificate = generator.certificate
        start = time.monotonic()
        budgets = self._budgets(generator)
        attempts = ATTEMPTS if certificate.certified else 1  # then polish alone can help
        networks = [
            self._record(name, generator.draw(seed, budget, self.experiment.polish_s, attempts=attempts), generator)
            for seed, (name, budget) in enumerate(zip(FERMINETS, budgets, strict=True))
        ]
        drawn = time.monotonic()
        # Refinement goes down from D's budget, which where nothing is certified isn't the generator's own.
        below = replace(certificate, budget_range=(budgets[-1], certificate.budget_range[1]))
        refined = list(refine(TrainedGenerator(generator.parts, below, generator.feed), self.experiment.refine_s))
        if refined:
            networks.append(self._record(REFINED, refined[-1], generator))
        return {
            "networks": networks,
            "draw_s": drawn - start,
            "refine_s": time.monotonic() - drawn,
            "required": before["required"],
            "certified": certificate.certified,
            "threshold": certificate.threshold,
            "budget_range": list(certificate.budget_range),
            "yield": {"raw": certificate.raw.value, "accepted": certificate.accepted.value},
            "distinct": certificate.distinct,
            "events": read_events(self.folder),
        }

    def _synthesize(self, required: float) -> None:
        """Run the synthesis, or go on with it; the generator and the events are left in the folder."""
        spec = self.spec([{"metric": self.experiment.metric, "op": ">=", "value": required}])
        with open(self.folder / EVENTS, "a") as events:

            def keep(event: dict[str, Any]) -> None:
                events.write(json.dumps(event) + "\n")

            synthesis = FromPrototype(parse_spec(spec), self.folder, keep, lambda: False, self.device)
            synthesis.weights = self.folder / WEIGHTS
            synthesis.run()

    def _budgets(self, generator: TrainedGenerator) -> list[float]:
        """A's to D's, evenly spaced in log cost from the smallest certified one upwards; where none is certified, from
        the one at which training worked."""
        certified, projection = generator.certificate.certified, generator.parts.projection
        smallest = generator.default_budget() if certified else boundary_budget(self.folder, generator)
        low = projection.to_log_cost(smallest)
        costs = np.linspace(min(low + SPREAD, projection.high), low, len(FERMINETS))
        return [float(np.clip(projection.to_budget(cost), 0, 1)) for cost in costs.tolist()]

    def _record(self, name: str, network: Network, generator: TrainedGenerator) -> dict[str, Any]:
        return {"name": name, **network_record(network, generator.parts.network.space)}
