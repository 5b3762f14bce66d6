"""GET /api/v1/datasets/ and /api/v1/datasets/{id}/"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.webapp.conftest import assert_problem
from webapp.datasets.models import Dataset
from webapp.datasets.tasks import describe_builtin

URL = "/api/v1/datasets/"


def test_every_workspace_has_the_digits(viewer_client):
    body = viewer_client.get(URL).json()
    assert (body["next"], body["previous"]) == (None, None)
    (digits,) = body["results"]
    assert (digits["builtin"], digits["state"], digits["task"]) == ("digits", "ready", "classification")
    assert viewer_client.get(f"{URL}{digits['id']}/").json() == digits


def test_the_engine_describes_the_digits_once_for_all(client, outsider_client, settings):
    describe_builtin()
    (digits,) = client.get(URL).json()["results"]
    assert digits["report"]["ok"] and len(digits["report"]["classes"]) == 10
    assert digits["report"]["images"] == 1797
    settings.ENGINE_COMMAND = ["false"]  # a later workspace takes the report from an earlier one
    Dataset.objects.exclude(workspace__name="Vision").update(report=None)
    describe_builtin()
    (other,) = outsider_client.get(URL).json()["results"]
    assert other["report"] == digits["report"]


def test_pages_follow_their_cursor(client, workspace):
    for number in range(4):
        Dataset.objects.create(workspace=workspace, name=f"set {number}")
    first = client.get(URL, {"page_size": 3}).json()
    second = client.get(first["next"]).json()
    names = [each["name"] for each in first["results"] + second["results"]]
    assert names == ["set 3", "set 2", "set 1", "set 0", "Handwritten digits"]
    assert second["next"] is None


def test_filter_by_state(client, workspace):
    Dataset.objects.create(workspace=workspace, name="new")
    assert [each["name"] for each in client.get(URL, {"state": "checking"}).json()["results"]] == ["new"]
    assert_problem(client.get(URL, {"state": "lost"}), 400, "invalid", "/state")


def test_a_page_costs_the_same_number_of_queries_however_long(client, workspace):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        return len(captured)

    before = queries()
    for number in range(10):
        Dataset.objects.create(workspace=workspace, name=f"set {number}", created_by=None)
    assert queries() == before <= 4


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_another_workspaces_dataset_is_404(outsider_client, workspace, method):
    dataset = Dataset.objects.get(workspace=workspace)
    assert_problem(getattr(outsider_client, method)(f"{URL}{dataset.pk}/"), 404, "not_found")
    assert Dataset.objects.filter(pk=dataset.pk).exists()


def test_another_workspaces_datasets_are_not_listed(outsider_client, workspace):
    listed = {each["id"] for each in outsider_client.get(URL).json()["results"]}
    assert str(Dataset.objects.get(workspace=workspace).pk) not in listed


@pytest.mark.parametrize("name", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_id_is_404(client, name):
    assert_problem(client.get(f"{URL}{name}/"), 404, "not_found")


def test_nobody_signed_in(anonymous_client):
    assert_problem(anonymous_client.get(URL), 401, "not_authenticated")
