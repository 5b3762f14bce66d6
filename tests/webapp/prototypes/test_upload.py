"""POST /api/v1/prototypes/ and the check that follows."""

import io
import pickle
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.webapp.conftest import assert_problem
from webapp.accounts.models import AuditEntry
from webapp.prototypes.models import Prototype
from webapp.prototypes.tasks import check_prototype

URL = "/api/v1/prototypes/"
PICKLED = pickle.dumps({"weights": [1, 2, 3]})


def named(content: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def small_onnx() -> bytes:
    """Two convolutions and a linear layer: 3×16×16 in, 4 classes out."""
    random = np.random.default_rng(0)
    shapes = {"w1": (8, 3, 3, 3), "b1": (8,), "w2": (16, 8, 3, 3), "b2": (16,), "w3": (4, 16), "b3": (4,)}
    weights = [
        numpy_helper.from_array(random.normal(0, 0.1, shape).astype(np.float32), name) for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["input", "w1", "b1"], ["c1"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("GlobalAveragePool", ["r2"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["output"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 4])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def torch_zip() -> bytes:
    """What torch.save writes: a zip with a pickle inside."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("model/data.pkl", PICKLED)
        target.writestr("model/version", "3")
    return archive.getvalue()


def upload(client, file, **fields):
    return client.post(URL, {"file": file, **fields}, format="multipart")


@pytest.fixture
def checked(client, django_capture_on_commit_callbacks):
    """``checked(file)`` uploads a file, has the engine check it, and returns the prototype's JSON."""

    def run(file) -> dict:
        with django_capture_on_commit_callbacks(execute=True):
            created = upload(client, file).json()
        with django_capture_on_commit_callbacks(execute=True):
            check_prototype(created["id"])
        return client.get(f"{URL}{created['id']}/").json()

    return run


def test_an_upload_waits_for_its_check(editor_client, workspace, editor, stored_files):
    answer = upload(editor_client, named(small_onnx(), "small.onnx"), name="My net")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["state"], body["source"], body["zoo"]) == ("My net", "checking", "onnx", None)
    assert stored_files() == [f"workspaces/{workspace.pk}/prototypes/{body['sha256']}.onnx"]
    assert AuditEntry.objects.get(action="prototype.upload").target_id == body["id"]


def test_a_readable_network_becomes_ready(checked):
    body = checked(named(small_onnx(), "small.onnx"))
    assert body["state"] == "ready", body["problems"]
    weights = 8 * 27 + 16 * 72 + 64 + 4
    assert weights <= body["params"] == body["report"]["params"] <= weights + 2 * (8 + 16)  # biases or batch norms
    assert (body["input"], body["classes"]) == ([3, 16, 16], 4)
    assert body["report"]["groups"]


def test_a_file_that_is_no_network_is_rejected(checked, stored_files):
    body = checked(named(b"not a network at all", "model.onnx"))
    assert body["state"] == "rejected"
    assert body["problems"][0]["message"]
    assert stored_files() == []


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.pkl", "model.h5", "MODEL.PTH", "model.ckpt"])
def test_a_pickle_by_its_name_is_refused_with_the_way_out(client, name, stored_files):
    body = assert_problem(upload(client, named(b"anything", name)), 400, "pickle_refused", "/file")
    assert "torch.onnx.export" in body["detail"]
    assert stored_files() == []
    assert not Prototype.objects.filter(source="onnx").exists()


@pytest.mark.parametrize(
    "content",
    [torch_zip(), PICKLED, pickle.dumps([1], protocol=2), b"\x89HDF\r\n\x1a\n" + bytes(100)],
    ids=["torch.save", "pickle", "pickle protocol 2", "hdf5"],
)
def test_a_pickle_by_its_content_is_refused_whatever_its_name(client, content, stored_files):
    assert_problem(upload(client, named(content, "model.onnx")), 400, "pickle_refused", "/file")
    assert stored_files() == []


def test_no_pickle_is_ever_opened(client, tmp_path):
    """Reading this one would leave a file behind."""

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("model/data.pkl", pickle.dumps(Trap()))
    assert_problem(upload(client, named(archive.getvalue(), "model.pt")), 400, "pickle_refused", "/file")
    assert not (tmp_path / "opened").exists()


def test_no_file(client):
    assert_problem(client.post(URL, {}, format="multipart"), 400, "invalid", "/file")


def test_a_file_that_is_too_large(client, settings):
    settings.UPLOAD_MAX_BYTES = 100
    assert_problem(upload(client, named(small_onnx(), "small.onnx")), 413, "too_large", "/file")


def test_a_viewer_may_not(viewer_client, stored_files):
    assert_problem(upload(viewer_client, named(small_onnx(), "small.onnx")), 403, "forbidden")
    assert stored_files() == []


def test_a_read_token_may_not(token_client):
    assert_problem(upload(token_client("read"), named(small_onnx(), "small.onnx")), 403, "forbidden")
