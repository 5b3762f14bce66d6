"""Polishing a drawn network: never worse, reproducible by its steps, better on average."""

from pathlib import Path

import numpy as np
import pytest

import engine.polish
from engine.draw import TrainedGenerator, load_generator
from tests.engine.conftest import Finished


@pytest.fixture(scope="module")
def generator(short_run: tuple[Path, Finished]) -> TrainedGenerator:
    return load_generator(short_run[0])


def test_polished_networks_are_no_worse_on_the_search_split_and_better_on_others_on_average(
    generator: TrainedGenerator,
) -> None:
    plain = [generator.draw(seed) for seed in range(4)]
    polished = [generator.draw(seed, polish_steps=40) for seed in range(4)]
    for before, after in zip(plain, polished, strict=True):
        assert after.design == before.design
        assert after.metrics["validation"]["accuracy"] >= before.metrics["validation"]["accuracy"]
        assert after.verified or not before.verified
    gains = [
        after.metrics["calibration"]["accuracy"] - before.metrics["calibration"]["accuracy"]
        for before, after in zip(plain, polished, strict=True)
    ]
    assert np.mean(gains) > 0


def test_the_same_steps_give_the_same_bytes_and_seconds_are_told_in_steps(generator: TrainedGenerator) -> None:
    timed = generator.draw(4, polish_s=0.5)
    assert timed.polish_s == 0.5 and timed.polish_steps > 0
    again = generator.draw(4, polish_steps=timed.polish_steps)
    assert again.fingerprint == timed.fingerprint
    assert again.polish_steps == timed.polish_steps
    assert timed.polished == (timed.fingerprint != generator.draw(4).fingerprint)


def test_a_network_that_polishing_would_spoil_stays_as_it_was(
    generator: TrainedGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.polish, "LARGEST_RATE", 2000.0)
    spoilt, plain = generator.draw(5, polish_steps=20), generator.draw(5)
    assert not spoilt.polished
    assert (spoilt.fingerprint, spoilt.metrics) == (plain.fingerprint, plain.metrics)
