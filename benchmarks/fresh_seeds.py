"""What a user gets: syntheses on the built-in digits by the command line, and a hundred fresh seeds drawn from each.

    make bench-digits

Prints a Markdown table with a row for each run, judged on the test split; the runs' folders stay until the next time.
Give it an idle machine: a synthesis has as long as the spec says, whatever else runs.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.tables import NONE, mean, number, table

ROOT = Path(__file__).resolve().parent.parent
HEADER = [
    "seed of the run", "meet the requirement on the test images", "different designs", "mean parameters", "mean MACs",
    "mean NetScore", "over the prototype", "a draw",
]  # fmt: skip
Event = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fresh_seeds", description=__doc__)
    parser.add_argument("--prototype", default="resnet8")
    parser.add_argument("--require", type=float, default=0.97, help="accuracy")
    parser.add_argument("--seconds", type=float, default=180.0, help="for each synthesis")
    parser.add_argument("--runs", type=int, default=3, help="seeds 0, 1, … of the synthesis")
    parser.add_argument("--draws", type=int, default=100, help="fresh seeds drawn at the smallest certified budget")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "fresh-seeds")
    args = parser.parse_args()
    rows = [_row(seed, args) for seed in range(args.runs)]
    sys.stdout.write(table(HEADER, rows) + "\n")


def _row(seed: int, args: argparse.Namespace) -> list[str]:
    folder: Path = args.out / str(seed)
    shutil.rmtree(folder, ignore_errors=True)  # an earlier run would be resumed
    folder.mkdir(parents=True)
    spec = {
        "prototype": {"zoo": args.prototype},
        "dataset": {"builtin": "digits"},
        "task": "classification",
        "requirements": [{"metric": "accuracy", "op": ">=", "value": args.require}],
        "time_budget_s": args.seconds,
        "seed": seed,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    events = _engine("synthesize", folder / "spec.json", "--out", folder / "run", log=folder / "events.jsonl")
    if events[-1].get("status") != "certified":
        return [str(seed), events[-1].get("message", "not certified"), *[NONE] * 6]
    (prototype,) = (e for e in events if e["type"] == "prototype_ready")
    drawing = ["draw", folder / "run", "--seed", 1, "--count", args.draws]
    drawn = _engine(*drawing, "--export", "safetensors", "--out", folder / "networks", log=folder / "draws.jsonl")
    networks = [e for e in drawn if e["type"] == "network"]
    met = [n for n in networks if n["verified"] and n["metrics"]["test"]["accuracy"] >= args.require]
    distinct = str(len({json.dumps(n["design"], sort_keys=True) for n in networks}))
    if not met:
        return [str(seed), f"0 of {len(networks)}", distinct, *[NONE] * 5]
    params, macs, score = (mean([n[key] for n in met]) or 0.0 for key in ("params", "macs", "netscore"))
    return [
        str(seed),
        f"{len(met)} of {len(networks)}",
        distinct,
        f"{params:,.0f} ({number(prototype['params'] / params)}× fewer)",
        f"{macs / 1000:,.1f} K ({number(prototype['macs'] / macs)}× fewer)",
        f"{number(score)} dB",
        f"{score - prototype['netscore']:+.1f} dB",
        f"{number(mean([n['draw_s'] for n in networks]), 2)} s",
    ]


def _engine(*arguments: object, log: Path) -> list[Event]:
    """Run a command of the engine; its events are kept in a file too."""
    command = [sys.executable, "-m", "engine", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    log.write_text(done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main()
