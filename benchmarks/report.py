"""``docs/benchmarks.md``, from the results files alone."""

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import figures, own_report
from benchmarks.ablations import ABLATIONS
from benchmarks.figures import Result
from benchmarks.job import (
    CONTROL,
    OURS,
    POLISHED,
    PROTOTYPE,
    REFINED,
    SHARED_WEIGHTS_SHARE,
    read_result,
    result_path,
)
from benchmarks.ours import SYNTHESIS_SHARE
from benchmarks.own_report import Results
from benchmarks.peers import PEERS
from benchmarks.tables import NONE, mean, number, percent, pick, spread, table
from benchmarks.work import Definition
from benchmarks.works import Suite

OWN = {OURS: "Ours: drawn", POLISHED: "Ours: drawn and polished", REFINED: "Ours: refined"}
TITLES = OWN | {name: p.title for name, p in PEERS.items()}
TEXT = Path(__file__).parent / "text"
PACKAGES = ("torch", "torch-pruning", "nvidia-modelopt", "optuna", "onnxruntime")


def write_report(suite: Suite, root: Path, docs: Path) -> Path:
    """Write the page and its plots; returns the page's path."""
    docs.mkdir(parents=True, exist_ok=True)
    page = docs / f"{suite.page}.md"
    parts = [_head(suite, root)]
    for work in suite.works:
        parts.append(_work(suite, work, _results(suite, work, root), root, docs))
    parts.append((TEXT / "settings.md").read_text())
    page.write_text("\n\n".join(part.strip() for part in parts) + "\n")
    return page


def _results(suite: Suite, work: Definition, root: Path) -> Results:
    """All results of a work; a repeat without one counts as not run."""
    absent = {"status": "not run", "error": "not run"}
    methods = [PROTOTYPE, *OWN, *suite.peers, CONTROL, *ABLATIONS]
    return {
        m: [read_result(result_path(root, work.name, m, r)) or absent for r in range(suite.repeats)] for m in methods
    }


def _head(suite: Suite, root: Path) -> str:
    prototypes = [
        read_result(result_path(root, work.name, PROTOTYPE, k)) for work in suite.works for k in range(suite.repeats)
    ]
    devices = {r["device"] for r in prototypes if r and "device" in r}
    side_by_side = suite.side_by_side > 1
    return (
        (TEXT / "head.md")
        .read_text()
        .format(
            target={"benchmarks-gpu": "bench-gpu", "benchmarks-quick": "bench-quick"}.get(suite.page, "bench"),
            devices=", ".join(sorted(devices)) or NONE,
            threads="one thread each, two methods side by side"
            if side_by_side
            else "all threads, one method at a time",
            versions=_versions(),
            repeats=suite.repeats,
            synthesis=percent(SYNTHESIS_SHARE),
            shared=percent(SHARED_WEIGHTS_SHARE),
        )
    )


def _versions() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return f"Python {platform.python_version()}, " + ", ".join(found) + "."


def _work(suite: Suite, work: Definition, results: Results, root: Path, docs: Path) -> str:
    prototypes = [r for r in results[PROTOTYPE] if r["status"] == "done"]
    if not prototypes:
        return f"## {work.title}\n\nNot run: {results[PROTOTYPE][0].get('error', 'no result')}."
    parts = [
        f"## {work.title}",
        _setup(work, prototypes),
        _peers_table(suite, work, results, root, tuple(prototypes[0]["image"])),
        _verdict(suite, results),
        _plots(suite, work, results, docs),
        own_report.yields(results),
        own_report.inquisitor(results[OURS]),
        own_report.control(results[CONTROL]),
    ]
    if work.name in suite.ablated:
        parts.append(own_report.ablations(results))
    parts.append(_misses(results, suite))
    return "\n\n".join(part for part in parts if part)


def _setup(work: Definition, prototypes: list[Result]) -> str:
    first = prototypes[0]
    images = ", ".join(f"{first['images'][s]:,} {s}" for s in ("train", "search", "calibration", "test"))
    test = spread([100 * p["accuracy"]["test"] for p in prototypes], 2)
    calibration = spread([100 * p["accuracy"]["calibration"] for p in prototypes], 2)
    trained = spread([p["seconds"] for p in prototypes], 0)
    return (
        f"Images: {images}. Prototype: test {test} %, calibration {calibration} %, trained in {trained} s. "
        f"Required: accuracy ≥ {100 * work.required:g} %; accepted from {100 * first['threshold']:.2f} % on "
        f"calibration. Each method has {work.seconds:g} s."
    )


def _peers_table(suite: Suite, work: Definition, results: Results, root: Path, shape: tuple[int, int, int]) -> str:
    methods = [*OWN, *suite.peers]
    latency = figures.latencies(root, work.name, methods, suite.repeats, shape)
    rows = []
    for method in methods:
        found = results[method]
        if all(r["status"] != "done" for r in found):
            continue
        best = pick(found, lambda r: (figures.chosen(r) or {}).get("netscore"))
        met = [bool(n["met"]) for r in found if (n := figures.chosen(r))]
        families = [figures.family(r) if r["status"] == "done" else (None, False) for r in found]
        measured = all(known for value, known in families if value is not None)
        rows.append(
            [
                TITLES[method],
                spread(best),
                f"{sum(met)} of {len(found)}",
                spread(pick(found, figures.first_met), 0),
                spread(pick(found, figures.each_further), 2),
                ("" if measured or not any(v for v, _ in families) else "≈ ") + spread([v for v, _ in families], 0),
                spread([latency.get((method, k)) for k in range(suite.repeats)], 3),
            ]
        )
    header = ["method", "NetScore of its choice, dB", "meets on test", "first that meets, s", "each further, s",
              "20 networks, s", "latency, ms"]  # fmt: skip
    return table(header, rows) + "\n\n" + _networks_table(methods, results)


def _networks_table(methods: list[str], results: Results) -> str:
    rows = []
    for method in methods:
        found = [r for r in results[method] if r["status"] == "done"]
        choices = [figures.chosen(r) for r in found]
        if not found:
            continue
        totals = [sum(column) for column in zip(*map(figures.counts, found), strict=True)]

        def each(name: str, factor: float, digits: int, choices: list[Any] = choices) -> str:
            return spread([factor * c[name] if c else None for c in choices], digits)

        rows.append(
            [
                TITLES[method], each("params", 1, 0), each("macs", 1e-3, 1), each("calibration", 100, 2),
                each("test", 100, 2), f"{totals[0]} / {totals[1]} / {totals[2]}",
            ]
        )  # fmt: skip
    header = ["its choice", "parameters", "MACs, K", "calibration, %", "test, %", "finished / accepted / meet on test"]
    return table(header, rows)


def _verdict(suite: Suite, results: Results) -> str:
    """Who is ahead in what, ours or not."""
    methods = [m for m in (*OWN, *suite.peers) if any(r["status"] == "done" for r in results[m])]

    def ranked(what: Any, largest: bool) -> list[tuple[float, str]]:
        values = [(mean(pick(results[m], what)), m) for m in methods]
        everywhere = [
            (v, m) for v, m in values if v is not None and None not in pick(results[m], what)
        ]  # a mean over fewer repeats isn't compared
        return sorted(everywhere, reverse=largest)

    lines = []
    for name, what, largest, digits, unit in (
        ("Highest NetScore of a choice that meets the requirement on test", figures.netscore_met, True, 1, "dB"),
        ("First network that meets it", figures.first_met, False, 0, "s"),
        ("Each further network", figures.each_further, False, 2, "s"),
        ("Twenty networks", lambda r: figures.family(r)[0], False, 0, "s"),
    ):
        order = ranked(what, largest)
        if not order:
            lines.append(f"- {name}: no method has one in every repeat.")
            continue
        said = f"- {name}: **{TITLES[order[0][1]]}**, {number(order[0][0], digits)} {unit}"
        others = [pair for pair in order[1:] if (pair[1] in OWN) != (order[0][1] in OWN)]
        if others:
            said += f"; {TITLES[others[0][1]]}: {number(others[0][0], digits)} {unit}"
        if order[0][1] not in OWN:
            said += ". A peer wins here" if others else ". A peer wins here; ours has none in every repeat"
        lines.append(said + ".")
    return "Means over repeats, of methods that have a value in every one of them:\n\n" + "\n".join(lines)


def _plots(suite: Suite, work: Definition, results: Results, docs: Path) -> str:
    if find_spec("matplotlib") is None:
        return ""
    from benchmarks import plots

    rows = {TITLES[m]: [r for r in results[m] if r["status"] == "done"] for m in (*OWN, *suite.peers)}
    folder = docs / suite.page
    plots.accuracy_and_cost(rows, work.required, folder / f"{work.name}-networks.svg")
    plots.networks_over_time(rows, folder / f"{work.name}-time.svg")
    return (
        f"![Accepted networks: test accuracy over cost]({suite.page}/{work.name}-networks.svg)\n"
        f"![Distinct accepted networks over time]({suite.page}/{work.name}-time.svg)"
    )


def _misses(results: Results, suite: Suite) -> str:
    """What failed, what was never run and what found nothing."""
    lines = []
    for method, found in results.items():
        for repeat, result in enumerate(found):
            title = TITLES.get(method, method)
            if result["status"] == "failed":
                where = f" ({result['where']})" if result.get("where") else ""
                lines.append(f"- {title}, repeat {repeat}: failed{where}: {result['error']}")
            elif result["status"] == "done" and "networks" in result and method not in ABLATIONS:
                choice = figures.chosen(result)
                if choice is None:
                    lines.append(f"- {title}, repeat {repeat}: no accepted network.")
                elif not choice["met"]:
                    test = f"{100 * choice['test']:.2f} %"
                    lines.append(f"- {title}, repeat {repeat}: its choice has {test} on test: requirement missed.")
    lines += [f"- {PEERS[m].title}: {PEERS[m].needs} is not installed." for m in suite.peers if not PEERS[m].available]
    return "### Misses\n\n" + ("\n".join(lines) if lines else "None.")
