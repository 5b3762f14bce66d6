"""Every write that a user makes about runs: create, pause, resume, cancel.

Users only say where they want a run to be; where no worker holds the run, the move is made here at once.
"""

import hashlib
import json
from typing import TypeVar, cast

from django.db import IntegrityError, transaction

from webapp.accounts.actions import record_audit
from webapp.accounts.models import User, Workspace
from webapp.common import nudge
from webapp.common.errors import Problem
from webapp.common.uploads import CheckedUpload, CheckState
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs import events
from webapp.runs.models import Run
from webapp.runs.requirements import check_requirements
from webapp.runs.states import DesiredState, State

Input = TypeVar("Input", bound=CheckedUpload)


def create_run(
    *,
    user: User,
    workspace: Workspace,
    prototype: Prototype,
    dataset: Dataset,
    requirements: list[dict],
    objective: dict,
    time_budget_s: int | None,
    max_cycles: int | None,
    seed: int,
    target_yield: float,
    confidence: float = 0.95,
    name: str = "",
    idempotency_key: str = "",
) -> tuple[Run, bool]:
    """Create a run and queue it; the same key with the same request answers with the run it made before.

    Returns:
        The run, and whether it is new.

    Raises:
        Problem: The request makes no sense, or the key was used for another request.
    """
    request = {
        "name": name,
        "prototype": str(prototype.pk),
        "dataset": str(dataset.pk),
        "requirements": requirements,
        "objective": objective,
        "time_budget_s": time_budget_s,
        "max_cycles": max_cycles,
        "seed": seed,
        "target_yield": target_yield,
        "confidence": confidence,
    }
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    if idempotency_key and (earlier := _earlier(workspace, idempotency_key)):
        return _same_request(earlier, digest), False
    if time_budget_s is None and max_cycles is None:
        message = "Give time_budget_s or max_cycles; one of them has to end the run."
        raise Problem(400, "endless", message, "/time_budget_s")
    try:
        with transaction.atomic():
            prototype, dataset = _ready(prototype), _ready(dataset)
            _check_task(prototype, dataset)
            check_requirements(requirements, task=dataset.task)
            run = Run.objects.create(
                workspace=workspace,
                created_by=user,
                name=name or f"{prototype.name} on {dataset.name}"[:200],
                prototype=prototype,
                prototype_name=prototype.name,
                dataset=dataset,
                dataset_name=dataset.name,
                task=dataset.task,
                requirements=requirements,
                objective=objective,
                time_budget_s=time_budget_s,
                max_cycles=max_cycles,
                seed=seed,
                target_yield=target_yield,
                confidence=confidence,
                idempotency_key=idempotency_key,
                idempotency_digest=digest,
            )
            events.move(run, State.QUEUED, reason="Waiting for a worker.")
            record_audit(workspace=workspace, user=user, action="run.create", target=run, name=run.name)
            nudge.on_commit("runs.work")
    except IntegrityError:  # the same request arrived twice at once, and the other was first
        earlier = _earlier(workspace, idempotency_key) if idempotency_key else None
        if earlier is None:
            raise
        return _same_request(earlier, digest), False
    return run, True


@transaction.atomic
def pause_run(*, run: Run, user: User) -> Run:
    """Ask for a pause; the run's worker saves a checkpoint and lets go of it."""
    run = _asked(run, user, "pause")
    events.wish(run, DesiredState.PAUSED, reason="A pause was asked for.")
    return run


@transaction.atomic
def resume_run(*, run: Run, user: User) -> Run:
    """Queue a paused run again; it goes on from its checkpoint."""
    run = _asked(run, user, "resume")
    run.desired_state, run.losses = DesiredState.RUNNING, 0
    events.move(run, State.QUEUED, reason="Waiting for a worker to go on.")
    nudge.on_commit("runs.work")
    return run


@transaction.atomic
def cancel_run(*, run: Run, user: User) -> Run:
    """End a run for good; at once where no worker holds it."""
    run = _asked(run, user, "cancel")
    if run.state in (State.QUEUED, State.PAUSED):
        run.desired_state = DesiredState.CANCELLED
        events.move(run, State.CANCELLED, reason="Cancelled.")
    else:
        events.wish(run, DesiredState.CANCELLED, reason="Cancelling was asked for.")
    return run


def _asked(run: Run, user: User, action: str) -> Run:
    """The run, locked, if its user may ask this of it now."""
    run = events.locked(run.pk)
    if action not in run.actions:
        wished = "" if run.desired_state == DesiredState.RUNNING else f", to be {run.desired_state}"
        options = " or ".join(run.actions)
        mend = f"what it takes now: {options}." if options else "it takes no further requests."
        message = f"You can't {action} a run that is {run.state}{wished}; {mend}"
        raise Problem(409, "illegal_transition", message)
    record_audit(workspace=run.workspace, user=user, action=f"run.{action}", target=run)
    return run


def _ready(thing: Input) -> Input:
    """The dataset or prototype, if it can be used; locked, so that it stays until its run is there."""
    kind = thing._meta.model_name
    row = cast("Input | None", type(thing).objects.select_for_update().filter(pk=thing.pk).first())
    if row is None:
        raise Problem(400, f"{kind}_not_found", f"The {kind} was deleted; choose another one.", f"/{kind}")
    if row.state == CheckState.CHECKING:
        message = f"The {kind} {row.name!r} is still being checked; try again in a moment."
        raise Problem(409, f"{kind}_not_ready", message, f"/{kind}")
    if row.state == CheckState.REJECTED:
        message = f"The {kind} {row.name!r} was rejected; mend what its report names and upload it again."
        raise Problem(409, f"{kind}_rejected", message, f"/{kind}")
    return row


def _check_task(prototype: Prototype, dataset: Dataset) -> None:
    if prototype.task not in ("", dataset.task):
        message = (
            f"{prototype.name} is for {prototype.task}, but the dataset {dataset.name!r} is for {dataset.task}; "
            f"choose a prototype for {dataset.task}."
        )
        raise Problem(400, "task_mismatch", message, "/prototype")


def _earlier(workspace: Workspace, key: str) -> Run | None:
    return Run.objects.filter(workspace=workspace, idempotency_key=key).first()


def _same_request(run: Run, digest: str) -> Run:
    if run.idempotency_digest != digest:
        message = "This Idempotency-Key was used for a different request; send a new key with this one."
        raise Problem(409, "idempotency_key_reused", message)
    return run
