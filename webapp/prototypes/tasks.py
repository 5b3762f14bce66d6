"""Celery's way into the prototypes' actions."""

from celery import shared_task

from webapp.prototypes import actions
from webapp.prototypes.models import Prototype


@shared_task(name="prototypes.check")
def check_prototype(prototype_id: str) -> None:
    prototype = Prototype.objects.filter(pk=prototype_id).first()
    if prototype is not None:
        actions.check_prototype(prototype=prototype)


@shared_task(name="prototypes.describe_zoo")
def describe_zoo(zoo: str = "") -> None:
    actions.describe_zoo(zoo)
