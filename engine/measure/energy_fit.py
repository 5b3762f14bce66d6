"""Energy of designs on this machine, predicted from some networks whose energy was measured.

Energy ≈ constant + a · multiply-accumulates + b · values moved, fitted to whole networks: the energy roofline of Choi
et al. 2013 with this machine's own terms. It aims; a network's energy is measured before it is accepted.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import nnls
from torch import Tensor

from engine.elastic.network import ElasticNetwork
from engine.measure.energy import energy_of
from engine.measure.samples import sample, varied_designs, whole_designs
from engine.measure.work import Work, WorkForm

FITTED_ON = 8  # networks beside the whole ones


@dataclass(frozen=True)
class EnergyFit:
    """Millijoules: a constant, for each multiply-accumulate, and for each value; ``error`` is the root mean square of
    the relative error."""

    constant: float
    per_mac: float
    per_value: float
    error: float

    def predict(self, work: Work) -> Tensor:
        """Millijoules for one image, float64, shape (n,)."""
        return self.constant + self.per_mac * work.macs.sum(1) + self.per_value * work.values.sum(1)

    def save(self, path: Path) -> None:
        """Write the fit as JSON."""
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self)))
        os.replace(draft, path)

    @classmethod
    def load(cls, path: Path) -> "EnergyFit":
        """Inverse of :meth:`save`."""
        return cls(**json.loads(path.read_text()))


def measure_fit(network: ElasticNetwork, form: WorkForm, device: str) -> EnergyFit:
    """Measure some networks on ``cpu`` or ``cuda``, and fit.

    Raises:
        Unavailable: Energy can't be measured on the device.
    """
    chosen = [*whole_designs(network), *varied_designs(network, FITTED_ON)]
    measured = [energy_of(sample(network, design), network.input_shape, device).mj for design in chosen]
    return fit(form(network.space.designs(chosen)), np.array(measured))


def fit(work: Work, measured: np.ndarray) -> EnergyFit:
    """Least squares of the relative error, in millijoules; no term may lower an energy."""
    macs, values = work.macs.sum(1).numpy(), work.values.sum(1).numpy()
    columns = np.stack([np.ones_like(macs), macs, values], 1) / measured[:, None]
    scale = columns.max(0)  # the terms are many powers of ten apart
    terms, _ = nnls(columns / scale, np.ones_like(measured))
    constant, per_mac, per_value = (terms / scale).tolist()
    error = columns @ (terms / scale) - 1
    return EnergyFit(constant, per_mac, per_value, float(np.sqrt(np.mean(error**2))))
