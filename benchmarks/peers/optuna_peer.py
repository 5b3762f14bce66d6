"""Optuna's TPE over one width multiplier for each channel group and the number of blocks; each trial is trained with
distillation, and hopeless ones are cut short by the median pruner.

A trial's value is its NetScore where the calibration split accepts it; else it falls with the distance to acceptance,
below every accepted one, so that TPE is drawn to the edge from both sides.
"""

import optuna
import torch

from benchmarks.clock import Clock
from benchmarks.found import Found, best
from benchmarks.networks import FULL, ladder, narrow, nearest
from benchmarks.train import accuracy, distil, finished
from benchmarks.work import Work

RATE = 0.1
TRIALS_PER_TRAINING = 2  # trials are this much shorter than a single-number search's trainings
STARTUP = 4  # trials before TPE's model takes over; the first is the uniform network where other peers begin
SMALLEST = 1 / 32  # multiplier
FAILED = -1000.0


def search(work: Work, clock: Clock, seed: int) -> list[Found]:
    found: list[Found] = []
    study = _study(seed)
    study.enqueue_trial(_uniform(work))
    seconds = clock.seconds / (work.definition.trials * TRIALS_PER_TRAINING)
    while clock.left > 0.7 * seconds:
        trial = study.ask()
        network = _train(work, trial, min(seconds, clock.left), seed, clock)
        if network is None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        found.append(network)
        study.tell(trial, _value(work, network))
    return found


def further(work: Work, seconds: float, seed: int, found: list[Found]) -> Found | None:
    """One trial more, a little wider than the best: TPE's neighbourhood of what was accepted."""
    chosen = best(found)
    if chosen is None:
        return None
    params = {k: _wider(k, v, seed) for k, v in _parse(chosen.label).items()}
    study = _study(seed)
    study.enqueue_trial(params)
    clock = Clock(seconds / TRIALS_PER_TRAINING)
    network = _train(work, study.ask(), clock.seconds, seed, clock, prune=False)
    if network is None or network.structure in {f.structure for f in found}:
        return None
    return network


def _study(seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=3),
    )


def _train(
    work: Work, trial: optuna.Trial, seconds: float, seed: int, clock: Clock, *, prune: bool = True
) -> Found | None:
    params = {}
    for stage in range(3):
        params[f"stage{stage}"] = trial.suggest_float(f"stage{stage}", SMALLEST, 1.0, log=True)
    blocks = trial.suggest_int("blocks", 1, work.blocks)
    for stage in range(3):
        params[f"inner{stage}"] = trial.suggest_float(f"inner{stage}", SMALLEST, 1.0, log=True)
    widths = [max(1, round(w * params[f"stage{i}"])) for i, w in enumerate(FULL)]
    inner = [[max(1, round(w * params[f"inner{i}"]))] * blocks for i, w in enumerate(FULL)]
    torch.manual_seed(seed)
    model = narrow(work.image_shape[0], work.classes, widths, blocks, inner).to(work.setting.device)
    stopped = False

    def watch(progress: float) -> bool:
        nonlocal stopped
        trial.report(accuracy(model, work, "search"), round(10 * progress))
        stopped = prune and trial.should_prune()
        return stopped

    distil(model, work, seed=seed, seconds=seconds, rate=RATE, watch=watch)
    if stopped:
        return None
    label = " ".join(f"{k}={v:.4f}" for k, v in params.items()) + f" blocks={blocks}"
    return finished(model, work, clock.spent, label)


def _value(work: Work, network: Found) -> float:
    return network.choice_score if network.accepted else FAILED * (work.threshold - network.calibration)


def _uniform(work: Work) -> dict[str, float]:
    """The uniform network at the cost where other peers begin."""
    rungs = ladder(work.image_shape, work.classes, work.blocks)
    low, high = rungs[0].log_cost, rungs[-1].log_cost
    rung = nearest(rungs, low + work.definition.start * (high - low))
    factors = [w / full for w, full in zip(rung.widths, FULL, strict=True)]
    named = {f"stage{i}": f for i, f in enumerate(factors)} | {f"inner{i}": f for i, f in enumerate(factors)}
    return named | {"blocks": rung.blocks}


def _parse(label: str) -> dict[str, float]:
    values = dict(part.split("=") for part in label.split())
    return {k: int(v) if k == "blocks" else float(v) for k, v in values.items()}


def _wider(name: str, value: float, seed: int) -> float:
    """One group grows by about a channel; which one follows from the seed."""
    if name == "blocks" or name != ("stage0", "stage1", "stage2", "inner0", "inner1", "inner2")[seed % 6]:
        return value
    return min(1.0, value + 1.2 / FULL[int(name[-1])])
