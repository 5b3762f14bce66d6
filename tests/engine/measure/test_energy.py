"""Measured energy: what a counter says, and a sentence where there is none."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from engine.measure.energy import FEWEST_IMAGES, NvmlCounter, RaplCounter, Unavailable, measure_energy, why_unmeasurable


class Metered:
    """A counter that a run moves by 5 mJ."""

    total, window_s = 1000.0, 0.01

    def read_mj(self) -> float:
        return self.total

    def run(self) -> None:
        self.total += 5.0


def powercap(root: Path, *energies: int) -> Path:
    for package, value in enumerate(energies):
        zone = root / f"intel-rapl:{package}"
        (zone / f"intel-rapl:{package}:0").mkdir(parents=True)
        (root / f"intel-rapl:{package}:0").mkdir()  # a core's zone, which its package's counts already
        (root / f"intel-rapl:{package}:0" / "energy_uj").write_text("7")
        (zone / "energy_uj").write_text(f"{value}\n")
        (zone / "max_energy_range_uj").write_text("1000000\n")
    return root


def test_energy_is_what_the_counter_moved_by_for_each_image() -> None:
    counter = Metered()
    found = measure_energy(counter.run, counter)
    assert found.mj == pytest.approx(5) and found.images_per_joule == pytest.approx(200)
    assert found.images >= FEWEST_IMAGES


def test_a_counter_that_stands_still_gives_a_sentence_and_no_figure() -> None:
    with pytest.raises(Unavailable, match="stands still"):
        measure_energy(lambda: None, Metered())


def test_rapl_adds_up_the_packages_and_follows_a_counter_that_starts_again(tmp_path: Path) -> None:
    root = powercap(tmp_path, 999_000, 50_000)
    counter = RaplCounter(root)
    assert counter.read_mj() == 0
    (root / "intel-rapl:0/energy_uj").write_text("2000")
    (root / "intel-rapl:1/energy_uj").write_text("57000")
    assert counter.read_mj() == pytest.approx(3 + 7)


def test_without_rapl_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="isn't measurable on 'cpu' here"):
        RaplCounter(tmp_path)


def test_rapl_that_may_not_be_read_names_the_file(tmp_path: Path) -> None:
    root = powercap(tmp_path, 5)
    (root / "intel-rapl:0/energy_uj").unlink()
    (root / "intel-rapl:0/energy_uj").mkdir()  # no one, root included, can read it as a file
    with pytest.raises(Unavailable, match="intel-rapl:0/energy_uj"):
        RaplCounter(root)


class NVMLError(Exception):
    pass


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """NVML's Python binding with one GPU, whose counter stands at 2 J."""
    module = ModuleType("pynvml")
    module.NVMLError = NVMLError  # type: ignore[attr-defined]
    module.nvmlInit = lambda: None  # type: ignore[attr-defined]
    module.nvmlDeviceGetHandleByUUID = {"GPU-1": "gpu"}.__getitem__  # type: ignore[attr-defined]
    module.nvmlDeviceGetTotalEnergyConsumption = {"gpu": 2000}.__getitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: type("Properties", (), {"uuid": "1"}))
    return module


def test_nvml_reads_the_gpu_that_torch_uses(nvml: ModuleType) -> None:
    assert NvmlCounter().read_mj() == 2000


def test_a_gpu_without_a_counter_gives_nvmls_own_words(nvml: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(gpu: str) -> int:
        raise NVMLError("Not Supported")

    monkeypatch.setattr(nvml, "nvmlDeviceGetTotalEnergyConsumption", unsupported)
    assert "Not Supported" in (why_unmeasurable("cuda") or "")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_here_energy_is_either_measurable_or_a_sentence_says_why_not(device: str) -> None:
    reason = why_unmeasurable(device)
    assert reason is None or reason.endswith(".")
