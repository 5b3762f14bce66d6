"""Everything that a synthesis works with: dataset, prototype, views, elastic network, G, and measurement."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.certify import Trial, acceptance_threshold
from engine.data import Dataset, load_dataset
from engine.distributed import Workers
from engine.elastic.network import ElasticNetwork
from engine.errors import RequestError
from engine.feed import Feed
from engine.generator import Generator
from engine.probe import Probe
from engine.projection import Projection
from engine.prototypes import build_prototype, wanted_image_size
from engine.spec import Spec
from engine.tasks import TASKS, Task
from engine.teacher import Teacher
from engine.views import Normaliser, Views

SMALL_IMAGE = 256  # pixels


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
        channels, height, width = dataset.image_shape
        classes = len(dataset.class_names)
        prototype = build_prototype(spec.prototype, channels, classes, height, spec.seed)
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
        if outputs.shape != (2, classes):
            raise RequestError(
                "bad_prototype",
                f"The prototype puts out {tuple(outputs.shape[1:])} values and the dataset has {classes} classes; "
                "use a prototype whose last layer has one output for each class.",
                "prototype",
            )
        return cls(
            spec,
            out_dir,
            device,
            dataset,
            prototype.to(device),
            Normaliser(dataset, device),
            TASKS[spec.task](),
            workers,
        )

    def views(self) -> Views:
        """Augmented views of the training images: photographs (3 channels) may be mirrored, characters not."""
        flip = self.dataset.image_shape[0] == 3
        with self.workers.leader_first():
            return Views(self.dataset.splits["train"], flip=flip, directory=self.out_dir / "data")

    def feed(self, views: Views, *, taught: bool = False) -> Feed:
        """Batches of the views; ``taught``: with the outputs of the trained prototype, the teacher of all networks."""
        teacher = None
        if taught:
            directory = self.out_dir / "data" if self.workers.leads else None
            shape = (len(self.dataset.class_names),)
            teacher = Teacher(self.prototype, views, self.normalise, shape, directory)
        return Feed(views, self.normalise, teacher, workers=self.workers)

    def suit_processor(self) -> None:
        """Choose kernels for the shared network's steps: nearly every design has shapes of its own, and oneDNN builds
        a primitive for each. Without it a step on 8×8 images took 5.6 instead of 11.5 ms (ResNet-8); grouped
        convolutions are the exception, since the plain implementation runs them one group at a time."""
        _, height, width = self.dataset.image_shape
        grouped = any(getattr(m, "groups", 1) > 1 for m in self.prototype.modules())
        if height * width <= SMALL_IMAGE and not grouped:
            torch.backends.mkldnn.set_flags(False)

    @cached_property
    def threshold(self) -> float:
        """The calibration metric from which a network is accepted."""
        required = self.spec.requirements.metric_threshold
        return acceptance_threshold(required, len(self.dataset.splits["calibration"]))


@dataclass
class Synthesized:
    """The learned parts: shared weights, generator, and how designs are measured."""

    setting: Setting
    network: ElasticNetwork
    generator: Generator
    probe: Probe

    @classmethod
    def start(cls, setting: Setting) -> "Synthesized":
        """G_0: initialised from φ, U and 1_r.

        Raises:
            RequestError: When nothing can shrink, or not even the smallest design meets the limits.
        """
        spec = setting.spec
        network = ElasticNetwork(setting.prototype, setting.dataset.image_shape, setting.device)
        projection = Projection(network.space, spec.objective, spec.requirements)
        if not projection.feasible:
            params, macs = network.space.cost(network.space.smallest)
            raise RequestError(
                "bad_spec",
                f"Even the smallest network that this prototype can become has {params:,} parameters and "
                f"{macs:,} MACs; allow at least that much.",
                "requirements",
            )
        probe = Probe(network, setting.dataset, setting.normalise, setting.task)
        return cls(setting, network, Generator(projection, spec.seed), probe)

    @property
    def projection(self) -> Projection:
        return self.generator.projection

    def decode(self, seed: int, budget: float, attempt: int = 0) -> Trial:
        """Decode a seed at a budget and measure it on the calibration split."""
        design = self.generator.design(seed, self.projection.to_log_cost(budget), attempt)
        measured = self.probe.measure(design, "calibration")
        return Trial(design, measured.metric, *self.network.space.cost(design))

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
