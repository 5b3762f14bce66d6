"""The states of a run and the one table that says which moves between them are legal.

Users set ``desired_state``; workers set ``state``. Everything that depends on a state (which buttons are
offered, which rows a worker may write, which constraints the database holds) is derived from ``MOVES``.
"""

from django.db.models import TextChoices


class State(TextChoices):
    """Where a run is."""

    DRAFT = "DRAFT"
    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class DesiredState(TextChoices):
    """Where its user wants a run to be."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"


class FailureKind(TextChoices):
    """Whose turn it is after a failure: the user's, the machine's, or the operator's."""

    USER = "user"
    OUT_OF_MEMORY = "out-of-memory"
    INFRASTRUCTURE = "infrastructure"
    LOST = "lost"


#: state -> where it may move; back to QUEUED when its worker gave the run up or died.
MOVES: dict[State, tuple[State, ...]] = {
    State.DRAFT: (State.QUEUED,),
    State.QUEUED: (State.STARTING, State.CANCELLED),
    State.STARTING: (State.RUNNING, State.CANCELLING, State.FAILED, State.QUEUED),
    State.RUNNING: (State.COMPLETED, State.PAUSING, State.CANCELLING, State.FAILED, State.QUEUED),
    State.PAUSING: (State.PAUSED, State.CANCELLING, State.QUEUED),
    State.PAUSED: (State.QUEUED, State.CANCELLED),
    State.CANCELLING: (State.CANCELLED,),
    State.CANCELLED: (),
    State.COMPLETED: (),
    State.FAILED: (),
}

#: A worker holds the lease of a run in one of these.
WORKED = (State.STARTING, State.RUNNING, State.PAUSING, State.CANCELLING)
#: No move leads out of these.
FINAL = tuple(state for state, moves in MOVES.items() if not moves)
#: Not over yet: the dataset and the prototype of such a run must stay.
ACTIVE = tuple(state for state, moves in MOVES.items() if moves)


class IllegalMove(Exception):
    """A move that the table does not have."""

    def __init__(self, origin: str, target: str) -> None:
        super().__init__(f"A run that is {origin} can't become {target}.")
        self.origin, self.target = origin, target


def check_move(origin: str, target: str) -> None:
    """Raise ``IllegalMove`` unless the table lets a run go from ``origin`` to ``target``."""
    if State(target) not in MOVES[State(origin)]:
        raise IllegalMove(origin, target)


def legal_actions(state: str, desired_state: str) -> list[str]:
    """What a user may ask of a run now: some of ``pause``, ``resume``, ``cancel``, in this order."""
    actions = []
    if state == State.RUNNING and desired_state == DesiredState.RUNNING:
        actions.append("pause")
    if state == State.PAUSED:
        actions.append("resume")
    if state in (State.DRAFT, *FINAL, State.CANCELLING) or desired_state == DesiredState.CANCELLED:
        return actions
    return [*actions, "cancel"]
