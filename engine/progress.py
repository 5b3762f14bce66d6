"""A progress bar with the time remaining, on stderr, when a person is watching."""

import sys
from typing import Any

from tqdm import tqdm


class ProgressBar:
    """Follows a run's events. Without a terminal it prints nothing."""

    def __init__(self) -> None:
        self._bar = (
            tqdm(
                total=1.0,
                file=sys.stderr,
                dynamic_ncols=True,
                bar_format="{desc:<34} {percentage:3.0f}%|{bar}| {postfix}",
            )
            if sys.stderr.isatty()
            else None
        )

    def follow(self, event: dict[str, Any]) -> None:
        if self._bar is None:
            return
        kind = event["type"]
        if kind == "prototype_progress":
            accuracy = next(iter(event["metrics"]["validation"].values()))
            self._show(f"prototype, validation {accuracy:.3f}", None, event["remaining_s"])
        elif kind == "cycle":
            metric = next(iter(event["metrics"]["validation"].values()))
            text = f"cycle {event['k']}, {metric:.3f} at {event['params'] / 1e3:.1f} K"
            self._show(text, event["fraction"], event["remaining_s"])
        elif kind == "certified":
            self._show("certified", 1.0, 0)
        elif kind in ("finished", "failed"):
            self._bar.close()

    def _show(self, text: str, fraction: float | None, remaining_s: float | None) -> None:
        assert self._bar is not None
        if fraction is not None:
            self._bar.n = fraction
        self._bar.set_description_str(text, refresh=False)
        left = "" if remaining_s is None else f"{int(remaining_s) // 60}:{int(remaining_s) % 60:02d} left"
        self._bar.set_postfix_str(left, refresh=False)
        self._bar.refresh()
