"""From a storage key to a local path, which is what the engine reads."""

import shutil
import tempfile
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
    with (
        default_storage.open(key) as source,
        tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft,
    ):
        shutil.copyfileobj(source, draft)
    Path(draft.name).replace(path)
