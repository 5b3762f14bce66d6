"""The bootstrap: a clear sentence for what a machine lacks, and nothing done twice."""

import ast
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.embedded import bootstrap

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "webapp" / "embedded" / "bootstrap.py"


def run_as_python(version: tuple[int, int, int], **environment: str) -> subprocess.CompletedProcess:
    """The script's end on a Python that says it is of this version, with nothing else on the path."""
    pretend = f"import runpy, sys; sys.version_info = {version}"
    code = f"{pretend}; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], env={"PATH": "", **environment}, capture_output=True, text=True)


def test_syntax_is_that_of_python_3_6():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 9), (3, 15, 0)])
def test_unsupported_python(version):
    ended = run_as_python(version)
    assert ended.returncode == 1
    assert ended.stderr.startswith("FermiForge needs Python 3.11 to 3.14, and ")
    assert f"is Python {'.'.join(map(str, version))}: install one" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run([sys.executable, str(SCRIPT), "--port", str(port)], capture_output=True, text=True)
    assert ended.returncode == 1
    trouble = f"Port {port} on 127.0.0.1 can't be had (Address already in use)"
    assert ended.stderr == f"{trouble}: choose another, as in make run PORT=8000.\n"


def test_no_such_port():
    with pytest.raises(bootstrap.Refusal, match="There is no port 70000: choose another"):
        bootstrap.check_port("127.0.0.1", 70000)


def test_too_little_space(tmp_path):
    with pytest.raises(bootstrap.Refusal, match=r"too little disk space: .* GB are free in .* needs 1000000 GB"):
        bootstrap.need_space(str(tmp_path / "not" / "there"), 10**15)


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk filled up: free about"),
        ("NewConnectionError: Failed to establish a new connection", "check the network"),
        ("npm error code EAI_AGAIN", "check the network"),
        ("ERROR: ResolutionImpossible", "the last lines of"),
    ],
)
def test_failed_step_names_its_cause(said, mend):
    assert mend in bootstrap.explain("Installing", said)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project folder, with a log of the commands that the bootstrap runs in it."""
    (tmp_path / "frontend").mkdir()
    commands = tmp_path / "commands"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "VENV_PYTHON": tmp_path / ".venv" / "bin" / "python",
        "FRONTEND": tmp_path / "frontend",
        "LOG": tmp_path / "logs" / "install.log",
    }.items():
        monkeypatch.setattr(bootstrap, name, str(value))
    monkeypatch.setattr(bootstrap, "INSTALL_BYTES", 0)
    tool = f"#!/bin/sh\necho $(basename $0) $@ >> {commands}\n"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "npm"):
        (tmp_path / ".venv" / "bin" / name).write_text(tool)
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    monkeypatch.setattr(bootstrap, "node_folder", lambda: str(tmp_path / ".venv" / "bin"))
    return tmp_path


def commands(project: Path) -> str:
    log = project / "commands"
    said = log.read_text() if log.exists() else ""
    log.unlink(missing_ok=True)
    return said


def test_packages_are_installed_once_until_their_list_changes(project):
    (project / "requirements.txt").write_text("one==1\n")
    bootstrap.install_packages("requirements.txt")
    assert "pip install" in commands(project)
    bootstrap.install_packages("requirements.txt")
    assert commands(project) == ""
    (project / "requirements.txt").write_text("one==2\n")
    bootstrap.install_packages("requirements.txt")
    assert "pip install" in commands(project)


def test_failed_installation_is_tried_again(project):
    (project / "requirements.txt").write_text("one==1\n")
    good = (project / ".venv" / "bin" / "python").read_text()
    (project / ".venv" / "bin" / "python").write_text(good + "echo 'No space left on device'; exit 1\n")
    with pytest.raises(bootstrap.Refusal, match="The disk filled up"):
        bootstrap.install_packages("requirements.txt")
    commands(project)
    (project / ".venv" / "bin" / "python").write_text(good)
    bootstrap.install_packages("requirements.txt")
    assert "pip install" in commands(project)


def test_pages_are_built_once_until_their_sources_change(project):
    frontend = project / "frontend"
    for name in ("package.json", "package-lock.json", "main.tsx"):
        (frontend / name).write_text("{}")
    (frontend / "dist").mkdir()
    (frontend / "dist" / "index.html").write_text("built")
    bootstrap.build_pages()
    install, build = commands(project).splitlines()
    assert install.startswith("npm ci")
    assert build == "npm run --silent build"
    bootstrap.build_pages()
    assert commands(project) == ""
    (frontend / "main.tsx").write_text("changed")
    bootstrap.build_pages()
    assert commands(project) == "npm run --silent build\n"
