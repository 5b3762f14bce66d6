"""The device that figures hold for."""

import torch

from engine.measure.device import describe_device


def test_the_cpu_has_a_name_and_threads():
    device = describe_device("cpu")
    assert device["kind"] == "cpu"
    assert device["name"]
    assert device["threads"] == torch.get_num_threads()
