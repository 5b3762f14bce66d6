"""The report's parts about our own method: yields, polish, the inquisitor, the control and the ablations."""

from benchmarks import figures
from benchmarks.ablations import ABLATIONS
from benchmarks.figures import Result
from benchmarks.job import OURS, POLISHED
from benchmarks.tables import NONE, mean, number, percent, pick, spread, table
from engine.confidence import binomial_bounds
from engine.performance import NetScore

Results = dict[str, list[Result]]  # method → one result for each repeat


def yields(results: Results) -> str:
    """Fresh seeds judged on test, and what polish adds."""
    done = [r for r in results[OURS] if r["status"] == "done"]
    if not done:
        return ""
    rows = [_yield_row(f"repeat {r['repeat']}" + ("" if r["certified"] else ", not certified"), r) for r in done]
    polished = [r for r in results[POLISHED] if r["status"] == "done"]
    text = "### Ours: yield on fresh seeds\n\n" + table(YIELD_HEADER, rows)
    if polished:
        text += "\n\n" + table(
            [
                "polished",
                "seconds each",
                "budgets tried: accepted",
                "accepted that meet on test",
                "NetScore of its choice",
            ],
            [
                [
                    f"repeat {r['repeat']}",
                    f"{r['polish_s']:g}",
                    ", ".join(f"{row['budget']:.2f}: {row['accepted']} of {row['n']}" for row in r["rows"]),
                    f"{figures.counts(r)[2]} of {figures.counts(r)[1]}",
                    number((figures.chosen(r) or {}).get("netscore")),
                ]
                for r in polished
            ],
        )
    return text


YIELD_HEADER = [
    "generator", "fresh seeds", "accepted", "meet on test", "exact 95 % lower bound of that share", "distinct",
    "mean NetScore, dB", "seconds a draw",
]  # fmt: skip


def _yield_row(name: str, result: Result) -> list[str]:
    y = result["yield"]
    taken = max(y["accepted"], 1)
    low = binomial_bounds(y["met"], taken)[0]
    return [
        name, str(y["seeds"]), str(y["accepted"]), f"{y['met']} ({percent(y['met'] / taken)} of accepted)",
        f"{percent(low)} of accepted, {percent(y['low'])} of seeds", str(y["distinct"]), number(y["netscore"], 1),
        number(y["draw_s"], 2),
    ]  # fmt: skip


def inquisitor(results: list[Result]) -> str:
    """How well it ranks unseen designs, beside sizes alone."""
    done = [r for r in results if r["status"] == "done"]
    values = {
        name: spread([r["events"][name] for r in done], 2) for name in ("rank_correlation", "rank_correlation_sizes")
    }
    if values["rank_correlation"] == NONE:
        return ""
    return (
        "### The inquisitor\n\nSpearman correlation with measured held-out scores of designs that it had not seen, "
        f"over the last third of the cycles: {values['rank_correlation']}; a predictor that sees sizes only: "
        f"{values['rank_correlation_sizes']}."
    )


def control(results: list[Result]) -> str:
    """Shapes against uniform ones, and shared weights against training from scratch."""
    rows = [row for r in results if r["status"] == "done" for row in r["rows"]]
    if not rows:
        return ""

    def figures_of(kind: str) -> list[str]:
        tests = [100 * row[kind]["test"] for row in rows]
        scores = [NetScore()(row[kind]["test"], row[kind]["params"], row[kind]["macs"]) for row in rows]
        costs = [(row[kind]["params"] * row[kind]["macs"]) ** 0.5 for row in rows]
        calibration = [100 * row[kind]["calibration"] for row in rows]
        return [
            number(mean(costs), 0),
            number(mean(calibration), 2),
            f"{number(mean(tests), 2)} ± {_error(tests)}",
            number(mean(scores), 1),
        ]

    steps = rows[0]["steps"]
    gains = [100 * (row["design"]["test"] - row["uniform"]["test"]) for row in rows]
    shared = [100 * (row["drawn"]["test"] - row["design"]["test"]) for row in rows]
    return (
        "### What shapes bring, and what shared weights bring\n\n"
        f"Designs of the generator ({len(rows)} over all repeats) and, for each, the uniformly narrowed prototype of "
        f"equal cost, both trained from scratch alike ({steps:,} steps of distillation).\n\n"
        + table(
            ["networks", "√(params·MACs)", "calibration, %", "test, % ± standard error", "NetScore, dB"],
            [
                ["the generator's, as drawn (shared weights)", *figures_of("drawn")],
                ["the generator's designs, from scratch", *figures_of("design")],
                ["uniform, from scratch", *figures_of("uniform")],
            ],
        )
        + f"\n\nShapes alone: {mean(gains):+.2f} ± {_error(gains)} points on test, pair by pair. Shared weights "
        f"against training the same design from scratch: {mean(shared):+.2f} ± {_error(shared)} points."
    )


def _error(values: list[float]) -> str:
    """Standard error of the mean."""
    if len(values) < 2:
        return NONE
    middle = sum(values) / len(values)
    variance = sum((v - middle) ** 2 for v in values) / (len(values) - 1)
    return f"{(variance / len(values)) ** 0.5:.2f}"


def ablations(results: Results) -> str:
    """Ours with one part taken out."""
    rows = []
    for method, title in ((OURS, "Everything (ours)"), *((m, t) for m, (t, _) in ABLATIONS.items())):
        found = results[method]
        if all(r["status"] != "done" for r in found):
            continue
        rows.append(
            [
                title,
                spread(pick(found, lambda r: r["yield"]["netscore"])),
                spread(pick(found, lambda r: 100 * r["yield"]["met"] / max(r["yield"]["accepted"], 1)), 0),
                spread(pick(found, lambda r: 100 * r["yield"]["accepted"] / max(r["yield"]["seeds"], 1)), 0),
                spread(pick(found, lambda r: 100 * r["yield"]["distinct"] / max(r["yield"]["met"], 1)), 0),
                spread(pick(found, lambda r: float(r["certified"]) if "certified" in r else None), 1),
            ]
        )
    header = [
        "ablation", "mean NetScore of networks that meet, dB", "accepted that meet on test, %", "seeds accepted, %",
        "distinct among those that meet, %", "certified",
    ]  # fmt: skip
    return "### Ablations\n\n" + table(header, rows)
