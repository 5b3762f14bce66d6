"""Makes this folder ready to run, from nothing but a system Python: the venv, its packages, the built pages.

``python3 webapp/embedded/bootstrap.py [--dev] [--then ARGUMENTS]`` does what is missing (a stamp beside each
result holds the hash of what it was made from, so a second start takes no time), then becomes the venv's
Python with those arguments. Pure standard library, and in the syntax of Python 3.6, so that an
old Python gets a sentence rather than a traceback.
"""

import argparse
import ctypes
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
FRONTEND = os.path.join(ROOT, "frontend")
LOG = os.path.join(os.environ.get("FERMIFORGE_VAR") or os.path.join(ROOT, "var"), "logs", "install.log")

OLDEST, NEWEST = (3, 11), (3, 14)
NODE_OLDEST = (22, 12)
INSTALL_BYTES = 11 * 10**9  # 7 GB installed, and the 3 GB of wheels that pip holds at the same time
FRONTEND_BYTES = 10**9
PR_SET_PDEATHSIG = 1


class Refusal(Exception):
    """Why this machine can't go on, and the mend: one sentence for the user."""


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def check_port(host, port):
    """Raises Refusal where the port can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            return
        except OverflowError:
            trouble = f"There is no port {port}"
        except PermissionError:
            trouble = f"Port {port} needs root"
        except OSError as error:
            trouble = f"Port {port} on {host} can't be had ({error.strerror})"
    raise Refusal(f"{trouble}: choose another, as in make run PORT={8000 if port != 8000 else 8001}.")


# --- Python ----------------------------------------------------------------------------------------------
def supported(version):
    return OLDEST <= tuple(version[:2]) <= NEWEST


def dotted(version):
    return ".".join(str(part) for part in version)


def find_python():
    """This Python where it is supported, else the newest supported one on the path.

    Raises:
        Refusal: there is none.
    """
    if supported(sys.version_info):
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        candidate = shutil.which(f"python3.{minor}")
        if candidate and output_of([candidate, "-c", "print(1)"]) == "1":
            return candidate
    raise Refusal(
        f"FermiForge needs Python {dotted(OLDEST)} to {dotted(NEWEST)}, and {sys.executable} is Python "
        f"{dotted(sys.version_info[:3])}: install one (on Debian: apt-get install python3 python3-venv), or "
        "name one: make run PYTHON=/path/to/python3.11"
    )


def output_of(command):
    """What a command prints, stripped; None where it can't be run or fails."""
    try:
        finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return finished.stdout.decode("utf-8", "replace").strip()


def make_venv():
    """Create ``.venv``, or make it anew where its Python has gone or is no longer supported."""
    version = output_of([VENV_PYTHON, "-c", "import pip, sys; print(*sys.version_info[:2])"])
    if version and supported([int(part) for part in version.split()]):
        return
    if output_of([sys.executable, "-c", "import ensurepip, venv; print(1)"]) != "1":
        raise Refusal(
            "This Python lacks its venv module: install it (on Debian: apt-get install "
            f"python{dotted(sys.version_info[:2])}-venv) and run this again."
        )
    need_space(VENV, INSTALL_BYTES)
    shutil.rmtree(VENV, ignore_errors=True)
    run_step("Making a Python environment in .venv", [sys.executable, "-m", "venv", VENV])


# --- packages --------------------------------------------------------------------------------------------
def install_packages(requirements):
    """Install a requirements file into the venv unless its stamp says that it was installed already."""
    files = [os.path.join(ROOT, "requirements.txt"), os.path.join(ROOT, requirements)]
    stamp = os.path.join(VENV, "installed-" + requirements)
    wanted = digest(sorted(set(files)))
    if read(stamp) == wanted:
        return
    first = not os.path.exists(os.path.join(VENV, "installed-requirements.txt"))
    if first and output_of([VENV_PYTHON, "-c", "import torch; print(1)"]) != "1":
        need_space(VENV, INSTALL_BYTES)
        title = "Installing Python packages (about 7 GB, 2 to 10 minutes the first time)"
    else:
        title = "Bringing Python packages up to date"
    scratch = os.path.join(VENV, "tmp")  # /tmp may be small, or memory
    os.makedirs(scratch, exist_ok=True)
    environment = dict(os.environ, TMPDIR=scratch, PYTHONNOUSERSITE="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    try:
        run_step(
            title,
            [VENV_PYTHON, "-m", "pip", "install", "--no-input", "--no-cache-dir", "--progress-bar", "off"]
            + ["-r", os.path.join(ROOT, requirements)],
            environment=environment,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    write(stamp, wanted)


# --- pages -----------------------------------------------------------------------------------------------
def node_folder():
    """The folder of the Node to use: the system's where it is new enough, else the venv's own."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = re.match(r"v(\d+)\.(\d+)", output_of([node, "--version"]) or "")
        if version and tuple(int(part) for part in version.groups()) >= NODE_OLDEST:
            return os.path.dirname(node)
    return os.path.join(VENV, "bin")


def node_environment():
    path = node_folder() + os.pathsep + os.environ.get("PATH", os.defpath)
    trust = {"NODE_USE_SYSTEM_CA": "1"}  # as pip does: a company's proxy signs with its own certificate
    return dict(trust, **dict(os.environ, PATH=path))


def install_node_modules():
    """``npm ci`` unless the installed modules are the lock file's."""
    stamp = os.path.join(FRONTEND, "node_modules", ".installed")
    wanted = digest([os.path.join(FRONTEND, name) for name in ("package.json", "package-lock.json")])
    if read(stamp) == wanted:
        return
    need_space(FRONTEND, FRONTEND_BYTES)
    run_step(
        "Installing what the pages are built with",
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        folder=FRONTEND,
        environment=node_environment(),
    )
    write(stamp, wanted)


def build_pages():
    """Build ``frontend/dist`` unless it was built from these very sources."""
    stamp = os.path.join(ROOT, ".stamps", "pages")
    wanted = digest(page_sources())
    if read(stamp) == wanted and os.path.exists(os.path.join(FRONTEND, "dist", "index.html")):
        return
    install_node_modules()
    run_step(
        "Building the pages",
        ["npm", "run", "--silent", "build"],
        folder=FRONTEND,
        environment=node_environment(),
    )
    write(stamp, wanted)


def page_sources():
    """Every file that the built pages come from, tests included: simpler than telling them apart."""
    sources = []
    for folder, folders, files in os.walk(FRONTEND):
        if folder == FRONTEND:
            folders[:] = [name for name in folders if name not in ("node_modules", "dist", "coverage")]
        sources += [os.path.join(folder, name) for name in files]
    return sorted(sources)


# --- steps -----------------------------------------------------------------------------------------------
def run_step(title, command, folder=ROOT, environment=None):
    """Run one command quietly into the install log; say what it does and how long it took.

    Raises:
        Refusal: it failed; the sentence names the cause where it is a known one.
    """
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    started = time.time()
    say(title + " ...")
    with open(LOG, "ab") as log:
        log.write(f"\n== {time.ctime()}: {' '.join(command)}\n".encode())
        log.flush()
        start = log.tell()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=30)
                    break
                except subprocess.TimeoutExpired:
                    say(f"  still at it after {seconds(time.time() - started)}")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code:
        with open(LOG, "rb") as log:
            log.seek(start)
            said = log.read().decode("utf-8", "replace")
        raise Refusal(explain(title, said))
    say(f"  done in {seconds(time.time() - started)}")


def explain(title, said):
    """One sentence on why a step failed, from what it said."""
    if re.search(r"No space left on device|ENOSPC|Disk quota exceeded", said):
        return f"The disk filled up: free about {INSTALL_BYTES // 10**9} GB and run this again."
    if re.search(
        r"NameResolutionError|name resolution|Failed to establish a new connection|NewConnectionError|"
        r"ConnectTimeout|Read timed out|ReadTimeoutError|ProxyError|SSLError|Network is unreachable|CERT_|"
        r"_CERT|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT",
        said,
    ):
        return (
            "The package index could not be reached: check the network, or name your own index, proxy or "
            "certificates (PIP_INDEX_URL, npm_config_registry, HTTPS_PROXY, SSL_CERT_FILE), and try again."
        )
    said = re.sub(r"\x1b\[[0-9;]*m", "", said)  # colours
    lines = [line for line in said.strip().splitlines() if not re.match(r"\s+at .+:\d+:\d+\)?$", line)]
    last = "\n".join("  " + line for line in lines[-20:])
    return f"{title} failed; the last lines of {os.path.relpath(LOG)} say why:\n{last}"


def need_space(folder, needed):
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refusal(
            f"There is too little disk space: {free / 1e9:.1f} GB are free in {folder} and the installation "
            f"needs {needed / 1e9:.0f} GB; free some and run this again."
        )


def seconds(duration):
    if duration < 60:
        return f"{duration:.0f} s"
    return f"{int(duration) // 60} min {int(duration) % 60:02d} s"


def digest(paths):
    """One hash over the names and contents of files."""
    total = hashlib.sha256(dotted(OLDEST).encode())
    for path in paths:
        with open(path, "rb") as file:
            total.update(os.path.relpath(path, ROOT).encode("utf-8") + b"\0")
            total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()


def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return None


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text + "\n")


def die_with_make():
    """Ask Linux to end this process when `make` is killed outright; what follows keeps the wish."""
    if os.environ.get("MAKELEVEL") and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments):
    parser = argparse.ArgumentParser(description="Makes this folder ready to run.")
    parser.add_argument("--dev", action="store_true", help="also install what tests and lint need")
    parser.add_argument("--host", default="127.0.0.1", help="where --port must be free")
    parser.add_argument("--port", type=int, help="refuse at once where this port is taken")
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--then", nargs=argparse.REMAINDER, help="become the venv's Python with these arguments")
    after.add_argument("--npm", nargs=argparse.REMAINDER, help="become npm with these arguments, in frontend/")
    options = parser.parse_args(arguments)
    python = find_python()
    if python != sys.executable:
        os.execv(python, [python, os.path.abspath(__file__)] + arguments)
    die_with_make()
    if options.port is not None:
        check_port(options.host, options.port)
    make_venv()
    install_packages("requirements.txt")
    if options.dev:
        install_packages("requirements-dev.txt")
        install_node_modules()
    if options.npm:
        os.chdir(FRONTEND)
        os.execvpe("npm", ["npm"] + options.npm, node_environment())
    build_pages()
    if options.then:
        os.chdir(ROOT)
        os.environ["PYTHONNOUSERSITE"] = "1"
        os.execv(VENV_PYTHON, [VENV_PYTHON] + options.then)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit("Stopped; run it again to go on from here.")
