"""One job: a method on one repeat of a work. Each runs in a process of its own and leaves a JSON file."""

import json
import logging
import os
import shutil
import time
import traceback
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import control, ours
from benchmarks.ablations import ABLATIONS
from benchmarks.clock import Clock
from benchmarks.found import Found, best, distinct
from benchmarks.peers import PEERS, Peer
from benchmarks.train import accuracy
from benchmarks.work import Work
from benchmarks.works import Suite
from engine.export import export_network
from engine.performance import NetScore

log = logging.getLogger("benchmarks")

PROTOTYPE, OURS, POLISHED, REFINED, CONTROL = "prototype", "ours", "polished", "refined", "control"
SHARED_WEIGHTS_SHARE = 0.25  # of a method's time for searches in our shared weights: nothing is trained there
FURTHER_SHARE = 0.5  # of a method's time in which one more distinct network is tried for


def methods(suite: Suite, work: str) -> list[str]:
    """The jobs of one repeat, those that others need first."""
    peers = [name for name in suite.peers if PEERS[name].available]
    own = [name for name in peers if not PEERS[name].uses_ours]
    inside = [name for name in peers if PEERS[name].uses_ours]
    ablations = list(ABLATIONS) if work in suite.ablated else []
    return [PROTOTYPE, OURS, REFINED, *own, *inside, POLISHED, CONTROL, *ablations]


def needs(method: str) -> str | None:
    """The job that must be done before."""
    if method == PROTOTYPE:
        return None
    inside = method in PEERS and PEERS[method].uses_ours
    return OURS if inside or method in (POLISHED, REFINED, CONTROL, "no-certification") else PROTOTYPE


def result_path(root: Path, work: str, method: str, repeat: int) -> Path:
    return root / work / str(repeat) / f"{method}.json"


def read_result(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text()) if path.exists() else None


def run_job(suite: Suite, work_name: str, method: str, repeat: int, root: Path, data: Path | None) -> None:
    """Run a job and write its result; a failure is a result too."""
    path = result_path(root, work_name, method, repeat)
    path.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        result = {"status": "done", **_run(suite, work_name, method, repeat, root, data)}
    except (Exception, SystemExit) as error:
        log.exception("%s on %s, repeat %d", method, work_name, repeat)
        trace = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(trace.filename).name}:{trace.lineno}"
        result = {"status": "failed", "error": f"{type(error).__name__}: {error}".splitlines()[0], "where": where}
    result |= {"work": work_name, "method": method, "repeat": repeat, "job_s": time.monotonic() - start}
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(result, indent=1))
    os.replace(draft, path)


def _run(suite: Suite, work_name: str, method: str, repeat: int, root: Path, data: Path | None) -> dict[str, Any]:
    definition = next(w for w in suite.works if w.name == work_name)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    work = Work(definition, repeat, root, data, device)
    if method == PROTOTYPE:
        return work.train_prototype() | {"threshold": work.threshold, "device": _device(device)}
    work.load_prototype()
    inside = method in PEERS and PEERS[method].uses_ours
    if inside or method not in (*PEERS, CONTROL):
        work.setting.suit_processor()  # the others' trainer chooses kernels for each network
    folder = work.folder / method
    if method == OURS:
        spent = ours.synthesize(work, folder)
        measured = ours.measure(work, folder, spent, yield_seeds=suite.yield_seeds, most_draws=suite.most_draws)
        return _with_networks(work, method, measured)
    if method in (POLISHED, REFINED):
        before = read_result(result_path(root, work_name, OURS, repeat)) or {}
        of_ours = work, work.folder / OURS, before["synthesis_s"]
        if method == POLISHED:
            return _with_networks(work, method, ours.measure_polished(*of_ours, suite.polish_s[work_name]))
        return _with_networks(work, method, ours.measure_refined(*of_ours))
    if method == CONTROL:
        rows = control.compare(work, repeat, steps=suite.control_steps, designs=suite.control_designs)
        return {"rows": rows}
    if method in ABLATIONS:
        result = _with_networks(work, method, ABLATIONS[method][1](work, folder))
        shutil.rmtree(folder, ignore_errors=True)
        return result
    return _with_networks(work, method, _peer(work, PEERS[method], root))


def _peer(work: Work, peer: Peer, root: Path) -> dict[str, Any]:
    """A peer's search within its time, then the cost of further networks, measured with other seeds."""
    _ = work.feed  # views and teacher are there before the clock starts
    work.held_out("search"), work.held_out("calibration")
    base = 0.0
    seconds = work.definition.seconds
    if peer.uses_ours:
        before = read_result(result_path(root, work.definition.name, OURS, work.repeat)) or {}
        base, seconds = before["synthesis_s"], SHARED_WEIGHTS_SHARE * seconds
    found = peer.search(work, Clock(seconds), work.repeat)
    further_s, tries = None, 0
    spending = Clock(FURTHER_SHARE * seconds)
    if best(found) is not None:
        each = seconds / work.definition.trials
        known = list(found)
        while spending.left > 0 and further_s is None:
            tries += 1
            network = peer.further(work, min(each, max(spending.left, 0.5 * each)), work.repeat + 100 * tries, known)
            if network is not None and network.accepted:
                further_s = spending.spent
            elif network is None and tries >= 5:
                break
    return {"found": found, "base_s": base, "further_s": further_s, "further_tries": tries}


def _with_networks(work: Work, method: str, measured: dict[str, Any]) -> dict[str, Any]:
    """Replace the networks by their records: the test split is measured here, after all decisions, for the report."""
    found: list[Found] = measured.pop("found")
    chosen = best(found)
    if chosen is not None:
        _export(work, chosen, work.folder / f"{method}.onnx")
    kept = distinct(found)
    records = []
    for f in found:
        record = f.record() | {"chosen": f is chosen, "distinct": any(f is k for k in kept)}
        del record["structure"]
        if f.accepted:
            test = accuracy(f.module, work, "test", takes_pixels=f.takes_pixels)
            met = test >= work.definition.required
            record |= {"test": test, "met": met, "netscore": NetScore()(test, f.params, f.macs)}
        records.append(record)
    return measured | {"networks": records}


class _FromPixels(nn.Module):
    """A network with its input normalisation in front, as ours are drawn."""

    def __init__(self, work: Work, module: nn.Module) -> None:
        super().__init__()
        normalise = work.setting.normalise
        self.mean = nn.Buffer(normalise.mean.reshape(1, -1, 1, 1).clone())
        self.std = nn.Buffer(normalise.std.reshape(1, -1, 1, 1).clone())
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        return self.module((x - self.mean) / self.std)


def _export(work: Work, network: Found, path: Path) -> None:
    module = network.module if network.takes_pixels else _FromPixels(work, network.module)
    try:
        export_network(module, "onnx", path, metadata={}, input_shape=work.image_shape)
    except RuntimeError as error:
        log.warning("no latency for %s: %s", network.label, error)


def _device(device: torch.device) -> str:
    from engine.measure.device import describe_device

    described: Any = describe_device(device)
    return described if isinstance(described, str) else str(described.get("name", described))
