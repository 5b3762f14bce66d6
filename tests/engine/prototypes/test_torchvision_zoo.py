"""Torchvision models fitted to the data's channels and classes, and weights read from safetensors."""

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from engine.errors import RequestError
from engine.prototypes.torchvision_zoo import torchvision_names, torchvision_network

torch.set_num_threads(1)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "squeezenet1_1", "shufflenet_v2_x0_5", "googlenet"])
def test_channels_and_classes_are_fitted(name):
    model = torchvision_network(name, in_channels=1, classes=7, image_size=32).eval()
    assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 7)


def test_only_classification_models_are_offered():
    names = torchvision_names()
    assert "resnet18" in names
    assert not any("maskrcnn" in name or "deeplab" in name for name in names)


def test_safetensors_of_another_head_and_stem_keep_the_other_layers(tmp_path):
    origin = models.shufflenet_v2_x0_5(num_classes=5)
    save_file(origin.state_dict(), tmp_path / "w.safetensors")
    model = torchvision_network("shufflenet_v2_x0_5", 1, 3, 32, str(tmp_path / "w.safetensors"))
    assert model.fc.out_features == 3
    assert model.conv1[0].in_channels == 1
    assert torch.equal(model.conv5[0].weight, origin.conv5[0].weight)


def test_safetensors_of_the_same_shape_reproduce_the_outputs(tmp_path):
    origin = models.squeezenet1_1(num_classes=5).eval()
    save_file(origin.state_dict(), tmp_path / "w.safetensors")
    model = torchvision_network("squeezenet1_1", 3, 5, 64, str(tmp_path / "w.safetensors")).eval()
    x = torch.rand(2, 3, 64, 64)
    assert torch.equal(model(x), origin(x))


def test_pretrained_grey_stem_sees_grey_as_it_saw_rgb(tmp_path):
    origin = models.resnet18(num_classes=5).eval()
    save_file(origin.state_dict(), tmp_path / "w.safetensors")
    model = torchvision_network("resnet18", 1, 5, 32, str(tmp_path / "w.safetensors")).eval()
    x = torch.rand(2, 1, 32, 32)
    assert torch.allclose(model(x), origin(x.expand(-1, 3, -1, -1)), atol=1e-4)


def test_weights_of_another_model_are_refused(tmp_path):
    save_file(models.squeezenet1_1().state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(RequestError, match="don't fit resnet18"):
        torchvision_network("resnet18", 3, 10, 32, str(tmp_path / "w.safetensors"))


def test_a_pickle_is_refused_as_weights(tmp_path):
    torch.save({}, tmp_path / "w.pt")
    with pytest.raises(RequestError, match="convert with safetensors"):
        torchvision_network("resnet18", weights=str(tmp_path / "w.pt"))


def test_a_text_file_called_safetensors_is_refused(tmp_path):
    (tmp_path / "w.safetensors").write_text("hello")
    with pytest.raises(RequestError, match="can't be read as safetensors"):
        torchvision_network("resnet18", weights=str(tmp_path / "w.safetensors"))


def test_weights_that_are_not_finite_are_refused(tmp_path):
    state = models.shufflenet_v2_x0_5().state_dict()
    state["fc.bias"][0] = float("nan")
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(RequestError, match="aren't finite"):
        torchvision_network("shufflenet_v2_x0_5", weights=str(tmp_path / "w.safetensors"))


def test_images_too_small_for_the_model_are_refused():
    with pytest.raises(RequestError, match="can't take 8×8"):
        torchvision_network("alexnet", image_size=8)


def test_an_unknown_name_is_refused():
    with pytest.raises(RequestError, match="no prototype named"):
        torchvision_network("resnet19")
