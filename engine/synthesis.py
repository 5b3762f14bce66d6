"""Generative synthesis (paper, section 2): a generator–inquisitor pair {G, I} that learns in cycles.

    max_G U(G(s))  subject to  1_r(G(s)) = 1 for every seed s                              (paper, equation 1)

G_0 and I_0 are initialised from the prototype φ, the performance function U and the requirements 1_r. In cycle k,
G_k generates networks from fresh seeds; they are trained briefly (their weights are shared, so that the whole family
learns); networks from further seeds are probed with stimuli and their responses observed; I is updated from these; it
returns Δθ_G; and the generator becomes G_{k+1}.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.boundary import Boundary
from engine.certify import SCAN_STEP, Certificate, certify
from engine.checkpoint import CHECKPOINT, GENERATOR, load_state, prefixed, save_state, without_prefix
from engine.draw import TrainedGenerator, network_record
from engine.elastic.space import Design
from engine.errors import RequestError, StopRequested
from engine.events import EventLog, OnEvent
from engine.inquisitor import Inquisitor
from engine.insight import Observer, stimuli
from engine.measure.device import describe_device
from engine.performance import information_density
from engine.prototypes import is_pretrained
from engine.schedule import Phase, learning_rate
from engine.setting import Setting, Synthesized
from engine.spec import Spec
from engine.training import (
    BATCH,
    PEAK_RATE,
    PrototypeProgress,
    SharedTrainer,
    task_metric,
    train_prototype,
)
from engine.views import Views

PROTOTYPE_SHARE = 0.20  # of the time budget, at most
CERTIFICATION_SHARE = 0.10  # of the time budget, set aside
STEPS_PER_CYCLE = 100
PROBES_PER_CYCLE = 6
LEARNING_FROM, LEARNING_UNTIL = 0.06, 0.85  # of training: when Δθ_G is applied
STIMULI = 96
NEAREST_SEEDS = 5
SCANNED_BELOW = 0.25  # of log10 cost: the boundary froze before training ended


@dataclass(frozen=True)
class SynthesisResult:
    """How a synthesis ended.

    Attributes:
        certificate: What certification found.
        cycles: Cycles done.
        wall_s: Seconds of work.
    """

    certificate: Certificate
    cycles: int
    wall_s: float


def synthesize(
    spec: Spec,
    out_dir: Path,
    on_event: OnEvent,
    should_stop: Callable[[], bool] = lambda: False,
    device: torch.device | None = None,
) -> SynthesisResult:
    """Learn a generator; goes on from a checkpoint when ``out_dir`` holds one.

    Args:
        spec: The checked request.
        out_dir: Where the checkpoint, the generator and decoded data go.
        on_event: Receives every event of the run.
        should_stop: Polled at every step.
        device: Where to compute; the CPU by default.

    Raises:
        RequestError: The request can't be carried out.
        StopRequested: ``should_stop`` said so; the checkpoint is saved.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    synthesis = Synthesis(spec, out_dir, on_event, should_stop, device or torch.device("cpu"))
    return synthesis.run()


class Synthesis:
    """One run. See :func:`synthesize`."""

    def __init__(
        self,
        spec: Spec,
        out_dir: Path,
        on_event: OnEvent,
        should_stop: Callable[[], bool],
        device: torch.device,
    ) -> None:
        self.spec = spec
        self.out_dir = out_dir
        self.should_stop = should_stop
        self.saved: tuple[dict[str, torch.Tensor], dict[str, Any]] | None = None
        if (out_dir / CHECKPOINT).exists():
            self.saved = load_state(out_dir / CHECKPOINT)
            if self.saved[1]["spec"] != spec.raw:
                raise RequestError(
                    "bad_spec",
                    "The folder holds a run of another spec; resume that one, or choose an empty folder.",
                    "out",
                )
        record = self.saved[1] if self.saved else {"seq": 0, "elapsed": 0.0}
        self.log = EventLog(on_event, seq=record["seq"], elapsed=record["elapsed"])
        self.setting = Setting.prepare(spec, out_dir, device)
        Synthesized.start(self.setting)  # what can't be synthesized is refused before anything is trained

    def run(self) -> SynthesisResult:
        """φ, U, 1_r → G."""
        self._announce()
        self._initialise()
        phase = self._training_phase()
        while (progress := phase.progress(self.cycle, self.log.elapsed)) < 1:
            generated, losses = self._generate_and_train(progress, phase)
            probes, measured = self._probe_and_observe(progress)
            delta = self._update_inquisitor(generated, losses, probes, measured, progress)
            self._update_generator(delta)
            self._finish_cycle(probes, measured, losses, delta, phase)
        return self._certify()

    # --- G_0, I_0 from φ, U, 1_r ---------------------------------------------------------------------------------

    def _announce(self) -> None:
        spec, dataset = self.spec, self.setting.dataset
        self.log.emit(
            "run_started",
            prototype={"name": str(next(iter(spec.prototype.values())))},
            dataset={
                "name": dataset.name,
                "classes": list(dataset.class_names),
                "image": list(dataset.image_shape),
                "splits": {name: len(split) for name, split in dataset.splits.items()},
            },
            task=spec.task,
            device=describe_device(self.setting.device),
            requirements=[r.as_dict() for r in spec.requirements.items],
            objective={"name": "netscore", **asdict(spec.objective)},
            time_budget_s=spec.time_budget_s,
            max_cycles=spec.max_cycles,
            seed=spec.seed,
            target_yield=spec.target_yield,
            resumed=self.saved is not None,
        )

    def _initialise(self) -> None:
        setting = self.setting
        self.views = Views(
            setting.dataset.splits["train"],
            flip=setting.dataset.image_shape[0] == 3,
            directory=self.out_dir / "data",
        )
        if self.saved:
            setting.prototype.load_state_dict(without_prefix("prototype", self.saved[0]))
            setting.prototype.eval()
        else:
            self._train_prototype()
        self.views.teach(setting.prototype, setting.normalise)
        setting.suit_processor()
        self.parts = parts = Synthesized.start(setting)
        self.trainer = SharedTrainer(parts.network, self.views, setting.normalise, setting.task)
        self.observer = Observer(parts.network, setting.task)
        self.inquisitor = Inquisitor(parts.generator, self.spec.seed)
        self.boundary = Boundary.between(parts.projection.low, parts.projection.high)
        self.cycle, self.started = 0, self.log.elapsed
        if self.saved:
            self._restore(*self.saved)
        else:
            self._order_channels()
            self._report_prototype()
            self._save()

    def _train_prototype(self) -> None:
        setting, spec = self.setting, self.spec
        pretrained = is_pretrained(spec.prototype)
        steps = max(900, 10 * self.views.count // BATCH)
        end = None if spec.time_budget_s is None else PROTOTYPE_SHARE * spec.time_budget_s
        phase = Phase(steps // (3 if pretrained else 1), self.log.elapsed, end)

        def report(done: PrototypeProgress) -> None:
            metric, _ = self._prototype_metric("search")
            spent = self.log.elapsed - phase.start
            remaining = spent / done.progress * (1 - done.progress)
            self.log.emit(
                "prototype_progress",
                fraction=done.progress,
                step=done.step,
                loss=done.loss,
                metrics={"validation": {setting.task.metric: metric}},
                remaining_s=remaining,
            )

        finished = train_prototype(
            setting.prototype, self.views, setting.normalise, setting.task, phase, lambda: self.log.elapsed,
            seed=spec.seed, pretrained=pretrained, on_progress=report, should_stop=self.should_stop,
        )  # fmt: skip
        if not finished:
            raise StopRequested

    def _prototype_metric(self, split: str) -> tuple[float, float]:
        setting = self.setting
        data = setting.dataset.splits[split]
        labels = torch.from_numpy(np.asarray(data.labels)).to(setting.device)
        setting.prototype.eval()
        return task_metric(
            setting.prototype, (setting.normalise(np.asarray(data.images)), labels), setting.task
        )

    def _order_channels(self) -> None:
        """Narrow networks take the most informative channels: the prototype itself is probed once."""
        parts = self.parts
        active = parts.network.activate(parts.network.space.full)
        flat = parts.network.gather(active)
        images, labels = parts.probe.split("search")
        self.observer.probe(active, flat, *stimuli(images, labels, 2 * STIMULI, self.spec.seed))
        parts.network.set_importance(self.observer.scores)

    def _report_prototype(self) -> None:
        space, task = self.parts.network.space, self.setting.task
        params, macs = space.cost(space.full)
        metrics = {
            "validation": self._prototype_metric("search")[0],
            "test": self._prototype_metric("test")[0],
        }
        self.log.emit(
            "prototype_ready",
            params=params,
            macs=macs,
            metrics={split: {task.metric: value} for split, value in metrics.items()},
            netscore=self.spec.objective(metrics["test"], params, macs),
            information_density=information_density(metrics["test"], params),
            space={"groups": len(space.knobs), "blocks": len(space.blocks), "log10_size": space.log10_size},
        )

    def _training_phase(self) -> Phase:
        budget = self.spec.time_budget_s
        end = None if budget is None else (1 - CERTIFICATION_SHARE) * budget
        return Phase(self.spec.max_cycles, self.started, end)

    # --- a cycle -------------------------------------------------------------------------------------------------

    def _rng(self, purpose: int) -> np.random.Generator:
        """Fresh for each cycle and purpose, so that a resumed run draws what an uninterrupted one would."""
        return np.random.default_rng([self.spec.seed, self.cycle, purpose])

    def _generate_and_train(self, progress: float, phase: Phase) -> tuple[list[Design], list[float]]:
        """G_k generates a network for each training step."""
        rng, generator = self._rng(1), self.parts.generator
        batches = self.trainer.batches(self._rng(2))
        designs, losses = [], []
        for _ in range(STEPS_PER_CYCLE):
            design = generator.design(int(rng.integers(2**62)), self.boundary.sample(rng))
            rate = learning_rate(PEAK_RATE, progress)
            losses.append(self.trainer.step(design, next(batches), rate))
            designs.append(design)
            if self.should_stop():
                raise StopRequested
            progress = max(progress, phase.progress(self.cycle, self.log.elapsed))
            if progress >= 1:
                break
        return designs, torch.stack(losses).tolist()

    def _probe_and_observe(
        self, progress: float
    ) -> tuple[list[tuple[int, float, Design]], list[tuple[float, float]]]:
        """Networks from fresh seeds are probed; the first is also given the stimuli."""
        rng, parts = self._rng(3), self.parts
        low, high = self.boundary.band
        images, labels = parts.probe.split("search")
        probes, measured = [], []
        for i in range(PROBES_PER_CYCLE):
            seed = int(rng.integers(2**31))
            # Half of them at the boundary itself, which decides how it moves; half across the band.
            log_cost = self.boundary.centre if i < PROBES_PER_CYCLE // 2 else float(rng.uniform(low, high))
            design = parts.generator.design(seed, log_cost)
            active, flat = parts.probe.prepare(design, quick=True)
            if i == 0:
                self.observer.probe(
                    active, flat, *stimuli(images, labels, STIMULI, self.spec.seed + self.cycle)
                )
            found = parts.probe.measure_prepared(active, flat, "search")
            probes.append((seed, parts.projection.to_budget(log_cost), design))
            measured.append((found.metric, found.loss))
        at_boundary = [metric for metric, _ in measured[: PROBES_PER_CYCLE // 2]]
        self.boundary.move(float(np.mean(at_boundary)), self.setting.threshold, progress)
        return probes, measured

    def _update_inquisitor(
        self,
        generated: list[Design],
        losses: list[float],
        probes: list[tuple[int, float, Design]],
        measured: list[tuple[float, float]],
        progress: float,
    ) -> list[torch.Tensor]:
        """I_k → I_{k+1}; returns Δθ_G."""
        inquisitor = self.inquisitor
        inquisitor.remember_training(generated, losses)
        inquisitor.remember_probes([design for _, _, design in probes], [loss for _, loss in measured])
        inquisitor.update(self.observer.kept_information(), self._rng(4))
        if LEARNING_FROM <= progress <= LEARNING_UNTIL:
            return inquisitor.propose(self.boundary.band, self._rng(5))
        return [torch.zeros_like(p) for p in self.parts.generator.parameters()]

    def _update_generator(self, delta: list[torch.Tensor]) -> None:
        """G_k → G_{k+1}."""
        self.parts.generator.move(delta)

    def _finish_cycle(
        self,
        probes: list[tuple[int, float, Design]],
        measured: list[tuple[float, float]],
        losses: list[float],
        delta: list[torch.Tensor],
        phase: Phase,
    ) -> None:
        task, score, space = self.setting.task.metric, self.spec.objective, self.parts.network.space
        rows = []
        for (seed, budget, design), (metric, _) in zip(probes, measured, strict=True):
            params, macs = space.cost(design)
            rows.append(
                {
                    "seed": seed,
                    "budget": budget,
                    "params": params,
                    "macs": macs,
                    task: metric,
                    "netscore": score(metric, params, macs),
                    "meets": metric >= self.setting.threshold,
                }  # fmt: skip
            )
        self.cycle += 1
        progress = phase.progress(self.cycle, self.log.elapsed)
        correlation, by_size = self.inquisitor.rank_correlations()
        mean = {
            name: float(np.mean([row[name] for row in rows])) for name in (task, "params", "macs", "netscore")
        }
        at_boundary = rows[: PROBES_PER_CYCLE // 2]
        self.log.emit(
            "cycle",
            k=self.cycle,
            fraction=self._fraction(progress),
            remaining_s=self._remaining(progress),
            budget=self.parts.projection.to_budget(self.boundary.centre),
            loss=float(np.mean(losses)),
            designs=rows,
            metrics={"validation": {task: mean[task]}},
            params=mean["params"],
            macs=mean["macs"],
            netscore=mean["netscore"],
            yield_estimate=float(np.mean([row["meets"] for row in at_boundary])),
            delta_theta_norm=float(sum(float((d**2).sum()) for d in delta) ** 0.5),
            rank_correlation=correlation,
            rank_correlation_sizes=by_size,
        )
        self.log.emit("insight", k=self.cycle, groups=self.observer.report())
        self._save()

    def _fraction(self, progress: float) -> float:
        budget = self.spec.time_budget_s
        if budget is None:
            return 0.95 * progress
        return min(0.99, max(self.log.elapsed / budget, (1 - CERTIFICATION_SHARE) * progress))

    def _remaining(self, progress: float) -> float | None:
        spent = self.log.elapsed - self.started
        if progress <= 0:
            return None
        by_rate = spent / progress * (1 - progress) / (1 - CERTIFICATION_SHARE)
        budget = self.spec.time_budget_s
        return by_rate if budget is None else min(max(budget - self.log.elapsed, 0.0), by_rate + 0.1 * budget)

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def _save(self) -> None:
        self.log.emit("checkpoint", k=self.cycle)
        tensors = prefixed("parts", self.parts.tensors())
        tensors |= prefixed("prototype", dict(self.setting.prototype.state_dict()))
        tensors |= prefixed("inquisitor", self.inquisitor.state())
        tensors |= {f"score.{i}": torch.from_numpy(s.copy()) for i, s in enumerate(self.observer.scores)}
        tensors["momentum"] = self.trainer.momentum
        record = {
            "spec": self.spec.raw,
            "seq": self.log.seq,
            "elapsed": self.log.elapsed,
            "started": self.started,
            "cycle": self.cycle,
            "boundary": asdict(self.boundary),
        }
        save_state(self.out_dir / CHECKPOINT, tensors, record)

    def _restore(self, tensors: dict[str, torch.Tensor], record: dict[str, Any]) -> None:
        self.parts.load(without_prefix("parts", tensors))
        self.inquisitor.load(without_prefix("inquisitor", tensors))
        self.observer.scores = [
            tensors[f"score.{i}"].numpy().copy() for i in range(len(self.observer.scores))
        ]
        self.trainer.momentum.copy_(tensors["momentum"])
        self.cycle, self.started = record["cycle"], record["started"]
        self.boundary = Boundary(**record["boundary"])

    # --- the end -------------------------------------------------------------------------------------------------

    def _certify(self) -> SynthesisResult:
        """θ_G is frozen: find the range of budgets whose networks meet the requirements."""
        spec, projection = self.spec, self.parts.projection
        start = max(projection.low, self.boundary.centre - SCANNED_BELOW)
        ladder = np.append(np.arange(start, projection.high, SCAN_STEP), projection.high)
        deadline = None if spec.time_budget_s is None else spec.time_budget_s

        def decode(seed: int, budget: float, attempt: int):  # noqa: ANN202
            if self.should_stop():
                raise StopRequested
            return self.parts.decode(seed, budget, attempt)

        certificate = certify(
            decode,
            [projection.to_budget(float(x)) for x in ladder],
            required=spec.requirements.metric_threshold,
            threshold=self.setting.threshold,
            target_yield=spec.target_yield,
            canonical=self.parts.network.space.canonical,
            out_of_time=lambda: deadline is not None and self.log.elapsed > deadline,
        )
        self._save_generator(certificate)
        if certificate.certified:
            self.log.emit("certified", **certificate.event())
        nearest = [] if certificate.certified else self._nearest(certificate)
        self.log.emit(
            "finished",
            status="certified" if certificate.certified else "requirements_not_reached",
            cycles=self.cycle,
            wall_s=self.log.elapsed,
            nearest=nearest,
            attempted=None if certificate.certified else certificate.event(),
        )
        return SynthesisResult(certificate, self.cycle, self.log.elapsed)

    def _nearest(self, certificate: Certificate) -> list[dict[str, Any]]:
        """The nearest networks found: the best of a few seeds at the largest budget."""
        generator = TrainedGenerator(self.parts, certificate)
        drawn = [generator.draw(seed, 1.0) for seed in range(NEAREST_SEEDS)]
        task = self.setting.task.metric
        drawn.sort(key=lambda n: -n.metrics["calibration"][task])
        return [network_record(n, self.parts.network.space) for n in drawn[:3]]

    def _save_generator(self, certificate: Certificate) -> None:
        tensors = prefixed("parts", self.parts.tensors())
        tensors |= prefixed("prototype", dict(self.setting.prototype.state_dict()))
        record = {"spec": self.spec.raw, "certificate": asdict(certificate)}
        save_state(self.out_dir / GENERATOR, tensors, record)
