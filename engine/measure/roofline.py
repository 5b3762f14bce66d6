"""What a network would take on a device, estimated from the device's published figures.

Time is the roofline's (Williams et al. 2009): a layer takes as long as its arithmetic or its memory traffic, whichever
is longer. Energy follows Choi et al. 2013, *A roofline model of energy*: a constant power over the whole time, and an
energy for each operation and each byte, which are set so that the device draws its peak power when arithmetic and
memory are both busy, half of what lies above idle being each one's.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from engine.measure.profiles import Profile
from engine.measure.work import Work

BYTES = {"float32": 4, "int8": 1}


@dataclass(frozen=True)
class Estimate:
    """For one image of each of n networks, float64, shape (n,)."""

    latency_ms: Tensor
    energy_mj: Tensor


def estimate(profile: Profile, work: Work, precision: str = "float32") -> Estimate:
    """Time and energy on a device.

    Args:
        profile: Its figures.
        work: Of n networks.
        precision: ``float32``, or ``int8`` where the profile has a figure for it.
    """
    peak = profile.float32_flop_per_s if precision == "float32" else profile.int8_op_per_s
    assert peak is not None, f"{profile.name} has no figure for {precision}"
    arithmetic_s = 2 * work.macs / peak
    memory_s = BYTES[precision] * work.values / profile.memory_byte_per_s
    started = (work.macs > 0).sum(1)
    time_s = arithmetic_s.maximum(memory_s).sum(1) + started * profile.layer_overhead_us / 1e6
    idle_w = profile.peak_w if profile.idle_w is None else profile.idle_w  # unpublished: an upper estimate
    energy_j = idle_w * time_s + (profile.peak_w - idle_w) * (arithmetic_s + memory_s).sum(1) / 2
    return Estimate(1e3 * time_s, 1e3 * energy_j)


def estimates(known: dict[str, Profile], work: Work) -> dict[str, dict[str, Any]]:
    """One network's estimates by device: latency_ms, energy_mj, images_per_joule; ``int8`` where it is published."""

    def figures(profile: Profile, precision: str) -> dict[str, Any]:
        found = estimate(profile, work, precision)
        energy = found.energy_mj.item()
        return {"latency_ms": found.latency_ms.item(), "energy_mj": energy, "images_per_joule": 1e3 / energy}

    return {
        name: {"estimated": True, **figures(profile, "float32")}
        | ({} if profile.int8_op_per_s is None else {"int8": figures(profile, "int8")})
        for name, profile in known.items()
    }
