"""Writing a run's log: the one place that allocates ``seq``, keeps the summary, and moves a run.

Every function takes a run whose row is locked by the transaction around it (``locked``), so that numbers
have neither gaps nor doubles, and whoever sees an event can see all earlier ones.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from webapp.runs.hints import hint_on_commit
from webapp.runs.models import Run, RunEvent, timestamp
from webapp.runs.states import FINAL, WORKED, DesiredState, State, check_move
from webapp.runs.summary import apply_event


class Entry(NamedTuple):
    """An event to be appended; ``t`` is None for what the engine did not report itself."""

    type: str
    payload: dict
    t: float | None = None


def locked(run_id) -> Run:
    """The run with its row locked until the transaction ends.

    SQLite has no row locks; there the transaction holds the only write lock from its beginning.
    """
    assert transaction.get_connection().in_atomic_block
    return Run.objects.select_for_update().get(pk=run_id)


def append(run: Run, entries: Iterable[Entry]) -> list[RunEvent]:
    """Append events to a locked run's log, fold them into its summary, and hint on commit."""
    snapshot = {"summary": run.summary, "device": run.device, "metric": run.metric, "last_seq": run.last_seq}
    rows = []
    for seq, entry in enumerate(entries, start=run.last_seq + 1):
        t = snapshot["summary"]["t"] if entry.t is None else entry.t
        row = RunEvent(run=run, seq=seq, type=entry.type, t=t, payload=entry.payload)
        snapshot = apply_event(snapshot, {"seq": seq, "type": row.type, "t": t, "payload": row.payload})
        rows.append(row)
    run.summary, run.device, run.last_seq = snapshot["summary"], snapshot["device"], snapshot["last_seq"]
    run.save(update_fields=["summary", "device", "last_seq", "updated_at"])
    RunEvent.objects.bulk_create(rows, batch_size=500)
    hint_on_commit(run.pk)
    return rows


def move(run: Run, target: State, *, reason: str, failure: tuple[str, str, str] | None = None) -> None:
    """Move a locked run to another state and log it.

    Args:
        run: The run, locked.
        target: The next state.
        reason: One sentence that the log shows.
        failure: (kind, code, message) for a move to FAILED.

    Raises:
        IllegalMove: The table does not have this move.
    """
    origin, now = run.state, timezone.now()
    check_move(origin, target)
    run.previous_state, run.state = origin, target
    if target == State.QUEUED:
        run.queued_at = now
    if target not in WORKED:
        run.lease_owner, run.lease_expires_at = "", None
        if run.worked_since:
            run.worked_s = run.elapsed_s
            run.worked_since = None
    if target in FINAL:
        run.finished_at = now
    if failure:
        run.failure_kind, run.failure_code, run.failure_message = failure
    run.save()
    _log_state(run, origin, reason)


def log_start(run: Run, *, reason: str) -> None:
    """Log that a worker has just claimed a locked run (``claims`` moves it by compare-and-set)."""
    run.started_at = run.started_at or timezone.now()
    run.save(update_fields=["started_at", "updated_at"])
    _log_state(run, State.QUEUED, reason)


def wish(run: Run, desired_state: DesiredState, *, reason: str) -> None:
    """Record on a locked run where its user wants it; its worker sees that and acts."""
    run.desired_state = desired_state
    run.save(update_fields=["desired_state", "updated_at"])
    _log_state(run, run.state, reason)


def _log_state(run: Run, origin: str, reason: str) -> None:
    standing = {
        "state": run.state,
        "desired_state": run.desired_state,
        "attempt": run.attempt,
        "actions": run.actions,
        "failure": run.failure,
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
    }
    payload = {"from": str(origin), "to": str(run.state), "reason": reason, "run": standing}
    append(run, [Entry("state", payload)])
