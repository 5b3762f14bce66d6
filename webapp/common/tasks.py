"""Celery tasks that concern several apps."""

from celery import shared_task

from webapp.datasets.actions import resume_dataset_checks
from webapp.prototypes.actions import resume_prototype_checks
from webapp.runs.devices import resume_devices


@shared_task(name="common.resume_checks")
def resume_checks() -> None:
    """Look again at checks whose message or worker was lost, and at what the engine is asked now and then."""
    resume_dataset_checks()
    resume_prototype_checks()
    resume_devices()
