"""compose.yaml holds together: the names, commands and variables that it refers to exist."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(SOURCE)
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
SERVICE_KEYS = {
    "image", "build", "restart", "environment", "volumes", "depends_on", "command", "stop_grace_period",
    "healthcheck", "ports", "profiles", "deploy",
}  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_well_formed(name):
    service = SERVICES[name]
    assert set(service) <= SERVICE_KEYS
    assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
    for needed, how in service.get("depends_on", {}).items():
        assert needed in SERVICES
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[needed]["healthcheck"]
        else:
            assert how["condition"] == "service_completed_successfully"


def test_every_lasting_service_tells_its_health():
    """The web process has the image's own check."""
    silent = [name for name, service in SERVICES.items() if "healthcheck" not in service]
    assert silent == ["web"]
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", OURS)
def test_command_names_what_exists(name):
    words = shlex.split(OURS[name]["command"])
    if words[0] == "celery":
        assert words[1:3] == ["-A", "webapp.celery"]
    elif words[0] == "uvicorn":
        assert words[1] == "webapp.asgi:application"
    else:
        assert words[:2] == ["python", "manage.py"]
    queues = {words[i + 1] for i, word in enumerate(words) if word == "-Q"}
    assert queues <= {"runs", "work"}


def test_each_queue_has_a_worker():
    commands = " ".join(service["command"] for service in OURS.values())
    assert {"runs", "work"} == set(re.findall(r"-Q (\w+)", commands))


def test_variables_are_those_that_the_product_reads():
    readers = [ROOT / "webapp" / "settings.py", *(ROOT / "webapp").glob("*/environment.py")]
    code = "".join(path.read_text() for path in readers)
    for name in COMPOSE["x-app"]["environment"]:
        assert f'"{name}"' in code, f"Nothing reads {name}"


def test_no_secret_is_written_down():
    assert not re.search(r"(SECRET_KEY|PASSWORD): (?!\$\{)", SOURCE)


def test_image_holds_what_the_dockerfile_copies():
    """A path that .dockerignore leaves out would only fail in the build."""
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for source in (word for line in copies for word in line.split()[:-1]):
        assert source.split("/")[0] in kept
        assert (ROOT / source).exists()


def test_every_setting_is_documented():
    """docs/deployment.md lists exactly what the web application reads from its environment."""
    reader = re.compile(r'(?:env|environment)\.(?:text|flag|integer|words|secret_key)\(\s*"([A-Z0-9_]+)"')
    sources = [path.read_text() for path in (ROOT / "webapp").rglob("*.py")]
    read = {name for source in sources for name in reader.findall(source)} | {"SECRET_KEY", "REDIS_URL"}
    documented = re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs" / "deployment.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(read)
