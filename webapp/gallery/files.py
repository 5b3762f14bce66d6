"""Keeping what the engine exported: content-addressed in the workspace, so equal files are kept once."""

import hashlib
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage

from webapp.gallery.models import Network, NetworkFile


def store_files(network: Network, files: dict[str, str]) -> None:
    """Store the network's exported files; a file that is there already is not written again.

    Args:
        network: Whose files they are.
        files: Format → path, as the engine reports it.
    """
    for format_name, path in files.items():
        sha256 = digest_of(Path(path))
        suffix = Path(path).suffix
        key = f"workspaces/{network.workspace_id}/networks/{sha256}{suffix}"
        if not default_storage.exists(key):
            with open(path, "rb") as content:
                stored = default_storage.save(key, File(content))
            if stored != key:  # the same bytes arrived twice at once, and the other copy took the name
                default_storage.delete(stored)
        size = Path(path).stat().st_size
        NetworkFile.objects.update_or_create(
            network=network,
            format=format_name,
            defaults={"key": key, "sha256": sha256, "size_bytes": size},
        )


def digest_of(path: Path) -> str:
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
