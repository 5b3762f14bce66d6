"""PATCH /api/v1/datasets/{id}/"""

import pytest

from tests.webapp.conftest import assert_problem
from webapp.accounts.models import AuditEntry
from webapp.datasets.models import Dataset


@pytest.fixture
def address(workspace) -> str:
    return f"/api/v1/datasets/{Dataset.objects.get(workspace=workspace).pk}/"


def test_rename(editor_client, address):
    answer = editor_client.patch(address, {"name": "Numerals"})
    assert answer.status_code == 200
    assert answer.json()["name"] == "Numerals"
    assert editor_client.get(address).json()["name"] == "Numerals"
    audit = AuditEntry.objects.get(action="dataset.rename")
    assert audit.details == {"was": "Handwritten digits", "name": "Numerals"}


@pytest.mark.parametrize("name", ["", "   ", None, "x" * 101, ["list"]])
def test_a_bad_name(editor_client, address, name):
    assert_problem(editor_client.patch(address, {"name": name}), 400, "invalid", "/name")


def test_nothing_else_changes(editor_client, address):
    body = editor_client.patch(address, {"name": "Numerals", "state": "rejected", "builtin": None}).json()
    assert (body["state"], body["builtin"]) == ("ready", "digits")


def test_a_viewer_may_not(viewer_client, address):
    assert_problem(viewer_client.patch(address, {"name": "Numerals"}), 403, "forbidden")


def test_put_is_not_offered(client, address):
    assert_problem(client.put(address, {"name": "Numerals"}), 405, "method_not_allowed")
