"""Energy for one image, measured by the machine's own counters: NVML on an NVIDIA GPU, RAPL on an Intel or AMD CPU.

RAPL counts the whole processor package, other work on it included, and NVML the whole board: measure on an idle
machine. Where there is no counter that may be read, a sentence says why, and no figure is made up.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import fx

POWERCAP = Path("/sys/class/powercap")
WARMUP = 10  # runs
FEWEST_IMAGES = 5


class Unavailable(Exception):
    """Energy can't be measured on a device; the message is a sentence that says why."""


class EnergyCounter(Protocol):
    """A device's energy since some moment in the past; ``window_s`` is how long it has to count for a steady figure."""

    window_s: float

    def read_mj(self) -> float:
        """Millijoules."""
        ...


@dataclass(frozen=True)
class Energy:
    """Energy for one image: the mean over ``images``, in millijoules."""

    mj: float
    images: int

    @property
    def images_per_joule(self) -> float:
        return 1e3 / self.mj


def measure_energy(run: Callable[[], None], counter: EnergyCounter) -> Energy:
    """Energy of a network for one image.

    Args:
        run: Takes one image through it, and returns when that is done.
        counter: From :func:`energy_counter`.

    Raises:
        Unavailable: The counter stood still.
    """
    for _ in range(WARMUP):
        run()
    images, start, before = 0, time.perf_counter(), counter.read_mj()
    while images < FEWEST_IMAGES or time.perf_counter() - start < counter.window_s:
        run()
        images += 1
    used = counter.read_mj() - before
    if used <= 0:
        raise Unavailable("The energy counter of this machine stands still, so energy isn't measurable here.")
    return Energy(used / images, images)


def energy_of(module: "fx.GraphModule", input_shape: tuple[int, int, int], device: str) -> Energy:
    """Energy of a network for one image of (C, H, W): in ONNX Runtime on ``cpu``, in torch on ``cuda``.

    Raises:
        Unavailable: Energy can't be measured on the device, or the network can't be run there.
    """
    from engine.measure.running import runner_on  # requirements are checked without torch

    counter = energy_counter(device)
    try:
        run = runner_on(device, module, input_shape)
    except RuntimeError as error:
        raise Unavailable(f"The network can't be run on {device!r} to measure its energy: {error}") from error
    return measure_energy(run, counter)


class RaplCounter:
    """The CPU packages' energy, read from Linux's power capping interface.

    Two files for each package, so no library is needed: ``energy_uj`` counts microjoules, and starts again at 0 after
    ``max_energy_range_uj``.

    Raises:
        Unavailable: There are no such files, or they may not be read.
    """

    window_s = 0.3  # it moves every millisecond

    def __init__(self, root: Path = POWERCAP) -> None:
        self._files = sorted(zone / "energy_uj" for zone in root.glob("intel-rapl:*") if zone.name.count(":") == 1)
        if not self._files:
            raise Unavailable(
                "This machine shows no energy counter of its CPU (RAPL, in /sys/class/powercap), as is usual for a "
                "virtual machine, so energy isn't measurable on 'cpu' here."
            )
        try:
            self._ranges = [int((file.parent / "max_energy_range_uj").read_text()) for file in self._files]
            self._last = self._read()
        except OSError as error:
            raise Unavailable(
                f"The energy counter of this machine's CPU may not be read ({error.strerror}: {error.filename}); since "
                "Linux 5.10 an administrator has to allow it."
            ) from error
        self._total_uj = 0

    def read_mj(self) -> float:
        now = self._read()
        for before, after, full in zip(self._last, now, self._ranges, strict=True):
            self._total_uj += after - before if after >= before else after - before + full
        self._last = now
        return self._total_uj / 1e3

    def _read(self) -> list[int]:
        return [int(file.read_text()) for file in self._files]


class NvmlCounter:
    """The GPU's energy since its driver was loaded, from NVML (Volta and later).

    Raises:
        Unavailable: There is no NVIDIA driver, or the GPU has no such counter.
    """

    window_s = 1.0  # it moves every 20 to 100 ms

    def __init__(self) -> None:
        try:
            import pynvml
        except ImportError as error:
            raise Unavailable("Energy on 'cuda' is read by the package nvidia-ml-py; install it.") from error
        self._nvml = pynvml
        try:
            pynvml.nvmlInit()
            self._gpu = self._handle()
            self.read_mj()
        except pynvml.NVMLError as error:
            raise Unavailable(f"The energy of an NVIDIA GPU isn't measurable here (NVML says: {error}).") from error

    def _handle(self) -> object:
        """The GPU that torch calls cuda:0, which CUDA_VISIBLE_DEVICES may make another than NVML's first."""
        import torch

        if not torch.cuda.is_available():
            raise Unavailable("No CUDA device is available here, so energy isn't measurable on 'cuda'.")
        return self._nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")

    def read_mj(self) -> float:
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu))


COUNTERS: dict[str, Callable[[], EnergyCounter]] = {"cpu": RaplCounter, "cuda": NvmlCounter}


def energy_counter(device: str) -> EnergyCounter:
    """The energy counter of ``cpu`` or ``cuda`` on this machine.

    Raises:
        Unavailable: Energy isn't measurable on it.
    """
    return COUNTERS[device]()


def why_unmeasurable(device: str) -> str | None:
    """A sentence that says why energy can't be measured on ``cpu`` or ``cuda`` here; None where it can."""
    try:
        energy_counter(device)
    except Unavailable as reason:
        return str(reason)
    return None
