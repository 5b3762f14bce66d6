"""Limits on a design that are no parameters and no MACs: file size, activation memory, latency and energy.

Each is a function of many designs at once, so that the projection can keep every design within it, as it does with
parameters and MACs. What they say is a closed form (activation memory, and any estimate for a device profile), one but
for a constant (file size), or a prediction (latency and energy on this machine): what isn't an estimate is measured on
the network itself before it is accepted.
"""

from functools import cache
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from engine.distributed import Workers
from engine.elastic.design import Designs
from engine.elastic.leaves import ElasticBatchNorm
from engine.elastic.network import ElasticNetwork
from engine.errors import RequestError
from engine.measure.activations import ActivationForm
from engine.measure.energy import Unavailable
from engine.measure.energy_fit import EnergyFit, measure_fit
from engine.measure.latency_table import LATENCY_FILE, LatencyTable, measure_table
from engine.measure.profiles import Profile, kept_profile
from engine.measure.resources import measure_resources
from engine.measure.roofline import estimate
from engine.measure.samples import sample, varied_designs, whole_designs
from engine.measure.work import WorkForm
from engine.requirements import BYTES_PER_WEIGHT, Requirements, resource_name

RECIPE = {"classes": "", "seed": "0" * 19, "budget": "0" * 19, "fingerprint": "0" * 64}  # of the greatest length
FITTED_FILES = 6


class Limit(Protocol):
    """An upper limit on one resource (:func:`engine.requirements.resource_name`)."""

    resource: str
    value: float

    def predict(self, designs: Designs) -> Tensor:
        """The resource of each design, float64, shape (n,)."""
        ...


def limits_of(
    network: ElasticNetwork, requirements: Requirements, folder: Path, workers: Workers | None = None
) -> list[Limit]:
    """The limits that requirements set on an elastic network's designs.

    Args:
        network: Gives the space, and whole networks to calibrate on.
        requirements: Without one on a resource nothing is measured for it.
        folder: Where the table of latencies, the fit of energy and the profiles are, or go: measured or read once,
            since designs depend on them.
        workers: The leader measures them for all.

    Raises:
        RequestError: ``bad_prototype`` when a limit needs an ONNX file and the prototype can't be written as one;
            ``bad_spec`` when energy turns out not to be measurable.
    """
    limits: list[Limit] = []
    workers = workers or Workers()
    form = cache(lambda: WorkForm(network))
    try:
        if "size_mb" in requirements.measured:
            limits.append(SizeLimit(network, requirements.limit("size_mb")))
        if "activation_mb" in requirements.measured:
            limits.append(ActivationLimit(network, requirements.limit("activation_mb")))
        if "latency_ms" in requirements.measured:
            path = folder / LATENCY_FILE
            if workers.leads and not path.exists():
                measure_table(network).save(path)
            workers.hand_out(path)
            limits.append(LatencyLimit(LatencyTable.load(path, network.space), requirements.limit("latency_ms")))
        for device in requirements.energy_on:
            path, resource = folder / f"energy-{device}.json", resource_name("energy_mj", device)
            if workers.leads and not path.exists():
                measure_fit(network, form(), device).save(path)
            workers.hand_out(path)
            limits.append(EnergyLimit(EnergyFit.load(path), form(), resource, requirements.limit(resource)))
        for metric, device in requirements.estimated:
            value = requirements.limit(resource_name(metric, device))
            limits.append(ProfileLimit(kept_profile(device, folder), form(), metric, value))
    except Unavailable as reason:
        raise RequestError("bad_spec", str(reason), "requirements") from reason
    except RuntimeError as error:
        message = f"Latency and file size are measured on an ONNX file. {error}"
        raise RequestError("bad_prototype", message, "prototype") from error
    return limits


class SizeLimit:
    """Size of the ONNX file: four bytes for each parameter and batch-norm statistic, and what its graph takes.

    The graph's share is taken to be linear in the number of tensors that a design uses; it is fitted to the files of
    some whole networks, and lies above all of them.
    """

    resource = "size_mb"

    def __init__(self, network: ElasticNetwork, value: float) -> None:
        self.value = value
        self._costs = network.space.costs
        norms = [
            i
            for i, p in enumerate(network.space.parameters)
            if p.name == "weight" and isinstance(network.leaf(p.leaf), ElasticBatchNorm)
        ]
        self._norms = torch.tensor(norms, dtype=torch.int64)
        chosen = [*whole_designs(network), *varied_designs(network, FITTED_FILES)]
        designs = network.space.designs(chosen)
        sizes = [measure_resources(sample(network, d), network.input_shape, RECIPE, needs_file=True) for d in chosen]
        graph = torch.tensor([r.size_mb for r in sizes], dtype=torch.float64) - self._stored(designs)
        tensors = self._costs.used(designs).sum(1)
        columns = torch.stack([torch.ones_like(tensors), tensors], 1)
        self._graph = torch.linalg.lstsq(columns, graph[:, None], driver="gelsd").solution[:, 0]
        self._graph[0] += (graph - columns @ self._graph).max()

    def _stored(self, designs: Designs) -> Tensor:
        sizes = self._costs.sizes(designs)
        stored = sizes.sum(1) + 2 * sizes[:, self._norms].sum(1)  # a mean and a variance beside each scale
        return stored * BYTES_PER_WEIGHT / 1e6

    def predict(self, designs: Designs) -> Tensor:
        """Megabytes (10^6 bytes)."""
        return self._stored(designs) + self._graph[0] + self._graph[1] * self._costs.used(designs).sum(1)


class ActivationLimit:
    """Peak activation memory (:mod:`engine.measure.memory`), as a closed form over designs."""

    resource = "activation_mb"

    def __init__(self, network: ElasticNetwork, value: float) -> None:
        self.value = value
        self._form = ActivationForm(network)

    def predict(self, designs: Designs) -> Tensor:
        """Megabytes (10^6 bytes)."""
        return self._form(designs)


class LatencyLimit:
    """Latency as a table predicts it, with the table's own error as a margin."""

    resource = "latency_ms"

    def __init__(self, table: LatencyTable, value: float) -> None:
        self.value = value
        self.table = table

    def predict(self, designs: Designs) -> Tensor:
        """Milliseconds."""
        return self.table.predict(designs) * (1 + self.table.calibration.error)


class EnergyLimit:
    """Energy on this machine as a fit predicts it, with the fit's own error as a margin."""

    def __init__(self, energy: EnergyFit, form: WorkForm, resource: str, value: float) -> None:
        self.resource, self.value = resource, value
        self._fit, self._form = energy, form

    def predict(self, designs: Designs) -> Tensor:
        """Millijoules."""
        return self._fit.predict(self._form(designs)) * (1 + self._fit.error)


class ProfileLimit:
    """Latency or energy on a device profile: the estimate is what is required, so it holds by construction."""

    def __init__(self, profile: Profile, form: WorkForm, metric: str, value: float) -> None:
        self.resource, self.value = resource_name(metric, profile.name), value
        self._profile, self._form, self._metric = profile, form, metric

    def predict(self, designs: Designs) -> Tensor:
        """Milliseconds, or millijoules."""
        found = estimate(self._profile, self._form(designs))
        return found.latency_ms if self._metric == "latency_ms" else found.energy_mj
