"""GET /runs/ and /runs/{id}/"""

import pytest

from tests.webapp.conftest import assert_problem
from webapp.runs import actions

pytestmark = pytest.mark.django_db
URL = "/api/v1/runs/"


def test_the_newest_is_first_and_pages_follow_one_another(client, make_run):
    names = [make_run(name=f"run {n}").name for n in range(5)]
    first = client.get(URL, {"page_size": 3}).json()
    second = client.get(first["next"]).json()
    assert [run["name"] for run in first["results"] + second["results"]] == names[::-1]


def test_states_can_be_chosen(client, make_run, user):
    actions.cancel_run(run=make_run(name="over"), user=user)
    make_run(name="waits")
    assert [run["name"] for run in client.get(URL, {"state": "CANCELLED"}).json()["results"]] == ["over"]
    assert len(client.get(f"{URL}?state=CANCELLED&state=QUEUED").json()["results"]) == 2
    assert client.get(URL, {"state": "ASLEEP"}).status_code == 400


def test_a_longer_list_takes_no_more_queries(client, make_run, django_assert_num_queries):
    make_run()
    with django_assert_num_queries(4) as one:  # session, user, membership, runs with their inputs
        client.get(URL)
    for _ in range(4):
        make_run()
    with django_assert_num_queries(len(one.captured_queries)):
        assert len(client.get(URL).json()["results"]) == 5


def test_a_viewer_sees_it(viewer_client, run):
    assert viewer_client.get(f"{URL}{run.pk}/").json()["id"] == str(run.pk)


def test_a_deleted_input_leaves_its_name(client, run, dataset, user):
    actions.cancel_run(run=run, user=user)
    name = dataset.name
    dataset.delete()
    assert client.get(f"{URL}{run.pk}/").json()["dataset"] == {"id": None, "name": name}


def test_another_workspaces_runs_do_not_exist(outsider_client, run):
    assert outsider_client.get(URL).json()["results"] == []
    assert_problem(outsider_client.get(f"{URL}{run.pk}/"), 404, "not_found")
