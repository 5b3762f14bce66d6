"""The search that peers share whose networks follow from one number, the cost: bracket the requirement, then halve."""

from collections.abc import Callable

from benchmarks.clock import Clock
from benchmarks.found import Found

SHRINK, GROW = 0.08, 0.12  # of the whole range of log cost: steps until a network has passed and another failed
NARROW = 0.012  # of the range: a bracket too narrow to be worth another training
ENOUGH = 0.6  # of a planned training: with less time left none is begun


def search_cost(
    train: Callable[[float, float], Found | None], clock: Clock, *, start: float, trials: int
) -> list[Found]:
    """Search the smallest cost whose network is accepted.

    Args:
        train: (target cost in [0, 1], seconds) → the network; None where nothing new lies at that cost.
        clock: Ends the search.
        start: The first target.
        trials: How many trainings to plan for.
    """
    found: list[Found] = []
    passed, failed, target = 1.0, 0.0, start
    planned = clock.left / trials
    while clock.left > ENOUGH * planned and passed - failed > NARROW:
        network = train(target, min(planned, clock.left))
        if network is not None:
            found.append(network)
        if network is not None and network.accepted:
            passed = target
        else:
            failed = target
        if failed == 0.0:
            target = max(passed - SHRINK, passed / 2)
        elif passed == 1.0:
            target = min(failed + GROW, (1 + failed) / 2)
        else:
            target = (passed + failed) / 2
    return found
