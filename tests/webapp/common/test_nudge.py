"""Messages to the workers: sent after the commit, and again for what was missed."""

import json
from datetime import timedelta

import pytest
import redis
from django.db import transaction
from django.utils import timezone

from webapp.common import nudge
from webapp.common.tasks import resume_checks
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs.models import TargetDevice


@pytest.fixture
def queued(valkey):
    """``queued()``: names and arguments of the tasks waiting in the queue `work`."""
    broker = redis.Redis.from_url(valkey)

    def read() -> list[tuple[str, str]]:
        headers = [json.loads(message)["headers"] for message in broker.lrange("work", 0, -1)]
        return sorted((header["task"], header["argsrepr"]) for header in headers)

    return read


@pytest.mark.django_db(transaction=True)
def test_a_message_follows_the_commit(queued):
    with transaction.atomic():
        nudge.on_commit("datasets.check", "7")
        assert queued() == []
    assert queued() == [("datasets.check", "('7',)")]


@pytest.mark.django_db(transaction=True)
def test_no_message_follows_a_rollback(queued):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        nudge.on_commit("datasets.check", "7")
        1 / 0  # noqa: B018
    assert queued() == []


def test_what_was_missed_is_asked_for_again(workspace, queued, settings):
    now = timezone.now()
    long_ago = now - timedelta(seconds=settings.CHECK_TIMEOUT_S + 120)
    Prototype.objects.update(report={})
    Dataset.objects.update(report={})
    TargetDevice.objects.create(name="cpu", title="CPU", place=0, described_at=now)
    fresh = Dataset.objects.create(workspace=workspace, name="fresh")
    lost = Dataset.objects.create(workspace=workspace, name="its message was lost")
    Dataset.objects.filter(pk=lost.pk).update(created_at=now - timedelta(minutes=5))
    Dataset.objects.create(workspace=workspace, name="being checked", check_started_at=now)
    orphan = Prototype.objects.create(
        workspace=workspace, name="its worker died", source="onnx", check_started_at=long_ago
    )
    resume_checks()
    assert queued() == [
        ("datasets.check", f"('{lost.pk}',)"),
        ("prototypes.check", f"('{orphan.pk}',)"),
    ]
    assert str(fresh.pk) not in str(queued())


def test_undescribed_built_ins_are_asked_for_again(workspace, queued):
    resume_checks()
    assert queued() == [
        ("datasets.describe_builtin", "()"),
        ("prototypes.describe_zoo", "()"),
        ("runs.describe_devices", "()"),
    ]
