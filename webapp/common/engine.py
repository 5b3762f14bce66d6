"""Running the engine: always a process of its own, with a clean environment and limits.

The web application never imports the engine. ``run_engine`` is for short commands; the supervision of a whole
synthesis builds on the same ``engine_environment`` and ``limit_process``.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

# What a computation needs from its surroundings. Everything else, credentials first of all, stays here.
PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "TORCH_HOME", "XDG_CACHE_HOME", "FERMIFORGE_DEVICES",
)  # fmt: skip
LOG_TAIL_BYTES = 8_000


@dataclass(frozen=True)
class EngineAnswer:
    """What a short engine command said.

    Attributes:
        code: Exit code; negative for the signal that ended it.
        lines: The JSON objects from stdout, in order.
        log: The end of stderr.
        timed_out: The command ran past its time and was stopped.
    """

    code: int
    lines: list[dict]
    log: str
    timed_out: bool = False

    def last(self, kind: str) -> dict | None:
        """The last line of this type."""
        return next((line for line in reversed(self.lines) if line.get("type") == kind), None)


def engine_environment() -> dict[str, str]:
    """The environment of an engine process."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**environment, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def limit_process(pid: int, *, memory_bytes: int) -> None:
    """Bound the private memory of a process that has just started, where the system can."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def stop_group(process: subprocess.Popen) -> None:
    """Kill a process and whatever it started (it leads a group of its own)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_engine(*arguments: str | Path, timeout_s: float | None = None, memory_bytes: int | None = None) -> EngineAnswer:
    """Run one engine command to its end, for example ``run_engine("check-data", path)``."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            [*settings.ENGINE_COMMAND, *map(str, arguments)],
            cwd=settings.BASE_DIR,
            env=engine_environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        limit_process(process.pid, memory_bytes=memory_bytes or settings.CHECK_MEMORY_BYTES)
        timed_out = False
        try:
            process.wait(timeout_s or settings.CHECK_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            stop_group(process)
        stdout.seek(0)
        stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
        return EngineAnswer(
            code=process.returncode,
            lines=list(_json_lines(stdout.read().decode("utf-8", "replace"))),
            log=stderr.read().decode("utf-8", "replace"),
            timed_out=timed_out,
        )


def run_engine_with_spec(command: str, spec: dict) -> EngineAnswer:
    """Run a command that takes a SPEC.json, for example ``inspect`` on a prototype of the zoo."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.json"
        path.write_text(json.dumps(spec))
        return run_engine(command, path)


def _json_lines(text: str):
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value
