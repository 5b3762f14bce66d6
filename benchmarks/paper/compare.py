"""One network against another, in the paper's terms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.paper.measure import DEVICE

Network = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A way to compare two networks.

    Attributes:
        title: What is compared.
        unit: Of the outcome.
        of: (ours, the other, task metric) → the outcome, the larger the better for ours.
    """

    title: str
    unit: str
    of: Callable[[Network, Network, str], float]


def test_metric(network: Network, metric: str) -> float:
    """On the test split, in percent."""
    return 100 * network["metrics"]["test"][metric]


def images_per_joule(network: Network) -> float:
    """On a Tegra X2, estimated."""
    return network["estimates"][DEVICE]["images_per_joule"]


KINDS = {
    "metric": Kind("task metric on test", " points", lambda a, b, m: test_metric(a, m) - test_metric(b, m)),
    "density": Kind("information density", "×", lambda a, b, m: a["information_density"] / b["information_density"]),
    "macs": Kind("fewer MACs", "×", lambda a, b, m: b["macs"] / a["macs"]),
    "netscore": Kind("NetScore", " dB", lambda a, b, m: a["netscore"] - b["netscore"]),
    "images_per_joule": Kind(
        "images per joule, estimated for a Tegra X2", "×", lambda a, b, m: images_per_joule(a) / images_per_joule(b)
    ),
}


def chosen(networks: list[Network], score: Callable[[float, float, float], float], metric: str) -> Network | None:
    """The FermiNet that stands for all where the paper shows one: of those that the calibration split accepts, the
    highest NetScore with the metric from that split. The test split isn't looked at.

    Args:
        score: U of (metric, parameters, MACs).
    """
    accepted = [n for n in networks if n["verified"]]
    return max(accepted, key=lambda n: score(n["metrics"]["calibration"][metric], n["params"], n["macs"]), default=None)
