"""``docs/paper.md``: a section for each experiment that was run, each written from its results files alone."""

from pathlib import Path
from typing import Any

from benchmarks.job import read_result
from benchmarks.paper.bars import Panel, draw
from benchmarks.paper.compare import KINDS, Network, chosen, images_per_joule, test_metric
from benchmarks.paper.comparisons import title
from benchmarks.paper.experiments import REFINED, Experiment
from benchmarks.paper.jobs import PROTOTYPE, SYNTHESIS, job_names, result_path
from benchmarks.paper.published import MOBILENET, NASNET, PUBLISHED, Published
from benchmarks.tables import NONE, mean, number, spread, table
from engine.performance import NetScore

TEXT = Path(__file__).parent.parent / "text" / "paper.md"
METRICS = {"accuracy": "accuracy", "pixel_accuracy": "pixel accuracy", "map50": "mAP@0.5"}
SCALES = {"small": "reduced", "full": "full"}
Repeat = dict[str, Any]  # the results of one repeat, by job


def write_report(experiment: Experiment, repeats: int, root: Path, docs: Path) -> Path:
    """Write an experiment's section and figure, then the page from all sections; returns the page's path."""
    folder = docs / "paper"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{experiment.name}-{experiment.scale}"
    absent = {"status": "not run", "error": "not run"}
    found: list[Repeat] = [
        {job: read_result(result_path(root, k, job)) or absent for job in job_names(experiment)} for k in range(repeats)
    ]
    (folder / f"{stem}.md").write_text(_section(experiment, found, folder / f"{stem}.svg").strip() + "\n")
    return assemble(docs)


def assemble(docs: Path) -> Path:
    """Write the page from the sections that are there; for others it says that they weren't run."""
    parts = [TEXT.read_text()]
    for name, published in PUBLISHED.items():
        parts.append(f"## {published.title}\n\nThe paper: {published.section}. {published.data}")
        for scale, said in SCALES.items():
            section = docs / "paper" / f"{name}-{scale}.md"
            command = f"make paper-{name}" + (" SCALE=small" if scale == "small" else "")
            heading = f"### {said.capitalize()} experiment: `{command}`"
            parts.append(f"{heading}\n\n" + (section.read_text() if section.exists() else "Not run yet."))
    page = docs / "paper.md"
    page.write_text("\n\n".join(part.strip() for part in parts) + "\n")
    return page


def _section(experiment: Experiment, found: list[Repeat], figure: Path) -> str:
    prototypes = [r[PROTOTYPE] for r in found if r[PROTOTYPE]["status"] == "done"]
    if not prototypes:
        return f"Not run: {found[0][PROTOTYPE]['error']}."
    published = PUBLISHED[experiment.name]
    networks = _networks(experiment, found)
    parts = [_setup(experiment, found, prototypes), _networks_table(experiment, networks, found)]
    if _draw(experiment, networks, figure):
        parts.append(f"![Bars: the figures of each network]({figure.parent.name}/{figure.name})")
    parts.append(_beside_the_paper(experiment, published, networks))
    if experiment.scale == "small":
        parts.append(_targets(experiment, published, networks))
    parts.append(_misses(experiment, found))
    return "\n\n".join(parts)


# --- what was run ------------------------------------------------------------------------------------------------


def _setup(experiment: Experiment, found: list[Repeat], prototypes: list[dict[str, Any]]) -> str:
    first, metric = prototypes[0], METRICS[experiment.metric]
    channels, height, width = first["image"]
    images = ", ".join(f"{first['images'][s]:,} {s}" for s in ("train", "search", "calibration", "test"))
    classes = f"{len(first['classes'])} classes" + (f" ({', '.join(first['classes'])})" if experiment.classes else "")
    if experiment.required is None:
        rule = f"the prototype's on the calibration split less {100 * experiment.slack:g} points"
    else:
        rule = "the paper's requirement"
    said = [
        f"Device: {first['device']}. {classes}, {width}×{height} pixels; "
        f"images: {images}. Requirement: {metric} ≥ {spread([100 * p['required'] for p in prototypes], 2)} %, {rule}.",
        _confidence(experiment, found),
        "Trained on the labels: " + "; ".join(_training(job, found) for job in job_names(experiment)[:-1]) + ".",
    ]
    for result in (r[SYNTHESIS] for r in found if r[SYNTHESIS]["status"] == "done"):
        low, high = result["budget_range"]
        outcome = f"certified from budget {low:.3f} to {high:.3f}" if result["certified"] else "not certified"
        where = "smallest budget" if result["certified"] else "best budget tried"
        said.append(
            f"Synthesis: {result['events']['cycles']} cycles, {outcome}; of seeds at the {where} "
            f"{100 * result['yield']['raw']:.0f} % are accepted at their first decoding and "
            f"{100 * result['yield']['accepted']:.0f} % in the end, {100 * result['distinct']:.0f} % of the designs "
            f"are distinct. Four draws with {experiment.polish_s:g} s of polish each took {result['draw_s']:.0f} s, "
            f"the search for the refined network {result['refine_s']:.0f} s."
        )
    minutes = sum(j.get("job_s", 0) for r in found for j in r.values()) / 60
    together = f", of which trainings ran {experiment.side_by_side} at a time" if experiment.side_by_side > 1 else ""
    said.append(f"All jobs together: {minutes:.1f} minutes{together}.")
    return "\n".join(f"- {line}" for line in said)


def _confidence(experiment: Experiment, found: list[Repeat]) -> str:
    thresholds = [r[SYNTHESIS].get("threshold") for r in found]
    accepted = spread([None if t is None else 100 * t for t in thresholds], 2)
    said = f"A network is accepted from {accepted} % on the calibration split"
    if experiment.confidence > 0.5:
        return f"{said} (confidence {experiment.confidence:g})."
    return (
        f"{said}. No margin is added (confidence 0.5): with so few calibration images one of 95 % would be wider than "
        "what may be lost."
    )


def _training(job: str, found: list[Repeat]) -> str:
    done = [r[job] for r in found if r[job]["status"] == "done"]
    name = "the prototype" if job == PROTOTYPE else title(job)
    if not done:
        return f"{name} not"
    return f"{name} {spread([r['epochs'] for r in done])} epochs in {spread([r['seconds'] for r in done], 0)} s"


# --- the networks ------------------------------------------------------------------------------------------------


def _networks(experiment: Experiment, found: list[Repeat]) -> dict[str, list[Network | None]]:
    """By title, in the order of the tables: one for each repeat, None where there is none."""
    own = [_by_title(experiment, repeat) for repeat in found]
    names = dict.fromkeys([_prototype(experiment), *(name for networks in own for name in networks)])
    return {name: [networks.get(name) for networks in own] for name in names}


def _prototype(experiment: Experiment) -> str:
    return f"{experiment.prototype} (prototype)"


def _by_title(experiment: Experiment, repeat: Repeat) -> dict[str, Network]:
    titles = {PROTOTYPE: _prototype(experiment)} | {job: title(job) for job in experiment.comparisons}
    trained = {said: repeat[job]["network"] for job, said in titles.items() if repeat[job]["status"] == "done"}
    return trained | {n["name"]: n for n in repeat[SYNTHESIS].get("networks", [])}


def _networks_table(experiment: Experiment, networks: dict[str, list[Network | None]], found: list[Repeat]) -> str:
    metric, rows = experiment.metric, []
    required = [100 * r[PROTOTYPE].get("required", 0) for r in found]
    lost = [test_metric(n, metric) - 100 * experiment.slack if n else 0 for n in networks[_prototype(experiment)]]
    for name, row in networks.items():

        def each(value: Any, digits: int = 1, row: list[Network | None] = row) -> str:
            return spread([value(n) if n else None for n in row], digits)

        def count(holds: Any, row: list[Network | None] = row) -> str:
            known = [holds(n, k) for k, n in enumerate(row) if n]
            return f"{sum(known)} of {len(known)}" if len(row) > 1 else ("yes" if sum(known) else "no")

        ours = any(n and "verified" in n for n in row)
        follows = ours and experiment.required is None
        rows.append(
            [
                name,
                each(lambda n: n["params"], 0),
                each(lambda n: n["macs"] / 1e6, 3),
                each(lambda n: 100 * n["metrics"]["calibration"][metric], 2),
                count(lambda n, k: n["verified"]) if ours else NONE,
                each(lambda n: test_metric(n, metric), 2),
                count(lambda n, k: test_metric(n, metric) >= required[k]) if ours else NONE,
                count(lambda n, k: test_metric(n, metric) >= lost[k]) if follows else NONE,
                each(lambda n: n["information_density"], 2),
                each(lambda n: n["netscore"], 1),
                each(images_per_joule, 0),
                each(lambda n: n["energy"].get("images_per_joule"), 0),
            ]
        )
    header = [
        "network", "parameters", "MACs, M", f"{METRICS[metric]}, calibration, %", "accepted", "test, %",
        "test meets the requirement", "test loses no more than allowed", "%/K parameters",
        "NetScore, dB", "images/J, Tegra X2, estimated", "images/J, measured here",
    ]  # fmt: skip
    return table(header, rows) + _unmeasured(networks)


def _unmeasured(networks: dict[str, list[Network | None]]) -> str:
    known = [n["energy"] for row in networks.values() for n in row if n]
    reasons = {energy["unavailable"] for energy in known if "unavailable" in energy}
    return "".join(f"\n\nEnergy isn't measured: {reason}" for reason in sorted(reasons))


def _draw(experiment: Experiment, networks: dict[str, list[Network | None]], path: Path) -> bool:
    """The paper's figure, as means over repeats; whether there is anything of ours to draw."""

    def panel(name: str, value: Any, digits: int, start_share: float = 0.0) -> Panel:
        bars = []
        for network, found in networks.items():
            average = mean([value(n) if n else None for n in found])
            if average is not None:
                bars.append((network, average, network.startswith("FermiNet")))
        return Panel(name, bars, digits, float(round(start_share * min(value for _, value, _ in bars))))

    metric = METRICS[experiment.metric]
    panels = [
        panel(f"{metric}, %", lambda n: test_metric(n, experiment.metric), 1, 0.9),
        panel("information density, %/K parameters", lambda n: n["information_density"], 2),
        panel("MACs, millions", lambda n: n["macs"] / 1e6, 2),
        panel("NetScore, dB", lambda n: n["netscore"], 1, 0.8),
        panel("images per joule, Tegra X2, estimated", images_per_joule, 0),
    ]
    if any(n and "images_per_joule" in n["energy"] for found in networks.values() for n in found):
        panels.append(panel("images per joule, measured", lambda n: n["energy"].get("images_per_joule"), 0))
    draw(panels, path)
    return any(name.startswith("FermiNet") for name in networks)


# --- beside the paper --------------------------------------------------------------------------------------------


def _outcome(
    experiment: Experiment, networks: dict[str, list[Network | None]], ours: str | None, kind: str, against: str
) -> list[float | None]:
    """By repeat: a FermiNet (None: the chosen one) against another network."""
    others = networks[against]
    fermi = [row for name, row in networks.items() if name.startswith("FermiNet")]
    values: list[float | None] = []
    for k, other in enumerate(others):
        here = [row[k] for row in fermi]
        mine = (
            chosen([n for n in here if n], NetScore(), experiment.metric)
            if ours is None
            else next((n for n in here if n and n["name"] == ours), None)
        )
        values.append(KINDS[kind].of(mine, other, experiment.metric) if mine and other else None)
    return values


def _beside_the_paper(experiment: Experiment, published: Published, networks: dict[str, list[Network | None]]) -> str:
    prototype = _prototype(experiment)
    mobile = next((title(c) for c in experiment.comparisons if title(c) in networks), None)
    rows = []
    for figure in published.figures:
        against = mobile if figure.against in (MOBILENET, NASNET) else prototype
        kind = KINDS[figure.kind]
        values = _outcome(experiment, networks, figure.network, figure.kind, against) if against else [None]
        ours = spread(values, 2 if kind.unit == " points" else 1)
        rows.append(
            [
                f"{kind.title}, {figure.network or 'FermiNet'}",
                f"{figure.said} against {figure.against}",
                NONE if ours == NONE else f"{ours}{kind.unit} against {against}",
            ]
        )
    said = "" if any(f.network for f in published.figures) else _which(experiment, networks)
    return f"{said}\n\n{table(['figure', 'the paper', 'ours'], rows)}".strip()


def _which(experiment: Experiment, networks: dict[str, list[Network | None]]) -> str:
    names = []
    for k in range(len(next(iter(networks.values())))):
        here = [row[k] for name, row in networks.items() if name.startswith("FermiNet")]
        best = chosen([n for n in here if n], NetScore(), experiment.metric)
        names.append(best["name"] if best else "none: no network was accepted")
    return (
        "FermiNet stands for the accepted network with the highest NetScore by the calibration split: "
        f"{'; '.join(names)}."
    )


def _targets(experiment: Experiment, published: Published, networks: dict[str, list[Network | None]]) -> str:
    """What the reduced experiment is to reach over its own prototype."""
    prototype = _prototype(experiment)
    lines = [_which(experiment, networks)] if any(f.network for f in published.figures) else []
    lines.append(f"Aims of the reduced experiment, over {prototype}:\n")
    for name, wanted in published.targets.items():
        kind = KINDS[name]
        values = _outcome(experiment, networks, None, name, prototype)
        reached = all(v is not None and v >= wanted for v in values)
        had = spread(values)
        verdict = "reached" if reached else "**missed**"
        said = NONE if had == NONE else f"{had}{kind.unit}"
        lines.append(f"- {kind.title}: at least {number(wanted)}{kind.unit}: {said}, {verdict}.")
    return "\n".join(lines)


def _misses(experiment: Experiment, found: list[Repeat]) -> str:
    """What failed, what was not accepted, and what the test split contradicts."""
    lines = []
    for k, repeat in enumerate(found):
        where = f", repeat {k}" if len(found) > 1 else ""
        for job, result in repeat.items():
            if result["status"] != "done":
                at = f" ({result['where']})" if result.get("where") else ""
                lines.append(f"- {job}{where}: {result['status']}{at}: {result['error']}.")
        synthesis = repeat[SYNTHESIS]
        if synthesis["status"] != "done":
            continue
        if not synthesis["certified"]:
            lines.append(f"- The generator is not certified{where}: no budget reached the target yield.")
        if all(n["name"] != REFINED for n in synthesis["networks"]):
            lines.append(f"- Refinement found no accepted network below FermiNet-D's budget{where}.")
        for network in synthesis["networks"]:
            metric = test_metric(network, experiment.metric)
            if not network["verified"]:
                lines.append(f"- {network['name']}{where}: not accepted by the calibration split.")
            elif metric < 100 * synthesis["required"]:
                short = f"{metric:.2f} % of {100 * synthesis['required']:.2f} %"
                lines.append(f"- {network['name']}{where}: accepted, but {short} on the test split.")
    return "#### Misses\n\n" + ("\n".join(lines) if lines else "None.")
