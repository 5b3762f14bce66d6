"""Every write about prototypes."""

import logging
from pathlib import PurePath

from django.db import transaction

from webapp.accounts.actions import record_audit
from webapp.accounts.models import User, Workspace
from webapp.common import nudge, uploads
from webapp.common.engine import run_engine_with_spec
from webapp.prototypes.models import Prototype, Source
from webapp.prototypes.pickles import refuse_pickle

log = logging.getLogger(__name__)

# The engine's zoo: its name for each prototype, with the title and the task that it gives.
ZOO = {
    "resnet8": ("ResNet-8", "classification"),
    "resnet20": ("ResNet-20", "classification"),
    "resnet18": ("ResNet-18", "classification"),
    "mobilenet_v2": ("MobileNetV2", "classification"),
    "refinenet": ("RefineNet", "segmentation"),
    "refinenet-small": ("RefineNet, small", "segmentation"),
    "detectnet": ("DetectNet", "detection"),
    "detectnet-small": ("DetectNet, small", "detection"),
    "ssdlite320_mobilenet_v3_large": ("SSDLite320", "detection"),
}


def add_zoo(*, workspace: Workspace) -> None:
    """The built-in prototypes: usable at once, with their figures filled in by a worker."""
    for zoo, (name, task) in ZOO.items():
        Prototype.objects.get_or_create(
            workspace=workspace,
            zoo=zoo,
            defaults={"name": name, "task": task, "source": Source.ZOO, "state": uploads.CheckState.READY},
        )
    nudge.on_commit("prototypes.describe_zoo")


def upload_prototype(*, workspace: Workspace, user: User, upload, name: str = "") -> Prototype:
    """Keep an ONNX file and have it checked in the background; a pickle is refused unread."""
    refuse_pickle(upload)
    prototype = uploads.create_upload(
        model=Prototype,
        workspace=workspace,
        user=user,
        name=name or PurePath(upload.name).stem[:100],
        upload=upload,
        suffix=".onnx",
        source=Source.ONNX,
    )
    with transaction.atomic():
        record_audit(
            workspace=workspace,
            user=user,
            action="prototype.upload",
            target=prototype,
            sha256=prototype.sha256,
        )
        nudge.on_commit("prototypes.check", str(prototype.pk))
    return prototype


@transaction.atomic
def rename_prototype(*, prototype: Prototype, user: User, name: str) -> Prototype:
    record_audit(
        workspace=prototype.workspace,
        user=user,
        action="prototype.rename",
        target=prototype,
        was=prototype.name,
        name=name,
    )
    prototype.name = name
    prototype.save(update_fields=["name", "updated_at"])
    return prototype


@transaction.atomic
def delete_prototype(*, prototype: Prototype, user: User) -> None:
    uploads.refuse_if_builtin(prototype)
    uploads.refuse_if_in_use(prototype)
    record_audit(
        workspace=prototype.workspace,
        user=user,
        action="prototype.delete",
        target=prototype,
        name=prototype.name,
    )
    uploads.delete_upload(prototype)


def check_prototype(*, prototype: Prototype) -> None:
    """Have the engine import the file, and write what it found."""
    answer = uploads.run_check(prototype, "inspect")
    if answer is None:
        return
    inspection = answer.last("inspection")
    uploads.settle_check(
        prototype,
        accepted=inspection is not None,
        report=inspection,
        problems=[] if inspection else uploads.problems_of(answer, "prototype"),
        **(_figures(inspection) if inspection else {}),
    )


def describe_zoo(zoo: str = "") -> None:
    """Fill in what the engine says about one built-in prototype, asking once for all workspaces.

    The next one follows by a message of its own: checks and draws don't wait until the whole zoo is described.

    Args:
        zoo: The one to begin with; by default the first.
    """
    blank = Prototype.objects.filter(source=Source.ZOO, report__isnull=True)
    waiting = set(blank.values_list("zoo", flat=True))
    names = list(ZOO)
    left = [name for name in names[names.index(zoo) if zoo else 0 :] if name in waiting]
    if not left:
        return
    known = Prototype.objects.filter(zoo=left[0]).exclude(report__isnull=True).first()
    inspection = known.report if known else _inspect_zoo(left[0])
    if inspection:
        blank.filter(zoo=left[0]).update(report=inspection, **_figures(inspection))
    if left[1:]:
        nudge.now("prototypes.describe_zoo", left[1])


def resume_prototype_checks() -> None:
    for prototype in uploads.unfinished_checks(Prototype):
        nudge.now("prototypes.check", str(prototype.pk))
    if Prototype.objects.filter(source=Source.ZOO, report__isnull=True).exists():
        nudge.now("prototypes.describe_zoo")


def _inspect_zoo(zoo: str) -> dict | None:
    answer = run_engine_with_spec("inspect", {"prototype": {"zoo": zoo}})
    if answer.code:
        log.error("The engine's inspection of %s ended with %s: %s", zoo, answer.code, answer.log)
    return answer.last("inspection")


def _figures(inspection: dict) -> dict:
    detects = inspection.get("task") == "detection"  # then some of what is put out are boxes
    return {
        "params": inspection["params"],
        "macs": inspection["macs"],
        "input": inspection["input"],
        "classes": None if detects else inspection.get("outputs"),
    }
