"""``make demo``: one synthesis from start to end, through the REST API alone, as an integrator drives it.

Starts a group of its own, asks for small networks that read digits, follows the run, draws ten siblings, and
measures one of them in onnxruntime, apart from everything that made it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from webapp.embedded.__main__ import ROOT, say
from webapp.embedded.client import Client, Refused
from webapp.embedded.handle import GroupHandle

ACCURACY = 0.96
NETWORKS = 10
ACCURACY_TOLERANCE = 0.005  # between the card's measurement and ours: a rounding at most


class DemoFailed(Exception):
    """What did not go as it should: one sentence."""


def main() -> int:
    seconds = int(os.environ.get("DEMO_SECONDS") or 120)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fermiforge-demo-") as folder:
        var = Path(folder)
        try:
            with GroupHandle(var) as group:
                say(f"A FermiForge of its own runs at {group.address}.")
                demonstrate(Client(group.address, group.manage("create_token", "--name", "demo")), var, seconds)
        except (DemoFailed, Refused, RuntimeError) as failure:
            say(str(failure))
            for log in sorted((var / "logs").glob("*.log")):
                say(f"--- the end of {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]))
            return 1
    say(f"Done in {time.monotonic() - started:.0f} s.")
    return 0


def demonstrate(client: Client, folder: Path, seconds: int) -> None:
    dataset = one(client.get("/datasets/")["results"], builtin="digits")
    prototype = one(client.get("/prototypes/")["results"], zoo="resnet8")
    wanted = {
        "name": "Demo",
        "dataset": dataset["id"],
        "prototype": prototype["id"],
        "requirements": [{"metric": "accuracy", "op": ">=", "value": ACCURACY}],
        "time_budget_s": seconds,
    }
    run = client.post("/runs/", wanted, **{"Idempotency-Key": str(uuid4())})
    say(f"Asked for networks that read digits with accuracy >= {ACCURACY}, from resnet8, in {seconds} s.")
    log = client.events(run["id"])
    follow(log)
    run = client.get(f"/runs/{run['id']}/")
    certified = run["summary"]["certified"]
    if run["state"] != "COMPLETED" or not certified:
        raise DemoFailed(f"The run ended as {run['state']}, not certified: {run['failure'] or run['summary']}.")
    budget = certified["budget_range"][0]
    accepted = certified["yield"]["accepted"]
    say(
        f"Certified: budgets from {budget:.3f} up; {accepted['passed']} of {accepted['n']} fresh seeds met "
        f"the requirement (95 % bound {accepted['low']:.3f})."
    )
    networks = draw(client, run["id"], log, budget)
    say(table(run["summary"]["prototype"], networks))
    measure(client, networks[0], folder)


def follow(log) -> None:
    """Tell what happens in a run until it comes to rest."""
    last = 0.0
    for event in log:
        payload = event["payload"]
        if event["type"] == "prototype_ready":
            accuracy = payload["metrics"]["test"]["accuracy"]
            say(f"  {event['t']:5.0f} s  prototype: {payload['params']:,} parameters, accuracy {accuracy:.3f}")
        elif event["type"] == "cycle" and time.monotonic() - last > 5:
            last = time.monotonic()
            say(
                f"  {event['t']:5.0f} s  cycle {payload['k']}: {payload['params']:,.0f} parameters, accuracy "
                f"{payload['metrics']['validation']['accuracy']:.3f}, yield {payload['yield_estimate']:.0%}"
            )
        elif event["type"] == "state" and payload["to"] in ("COMPLETED", "FAILED", "CANCELLED"):
            return


def draw(client: Client, run: str, log, budget: float) -> list[dict[str, Any]]:
    """Ten siblings at one budget, once all are ready."""
    started = time.monotonic()
    asked = client.post(f"/runs/{run}/networks/", {"count": NETWORKS, "budget": budget})["results"]
    networks = {network["id"]: network for network in asked}
    while any(network["state"] == "drawing" for network in networks.values()):
        event = next(log)
        if event["type"] == "network" and event["payload"]["network"]["id"] in networks:
            changed = event["payload"]["network"]
            networks[changed["id"]] = changed
            if changed["state"] == "failed":
                raise DemoFailed(f"Seed {changed['seed']} could not be drawn: {changed['problem']}.")
    say(f"Drew {len(networks)} networks in {time.monotonic() - started:.1f} s.")
    return sorted(networks.values(), key=lambda network: network["seed"])


def table(prototype: dict[str, Any], networks: list[dict[str, Any]]) -> str:
    row = "  {:<10} {:>10} {:>12} {:>9} {:>14}   {}".format
    lines = [row("", "parameters", "MACs", "accuracy", "NetScore (dB)", "gain")]
    first = prototype
    lines.append(row("prototype", f"{first['params']:,}", f"{first['macs']:,}", f"{first['value']:.3f}",
                     f"{first['netscore']:.1f}", ""))  # fmt: skip
    for network in networks:
        smaller = f"{first['params'] / network['params']:.1f}x smaller"
        gain = f"{network['netscore'] - first['netscore']:+.1f} dB, {smaller}"
        accuracy = network["metrics"]["test"]["accuracy"]
        lines.append(row(f"seed {network['seed']}", f"{network['params']:,}", f"{network['macs']:,}",
                         f"{accuracy:.3f}", f"{network['netscore']:.1f}", gain))  # fmt: skip
    return "\n".join(lines)


def measure(client: Client, network: dict[str, Any], folder: Path) -> None:
    """Download one network and measure it in onnxruntime. Raises DemoFailed where its card says otherwise."""
    path = folder / "network.onnx"
    path.write_bytes(client.download(f"/networks/{network['id']}/download/?format=onnx"))
    command = [sys.executable, "-m", "engine.measure.onnx_accuracy", str(path)]
    found = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    card = network["metrics"]["test"]["accuracy"]
    say(
        f"Seed {network['seed']} as ONNX ({path.stat().st_size / 1000:.0f} kB): onnxruntime measures "
        f"accuracy {found['accuracy']:.4f} on {found['images']} test images; its card says {card:.4f}."
    )
    if abs(found["accuracy"] - card) > ACCURACY_TOLERANCE:
        raise DemoFailed("The exported file is not as accurate as its card says.")


def one(rows: list[dict[str, Any]], **values: str) -> dict[str, Any]:
    for row in rows:
        if all(row[name] == value for name, value in values.items()):
            return row
    raise DemoFailed(f"The workspace holds nothing with {values}.")


if __name__ == "__main__":
    sys.exit(main())
