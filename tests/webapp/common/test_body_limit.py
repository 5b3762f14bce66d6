"""A body that is too large is refused before it is kept."""

import json

import pytest
from asgiref.testing import ApplicationCommunicator

from webapp.common.body_limit import BodyLimit


async def accepts(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def post(**headers: str) -> tuple[int, dict]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/datasets/", "headers": raw}
    server = ApplicationCommunicator(BodyLimit(accepts), scope)
    start, body = await server.receive_output(), await server.receive_output()
    return start["status"], json.loads(body["body"])


@pytest.fixture(autouse=True)
def one_megabyte(settings):
    settings.UPLOAD_MAX_BYTES = 2**20


async def test_within_the_limit():
    assert (await post(content_length="1000000"))[0] == 200
    assert (await post())[0] == 200


async def test_above_the_limit():
    status, body = await post(content_length="2000000")
    assert (status, body["code"]) == (413, "too_large")


async def test_of_undeclared_length():
    status, body = await post(transfer_encoding="chunked")
    assert (status, body["code"]) == (411, "length_required")
