"""POST /api/v1/datasets/ and the check that follows."""

import io
import zipfile

import pytest

from tests.pictures import boxes_zip, masks_zip
from tests.webapp.conftest import assert_problem, image_zip
from webapp.accounts.models import AuditEntry
from webapp.common import uploads
from webapp.datasets.models import Dataset
from webapp.datasets.tasks import check_dataset

URL = "/api/v1/datasets/"


def upload(client, file, **fields):
    return client.post(URL, {"file": file, **fields}, format="multipart")


@pytest.fixture
def checked(client, django_capture_on_commit_callbacks):
    """``checked(file)`` uploads a file, has the engine check it, and returns the dataset's JSON."""

    def run(file) -> dict:
        with django_capture_on_commit_callbacks(execute=True):
            created = upload(client, file).json()
        with django_capture_on_commit_callbacks(execute=True):
            check_dataset(created["id"])
        return client.get(f"{URL}{created['id']}/").json()

    return run


def named(content: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def test_an_upload_waits_for_its_check(editor_client, workspace, editor, stored_files):
    answer = upload(editor_client, image_zip({"cat": 10, "dog": 10}), name="Pets")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["state"], body["builtin"], body["report"]) == ("Pets", "checking", None, None)
    assert stored_files() == [f"workspaces/{workspace.pk}/datasets/{body['sha256']}.zip"]
    audit = AuditEntry.objects.get(action="dataset.upload")
    assert (audit.workspace, audit.user, audit.target_id) == (workspace, editor, body["id"])


def test_the_name_defaults_to_the_files(client):
    assert upload(client, image_zip({"cat": 4, "dog": 4})).json()["name"] == "pictures"


def test_a_healthy_dataset_becomes_ready(checked):
    body = checked(image_zip({"cat": 20, "dog": 20}))
    assert (body["state"], body["task"]) == ("ready", "classification"), body["problems"]
    assert [each["name"] for each in body["report"]["classes"]] == ["cat", "dog"]
    assert body["report"]["images"] == 40


@pytest.mark.parametrize(
    ("write", "task", "layout", "classes"),
    [
        (masks_zip, "segmentation", "masks", ["ground", "cell", "platelet"]),
        (boxes_zip, "detection", "voc", ["cell", "platelet"]),
    ],
)
def test_its_task_is_what_its_files_say(checked, client, tmp_path, write, task, layout, classes):
    with open(write(tmp_path / "mine.zip"), "rb") as file:
        body = checked(file)
    assert (body["state"], body["task"], body["report"]["layout"]) == ("ready", task, layout), body["problems"]
    assert [each["name"] for each in body["report"]["classes"]] == classes
    assert [each["name"] for each in client.get(URL, {"task": task}).json()["results"]] == ["mine"]


def test_a_file_that_is_no_zip_is_rejected(checked, stored_files):
    body = checked(named(b"not an archive", "pictures.zip"))
    assert body["state"] == "rejected"
    assert body["problems"][0]["severity"] == "error"
    assert "zip" in body["problems"][0]["message"].lower()
    assert body["name"] in body["problems"][0]["message"]  # not the digest that it is kept under
    assert stored_files() == []


def test_a_class_with_one_image_is_rejected_by_name(checked, stored_files):
    body = checked(image_zip({"cat": 20, "dog": 1}))
    assert body["state"] == "rejected"
    errors = [problem for problem in body["problems"] if problem["severity"] == "error"]
    assert any("dog" in problem["message"] for problem in errors), body["problems"]
    assert stored_files() == []


def test_a_path_that_leads_outside_is_rejected(checked, stored_files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("../../escape.png", b"x")
    archive.seek(0)
    body = checked(named(archive.getvalue(), "evil.zip"))
    assert body["state"] == "rejected"
    assert stored_files() == []


def test_the_same_bytes_are_kept_once(client, stored_files):
    first = upload(client, image_zip({"cat": 10, "dog": 10})).json()
    second = upload(client, image_zip({"cat": 10, "dog": 10})).json()
    assert first["id"] != second["id"]
    assert len(stored_files()) == 1


def test_a_check_without_an_engine_says_so(checked, settings, stored_files):
    settings.ENGINE_COMMAND = ["false"]
    body = checked(image_zip({"cat": 10, "dog": 10}))
    assert body["state"] == "rejected"
    assert body["problems"][0]["code"] == "check_failed"
    assert stored_files() == []


def test_a_check_that_takes_too_long(checked, settings):
    settings.ENGINE_COMMAND = ["sh", "-c", "sleep 60"]
    settings.CHECK_TIMEOUT_S = 1
    assert checked(image_zip({"cat": 10, "dog": 10}))["problems"][0]["code"] == "check_timed_out"


def test_a_lost_upload_is_rejected(checked, client, monkeypatch):
    monkeypatch.setattr(uploads, "_store", lambda key, upload: None)
    body = checked(image_zip({"cat": 10, "dog": 10}))
    assert (body["state"], body["problems"][0]["code"]) == ("rejected", "upload_incomplete")


def test_a_storage_that_fails_leaves_nothing(client, settings, stored_files, django_capture_on_commit_callbacks):
    def full(key, content):
        raise OSError("No space left on device")

    client.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patch, django_capture_on_commit_callbacks(execute=True):
        patch.setattr(uploads.default_storage, "save", full)
        answer = upload(client, image_zip({"cat": 10, "dog": 10}))
    assert_problem(answer, 500, "internal")
    assert not Dataset.objects.filter(builtin=None).exists()
    assert stored_files() == []


def test_only_one_worker_checks(client):
    dataset = Dataset.objects.get(pk=upload(client, image_zip({"cat": 10, "dog": 10})).json()["id"])
    assert uploads.claim_check(dataset)
    assert not uploads.claim_check(dataset)


def test_a_dataset_deleted_while_checked_stays_deleted(client):
    dataset = Dataset.objects.get(pk=upload(client, image_zip({"cat": 10, "dog": 10})).json()["id"])
    assert client.delete(f"{URL}{dataset.pk}/").status_code == 204
    uploads.settle_check(dataset, accepted=True, report={}, problems=[])
    assert not Dataset.objects.filter(pk=dataset.pk).exists()


def test_no_file(client):
    assert_problem(client.post(URL, {}, format="multipart"), 400, "invalid", "/file")


def test_an_empty_file(client):
    assert_problem(upload(client, named(b"", "empty.zip")), 400, "invalid", "/file")


def test_a_file_that_is_too_large(client, settings, stored_files):
    settings.UPLOAD_MAX_BYTES = 100
    assert_problem(upload(client, image_zip({"cat": 10, "dog": 10})), 413, "too_large", "/file")
    assert stored_files() == []


def test_a_full_workspace(client, settings, stored_files):
    settings.WORKSPACE_MAX_BYTES = 100
    assert_problem(upload(client, image_zip({"cat": 10, "dog": 10})), 413, "quota_exceeded", "/file")
    assert stored_files() == []


def test_a_viewer_may_not(viewer_client, stored_files):
    assert_problem(upload(viewer_client, image_zip({"cat": 10, "dog": 10})), 403, "forbidden")
    assert stored_files() == []


def test_nobody_may_not(anonymous_client):
    assert_problem(upload(anonymous_client, image_zip({"cat": 2})), 401, "not_authenticated")


def test_json_instead_of_a_file(client):
    assert_problem(client.post(URL, {"file": "pictures.zip"}), 400, "invalid", "/file")
