"""Supervising one attempt at a run: the engine in a process of its own, its reports into the run's log.

One loop waits for the engine's lines and wakes at least once a second to look at the user's wish, the lease,
the memory and the clock. Whatever ends it (also the loss of the claim), no engine process is left behind.
"""

import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from django.db import InterfaceError, OperationalError, close_old_connections

from webapp.runs import claims, events, limits, queries
from webapp.runs.claims import Claim, ClaimLost
from webapp.runs.engine_process import EngineProcess, Line
from webapp.runs.events import Entry
from webapp.runs.models import Run
from webapp.runs.outcome import Ending, settle
from webapp.runs.spec import InputGone, write_spec
from webapp.runs.states import DesiredState, State

log = logging.getLogger(__name__)
REPORT_TYPE = re.compile(r"[a-z][a-z_]{0,39}")
OURS = {"state", "network", "log"}
LOG_LINES_A_TICK = 200
LOG_LINE_MAX = 2_000


def supervise(claim: Claim, *, leaving: Callable[[], bool] = lambda: False) -> None:
    """Work on a claimed run until this attempt is over.

    Args:
        claim: The hold on the run.
        leaving: Whether this worker has been asked to go; the run is then handed back to the queue.
    """
    try:
        run = queries.runs().filter(pk=claim.run_id).first()
        if run is None:
            raise ClaimLost
        try:
            spec = _spec(claim, run)
        except InputGone as error:
            settle(claim, Ending(code=2, failed={"code": "input_gone", "message": str(error)}))
            return
        resume = ["--resume"] if run.engine_folder.exists() else []
        run.engine_folder.mkdir(parents=True, exist_ok=True)
        lock = run.folder / "engine.lock"
        arguments = ["synthesize", str(spec), "--out", str(run.engine_folder), *resume, "--device", "auto"]
        with EngineProcess(*arguments, lock=lock) as engine:
            ending = _Watch(claim, engine, leaving, limits.wall_s(run.time_budget_s)).until_the_end()
        settle(claim, ending)
    except ClaimLost:
        log.warning("Run %s is no longer held by attempt %s; its engine was ended", claim.run_id, claim.attempt)


def _spec(claim: Claim, run: Run) -> Path:
    """The run's SPEC.json; the claim is held while its files come from a remote storage."""
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_spec, run)
        while not wait([writing], timeout=limits.HEARTBEAT_S).done:
            claims.heartbeat(claim)
        return writing.result()


class _Watch:
    """What one supervision remembers between two turns of its loop."""

    def __init__(self, claim: Claim, engine: EngineProcess, leaving: Callable[[], bool], wall_s: float) -> None:
        self.claim, self.engine, self.leaving = claim, engine, leaving
        self.memory_bytes = limits.memory_bytes()
        now = time.monotonic()
        self.wall_end = now + wall_s
        self.next_tick = now
        self.next_heartbeat = now + limits.HEARTBEAT_S
        self.lease_end = now + limits.LEASE_S
        self.kill_at: float | None = None
        self.ending = Ending()
        self.reports: list[Entry] = []
        self.log_lines: list[str] = []
        self.left_out = 0

    def until_the_end(self) -> Ending:
        while not self.engine.drained:
            self._take(self.engine.lines(max(0.0, self.next_tick - time.monotonic())))
            tick = time.monotonic() >= self.next_tick
            try:
                self._write(with_log=tick)
                if tick:
                    self.next_tick = time.monotonic() + limits.TICK_S
                    self._tick()
            except (OperationalError, InterfaceError) as error:
                self._database_away(error)
        self._write(with_log=True)
        self.ending.code = self.engine.code
        return self.ending

    def _take(self, lines: list[Line]) -> None:
        for line in lines:
            if line.report is not None and self._is_event(line.report):
                report = dict(line.report)
                kind, t = report.pop("type"), report.pop("t", None)
                report.pop("seq", None)
                if kind == "failed":
                    self.ending.failed = report
                self.reports.append(Entry(kind, report, float(t) if isinstance(t, int | float) else None))
            elif not line.text and line.report is None:
                continue
            elif len(self.log_lines) < LOG_LINES_A_TICK:
                self.log_lines.append((line.text or str(line.report))[:LOG_LINE_MAX])
            else:
                self.left_out += 1

    @staticmethod
    def _is_event(report: dict) -> bool:
        return bool(REPORT_TYPE.fullmatch(report["type"])) and report["type"] not in OURS

    def _write(self, *, with_log: bool) -> None:
        """Append what has arrived in one transaction; log lines wait for the tick, to come in batches."""
        entries = list(self.reports)
        if with_log and self.log_lines:
            left_out = [f"… and {self.left_out} more lines"] if self.left_out else []
            entries.append(Entry("log", {"level": "info", "lines": [*self.log_lines, *left_out]}))
        if not entries:
            return
        with claims.held(self.claim) as run:
            started = any(entry.type == "run_started" for entry in entries)
            events.append(run, entries)
            if started and run.state == State.STARTING:
                events.move(run, State.RUNNING, reason="The engine works.")
        self.reports.clear()
        if with_log:
            self.log_lines.clear()
            self.left_out = 0

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self.next_heartbeat:
            claims.heartbeat(self.claim)
            self.next_heartbeat = now + limits.HEARTBEAT_S
            self.lease_end = now + limits.LEASE_S
        desired = claims.wanted(self.claim)
        if desired == DesiredState.CANCELLED:
            self._stop_for(State.CANCELLING)
        elif desired == DesiredState.PAUSED:
            self._stop_for(State.PAUSING)
        elif self.leaving() and not self.ending.stopped_by_us:
            self._stop()
        if self.engine.memory_bytes() > self.memory_bytes:
            self.ending.out_of_memory = True
            self.engine.kill()
        if now >= self.wall_end:
            self.ending.out_of_time = True
            self.engine.kill()
        if self.kill_at is not None and now >= self.kill_at:
            self.engine.kill()

    def _stop_for(self, target: State) -> None:
        """Follow the user's wish: show it in the state, then ask the engine to stop."""
        with claims.held(self.claim) as run:
            if run.state in (target, State.CANCELLING):
                return
            if target == State.PAUSING and run.state == State.STARTING:
                return  # there is nothing to pause yet
            reason = "The engine saves a checkpoint." if target == State.PAUSING else "The engine is asked to stop."
            events.move(run, target, reason=reason)
        self._stop()

    def _stop(self) -> None:
        if not self.ending.stopped_by_us:
            self.ending.stopped_by_us = True
            self.kill_at = time.monotonic() + limits.STOP_GRACE_S
            self.engine.stop()

    def _database_away(self, error: Exception) -> None:
        """Keep what arrived and try again, while the lease lasts."""
        log.warning("Run %s: the database does not take writes (%s); trying again", self.claim.run_id, error)
        if time.monotonic() > self.lease_end:
            raise ClaimLost from error
        close_old_connections()
        self.next_tick = time.monotonic() + limits.TICK_S
