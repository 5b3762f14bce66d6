"""From a storage key to a local path, which is what the engine reads."""

import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage


def local_path(key: str) -> Path:
    """A path on this machine with the content of ``key``.

    Local storage answers with the file itself; a remote one is copied to ``var/cache`` once, which is safe
    since keys are content-addressed and so never change what they mean.

    Raises:
        FileNotFoundError: Nothing is stored under ``key``.
    """
    try:
        path = Path(default_storage.path(key))
    except NotImplementedError:
        path = settings.VAR_DIR / "cache" / key
        if not path.exists():
            _fetch(key, path)
    if not path.exists():
        raise FileNotFoundError(key)
    return path


def _fetch(key: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with default_storage.open(key) as source, draft.open("wb") as target:
            shutil.copyfileobj(source, target)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
