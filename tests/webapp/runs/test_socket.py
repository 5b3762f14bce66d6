"""The socket /ws/runs/{id}/?after=N"""

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.db import connections, transaction

from webapp.accounts.actions import create_token
from webapp.accounts.models import Membership
from webapp.asgi import application
from webapp.runs import consumers, events
from webapp.runs.events import Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@sync_to_async
def append(run, *ks: int) -> None:
    try:
        with transaction.atomic():
            events.append(events.locked(run.pk), [Entry("insight", {"k": k}, float(k)) for k in ks])
    finally:
        connections.close_all()


class Socket(ApplicationCommunicator):
    """A client of a run's socket, as the server's own protocol meets the application."""

    def __init__(self, run, client=None, *, after: str = "0", token: str | None = None) -> None:
        headers = [(b"host", b"localhost")]
        if client is not None:
            headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
        if token is not None:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        scope = {
            "type": "websocket",
            "path": f"/ws/runs/{run.pk}/",
            "query_string": f"after={after}".encode(),
            "headers": headers,
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def __aenter__(self) -> "Socket":
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(timeout=10))["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *exception) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=10)

    async def frame(self) -> dict:
        sent = await self.receive_output(timeout=10)
        assert sent["type"] == "websocket.send", sent
        return json.loads(sent["text"])

    async def seqs(self, count: int) -> list[int]:
        """The numbers of the next events."""
        return [(await self.frame())["event"]["seq"] for _ in range(count)]

    async def close_code(self) -> int:
        sent = await self.receive_output(timeout=10)
        assert sent["type"] == "websocket.close", sent
        return sent["code"]


async def test_hello_then_the_log_then_what_comes(run, client):
    async with Socket(run, client) as socket:
        assert await socket.frame() == {"type": "hello", "last_seq": 1}
        first = await socket.frame()
        assert first["type"] == "event"
        assert set(first["event"]) == {"seq", "type", "t", "payload", "created_at"}
        await append(run, 1, 2)
        assert await socket.seqs(2) == [2, 3]


async def test_only_what_came_after_is_sent(run, client):
    await append(run, *range(10))
    async with Socket(run, client, after="8") as socket:
        assert (await socket.frame())["last_seq"] == 11
        assert await socket.seqs(3) == [9, 10, 11]


async def test_no_gap_and_no_double_while_many_write(run, client, monkeypatch):
    monkeypatch.setattr(consumers, "PAGE", 7)

    async def write(writer: int) -> None:
        for k in range(10):
            await append(run, *([k] * (1 + writer)))

    writers = [asyncio.create_task(write(n)) for n in range(3)]
    async with Socket(run, client) as early:
        await append(run, 0)
        async with Socket(run, client, after="5") as late:
            await asyncio.gather(*writers)
            await early.frame()
            await late.frame()
            assert await early.seqs(62) == list(range(1, 63))
            assert await late.seqs(57) == list(range(6, 63))
            assert await early.receive_nothing(0.1) and await late.receive_nothing(0.1)


async def test_a_lost_hint_loses_nothing(run, client, monkeypatch):
    monkeypatch.setattr(events, "hint_on_commit", lambda run_id: None)
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.1)
    async with Socket(run, client, after="1") as socket:
        await socket.frame()
        await append(run, 1)
        assert await socket.seqs(1) == [2]


async def test_a_token_opens_it_too(run, user):
    _, token = await sync_to_async(create_token)(user=user, name="test")
    async with Socket(run, token=token) as socket:
        assert (await socket.frame())["type"] == "hello"


async def test_another_workspaces_run_is_closed_with_4404(run, outsider_client):
    async with Socket(run, outsider_client) as socket:
        assert await socket.close_code() == 4404


async def test_nobody_is_closed_with_4401(run):
    async with Socket(run) as socket:
        assert await socket.close_code() == 4401
    async with Socket(run, token="ff_unknown") as socket:
        assert await socket.close_code() == 4401


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30])
async def test_an_odd_number_is_closed_with_4400(run, client, after):
    async with Socket(run, client, after=after) as socket:
        assert await socket.close_code() == 4400


async def test_who_leaves_the_workspace_stops_seeing(run, client, user, monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.1)
    async with Socket(run, client, after="1") as socket:
        await socket.frame()
        await Membership.objects.filter(user=user).adelete()
        assert await socket.close_code() == 4404
