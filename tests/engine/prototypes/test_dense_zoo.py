"""Names of networks for segmentation and detection, their weights, and the tasks that the zoo lists."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from engine.errors import RequestError
from engine.inspection import inspect_prototype
from engine.prototypes import ZOO, build_prototype, dense_zoo, task_of
from engine.prototypes.dense_zoo import dense_network
from engine.prototypes.detectnet import DetectNet
from engine.prototypes.refinenet import RefineNet


def shapes(model: nn.Module) -> list[torch.Size]:
    return [p.shape for p in model.parameters()]


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("refinenet", lambda: RefineNet("resnet50", 1, 7, 64)),
        ("refinenet-resnet101", lambda: RefineNet("resnet101", 1, 7, 64)),
        ("refinenet-resnet34-w8", lambda: RefineNet("resnet34", 1, 7, 8)),
        ("refinenet-small", lambda: RefineNet("resnet18", 1, 7, 16)),
        ("detectnet", lambda: DetectNet(1, 7, 1.0)),
        ("detectnet-w0.5", lambda: DetectNet(1, 7, 0.5)),
        ("detectnet-small", lambda: DetectNet(1, 7, 0.25)),
    ],
)
def test_a_name_says_trunk_and_width(name, build):
    with torch.device("meta"):
        assert shapes(dense_network(name, 1, 7)) == shapes(build())


def test_ssdlite_takes_the_datas_channels():
    model = build_prototype({"zoo": "ssdlite320_mobilenet_v3_large"}, 1, 4, 64).eval()
    assert model(torch.rand(1, 1, 64, 64)).shape[2] == 4 + 4 + 1


@pytest.mark.parametrize(
    "name",
    ["refinenet-resnet19", "refinenet-resnet18-w0", "refinenet-w8", "detectnet-w0", "detectnet-w", "detectnet-x"],
)
def test_other_names_are_refused(name):
    with pytest.raises(RequestError, match="no prototype named"):
        build_prototype({"zoo": name}, 3, 4, 64)


@pytest.mark.parametrize(("name", "classifier"), [("refinenet-resnet18", "resnet18"), ("detectnet", "googlenet")])
def test_imagenet_weights_go_into_the_trunk(name, classifier, monkeypatch):
    options = {"init_weights": False, "aux_logits": False} if classifier == "googlenet" else {}
    source = models.get_model(classifier, weights=None, **options)
    monkeypatch.setattr(dense_zoo, "imagenet_network", {classifier: source}.get)
    model = build_prototype({"zoo": name, "weights": "imagenet"}, 3, 4, 64)
    tensors = source.state_dict()
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in model.trunk.state_dict().items())


@pytest.mark.parametrize("name", ["refinenet-small", "detectnet-w0.5", "ssdlite320_mobilenet_v3_large"])
def test_there_are_no_imagenet_weights_for_other_widths(name):
    with pytest.raises(RequestError, match="no ImageNet weights"):
        build_prototype({"zoo": name, "weights": "imagenet"}, 3, 4, 64)


def test_weights_are_read_from_a_file(tmp_path):
    origin = build_prototype({"zoo": "detectnet-w0.125"}, 3, 4, 64, seed=1)
    save_file(origin.state_dict(), tmp_path / "w.safetensors")
    spec = {"zoo": "detectnet-w0.125", "weights": str(tmp_path / "w.safetensors")}
    model = build_prototype(spec, 3, 4, 64)
    assert torch.equal(model.boxes.weight, origin.boxes.weight)
    with pytest.raises(RequestError, match="doesn't hold this prototype's weights"):
        build_prototype(spec, 3, 5, 64)


def test_the_zoo_says_which_task_each_is_for():
    tasks = {entry.name: entry.task for entry in ZOO}
    assert [name for name, task in tasks.items() if task == "classification"] == [
        "resnet8", "resnet20", "resnet18", "mobilenet_v2",
    ]  # fmt: skip
    assert {tasks["refinenet"], tasks["refinenet-small"]} == {"segmentation"}
    assert {tasks["detectnet"], tasks["detectnet-small"], tasks["ssdlite320_mobilenet_v3_large"]} == {"detection"}


@pytest.mark.parametrize(
    ("spec", "task"),
    [
        ({"zoo": "refinenet-resnet34-w8"}, "segmentation"),
        ({"zoo": "detectnet-w0.5"}, "detection"),
        ({"zoo": "resnet32"}, "classification"),
        ({"onnx": "network.onnx"}, None),
    ],
)
def test_any_name_of_the_zoo_has_a_task(spec, task):
    assert task_of(spec) == task


def test_inspect_counts_at_the_reference_input_and_names_what_stays_whole():
    found = inspect_prototype({"zoo": "detectnet-small"})
    assert (found["task"], found["input"]) == ("detection", [3, 128, 128])
    assert (found["params"], found["macs"]) == (355_773, 44_829_696)
    assert found["outputs"] == 1 + 4
    output = "it is the network's output"
    assert found["frozen"] == [{"name": name, "reason": output} for name in ("coverage", "boxes")]
