"""What the results files say about a method: the figures of the report, from one repeat's result each."""

from pathlib import Path
from typing import Any

FAMILY = 20
Result = dict[str, Any]


def chosen(result: Result) -> dict[str, Any] | None:
    """The network that the method itself chose (highest NetScore among accepted ones, without the test split)."""
    return next((n for n in result.get("networks", []) if n["chosen"]), None)


def netscore_met(result: Result) -> float | None:
    """Its NetScore, where it meets the requirement on test."""
    network = chosen(result)
    return network["netscore"] if network and network["met"] else None


def first_met(result: Result) -> float | None:
    """Seconds until the first accepted network that meets the requirement on test."""
    times = [n["seconds"] for n in result.get("networks", []) if n["accepted"] and n["met"]]
    return result.get("base_s", 0.0) + min(times) if times else None


def each_further(result: Result) -> float | None:
    """Seconds for each further distinct accepted network."""
    stamps = sorted(n["seconds"] for n in result.get("networks", []) if n["distinct"])
    if "draw_s" in result or result.get("base_s"):  # many networks without training: measured over all of them
        return (stamps[-1] - stamps[0]) / (len(stamps) - 1) if len(stamps) > 1 else None
    return result.get("further_s")


def family(result: Result) -> tuple[float | None, bool]:
    """(seconds until twenty distinct accepted networks, whether that was measured)."""
    stamps = sorted(n["seconds"] for n in result.get("networks", []) if n["distinct"])
    base = result.get("base_s", 0.0)
    if len(stamps) >= FAMILY:
        return base + stamps[FAMILY - 1], True
    more = each_further(result)
    if not stamps or more is None:
        return None, False
    return base + stamps[0] + (FAMILY - 1) * more, False


def counts(result: Result) -> tuple[int, int, int]:
    """(networks finished, accepted, accepted and meeting the requirement on test)."""
    networks = result.get("networks", [])
    accepted = [n for n in networks if n["accepted"]]
    return len(networks), len(accepted), sum(n["met"] for n in accepted)


def latencies(folder: Path, work: str, methods: list[str], repeats: int, shape: tuple[int, int, int]) -> dict:
    """Median milliseconds for one image in ONNX Runtime on one thread, for each (method, repeat) with a network."""
    from engine.measure.latency import measure_latency

    found = {}
    for method in methods:
        for repeat in range(repeats):
            path = folder / work / str(repeat) / f"{method}.onnx"
            if path.exists():
                found[method, repeat] = measure_latency(path, shape).median_ms
    return found
