"""The first stage of a run: the prototype φ is trained (or fine-tuned, when it came with weights) and measured."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.checkpoint import PROTOTYPE_CHECKPOINT, check_same_spec, load_state, save_state
from engine.elastic.space import Space
from engine.errors import StopRequested
from engine.events import EventLog
from engine.performance import information_density
from engine.prototype_training import PrototypeTrainer
from engine.prototypes import is_pretrained
from engine.schedule import Phase, learning_rate
from engine.setting import Setting
from engine.spec import Spec
from engine.training import PEAK_RATE
from engine.views import Views

TIME_SHARE = 0.20  # of the time budget, at most
LEAST_STEPS, EPOCHS = 2000, 10  # no network of the family becomes better than its teacher
CALIBRATION_IMAGES = 512
PRETRAINED_PART = 3  # fine-tuning takes a third of the steps
FINE_TUNING_RATE = 0.01
REPORTED_EVERY = 0.05  # of the progress; the state is saved then too


@dataclass(frozen=True)
class Fitted:
    """Where the prototype's training stands in a folder.

    Attributes:
        tensors: From :meth:`engine.prototype_training.PrototypeTrainer.state`.
        record: ``seq`` and ``elapsed`` of the run, ``started`` (seconds of the run), ``reported`` progress.
    """

    tensors: dict[str, Tensor]
    record: dict[str, Any]

    @classmethod
    def load(cls, out_dir: Path, spec: Spec) -> "Fitted | None":
        """What an interrupted run left; None when it left nothing.

        Raises:
            RequestError: ``bad_spec`` when the folder holds a run of another spec.
        """
        path = out_dir / PROTOTYPE_CHECKPOINT
        if not path.exists():
            return None
        tensors, record = load_state(path)
        check_same_spec(record, spec.raw)
        return cls(tensors, record)


def fit_prototype(
    setting: Setting, views: Views, log: EventLog, should_stop: Callable[[], bool], fitted: Fitted | None = None
) -> None:
    """Train the prototype in place, reporting ``prototype_progress``; its state is saved on the way.

    Args:
        fitted: Where an interrupted run stood.

    Raises:
        StopRequested: ``should_stop`` said so.
    """
    spec, workers = setting.spec, setting.workers
    pretrained = is_pretrained(spec.prototype)
    steps = max(LEAST_STEPS, EPOCHS * views.count // setting.task.batch) // (PRETRAINED_PART if pretrained else 1)
    started = fitted.record["started"] if fitted else log.elapsed
    phase = Phase(steps, started, None if spec.time_budget_s is None else TIME_SHARE * spec.time_budget_s)
    peak = FINE_TUNING_RATE if pretrained else PEAK_RATE
    trainer = PrototypeTrainer(setting.prototype, setting.feed(views), setting.task, spec.seed)
    if fitted:
        trainer.load(fitted.tensors)
    elif "onnx" in spec.prototype and isinstance(setting.prototype, torch.fx.GraphModule):
        from engine.prototypes.onnx_import import calibrate_norms  # brings onnx along, which nothing else here needs

        calibrate_norms(
            setting.prototype, setting.normalise(setting.dataset.splits["train"].sample(CALIBRATION_IMAGES))
        )
    reported = fitted.record["reported"] if fitted else 0.0

    def save() -> None:
        record = {
            "spec": spec.raw, "seq": log.seq, "elapsed": log.elapsed, "started": started, "reported": reported,
        }  # fmt: skip
        save_state(setting.out_dir / PROTOTYPE_CHECKPOINT, trainer.state(), record)

    def state() -> tuple[float, bool]:
        progress, stop = workers.agree([phase.progress(trainer.step, log.elapsed), should_stop()])
        return progress, stop

    progress, stop = state()
    while progress < 1:
        loss = trainer.advance(learning_rate(peak, progress))
        progress, stop = state()
        if progress - reported >= REPORTED_EVERY or progress >= 1:
            reported, spent = progress, log.elapsed - started
            log.emit(
                "prototype_progress",
                fraction=progress,
                step=trainer.step,
                loss=float(loss),
                metrics={"validation": setting.prototype_metrics("search")},
                remaining_s=spent / progress * (1 - progress),
            )
            save()
        if stop:
            save()
            raise StopRequested
    trainer.finish(setting.normalise)


def report_prototype(setting: Setting, space: Space, log: EventLog) -> None:
    """Measure the prototype and report ``prototype_ready``."""
    params, macs = space.cost(space.full)
    metrics = {name: setting.prototype_metrics(s) for name, s in (("validation", "search"), ("test", "test"))}
    measured = metrics["test"][setting.task.metric]
    log.emit(
        "prototype_ready",
        params=params,
        macs=macs,
        metrics=metrics,
        netscore=setting.spec.objective(measured, params, macs),
        information_density=information_density(measured, params),
        space=space.summary(),
    )
