"""``make paper-classification`` and so on: run one of the paper's experiments and write its report."""

import argparse
import hashlib
import logging
import sys
from pathlib import Path

import torch

from benchmarks.paper.experiments import EXPERIMENTS, Experiment, experiment
from benchmarks.paper.jobs import run
from benchmarks.paper.report import write_report

ROOT = Path(__file__).resolve().parent.parent.parent
log = logging.getLogger("benchmarks.paper")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper", description=__doc__)
    parser.add_argument("experiment", choices=tuple(EXPERIMENTS["full"]))
    parser.add_argument("--data", type=Path, required=True, help="the dataset, or the folder that holds it")
    parser.add_argument("--scale", choices=tuple(EXPERIMENTS), default="full")
    parser.add_argument("--seconds", type=float, help="of the synthesis")
    parser.add_argument("--repeats", type=int, default=1, help="seeds 0, 1, …")
    parser.add_argument("--results", type=Path, default=ROOT / "var" / "benchmarks" / "paper", metavar="DIR")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", metavar="DIR", help="where the page goes")
    return parser


def find_data(given: Path, wanted: Experiment) -> Path:
    """The dataset: what was named, or the experiment's file in it."""
    inside = given / wanted.file
    found = inside if inside.exists() else given
    if not found.exists() or (found.is_dir() and any(found.glob("*.zip"))):
        sys.exit(
            f"{given} holds no {wanted.file}. Name the dataset or its folder, as in make paper-{wanted.name} "
            f"DATA=path/to/{wanted.file}; docs/paper.md says where to get it and how it is laid out."
        )
    return found.resolve()


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    args = _parser().parse_args()
    wanted = experiment(args.experiment, args.scale, args.seconds)
    data = find_data(args.data, wanted)
    key = hashlib.sha256(repr((wanted, str(data))).encode()).hexdigest()[:8]
    root = args.results.resolve() / f"{wanted.name}-{wanted.scale}-{key}"
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run(wanted, args.repeats, data, root, device)
    log.info("%s written", write_report(wanted, args.repeats, root, args.docs.resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
