"""GET /networks/{id}/download/?format=onnx"""

import hashlib

import pytest

from tests.webapp.conftest import assert_problem
from webapp.gallery.actions import draw_networks
from webapp.gallery.tasks import draw

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def network(completed_run, user):
    draw_networks(run=completed_run, user=user, seed=7)
    draw()
    return completed_run.networks.get()


def test_the_file_comes_as_it_was_exported(client, network):
    response = client.get(f"/api/v1/networks/{network.pk}/download/", {"format": "onnx"})
    content = b"".join(response.streaming_content)
    file = network.files.get(format="onnx")
    assert content == b"onnx of 7 at None"
    assert hashlib.sha256(content).hexdigest() == file.sha256 and len(content) == file.size_bytes
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment") and "seed7.onnx" in disposition and "resnet" in disposition.lower()


@pytest.mark.parametrize("wanted", ["pt2", "", "pickle"])
def test_a_format_that_is_not_there_is_refused_with_those_that_are(client, network, wanted):
    response = client.get(f"/api/v1/networks/{network.pk}/download/", {"format": wanted})
    problem = assert_problem(response, 404, "format_unavailable", "/format")
    assert "onnx, predictions, safetensors" in problem["detail"]


def test_a_viewer_may(viewer_client, network):
    response = viewer_client.get(f"/api/v1/networks/{network.pk}/download/", {"format": "safetensors"})
    assert response.status_code == 200
    response.close()


def test_another_workspaces_network_does_not_exist(outsider_client, network):
    response = outsider_client.get(f"/api/v1/networks/{network.pk}/download/", {"format": "onnx"})
    assert_problem(response, 404, "not_found")
