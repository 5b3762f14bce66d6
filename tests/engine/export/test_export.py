"""Exported files compute what the network computes, say what they are, and come out the same twice."""

import copy
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from torch import nn
from torchvision import models

from engine.data import load_dataset
from engine.errors import RequestError
from engine.export import FORMATS, export_network, suffix
from engine.export.onnx import count_parameters
from engine.export.parity import agreement
from engine.prototypes.cifar_resnet import cifar_resnet

torch.set_num_threads(1)

METADATA = {
    "task": "classification",
    "class_names": json.dumps(["Äpfel", "梨"]),
    "recipe": "seed 7, budget 0.3",
}


class Normalised(nn.Module):
    """A network with its input normalisation inside, as every drawn network has."""

    def __init__(self, network):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.3]).view(1, 1, 1, 1))
        self.register_buffer("std", torch.tensor([0.4]).view(1, 1, 1, 1))
        self.network = network

    def forward(self, x):
        return self.network((x - self.mean) / self.std)


def with_lively_norms(module):
    """Batch norms as after training: with statistics, scales and biases of their own."""
    generator = torch.Generator().manual_seed(0)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for tensor, low in (
                (norm.weight, 0.5),
                (norm.bias, -0.5),
                (norm.running_mean, -0.5),
                (norm.running_var, 0.5),
            ):
                tensor.data.copy_(torch.rand(tensor.shape, generator=generator) + low)
    return module.eval()


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Normalised(with_lively_norms(cifar_resnet("resnet8", 1, 10))).eval()


def export(network, format, folder, **options):
    path = folder / f"network{suffix(format)}"
    return export_network(network, format, path, metadata=METADATA, input_shape=(1, 8, 8), **options)


def test_onnx_runs_at_any_batch_size(network, tmp_path):
    session = onnxruntime.InferenceSession(export(network, "onnx", tmp_path))
    for batch in (1, 3, 17):
        x = torch.rand(batch, 1, 8, 8)
        (logits,) = session.run(["logits"], {"input": x.numpy()})
        assert np.abs(logits - network(x).detach().numpy()).max() < 1e-4


def test_onnx_metadata(network, tmp_path):
    model = onnx.load(export(network, "onnx", tmp_path))
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(facts["class_names"]) == ["Äpfel", "梨"]
    assert facts["task"] == "classification"
    assert facts["input_shape"] == "1×8×8"
    assert "[0, 1]" in facts["input"]
    assert facts["params"] == "77754"
    assert facts["recipe"] == "seed 7, budget 0.3"


@pytest.mark.parametrize(
    "build",
    [
        lambda: cifar_resnet("resnet8", 3, 10),
        models.mobilenet_v2,
        models.shufflenet_v2_x0_5,
        models.squeezenet1_1,
    ],
)
@pytest.mark.parametrize("lively", [True, False])
def test_parameters_counted_from_the_file_are_the_modules(build, lively, tmp_path):
    # Fresh norms are all equal, which the exporter would merge into one tensor.
    network = with_lively_norms(build()) if lively else build()
    path = export_network(network, "onnx", tmp_path / "n.onnx", metadata={}, input_shape=(3, 64, 64))
    assert count_parameters(path) == sum(p.numel() for p in network.parameters())


def test_linear_layers_over_sequences_are_counted(tmp_path):
    network = nn.Sequential(nn.Flatten(2), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 3), nn.Flatten())
    path = export_network(network, "onnx", tmp_path / "n.onnx", metadata={}, input_shape=(1, 8, 8))
    assert count_parameters(path) == 64 * 5 + 5 + 5 * 3 + 3


@pytest.mark.parametrize("format", ["onnx", "safetensors"])
def test_the_same_network_gives_the_same_bytes(network, format, tmp_path):
    first = export(network, format, tmp_path / "a").read_bytes()
    assert export(copy.deepcopy(network), format, tmp_path / "b").read_bytes() == first


def test_safetensors_hold_the_state_dict_and_metadata(network, tmp_path):
    with safe_open(export(network, "safetensors", tmp_path), "pt") as file:
        assert set(file.keys()) == set(network.state_dict())
        assert file.metadata()["recipe"] == "seed 7, budget 0.3"
        assert json.loads(file.metadata()["class_names"]) == ["Äpfel", "梨"]
        assert torch.equal(file.get_tensor("network.fc.weight"), network.network.fc.weight)


def test_pt2_runs_at_any_batch_size_and_keeps_metadata(network, tmp_path):
    extra = {"metadata.json": ""}
    program = torch.export.load(export(network, "pt2", tmp_path), extra_files=extra).module()
    for batch in (1, 5):
        x = torch.rand(batch, 1, 8, 8)
        assert torch.allclose(program(x), network(x), atol=1e-4)
    assert json.loads(extra["metadata.json"])["recipe"] == "seed 7, budget 0.3"


def test_agreement_over_a_map_counts_positions():
    network = nn.Conv2d(3, 3, 1, bias=False)
    network.weight.data = torch.eye(3)[..., None, None]
    images = np.random.default_rng(0).random((5, 3, 4, 6), dtype=np.float32)

    def wrong_in_one_row_of_four(block):
        found = block.copy()
        found[:, :, 0] = np.roll(found[:, :, 0], 1, 1)
        return (found,)

    assert agreement(network, wrong_in_one_row_of_four, images, batch=2) == 0.75


def test_int8_agrees_and_is_smaller(tmp_path):
    torch.manual_seed(0)
    digits = load_dataset({"builtin": "digits"}, tmp_path)
    train, calibration = digits.splits["train"], digits.splits["calibration"]
    network = Normalised(cifar_resnet("resnet8", 1, 10))
    images, labels = torch.from_numpy(train.images) / 255, torch.from_numpy(train.labels)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        for rows in torch.randperm(len(labels)).split(64):
            nn.functional.cross_entropy(network(images[rows]), labels[rows]).backward()
            optimiser.step()
            optimiser.zero_grad()
    path = export(network, "onnx-int8", tmp_path, calibration=calibration.images)
    assert path.stat().st_size < 0.5 * export(network, "onnx", tmp_path).stat().st_size
    (logits,) = onnxruntime.InferenceSession(path).run(None, {"input": calibration.images[:, :] / np.float32(255)})
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(calibration.images) / 255).argmax(1).numpy()
    assert (logits.argmax(1) == expected).mean() > 0.95
    assert {entry.key for entry in onnx.load(path).metadata_props} >= {"recipe", "task"}


def test_int8_without_calibration_images_is_refused(network, tmp_path):
    with pytest.raises(RequestError, match="needs calibration images"):
        export(network, "onnx-int8", tmp_path)


def test_an_unknown_format_is_refused(network, tmp_path):
    with pytest.raises(RequestError, match="no format 'tflite'"):
        export_network(network, "tflite", tmp_path / "n", metadata={}, input_shape=(1, 8, 8))


class Moody(nn.Module):
    """Computes something else each time, as no export can."""

    def forward(self, x):
        return x.flatten(1)[:, :3] + torch.rand(())


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_a_file_that_computes_something_else_is_not_written(format, tmp_path):
    with pytest.raises(RuntimeError, match="differ"):
        export(Moody(), format, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_callers_module_is_left_as_it_was(network, tmp_path):
    network.train()
    before = copy.deepcopy(network.state_dict())
    for format in set(FORMATS) - {"onnx-int8"}:
        export(network, format, tmp_path)
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_network_that_onnx_cannot_hold_says_so_and_prints_nothing(tmp_path, capfd):
    network = nn.Sequential(nn.AdaptiveAvgPool2d(5), nn.Flatten())
    with pytest.raises(RuntimeError, match="can't be written as ONNX"):
        export(network, "onnx", tmp_path)
    assert capfd.readouterr().out == ""
