"""The README's table comes from the command line, as a user would use it."""

import sys

import pytest

from benchmarks import fresh_seeds


@pytest.mark.slow
def test_a_row_for_each_run_with_what_its_draws_reach(tmp_path, capsys, monkeypatch):
    options = ["--require", "0.05", "--seconds", "8", "--runs", "1", "--draws", "3", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["fresh_seeds", *options])
    fresh_seeds.main()
    header, _, row = capsys.readouterr().out.strip().splitlines()
    cells = dict(zip(header.split(" | "), row.split(" | "), strict=True))
    assert cells["meet the requirement on the test images"] == "3 of 3"
    assert "× fewer" in cells["mean parameters"] and cells["over the prototype"].startswith("+")
    assert len(list((tmp_path / "0" / "networks").glob("*.safetensors"))) == 3
