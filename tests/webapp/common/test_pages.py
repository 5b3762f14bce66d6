"""Health, the single page app, the security policy, and addresses that nothing is at."""

import pytest

from tests.webapp.conftest import assert_problem


@pytest.fixture
def build(settings, tmp_path):
    """A built frontend."""
    (tmp_path / "index.html").write_text("<!doctype html><title>FermiForge</title>")
    settings.FRONTEND_DIST = tmp_path


def test_healthz(anonymous_client):
    answer = anonymous_client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("address", ["/", "/runs", "/runs/7/networks", "/datasets/"])
def test_every_other_address_is_the_apps(anonymous_client, build, address):
    answer = anonymous_client.get(address)
    assert answer.status_code == 200
    assert "<title>FermiForge</title>" in answer.content.decode()
    assert "no-cache" in answer["Cache-Control"]


def test_pages_carry_a_strict_policy(anonymous_client, build):
    policy = dict(part.split(" ", 1) for part in anonymous_client.get("/")["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


def test_a_missing_build_says_what_to_run(anonymous_client, settings, tmp_path):
    settings.FRONTEND_DIST = tmp_path / "missing"
    answer = anonymous_client.get("/")
    assert answer.status_code == 503
    assert "make run" in answer.content.decode()


@pytest.mark.parametrize("address", ["/api/", "/api/v1/nothing/", "/api/v2/runs/", "/static/nothing.js", "/ws/x"])
def test_an_unknown_address_below_a_reserved_one(anonymous_client, build, address):
    assert_problem(anonymous_client.get(address), 404, "not_found")


def test_the_app_only_answers_reads(anonymous_client, build):
    assert anonymous_client.post("/runs").status_code == 405


def test_malformed_json(client):
    answer = client.post("/api/v1/tokens/", "{", content_type="application/json")
    assert_problem(answer, 400, "parse_error")


def test_an_unsupported_type(client):
    answer = client.post("/api/v1/tokens/", "name=x", content_type="text/plain")
    assert_problem(answer, 415, "unsupported_media_type")


def test_the_api_documents_itself_without_other_sites(anonymous_client):
    page = anonymous_client.get("/api/v1/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/static/drf_spectacular_sidecar/" in text
    assert "https://" not in text
    assert "<script>" not in text
    script = anonymous_client.get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")
    assert script.status_code == 200


def test_the_admin_asks_who_you_are(anonymous_client):
    assert anonymous_client.get("/admin/").status_code == 302
