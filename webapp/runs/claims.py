"""Who works on a run: claiming it, holding it by heartbeats, and taking it back from a worker that died.

A claim is a compare-and-set on the row that raises ``attempt``, the fencing number. Every later write of the
worker goes through ``held``, which refuses it once the run has been claimed again or taken back.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webapp.runs import events, limits
from webapp.runs.models import Run
from webapp.runs.states import WORKED, DesiredState, FailureKind, State

log = logging.getLogger(__name__)


class ClaimLost(Exception):
    """The run is no longer this worker's: stop, and write nothing more."""


@dataclass(frozen=True)
class Claim:
    """One worker's hold on one run."""

    run_id: UUID
    attempt: int
    worker: str


def claim_next(worker: str) -> Claim | None:
    """Claim the run that has waited longest; None when no run waits."""
    queued = Run.objects.filter(state=State.QUEUED)
    while (run_id := queued.order_by("queued_at", "id").values_list("id", flat=True).first()) is not None:
        if (claim := claim_run(run_id, worker)) is not None:
            return claim
    return None


@transaction.atomic
def claim_run(run_id: UUID, worker: str) -> Claim | None:
    """Claim this run if it still waits; None when another worker was faster."""
    won = Run.objects.filter(pk=run_id, state=State.QUEUED).update(
        attempt=F("attempt") + 1,
        state=State.STARTING,
        previous_state=State.QUEUED,
        lease_owner=worker,
        lease_expires_at=_lease_end(),
        worked_since=timezone.now(),
    )
    if not won:
        return None
    run = events.locked(run_id)
    events.log_start(run, reason=f"Worker {worker} took it.")
    return Claim(run_id, run.attempt, worker)


@contextmanager
def held(claim: Claim) -> Iterator[Run]:
    """The run, locked for one transaction of the worker that holds it.

    Raises:
        ClaimLost: Another attempt has it, or it was taken back.
    """
    with transaction.atomic():
        try:
            run = events.locked(claim.run_id)
        except Run.DoesNotExist:
            raise ClaimLost from None
        if run.attempt != claim.attempt or run.state not in WORKED:
            raise ClaimLost
        yield run


def heartbeat(claim: Claim) -> None:
    """Prolong the lease."""
    mine = Run.objects.filter(pk=claim.run_id, attempt=claim.attempt, state__in=WORKED)
    if not mine.update(lease_expires_at=_lease_end()):
        raise ClaimLost


def wanted(claim: Claim) -> DesiredState:
    """Where the run's user wants it now."""
    mine = Run.objects.filter(pk=claim.run_id, attempt=claim.attempt, state__in=WORKED)
    desired = mine.values_list("desired_state", flat=True).first()
    if desired is None:
        raise ClaimLost
    return DesiredState(desired)


def runs_wait() -> bool:
    """Whether any run is queued."""
    return Run.objects.filter(state=State.QUEUED).exists()


def reap_runs() -> int:
    """Take back every run whose lease has expired; returns how many."""
    expired = Run.objects.filter(lease_expires_at__lt=timezone.now()).values_list("id", flat=True)
    return sum(_reap_one(run_id) for run_id in expired)


@transaction.atomic
def _reap_one(run_id: UUID) -> bool:
    run = events.locked(run_id)
    if run.lease_expires_at is None or run.lease_expires_at >= timezone.now():
        return False  # its worker came back, or another reaper was faster
    log.warning("The lease of run %s (attempt %s, %s) has expired", run.pk, run.attempt, run.lease_owner)
    lose(run, reason=f"Worker {run.lease_owner} is gone.")
    return True


def lose(run: Run, *, reason: str) -> None:
    """Move on a locked run whose attempt came to nothing: where its user wants it, or back in the queue."""
    if let_go(run, reason=reason):
        return
    run.losses += 1
    if run.losses < limits.ATTEMPTS:
        events.move(run, State.QUEUED, reason=f"{reason} It waits for another one.")
        return
    message = (
        f"The run's worker was lost {run.losses} times; ask the operator to look at the workers' logs, "
        "then start the run again."
    )
    events.move(run, State.FAILED, reason=reason, failure=(FailureKind.LOST, "lost", message))


def let_go(run: Run, *, reason: str) -> bool:
    """Pause or cancel a locked run as its user asked; False when the user wants it to go on."""
    if run.desired_state == DesiredState.CANCELLED or run.state == State.CANCELLING:
        if run.state != State.CANCELLING:
            events.move(run, State.CANCELLING, reason=reason)
        events.move(run, State.CANCELLED, reason="Cancelled.")
        return True
    if run.state == State.PAUSING or (run.state == State.RUNNING and run.desired_state == DesiredState.PAUSED):
        if run.state != State.PAUSING:
            events.move(run, State.PAUSING, reason=reason)
        events.move(run, State.PAUSED, reason="Paused; it goes on from its last checkpoint.")
        return True
    return False


def _lease_end():
    return timezone.now() + timedelta(seconds=limits.LEASE_S)
