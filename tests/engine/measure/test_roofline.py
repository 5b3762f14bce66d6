"""Estimates for a device: an example by hand."""

from dataclasses import replace

import pytest
import torch

from engine.measure.profiles import Profile, Source
from engine.measure.roofline import estimate, estimates
from engine.measure.work import Work

# 1 GFLOP/s and 1 GB/s: two milliseconds for a million multiply-accumulates, four for a million float32 values.
TOY = Profile("toy", "A toy", 1e9, 1e9, 1e6, 3.0, (Source("d", "u", "f"),), int8_op_per_s=4e9, idle_w=1.0)
# A layer bound by its arithmetic (6 ms against 2), one by memory (2 ms against 8), and one that isn't there.
WORK = Work(torch.tensor([[3e6, 1e6, 0.0]]).double(), torch.tensor([[0.5e6, 2e6, 0.0]]).double())


def test_a_layer_takes_as_long_as_its_arithmetic_or_its_memory_traffic() -> None:
    assert estimate(TOY, WORK).latency_ms.tolist() == pytest.approx([6 + 8])


def test_starting_a_layer_takes_the_profiles_overhead() -> None:
    slow = replace(TOY, layer_overhead_us=500.0)
    assert estimate(slow, WORK).latency_ms.tolist() == pytest.approx([6 + 8 + 2 * 0.5])


def test_energy_is_idle_power_over_the_time_and_half_of_the_rest_for_each_of_arithmetic_and_memory() -> None:
    assert estimate(TOY, WORK).energy_mj.tolist() == pytest.approx([1 * 14 + 2 * ((6 + 2) + (2 + 8)) / 2])


def test_a_device_never_draws_more_than_its_peak_power_and_all_of_it_where_idle_is_unpublished() -> None:
    balanced = Work(torch.tensor([[2e6]]).double(), torch.tensor([[1e6]]).double())
    assert estimate(TOY, balanced).energy_mj.tolist() == pytest.approx([3 * 4])
    assert estimate(replace(TOY, idle_w=None), WORK).energy_mj.tolist() == pytest.approx([3 * 14])


def test_int8_moves_a_quarter_and_calculates_at_its_own_rate() -> None:
    assert estimate(TOY, WORK, "int8").latency_ms.tolist() == pytest.approx([1.5 + 2])


def test_a_networks_estimates_are_labelled_and_hold_images_per_joule() -> None:
    found = estimates({"toy": TOY, "float": replace(TOY, int8_op_per_s=None)}, WORK)
    assert found["toy"]["estimated"] and found["toy"]["images_per_joule"] == pytest.approx(1 / 32e-3)
    assert found["toy"]["int8"]["latency_ms"] == pytest.approx(3.5)
    assert "int8" not in found["float"]
