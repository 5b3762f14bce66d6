"""GET /runs/{id}/networks/ and /networks/{id}/"""

import pytest

from tests.webapp.conftest import assert_problem
from webapp.gallery.models import Network
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery(run) -> Run:
    """A run with four networks: three ready, one still being drawn."""
    measured = [(0, 900, 0.97, 101.0), (1, 700, 0.95, 105.0), (2, 800, 0.96, 103.0)]
    for seed, params, value, netscore in measured:
        Network.objects.create(
            run=run,
            workspace=run.workspace,
            seed=seed,
            state="ready",
            params=params,
            macs=10 * params,
            value=value,
            netscore=netscore,
            verified=seed != 2,
        )
    Network.objects.create(run=run, workspace=run.workspace, seed=3)
    return run


@pytest.fixture
def seeds(client, gallery):
    """``seeds(ordering=…)``: the seeds in the order that the list answers."""

    def ask(**query) -> list[int]:
        response = client.get(f"/api/v1/runs/{gallery.pk}/networks/", query)
        assert response.status_code == 200, response.content
        return [row["seed"] for row in response.json()["results"]]

    return ask


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("-netscore", [1, 2, 0, 3]),
        ("netscore", [0, 2, 1, 3]),
        ("params", [1, 2, 0, 3]),
        ("-params", [0, 2, 1, 3]),
        ("macs", [1, 2, 0, 3]),
        ("-value", [0, 2, 1, 3]),
        ("created_at", [0, 1, 2, 3]),
        ("-created_at", [3, 2, 1, 0]),
        ("-seed", [3, 2, 1, 0]),
    ],
)
def test_the_order_is_as_asked_and_what_is_still_drawn_is_last(seeds, ordering, expected):
    assert seeds(ordering=ordering) == expected


@pytest.mark.parametrize("ordering", ["-netscore", "params", "created_at", ""])
def test_pages_follow_one_another_in_that_order(client, gallery, seeds, ordering):
    url, paged = f"/api/v1/runs/{gallery.pk}/networks/?ordering={ordering}&page_size=1", []
    while url:
        page = client.get(url).json()
        paged += [row["seed"] for row in page["results"]]
        url = page["next"]
    assert paged == seeds(ordering=ordering)


def test_an_unknown_order_is_named(client, gallery):
    response = client.get(f"/api/v1/runs/{gallery.pk}/networks/", {"ordering": "beauty"})
    assert_problem(response, 400, "unknown_ordering", "/ordering")


def test_filters(seeds):
    assert seeds(state="drawing") == [3]
    assert sorted(seeds(verified="true")) == [0, 1]
    assert seeds(params__lte=750) == [1]
    assert seeds(value__gte=0.955, netscore__gte=102) == [2]


def test_a_longer_list_takes_no_more_queries(client, gallery, django_assert_num_queries):
    with django_assert_num_queries(5):  # session, user, run, networks, their files
        client.get(f"/api/v1/runs/{gallery.pk}/networks/")


def test_one_network(client, gallery):
    network = gallery.networks.get(seed=1)
    assert client.get(f"/api/v1/networks/{network.pk}/").json()["params"] == 700


def test_another_workspaces_networks_do_not_exist(outsider_client, gallery):
    network = gallery.networks.first()
    assert_problem(outsider_client.get(f"/api/v1/runs/{gallery.pk}/networks/"), 404, "not_found")
    assert_problem(outsider_client.get(f"/api/v1/networks/{network.pk}/"), 404, "not_found")
