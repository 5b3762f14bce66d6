"""GET /networks/{id}/predictions/"""

import json

import pytest

from tests.webapp.conftest import assert_problem
from webapp.gallery.actions import draw_networks
from webapp.gallery.models import Network
from webapp.gallery.tasks import draw

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def network(completed_run, user) -> Network:
    draw_networks(run=completed_run, user=user, seed=7)
    draw()
    return completed_run.networks.get()


def test_they_come_as_the_engine_wrote_them(viewer_client, network):
    response = viewer_client.get(f"/api/v1/networks/{network.pk}/predictions/")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert "attachment" not in response.get("Content-Disposition", "")
    found = json.loads(b"".join(response.streaming_content))
    assert (found["task"], found["classes"]) == ("classification", ["red", "blue"])
    assert found["images"][0]["truth"] == 1 and found["images"][0]["prediction"]["class"] == 0


def test_a_network_without_any_says_so(client, completed_run):
    network = Network.objects.create(run=completed_run, workspace=completed_run.workspace, seed=1)
    assert_problem(client.get(f"/api/v1/networks/{network.pk}/predictions/"), 404, "no_predictions")


def test_another_workspaces_network_does_not_exist(outsider_client, network):
    assert_problem(outsider_client.get(f"/api/v1/networks/{network.pk}/predictions/"), 404, "not_found")
