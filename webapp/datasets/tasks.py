"""Celery's way into the datasets' actions."""

from celery import shared_task

from webapp.datasets import actions
from webapp.datasets.models import Dataset


@shared_task(name="datasets.check")
def check_dataset(dataset_id: str) -> None:
    dataset = Dataset.objects.filter(pk=dataset_id).first()
    if dataset is not None:
        actions.check_dataset(dataset=dataset)


@shared_task(name="datasets.describe_builtin")
def describe_builtin() -> None:
    actions.describe_builtin()
