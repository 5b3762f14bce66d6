"""What a run reports: one JSON object a line, numbered, with the seconds since the start."""

import json
import math
import time
from collections.abc import Callable
from typing import Any, TextIO

OnEvent = Callable[[dict[str, Any]], None]


class EventLog:
    """Numbers events and hands them on.

    Args:
        on_event: Receives each event.
        seq: Number of the last event already reported (a resumed run goes on from there).
        elapsed: Seconds already spent in earlier parts of the run.
    """

    def __init__(self, on_event: OnEvent, *, seq: int = 0, elapsed: float = 0.0) -> None:
        self._on_event = on_event
        self.seq = seq
        self._origin = time.monotonic() - elapsed

    @property
    def elapsed(self) -> float:
        """Seconds of work so far, earlier parts of a resumed run included."""
        return time.monotonic() - self._origin

    def emit(self, kind: str, **payload: Any) -> None:
        self.seq += 1
        self._on_event({"type": kind, "seq": self.seq, "t": round(self.elapsed, 3), **_plain(payload)})


def write_line(stream: TextIO, event: dict[str, Any]) -> None:
    """Write one event as one line and flush it."""
    stream.write(json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n")
    stream.flush()


def _plain(value: Any) -> Any:
    """Numbers that JSON can't hold (NaN, infinities) become null; numpy scalars become plain numbers."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
