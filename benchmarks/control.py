"""How much do the shapes bring, and how much the shared weights?

The generator's designs and uniformly narrowed prototypes of equal cost are trained from scratch alike: plain modules,
the same distillation, the same number of steps. The generator's networks as drawn stand beside them.
"""

from typing import Any

import torch
from torch import nn

from benchmarks.found import cost
from benchmarks.networks import ladder, log_cost, narrow, nearest
from benchmarks.train import accuracy, distil
from benchmarks.work import Work
from engine.draw import load_generator

DESIGNS = 4
STEPS = 1500
RATE = 0.1


def compare(work: Work, seed: int, *, steps: int = STEPS, designs: int = DESIGNS) -> list[dict[str, Any]]:
    """For each of some designs: costs and accuracies as drawn, from scratch, and of its uniform counterpart."""
    generator = load_generator(work.folder / "ours", work.setting.device)
    image = torch.zeros(1, *work.image_shape, device=work.setting.device)
    rows = []
    for k in range(designs):
        network = generator.draw(k)
        target = log_cost(network.params, network.macs)
        drawn = {split: network.metrics[split]["accuracy"] for split in ("calibration", "test")}
        designed = _fresh(network.module, seed + k).to(work.setting.device)
        rung = nearest(ladder(work.image_shape, work.classes, work.blocks), target)
        torch.manual_seed(seed + k)
        uniform = narrow(work.image_shape[0], work.classes, rung.widths, rung.blocks).to(work.setting.device)
        rows.append(
            {
                "seed": k,
                "drawn": {"params": network.params, "macs": network.macs, **drawn},
                "design": _trained(designed, work, seed + k, steps, image, takes_pixels=True),
                "uniform": _trained(uniform, work, seed + k, steps, image, takes_pixels=False),
                "uniform_label": rung.label,
                "steps": steps,
            }
        )
    return rows


def _trained(
    module: nn.Module, work: Work, seed: int, steps: int, image: torch.Tensor, *, takes_pixels: bool
) -> dict[str, Any]:
    params, macs = cost(module, image)
    distil(module, work, seed=seed, steps=steps, rate=RATE, takes_pixels=takes_pixels)
    splits = ("calibration", "test")
    return {"params": params, "macs": macs} | {s: accuracy(module, work, s, takes_pixels=takes_pixels) for s in splits}


def _fresh(module: nn.Module, seed: int) -> nn.Module:
    """The drawn network's structure with new weights, initialised as the prototype's are."""
    torch.manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
            layer.reset_parameters()
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return module
