"""The report's plots, as small SVG files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402 - the backend is chosen first

pyplot.rcParams["svg.hashsalt"] = "benchmarks"  # the same data gives the same file
pyplot.rcParams["svg.fonttype"] = "none"  # text stays text
MARKERS = "o^vsDPX*<>"
Rows = Mapping[str, Sequence[dict[str, Any]]]  # a method's title → its results, one for each repeat


def accuracy_and_cost(rows: Rows, required: float, path: Path) -> None:
    """Every accepted network: test accuracy over the geometric mean of parameters and MACs."""
    figure, axes = pyplot.subplots(figsize=(7.2, 4.2))
    for (title, results), marker in zip(rows.items(), _endless(MARKERS), strict=False):
        networks = [n for r in results for n in r.get("networks", []) if n["accepted"]]
        if networks:
            cost = [(n["params"] * n["macs"]) ** 0.5 for n in networks]
            size = 42 if title.startswith("Ours") else 24
            axes.scatter(cost, [100 * n["test"] for n in networks], size, marker=marker, label=title, alpha=0.75, lw=0)
    axes.axhline(100 * required, color="black", lw=0.8, ls="--")
    axes.set_xscale("log")
    axes.set_xlabel("√(parameters · MACs), accepted networks of all repeats")
    axes.set_ylabel("test accuracy, %")
    _finish(figure, axes, path)


def networks_over_time(rows: Rows, path: Path) -> None:
    """How many distinct accepted networks a method had after so many seconds, in its first repeat with any."""
    figure, axes = pyplot.subplots(figsize=(7.2, 4.2))
    for (title, results), marker in zip(rows.items(), _endless(MARKERS), strict=False):
        for result in results:
            base = result.get("base_s", 0.0)
            times = sorted(base + n["seconds"] for n in result.get("networks", []) if n["distinct"])
            if times:
                axes.plot(times, range(1, len(times) + 1), marker=marker, ms=4, lw=1, label=title)
                break
    axes.set_xlabel("seconds since the prototype was trained")
    axes.set_ylabel("distinct accepted networks")
    axes.set_yscale("log")
    _finish(figure, axes, path)


def _finish(figure: Any, axes: Any, path: Path) -> None:
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _endless(markers: str) -> Any:
    while True:
        yield from markers
