"""GET /devices/, and requirements that name one of them."""

from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from tests.webapp.conftest import assert_problem
from webapp.runs.devices import resume_devices
from webapp.runs.models import Run, TargetDevice
from webapp.runs.tasks import describe_devices

pytestmark = pytest.mark.django_db
URL = "/api/v1/devices/"
RUNS = "/api/v1/runs/"


@pytest.fixture
def described(scripted):
    """The engine has told that latency can be measured here, energy can't, and a Jetson is known."""
    describe_devices()


def limit(metric: str, device: str | None = None) -> dict:
    return {"metric": metric, "op": "<=", "value": 2.5, **({"device": device} if device else {})}


def test_they_are_what_the_engine_lists_this_machine_first(viewer_client, described):
    here, jetson = viewer_client.get(URL).json()["results"]
    assert (here["name"], here["latency_ms"], here["energy_mj"]) == ("cpu", "measured", "unavailable")
    assert here["reason"] == "No counter may be read here." and here["figures"] == {}
    assert (jetson["name"], jetson["title"]) == ("jetson-tx2", "NVIDIA Jetson TX2, 8 GB")
    assert (jetson["latency_ms"], jetson["energy_mj"], jetson["reason"]) == ("estimated", "estimated", "")
    assert jetson["figures"]["peak_w"] == 15 and jetson["figures"]["sources"][0]["document"] == "Data sheet"


def test_one_that_is_no_longer_there_goes(client, described):
    TargetDevice.objects.create(name="gone", title="Gone", place=9, described_at=timezone.now())
    describe_devices()
    assert [row["name"] for row in client.get(URL).json()["results"]] == ["cpu", "jetson-tx2"]


def test_those_known_stay_where_the_engine_fails(client, described, scripted):
    scripted("crashes")
    describe_devices()
    assert len(client.get(URL).json()["results"]) == 2


def test_nobody_may_read_them(anonymous_client):
    assert_problem(anonymous_client.get(URL), 401, "not_authenticated")


def test_a_run_keeps_the_devices_it_names(client, body, described):
    body["requirements"] = [
        *body["requirements"],
        limit("latency_ms"),
        limit("latency_ms", "jetson-tx2"),
        limit("energy_mj", "jetson-tx2"),
    ]
    run = client.post(RUNS, body).json()
    assert run["requirements"] == body["requirements"]
    assert Run.objects.get(pk=run["id"]).requirements == body["requirements"]


@pytest.mark.parametrize("first", [None, "cpu"])
def test_a_metric_given_twice_on_a_device_is_named(client, body, described, first):
    body["requirements"] = [limit("latency_ms", first), limit("latency_ms", "jetson-tx2"), limit("latency_ms", "cpu")]
    problem = assert_problem(client.post(RUNS, body), 400, "duplicate", "/requirements/2/metric")
    assert "on cpu" in problem["detail"]


def test_a_device_that_is_not_known_is_refused_with_those_that_are(client, body, described):
    body["requirements"] = [limit("energy_mj", "toaster")]
    problem = assert_problem(client.post(RUNS, body), 400, "device_unavailable", "/requirements/0/device")
    assert problem["detail"].endswith("use one of jetson-tx2.")


def test_what_cannot_be_measured_here_is_refused_with_the_reason(client, body, described):
    body["requirements"] = [limit("energy_mj")]
    problem = assert_problem(client.post(RUNS, body), 400, "device_unavailable", "/requirements/0/device")
    assert "No counter may be read here." in problem["detail"]


def test_before_the_engine_was_asked_it_decides_alone(client, body):
    body["requirements"] = [limit("energy_mj", "my-board")]
    assert client.post(RUNS, body).status_code == 201


def test_they_are_asked_for_again_after_an_hour(valkey, described):
    assert not queued(valkey)
    resume_devices()
    assert not queued(valkey)
    TargetDevice.objects.update(described_at=timezone.now() - timedelta(minutes=61))
    resume_devices()
    assert queued(valkey) == 1


def queued(valkey: str) -> int:
    return redis.Redis.from_url(valkey).llen("work")
