"""Every write about datasets."""

import logging
from pathlib import PurePath

from django.db import transaction

from webapp.accounts.actions import record_audit
from webapp.accounts.models import User, Workspace
from webapp.common import nudge, uploads
from webapp.common.engine import run_engine_with_spec
from webapp.datasets.models import Dataset

log = logging.getLogger(__name__)

BUILTIN = {"digits": ("Handwritten digits", "classification")}


def add_builtin_datasets(*, workspace: Workspace) -> None:
    """The datasets that the engine brings along; ready from the start."""
    for builtin, (name, task) in BUILTIN.items():
        Dataset.objects.get_or_create(
            workspace=workspace,
            builtin=builtin,
            defaults={
                "name": name,
                "state": uploads.CheckState.READY,
                "task": task,
            },
        )
    nudge.on_commit("datasets.describe_builtin")


def upload_dataset(*, workspace: Workspace, user: User, upload, name: str = "") -> Dataset:
    """Keep an archive and have it checked in the background."""
    dataset = uploads.create_upload(
        model=Dataset,
        workspace=workspace,
        user=user,
        name=name or PurePath(upload.name).stem[:100],
        upload=upload,
        suffix=".zip",
    )
    with transaction.atomic():
        record_audit(workspace=workspace, user=user, action="dataset.upload", target=dataset, sha256=dataset.sha256)
        nudge.on_commit("datasets.check", str(dataset.pk))
    return dataset


@transaction.atomic
def rename_dataset(*, dataset: Dataset, user: User, name: str) -> Dataset:
    record_audit(
        workspace=dataset.workspace,
        user=user,
        action="dataset.rename",
        target=dataset,
        was=dataset.name,
        name=name,
    )
    dataset.name = name
    dataset.save(update_fields=["name", "updated_at"])
    return dataset


@transaction.atomic
def delete_dataset(*, dataset: Dataset, user: User) -> None:
    uploads.refuse_if_builtin(dataset)
    uploads.refuse_if_in_use(dataset)
    record_audit(workspace=dataset.workspace, user=user, action="dataset.delete", target=dataset, name=dataset.name)
    uploads.delete_upload(dataset)


def check_dataset(*, dataset: Dataset) -> None:
    """Have the engine look at the archive, and write its verdict."""
    answer = uploads.run_check(dataset, "check-data")
    if answer is None:
        return
    report = answer.last("health_report")
    uploads.settle_check(
        dataset,
        accepted=bool(report and report["ok"]),
        report=report,
        problems=report["problems"] if report else uploads.problems_of(answer, "dataset"),
        task=(report or {}).get("task") or "",
    )


def describe_builtin() -> None:
    """Fill in what the engine says about each built-in dataset, asking once for all workspaces."""
    blank = Dataset.objects.filter(report__isnull=True)
    for builtin in BUILTIN:
        if not blank.filter(builtin=builtin).exists():
            continue
        known = Dataset.objects.filter(builtin=builtin).exclude(report__isnull=True).first()
        report = known.report if known else _examine_builtin(builtin)
        if report:
            blank.filter(builtin=builtin).update(report=report, task=report["task"])


def _examine_builtin(builtin: str) -> dict | None:
    answer = run_engine_with_spec("check-data", {"dataset": {"builtin": builtin}})
    if answer.code:
        log.error("The engine's report of %s ended with %s: %s", builtin, answer.code, answer.log)
    return answer.last("health_report")


def resume_dataset_checks() -> None:
    for dataset in uploads.unfinished_checks(Dataset):
        nudge.now("datasets.check", str(dataset.pk))
    if Dataset.objects.filter(builtin__isnull=False, report__isnull=True).exists():
        nudge.now("datasets.describe_builtin")
