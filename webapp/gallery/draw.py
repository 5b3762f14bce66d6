"""Drawing claimed networks: one engine command, whose every line makes one row ready."""

import logging
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from django.db import transaction

from webapp.gallery import claims
from webapp.gallery.claims import DrawClaim
from webapp.gallery.files import store_files
from webapp.gallery.log import append_networks
from webapp.gallery.models import Network, NetworkState
from webapp.runs import events, limits
from webapp.runs.engine_process import EngineProcess

log = logging.getLogger(__name__)
FORMATS = "onnx,safetensors,predictions"
START_S, NETWORK_S = 600, 120
MEASURED = (
    "budget",
    "fingerprint",
    "params",
    "macs",
    "metrics",
    "netscore",
    "information_density",
    "requirements",
    "verified",
    "attempts",
    "draw_s",
    "size_mb",
    "activation_mb",
    "latency_ms",
    "energy",
    "design",
)


def draw_claimed(claim: DrawClaim, *, leaving: Callable[[], bool] = lambda: False) -> None:
    """Draw what was claimed; whatever has no result at the end is failed with the reason."""
    claim.run.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="draw-", dir=claim.run.folder) as out:
        budget = [] if claim.asked_budget is None else ["--budget", repr(claim.asked_budget)]
        polish = ["--polish", repr(claim.polish_s)] if claim.polish_s else []
        arguments = [
            "draw",
            str(claim.run.engine_folder),
            "--seed",
            str(claim.first_seed),
            "--count",
            str(claim.count),
        ]
        exports = ["--export", FORMATS, "--out", out]
        with EngineProcess(*arguments, *budget, *polish, *exports, lock=Path(out) / "lock") as engine:
            code, message = _follow(claim, engine, leaving)
    if code == "released":
        claims.release(claim)
    else:
        _fail(claim, code, message)


def _follow(claim: DrawClaim, engine: EngineProcess, leaving: Callable[[], bool]) -> tuple[str, str]:
    """Take the engine's lines until it ends; returns (code, sentence) for what it left undrawn."""
    deadline = time.monotonic() + START_S + claim.count * (NETWORK_S + claim.polish_s)
    next_heartbeat = time.monotonic() + limits.HEARTBEAT_S
    memory_bytes = limits.memory_bytes()
    failure = None
    tail: list[str] = []
    while not engine.drained:
        for line in engine.lines(limits.TICK_S):
            report = line.report or {}
            if report.get("type") == "network":
                _ready(claim, report)
            elif report.get("type") == "failed":
                failure = report.get("code") or "internal", report.get("message") or "The engine failed."
            elif line.text:
                tail = [*tail[-19:], line.text]
        now = time.monotonic()
        if now >= next_heartbeat:
            next_heartbeat = now + limits.HEARTBEAT_S
            if not claims.heartbeat(claim):
                return "released", ""
        if leaving():
            return "released", ""
        if now > deadline:
            return "time_limit", "Drawing it took too long and was ended; try again with less polish."
        if engine.memory_bytes() > memory_bytes:
            return "out_of_memory", "The engine ran out of memory; draw on a larger machine."
    if failure:
        return failure
    if engine.code == -signal.SIGKILL:
        return "out_of_memory", "The engine ran out of memory; draw on a larger machine."
    if engine.code:
        log.error("Drawing from run %s ended with %s: %s", claim.run.pk, engine.code, "\n".join(tail))
    return "internal", f"The engine ended ({engine.code}) without drawing it; ask the operator for its log."


def _ready(claim: DrawClaim, report: dict) -> None:
    """Store one drawn network's files, then show it."""
    network = claims.claimed(claim).filter(seed=report.get("seed")).first()
    if network is None:
        return
    store_files(network, report.get("files") or {})
    for name in MEASURED:
        setattr(network, name, report.get(name))
    network.requirements = report.get("requirements") or []
    network.estimates = report.get("estimates") or {}
    network.value = ((network.metrics or {}).get("test") or {}).get(claim.run.metric)
    network.state, network.claim, network.claim_expires_at = NetworkState.READY, None, None
    with transaction.atomic():
        run = events.locked(claim.run.pk)
        if claims.claimed(claim).filter(pk=network.pk).exists():  # not taken back meanwhile
            network.save()
            append_networks(run, [network])


@transaction.atomic
def _fail(claim: DrawClaim, code: str, message: str) -> None:
    run = events.locked(claim.run.pk)
    left = list(claims.claimed(claim).order_by("seed"))
    if not left:
        return
    for network in left:
        network.state, network.claim, network.claim_expires_at = NetworkState.FAILED, None, None
        network.problem_code, network.problem_message = code, message
    Network.objects.bulk_update(left, ["state", "claim", "claim_expires_at", "problem_code", "problem_message"])
    append_networks(run, left)
