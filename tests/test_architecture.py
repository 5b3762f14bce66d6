"""The dependency rule: frontend → REST and sockets → webapp → engine, the last only as a process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEB = {"webapp", "django", "celery", "rest_framework", "channels", "kombu", "redis"}
COMPARING = {"benchmarks", "torch_pruning", "modelopt", "optuna", "matplotlib"}
COMPUTING = {"engine", "torch", "torchvision", "numpy", "onnx", "onnxruntime", "scipy", "sklearn"}


def imported_by(folder: str) -> dict[str, set[str]]:
    """File → the top-level packages that it imports, wherever in the file."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add((node.module or "").partition(".")[0])
        found[str(path.relative_to(ROOT))] = names
    return found


@pytest.mark.parametrize(("folder", "forbidden"), [("engine", WEB | COMPARING), ("webapp", COMPUTING | COMPARING)])
def test_no_forbidden_import(folder, forbidden):
    offenders = {path: names & forbidden for path, names in imported_by(folder).items() if names & forbidden}
    assert offenders == {}


def test_a_web_process_never_loads_what_computes(tmp_path):
    """Not even by way of a library: everything that answers a request or a socket is imported here."""
    script = (
        "import sys, webapp.asgi, webapp.urls, webapp.celery;"
        "webapp.celery.app.loader.import_default_modules();"
        f"print(sorted(set(sys.modules) & {COMPUTING!r}))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"FERMIFORGE_VAR": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == "[]"
