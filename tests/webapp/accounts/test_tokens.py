"""GET, POST /api/v1/tokens/ and DELETE /api/v1/tokens/{id}/, and what a bearer token may do."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from tests.webapp.conftest import assert_problem
from webapp.accounts.models import ApiToken, AuditEntry

URL = "/api/v1/tokens/"
DATASETS = "/api/v1/datasets/"


def test_create_shows_the_token_once(client, user):
    answer = client.post(URL, {"name": "laptop"})
    assert answer.status_code == 201
    body = answer.json()
    assert body["token"].startswith(body["prefix"])
    assert body["scopes"] == ["read", "write"]
    listed = client.get(URL).json()["results"]
    assert [entry["name"] for entry in listed] == ["laptop"]
    assert "token" not in listed[0]
    assert body["token"] not in str(ApiToken.objects.values())
    assert AuditEntry.objects.filter(action="token.create", user=user).exists()


def test_a_token_signs_in(client, workspace):
    token = client.post(URL, {"name": "laptop"}).json()["token"]
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert program.get(DATASETS).status_code == 200
    assert ApiToken.objects.get().last_used_at is not None


def test_unknown_token(anonymous_client):
    answer = anonymous_client.get(DATASETS, HTTP_AUTHORIZATION="Bearer ff_unknown")
    assert_problem(answer, 401, "invalid_token")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_expired_token(client):
    body = client.post(URL, {"name": "old", "expires_at": "2020-01-01T00:00:00Z"}).json()
    answer = APIClient().get(DATASETS, HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert_problem(answer, 401, "invalid_token")


def test_a_token_that_expires_later_works(client):
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    body = client.post(URL, {"name": "new", "expires_at": later}).json()
    answer = APIClient().get(DATASETS, HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert answer.status_code == 200


def test_token_of_an_inactive_user(token_client, editor):
    program = token_client()
    editor.is_active = False
    editor.save()
    assert_problem(program.get(DATASETS), 401, "invalid_token")


def test_a_read_token_can_not_write(token_client, workspace):
    program = token_client("read")
    dataset = program.get(DATASETS).json()["results"][0]
    body = assert_problem(program.patch(f"{DATASETS}{dataset['id']}/", {"name": "x"}), 403, "forbidden")
    assert "'write'" in body["detail"]


def test_a_write_token_can_not_read(token_client):
    assert_problem(token_client("write").get(DATASETS), 403, "forbidden")


def test_a_token_can_not_manage_tokens(token_client):
    program = token_client()
    assert_problem(program.get(URL), 403, "forbidden")
    assert_problem(program.post(URL, {"name": "another"}), 403, "forbidden")


def test_delete_ends_it(client):
    body = client.post(URL, {"name": "laptop"}).json()
    assert client.delete(f"{URL}{body['id']}/").status_code == 204
    answer = APIClient().get(DATASETS, HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert_problem(answer, 401, "invalid_token")


def test_anothers_token_is_404(client, outsider_client):
    body = client.post(URL, {"name": "laptop"}).json()
    assert_problem(outsider_client.delete(f"{URL}{body['id']}/"), 404, "not_found")
    assert outsider_client.get(URL).json()["results"] == []


def test_a_viewer_may_have_tokens(viewer_client):
    assert viewer_client.post(URL, {"name": "reader", "scopes": ["read"]}).status_code == 201


def test_unknown_scope(client):
    answer = client.post(URL, {"name": "laptop", "scopes": ["everything"]})
    assert_problem(answer, 400, "invalid", "/scopes/0")


def test_nobody_signed_in(anonymous_client):
    assert_problem(anonymous_client.get(URL), 401, "not_authenticated")
