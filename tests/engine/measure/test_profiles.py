"""Device profiles: those that come with the engine, one's own, and what is wrong with a broken one."""

from pathlib import Path

import pytest

from engine.errors import RequestError
from engine.measure.profiles import FOLDERS_VARIABLE, kept_profile, profiles, read_profile

GOOD = """
name = "toy"
title = "A toy"
float32_flop_per_s = 1e9
memory_byte_per_s = 1e8
memory_bytes = 1_000_000
idle_w = 0.5
peak_w = 2

[[sources]]
document = "Data sheet"
url = "https://example.org/toy.pdf"
figures = "all of them"
"""


def written(folder: Path, text: str, name: str = "toy.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_every_built_in_profile_names_its_sources() -> None:
    known = profiles()
    assert set(known) >= {"jetson-tx2", "jetson-orin-nano", "raspberry-pi-5", "cortex-m7"}
    for profile in known.values():
        assert profile.sources and all(source.url.startswith("https://") for source in profile.sources)
        assert profile.float32_flop_per_s > 0 and profile.memory_byte_per_s > 0 and profile.peak_w > 0


def test_a_folder_of_ones_own_adds_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, GOOD)
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    toy = profiles()["toy"]
    assert (toy.idle_w, toy.int8_op_per_s, toy.layer_overhead_us) == (0.5, None, 0)
    assert "jetson-tx2" in profiles()


def test_a_run_keeps_the_figures_that_it_started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    path = written(tmp_path, GOOD)
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    before = kept_profile("toy", tmp_path / "run")
    path.write_text(GOOD.replace("1e9", "2e9"))
    assert profiles()["toy"].float32_flop_per_s == 2e9
    assert kept_profile("toy", tmp_path / "run") == before


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (("peak_w = 2", ""), "peak_w", "a number above 0"),
        (("peak_w = 2", "peak_w = 'much'"), "peak_w", "a number above 0"),
        (("1e9", "0"), "float32_flop_per_s", "a number above 0"),
        (("1e8", "inf"), "memory_byte_per_s", "a number above 0"),
        (("idle_w = 0.5", "idle_w = 3"), "idle_w", "at most peak_w"),
        (("idle_w = 0.5", "layer_overhead_us = -1"), "layer_overhead_us", "0 or more"),
        (("idle_w = 0.5", "speed = 3"), "speed", "isn't a field"),
        (('name = "toy"', 'name = "other"'), "name", "the file's name"),
        (('title = "A toy"', "title = 3"), "title", "a text"),
        (('url = "https://example.org/toy.pdf"', ""), "sources", "document, url, figures"),
        (("1e9", "1e9 1e9"), "device", "can't be read"),
    ],
)
def test_a_broken_profile_names_the_field(tmp_path: Path, change: tuple[str, str], field: str, words: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_profile(written(tmp_path, GOOD.replace(*change)))
    assert (refused.value.code, refused.value.field) == ("bad_device", field)
    assert words in refused.value.message and "toy.toml" in refused.value.message


def test_no_profile_takes_the_name_of_this_machine(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as refused:
        read_profile(written(tmp_path, GOOD.replace('"toy"', '"cpu"'), "cpu.toml"))
    assert refused.value.field == "name"


def test_a_folder_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(RequestError, match="nowhere, which isn't a folder"):
        profiles()
