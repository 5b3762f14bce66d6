"""GET /runs/{id}/events/"""

import pytest
from django.db import transaction

from tests.webapp.conftest import assert_problem
from webapp.runs import events
from webapp.runs.events import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(run):
    """The log of a run with 10 more events than its first."""
    with transaction.atomic():
        events.append(events.locked(run.pk), [Entry("insight", {"k": k}, float(k)) for k in range(1, 11)])
    return f"/api/v1/runs/{run.pk}/events/"


def test_the_log_is_there_from_its_start(client, url):
    log = client.get(url).json()
    assert [event["seq"] for event in log["results"]] == list(range(1, 12))
    assert (log["last_seq"], log["next_after"]) == (11, 11)
    first = log["results"][0]
    assert set(first) == {"seq", "type", "t", "payload", "created_at"}
    assert first["payload"]["run"]["state"] == "QUEUED"


def test_it_is_paged_by_the_last_number_seen(client, url):
    page = client.get(url, {"after": 3, "limit": 4}).json()
    assert [event["seq"] for event in page["results"]] == [4, 5, 6, 7]
    assert (page["last_seq"], page["next_after"]) == (11, 7)


def test_at_its_end_the_same_number_comes_back(client, url):
    assert client.get(url, {"after": 11}).json() == {"results": [], "last_seq": 11, "next_after": 11}


@pytest.mark.parametrize("query", [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 5000}])
def test_a_number_out_of_bounds_is_named(client, url, query):
    assert_problem(client.get(url, query), 400, "invalid", f"/{next(iter(query))}")


def test_a_longer_log_takes_no_more_queries(client, url, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        client.get(url)


def test_another_workspaces_log_does_not_exist(outsider_client, url):
    assert_problem(outsider_client.get(url), 404, "not_found")
