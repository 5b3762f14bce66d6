"""DELETE /api/v1/datasets/{id}/"""

import pytest

from tests.webapp.conftest import assert_problem, image_zip
from webapp.accounts.models import AuditEntry
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs.models import Run

URL = "/api/v1/datasets/"


@pytest.fixture
def uploaded(client):
    """Two datasets of the same bytes."""
    return [
        client.post(URL, {"file": image_zip({"cat": 10, "dog": 10})}, format="multipart").json()["id"] for _ in range(2)
    ]


def test_the_bytes_go_with_the_last_that_means_them(
    editor_client, uploaded, stored_files, django_capture_on_commit_callbacks
):
    for dataset, left in zip(uploaded, (1, 0), strict=True):
        with django_capture_on_commit_callbacks(execute=True):
            assert editor_client.delete(f"{URL}{dataset}/").status_code == 204
        assert len(stored_files()) == left
    assert editor_client.get(f"{URL}{uploaded[0]}/").status_code == 404
    assert AuditEntry.objects.filter(action="dataset.delete").count() == 2


def test_refused_while_an_active_run_uses_it(client, workspace, uploaded):
    Run.objects.create(
        workspace=workspace,
        name="first try",
        dataset=Dataset.objects.get(pk=uploaded[0]),
        prototype=Prototype.objects.get(workspace=workspace, zoo="resnet8"),
        task="classification",
        requirements=[],
        objective={},
        time_budget_s=60,
    )
    body = assert_problem(client.delete(f"{URL}{uploaded[0]}/"), 409, "in_use")
    assert "'first try'" in body["detail"]
    assert client.delete(f"{URL}{uploaded[1]}/").status_code == 204


def test_the_builtin_stays(client, workspace):
    dataset = Dataset.objects.get(workspace=workspace)
    assert_problem(client.delete(f"{URL}{dataset.pk}/"), 409, "builtin")


def test_a_viewer_may_not(viewer_client, uploaded):
    assert_problem(viewer_client.delete(f"{URL}{uploaded[0]}/"), 403, "forbidden")
