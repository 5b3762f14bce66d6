"""Uploaded files that the engine checks before use: what datasets and prototypes share.

A row says which file it means (a content-addressed key in its workspace) before the bytes are stored, and
the bytes go when the last row that means them goes; so neither a lost request nor a rejected file leaves any
behind.
"""

import hashlib
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone
from django.utils.text import get_valid_filename

from webapp.accounts.models import Workspace
from webapp.common.body_limit import too_large
from webapp.common.engine import EngineAnswer, run_engine
from webapp.common.errors import Problem
from webapp.common.models import WorkspaceModel
from webapp.common.storage import local_path
from webapp.runs.states import ACTIVE

log = logging.getLogger(__name__)


class CheckState(models.TextChoices):
    CHECKING = "checking"
    READY = "ready"
    REJECTED = "rejected"


class CheckedUpload(WorkspaceModel):
    """A named file with the engine's verdict on it; built-in things are rows without a file."""

    name = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=CheckState.choices, default=CheckState.CHECKING)
    key = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.BigIntegerField(default=0)
    report = models.JSONField(null=True, blank=True)
    problems = models.JSONField(default=list, blank=True)
    check_started_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def digest_of(upload: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()


def used_bytes(workspace: Workspace) -> int:
    """Bytes of the workspace's uploads, each file counted once."""
    files: dict[str, int] = {}
    for model in CheckedUpload.__subclasses__():
        stored = model.objects.filter(workspace=workspace).exclude(key="")
        files.update(stored.values_list("key", "size_bytes"))
    return sum(files.values())


def create_upload(*, model, workspace: Workspace, user, name: str, upload: UploadedFile, suffix: str, **fields):
    """The row, then its bytes; call it outside any transaction, and start the check afterwards."""
    size = upload.size or 0
    if size > settings.UPLOAD_MAX_BYTES:
        raise Problem(413, "too_large", too_large(), "/file")
    sha256 = digest_of(upload)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=workspace.pk)
        if used_bytes(workspace) + size > settings.WORKSPACE_MAX_BYTES:
            raise Problem(
                413,
                "quota_exceeded",
                f"This workspace may hold {settings.WORKSPACE_MAX_BYTES / 2**30:,.1f} GiB of uploads; "
                "delete some datasets or prototypes first.",
                "/file",
            )
        row = model.objects.create(
            workspace=workspace,
            created_by=user,
            name=name,
            key=f"workspaces/{workspace.pk}/{model._meta.model_name}s/{sha256}{suffix}",
            sha256=sha256,
            size_bytes=size,
            **fields,
        )
    try:
        _store(row.key, upload)
    except BaseException:
        delete_upload(row)
        raise
    return row


def _store(key: str, upload: UploadedFile) -> None:
    if default_storage.exists(key):
        return
    stored = default_storage.save(key, upload)
    if stored != key:  # the same bytes arrived twice at once, and the other copy took the name
        default_storage.delete(stored)


@transaction.atomic
def delete_upload(row: CheckedUpload) -> None:
    """Delete the row, and its bytes unless another row means them too."""
    if row.key:
        _drop_bytes_on_commit(row, row.key)
    row.delete()


def refuse_if_builtin(row: CheckedUpload) -> None:
    if not row.sha256:
        raise Problem(409, "builtin", f"{row.name} comes with every workspace and can't be deleted.")


def refuse_if_in_use(row: CheckedUpload) -> None:
    """Raise 409 while a run that is not over uses the dataset or prototype; no new one can until commit."""
    type(row).objects.select_for_update().get(pk=row.pk)
    kind = str(row._meta.model_name)
    run = apps.get_model("runs.Run").objects.filter(**{kind: row}, state__in=ACTIVE).first()
    if run is not None:
        raise Problem(409, "in_use", f"The run {run.name!r} still uses this {kind}; cancel it or let it finish first.")


def claim_check(row: CheckedUpload) -> bool:
    """Take the check on; only one worker can, until the time a check may take has passed."""
    given_up = timezone.now() - timedelta(seconds=settings.CHECK_TIMEOUT_S + 60)
    free = models.Q(check_started_at=None) | models.Q(check_started_at__lt=given_up)
    claimed = type(row).objects.filter(free, pk=row.pk, state=CheckState.CHECKING)
    return claimed.update(check_started_at=timezone.now()) == 1


def unfinished_checks(model) -> models.QuerySet:
    """Rows whose message or worker was lost: still checking, long after they came or were taken on."""
    now = timezone.now()
    never_taken = models.Q(check_started_at=None, created_at__lt=now - timedelta(minutes=2))
    abandoned = models.Q(check_started_at__lt=now - timedelta(seconds=settings.CHECK_TIMEOUT_S + 60))
    return model.objects.filter(never_taken | abandoned, state=CheckState.CHECKING)


@transaction.atomic
def settle_check(row: CheckedUpload, *, accepted: bool, report: dict | None, problems: list[dict], **fields) -> None:
    """Write the verdict; a rejected file's bytes go at once."""
    waiting = type(row).objects.select_for_update().filter(pk=row.pk, state=CheckState.CHECKING)
    if not waiting:  # deleted meanwhile, or settled by another worker
        return
    row = waiting[0]
    row.state = CheckState.READY if accepted else CheckState.REJECTED
    row.report, row.problems = report, problems
    for name, value in fields.items():
        setattr(row, name, value)
    if not accepted:
        _drop_bytes_on_commit(row, row.key)
        row.key = ""
    row.save()


def _drop_bytes_on_commit(row: CheckedUpload, key: str) -> None:
    """Delete what is stored under ``key`` unless a row still means it.

    Looked at again under the workspace's lock, which every new row takes before its bytes are stored.
    """

    @transaction.on_commit
    @transaction.atomic
    def drop() -> None:
        Workspace.objects.select_for_update().get(pk=row.workspace_id)
        if not type(row).objects.filter(key=key).exists():
            default_storage.delete(key)


def run_check(row: CheckedUpload, command: str) -> EngineAnswer | None:
    """The engine's answer about the file; None when this worker has nothing to do or no file came."""
    if not claim_check(row):
        return None
    try:
        path = local_path(row.key)
    except FileNotFoundError:
        message = "The upload was cut off before its end; upload the file again."
        settle_check(row, accepted=False, report=None, problems=[problem("upload_incomplete", message)])
        return None
    with tempfile.TemporaryDirectory() as folder:
        # The engine names the file in its sentences: its user knows it by this name, not by its digest.
        named = Path(folder) / (get_valid_filename(row.name) + path.suffix)
        named.symlink_to(path)
        return run_engine(command, named)


def problem(code: str, message: str) -> dict:
    return {"code": code, "severity": "error", "message": message, "files": []}


def problems_of(answer: EngineAnswer, what: str) -> list[dict]:
    """Why the engine refused or could not look at a file, for its user."""
    failure = answer.last("failed")
    if failure:
        code, message = failure["code"], failure["message"]
    elif answer.timed_out:
        code = "check_timed_out"
        message = f"Checking the {what} took longer than {settings.CHECK_TIMEOUT_S} s; upload a smaller one."
    else:
        log.error("The engine's check of a %s ended with %s: %s", what, answer.code, answer.log)
        code = "check_failed"
        message = f"The check of this {what} broke off before its end; try a smaller or simpler one."
    return [problem(code, message)]
