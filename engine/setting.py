"""Everything that a synthesis works with: dataset, prototype, views, elastic network, G, and measurement."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from engine.acceleration import THREADS
from engine.certify import Trial
from engine.data import Dataset, load_dataset
from engine.distributed import Workers
from engine.elastic.design import Design
from engine.elastic.network import Active, ElasticNetwork
from engine.errors import RequestError
from engine.feed import Feed
from engine.generator import Generator
from engine.heldout import HeldOut, observe
from engine.limits import ProfileLimit, limits_of
from engine.measure.energy import Unavailable, energy_of
from engine.measure.resources import measure_resources
from engine.measurements import Measurements
from engine.probe import Probe
from engine.projection import Projection
from engine.prototypes import build_prototype, prototype_name, task_of, wanted_image_size
from engine.requirements import resource_name
from engine.spec import Spec
from engine.tasks import TASKS, Task
from engine.teacher import Teacher
from engine.views import Normaliser, Views

SMALL_IMAGE = 256  # pixels
MOST_THREADS = 4  # each has a quarter of a batch then, and batch norms need some images
HOLDS = {"classification": "one label an image", "segmentation": "masks", "detection": "boxes"}
UNKNOWN_FINGERPRINT = "0" * 64  # as long as one, for the size of a file that isn't kept


@dataclass
class Setting:
    """The fixed surroundings of a run, before anything is trained."""

    spec: Spec
    out_dir: Path
    device: torch.device
    dataset: Dataset
    prototype: nn.Module
    normalise: Normaliser
    task: Task
    workers: Workers

    @classmethod
    def prepare(cls, spec: Spec, out_dir: Path, device: torch.device, workers: Workers | None = None) -> "Setting":
        """Load the dataset and build the prototype for it.

        Raises:
            RequestError: When either can't be used, or they don't fit each other.
        """
        workers = workers or Workers()
        with workers.leader_first():
            dataset = load_dataset(spec.dataset, out_dir / "data", wanted_image_size(spec.prototype))
        if dataset.task != spec.task:
            raise RequestError(
                "bad_dataset",
                f"{dataset.name} holds {HOLDS[dataset.task]} ({dataset.task}), but the spec's task is {spec.task}; "
                f"give a dataset for {spec.task}, or set task to {dataset.task!r}.",
                "dataset.path",
            )
        if task_of(spec.prototype) not in (None, spec.task):
            raise RequestError(
                "bad_prototype",
                f"{prototype_name(spec.prototype)} is for {task_of(spec.prototype)}, but the spec's task is "
                f"{spec.task}; choose a prototype for {spec.task} (`python -m engine zoo` lists them).",
                "prototype",
            )
        channels, height, width = dataset.image_shape
        prototype = build_prototype(spec.prototype, channels, len(dataset.class_names), height, spec.seed)
        task = TASKS[spec.task](dataset, spec.requirements.task_metric)
        if height * width <= SMALL_IMAGE:
            torch.set_num_threads(1)  # a second one costs more than it brings
        with torch.no_grad():
            try:
                outputs = prototype.eval()(torch.zeros(2, channels, height, width))
            except (RuntimeError, ValueError) as error:
                raise RequestError(
                    "bad_prototype",
                    f"The prototype doesn't accept the dataset's {channels}×{height}×{width} images "
                    f"({str(error).splitlines()[0]}); use data or a prototype of matching size and channels.",
                    "prototype",
                ) from error
        task.suit(tuple(outputs.shape[1:]))
        return cls(
            spec,
            out_dir,
            device,
            dataset,
            prototype.to(device),
            Normaliser(dataset, device),
            task,
            workers,
        )

    def views(self) -> Views:
        """Augmented views of the training images: photographs (3 channels) may be mirrored, characters not."""
        flip = self.dataset.image_shape[0] == 3
        with self.workers.leader_first():
            return Views(self.dataset.splits["train"], self.task, flip=flip, directory=self.out_dir / "data")

    def feed(self, views: Views, *, taught: bool = False) -> Feed:
        """Batches of the views; ``taught``: with the outputs of the trained prototype, the teacher of all networks."""
        teacher = None
        if taught:
            self.task.trust(self.prototype_metrics("search")[self.task.metric])
            directory = self.out_dir / "data" if self.workers.leads else None
            teacher = Teacher(self.prototype, views, self.normalise, self.task, directory)
        return Feed(views, self.normalise, teacher, workers=self.workers)

    @property
    def threads(self) -> int:
        """Threads that share a training step's batch, where its single operations are too short to share."""
        alone = self.device.type == "cpu" and self.workers.size == 1
        _, height, width = self.dataset.image_shape
        return min(THREADS, MOST_THREADS) if alone and height * width <= SMALL_IMAGE else 1

    def prototype_metrics(self, split: str) -> dict[str, float]:
        """The prototype's metrics on a held-out split."""
        return self.task.judge(self._observed(split))

    def _observed(self, split: str) -> np.ndarray:
        return observe(self.prototype.eval(), HeldOut(self.dataset.splits[split], self.normalise), self.task)[0]

    def suit_processor(self) -> None:
        """Choose kernels for the shared network's steps: nearly every design has shapes of its own, and oneDNN builds
        a primitive for each. Without it a step on 8×8 images took 5.6 instead of 11.5 ms (ResNet-8); grouped
        convolutions are the exception, since the plain implementation runs them one group at a time."""
        _, height, width = self.dataset.image_shape
        grouped = any(getattr(m, "groups", 1) > 1 for m in self.prototype.modules())
        if height * width <= SMALL_IMAGE and not grouped:
            torch.backends.mkldnn.set_flags(False)

    def projection(self, network: ElasticNetwork) -> Projection:
        """Costs and limits of an elastic network's designs.

        Raises:
            RequestError: Not even the smallest design meets the limits.
        """
        requirements = self.spec.requirements
        limits = limits_of(network, requirements, self.out_dir, self.workers)
        projection = Projection(network.space, self.spec.objective, requirements, limits)
        if not projection.feasible:
            params, macs = network.space.cost(network.space.smallest)
            needs = [
                f"{limit.resource} of about {float(limit.predict(projection.cheapest)[0]):.3g}" for limit in limits
            ]
            raise RequestError(
                "bad_spec",
                "Even the smallest network that this prototype can become has "
                f"{' and '.join([f'{params:,} parameters', f'{macs:,} MACs', *needs])}; allow at least that much.",
                "requirements",
            )
        return projection

    def metadata(self, seed: int, budget: float, fingerprint: str) -> dict[str, str]:
        """What an exported network's file says about it: the recipe that reproduces it, task and classes."""
        return {
            "task": self.spec.task,
            "classes": "\n".join(self.dataset.class_names),
            "seed": str(seed),
            "budget": repr(budget),
            "fingerprint": fingerprint,
        }

    @cached_property
    def _calibration(self) -> np.ndarray:
        """The trained prototype's observations."""
        return self._observed("calibration")

    @cached_property
    def threshold(self) -> float:
        """The calibration metric from which a network is accepted."""
        return self.task.threshold(self.spec.requirements.metric_threshold, self._calibration, self.spec.confidence)

    @cached_property
    def floor(self) -> float:
        """The calibration metric that the networks of a budget must reach in the mean."""
        return self.task.floor(self.spec.requirements.metric_threshold, self._calibration, self.spec.confidence)


@dataclass
class Synthesized:
    """The learned parts: shared weights, generator, and how designs are measured."""

    setting: Setting
    network: ElasticNetwork
    generator: Generator
    probe: Probe
    measurements: Measurements  # every decoding measured so far

    @classmethod
    def start(cls, setting: Setting) -> "Synthesized":
        """G_0: initialised from φ, U and 1_r.

        Raises:
            RequestError: When nothing can shrink, or not even the smallest design meets the limits.
        """
        spec = setting.spec
        network = ElasticNetwork(setting.prototype, setting.dataset.image_shape, setting.device)
        projection = setting.projection(network)
        probe = Probe(network, setting.dataset, setting.normalise, setting.task)
        return cls(setting, network, Generator(projection, spec.seed), probe, Measurements(network.space.canonical))

    @property
    def projection(self) -> Projection:
        return self.generator.projection

    def decode(self, seed: int, budget: float, attempt: int = 0) -> Trial:
        """Decode a seed at a budget and measure it on the calibration split, once weights and θ_G are final.

        Resources that a requirement asks for are measured as well, where the task metric lets the network be accepted.
        A design that was measured before isn't measured again.

        Raises:
            RequestError: ``bad_prototype`` when latency or file size is required of what can't be written as ONNX.
        """
        requirements = self.setting.spec.requirements
        design = self.generator.design(seed, self.projection.to_log_cost(budget), attempt)
        params, macs = self.network.space.cost(design)
        known = self.measurements.known(design)
        if known:
            resources = dict(known.resources)
            if (known.seed, known.budget) != (seed, budget):
                resources.pop("size_mb", None)  # the file holds its recipe
            trial = Trial(design, known.metric, params, macs, known.loss, resources)
        else:
            measured = self.probe.measure(design, "calibration")
            trial = Trial(design, measured.metric, params, macs, measured.loss)
        wanted = requirements.measured if trial.metric >= self.setting.threshold else ()
        if not set(wanted) <= set(trial.resources):
            active, flat = self.probe.prepare(design, quick=True)  # statistics change no size and no speed
            module = self.extract(active, flat)
            resources = self.resources(module, seed, budget, UNKNOWN_FINGERPRINT, trial.resources)
            trial = replace(trial, resources=resources)
        self.measurements.add(seed, budget, attempt, trial)
        if wanted:
            counted = {"params": params, "macs": macs, **self.estimates(design)}
            trial = replace(trial, within=requirements.within({**trial.resources, **counted}))
        return trial

    def extract(self, active: Active, flat: Tensor) -> fx.GraphModule:
        """A design as a plain module of its own, its recorded statistics included."""
        return self.network.extract(active, flat, self.setting.normalise.mean, self.setting.normalise.std)

    def estimates(self, design: Design) -> dict[str, float]:
        """What requirements on device profiles are judged by, by resource."""
        limits = [limit for limit in self.projection.limits if isinstance(limit, ProfileLimit)]
        designs = self.network.space.designs([design])
        return {limit.resource: float(limit.predict(designs)[0]) for limit in limits}

    def resources(
        self,
        module: fx.GraphModule,
        seed: int,
        budget: float,
        fingerprint: str,
        known: Mapping[str, float],
    ) -> dict[str, float]:
        """File size, activation memory and, where a requirement asks for them, latency and energy of a network.

        Args:
            module: From :meth:`extract`.
            seed, budget, fingerprint: What its file says about it.
            known: What was measured on a network of the same design: its latency and energy are taken from there.

        Raises:
            RequestError: ``bad_prototype`` when one of these is required and the network can't be written as ONNX;
                ``bad_spec`` when energy is required and turns out not to be measurable.
        """
        requirements = self.setting.spec.requirements
        required = requirements.measured
        timed = "latency_ms" in required and "latency_ms" not in known
        try:
            found = measure_resources(
                module,
                self.setting.dataset.image_shape,
                self.setting.metadata(seed, budget, fingerprint),
                decoder=self.setting.task.decoder,
                answers=self.setting.task.answers,
                latency_limit=requirements.limit("latency_ms") if timed else None,
                needs_file="size_mb" in required,
            )
        except RuntimeError as error:
            message = f"Latency and file size are measured on an ONNX file. {error}"
            raise RequestError("bad_prototype", message, "prototype") from error
        resources = {name: value for name, value in known.items() if name != "size_mb"} | found.as_metrics()
        for device in requirements.energy_on:
            energy = self.energy(module, device, resources)
            if "unavailable" in energy:
                raise RequestError("bad_spec", energy["unavailable"], "requirements")
            resources[resource_name("energy_mj", device)] = energy["energy_mj"]
        return resources

    def energy(self, module: fx.GraphModule, device: str, known: Mapping[str, float]) -> dict[str, Any]:
        """Energy of a network on ``cpu`` or ``cuda``: ``device``, with ``energy_mj`` and ``images_per_joule``, or with
        ``unavailable``, a sentence that says why it can't be measured.

        Args:
            module: From :meth:`extract`.
            device: The device.
            known: What was measured on a network of the same design: its energy is taken from there.
        """
        energy_mj = known.get(resource_name("energy_mj", device))
        try:
            if energy_mj is None:
                energy_mj = energy_of(module, self.setting.dataset.image_shape, device).mj
        except Unavailable as reason:
            return {"device": device, "unavailable": str(reason)}
        return {"device": device, "energy_mj": energy_mj, "images_per_joule": 1e3 / energy_mj}

    def tensors(self) -> dict[str, Tensor]:
        """What a learned generator consists of."""
        found = {"weights": self.network.weights}
        found |= {f"rank.{i}": torch.from_numpy(r) for i, r in enumerate(self.network.ranks)}
        found |= {f"theta.{name}": tensor.clone() for name, tensor in self.generator.state_dict().items()}
        return found

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Inverse of :meth:`tensors`."""
        self.network.weights.copy_(tensors["weights"])
        self.network.set_importance([-tensors[f"rank.{i}"].numpy() for i in range(len(self.network.ranks))])
        self.generator.load_state_dict({n: tensors[f"theta.{n}"] for n in self.generator.state_dict()})
