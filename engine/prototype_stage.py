"""The first stage of a run: the prototype φ is trained (or fine-tuned, when it came with weights) and measured."""

from collections.abc import Callable

import torch

from engine.elastic.space import Space
from engine.errors import StopRequested
from engine.events import EventLog
from engine.heldout import HeldOut, task_metric
from engine.performance import information_density
from engine.prototypes import is_pretrained
from engine.schedule import Phase
from engine.setting import Setting
from engine.training import BATCH, PrototypeProgress, train_prototype
from engine.views import Views

TIME_SHARE = 0.20  # of the time budget, at most
LEAST_STEPS, EPOCHS = 2000, 10  # no network of the family becomes better than its teacher
CALIBRATION_IMAGES = 512
PRETRAINED_PART = 3  # fine-tuning takes a third of the steps


def fit_prototype(setting: Setting, views: Views, log: EventLog, should_stop: Callable[[], bool]) -> None:
    """Train the prototype in place, reporting ``prototype_progress``.

    Raises:
        StopRequested: ``should_stop`` said so.
    """
    spec = setting.spec
    pretrained = is_pretrained(spec.prototype)
    steps = max(LEAST_STEPS, EPOCHS * views.count // BATCH) // (PRETRAINED_PART if pretrained else 1)
    end = None if spec.time_budget_s is None else TIME_SHARE * spec.time_budget_s
    phase = Phase(steps, log.elapsed, end)

    def report(done: PrototypeProgress) -> None:
        spent = log.elapsed - phase.start
        log.emit(
            "prototype_progress",
            fraction=done.progress,
            step=done.step,
            loss=done.loss,
            metrics={"validation": {setting.task.metric: prototype_metric(setting, "search")}},
            remaining_s=spent / done.progress * (1 - done.progress),
        )

    if "onnx" in spec.prototype and isinstance(setting.prototype, torch.fx.GraphModule):
        from engine.prototypes.onnx_import import calibrate_norms  # brings onnx along, which nothing else here needs

        calibrate_norms(
            setting.prototype, setting.normalise(setting.dataset.splits["train"].sample(CALIBRATION_IMAGES))
        )
    finished = train_prototype(
        setting.prototype,
        views,
        setting.normalise,
        setting.task,
        phase,
        lambda: log.elapsed,
        seed=spec.seed,
        pretrained=pretrained,
        on_progress=report,
        should_stop=should_stop,
    )
    if not finished:
        raise StopRequested


def prototype_metric(setting: Setting, split: str) -> float:
    """The prototype's task metric on a held-out split."""
    held_out = HeldOut(setting.dataset.splits[split], setting.normalise)
    return task_metric(setting.prototype.eval(), held_out, setting.task)[0]


def report_prototype(setting: Setting, space: Space, log: EventLog) -> None:
    """Measure the prototype and report ``prototype_ready``."""
    params, macs = space.cost(space.full)
    measured = {name: prototype_metric(setting, s) for name, s in (("validation", "search"), ("test", "test"))}
    log.emit(
        "prototype_ready",
        params=params,
        macs=macs,
        metrics={split: {setting.task.metric: value} for split, value in measured.items()},
        netscore=setting.spec.objective(measured["test"], params, macs),
        information_density=information_density(measured["test"], params),
        space=space.summary(),
    )
