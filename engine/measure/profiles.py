"""Device profiles: the published figures of a device, one small file each.

Those that come with the engine are in ``engine/measure/devices``; :data:`FOLDERS_VARIABLE` names folders with more.
"""

import json
import math
import os
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from engine.errors import RequestError

BUILT_IN = Path(__file__).parent / "devices"
FOLDERS_VARIABLE = "FERMIFORGE_DEVICES"  # folders, separated as in PATH
SUFFIXES = (".toml", ".json")
KEPT_IN = "devices"  # of a run's folder
THIS_MACHINE = ("cpu", "cuda")  # devices that figures are measured on, so no profile may take their names
TEXTS, FROM_ZERO = ("name", "title"), ("idle_w", "layer_overhead_us")


@dataclass(frozen=True)
class Source:
    """Where figures of a profile are published: the document, its address, and what it says."""

    document: str
    url: str
    figures: str


@dataclass(frozen=True)
class Profile:
    """What is published of a device.

    Attributes:
        name: What a requirement's ``device`` says.
        title: Its full name.
        float32_flop_per_s: Peak arithmetic; a multiply-accumulate is two operations.
        memory_byte_per_s: Peak bandwidth of its memory.
        memory_bytes: How much memory it has; nothing is derived from it.
        peak_w: Power when arithmetic and memory are both busy.
        int8_op_per_s: Peak arithmetic in int8, or None where it isn't published.
        idle_w: Power when it does nothing, or None where it isn't published.
        typical_w: Power in typical use, likewise; nothing is derived from it.
        layer_overhead_us: Microseconds that starting a layer takes.
        sources: Where these figures are from; at least one.
    """

    name: str
    title: str
    float32_flop_per_s: float
    memory_byte_per_s: float
    memory_bytes: float
    peak_w: float
    sources: tuple[Source, ...]
    int8_op_per_s: float | None = None
    idle_w: float | None = None
    typical_w: float | None = None
    layer_overhead_us: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """By the names of a profile file."""
        return {**asdict(self), "sources": [asdict(source) for source in self.sources]}


def profiles() -> dict[str, Profile]:
    """Every profile by its name; one of the user's takes the place of a built-in one.

    Raises:
        RequestError: ``bad_device`` when a folder or a profile file can't be used.
    """
    named = [Path(folder) for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if folder]
    for folder in named:
        if not folder.is_dir():
            message = f"{FOLDERS_VARIABLE} names {folder}, which isn't a folder; name folders of device profiles."
            raise RequestError("bad_device", message, FOLDERS_VARIABLE)
    paths = [p for folder in (BUILT_IN, *named) for p in sorted(folder.glob("*")) if p.suffix in SUFFIXES]
    return {profile.name: profile for profile in map(read_profile, paths)}


def read_profile(path: Path) -> Profile:
    """Read and check one profile file.

    Raises:
        RequestError: ``bad_device``; the message names the file, the field and what to write instead.
    """
    try:
        text = path.read_text()
        raw = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise RequestError("bad_device", f"The device profile {path} can't be read: {error}.", "device") from error
    return _checked(raw, path)


def kept_profile(name: str, folder: Path) -> Profile:
    """The profile as it was when a run first asked for it: the run's designs depend on its figures.

    Args:
        name: One of :func:`profiles`.
        folder: The run's, in which it is kept.
    """
    path = folder / KEPT_IN / f"{name}.json"
    if path.exists():
        return read_profile(path)
    profile = profiles()[name]
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(profile.as_dict(), indent=1))
    os.replace(draft, path)
    return profile


def _checked(raw: Any, path: Path) -> Profile:
    def wrong(field: str, must: str) -> RequestError:
        return RequestError("bad_device", f"{field} of the device profile {path} must be {must}.", field)

    if not isinstance(raw, dict):
        raise wrong("the content", "fields and their values")
    known = {f.name: f.default for f in fields(Profile)}
    for field in raw:
        if field not in known:
            message = f"{field!r} isn't a field of a device profile ({path}); the fields are {', '.join(known)}."
            raise RequestError("bad_device", message, field)
    for field, default in known.items():
        value = raw.get(field, default)
        if field in TEXTS:
            if not isinstance(value, str) or not value:
                raise wrong(field, "a text")
        elif field == "sources":
            continue
        elif not (value is None and default is None):
            number = not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
            if not number or value < 0 or (value == 0 and field not in FROM_ZERO):
                raise wrong(field, "a number, 0 or more" if field in FROM_ZERO else "a number above 0")
    if raw["name"] != path.stem or raw["name"] in THIS_MACHINE:
        raise wrong("name", f"the file's name without its ending, and none of {', '.join(THIS_MACHINE)}")
    if (raw.get("idle_w") or 0) > raw["peak_w"]:
        raise wrong("idle_w", f"at most peak_w, which is {raw['peak_w']:g}")
    if not _are_sources(raw.get("sources")):
        raise wrong("sources", f"one or more, each with the texts {', '.join(f.name for f in fields(Source))}")
    return Profile(**{**raw, "sources": tuple(Source(**row) for row in raw["sources"])})


def _are_sources(rows: Any) -> bool:
    names = {f.name for f in fields(Source)}
    return (
        isinstance(rows, list)
        and bool(rows)
        and all(
            isinstance(row, dict) and set(row) == names and all(isinstance(v, str) and v for v in row.values())
            for row in rows
        )
    )
