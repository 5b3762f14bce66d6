"""The command line: JSON in, JSON lines out, nothing else on stdout; logs and progress on stderr.

Exit codes: 0 done; 2 the request is wrong; 3 the requirements were not reached (the result is saved all the same);
130 stopped as asked, checkpoint saved.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, RequestError, StopRequested
from engine.events import EventLog, write_line

if TYPE_CHECKING:  # torch takes seconds to load, and a wrong request is answered without it
    from engine.draw import Network, TrainedGenerator

log = logging.getLogger("engine")
EXPORTED_BY_DEFAULT = "onnx,safetensors"
PREDICTIONS = "predictions"  # beside the formats of networks: what each says about a few images
REQUIREMENT: dict[str, Any] = {"action": "append", "default": [], "metavar": "'METRIC>=VALUE'"}


class Stop:
    """Turns SIGINT and SIGTERM into a question that long work asks; a second signal ends the process at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked:
            sys.exit(130)
        self.asked = True
        log.warning("stopping after this step (again to stop at once)")

    def __call__(self) -> bool:
        return self.asked


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("synthesize", help="learn a generator")
    one.add_argument("spec", type=Path, metavar="SPEC.json")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR")
    one.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    two = commands.add_parser("draw", help="take networks out of a learned generator")
    two.add_argument("dir", type=Path, metavar="DIR")
    two.add_argument("--seed", type=int, required=True)
    two.add_argument("--budget", type=float)
    two.add_argument("--count", type=int, default=1)
    two.add_argument("--polish", type=float, default=0.0, metavar="SECONDS")
    two.add_argument("--polish-steps", type=int, metavar="STEPS", help="polish for some steps instead: reproducible")
    refine = commands.add_parser("refine", help="search for the one best network, below the certified range")
    refine.add_argument("dir", type=Path, metavar="DIR")
    refine.add_argument("--seconds", type=float, required=True)
    for command in (two, refine):
        command.add_argument("--requirement", **REQUIREMENT, help="under stricter requirements")
        command.add_argument("--export", default=EXPORTED_BY_DEFAULT, metavar="FORMATS")
        command.add_argument("--out", type=Path, required=True, metavar="DIR2")
        command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    tighten = commands.add_parser("tighten", help="the operating range under stricter requirements, without training")
    tighten.add_argument("dir", type=Path, metavar="DIR")
    tighten.add_argument("--requirement", **{**REQUIREMENT, "required": True})
    tighten.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    three = commands.add_parser("inspect", help="what a prototype costs and what in it can shrink")
    three.add_argument("path", type=Path, metavar="MODEL|SPEC.json")
    four = commands.add_parser("check-data", help="a dataset's health report")
    four.add_argument("path", type=Path, metavar="PATH", help="folder or zip, or a spec with a built-in dataset")
    commands.add_parser("zoo", help="the built-in prototypes")
    commands.add_parser("devices", help="device profiles with their sources, and what can be measured here")
    return parser


def _device(wanted: str) -> Any:
    import torch

    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise RequestError("no_cuda", "No CUDA device is available here; use --device cpu.", "device")
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")


def _synthesize(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from engine.checkpoint import CHECKPOINT, PROTOTYPE_CHECKPOINT
    from engine.distributed import Workers
    from engine.progress import ProgressBar
    from engine.spec import parse_spec, read_spec
    from engine.synthesis import synthesize
    from engine.tasks import TASKS

    spec = parse_spec(read_spec(args.spec))
    if any((args.out / name).exists() for name in (CHECKPOINT, PROTOTYPE_CHECKPOINT)) and not args.resume:
        raise RequestError("bad_spec", f"{args.out} already holds a run; add --resume or choose another folder.", "out")
    bar = ProgressBar()

    def on_event(event: dict[str, Any]) -> None:
        events.seq = event["seq"]
        bar.follow(event)
        write_line(sys.stdout, event)

    workers = Workers.join(TASKS[spec.task].batch)
    try:
        result = synthesize(spec, args.out, on_event, stop, _device(args.device), workers)
    finally:
        workers.leave()
    return 0 if result.certificate.certified else 3


def _tightened(args: argparse.Namespace, stop: Stop) -> Any:
    """The generator in a folder, under the requirements that the command line adds."""
    from engine.draw import load_generator
    from engine.requirements import parse_conditions
    from engine.tighten import tighten

    generator = load_generator(args.dir, _device(args.device))
    if not args.requirement:
        return generator
    return tighten(generator, parse_conditions(args.requirement, generator.parts.setting.spec.task), stop)


def _tighten(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from engine.conclusion import finish
    from engine.pace import Pace

    generator = _tightened(args, stop)
    rows = [r.as_dict() for r in generator.parts.setting.spec.requirements.items]
    if generator.certificate.certified:
        events.emit("certified", **generator.certificate.event(), requirements=rows)
        return 0
    finish(generator.parts, generator.certificate, Pace(), events, requirements=rows)
    return 3


def _draw(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    if args.count < 1:
        raise RequestError("bad_request", f"count must be 1 or more, not {args.count}.", "count")

    def draws(generator: "TrainedGenerator") -> "Iterator[Network]":
        for seed in range(args.seed, args.seed + args.count):
            if stop():
                raise StopRequested
            yield generator.draw(seed, args.budget, args.polish, polish_steps=args.polish_steps)

    return 3 if _write_networks(args, events, stop, draws) is None else 0


def _refine(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from engine.refine import refine

    if not args.seconds > 0:
        raise RequestError("bad_request", f"seconds must be more than 0, not {args.seconds}.", "seconds")
    return 0 if _write_networks(args, events, stop, lambda generator: refine(generator, args.seconds, stop)) else 3


def _write_networks(
    args: argparse.Namespace,
    events: EventLog,
    stop: Stop,
    networks: "Callable[[TrainedGenerator], Iterator[Network]]",
) -> int | None:
    """Export networks of the generator in a folder, each as it comes, and say so.

    Returns:
        How many there were; None where nothing is certified under the requirements that the command line adds.
    """
    from engine.conclusion import finish
    from engine.draw import network_record
    from engine.export import FORMATS, export_network, suffix
    from engine.pace import Pace
    from engine.predictions import SUFFIX, write_predictions

    formats = [f for f in args.export.split(",") if f]
    for name in formats:
        if name not in (*FORMATS, PREDICTIONS):
            known = ", ".join((*FORMATS, PREDICTIONS))
            raise RequestError("bad_request", f"There is no format {name!r}; use one of {known}.", "export")
    generator = _tightened(args, stop)
    if args.requirement and not generator.certificate.certified:
        finish(generator.parts, generator.certificate, Pace(), events)
        return None
    setting, space = generator.parts.setting, generator.parts.network.space
    args.out.mkdir(parents=True, exist_ok=True)
    calibration = setting.dataset.splits["train"].sample(256) if set(formats) & set(FORMATS) else None
    count = 0
    for network in networks(generator):
        metadata = setting.metadata(network.seed, network.budget, network.fingerprint)
        stem = f"network-{network.seed}-{network.fingerprint[:12]}"
        files = {}
        for name in formats:
            if name == PREDICTIONS:
                path = write_predictions(network.module, setting, args.out / f"{stem}{SUFFIX}")
            else:
                path = export_network(
                    network.module, name, args.out / f"{stem}{suffix(name)}", metadata=metadata,
                    input_shape=setting.dataset.image_shape, answers=setting.task.answers,
                    calibration=calibration,
                )  # fmt: skip
            files[name] = str(path)
        events.emit("network", **network_record(network, space), files=files)
        count += 1
    return count


def _inspect(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from engine.inspection import inspect_path

    events.emit("inspection", **inspect_path(args.path))
    return 0


def _check_data(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from tempfile import TemporaryDirectory

    from engine.data.health import builtin_report, health_report
    from engine.spec import read_spec

    if args.path.suffix.lower() == ".json":
        with TemporaryDirectory() as cache:
            report = builtin_report(read_spec(args.path).get("dataset") or {}, Path(cache))
    else:
        report = health_report(args.path)
    events.emit("health_report", **report)
    return 0 if report["ok"] else 2


def _zoo(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from engine.inspection import zoo

    events.emit("zoo", prototypes=zoo())
    return 0


def _devices(args: argparse.Namespace, events: EventLog, stop: Stop) -> int:
    from engine.inspection import devices

    for device in devices():
        events.emit("device", **device)
    return 0


COMMANDS = {
    "synthesize": _synthesize,
    "draw": _draw,
    "refine": _refine,
    "tighten": _tighten,
    "inspect": _inspect,
    "check-data": _check_data,
    "zoo": _zoo,
    "devices": _devices,
}


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    args = _parser().parse_args()
    leads = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts, the first one speaks
    events = EventLog(lambda event: write_line(sys.stdout, event) if leads else None)
    try:
        return COMMANDS[args.command](args, events, Stop())
    except StopRequested as stopped:
        log.info(stopped.message)
        return stopped.exit_code
    except EngineError as error:
        events.emit("failed", code=error.code, message=error.message, field=error.field)
        return error.exit_code
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "out of memory" not in str(error):
            raise
        message = "The machine ran out of memory; use a smaller prototype, smaller images or a larger machine."
        events.emit("failed", code="out_of_memory", message=message, field=None)
        return 1


if __name__ == "__main__":
    sys.exit(main())
