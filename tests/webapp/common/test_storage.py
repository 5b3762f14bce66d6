"""From a storage key to a path that the engine can read, wherever the bytes lie."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage

from webapp.common.storage import local_path

KEY = "workspaces/w/datasets/abc.zip"


class Bucket(Storage):
    """A storage that has no paths, as a bucket has none."""

    def __init__(self):
        self.objects: dict[str, bytes] = {}

    def exists(self, name):
        return name in self.objects

    def _save(self, name, content):
        self.objects[name] = content.read()
        return name

    def _open(self, name, mode="rb"):
        if name not in self.objects:
            raise FileNotFoundError(name)
        return ContentFile(self.objects[name])


@pytest.fixture(params=["django.core.files.storage.FileSystemStorage", f"{__name__}.Bucket"])
def storage(request, settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": request.param}}
    return default_storage


def test_the_content_is_there(storage):
    storage.save(KEY, ContentFile(b"bytes"))
    assert local_path(KEY).read_bytes() == b"bytes"
    assert local_path(KEY).suffix == ".zip"
    assert local_path(KEY) == local_path(KEY)


def test_a_key_that_nothing_is_under(storage):
    with pytest.raises(FileNotFoundError):
        local_path(KEY)
