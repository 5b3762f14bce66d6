"""Names the device that figures hold for."""

import platform
from pathlib import Path
from typing import Any

import torch


def describe_device(device: torch.device | str) -> dict[str, Any]:
    """``{"kind": "cpu" | "cuda", "name": the model's name, "threads": torch's threads}``."""
    device = torch.device(device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    return {"kind": device.type, "name": name, "threads": torch.get_num_threads()}


def cpu_name() -> str:
    """The processor's model name, or the best that the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), "") or platform.processor() or platform.machine() or "CPU"
