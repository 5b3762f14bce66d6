"""Runs for segmentation and detection: what may be required, and what their summary is about."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tests.webapp.conftest import assert_problem
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs import metrics
from webapp.runs.models import Run

URL = "/api/v1/runs/"
ZOO = {"segmentation": "refinenet-small", "detection": "detectnet-small"}


@pytest.fixture
def request_for(workspace, body):
    """``request_for(task, requirement, …)``: a request with a dataset and a prototype for the task."""

    def make(task: str, *requirements: dict) -> dict:
        key = default_storage.save(f"{task}.zip", ContentFile(b"a zip"))
        dataset = Dataset.objects.create(workspace=workspace, name="Mine", state="ready", task=task, key=key)
        prototype = Prototype.objects.get(workspace=workspace, zoo=ZOO[task])
        return {
            **body,
            "dataset": str(dataset.pk),
            "prototype": str(prototype.pk),
            "requirements": list(requirements),
        }

    return make


def at_least(metric: str, value: float = 0.5) -> dict:
    return {"metric": metric, "op": ">=", "value": value}


SMALL = {"metric": "params", "op": "<=", "value": 10_000}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("task", "required", "metric", "of_prototype", "of_best"),
    [
        ("segmentation", [at_least("miou"), SMALL], "miou", 0.87, 0.863),
        ("segmentation", [SMALL], "pixel_accuracy", 0.97, 0.963),
        ("detection", [SMALL, at_least("map")], "map", 0.87, 0.863),
        ("detection", [SMALL], "map50", 0.97, 0.963),
    ],
)
def test_a_run_is_about_the_metric_required_of_it(
    client, request_for, scripted, work_on, task, required, metric, of_prototype, of_best
):
    created = client.post(URL, {**request_for(task, *required), "confidence": 0.5}).json()
    assert (created["task"], created["metric"], created["confidence"]) == (task, metric, 0.5)
    run = work_on(Run.objects.get(pk=created["id"]))
    spec = json.loads((run.folder / "spec.json").read_text())
    assert (spec["task"], spec["confidence"], spec["requirements"]) == (task, 0.5, required)
    summary = client.get(f"{URL}{run.pk}/").json()["summary"]
    assert summary["prototype"]["value"] == of_prototype
    assert (summary["best"]["value"], summary["best"]["meets"]) == (of_best, True)


def test_the_engine_knows_the_same_metrics_in_the_same_order():
    from engine import requirements as engines

    assert metrics.TASK_METRICS == engines.TASK_METRICS
    assert set(metrics.COSTS) == set(engines.RESOURCE_METRICS)
    assert set(metrics.ON_A_DEVICE) == set(engines.MEASURED_ON)


@pytest.mark.django_db
def test_two_metrics_of_the_task_are_refused(client, request_for):
    body = request_for("segmentation", at_least("miou"), SMALL, at_least("pixel_accuracy"))
    problem = assert_problem(client.post(URL, body), 400, "two_task_metrics", "/requirements/2/metric")
    assert "miou" in problem["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("metric", ["accuracy", "map50"])
def test_another_tasks_metric_is_refused_with_its_own(client, request_for, metric):
    body = request_for("segmentation", at_least(metric))
    problem = assert_problem(client.post(URL, body), 400, "task_mismatch", "/requirements/0/metric")
    assert "pixel_accuracy or miou" in problem["detail"]


@pytest.mark.django_db
def test_a_prototype_for_another_task_is_refused(client, request_for, prototype):
    body = request_for("detection", at_least("map50")) | {"prototype": str(prototype.pk)}
    problem = assert_problem(client.post(URL, body), 400, "task_mismatch", "/prototype")
    assert "choose a prototype for detection" in problem["detail"]


@pytest.mark.django_db
def test_an_uploaded_prototype_is_for_any_task(client, request_for, workspace):
    mine = Prototype.objects.create(workspace=workspace, name="mine", source="onnx", state="ready")
    body = request_for("detection", at_least("map50")) | {"prototype": str(mine.pk)}
    assert client.post(URL, body).status_code == 201
