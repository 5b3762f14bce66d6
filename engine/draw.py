"""Drawing: take a network out of a trained generator. The same seed and budget give the same bytes."""

import hashlib
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, fx

from engine.certify import ATTEMPTS, Certificate, Yield
from engine.checkpoint import GENERATOR, load_state, without_prefix
from engine.elastic.design import Design
from engine.elastic.network import Active
from engine.elastic.space import Space
from engine.errors import RequestError
from engine.feed import Feed
from engine.performance import information_density
from engine.polish import polish
from engine.requirements import size_mb
from engine.setting import Setting, Synthesized
from engine.spec import parse_spec


@dataclass(frozen=True)
class Network:
    """One drawn network.

    Attributes:
        module: A plain ``nn.Module``, free of this library at inference: float32 N × C × H × W in [0, 1] → logits.
        metrics: Task metric by split (validation, calibration, test); the test split decides nothing.
        requirements: The verdict on each requirement, from the test split for the task metric.
        verified: Whether the calibration split accepts the network.
        attempts: Decodings that it took.
    """

    seed: int
    budget: float
    design: Design
    module: fx.GraphModule
    fingerprint: str
    params: int
    macs: int
    metrics: dict[str, dict[str, float]]
    netscore: float
    information_density: float
    requirements: list[dict[str, Any]]
    verified: bool
    attempts: int
    draw_s: float
    polish_s: float


class TrainedGenerator:
    """A learned generator and its certificate; the library's and the command line's way to draw.

    Args:
        parts: Shared weights, θ_G and measurement.
        certificate: What certification found.
    """

    def __init__(self, parts: Synthesized, certificate: Certificate) -> None:
        self.parts = parts
        self.certificate = certificate

    def default_budget(self) -> float:
        """The best budget of the certified range: the smallest, since NetScore rewards cost most."""
        return self.certificate.budget_range[0]

    def draw(
        self, seed: int, budget: float | None = None, polish_s: float = 0.0, *, attempts: int = ATTEMPTS
    ) -> Network:
        """Draw the network of a seed.

        Args:
            seed: Any non-negative integer.
            budget: In [0, 1]; by default the smallest of the certified range.
            polish_s: Seconds of distillation after the draw.
            attempts: Decodings of the seed before the best of them is returned unverified.

        Raises:
            RequestError: ``bad_request`` when the budget lies outside [0, 1] or the seed is negative.
        """
        start = time.monotonic()
        budget = self.default_budget() if budget is None else budget
        if not 0 <= budget <= 1:
            raise RequestError("bad_request", f"budget must be from 0 to 1, not {budget}.", "budget")
        if seed < 0:
            raise RequestError("bad_request", f"seed must be 0 or more, not {seed}.", "seed")
        attempt, design, passed = self._decode(seed, budget, attempts)
        probe = self.parts.probe
        active, flat = probe.prepare(design)
        draw_s = time.monotonic() - start
        if polish_s > 0:
            flat = polish(self.parts, self._feed, active, flat, polish_s, seed)
            self.parts.network.record_statistics(active, flat, probe.statistics_batches)
            metric = probe.measure_prepared(active, flat, "calibration").metric
            passed = metric >= self.certificate.threshold
        measuring = time.monotonic()
        network = self._describe(seed, budget, design, active, flat, passed, attempt + 1)
        draw_s += time.monotonic() - measuring
        return Network(**network, draw_s=draw_s, polish_s=polish_s)

    def _decode(self, seed: int, budget: float, attempts: int) -> tuple[int, Design, bool]:
        """The first decoding that the calibration split accepts, or else the best one."""
        trials = []
        for attempt in range(attempts):
            trial = self.parts.decode(seed, budget, attempt)
            if trial.metric >= self.certificate.threshold:
                return attempt, trial.design, True
            trials.append(trial)
        best = max(range(attempts), key=lambda i: trials[i].metric)
        return attempts - 1, trials[best].design, False

    def _describe(
        self,
        seed: int,
        budget: float,
        design: Design,
        active: Active,
        flat: Tensor,
        verified: bool,
        attempts: int,
    ) -> dict[str, Any]:
        parts, spec = self.parts, self.parts.setting.spec
        normalise, task = parts.setting.normalise, parts.setting.task.metric
        module = parts.network.extract(active, flat, normalise.mean, normalise.std)
        params, macs = parts.network.space.cost(design)
        metrics = dict(parts.probe.metrics(active, flat))
        test = metrics["test"][task]
        judged = spec.requirements.judge({task: test, "params": params, "macs": macs, "size_mb": size_mb(params)})
        return {
            "seed": seed,
            "budget": budget,
            "design": parts.network.space.canonical(design),
            "module": module,
            "fingerprint": fingerprint(module, design),
            "params": params,
            "macs": macs,
            "metrics": metrics,
            "netscore": spec.objective(test, params, macs),
            "information_density": information_density(test, params),
            "requirements": judged,
            "verified": verified,
            "attempts": attempts,
        }

    @cached_property
    def _feed(self) -> Feed:
        return self.parts.setting.feed(self.parts.setting.views(), taught=True)


def network_record(network: Network, space: Space) -> dict[str, Any]:
    """The fields of a ``network`` line that don't depend on exported files."""
    names = (
        "seed", "budget", "fingerprint", "params", "macs", "metrics", "netscore", "information_density", "requirements",
        "verified", "attempts", "draw_s", "polish_s",
    )  # fmt: skip
    record = {name: getattr(network, name) for name in names}
    return record | {
        "size_mb": size_mb(network.params),
        "design": space.describe(network.design),
    }


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
    saved = record["certificate"]
    yields = {name: Yield(**saved[name]) for name in ("raw", "accepted")}
    budgets = {"budget_range": tuple(saved["budget_range"])}
    return TrainedGenerator(parts, Certificate(**{**saved, **yields, **budgets}))
