"""An engine that follows a script: the real one's command line and lines, with the faults of a scenario.

Used as ``FERMIFORGE_ENGINE_COMMAND="python scripted_engine.py SCENARIO"``.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCENARIO = sys.argv[1]
START = time.monotonic()
CYCLES = 3
METRICS = {
    "classification": ("accuracy",),
    "segmentation": ("pixel_accuracy", "miou"),
    "detection": ("map50", "map"),
}
PIXEL = "data:image/png;base64," + (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg=="
)
PREDICTED = {
    "classification": {"truth": 1, "prediction": {"class": 0, "scores": [{"class": 0, "score": 0.6}]}},
    "segmentation": {"truth": {"mask": PIXEL}, "prediction": {"mask": PIXEL}},
    "detection": {"truth": [{"class": 1, "box": [0, 0, 1, 1]}], "prediction": []},
}


def emit(kind: str, **payload) -> None:
    emit.seq += 1
    t = round(time.monotonic() - START, 3)
    sys.stdout.write(json.dumps({"type": kind, "seq": emit.seq, "t": t, **payload}) + "\n")
    sys.stdout.flush()


emit.seq = 0


def measured(task: str, value: float) -> dict[str, float]:
    """All metrics of a task, each a little lower than the one before."""
    return {name: round(value - 0.1 * place, 6) for place, name in enumerate(METRICS[task])}


def started(spec: dict, resumed: bool) -> None:
    emit(
        "run_started",
        prototype={"name": "resnet8"},
        dataset={"name": "digits", "classes": ["0", "1"], "image": [1, 8, 8], "splits": {"train": 10}},
        task=spec["task"],
        device={"kind": "cpu", "name": "Scripted CPU", "threads": 1},
        requirements=spec["requirements"],
        objective=spec["objective"],
        time_budget_s=spec["time_budget_s"],
        max_cycles=spec["max_cycles"],
        seed=spec["seed"],
        target_yield=spec["target_yield"],
        confidence=spec["confidence"],
        resumed=resumed,
    )


def cycle(k: int, task: str) -> None:
    design = {"seed": k, "budget": 0.3, "params": 9000 - k, "macs": 400_000, **measured(task, 0.96 + k / 1000)}
    emit(
        "cycle",
        k=k,
        fraction=k / CYCLES,
        remaining_s=float(CYCLES - k),
        budget=0.3,
        loss=0.1,
        designs=[{**design, "netscore": 100.0 + k, "meets": k > 1}],
        metrics={"validation": measured(task, 0.96)},
        params=9000,
        macs=400_000,
        netscore=100.0,
        yield_estimate=0.9,
        delta_theta_norm=0.1,
        rank_correlation=None,
        rank_correlation_sizes=None,
    )


def finish(out: Path, code: int) -> int:
    (out / "generator").write_text("weights")
    bound = {"passed": 98, "n": 100, "value": 0.98, "low": 0.93, "high": 0.99}
    if code == 0:
        emit(
            "certified",
            budget_range=[0.2, 1.0],
            target_yield=0.95,
            **{"yield": {"raw": bound, "accepted": bound}},
        )
    emit(
        "finished",
        status="certified" if code == 0 else "requirements_not_reached",
        cycles=CYCLES,
        wall_s=1.0,
        nearest=[] if code == 0 else [{"seed": 1, "budget": 0.3}],
    )
    return code


def synthesize(arguments: argparse.Namespace) -> int:
    spec = json.loads(arguments.spec.read_text())
    out: Path = arguments.out
    (out / "environ.json").write_text(json.dumps(dict(os.environ)))
    with (out / "starts").open("a") as file:
        file.write(f"{os.getpid()} {'resume' if arguments.resume else 'new'}\n")
    checkpoint = out / "checkpoint"
    sys.stderr.write("INFO engine: starting\n")
    if SCENARIO == "refuses":
        emit("failed", code="bad_dataset", message="The class 7 has no images; add some.", field="dataset")
        return 2
    if SCENARIO == "dies-at-once":
        return 1
    started(spec, checkpoint.exists())
    emit("prototype_progress", fraction=0.5, step=1, loss=1.0, metrics={}, remaining_s=3.0)
    emit(
        "prototype_ready",
        params=78_000,
        macs=12_000_000,
        metrics={"validation": measured(spec["task"], 0.98), "test": measured(spec["task"], 0.97)},
        netscore=80.0,
        information_density=1.2,
        space={"groups": 4, "blocks": 3, "log10_size": 9.0},
    )
    cycle(1, spec["task"])
    emit("checkpoint", k=1)
    return fault(out, checkpoint, spec["task"], resumed=arguments.resume and checkpoint.exists())


def fault(out: Path, checkpoint: Path, task: str, *, resumed: bool) -> int:
    if SCENARIO == "crashes":
        sys.stderr.write("Traceback: the tensor was not there\n")
        return 1
    if SCENARIO == "out-of-memory":
        emit(
            "failed",
            code="out_of_memory",
            message="CUDA is out of memory; use a smaller prototype.",
            field=None,
        )
        return 1
    if SCENARIO == "is-killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if SCENARIO == "grows":
        hoard = []
        while True:
            hoard.append(bytearray(16 * 2**20))
    if SCENARIO == "stops-by-itself":
        return 130
    if SCENARIO == "waits" and not resumed:
        checkpoint.write_text("cycle 1")
        wait_for_stop()
        return 130
    if SCENARIO == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=False)
        (out / "child").write_text(str(child.pid))
        emit("insight", k=1, groups=[])
        while True:
            signal.pause()
    if SCENARIO == "noisy":
        sys.stdout.write("not json\n[1, 2]\n" + json.dumps({"type": "state", "to": "COMPLETED"}) + "\n")
        sys.stdout.write('{"type": "insight", "seq": 9, "t": 1.0, "k": NaN, "groups": ["a\\u0000b"]}\n')
        sys.stderr.write("\rprogress 1 %\rprogress 100 %\n")
    if SCENARIO == "floods":
        sys.stderr.write("".join(f"line {n}\n" for n in range(5000)))
    for k in range(2, CYCLES + 1):
        cycle(k, task)
    return finish(out, 3 if SCENARIO == "falls-short" else 0)


def wait_for_stop() -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    emit("insight", k=1, groups=[])
    signal.pause()


def draw(arguments: argparse.Namespace) -> int:
    sys.stderr.write("INFO engine: drawing\n")
    if SCENARIO == "draw-refuses":
        emit(
            "failed",
            code="no_generator",
            message="There is no generator here; start a run.",
            field=None,
        )
        return 2
    task = json.loads((arguments.dir.parent / "spec.json").read_text())["task"]
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        if SCENARIO == "draw-dies" and seed > arguments.seed:
            return 1
        if SCENARIO == "draw-waits":
            emit("waiting")
            while True:
                signal.pause()
        files = {}
        for name in arguments.export.split(","):
            path = arguments.out / f"{seed}.{name}"
            content = f"{name} of {seed} at {arguments.budget}"
            if name == "predictions":
                path, content = path.with_suffix(".predictions.json"), json.dumps(predictions(task))
            path.write_text(content)
            files[name] = str(path)
        found = measured(task, 0.9 + (seed * 7 % 10) / 100)
        emit(
            "network",
            seed=seed,
            budget=0.25 if arguments.budget is None else arguments.budget,
            fingerprint=f"{seed:064x}",
            params=9000 + seed,
            macs=400_000 - seed,
            metrics={"validation": found, "calibration": found, "test": found},
            netscore=100.0 + seed * 3 % 7,
            information_density=10.0,
            requirements=[
                {
                    "metric": METRICS[task][0],
                    "op": ">=",
                    "value": 0.9,
                    "measured": 0.95,
                    "verdict": True,
                    "margin": 0.05,
                },
                {
                    "metric": "energy_mj",
                    "op": "<=",
                    "value": 0.5,
                    "device": "jetson-tx2",
                    "measured": 0.4,
                    "verdict": True,
                    "margin": 0.1,
                    "estimated": True,
                },
            ],
            verified=seed % 2 == 0,
            attempts=1,
            draw_s=0.1,
            polish_s=arguments.polish,
            files=files,
            design={"widths": {"stem": 8}, "blocks_removed": []},
            size_mb=0.04,
            energy={"device": "cpu", "unavailable": "Energy isn't measurable on 'cpu' here."},
            energy_mj=None,
            images_per_joule=None,
            activation_mb=0.01,
            latency_ms=None,
            estimates={
                "jetson-tx2": {"estimated": True, "latency_ms": 0.03, "energy_mj": 0.4, "images_per_joule": 2500}
            },
        )
    return 0


def predictions(task: str) -> dict:
    return {
        "task": task,
        "classes": ["red", "blue"],
        "colours": ["#d33", "#33d"],
        "width": 1,
        "height": 1,
        "images": [{"image": PIXEL, **PREDICTED[task]}],
    }


def devices(arguments: argparse.Namespace) -> int:
    if SCENARIO == "crashes":
        return 1
    here = {"latency_ms": "measured", "energy_mj": "unavailable", "reason": "No counter may be read here."}
    emit("device", name="cpu", title="Scripted CPU", **here)
    profile = {"title": "NVIDIA Jetson TX2, 8 GB", "peak_w": 15.0, "idle_w": None, "reason": None}
    source = {"document": "Data sheet", "url": "https://example.org/tx2.pdf", "figures": "all"}
    estimated = {"latency_ms": "estimated", "energy_mj": "estimated"}
    emit("device", name="jetson-tx2", sources=[source], **profile, **estimated)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("synthesize")
    one.add_argument("spec", type=Path)
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--resume", action="store_true")
    one.add_argument("--device")
    two = commands.add_parser("draw")
    two.add_argument("dir", type=Path)
    two.add_argument("--seed", type=int, required=True)
    two.add_argument("--count", type=int, default=1)
    two.add_argument("--budget", type=float)
    two.add_argument("--polish", type=float, default=0.0)
    two.add_argument("--export", default="onnx")
    two.add_argument("--out", type=Path, required=True)
    commands.add_parser("devices")
    arguments = parser.parse_args(sys.argv[2:])
    return {"synthesize": synthesize, "draw": draw, "devices": devices}[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(main())
