"""Makes ``.venv/bench``: a venv that sees the packages of ``.venv`` and adds the peers to them.

``python benchmarks/install.py`` runs in ``.venv``'s Python. The product's pins are constraints, so that no peer can
bring another PyTorch or NumPy along; that is checked afterwards.
"""

import hashlib
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv" / "bench"
CHECK = "import torch, numpy; print(torch.__version__, numpy.__version__, torch.__file__)"


def main() -> None:
    wanted = ROOT / "benchmarks" / "requirements.txt"
    pins = ROOT / "requirements.txt"
    digest = hashlib.sha256(wanted.read_bytes() + pins.read_bytes()).hexdigest()
    stamp, python = VENV / "installed", VENV / "bin" / "python"
    if stamp.exists() and stamp.read_text() == digest:
        return
    sys.stdout.write("Installing the peers into .venv/bench (about 200 MB)\n")
    venv.create(VENV, with_pip=True, clear=True)
    own = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    Path(own.strip(), "product.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write(re.sub(r"\[.*?\]", "", pins.read_text()))  # constraints can't have extras
        constraints.flush()
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", constraints.name, "-r", str(wanted)], check=True)
    before, after = (subprocess.check_output([p, "-c", CHECK], text=True) for p in (sys.executable, python))
    if before != after:
        sys.exit(f"A peer changed what the product runs on: {before.strip()} became {after.strip()}.")
    stamp.write_text(digest)


if __name__ == "__main__":
    main()
