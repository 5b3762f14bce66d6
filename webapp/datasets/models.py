"""A dataset: an uploaded archive or a built-in one, with the engine's health report."""

from django.db import models

from webapp.common.uploads import CheckedUpload, CheckState


class Dataset(CheckedUpload):
    builtin = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 (null is the API's value)
    task = models.CharField(max_length=40, blank=True, default="")

    class Meta(CheckedUpload.Meta):
        abstract = False
        ordering = ("-created_at", "-id")
        indexes = [models.Index(fields=["workspace", "-created_at"], name="datasets_of_workspace")]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=CheckState.values), name="dataset_state_known"),
            models.UniqueConstraint(fields=["workspace", "builtin"], name="dataset_builtin_once"),
        ]
