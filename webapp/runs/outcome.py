"""What the end of an engine process means for its run."""

import signal
from dataclasses import dataclass

from webapp.runs import claims, events
from webapp.runs.claims import Claim
from webapp.runs.launch import LOCK_TIMEOUT_CODE
from webapp.runs.models import Run
from webapp.runs.states import DesiredState, FailureKind, State

DONE, USER_ERROR, NOT_REACHED, STOPPED = 0, 2, 3, 130


@dataclass
class Ending:
    """How an attempt ended.

    Attributes:
        code: The engine's exit code; negative for the signal that ended it.
        failed: The engine's own `failed` report, if it made one.
        stopped_by_us: The supervisor asked the engine to stop.
        out_of_memory: The supervisor ended it for taking more memory than allowed.
        out_of_time: The supervisor ended it for taking more time than allowed.
    """

    code: int = 0
    failed: dict | None = None
    stopped_by_us: bool = False
    out_of_memory: bool = False
    out_of_time: bool = False


def settle(claim: Claim, ending: Ending) -> None:
    """Move the run to where this ending leads; the claim is over then.

    Raises:
        ClaimLost: The run is no longer this worker's.
    """
    with claims.held(claim) as run:
        asked = "The engine has stopped."
        # What ends while pausing or cancelling is paused or cancelled, however it ended.
        bound = run.state != State.RUNNING or run.desired_state == DesiredState.CANCELLED
        if bound and claims.let_go(run, reason=asked):
            return
        if ending.code in (DONE, NOT_REACHED) and run.state == State.RUNNING:
            reason = "The generator is ready." if ending.code == DONE else "The requirements were not reached."
            events.move(run, State.COMPLETED, reason=reason)
        elif ending.code == STOPPED and ending.stopped_by_us:
            if not claims.let_go(run, reason=asked):
                events.move(run, State.QUEUED, reason="Its worker is leaving; it waits for another one.")
        elif ending.code in (STOPPED, LOCK_TIMEOUT_CODE, -signal.SIGTERM):
            claims.lose(run, reason="The engine was stopped from outside.")
        else:
            events.move(run, State.FAILED, reason="The engine has failed.", failure=failure_of(run, ending))


def failure_of(run: Run, ending: Ending) -> tuple[str, str, str]:
    """(kind, code, message): who can mend it, a stable code, and one sentence that says how."""
    failed = ending.failed or {}
    code, message = failed.get("code") or "", failed.get("message") or ""
    if ending.out_of_time:
        took = "The engine took far longer than the time budget allows and was ended; "
        return FailureKind.INFRASTRUCTURE, "time_limit", took + "try again, or ask the operator."
    killed = ending.code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if ending.out_of_memory or code == "out_of_memory" or killed:
        mend = "The engine ran out of memory; use a smaller prototype or smaller images, or a larger machine."
        return FailureKind.OUT_OF_MEMORY, "out_of_memory", message if code == "out_of_memory" else mend
    if ending.code == USER_ERROR:
        mend = "The engine refused the request; the run's log says why."
        return FailureKind.USER, code or "bad_spec", message or mend
    ended = f"signal {-ending.code}" if ending.code < 0 else f"exit code {ending.code}"
    mend = f"The engine ended unexpectedly ({ended}); the run's log holds its last lines. Ask the operator."
    return FailureKind.INFRASTRUCTURE, code or "internal", message or mend
