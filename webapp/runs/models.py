"""A run (one synthesis, from request to result) and its event log."""

import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from webapp.common.models import WorkspaceModel
from webapp.runs.metrics import task_metric
from webapp.runs.states import FINAL, MOVES, WORKED, DesiredState, FailureKind, State, legal_actions
from webapp.runs.summary import empty_summary


def _legal_moves() -> Q:
    """The table of moves as a condition on (previous_state, state)."""
    condition = Q(previous_state="", state=State.DRAFT)
    for origin, targets in MOVES.items():
        if targets:
            condition |= Q(previous_state=origin, state__in=targets)
    return condition


class Run(WorkspaceModel):
    """One synthesis. The row is the truth: users set ``desired_state``, workers set ``state``."""

    name = models.CharField(max_length=200)
    # A run that is over outlives what it was made from; the names stay readable.
    prototype = models.ForeignKey("prototypes.Prototype", on_delete=models.SET_NULL, null=True, related_name="runs")
    prototype_name = models.CharField(max_length=100)
    dataset = models.ForeignKey("datasets.Dataset", on_delete=models.SET_NULL, null=True, related_name="runs")
    dataset_name = models.CharField(max_length=100)
    task = models.CharField(max_length=40)
    requirements = models.JSONField()
    objective = models.JSONField()
    time_budget_s = models.PositiveIntegerField(null=True, blank=True)
    max_cycles = models.PositiveIntegerField(null=True, blank=True)
    seed = models.PositiveBigIntegerField(default=0)
    target_yield = models.FloatField(default=0.95)
    confidence = models.FloatField(default=0.95)

    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    previous_state = models.CharField(max_length=12, blank=True, default="", editable=False)
    desired_state = models.CharField(max_length=12, choices=DesiredState.choices, default=DesiredState.RUNNING)
    failure_kind = models.CharField(max_length=16, choices=FailureKind.choices, blank=True, default="")
    failure_code = models.CharField(max_length=60, blank=True, default="")
    failure_message = models.TextField(blank=True, default="")

    # The fencing number: every claim raises it, and what an older attempt writes is refused.
    attempt = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0, help_text="Workers lost since a person last started it")
    lease_owner = models.CharField(max_length=200, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    device = models.JSONField(null=True, blank=True)
    summary = models.JSONField(default=empty_summary)
    last_seq = models.PositiveBigIntegerField(default=0)

    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    worked_since = models.DateTimeField(null=True, blank=True)
    worked_s = models.FloatField(default=0.0)

    idempotency_key = models.CharField(max_length=200, blank=True, default="")
    idempotency_digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(condition=_legal_moves(), name="run_move_legal"),
            models.CheckConstraint(condition=Q(desired_state__in=DesiredState.values), name="run_desired_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=WORKED, lease_expires_at__isnull=False)
                | (~Q(state__in=WORKED) & Q(lease_expires_at__isnull=True)),
                name="run_leased_while_worked",
            ),
            models.CheckConstraint(
                condition=Q(state=State.FAILED, failure_kind__in=FailureKind.values)
                | (~Q(state=State.FAILED) & Q(failure_kind="")),
                name="run_failure_has_kind",
            ),
            models.CheckConstraint(
                condition=Q(state__in=FINAL, finished_at__isnull=False)
                | (~Q(state__in=FINAL) & Q(finished_at__isnull=True)),
                name="run_finished_when_final",
            ),
            models.CheckConstraint(
                condition=Q(time_budget_s__isnull=False) | Q(max_cycles__isnull=False), name="run_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(target_yield__gt=0) & Q(target_yield__lt=1), name="run_target_yield_in_range"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0.5) & Q(confidence__lt=1), name="run_confidence_in_range"
            ),
            models.UniqueConstraint(
                fields=["workspace", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="run_idempotency_key_once",
            ),
        ]
        indexes = [
            models.Index(fields=["queued_at", "id"], condition=Q(state=State.QUEUED), name="run_queue"),
            models.Index(fields=["lease_expires_at"], condition=Q(lease_expires_at__isnull=False), name="run_leases"),
            models.Index(fields=["workspace", "-created_at", "-id"], name="run_of_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def metric(self) -> str:
        """The task metric that it is about."""
        return task_metric(self.task, self.requirements)

    @property
    def actions(self) -> list[str]:
        """What its user may ask of it now."""
        return legal_actions(self.state, self.desired_state)

    @property
    def failure(self) -> dict | None:
        if not self.failure_kind:
            return None
        return {"kind": self.failure_kind, "code": self.failure_code, "message": self.failure_message}

    @property
    def drawable(self) -> bool:
        """Whether networks can be drawn: it completed, and its generator is saved."""
        return self.state == State.COMPLETED

    @property
    def elapsed_s(self) -> float:
        """Seconds that workers have spent on it."""
        running = timezone.now() - self.worked_since if self.worked_since else timedelta()
        return round(self.worked_s + running.total_seconds(), 3)

    @property
    def folder(self) -> Path:
        """Where the run's spec, checkpoint and generator are; workers of all machines share it."""
        return Path(settings.RUNS_DIR) / str(self.pk)

    @property
    def engine_folder(self) -> Path:
        """What the engine is given as ``--out``."""
        return self.folder / "out"


class RunEvent(models.Model):
    """One entry of a run's log; ``seq`` is allocated under the run's row lock, so it has no gaps."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=40)
    t = models.FloatField(help_text="Seconds of synthesis when it was reported")
    payload = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("run", "seq")
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="run_event_seq_once")]

    def __str__(self) -> str:
        return f"{self.run_id} #{self.seq} {self.type}"

    def as_json(self) -> dict:
        """The envelope, as the REST API and the socket give it."""
        return {
            "seq": self.seq,
            "type": self.type,
            "t": self.t,
            "payload": self.payload,
            "created_at": timestamp(self.created_at),
        }


class Availability(models.TextChoices):
    """Whether a metric can be had on a device."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    UNAVAILABLE = "unavailable"


class TargetDevice(models.Model):
    """A device that latency or energy can be required on: this machine's, or a profile with published figures."""

    name = models.CharField(max_length=60, primary_key=True)
    title = models.CharField(max_length=200)
    place = models.PositiveIntegerField()
    latency_ms = models.CharField(max_length=12, choices=Availability.choices)
    energy_mj = models.CharField(max_length=12, choices=Availability.choices)
    reason = models.TextField(blank=True, default="")
    figures = models.JSONField(default=dict)
    described_at = models.DateTimeField()

    class Meta:
        ordering = ("place", "name")

    def __str__(self) -> str:
        return self.title


def timestamp(moment) -> str | None:
    """ISO 8601 in UTC, as REST framework writes it."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None
