"""POST /runs/{id}/networks/"""

import pytest

from tests.webapp.conftest import assert_problem
from webapp.accounts.models import AuditEntry
from webapp.gallery.models import Network
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def url(completed_run) -> str:
    return f"/api/v1/runs/{completed_run.pk}/networks/"


def test_rows_are_there_at_once(client, url, user):
    response = client.post(url, {"seed": 5, "count": 3, "budget": 0.4})
    assert response.status_code == 202
    rows = response.json()["results"]
    assert [(row["seed"], row["state"], row["budget"]) for row in rows] == [(n, "drawing", 0.4) for n in (5, 6, 7)]
    assert rows[0]["formats"] == [] and rows[0]["problem"] is None and rows[0]["requirements"] == []
    assert AuditEntry.objects.get(action="network.draw").user == user


def test_the_log_shows_them_at_once(client, url, completed_run):
    row = client.post(url, {}).json()["results"][0]
    event = completed_run.events.get(type="network")
    assert event.payload == {"network": row}


def test_without_a_seed_the_next_unused_is_taken(client, url):
    assert [row["seed"] for row in client.post(url, {"count": 2}).json()["results"]] == [0, 1]
    assert [row["seed"] for row in client.post(url, {}).json()["results"]] == [2]
    client.post(url, {"seed": 40})
    assert [row["seed"] for row in client.post(url, {}).json()["results"]] == [41]


def test_the_same_recipe_is_the_same_row(client, url):
    first = client.post(url, {"seed": 1, "budget": 0.3, "polish_s": 2}).json()["results"]
    again = client.post(url, {"seed": 1, "budget": 0.3, "polish_s": 2}).json()["results"]
    best = client.post(url, {"seed": 1}).json()["results"]
    best_again = client.post(url, {"seed": 0, "count": 3}).json()["results"]
    assert first == again
    assert best[0]["id"] != first[0]["id"]
    assert best_again[1]["id"] == best[0]["id"]
    assert Network.objects.count() == 4


def test_a_run_without_a_generator_is_refused(client, url, make_run):
    assert_problem(client.post(f"/api/v1/runs/{make_run().pk}/networks/", {}), 409, "run_not_drawable")


def test_a_run_that_fell_short_has_a_generator_all_the_same(client, make_run, scripted, work_on):
    scripted("falls-short")
    run: Run = work_on(make_run())
    assert client.post(f"/api/v1/runs/{run.pk}/networks/", {}).status_code == 202


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("seed", 2**40),
        ("budget", 1.5),
        ("budget", -0.1),
        ("count", 0),
        ("count", 101),
        ("polish_s", -1),
    ],
)
def test_a_value_out_of_bounds_is_named(client, url, field, value):
    assert_problem(client.post(url, {field: value}), 400, "invalid", f"/{field}")


def test_seeds_may_not_run_over_their_end(client, url):
    assert_problem(client.post(url, {"seed": 2**32 - 1, "count": 2}), 400, "out_of_range", "/seed")


def test_a_viewer_may_not(viewer_client, url):
    assert_problem(viewer_client.post(url, {}), 403, "forbidden")


def test_another_workspaces_run_does_not_exist(outsider_client, url):
    assert_problem(outsider_client.post(url, {}), 404, "not_found")
