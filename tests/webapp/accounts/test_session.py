"""GET, POST, DELETE /api/v1/session/"""

import pytest
from rest_framework.test import APIClient

from tests.webapp.conftest import assert_problem
from webapp.accounts.actions import create_workspace

URL = "/api/v1/session/"


def test_says_who_is_signed_in_and_where(client, workspace, user, settings):
    body = client.get(URL).json()
    assert body["user"] == {"id": str(user.pk), "username": "ada", "email": "ada@example.org"}
    assert body["workspaces"] == [{"id": str(workspace.pk), "name": "Vision", "role": "admin"}]
    assert body["workspace"] == str(workspace.pk)
    assert body["embedded"] is False
    assert body["csrf_token"]
    assert body["limits"]["upload_bytes"] == settings.UPLOAD_MAX_BYTES


def test_nobody_signed_in(anonymous_client):
    body = anonymous_client.get(URL).json()
    assert (body["user"], body["workspaces"], body["workspace"]) == (None, [], None)


def test_sign_in_and_out(anonymous_client, workspace):
    answer = anonymous_client.post(URL, {"username": "ada", "password": "correct horse"})
    assert answer.status_code == 200
    assert answer.json()["user"]["username"] == "ada"
    assert answer.json()["workspace"] == str(workspace.pk)
    assert anonymous_client.get(URL).json()["user"]["username"] == "ada"
    assert anonymous_client.delete(URL).status_code == 204
    assert anonymous_client.get(URL).json()["user"] is None


def test_wrong_password(anonymous_client, user):
    answer = anonymous_client.post(URL, {"username": "ada", "password": "wrong"})
    assert_problem(answer, 400, "wrong_credentials", "/password")


def test_missing_fields_are_each_named(anonymous_client):
    body = assert_problem(anonymous_client.post(URL, {}), 400, "invalid", "/username")
    assert [error["pointer"] for error in body["errors"]] == ["/username", "/password"]


def test_sign_in_takes_a_csrf_token(user):
    client = APIClient(enforce_csrf_checks=True)
    credentials = {"username": "ada", "password": "correct horse"}
    assert_problem(client.post(URL, credentials), 403, "forbidden")
    token = client.get(URL).json()["csrf_token"]
    assert client.post(URL, credentials, HTTP_X_CSRFTOKEN=token).status_code == 200


def test_guessing_is_slowed_down(anonymous_client, user):
    for _ in range(20):
        anonymous_client.post(URL, {"username": "ada", "password": "wrong"})
    answer = anonymous_client.post(URL, {"username": "ada", "password": "correct horse"})
    assert_problem(answer, 429, "throttled")
    assert int(answer["Retry-After"]) > 0


def test_the_header_chooses_the_workspace(client, user, workspace):
    second = create_workspace(name="Second", owner=user)
    body = client.get(URL, HTTP_X_WORKSPACE=str(second.pk)).json()
    assert body["workspace"] == str(second.pk)
    assert [each["name"] for each in body["workspaces"]] == ["Vision", "Second"]


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_workspace_is_404(client, wanted):
    answer = client.get("/api/v1/datasets/", HTTP_X_WORKSPACE=wanted)
    assert_problem(answer, 404, "workspace_not_found")


def test_another_workspace_is_404(client, outsider):
    elsewhere = outsider.workspaces.get()
    answer = client.get("/api/v1/datasets/", HTTP_X_WORKSPACE=str(elsewhere.pk))
    assert_problem(answer, 404, "workspace_not_found")


def test_a_session_survives_a_stale_workspace_header(client, workspace):
    """A browser that remembers a workspace it was removed from must still learn where it may go."""
    body = client.get(URL, HTTP_X_WORKSPACE="00000000-0000-4000-8000-000000000000").json()
    assert body["workspace"] == str(workspace.pk)
