"""Embedded mode: whoever sits at this machine is signed in, and nobody else."""

import pytest
from rest_framework.test import APIClient

from webapp.accounts.actions import ensure_demo_account

SESSION = "/api/v1/session/"


@pytest.fixture
def embedded(settings, db):
    settings.EMBEDDED = True
    settings.ALLOWED_HOSTS = ["*"]
    return ensure_demo_account()


def who(**request) -> str | None:
    user = APIClient().get(SESSION, **{"HTTP_HOST": "localhost:8000", **request}).json()["user"]
    return user and user["username"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
def test_loopback_is_signed_in(embedded, address, host):
    assert who(REMOTE_ADDR=address, HTTP_HOST=host) == "demo"


@pytest.mark.parametrize("address", ["192.168.1.7", "8.8.8.8", "", "unknown"])
def test_other_machines_are_not(embedded, address):
    assert who(REMOTE_ADDR=address) is None


def test_another_sites_name_for_loopback_is_not(embedded):
    assert who(HTTP_HOST="attacker.example:8000") is None


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"])
def test_a_forwarded_request_is_not(embedded, header):
    assert who(**{header: "8.8.8.8"}) is None


def test_nobody_is_outside_embedded_mode(embedded, settings):
    settings.EMBEDDED = False
    assert who() is None


def test_a_bad_token_is_not_made_good(embedded):
    answer = APIClient().get("/api/v1/datasets/", HTTP_HOST="localhost", HTTP_AUTHORIZATION="Bearer ff_wrong")
    assert answer.status_code == 401


def test_writes_take_a_csrf_token(embedded):
    """Else any page open in the same browser could write."""
    client = APIClient(enforce_csrf_checks=True)
    dataset = client.get("/api/v1/datasets/", HTTP_HOST="localhost").json()["results"][0]
    address = f"/api/v1/datasets/{dataset['id']}/"
    assert client.patch(address, {"name": "x"}, HTTP_HOST="localhost").status_code == 403
    token = client.get(SESSION, HTTP_HOST="localhost").json()["csrf_token"]
    answer = client.patch(address, {"name": "x"}, HTTP_HOST="localhost", HTTP_X_CSRFTOKEN=token)
    assert answer.status_code == 200


def test_requests_without_cookies_leave_no_session_rows(embedded):
    from django.contrib.sessions.models import Session

    who()
    assert not Session.objects.exists()
