"""Drawing: take a network out of a trained generator. The same seed and budget give the same bytes."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, fx, nn

from engine.certify import ATTEMPTS, Certificate, Trial
from engine.checkpoint import GENERATOR, load_state, without_prefix
from engine.elastic.design import Design
from engine.elastic.network import Active
from engine.elastic.space import Space
from engine.errors import RequestError
from engine.export.decoded import decoded
from engine.feed import Feed
from engine.measure.profiles import profiles
from engine.measure.roofline import estimates
from engine.measure.work import work_of
from engine.performance import information_density
from engine.polish import polish
from engine.requirements import MEASURED, Requirements, parse_requirements
from engine.setting import Setting, Synthesized
from engine.spec import parse_spec


@dataclass(frozen=True)
class Network:
    """One drawn network.

    Attributes:
        module: A plain ``nn.Module``, free of this library at inference: float32 N × C × H × W in [0, 1] → the task's
            answers: logits, or boxes, scores and classes.
        metrics: Task metric by split (validation, calibration, test); the test split decides nothing.
        requirements: The verdict on each requirement, from the test split for the task metric.
        verified: Whether the calibration split accepts the network.
        attempts: Decodings that it took.
        resources: What was measured on the network: ``size_mb`` of its ONNX file (absent where it can't be written as
            one), ``activation_mb``, and latency and energy where a requirement asks for them.
        energy: On the device that it was drawn on: see :meth:`engine.setting.Synthesized.energy`.
        estimates: By device profile: see :func:`engine.measure.roofline.estimates`.
        polish_s, polish_steps: Seconds and steps of distillation; ``polished`` tells whether its result was kept.
    """

    seed: int
    budget: float
    design: Design
    module: nn.Module
    fingerprint: str
    params: int
    macs: int
    metrics: dict[str, dict[str, float]]
    netscore: float
    information_density: float
    requirements: list[dict[str, Any]]
    verified: bool
    attempts: int
    resources: dict[str, float]
    energy: dict[str, Any]
    estimates: dict[str, dict[str, Any]]
    draw_s: float
    polish_s: float = 0.0
    polish_steps: int = 0
    polished: bool = False


class TrainedGenerator:
    """A learned generator and its certificate; the library's and the command line's way to draw.

    Args:
        parts: Shared weights, θ_G and measurement.
        certificate: What certification found.
        feed: Makes batches with the prototype's outputs, which all polished networks share.
    """

    def __init__(self, parts: Synthesized, certificate: Certificate, feed: Callable[[], Feed] | None = None) -> None:
        self.parts = parts
        self.certificate = certificate
        self.feed = feed or cache(lambda: parts.setting.feed(parts.setting.views(), taught=True))

    def tighten(self, requirements: Requirements | list[dict[str, Any]]) -> "TrainedGenerator":
        """The same generator under stricter requirements: see :func:`engine.tighten.tighten`."""
        from engine.tighten import tighten

        if not isinstance(requirements, Requirements):
            requirements = parse_requirements(requirements, self.parts.setting.spec.task)
        return tighten(self, requirements)

    def default_budget(self) -> float:
        """The best budget of the certified range: the smallest, since NetScore rewards cost most."""
        return self.certificate.budget_range[0]

    def draw(
        self,
        seed: int,
        budget: float | None = None,
        polish_s: float = 0.0,
        *,
        polish_steps: int | None = None,
        attempts: int = ATTEMPTS,
    ) -> Network:
        """Draw the network of a seed.

        Args:
            seed: Any non-negative integer.
            budget: In [0, 1]; by default the smallest of the certified range.
            polish_s: Seconds of distillation after the draw. As many steps as fit are chosen at its start, and the
                network that comes out is that of ``polish_steps``.
            polish_steps: Steps of distillation instead of seconds: the same seed, budget and steps give the same bytes.
            attempts: Decodings of the seed before the best of them is returned unverified.

        Raises:
            RequestError: ``bad_request`` when the budget lies outside [0, 1], or a seed or a length is negative.
        """
        start = time.monotonic()
        budget = self.default_budget() if budget is None else budget
        if not 0 <= budget <= 1:
            raise RequestError("bad_request", f"budget must be from 0 to 1, not {budget}.", "budget")
        for name, value in (("seed", seed), ("polish", polish_s), ("polish_steps", polish_steps or 0)):
            if value < 0:
                raise RequestError("bad_request", f"{name} must be 0 or more, not {value}.", name)
        polishes = polish_s > 0 or bool(polish_steps)
        attempt, trial = self._decode(seed, budget, attempts, first=polishes)
        verified = trial.accepted(self.certificate.threshold)
        active, flat = self.parts.probe.prepare(trial.design)
        drawn = time.monotonic()
        polished = None
        if polishes:
            polished = polish(
                self.parts, self.feed(), trial, active, flat, seconds=polish_s, steps=polish_steps, seed=seed
            )
            verified = polished.accepted
        measuring = time.monotonic()
        network = self._describe(seed, budget, trial, active, polished.flat if polished else flat)
        return Network(
            **network,
            verified=verified,
            attempts=attempt + 1,
            draw_s=drawn - start + time.monotonic() - measuring,
            polish_s=(polish_s or measuring - drawn) if polished else 0.0,
            polish_steps=polished.steps if polished else 0,
            polished=polished.kept if polished else False,
        )

    def _decode(self, seed: int, budget: float, attempts: int, *, first: bool) -> tuple[int, Trial]:
        """The first decoding that is accepted; or else the last attempt with the best of all, or with the first."""
        trials = []
        for attempt in range(attempts):
            trials.append(self.parts.decode(seed, budget, attempt))
            if trials[-1].accepted(self.certificate.threshold):
                return attempt, trials[-1]
        return attempts - 1, trials[0] if first else max(trials, key=lambda trial: trial.metric)

    def _describe(self, seed: int, budget: float, trial: Trial, active: Active, flat: Tensor) -> dict[str, Any]:
        parts, spec = self.parts, self.parts.setting.spec
        task = parts.setting.task.metric
        module = parts.extract(active, flat)
        mark = fingerprint(module, trial.design)
        metrics = dict(parts.probe.metrics(active, flat))
        test = metrics["test"][task]
        resources = parts.resources(module, seed, budget, mark, trial.resources)
        counted = {"params": trial.params, "macs": trial.macs, **parts.estimates(trial.design)}
        return {
            "seed": seed,
            "budget": budget,
            "design": parts.network.space.canonical(trial.design),
            "module": decoded(module, parts.setting.task.decoder),
            "fingerprint": mark,
            "params": trial.params,
            "macs": trial.macs,
            "metrics": metrics,
            "netscore": spec.objective(test, trial.params, trial.macs),
            "information_density": information_density(test, trial.params),
            "requirements": spec.requirements.judge({**metrics["test"], **counted, **resources}),
            "resources": resources,
            "energy": parts.energy(module, parts.setting.device.type, resources),
            "estimates": estimates(profiles(), work_of(module, parts.setting.dataset.image_shape)),
        }


def network_record(network: Network, space: Space) -> dict[str, Any]:
    """The fields of a ``network`` line that don't depend on exported files."""
    names = (
        "seed", "budget", "fingerprint", "params", "macs", "metrics", "netscore", "information_density", "requirements",
        "verified", "attempts", "draw_s", "polish_s", "polish_steps", "polished", "energy", "estimates",
    )  # fmt: skip
    record = {name: getattr(network, name) for name in names}
    measured = {name: network.resources.get(name) for name in MEASURED}
    measured |= {name: network.energy.get(name) for name in ("energy_mj", "images_per_joule")}
    return record | measured | {"design": space.describe(network.design)}


def fingerprint(module: fx.GraphModule, design: Design) -> str:
    """SHA-256 over the structure and every weight and statistic."""
    digest = hashlib.sha256(repr(design).encode())
    digest.update(save({name: t.contiguous() for name, t in module.state_dict().items()}))
    return digest.hexdigest()


def load_generator(out_dir: Path | str, device: torch.device | None = None) -> TrainedGenerator:
    """Load the generator that a finished synthesis left in a folder.

    Raises:
        RequestError: ``no_generator`` when there is none.
    """
    path = Path(out_dir) / GENERATOR
    if not path.exists():
        raise RequestError("no_generator", f"{out_dir} holds no finished generator; run synthesize first.", "dir")
    tensors, record = load_state(path)
    setting = Setting.prepare(parse_spec(record["spec"]), Path(out_dir), device or torch.device("cpu"))
    setting.prototype.load_state_dict(without_prefix("prototype", tensors))
    setting.prototype.eval()
    setting.suit_processor()
    parts = Synthesized.start(setting)
    parts.load(without_prefix("parts", tensors))
    parts.measurements.load(setting.out_dir)
    return TrainedGenerator(parts, Certificate.restored(record["certificate"]))
