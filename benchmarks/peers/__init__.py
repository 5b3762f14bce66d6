"""One file a peer, all with the same two functions.

``search(work, clock, seed)`` returns every network that the peer finished within its time, each stamped with when.
``further(work, seconds, seed, found)`` makes one more network of another structure, given what the search found: what
each further network costs a user of that peer. Decisions read the train, search and calibration splits only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from benchmarks.clock import Clock
from benchmarks.found import Found
from benchmarks.work import Work

Search = Callable[[Work, Clock, int], list[Found]]
Further = Callable[[Work, float, int, list[Found]], Found | None]


@dataclass(frozen=True)
class Peer:
    """A method to compare with.

    Attributes:
        title: For the report.
        module: Below ``benchmarks.peers``.
        needs: The package that it can't do without.
        uses_ours: Whether it works in the shared weights of our trained generator.
    """

    title: str
    module: str
    needs: str | None = None
    uses_ours: bool = False
    options: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        return self.needs is None or find_spec(self.needs) is not None

    @property
    def search(self) -> Search:
        module = import_module(f"benchmarks.peers.{self.module}")
        return lambda work, clock, seed: module.search(work, clock, seed, *self.options)

    @property
    def further(self) -> Further:
        module = import_module(f"benchmarks.peers.{self.module}")
        return lambda work, seconds, seed, found: module.further(work, seconds, seed, found, *self.options)


PEERS = {
    "uniform": Peer("Uniform width from scratch, distilled", "uniform"),
    "prune-magnitude": Peer("Torch-Pruning, magnitude", "torch_pruning_peer", "torch_pruning", options=("magnitude",)),
    "prune-taylor": Peer("Torch-Pruning, Taylor", "torch_pruning_peer", "torch_pruning", options=("taylor",)),
    "fastnas": Peer("NVIDIA ModelOpt FastNAS", "fastnas", "modelopt"),
    "optuna": Peer("Optuna TPE over width multipliers", "optuna_peer", "optuna"),
    "random": Peer("Random designs in our shared weights", "shared", uses_ours=True, options=("random",)),
    "evolution": Peer("Evolution in our shared weights", "shared", uses_ours=True, options=("evolution",)),
}
