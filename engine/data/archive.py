"""Where a dataset's files come from: a folder, or a zip archive that is read in place.

An archive is never unpacked to disk: entries are read into memory one at a time, so nothing can be written
outside a scratch folder or be left behind by a refusal. The table of contents is checked before the first
byte is read; a read then counts real bytes and stops where an entry turns out larger than it declared.
"""

import hashlib
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Protocol

from engine.errors import RequestError


class FileError(ValueError):
    """This file can't be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an archive or folder may hold at most."""

    files: int = 1_000_000
    file_bytes: int = 256 * 2**20
    total_bytes: int = 64 * 2**30
    ratio: int = 200  # photographs hardly compress; entries below a megabyte can do no harm and are exempt
    depth: int = 10


class Source(Protocol):
    """Files by relative path, with ``/`` between folders; hidden files are left out."""

    name: str

    def files(self) -> list[str]: ...

    def size(self, path: str) -> int:
        """Bytes of the file."""
        ...

    def read(self, path: str) -> bytes: ...


def open_source(path: Path, limits: Limits | None = None) -> Source:
    """A folder or zip archive as a source of files.

    Raises:
        RequestError: It does not exist, is no zip archive, or breaks a rule or limit.
    """
    limits = limits or Limits()
    if path.is_dir():
        return FolderSource(path, limits)
    return ZipSource(_existing(path), limits)


def fingerprint(path: Path) -> str:
    """Changes whenever the dataset at ``path`` does: a folder's names, sizes and times, or a file's bytes."""
    if path.is_dir():
        source = FolderSource(path, Limits())
        return hashlib.sha256("\n".join(map(source.describe, source.files())).encode()).hexdigest()
    with _existing(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_or_explain(source: Source, path: str) -> bytes:
    """A file's bytes.

    Raises:
        FileError: It is damaged or too large.
    """
    try:
        return source.read(path)
    except Exception as error:  # a damaged archive can trip over checksums, lengths and compression alike
        raise FileError(f"it can't be read ({error})") from error


def content_digest(data: bytes) -> bytes:
    """The same for two files exactly when their bytes are the same."""
    return hashlib.blake2b(data, digest_size=16).digest()


class FolderSource:
    """The files below a folder."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self.name = root.resolve().name
        self._root = root
        self._facts: dict[str, os.stat_result] = {}
        for folder, folders, names in os.walk(root, followlinks=True):
            relative = Path(folder).relative_to(root)
            # A link that leads back up would go on for ever.
            _check_depth(relative.as_posix(), limits)
            folders[:] = sorted(name for name in folders if not _is_hidden(name))
            for name in names:
                full = Path(folder, name)
                if not _is_hidden(name) and full.is_file():
                    self._facts[(relative / name).as_posix()] = full.stat()
            _check_count(len(self._facts), limits)
        self._limits = limits

    def files(self) -> list[str]:
        return sorted(self._facts)

    def describe(self, path: str) -> str:
        """A line that changes when the file does."""
        return f"{path}\0{self._facts[path].st_size}\0{self._facts[path].st_mtime_ns}"

    def size(self, path: str) -> int:
        return self._facts[path].st_size

    def read(self, path: str) -> bytes:
        if self._facts[path].st_size > self._limits.file_bytes:
            raise ValueError(f"the file is larger than {_size(self._limits.file_bytes)}")
        return (self._root / path).read_bytes()


class ZipSource:
    """The entries of a zip archive, read in place."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.name = path.stem
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise RequestError(
                "bad_dataset",
                f"{path.name} is not a zip archive that can be read ({error}); upload a .zip of images with "
                "their labels.",
                "dataset.path",
            ) from error
        self._entries = {}
        for entry in self._zip.infolist():
            name = _checked_name(entry, limits)
            if name is not None:
                self._entries[name] = entry
        _check_count(len(self._entries), limits)
        total = sum(entry.file_size for entry in self._entries.values())
        if total > limits.total_bytes:
            raise _refused(f"unpacks to {_size(total)}; at most {_size(limits.total_bytes)} are accepted")

    def files(self) -> list[str]:
        return sorted(self._entries)

    def size(self, path: str) -> int:
        return self._entries[path].file_size

    def read(self, path: str) -> bytes:
        entry = self._entries[path]
        with self._zip.open(entry) as stream:
            # zipfile stops at the declared size and then compares the checksum; a lie ends here.
            return stream.read(entry.file_size + 1)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise RequestError("bad_dataset", f"There is no file or folder at {path}.", "dataset.path")
    return path


def _checked_name(entry: zipfile.ZipInfo, limits: Limits) -> str | None:
    """The entry's path with ``/``; None for folders and hidden files; an error for what can't be trusted."""
    raw = entry.filename
    if not entry.flag_bits & 0x800:
        # Archivers that write UTF-8 without saying so: undo zipfile's guess where that gives valid text.
        try:
            raw = raw.encode("cp437").decode("utf-8")
        except UnicodeError:
            raw = entry.filename
    path = PureWindowsPath(raw)  # takes / and \ as separators, and sees drive letters
    if path.drive or path.root:
        raise _refused(f"holds the absolute path {raw!r}; pack a folder with relative paths")
    if ".." in path.parts:
        raise _refused(f"holds the path {raw!r}, which leads out of the archive; pack a plain folder")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refused(f"holds the link {raw!r}; pack the files themselves, not links to them")
    if raw.endswith(("/", "\\")) or any(_is_hidden(part) for part in path.parts):
        return None
    _check_depth(path.parent.as_posix(), limits)
    if entry.flag_bits & 0x1:
        raise _refused("is protected by a password; pack it without one")
    if entry.file_size > limits.file_bytes:
        raise _refused(f"holds {raw!r} of {_size(entry.file_size)}; a file may have {_size(limits.file_bytes)}")
    if entry.file_size > max(2**20, limits.ratio * entry.compress_size):
        raise _refused(f"holds {raw!r}, which unpacks to more than {limits.ratio} times its size; pack images as is")
    return path.as_posix()


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _check_count(count: int, limits: Limits) -> None:
    if count > limits.files:
        raise _refused(f"holds more than {limits.files:,} files; split it or leave some out")


def _check_depth(folder: str, limits: Limits) -> None:
    if folder.count("/") >= limits.depth:
        raise _refused(f"nests folders more than {limits.depth} deep ({folder!r}); pack fewer levels")


def _refused(what: str) -> RequestError:
    return RequestError("bad_dataset", f"The dataset {what}.", "dataset.path")


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
