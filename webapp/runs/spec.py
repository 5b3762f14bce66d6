"""From a run's row to the SPEC.json that the engine reads, with paths of this machine."""

import json
from pathlib import Path

from webapp.common.storage import local_path
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype, Source
from webapp.runs.models import Run


class InputGone(Exception):
    """What the run was made from was deleted."""


def write_spec(run: Run) -> Path:
    """Write the run's SPEC.json into its folder.

    Raises:
        InputGone: The prototype or the dataset is no longer there.
    """
    try:
        prototype, dataset = _prototype(run.prototype), _dataset(run.dataset)
    except FileNotFoundError as error:
        raise InputGone(f"The file {error} is missing from the storage; ask the operator.") from None
    spec = {
        "prototype": prototype,
        "dataset": dataset,
        "task": run.task,
        "requirements": run.requirements,
        "objective": run.objective,
        "time_budget_s": run.time_budget_s,
        "max_cycles": run.max_cycles,
        "seed": run.seed,
        "target_yield": run.target_yield,
        "confidence": run.confidence,
    }
    run.folder.mkdir(parents=True, exist_ok=True)
    path = run.folder / "spec.json"
    draft = path.with_suffix(f".{run.attempt}")
    draft.write_text(json.dumps(spec, indent=1))
    return draft.replace(path)


def _prototype(prototype: Prototype | None) -> dict:
    if prototype is None:
        raise InputGone("The run's prototype was deleted; start a new run with another one.")
    if prototype.source == Source.ZOO:
        return {"zoo": prototype.zoo}
    return {"onnx": str(local_path(prototype.key))}


def _dataset(dataset: Dataset | None) -> dict:
    if dataset is None:
        raise InputGone("The run's dataset was deleted; start a new run with another one.")
    if dataset.builtin:
        return {"builtin": dataset.builtin}
    return {"path": str(local_path(dataset.key))}
