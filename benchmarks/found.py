"""A network that a method found, with what it costs: counted on the module itself, the same way for every method."""

from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor, nn

from engine.performance import NetScore


@dataclass
class Found:
    """One finished network.

    Attributes:
        module: Plain; normalised images in (or pixels in [0, 1] where ``takes_pixels``), logits out.
        seconds: Of the method's time, when it was finished.
        params, macs: Counts; MACs for one image.
        search, calibration: Accuracy on the splits that decisions may read.
        accepted: Whether the calibration split accepts it.
        label: How the method calls it (its widths, ratio and so on).
    """

    module: nn.Module = field(repr=False)
    seconds: float
    params: int
    macs: int
    search: float
    calibration: float
    accepted: bool
    label: str
    structure: str
    takes_pixels: bool = False

    @property
    def choice_score(self) -> float:
        """NetScore from the calibration split: what a method chooses by, since the test split decides nothing."""
        return NetScore()(self.calibration, self.params, self.macs)

    def record(self) -> dict[str, Any]:
        """Everything but the module, for the results file."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("module", "takes_pixels")}


def cost(module: nn.Module, image: Tensor) -> tuple[int, int]:
    """(parameters, multiply-accumulates of convolutions and linear layers) for one image of shape 1×C×H×W."""
    macs = 0

    def count(layer: nn.Module, args: tuple, output: Tensor) -> None:
        nonlocal macs
        weight = layer.weight
        assert isinstance(weight, Tensor)
        macs += output.numel() // output.shape[1] * weight.numel()

    layers = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    handles = [m.register_forward_hook(count) for m in layers]
    was_training = module.training
    try:
        with torch.no_grad():
            module.eval()(image)
    finally:
        module.train(was_training)
        for handle in handles:
            handle.remove()
    return sum(p.numel() for p in module.parameters()), macs


def structure(module: nn.Module) -> str:
    """What makes networks distinct: the shapes of all parameters, in order."""
    return ";".join("×".join(map(str, p.shape)) for p in module.parameters())


def best(found: list[Found]) -> Found | None:
    """A method's own choice: the highest NetScore among accepted networks."""
    accepted = [f for f in found if f.accepted]
    return max(accepted, key=lambda f: f.choice_score) if accepted else None


def distinct(found: list[Found]) -> list[Found]:
    """Accepted networks, the first of each structure."""
    seen: dict[str, Found] = {}
    for f in found:
        if f.accepted:
            seen.setdefault(f.structure, f)
    return list(seen.values())
