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
from torch import Tensor

from engine.boundary import Boundary
from engine.certify import Certificate
from engine.checkpoint import (
    CHECKPOINT,
    PROTOTYPE_CHECKPOINT,
    check_same_spec,
    load_state,
    prefixed,
    save_state,
    without_prefix,
)
from engine.conclusion import conclude
from engine.distributed import Workers
from engine.elastic.design import Design
from engine.errors import StopRequested
from engine.events import EventLog, OnEvent
from engine.inquisitor import Inquisitor
from engine.insight import Observer, stimuli
from engine.measure.device import describe_device
from engine.prototype_stage import Fitted, fit_prototype, report_prototype
from engine.prototypes import prototype_name
from engine.schedule import Phase, learning_rate
from engine.setting import Setting, Synthesized
from engine.spec import Spec
from engine.teacher import Teacher
from engine.training import PEAK_RATE, SharedTrainer
from engine.views import Views

CERTIFICATION_SHARE = 0.10, 0.35  # of the time budget: least and most that is set aside
CERTIFICATION_DECODINGS = 480  # at the boundary's cost: what scan, confirmation and the checks of larger budgets take
STEPS_PER_CYCLE = 100
LONGEST_CYCLE, FEWEST_STEPS = 0.03, 10  # of training: after so much of its time a cycle has no more steps
PROBES_PER_CYCLE = 6  # half of them at the boundary itself, half across the band
LEARNING_FROM, LEARNING_UNTIL = 0.06, 0.6  # of training: when Δθ_G is applied; then weights get used to one generator
STIMULI = 96


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


@dataclass(frozen=True)
class Probed:
    """A network from a fresh seed, measured on the search split."""

    seed: int
    budget: float
    design: Design
    metric: float
    metrics: dict[str, float]
    loss: float


def synthesize(
    spec: Spec,
    out_dir: Path,
    on_event: OnEvent,
    should_stop: Callable[[], bool] = lambda: False,
    device: torch.device | None = None,
    workers: Workers | None = None,
) -> SynthesisResult:
    """Learn a generator; goes on from a checkpoint when ``out_dir`` holds one.

    Args:
        spec: The checked request.
        out_dir: Where the checkpoint, the generator and decoded data go.
        on_event: Receives every event of the run.
        should_stop: Polled at every step.
        device: Where to compute; the CPU by default.
        workers: The processes that take part; each calls this function, and the leader alone reports and writes here.

    Raises:
        RequestError: The request can't be carried out.
        StopRequested: ``should_stop`` said so; the checkpoint is saved.
    """
    workers = workers or Workers()
    out_dir.mkdir(parents=True, exist_ok=True)
    report = on_event if workers.leads else lambda event: None
    with workers.folder(out_dir) as folder:
        return Synthesis(spec, folder, report, should_stop, device or torch.device("cpu"), workers).run()


class Synthesis:
    """One run. See :func:`synthesize`. Its small methods are what a comparison may replace."""

    inquisitor_class = Inquisitor

    def __init__(
        self,
        spec: Spec,
        out_dir: Path,
        on_event: OnEvent,
        should_stop: Callable[[], bool],
        device: torch.device,
        workers: Workers | None = None,
    ) -> None:
        self.spec = spec
        self.out_dir = out_dir
        self.should_stop = should_stop
        self.saved: tuple[dict[str, torch.Tensor], dict[str, Any]] | None = None
        if (out_dir / CHECKPOINT).exists():
            self.saved = load_state(out_dir / CHECKPOINT)
            check_same_spec(self.saved[1], spec.raw)
        self.fitted = None if self.saved else Fitted.load(out_dir, spec)
        earlier = self.saved[1] if self.saved else self.fitted.record if self.fitted else None
        record: dict[str, Any] = earlier or {"seq": 0, "elapsed": 0.0}
        self.log = EventLog(on_event, seq=record["seq"], elapsed=record["elapsed"])
        self.setting = Setting.prepare(spec, out_dir, device, workers)
        Synthesized.start(self.setting)  # what can't be synthesized is refused before anything is trained

    def run(self) -> SynthesisResult:
        """φ, U, 1_r → G."""
        self._announce()
        self._initialise()
        while (progress := self._progress()) < 1:
            trained = self._generate_and_train(progress)
            probed = self._probe_and_observe(progress)
            delta = self._update_inquisitor(trained, probed, progress)
            self._update_generator(delta, probed, progress)
            self._follow_leader()
            self.cycle += 1
            self._report(trained, probed, delta)
            self._save()
        certificate = self._conclude()
        return SynthesisResult(certificate, self.cycle, self.log.elapsed)

    # --- G_0, I_0 from φ, U, 1_r ---------------------------------------------------------------------------------

    def _announce(self) -> None:
        spec, dataset = self.spec, self.setting.dataset
        self.log.emit(
            "run_started",
            prototype={"name": prototype_name(spec.prototype)},
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
            resumed=self.saved is not None or self.fitted is not None,
        )

    def _initialise(self) -> None:
        setting = self.setting
        views = setting.views()
        if self.saved:
            setting.prototype.load_state_dict(without_prefix("prototype", self.saved[0]))
            setting.prototype.eval()
        else:
            Teacher.forget(self.out_dir / "data")
            self._fit_prototype(views)
        setting.workers.follow(setting.prototype.state_dict().values())
        setting.suit_processor()
        self.parts = parts = Synthesized.start(setting)
        self.trainer = SharedTrainer(parts.network, setting.feed(views, taught=True), setting.task, setting.threads)
        self.observer = Observer(parts.network, setting.task)
        self.inquisitor = self.inquisitor_class(parts.generator, self.spec.seed)
        self.boundary = Boundary.between(parts.projection.low, parts.projection.high)
        self.cycle, self.started = 0, self.log.elapsed
        if self.saved:
            self._restore(*self.saved)
        else:
            self._order_channels()
            report_prototype(setting, parts.network.space, self.log)
            self._save()
            (self.out_dir / PROTOTYPE_CHECKPOINT).unlink(missing_ok=True)
        self._follow_leader()
        self.phase = Phase(self.spec.max_cycles, self.started, self._training_end())

    def _fit_prototype(self, views: Views) -> None:
        fit_prototype(self.setting, views, self.log, self.should_stop, self.fitted)

    def _training_end(self) -> float | None:
        """When training stops, so that certification ends within the time budget; None when nothing is timed."""
        budget = self.spec.time_budget_s
        if budget is None:
            return None
        design = self.parts.generator.design(0, self.boundary.centre)
        self.parts.probe.measure(design, "calibration")  # the first time is slower than those that follow
        before = self.log.elapsed
        self.parts.probe.measure(design, "calibration")
        wanted = CERTIFICATION_DECODINGS * (self.log.elapsed - before)
        least, most = (share * budget for share in CERTIFICATION_SHARE)
        return budget - min(max(wanted, least), most)

    def _order_channels(self) -> None:
        """Narrow networks take the most informative channels: the prototype itself is probed once."""
        parts = self.parts
        active = parts.network.activate(parts.network.space.full)
        flat = parts.network.gather(active)
        chosen = stimuli(parts.probe.split("search"), 2 * STIMULI, self.spec.seed)
        self.observer.probe(active, flat, *chosen)
        parts.network.set_importance(self.observer.scores)

    # --- a cycle -------------------------------------------------------------------------------------------------

    def _rng(self, purpose: int) -> np.random.Generator:
        """Fresh for each cycle and purpose, so that a resumed run draws what an uninterrupted one would."""
        return np.random.default_rng([self.spec.seed, self.cycle, purpose])

    def _generate_and_train(self, progress: float) -> list[tuple[Design, float]]:
        """G_k generates a network for each training step; returns the designs with their losses.

        Where steps are slow, fewer make a cycle: G and I need a few dozen cycles to learn in.
        """
        rng, until = self._rng(1), progress + LONGEST_CYCLE
        designs = self._generate(rng, STEPS_PER_CYCLE, progress)
        batches = self.trainer.batches(self._rng(2), self.cycle, STEPS_PER_CYCLE)
        losses: list[Tensor] = []
        for design in designs:
            losses.append(self.trainer.step(design, next(batches), learning_rate(PEAK_RATE, progress)))
            progress = max(progress, self._progress())
            if progress >= 1 or (progress >= until and len(losses) >= FEWEST_STEPS):
                break
        return list(zip(designs, torch.stack(losses).tolist(), strict=False))

    def _progress(self) -> float:
        """Share of training that is done, by the leader's clock.

        Raises:
            StopRequested: The leader was asked to stop.
        """
        progress = self.phase.progress(self.cycle, self.log.elapsed)
        progress, stop = self.setting.workers.agree([progress, self.should_stop()])
        if stop:
            raise StopRequested
        return progress

    def _follow_leader(self) -> None:
        """Where several processes take part, all go on from what the leader learned."""
        workers = self.setting.workers
        if workers.size > 1:
            tensors = self.parts.tensors()
            workers.follow(tensors.values())
            self.parts.load(tensors)
            self.boundary = Boundary(**workers.agree(asdict(self.boundary)))

    def _generate(self, rng: np.random.Generator, count: int, progress: float) -> list[Design]:
        """Networks of fresh seeds at budgets around the boundary."""
        seeds, costs = rng.integers(2**62, size=count), self.boundary.sample(rng, count, progress)
        return self.parts.generator.designs(seeds.tolist(), costs.tolist())

    def _probe_and_observe(self, progress: float) -> list[Probed]:
        """Networks from fresh seeds are measured; the first is also given the stimuli and its responses observed."""
        rng, parts, probe = self._rng(3), self.parts, self.parts.probe
        found = []
        for i in range(PROBES_PER_CYCLE):
            seed = int(rng.integers(2**31))
            across = float(rng.uniform(*self.boundary.band(progress)))
            log_cost = self.boundary.centre if i < PROBES_PER_CYCLE // 2 else across
            design = parts.generator.design(seed, log_cost)
            active, flat = probe.prepare(design, quick=True)
            if i == 0:
                chosen = stimuli(probe.split("search"), STIMULI, self.spec.seed + self.cycle)
                self.observer.probe(active, flat, *chosen)
            measured = probe.probe_prepared(active, flat)
            budget = parts.projection.to_budget(log_cost)
            found.append(Probed(seed, budget, design, measured.metric, measured.metrics, measured.loss))
        return found

    def _update_inquisitor(
        self, trained: list[tuple[Design, float]], probed: list[Probed], progress: float
    ) -> list[Tensor]:
        """I_k → I_{k+1}; returns Δθ_G."""
        inquisitor = self.inquisitor
        inquisitor.remember_training(trained)
        inquisitor.remember_probes([(p.design, p.loss) for p in probed])
        inquisitor.update(self.observer.kept_information(), self._rng(4))
        if LEARNING_FROM <= progress <= LEARNING_UNTIL:
            return inquisitor.propose(self.boundary.band(progress), self._rng(5))
        return [torch.zeros_like(p) for p in self.parts.generator.parameters()]

    def _update_generator(self, delta: list[Tensor], probed: list[Probed], progress: float) -> None:
        """G_k → G_{k+1}, and the boundary at which it works."""
        self.parts.generator.move(delta)
        self.parts.generator.commit(progress)
        at_boundary, across = probed[: PROBES_PER_CYCLE // 2], probed[PROBES_PER_CYCLE // 2 :]
        if (required := self.spec.requirements.metric_threshold) > 0:
            enough = self.setting.threshold - self.boundary.slack(progress, required)
            passed = float(np.mean([p.metric for p in at_boundary])) >= enough
        else:  # nothing is required of the task: U alone says which cost is best
            passed = np.mean([self._score(p) for p in at_boundary]) >= np.mean([self._score(p) for p in across])
        self.boundary.move(bool(passed), progress, progress / (self.cycle + 1))

    def _score(self, probed: Probed) -> float:
        """U of a probed network."""
        return self.spec.objective(probed.metric, *self.parts.network.space.cost(probed.design))

    def _report(self, trained: list[tuple[Design, float]], probed: list[Probed], delta: list[Tensor]) -> None:
        threshold = self.setting.threshold
        rows = []
        for p in probed:
            params, macs = self.parts.network.space.cost(p.design)
            rows.append(
                {
                    "seed": p.seed,
                    "budget": p.budget,
                    "params": params,
                    "macs": macs,
                    **p.metrics,
                    "netscore": self._score(p),
                    "meets": p.metric >= threshold,
                }
            )
        metrics = self.setting.task.metrics
        mean = {n: float(np.mean([row[n] for row in rows])) for n in (*metrics, "params", "macs", "netscore")}
        progress = self.phase.progress(self.cycle, self.log.elapsed)
        correlation, by_size = self.inquisitor.rank_correlations()
        self.log.emit(
            "cycle",
            k=self.cycle,
            fraction=self._fraction(progress),
            remaining_s=self._remaining(progress),
            budget=probed[0].budget,
            loss=float(np.mean([loss for _, loss in trained])),
            designs=rows,
            metrics={"validation": {name: mean[name] for name in metrics}},
            params=mean["params"],
            macs=mean["macs"],
            netscore=mean["netscore"],
            yield_estimate=float(np.mean([row["meets"] for row in rows[: PROBES_PER_CYCLE // 2]])),
            delta_theta_norm=float(sum(float((d**2).sum()) for d in delta) ** 0.5),
            rank_correlation=correlation,
            rank_correlation_sizes=by_size,
        )
        self.log.emit("insight", k=self.cycle, groups=self.observer.report())

    def _fraction(self, progress: float) -> float:
        """Share of the whole run that is done, certification included."""
        budget = self.spec.time_budget_s
        if budget is None or self.phase.end is None:
            return 0.95 * progress
        return min(0.99, max(self.log.elapsed, progress * self.phase.end) / budget)

    def _remaining(self, progress: float) -> float:
        """Seconds until the end, from the pace so far and from the time budget, whichever is sooner."""
        spent = self.log.elapsed - self.started
        by_pace = spent / max(progress, 1e-6) - spent
        budget = self.spec.time_budget_s
        if budget is None or self.phase.end is None:
            return by_pace / 0.95
        return min(max(budget - self.log.elapsed, 0.0), by_pace + budget - self.phase.end)

    def _conclude(self) -> Certificate:
        return conclude(self.parts, self.boundary.centre, self.cycle, self.log, self.should_stop)

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
        self.observer.scores = [tensors[f"score.{i}"].numpy().copy() for i in range(len(self.observer.scores))]
        self.trainer.momentum.copy_(tensors["momentum"])
        self.cycle, self.started = record["cycle"], record["started"]
        self.boundary = Boundary(**record["boundary"])
