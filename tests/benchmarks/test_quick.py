"""A small run of every part that needs no peer's package, and the page that comes of it."""

import json
from dataclasses import replace

import pytest

from benchmarks.job import methods, needs, read_result, result_path, run_job
from benchmarks.report import write_report
from benchmarks.works import quick, standard

PEERS = ("uniform", "random")


@pytest.fixture(scope="module")
def suite():
    small = quick()
    works = tuple(replace(w, seconds=1.0) for w in small.works)
    return replace(small, works=works, peers=PEERS, ablated=(), yield_seeds=2)


@pytest.fixture(scope="module")
def results(suite, tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    for method in methods(suite, "digits"):
        run_job(suite, "digits", method, 0, root, None)
    return root


def test_every_part_finishes(suite, results):
    states = {m: read_result(result_path(results, "digits", m, 0)) for m in methods(suite, "digits")}
    assert {m: r.get("error") for m, r in states.items() if r["status"] != "done"} == {}
    assert states["ours"]["networks"]
    assert states["random"]["base_s"] == states["ours"]["synthesis_s"]


def test_networks_carry_a_test_verdict_only_where_accepted(suite, results):
    networks = read_result(result_path(results, "digits", "ours", 0))["networks"]
    assert all(("test" in n) == n["accepted"] for n in networks)
    assert sum(n["chosen"] for n in networks) <= 1


def test_the_page_shows_every_method_and_what_was_missed(suite, results, tmp_path):
    broken = {"status": "failed", "error": "RuntimeError: out of luck", "where": "uniform.py:1"}
    path = result_path(results, "digits", "uniform", 0)
    kept = path.read_text()
    path.write_text(json.dumps(broken))
    try:
        page = write_report(suite, results, tmp_path).read_text()
    finally:
        path.write_text(kept)
    assert "out of luck" in page
    assert "Ours: drawn" in page
    assert "Random designs in our shared weights" in page
    assert "Torch-Pruning" not in page.split("### Misses")[1].split("##")[0]


def test_a_failure_is_a_result(suite, tmp_path):
    run_job(suite, "digits", "ours", 0, tmp_path, None)  # its prototype was never trained
    result = read_result(result_path(tmp_path, "digits", "ours", 0))
    assert result["status"] == "failed"
    assert "prototype.safetensors" in result["error"]


def test_what_a_job_needs_comes_before_it():
    suite = standard()
    for work in suite.works:
        order = methods(suite, work.name)
        for method in order:
            before = needs(method)
            assert before is None or order.index(before) < order.index(method)
