"""ONNX files of common networks and operators come back as trainable networks with the same outputs."""

import warnings

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision import models

from engine.prototypes.fitting import fit_head, fit_stem
from engine.prototypes.onnx_import import calibrate_norms, check_import, import_onnx, onnx_input_shape

torch.set_num_threads(1)

NETWORKS = ["resnet18", "mobilenet_v2", "shufflenet_v2_x0_5", "squeezenet1_1"]


def lively(module):
    """Batch norms as after training, so that a wrong fold shows."""
    torch.manual_seed(0)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.running_mean, -0.1, 0.1)
            nn.init.uniform_(norm.running_var, 0.5, 1.5)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.uniform_(norm.bias, -0.1, 0.1)
    return module.eval()


def network(name):
    torch.manual_seed(0)
    return lively(getattr(models, name)(num_classes=10))


def export(module, path, *, size=(3, 64, 64), opset=18, dynamic=True, dynamo=False, batch=2):
    options = {"dynamo": dynamo, "input_names": ["x"]}
    if dynamo:
        options |= {"external_data": False, "verbose": False}
        options |= {"dynamic_shapes": ({0: torch.export.Dim("batch")},)} if dynamic else {}
    else:
        options |= {"opset_version": opset, "dynamic_axes": {"x": {0: "batch"}} if dynamic else None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), (torch.rand(batch, *size),), path, **options)
    return path


def assert_same(module, imported, size=(3, 64, 64)):
    x = torch.rand(3, *size)
    with torch.no_grad():
        expected, measured = module(x), imported(x)
    assert measured.shape == expected.shape
    assert torch.allclose(measured, expected, atol=1e-4 * max(1.0, expected.abs().max().item()))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("opset", "dynamic"), [(11, True), (14, False), (18, True)])
def test_networks_from_the_torchscript_exporter(name, opset, dynamic, tmp_path):
    origin = network(name)
    imported = import_onnx(export(origin, tmp_path / "n.onnx", opset=opset, dynamic=dynamic))
    assert_same(origin, imported)
    assert check_import(tmp_path / "n.onnx", imported) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dynamic"), zip(NETWORKS, [True, False, True, False], strict=True))
def test_networks_from_the_dynamo_exporter(name, dynamic, tmp_path):
    origin = network(name)
    assert_same(origin, import_onnx(export(origin, tmp_path / "n.onnx", dynamo=True, dynamic=dynamic)))


def test_folded_batch_norms_come_back_trainable(tmp_path):
    origin = network("mobilenet_v2")
    imported = import_onnx(export(origin, tmp_path / "n.onnx"))
    norms = [m for m in imported.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == len(imported.meta["added_norms"]) == 52
    count = sum(p.numel() for p in imported.parameters() if p.requires_grad)
    assert count == sum(p.numel() for p in origin.parameters())


def test_batch_norms_that_the_file_has_are_kept(tmp_path):
    origin = lively(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)))
    imported = import_onnx(export(origin, tmp_path / "n.onnx", size=(3, 8, 8)))
    assert imported.meta["added_norms"] == []
    (norm,) = [m for m in imported.modules() if isinstance(m, nn.BatchNorm2d)]
    assert torch.equal(norm.running_var, origin[2].running_var)


def test_an_imported_network_learns(tmp_path):
    torch.manual_seed(0)
    first = [nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU()]
    second = [nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU()]
    origin = lively(nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(128, 4)))
    imported = import_onnx(export(origin, tmp_path / "n.onnx", size=(3, 12, 12)))
    images, labels = torch.rand(16, 3, 12, 12), torch.arange(16) % 4
    calibrate_norms(imported, images)
    imported.train()
    optimiser = torch.optim.SGD(imported.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(40):
        loss = nn.functional.cross_entropy(imported(images), labels)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_calibrated_norms_change_nothing_in_eval_and_little_in_training_mode(tmp_path):
    origin = network("resnet18")
    imported = import_onnx(export(origin, tmp_path / "n.onnx"))
    images = torch.rand(32, 3, 64, 64)
    calibrate_norms(imported, images, batch=8)
    assert_same(origin, imported)
    with torch.no_grad():
        expected = origin(images)
        trained = imported.train()(images)
    assert (trained - expected).abs().max() < 0.01 * expected.abs().max()


def test_modules_are_plain_and_carry_the_files_names(tmp_path):
    imported = import_onnx(export(network("mobilenet_v2"), tmp_path / "n.onnx"))
    calls = [imported.get_submodule(n.target) for n in imported.graph.nodes if n.op == "call_module"]
    assert {type(m).__name__ for m in calls} == {
        "Conv2d", "BatchNorm2d", "ReLU6", "AdaptiveAvgPool2d", "Flatten", "Linear",
    }  # fmt: skip
    assert isinstance(imported.get_submodule("classifier.1"), nn.Linear)


def test_a_channel_shuffle_reads_its_sizes_from_the_tensor(tmp_path):
    imported = import_onnx(export(network("shufflenet_v2_x0_5"), tmp_path / "n.onnx"))
    assert not any(node.target is torch.permute for node in imported.graph.nodes)
    assert any(node.op == "call_method" and node.target == "size" for node in imported.graph.nodes)


def test_an_import_is_fitted_to_other_images_and_classes(tmp_path):
    imported = import_onnx(export(network("squeezenet1_1"), tmp_path / "n.onnx"))
    fit_stem(imported, 1)
    fit_head(imported, 4)
    assert imported(torch.rand(2, 1, 64, 64)).shape == (2, 4)


def test_the_input_shape_is_read(tmp_path):
    assert onnx_input_shape(export(nn.Conv2d(1, 2, 3), tmp_path / "n.onnx", size=(1, 9, 7))) == (1, 9, 7)


def test_free_height_and_width(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    torch.onnx.export(
        module.eval(), (torch.rand(1, 3, 20, 20),), tmp_path / "n.onnx", dynamo=False, input_names=["x"],
        dynamic_axes={"x": {0: "n", 2: "h", 3: "w"}},
    )  # fmt: skip
    assert onnx_input_shape(tmp_path / "n.onnx") == (3, None, None)
    imported = import_onnx(tmp_path / "n.onnx")
    assert imported.meta["free_size"]
    assert_same(module, imported, (3, 33, 27))


def test_a_final_softmax_is_taken_off(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5), nn.Softmax(1))
    imported = import_onnx(export(module, tmp_path / "n.onnx", size=(3, 8, 8)))
    assert isinstance(imported.meta["softmax"], nn.Softmax)
    assert_same(module[:-1], imported, (3, 8, 8))


class Function(nn.Module):
    """A function as a network."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.bias = nn.Parameter(torch.rand(6, 1, 1))

    def forward(self, x):
        return self.function(x)


OPERATORS = {
    "transposed convolution": nn.ConvTranspose2d(6, 4, 3, 2, 1, output_padding=1),
    "grouped and dilated convolution": nn.Conv2d(6, 4, 3, 1, 2, dilation=2, groups=2),
    "depthwise convolution": nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False),
    "activations": nn.Sequential(
        nn.LeakyReLU(0.2), nn.ELU(), nn.Sigmoid(), nn.Hardswish(), nn.Hardsigmoid(), nn.Tanh(), nn.ReLU6(),
        nn.SiLU()
    ),
    "PReLU": nn.PReLU(6),
    "PReLU with one slope": nn.PReLU(),
    "limits": nn.Hardtanh(-0.3, 0.4),
    "lower limit": Function(lambda x: x.clamp(min=0.2)),
    "softmax inside": nn.Sequential(nn.Softmax(1), nn.Conv2d(6, 2, 1)),
    "max pool": nn.MaxPool2d(3, 2, 1),
    "max pool, rounded up": nn.MaxPool2d(3, 2, ceil_mode=True),
    "average pool": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "average pool over padding": nn.AvgPool2d(2, 2, 1),
    "mean over space": Function(lambda x: x.mean((2, 3))),
    "mean over space, kept": Function(lambda x: x.mean((2, 3), keepdim=True) * x),
    "mean over channels": Function(lambda x: x.mean(1, keepdim=True) + x),
    "zero padding": nn.ZeroPad2d((1, 2, 3, 0)),
    "reflection": nn.ReflectionPad2d(2),
    "replication": nn.ReplicationPad2d(1),
    "channel padding": Function(lambda x: nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 3))),
    "nearest": nn.Upsample(scale_factor=2),
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "bilinear, aligned": nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    "to a size": nn.Upsample(size=(9, 11)),
    "constants": Function(lambda x: 2.0 - (3.0 * x + 0.5) / 4.0 - 1.0 / (x + 2.0)),
    "channel constants": Function(lambda x: (x - torch.arange(6.0).view(1, 6, 1, 1)) / 3.0),
    "split unevenly": Function(lambda x: torch.cat(x.split([1, 5], 1)[::-1], 1)),
    "chunk": Function(lambda x: torch.mul(*x.chunk(2, 1))),
    "slice": Function(lambda x: x[:, 1:3, 2:]),
    "transpose": Function(lambda x: x.flatten(2).transpose(1, 2)),
    "squeeze": Function(lambda x: nn.functional.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1)),
    "unsqueeze": Function(lambda x: x.mean((2, 3))[:, :, None, None] * x),
    "reshape by size": Function(lambda x: x.view(x.size(0), -1)),
    "select": Function(lambda x: x[:, 2]),
    "linear over a sequence": nn.Sequential(
        nn.Flatten(2), nn.Linear(64, 5), nn.GELU(), nn.Linear(5, 2, bias=False)
    ),
    "layer norm": nn.Sequential(nn.Flatten(2), nn.LayerNorm(64)),
    "attention": Function(lambda x: torch.softmax(x.flatten(2) @ x.flatten(2).transpose(1, 2), -1).sqrt()),
    "largest": Function(lambda x: torch.maximum(x, 1 - x)),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("opset", [11, 18])
def test_operators(name, opset, tmp_path):
    module = OPERATORS[name]
    imported = import_onnx(export(module, tmp_path / "n.onnx", size=(6, 8, 8), opset=opset))
    if imported.meta["softmax"] is None:
        assert_same(module, imported, (6, 8, 8))


# Files that PyTorch does not write


def save(path, nodes, tensors=(), *, shape=("n", 3, 8, 8), opset=13, output="y"):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in dict(tensors).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def weights(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("pad", [{"auto_pad": "SAME_UPPER"}, {"auto_pad": "SAME_LOWER"}, {"pads": [0, 1, 2, 0]}])
@pytest.mark.parametrize("stride", [1, 2])
def test_uneven_padding(pad, stride, tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], strides=[stride, stride], **pad),
        helper.make_node("MaxPool", ["c"], ["y"], kernel_shape=[3, 3], strides=[2, 2], **pad),
    ]
    imported = import_onnx(save(tmp_path / "n.onnx", nodes, {"w": weights(4, 3, 4, 4)}))
    assert imported(torch.zeros(5, 3, 8, 8)).shape[:2] == (5, 4)


def test_a_bias_added_afterwards_joins_its_convolution(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([1, -1, 1, 1]))),
        helper.make_node("Reshape", ["b", "shape"], ["bias"]),
        helper.make_node("Add", ["c", "bias"], ["y"]),
    ]
    imported = import_onnx(save(tmp_path / "n.onnx", nodes, {"w": weights(4, 3, 3, 3), "b": weights(4)}))
    assert [node.op for node in imported.graph.nodes] == ["placeholder", "call_module", "output"]


def test_channels_last_images_become_channels_first(tmp_path):
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["y"]),
    ]
    path = save(tmp_path / "n.onnx", nodes, {"w": weights(4, 3, 3, 3)}, shape=("n", 8, 10, 3))
    assert onnx_input_shape(path) == (3, 8, 10)
    assert import_onnx(path)(torch.zeros(2, 3, 8, 10)).shape == (2, 4, 6, 8)


def test_a_module_used_twice_stays_one(tmp_path):
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Conv", ["c", "w"], ["y"])]
    imported = import_onnx(save(tmp_path / "n.onnx", nodes, {"w": weights(3, 3, 3, 3)}))
    assert sum(p.numel() for p in imported.parameters()) == 81


def test_a_batch_of_one_baked_into_the_file_is_lifted(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["y"]),
    ]
    tensors = {"w": weights(2, 3, 3, 3), "shape": np.array([1, 72]), "v": weights(72, 5)}
    imported = import_onnx(save(tmp_path / "n.onnx", nodes, tensors, shape=(1, 3, 8, 8)))
    assert imported(torch.zeros(4, 3, 8, 8)).shape == (4, 5)


@pytest.mark.parametrize("name", ["forward", "train", "class", "0", "a b", "layer"])
def test_any_weight_name_will_do(name, tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "layer.weight"], ["c"]),
        helper.make_node("Conv", ["c", f"{name}.weight"], ["d"]),
        helper.make_node("Conv", ["d", f"layer.{name}.weight"], ["y"]),
    ]
    tensors = {"layer.weight": weights(3, 3, 1, 1), f"{name}.weight": weights(3, 3, 1, 1)}
    tensors[f"layer.{name}.weight"] = weights(3, 3, 1, 1)
    import_onnx(save(tmp_path / "n.onnx", nodes, tensors))
