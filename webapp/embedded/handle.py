"""Starting the whole group from another program, as the demo and the tests in a browser do."""

import os
import subprocess
import sys
from pathlib import Path

from webapp.embedded.__main__ import READY, ROOT


class GroupHandle:
    """A group of its own, on a free port and in its own folder; stops it on the way out.

    Args:
        var: Folder for everything that the group writes.
        environment: Variables to add to this process's own.
    """

    def __init__(self, var: Path, environment: dict[str, str] | None = None):
        self.var = var
        self.environment = {**os.environ, **(environment or {})}
        self.address = ""

    def __enter__(self) -> "GroupHandle":
        """Raises RuntimeError with all that it said where the group does not come up."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webapp.embedded", "--port", "0", "--var", str(self.var)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith(READY):
                self.address = line.removeprefix(READY).split()[0]
                return self
        self.process.wait()
        raise RuntimeError("FermiForge did not start:\n" + "".join(said))

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.communicate()

    def manage(self, *arguments: str) -> str:
        """What ``manage.py`` prints for these arguments, in this group's folder and mode."""
        finished = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, "FERMIFORGE_VAR": str(self.var), "FERMIFORGE_EMBEDDED": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return finished.stdout.strip()
