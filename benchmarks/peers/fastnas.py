"""NVIDIA ModelOpt's FastNAS: each layer's sensitivity to narrowing is measured on the prototype, and a threshold on it
gives the subnet for a limit on FLOPs; the subnet is then distilled. The limit is searched for the requirement.

The sensitivities are measured once (on the search split) and kept, so that every further limit costs only training.
"""

import contextlib
import copy
import io
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import modelopt.torch.prune as mtp

from benchmarks.clock import Clock
from benchmarks.found import Found, best
from benchmarks.networks import ladder
from benchmarks.search import search_cost
from benchmarks.train import accuracy, distil, finished
from benchmarks.work import Work
from engine.prototypes.cifar_resnet import CifarResNet
from engine.views import chunks

RATE = 0.05
RATIOS = (0.016, 0.032, *(round(0.05 * i, 2) for i in range(1, 21)))  # the library's own and two below them
STATISTICS_BATCHES, STATISTICS_BATCH = 2, 512


def search(work: Work, clock: Clock, seed: int) -> list[Found]:
    rungs = ladder(work.image_shape, work.classes, work.blocks)
    low, high = rungs[0].log_cost, rungs[-1].log_cost
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch, "sensitivity.pth")
        _subnet(work, 0.5, kept)  # measures the sensitivities

        def train(target: float, seconds: float) -> Found | None:
            own = Clock(seconds)
            # Parameters and MACs shrink about alike, so a log cost is met by the same share of the prototype's FLOPs.
            model = _subnet(work, 10 ** ((target - 1) * (high - low)), kept)
            if model is None:
                return None
            torch.manual_seed(seed)
            distil(model, work, seed=seed, seconds=own.left, rate=RATE)
            return finished(model, work, clock.spent, f"FLOPs {10 ** ((target - 1) * (high - low)):.2%}")

        return search_cost(train, clock, start=work.definition.start, trials=work.definition.trials)


def further(work: Work, seconds: float, seed: int, found: list[Found]) -> Found | None:
    """A slightly larger limit, the sensitivities measured again since another run starts from nothing."""
    chosen = best(found)
    if chosen is None:
        return None
    own = Clock(seconds)
    share = float(chosen.label.removeprefix("FLOPs ").removesuffix("%")) / 100
    with tempfile.TemporaryDirectory() as scratch:
        model = _subnet(work, share * (1.1 + 0.1 * (seed % 5)), Path(scratch, "sensitivity.pth"))
    if model is None:
        return None
    distil(model, work, seed=seed, seconds=own.left, rate=RATE)
    network = finished(model, work, own.spent, chosen.label)
    return network if network.structure not in {f.structure for f in found} else None


class _ConvolutionalHead(nn.Module):
    """The same network with its last layer as a 1×1 convolution: FastNAS can't narrow what goes through a flatten."""

    def __init__(self, model: CifarResNet) -> None:
        super().__init__()
        self.body = copy.deepcopy(model)
        linear = model.fc
        self.head = nn.Conv2d(linear.in_features, linear.out_features, 1)
        self.head.weight.data.copy_(linear.weight.data[:, :, None, None])
        if self.head.bias is not None:
            self.head.bias.data.copy_(linear.bias.data)
        del self.body.fc

    def forward(self, x: Tensor) -> Tensor:
        body = self.body
        return self.head(body.pool(body.stages(body.relu(body.bn(body.conv(x)))))).flatten(1)


def _subnet(work: Work, share: float, kept: Path) -> nn.Module | None:
    """The subnet with at most a share of the prototype's FLOPs, or None where nothing is that small."""
    device = work.setting.device
    assert isinstance(work.setting.prototype, CifarResNet)
    model = _ConvolutionalHead(work.setting.prototype).to(device)
    choices = {"channels_ratio": RATIOS, "channel_divisor": 1}
    features = {"features_ratio": RATIOS, "feature_divisor": 1}
    space = {
        "nn.Conv2d": {"*": {**choices, "kernel_size": ()}}, "nn.BatchNorm2d": {"*": features},
        "nn.Linear": {"*": features},
    }  # fmt: skip
    train = work.setting.dataset.splits["train"].sample(STATISTICS_BATCHES * STATISTICS_BATCH)
    batches = [work.setting.normalise(part) for part in chunks(train, STATISTICS_BATCH)]
    config = {
        "data_loader": batches, "collect_func": lambda batch: batch, "max_iter_data_loader": STATISTICS_BATCHES,
        "score_func": lambda network: accuracy(network, work, "search"), "checkpoint": str(kept),
    }  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            subnet, _ = mtp.prune(
                model, mode=[("fastnas", space)], constraints={"flops": f"{100 * share}%"},
                dummy_input=torch.zeros(1, *work.image_shape, device=device), config=config,
            )  # fmt: skip
        except ValueError as error:
            if "NOT all constraints" not in str(error):
                raise
            return None
    return _plain(subnet)


def _plain(subnet: nn.Module) -> nn.Module:
    """Without the library's bookkeeping, so that it copies and exports like any module."""
    for name in [n for n in vars(subnet) if "modelopt" in n]:
        delattr(subnet, name)
    return subnet
