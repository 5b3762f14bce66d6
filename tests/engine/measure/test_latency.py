"""Latency of exported networks."""

import torch

from engine.export import export_network
from engine.measure.latency import measure_latency
from engine.prototypes.cifar_resnet import cifar_resnet

torch.set_num_threads(1)


def test_percentiles_are_in_order_and_a_deeper_network_takes_longer(tmp_path):
    medians = []
    for name in ("resnet8", "resnet56"):
        path = tmp_path / f"{name}.onnx"
        export_network(cifar_resnet(name), "onnx", path, metadata={}, input_shape=(3, 32, 32))
        latency = measure_latency(path, (3, 32, 32), runs=15, warmup=3)
        assert 0 < latency.p10_ms <= latency.median_ms <= latency.p90_ms
        assert latency.threads == 1
        assert latency.device
        medians.append(latency.median_ms)
    assert medians[1] > 2 * medians[0]
