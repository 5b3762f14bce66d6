"""What is reported of a network, the same for the prototype, for comparison networks and for FermiNets."""

import copy
from typing import Any

import torch
from torch import nn

from engine.elastic.trace import trace
from engine.heldout import HeldOut, observe
from engine.measure.energy import Unavailable, energy_of
from engine.measure.profiles import profiles
from engine.measure.roofline import estimates
from engine.measure.work import work_of
from engine.performance import information_density
from engine.setting import Setting

DEVICE = "jetson-tx2"  # a Tegra X2, as the paper's
SPLITS = {"search": "validation", "calibration": "calibration", "test": "test"}  # by the names of a drawn network


def record(setting: Setting, module: nn.Module) -> dict[str, Any]:
    """A trained network's figures, under the names of the engine's ``network`` lines.

    Args:
        setting: Data, task and objective.
        module: Normalised images in, on the setting's device; in evaluation mode.
    """
    metrics = {}
    for split, name in SPLITS.items():
        held_out = HeldOut(setting.dataset.splits[split], setting.normalise)
        metrics[name] = setting.task.judge(observe(module, held_out, setting.task)[0])
    shape = setting.dataset.image_shape
    graph = trace(copy.deepcopy(module).cpu(), shape)
    work = work_of(graph, shape)
    params, macs = sum(p.numel() for p in module.parameters()), int(work.macs.sum())
    measured = metrics["test"][setting.task.metric]
    return {
        "params": params,
        "macs": macs,
        "metrics": metrics,
        "netscore": setting.spec.objective(measured, params, macs),
        "information_density": information_density(measured, params),
        "estimates": {DEVICE: estimates(profiles(), work)[DEVICE]},
        "energy": _energy(graph, shape, setting.device),
    }


def _energy(graph: torch.fx.GraphModule, shape: tuple[int, int, int], device: torch.device) -> dict[str, Any]:
    """As :meth:`engine.setting.Synthesized.energy` has it."""
    try:
        mj = energy_of(graph, shape, device.type).mj
    except Unavailable as reason:
        return {"device": device.type, "unavailable": str(reason)}
    return {"device": device.type, "energy_mj": mj, "images_per_joule": 1e3 / mj}
