"""Archives that must not be trusted, and what is ignored in those that may."""

import stat
import zipfile

import pytest

from engine.data.archive import Limits, open_source
from engine.errors import RequestError


def write_zip(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return path


def refusal(path, **limits):
    with pytest.raises(RequestError) as caught:
        open_source(path, Limits(**limits))
    assert caught.value.code == "bad_dataset"
    assert caught.value.field == "dataset.path"
    return caught.value.message


def test_a_zip_is_read_in_place(tmp_path):
    source = open_source(write_zip(tmp_path / "a.zip", {"cat/1.png": b"abc", "dog/ü.png": b"d"}))
    assert source.files() == ["cat/1.png", "dog/ü.png"]
    assert source.read("cat/1.png") == b"abc"
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_hidden_files_are_ignored(tmp_path):
    entries = {"__MACOSX/cat/._1.png": b"x", ".DS_Store": b"x", "cat/Thumbs.db": b"x", "cat/1.png": b"abc"}
    assert open_source(write_zip(tmp_path / "a.zip", entries)).files() == ["cat/1.png"]


def test_backslashes_separate_folders(tmp_path):
    info = zipfile.ZipInfo("x")
    info.filename = "cat\\1.png"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        target.writestr(info, b"abc")
    assert open_source(tmp_path / "a.zip").read("cat/1.png") == b"abc"


@pytest.mark.parametrize("name", ["../../evil.png", "cat/../../evil.png", "..\\evil.png"])
def test_paths_that_lead_out_are_refused(tmp_path, name):
    assert "leads out" in refusal(write_zip(tmp_path / "a.zip", {name: b"x"}))


@pytest.mark.parametrize("name", ["/etc/passwd", "C:\\evil.png", "c:evil.png", "\\\\host\\share\\evil.png"])
def test_absolute_paths_are_refused(tmp_path, name):
    assert "absolute" in refusal(write_zip(tmp_path / "a.zip", {name: b"x"}))


def test_links_are_refused(tmp_path):
    info = zipfile.ZipInfo("cat/1.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        target.writestr(info, "/etc/passwd")
    assert "link" in refusal(tmp_path / "a.zip")


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"cat/1.png": bytes(20_000_000)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 30_000
    assert "200 times" in refusal(path)


def test_an_entry_that_lies_about_its_size_yields_no_more_than_it_declared(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"cat/1.png": bytes(1000)}, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    path.write_bytes(data.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    source = open_source(path)
    with pytest.raises(zipfile.BadZipFile):
        source.read("cat/1.png")


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"files": 2}, "more than 2 files"),
        ({"total_bytes": 250}, "unpacks to"),
        ({"file_bytes": 50}, "may have"),
    ],
)
def test_limits(tmp_path, limits, word):
    path = write_zip(tmp_path / "a.zip", {f"cat/{i}.png": bytes(100) for i in range(3)})
    assert word in refusal(path, **limits)


def test_deep_folders_are_refused(tmp_path):
    assert "deep" in refusal(write_zip(tmp_path / "a.zip", {"a/" * 12 + "1.png": b"x"}))


def test_a_text_file_is_no_archive(tmp_path):
    (tmp_path / "a.zip").write_text("hello")
    assert "not a zip archive" in refusal(tmp_path / "a.zip")


def test_nothing_there(tmp_path):
    assert "no file or folder" in refusal(tmp_path / "missing")


def test_a_folder_that_links_to_itself_ends(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "loop").symlink_to(tmp_path)
    assert "deep" in refusal(tmp_path)
