"""The whole group on this machine: it answers, its web process stays light, and it stops without a trace."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from webapp.embedded import broker
from webapp.embedded.handle import GroupHandle
from webapp.embedded.pages import get, page_answers

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"valkey-server": 1, "uvicorn": 1, "worker": 2, "beat": 1}


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    with GroupHandle(tmp_path_factory.mktemp("group")) as group:
        yield group


def members(group: GroupHandle) -> list[psutil.Process]:
    return psutil.Process(group.process.pid).children(recursive=True)


def members_named(group: GroupHandle, word: str) -> list[psutil.Process]:
    return [process for process in members(group) if any(word in part for part in process.cmdline())]


def test_every_service_runs(group):
    assert {name: len(members_named(group, name)) for name in SERVICES} == SERVICES


def test_page_answers_and_its_visitor_is_signed_in(group):
    assert page_answers(group.address)
    assert b'"username":"demo"' in get(f"{group.address}/api/v1/session/").replace(b" ", b"")


def test_web_process_holds_no_torch(group):
    (web,) = members_named(group, "uvicorn")
    mapped = {Path(library.path).name for library in web.memory_maps()}
    assert not [name for name in mapped if "torch" in name or "onnxruntime" in name]
    assert any("python" in name for name in mapped), "the maps could not be read"


def test_secrets_are_for_their_owner_alone(group):
    assert (group.var / "secret_key").stat().st_mode & 0o777 == 0o600
    for process in members(group):
        assert not any("requirepass" in part for part in process.cmdline())


def test_second_group_on_the_same_folder_is_refused(group):
    with pytest.raises(RuntimeError, match=rf"FermiForge already runs on {group.var}, at 127.0.0.1:\d+ as process"):
        GroupHandle(group.var).__enter__()


def test_unreachable_broker_is_named(tmp_path):
    address = f"redis://127.0.0.1:{broker.free_port()}/0"
    with pytest.raises(RuntimeError, match=f"Nothing answers at REDIS_URL {address}: start that server"):
        GroupHandle(tmp_path, {"REDIS_URL": address}).__enter__()


def test_stop_leaves_no_process(tmp_path):
    with GroupHandle(tmp_path) as group:
        before = members(group)
        assert len(before) == sum(SERVICES.values())
    assert group.process.returncode == 0
    assert not [process for process in before if process.is_running()]


def test_web_process_answers_soon(group, record_testsuite_property):
    """From nothing to the first answer; the bound is generous, since the machine may be busy."""
    port = broker.free_port()
    environment = psutil.Process(members_named(group, "uvicorn")[0].pid).environ()
    started = time.monotonic()
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "webapp.asgi:application",
            "--port",
            str(port),
            "--lifespan",
            "off",
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as web:
        for line in web.stdout:
            if "Uvicorn running" in line:
                break
        assert get(f"http://127.0.0.1:{port}/healthz") == b'{"status": "ok"}'
        took = time.monotonic() - started
        web.terminate()
    record_testsuite_property("web process, seconds to the first answer", f"{took:.2f}")
    assert took < 20
