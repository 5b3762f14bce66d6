"""GET /api/v1/prototypes/ and /api/v1/prototypes/{id}/, and the zoo."""

import json

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engine.prototypes import ZOO as ENGINES_ZOO
from tests.webapp.conftest import assert_problem
from webapp.prototypes.actions import ZOO
from webapp.prototypes.models import Prototype
from webapp.prototypes.tasks import describe_zoo

URL = "/api/v1/prototypes/"


def test_every_workspace_has_the_zoo(viewer_client):
    results = viewer_client.get(URL).json()["results"]
    assert {each["zoo"]: each["task"] for each in results} == {entry.name: entry.task for entry in ENGINES_ZOO}
    assert {(each["source"], each["state"]) for each in results} == {("zoo", "ready")}
    assert viewer_client.get(f"{URL}{results[0]['id']}/").json() == results[0]


def test_it_is_called_as_the_engine_calls_it():
    assert {entry.name: (entry.title, entry.task) for entry in ENGINES_ZOO} == ZOO


@pytest.mark.slow
def test_the_engine_describes_the_zoo_once_for_all(client, outsider_client, settings):
    some = ("resnet8", "resnet20", "detectnet-small")
    for zoo in some:
        describe_zoo(zoo)
    results = {each["zoo"]: each for each in client.get(URL).json()["results"]}
    assert results["resnet8"]["params"] < results["resnet20"]["params"]
    for each in (results[zoo] for zoo in some):
        assert each["macs"] > 0
        assert len(each["input"]) == 3
        assert each["report"]["groups"]
    assert (results["resnet8"]["classes"], results["detectnet-small"]["classes"]) == (10, None)
    settings.ENGINE_COMMAND = ["false"]  # a later workspace takes the figures from an earlier one
    Prototype.objects.exclude(workspace__name="Vision").update(report=None, params=None)
    for zoo in some:
        describe_zoo(zoo)
    others = {each["zoo"]: each for each in outsider_client.get(URL).json()["results"]}
    assert others["resnet8"]["params"] == results["resnet8"]["params"]


def test_each_is_described_in_a_turn_of_its_own(workspace, settings, valkey):
    """So a check that is asked for meanwhile waits for one of them at most; one that fails holds up no other."""
    settings.ENGINE_COMMAND = ["false"]
    first, second, third = list(ZOO)[:3]
    Prototype.objects.filter(zoo=second).update(report={})
    describe_zoo()
    (message,) = redis.Redis.from_url(valkey).lrange("work", 0, -1)
    assert json.loads(message)["headers"]["argsrepr"] == f"('{third}',)"


def test_filter_by_source(client, workspace):
    Prototype.objects.create(workspace=workspace, name="mine", source="onnx")
    listed = client.get(URL, {"source": "onnx"}).json()["results"]
    assert [each["name"] for each in listed] == ["mine"]


def test_a_page_costs_the_same_number_of_queries_however_long(client, workspace):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        return len(captured)

    before = queries()
    for number in range(10):
        Prototype.objects.create(workspace=workspace, name=f"net {number}", source="onnx")
    assert queries() == before <= 4


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_another_workspaces_prototype_is_404(outsider_client, workspace, method):
    prototype = Prototype.objects.filter(workspace=workspace).first()
    assert_problem(getattr(outsider_client, method)(f"{URL}{prototype.pk}/"), 404, "not_found")


def test_nobody_signed_in(anonymous_client):
    assert_problem(anonymous_client.get(URL), 401, "not_authenticated")
