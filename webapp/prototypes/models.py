"""A prototype: the network that a run starts from, built in (the zoo) or uploaded as ONNX."""

from django.db import models

from webapp.common.uploads import CheckedUpload, CheckState


class Source(models.TextChoices):
    ZOO = "zoo"
    ONNX = "onnx"


class Prototype(CheckedUpload):
    source = models.CharField(max_length=10, choices=Source.choices)
    zoo = models.CharField(max_length=60, null=True, blank=True)  # noqa: DJ001 (null is the API's value)
    task = models.CharField(max_length=40, blank=True, default="", help_text="Empty: for any, as an uploaded network")
    params = models.BigIntegerField(null=True, blank=True)
    macs = models.BigIntegerField(null=True, blank=True)
    input = models.JSONField(null=True, blank=True)  # [channels, height, width]
    classes = models.PositiveIntegerField(null=True, blank=True)

    class Meta(CheckedUpload.Meta):
        abstract = False
        ordering = ("-created_at", "-id")
        indexes = [models.Index(fields=["workspace", "-created_at"], name="prototypes_of_workspace")]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=CheckState.values), name="prototype_state_known"),
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="prototype_source_known"),
            models.UniqueConstraint(fields=["workspace", "zoo"], name="prototype_zoo_once"),
        ]
