"""Names of classes, and their colours in masks, from the small files that datasets bring along.

Nothing here is a full parser: of a ``data.yaml`` only ``names`` is of interest, and no YAML library is needed.
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from engine.data.archive import FileError, Source
from engine.data.pairing import read_lines
from engine.errors import RequestError

NAME_FILES = ("classes.txt", "obj.names", "classes.names")
COLOUR_FILES = ("class_dict.csv", "label_colors.txt", "labelmap.txt", "class_colors.txt", "class_colours.txt")
IGNORED_NAMES = {"void", "ignore", "unlabeled", "unlabelled"}
YAML_ENTRY = re.compile(r"(?:-\s|['\"]?(\d{1,9})['\"]?\s*:)(.*)")
QUOTES = "'\" \t"


@dataclass(frozen=True)
class ClassColours:
    """Classes in the order of their file, each with its R, G, B in colour masks."""

    path: str
    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]


def read_class_names(source: Source) -> tuple[str, ...] | None:
    """One name a line from ``classes.txt`` or its like; None where there is no such file.

    Raises:
        RequestError: It can't be read.
    """
    path = _outermost(source, NAME_FILES)
    return tuple(_lines(source, path)) or None if path else None


def read_class_colours(source: Source) -> ClassColours | None:
    """Lines such as ``sky,128,128,128``, ``128 128 128 sky`` or ``sky:128,128,128::``; None where there is no file.

    Raises:
        RequestError: It can't be read, or holds no such line.
    """
    path = _outermost(source, COLOUR_FILES)
    if path is None:
        return None
    names, colours = [], []
    for line in _lines(source, path):
        pieces = [piece.strip(QUOTES) for piece in re.split(r"[,;:\s]+", line) if piece]
        for levels, name in ((pieces[-3:], pieces[:-3]), (pieces[:3], pieces[3:])):
            if name and len(levels) == 3 and all(re.fullmatch(r"[0-9]{1,3}", level) for level in levels):
                red, green, blue = (min(255, int(level)) for level in levels)
                names.append(" ".join(name))
                colours.append((red, green, blue))
                break  # other lines are headings and remarks
    if not names:
        raise RequestError(
            "bad_dataset",
            f"{path} holds no class with its colour; write a line such as 'sky,128,128,128' for each.",
            "dataset.path",
        )
    return ClassColours(path, tuple(names), tuple(colours))


def read_yaml_names(source: Source) -> tuple[str, ...] | None:
    """``names`` of a YOLO ``data.yaml``, as a list or by number, on one line or several; None where there is none.

    Raises:
        RequestError: It can't be read.
    """
    paths = [path for path in source.files() if path.lower().endswith((".yaml", ".yml"))]
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        names = _yaml_names(_lines(source, path))
        if names:
            return names
    return None


def _yaml_names(lines: list[str]) -> tuple[str, ...]:
    lines = [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]
    start = next((i for i, line in enumerate(lines) if line.startswith("names:")), None)
    if start is None:
        return ()
    text, rest = lines[start].removeprefix("names:").strip(), lines[start + 1 :]
    if text.startswith(("[", "{")):
        closing = "]" if text.startswith("[") else "}"
        entries = " ".join([text[1:], *rest]).partition(closing)[0].split(",")
    else:
        entries = list(takewhile(YAML_ENTRY.match, rest))
    numbered = []
    for position, entry in enumerate(entries):
        match = YAML_ENTRY.fullmatch(entry.strip())
        number, name = match.groups() if match else (None, entry)
        numbered.append((int(number) if number else position, name.strip(QUOTES)))
    return tuple(name for _, name in sorted(numbered) if name)


def _outermost(source: Source, names: tuple[str, ...]) -> str | None:
    """The file of one of these names with the fewest folders above it."""
    found = [path for path in source.files() if PurePosixPath(path).name.lower() in names]
    return min(found, key=lambda path: (path.count("/"), path), default=None)


def _lines(source: Source, path: str) -> list[str]:
    try:
        return read_lines(source, path)
    except FileError as error:
        raise RequestError("bad_dataset", f"{path} can't be used: {error}.", "dataset.path") from error
