"""POST /runs/"""

import threading

import pytest

from tests.webapp.conftest import assert_problem, client_of
from webapp.accounts.models import AuditEntry
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db
URL = "/api/v1/runs/"


def test_a_run_is_created_and_queued(client, body, prototype, dataset, user):
    response = client.post(URL, {**body, "name": "First", "seed": 7})
    assert response.status_code == 201
    run = response.json()
    assert (run["name"], run["state"], run["seed"], run["actions"]) == ("First", "QUEUED", 7, ["cancel"])
    assert run["prototype"] == {"id": str(prototype.pk), "name": prototype.name}
    assert run["dataset"] == {"id": str(dataset.pk), "name": dataset.name}
    assert run["objective"] == {"name": "netscore", "alpha": 2.0, "beta": 0.5, "gamma": 0.5}
    assert (run["target_yield"], run["confidence"], run["elapsed_s"]) == (0.95, 0.95, 0)
    assert (run["task"], run["metric"]) == ("classification", "accuracy")
    assert AuditEntry.objects.get(action="run.create").user == user


def test_what_is_left_out_has_its_default(client, body):
    del body["time_budget_s"]
    run = client.post(URL, body).json()
    assert (run["time_budget_s"], run["max_cycles"], run["seed"]) == (120, None, 0)
    assert run["name"].endswith("on Handwritten digits")


def test_max_cycles_alone_can_end_a_run(client, body):
    response = client.post(URL, {**body, "time_budget_s": None, "max_cycles": 3})
    assert response.status_code == 201
    assert_problem(client.post(URL, {**body, "time_budget_s": None}), 400, "endless", "/time_budget_s")


def test_the_same_key_and_request_is_the_same_run(client, body):
    first = client.post(URL, body, headers={"Idempotency-Key": "k1"})
    again = client.post(URL, body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Run.objects.count() == 1


def test_the_same_key_with_another_request_is_refused(client, body):
    client.post(URL, body, headers={"Idempotency-Key": "k1"})
    response = client.post(URL, {**body, "seed": 1}, headers={"Idempotency-Key": "k1"})
    assert_problem(response, 409, "idempotency_key_reused")


@pytest.mark.django_db(transaction=True)
def test_so_is_the_same_request_sent_twice_at_once(user, body, background):
    line = threading.Barrier(4)

    def send():
        client = client_of(user)
        line.wait()
        return client.post(URL, body, headers={"Idempotency-Key": "k1"})

    answers = [future.result(60) for future in [background(send) for _ in range(4)]]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_another_workspace_may_use_the_same_key(client, outsider_client, outsider, body):
    client.post(URL, body, headers={"Idempotency-Key": "k1"})
    theirs = Dataset.objects.visible_to(outsider).get()
    prototype = Prototype.objects.visible_to(outsider).get(zoo="resnet8")
    other = {**body, "dataset": str(theirs.pk), "prototype": str(prototype.pk)}
    assert outsider_client.post(URL, other, headers={"Idempotency-Key": "k1"}).status_code == 201


@pytest.mark.parametrize(
    ("requirement", "code", "field"),
    [
        ({"metric": "accuracy", "op": ">=", "value": 1.01}, "out_of_range", "value"),
        ({"metric": "accuracy", "op": ">=", "value": 0}, "out_of_range", "value"),
        ({"metric": "params", "op": "<=", "value": 0}, "out_of_range", "value"),
        ({"metric": "params", "op": "<=", "value": -5}, "out_of_range", "value"),
        ({"metric": "macs", "op": "<=", "value": 0.5}, "out_of_range", "value"),
        ({"metric": "latency_ms", "op": "<=", "value": 0}, "out_of_range", "value"),
        ({"metric": "beauty", "op": ">=", "value": 0.5}, "unknown_metric", "metric"),
        ({"metric": "accuracy", "op": "<=", "value": 0.5}, "wrong_op", "op"),
        ({"metric": "params", "op": ">=", "value": 5}, "wrong_op", "op"),
        ({"metric": "accuracy", "op": "==", "value": 0.5}, "wrong_op", "op"),
        ({"metric": "map50", "op": ">=", "value": 0.5}, "task_mismatch", "metric"),
        ({"metric": "activation_mb", "op": "<=", "value": -1}, "out_of_range", "value"),
        ({"metric": "params", "op": "<=", "value": 5, "device": "cpu"}, "needless_device", "device"),
        ({"metric": "accuracy", "op": ">=", "value": 0.9, "device": "cpu"}, "needless_device", "device"),
    ],
)
def test_a_requirement_that_no_network_can_be_held_to_is_named(client, body, requirement, code, field):
    body["requirements"] = [requirement]
    problem = assert_problem(client.post(URL, body), 400, code, f"/requirements/0/{field}")
    assert f"requirements/0/{field}" in problem["detail"] and problem["detail"].endswith(".")
    assert not Run.objects.exists()


def test_a_metric_given_twice_is_named(client, body):
    one = {"metric": "accuracy", "op": ">=", "value": 0.9}
    body["requirements"] = [one, {"metric": "params", "op": "<=", "value": 1000}, {**one, "value": 0.95}]
    assert_problem(client.post(URL, body), 400, "duplicate", "/requirements/2/metric")


def test_at_least_one_requirement_is_needed(client, body):
    assert_problem(client.post(URL, {**body, "requirements": []}), 400, "required", "/requirements")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_budget_s", 0),
        ("time_budget_s", 8 * 24 * 3600),
        ("max_cycles", 0),
        ("max_cycles", 100_000),
        ("seed", -1),
        ("target_yield", 1.0),
        ("target_yield", 0),
        ("confidence", 0.49),
        ("confidence", 1),
        ("requirements", "accuracy"),
        ("prototype", "resnet8"),
    ],
)
def test_a_value_out_of_bounds_is_named(client, body, field, value):
    assert_problem(client.post(URL, {**body, field: value}), 400, "invalid", f"/{field}")


def test_a_requirement_whose_value_is_no_number_is_named(client, body):
    body["requirements"] = [{"metric": "accuracy", "op": ">=", "value": "high"}]
    assert_problem(client.post(URL, body), 400, "invalid", "/requirements/0/value")


@pytest.mark.parametrize("state", ["checking", "rejected"])
@pytest.mark.parametrize("kind", ["dataset", "prototype"])
def test_what_is_not_ready_is_refused(client, body, request, kind, state):
    thing = request.getfixturevalue(kind)
    type(thing).objects.filter(pk=thing.pk).update(state=state)
    code = f"{kind}_{'not_ready' if state == 'checking' else 'rejected'}"
    assert_problem(client.post(URL, body), 409, code, f"/{kind}")


@pytest.mark.parametrize("kind", ["dataset", "prototype"])
def test_another_workspaces_things_do_not_exist(client, outsider_client, body, kind):
    theirs = outsider_client.get(f"/api/v1/{kind}s/").json()["results"][0]["id"]
    assert_problem(client.post(URL, {**body, kind: theirs}), 400, f"{kind}_not_found", f"/{kind}")


def test_a_viewer_may_not(viewer_client, body):
    assert_problem(viewer_client.post(URL, body), 403, "forbidden")


def test_nobody_may_not(anonymous_client, body):
    assert anonymous_client.post(URL, body).status_code in (401, 403)


def test_a_token_that_only_reads_may_not(token_client, body):
    assert token_client().post(URL, body).status_code == 201
    assert_problem(token_client("read").post(URL, body), 403, "forbidden")
