"""Files that must not or can't be imported are refused with a code and a way out."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from engine.errors import RequestError
from engine.prototypes import onnx_file
from engine.prototypes.onnx_import import import_onnx
from tests.engine.prototypes.test_onnx_import import save, weights

torch.set_num_threads(1)


def refusal(path):
    with pytest.raises(RequestError) as caught:
        import_onnx(path)
    assert caught.value.field == "prototype.onnx"
    return caught.value.code, caught.value.message


@pytest.mark.parametrize("name", ["model.pt", "model.PTH", "model.onnx"])
def test_a_pickle_is_never_opened(name, tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / name)
    code, message = refusal(tmp_path / name)
    assert code == "pickle_refused"
    assert "torch.onnx.export" in message


def test_a_bare_pickle_is_never_opened(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"\x80\x04\x95\x00.")
    assert refusal(tmp_path / "model.onnx")[0] == "pickle_refused"


@pytest.mark.parametrize("content", [b"", b"hello, this is no network", bytes(range(256))])
def test_other_files(content, tmp_path):
    (tmp_path / "model.onnx").write_bytes(content)
    assert refusal(tmp_path / "model.onnx")[0] == "bad_prototype"


def test_a_missing_file(tmp_path):
    assert refusal(tmp_path / "model.onnx")[0] == "bad_prototype"


def test_unsupported_operators_are_listed_with_their_number(tmp_path):
    nodes = [
        helper.make_node("NonZero", ["x"], ["a"]),
        helper.make_node("Cast", ["a"], ["b"], to=TensorProto.FLOAT),
        helper.make_node("Det", ["b"], ["c"]),
        helper.make_node("Det", ["x"], ["y"]),
    ]
    code, message = refusal(save(tmp_path / "n.onnx", nodes))
    assert code == "unsupported_operators"
    assert "Det ×2, NonZero" in message
    assert "torch.onnx.export" in message


def test_an_unsupported_form_says_what_is_wrong(tmp_path):
    nodes = [helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0, 2, 3])]
    code, message = refusal(save(tmp_path / "n.onnx", nodes))
    assert code == "unsupported_operators"
    assert "Transpose of the batch" in message


def test_custom_operators(tmp_path):
    nodes = [helper.make_node("Secret", ["x"], ["y"], domain="com.example")]
    code, message = refusal(save(tmp_path / "n.onnx", nodes))
    assert code == "custom_operators"
    assert "Secret" in message


def test_external_data(tmp_path):
    path = save(tmp_path / "n.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": weights(40, 3, 5, 5)})
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert refusal(path)[0] == "external_data"


def test_weights_that_are_not_finite(tmp_path):
    bad = weights(4, 3, 3, 3)
    bad[1, 2, 0, 0] = np.nan
    code, message = refusal(save(tmp_path / "n.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": bad}))
    assert code == "weights_not_finite"
    assert "'w'" in message


def test_too_many_operators(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "MAX_NODES", 3)
    names = ["x", "a", "b", "c", "y"]
    nodes = [helper.make_node("Relu", [i], [o]) for i, o in zip(names, names[1:], strict=False)]
    assert refusal(save(tmp_path / "n.onnx", nodes))[0] == "too_many_nodes"


def test_too_large_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "MAX_BYTES", 100)
    path = save(tmp_path / "n.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": weights(4, 3, 3, 3)})
    assert refusal(path)[0] == "too_large"


@pytest.mark.parametrize("shape", [("n", 3), ("n", 3, 4096, 4096)])
def test_other_inputs(shape, tmp_path):
    path = save(tmp_path / "n.onnx", [helper.make_node("Relu", ["x"], ["y"])], shape=shape)
    assert refusal(path)[0] == "bad_prototype"


def test_constants_that_would_fill_the_memory(tmp_path):
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("Add", ["x", "big"], ["y"]),
    ]
    code, message = refusal(save(tmp_path / "n.onnx", nodes, {"shape": np.array([1_000_000, 1_000_000])}))
    assert code == "unsupported_operators"
    assert "very large constant" in message


def test_shapes_that_do_not_fit(tmp_path):
    path = save(tmp_path / "n.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": weights(4, 5, 3, 3)})
    assert refusal(path)[0] == "bad_prototype"
