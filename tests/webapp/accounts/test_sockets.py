"""Who a socket belongs to."""

import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.generic.websocket import AsyncWebsocketConsumer
from django.test import Client

from webapp.accounts.actions import create_token, ensure_demo_account
from webapp.accounts.sockets import SocketIdentity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


class WhoAmI(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept()
        await self.send(json.dumps({"user": self.scope["user"].username}))


async def who(headers: dict[str, str], address: str = "8.8.8.8") -> str | None:
    """The user's name, "" for nobody, None when the socket is refused."""
    scope = {
        "type": "websocket",
        "path": "/ws/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": [address, 1234],
    }
    socket = ApplicationCommunicator(SocketIdentity(WhoAmI.as_asgi()), scope)
    await socket.send_input({"type": "websocket.connect"})
    if (await socket.receive_output())["type"] == "websocket.close":
        return None
    name = json.loads((await socket.receive_output())["text"])["user"]
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
    return name


def session_cookie(user) -> str:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


async def test_the_sessions_user(user):
    cookie = await sync_to_async(session_cookie)(user)
    assert await who({"cookie": cookie, "origin": "http://localhost:8000"}) == "ada"


async def test_another_sites_page_is_refused(user):
    cookie = await sync_to_async(session_cookie)(user)
    assert await who({"cookie": cookie, "origin": "https://attacker.example"}) is None


async def test_a_token(user):
    _, token = await sync_to_async(create_token)(user=user, name="socket")
    assert await who({"authorization": f"Bearer {token}"}) == "ada"


async def test_a_token_without_the_scope(user):
    _, token = await sync_to_async(create_token)(user=user, name="socket", scopes=["write"])
    assert await who({"authorization": f"Bearer {token}"}) == ""


async def test_a_wrong_token():
    assert await who({"authorization": "Bearer ff_wrong"}) == ""


async def test_nobody():
    assert await who({}) == ""


async def test_embedded_loopback(settings):
    settings.EMBEDDED = True
    await sync_to_async(ensure_demo_account)()
    local = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    assert await who(local, address="127.0.0.1") == "demo"
    assert await who(local, address="10.0.0.5") == ""
    assert await who({"host": "attacker.example"}, address="127.0.0.1") == ""
