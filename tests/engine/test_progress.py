"""At a terminal, a run shows how far it is and how long it still takes; into a file it writes nothing."""

import contextlib
import os
import pty
import sys
import termios
from collections.abc import Iterator

import pytest

from engine.progress import ProgressBar

CYCLE = {
    "type": "cycle",
    "k": 7,
    "fraction": 0.42,
    "remaining_s": 75.3,
    "params": 4200.0,
    "metrics": {"validation": {"accuracy": 0.9712}},
}


def everything(screen: int) -> Iterator[str]:
    """What a terminal shows until the program has closed its end (Linux then answers with an error)."""
    with contextlib.suppress(OSError):
        while part := os.read(screen, 65536):
            yield part.decode()


def test_a_terminal_shows_cycle_share_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        ProgressBar().follow(CYCLE)
    shown = "".join(everything(screen))
    os.close(screen)
    assert "cycle 7, 0.971 at 4.2 K" in shown
    assert "42%" in shown and "1:15 left" in shown


def test_a_file_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    ProgressBar().follow(CYCLE)
    assert capsys.readouterr().err == ""
