"""A network drawn from a run's generator, and its files."""

import uuid

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q

from webapp.common.models import WorkspaceModel
from webapp.runs.models import Run


class NetworkState(models.TextChoices):
    DRAWING = "drawing"
    READY = "ready"
    FAILED = "failed"


class Network(WorkspaceModel):
    """One seed's network. The row exists from the moment that it is asked for; its worker fills it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="networks")
    state = models.CharField(max_length=8, choices=NetworkState.choices, default=NetworkState.DRAWING)

    # The recipe: with the generator, it reproduces the network bit for bit.
    seed = models.PositiveBigIntegerField()
    asked_budget = models.FloatField(null=True, blank=True, help_text="None asks for the best of the certified range")
    polish_s = models.FloatField(default=0.0)

    budget = models.FloatField(null=True, blank=True)
    fingerprint = models.CharField(max_length=128, blank=True, default="")
    params = models.BigIntegerField(null=True, blank=True)
    macs = models.BigIntegerField(null=True, blank=True)
    metrics = models.JSONField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True, help_text="The run's metric on the test split, for ordering")
    netscore = models.FloatField(null=True, blank=True)
    information_density = models.FloatField(null=True, blank=True)
    requirements = models.JSONField(default=list, blank=True)
    verified = models.BooleanField(null=True, blank=True)
    attempts = models.PositiveIntegerField(null=True, blank=True)
    draw_s = models.FloatField(null=True, blank=True)
    size_mb = models.FloatField(null=True, blank=True)
    activation_mb = models.FloatField(null=True, blank=True)
    latency_ms = models.FloatField(null=True, blank=True, help_text="Measured where a requirement asks for it")
    energy = models.JSONField(null=True, blank=True)
    estimates = models.JSONField(default=dict, blank=True)
    design = models.JSONField(null=True, blank=True)
    problem_code = models.CharField(max_length=60, blank=True, default="")
    problem_message = models.TextField(blank=True, default="")

    # Which worker draws it, until when, and for which time.
    claim = models.UUIDField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=NetworkState.values), name="network_state_known"),
            models.CheckConstraint(
                condition=Q(state=NetworkState.DRAWING) | Q(claim__isnull=True),
                name="network_claimed_while_drawing",
            ),
            models.CheckConstraint(
                condition=Q(claim__isnull=True, claim_expires_at__isnull=True)
                | Q(claim__isnull=False, claim_expires_at__isnull=False),
                name="network_claim_expires",
            ),
            models.UniqueConstraint(
                fields=["run", "seed", "asked_budget", "polish_s"],
                condition=Q(asked_budget__isnull=False),
                name="network_recipe_once",
            ),
            models.UniqueConstraint(
                fields=["run", "seed", "polish_s"],
                condition=Q(asked_budget__isnull=True),
                name="network_best_budget_recipe_once",
            ),
        ]
        indexes = [
            models.Index(fields=["run", "-created_at", "-id"], name="networks_of_run"),
            models.Index(fields=["created_at"], condition=Q(state=NetworkState.DRAWING), name="networks_to_draw"),
        ]

    def __str__(self) -> str:
        return f"seed {self.seed} of {self.run_id} ({self.state})"

    def file(self, format_name: str) -> "NetworkFile | None":
        """Its file of this format, if there is one."""
        return next((file for file in self.files.all() if file.format == format_name), None)

    @property
    def problem(self) -> dict | None:
        if not self.problem_code:
            return None
        return {"code": self.problem_code, "message": self.problem_message}


class NetworkFile(models.Model):
    """One format of a network, in storage under its content's address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="files")
    format = models.CharField(max_length=20)
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()

    class Meta:
        ordering = ("network", "format")
        constraints = [models.UniqueConstraint(fields=["network", "format"], name="network_file_format_once")]

    def __str__(self) -> str:
        return f"{self.format} of {self.network_id}"

    def open(self):
        return default_storage.open(self.key)

    @property
    def suffix(self) -> str:
        return self.key.rpartition("/")[2].partition(".")[2]
