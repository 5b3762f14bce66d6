"""From a request to a network that reads digits: the real engine, a real worker, a real broker."""

import numpy as np
import onnxruntime
import pytest
from sklearn.datasets import load_digits

from tests.webapp.runs.fixtures import has_event, in_state, until
from tests.webapp.runs.processes import worker
from webapp.gallery.models import Network
from webapp.runs.models import Run
from webapp.runs.summary import apply_event

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
SYNTHESIS_S, STOP_S, DRAW_S = 500.0, 60.0, 120.0


def test_a_synthesis_that_was_paused_ends_with_networks_that_read_digits(client, body, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    requirements = [
        {"metric": "accuracy", "op": ">=", "value": 0.8},
        {"metric": "params", "op": "<=", "value": 40_000},
    ]
    body |= {"requirements": requirements, "time_budget_s": None, "max_cycles": 2, "target_yield": 0.9}
    run = Run.objects.get(pk=client.post("/api/v1/runs/", body).json()["id"])
    before = client.get(f"/api/v1/runs/{run.pk}/").json()
    with worker("runs", "work"):
        until(has_event(run, "prototype_ready"), SYNTHESIS_S)
        assert client.post(f"/api/v1/runs/{run.pk}/pause/").status_code == 200
        until(in_state(run, "PAUSED", "FAILED"), STOP_S)
        assert client.post(f"/api/v1/runs/{run.pk}/resume/").status_code == 200
        until(in_state(run, "COMPLETED", "FAILED"), SYNTHESIS_S)
        shown = client.get(f"/api/v1/runs/{run.pk}/").json()
        assert shown["state"] == "COMPLETED", shown["failure"]
        assert shown["device"]["kind"] in ("cpu", "cuda") and shown["summary"]["cycle"] == 2
        assert shown["attempt"] == 2 and run.events.filter(type="prototype_ready").count() == 1
        assert shown["summary"]["prototype"]["params"] > 40_000

        asked = client.post(f"/api/v1/runs/{run.pk}/networks/", {"count": 2}).json()["results"]
        drawing = Network.objects.filter(run=run, state="drawing")
        until(lambda: not drawing.exists(), DRAW_S)

    folded = before
    for event in client.get(f"/api/v1/runs/{run.pk}/events/?limit=1000").json()["results"]:
        folded = apply_event(folded, event)
    fresh = client.get(f"/api/v1/runs/{run.pk}/").json()
    assert {**folded, "elapsed_s": 0} == {**fresh, "elapsed_s": 0}

    for network in [client.get(f"/api/v1/networks/{each['id']}/").json() for each in asked]:
        assert network["state"] == "ready", network["problem"]
        assert network["params"] <= 40_000
        response = client.get(f"/api/v1/networks/{network['id']}/download/", {"format": "onnx"})
        session = onnxruntime.InferenceSession(b"".join(response.streaming_content))
        images, labels = load_digits(return_X_y=True)
        pixels = (images.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
        (logits,) = session.run(None, {session.get_inputs()[0].name: pixels})
        accuracy = (logits.argmax(1) == labels).mean()
        assert accuracy > network["metrics"]["test"]["accuracy"] - 0.05
