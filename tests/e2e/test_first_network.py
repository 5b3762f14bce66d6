"""The journey that FermiForge exists for: from a first visit to a network in hand."""

import re

import numpy as np
import onnxruntime
from playwright.sync_api import Page, expect

from tests.e2e.journey import (
    CYCLE,
    RESTING,
    RUN_MS,
    expect_log_of,
    start_synthesis,
    state,
    told_log,
    wait_for_state,
)

NETWORKS = 4
BEYOND_HALF = re.compile(r"^[5-9]\d")


def test_from_a_first_visit_to_a_network_in_hand(open_page, size, api, shoot, tmp_path):
    page = open_page(size)
    page.goto("/")
    if size == "desktop":  # the phone's visitor comes to a workspace that has seen runs
        expect(page.get_by_role("heading", level=1)).to_have_text("From one prototype, a generator of small networks")
        shoot(page, "first-visit-desktop-light")
    else:
        page.get_by_role("link", name="Start a synthesis").click()
    run = start_synthesis(page, required=80, seconds=60)

    watch(page, api, run, shoot, size)
    draw(page, shoot, size)
    download_and_open(page, api, run, tmp_path)


def watch(page: Page, api, run: str, shoot, size: str) -> None:
    """Live: the page moves from state to state by itself, up to the certificate."""
    wait_for_state(page, "Running")
    progress = page.get_by_role("progressbar", name="Progress of the run")
    expect(progress).to_be_visible()
    expect(page.get_by_text(CYCLE)).to_be_visible(timeout=RUN_MS)
    expect(progress).to_have_attribute("aria-valuenow", BEYOND_HALF, timeout=RUN_MS)
    shoot(page, f"live-{size}-light")
    wait_for_state(page, RESTING)
    expect(state(page, "Completed")).to_be_visible()
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible()
    found = api.get(f"/runs/{run}/")
    assert found["state"] == "COMPLETED"
    accepted = found["summary"]["certified"]["yield"]["accepted"]
    expect(page.get_by_text(f"{accepted['passed']} of {accepted['n']} seeds").first).to_be_visible()
    numbers, _ = told_log(api, run)
    assert numbers == list(range(1, len(numbers) + 1))
    expect_log_of(page, api, run)
    shoot(page, f"run-{size}-light")


def draw(page: Page, shoot, size: str) -> None:
    """Siblings of one budget, each with a card."""
    page.get_by_role("link", name=re.compile("Gallery")).click()
    page.get_by_label("Count", exact=True).fill(str(NETWORKS))
    page.get_by_role("button", name="Draw", exact=True).click()
    cards = page.get_by_role("article")
    expect(cards).to_have_count(NETWORKS)
    expect(cards.get_by_role("button", name="Download ONNX", exact=True)).to_have_count(NETWORKS, timeout=120_000)
    shoot(page, f"gallery-{size}-light")


def download_and_open(page: Page, api, run: str, folder) -> None:
    """The file that the button gives opens elsewhere, takes images and answers with logits."""
    card = page.get_by_role("article").first
    seed = card.get_by_role("heading", name="Seed").inner_text().removeprefix("Seed ")
    with page.expect_download() as found:
        card.get_by_role("button", name="Download ONNX", exact=True).click()
    name = found.value.suggested_filename
    assert name.endswith(".onnx")
    assert seed in name
    found.value.save_as(folder / name)
    session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    channels, height, width = image.shape[1:]
    (logits,) = session.run(None, {image.name: np.zeros((1, channels, height, width), np.float32)})
    assert logits.shape == (1, 10)
    with page.expect_download() as found:
        card.get_by_role("button", name="Download safetensors").click()
    assert found.value.suggested_filename.endswith(".safetensors")
