"""Energy on this machine as a fit to measured networks predicts it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.measure.energy_fit import EnergyFit, fit
from engine.measure.work import Work


def test_the_fit_finds_what_an_operation_a_value_and_a_call_take(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    work = Work(torch.from_numpy(rng.uniform(1e5, 1e7, (12, 3))), torch.from_numpy(rng.uniform(1e4, 1e6, (12, 3))))
    measured = 0.4 + 2e-7 * work.macs.sum(1) + 5e-6 * work.values.sum(1)
    found = fit(work, measured.numpy())
    assert (found.constant, found.per_mac, found.per_value) == (
        pytest.approx(0.4),
        pytest.approx(2e-7),
        pytest.approx(5e-6),
    )
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.predict(work).tolist() == pytest.approx(measured.tolist())
    found.save(tmp_path / "energy.json")
    assert EnergyFit.load(tmp_path / "energy.json") == found
