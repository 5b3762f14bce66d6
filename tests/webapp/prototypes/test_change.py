"""PATCH and DELETE /api/v1/prototypes/{id}/"""

import pytest

from tests.webapp.conftest import assert_problem
from tests.webapp.prototypes.test_upload import named, small_onnx
from webapp.accounts.models import AuditEntry
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs.models import Run

URL = "/api/v1/prototypes/"


@pytest.fixture
def address(client) -> str:
    answer = client.post(URL, {"file": named(small_onnx(), "small.onnx")}, format="multipart")
    return f"{URL}{answer.json()['id']}/"


def test_rename(editor_client, address):
    assert editor_client.patch(address, {"name": "Mine"}).json()["name"] == "Mine"
    assert AuditEntry.objects.get(action="prototype.rename").details == {"was": "small", "name": "Mine"}


def test_a_bad_name(editor_client, address):
    assert_problem(editor_client.patch(address, {"name": ""}), 400, "invalid", "/name")


def test_delete_leaves_nothing(editor_client, address, stored_files, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert editor_client.delete(address).status_code == 204
    assert stored_files() == []
    assert_problem(editor_client.get(address), 404, "not_found")


def test_refused_while_an_active_run_uses_it(client, workspace, address):
    Run.objects.create(
        workspace=workspace,
        name="first try",
        dataset=Dataset.objects.get(workspace=workspace),
        prototype=Prototype.objects.get(source="onnx"),
        task="classification",
        requirements=[],
        objective={},
        time_budget_s=60,
    )
    assert_problem(client.delete(address), 409, "in_use")


def test_the_zoo_stays(client, workspace):
    prototype = Prototype.objects.filter(workspace=workspace, zoo="resnet8").get()
    assert_problem(client.delete(f"{URL}{prototype.pk}/"), 409, "builtin")


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_viewer_may_not(viewer_client, address, method):
    assert_problem(getattr(viewer_client, method)(address), 403, "forbidden")
