"""GET /api/v1/schema/"""

import json

import pytest
from openapi_spec_validator import validate


@pytest.fixture
def schema(anonymous_client) -> dict:
    answer = anonymous_client.get("/api/v1/schema/", HTTP_ACCEPT="application/json")
    return json.loads(answer.content)


def test_it_is_valid_openapi(schema):
    assert schema["openapi"].startswith("3.")
    validate(schema)


def test_every_operation_documents_its_refusals(schema):
    for address, operations in schema["paths"].items():
        for method, operation in operations.items():
            if method in {"get", "post", "patch", "put", "delete"}:
                assert "application/problem+json" in operation["responses"]["default"]["content"], address


def test_what_the_browser_relies_on_is_there(schema):
    assert {
        "/api/v1/session/",
        "/api/v1/tokens/",
        "/api/v1/tokens/{id}/",
        "/api/v1/datasets/",
        "/api/v1/datasets/{id}/",
        "/api/v1/prototypes/",
        "/api/v1/prototypes/{id}/",
        "/api/v1/devices/",
        "/api/v1/networks/{id}/predictions/",
    } <= set(schema["paths"])
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "cookieAuth"}


def test_nothing_is_guessed(capfd):
    """drf-spectacular warns where it has to guess a shape."""
    from django.core.management import call_command

    call_command("spectacular", fail_on_warn=True, file="/dev/null")
