"""The journeys for masks and for boxes: from an archive to what a drawn network says of test images."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.journey import RESTING, RUN_MS, choose, start_synthesis, state, upload_dataset, wait_for_state
from tests.e2e.test_places import assert_usable
from tests.pictures import boxes_zip, masks_zip

pytestmark = pytest.mark.timeout(900)  # a synthesis of a minute, on a busy machine


def test_from_masks_to_a_network_that_paints_them(open_page, api, shoot, tmp_path):
    page = open_page("phone", color_scheme="light")
    upload_dataset(page, masks_zip(tmp_path / "Cells in masks.zip"))
    expect(page.get_by_text("images and masks")).to_be_visible()
    run = synthesize(page, api, "Cells in masks", "RefineNet, small", "mIoU")
    assert run["task"] == "segmentation"
    assert run["metric"] == "miou"

    images = details(page)
    shoot(page, "network-masks-phone-light")
    expect(images.first).to_have_accessible_name(re.compile(r"^Predicted: .*\d+\s%.*Truth: .*(cell|platelet|ground)"))
    overlay = images.first.locator("img").nth(1)
    page.get_by_role("slider", name="Opacity").press("End")
    expect(overlay).to_have_css("opacity", "1")
    before = overlay.get_attribute("src")
    page.get_by_text("Truth", exact=True).click()
    assert overlay.get_attribute("src") != before
    assert_usable(page, "light")


def test_from_boxes_to_a_network_that_draws_them(open_page, api, shoot, tmp_path):
    page = open_page("desktop", color_scheme="dark")
    upload_dataset(page, boxes_zip(tmp_path / "Cells in boxes.zip"))
    expect(page.get_by_text("Pascal VOC")).to_be_visible()
    run = synthesize(page, api, "Cells in boxes", "DetectNet, small", "mAP@0.5")
    assert run["task"] == "detection"
    assert run["metric"] == "map50"

    images = details(page)
    shoot(page, "network-boxes-desktop-dark")
    expect(images.first).to_have_accessible_name(re.compile(r"^Predicted: .+\. Truth: 1 cell, 1 platelet\.$"))
    page.get_by_role("slider", name="Least score").press("End")
    expect(images.first.locator("rect")).to_have_count(0)
    page.get_by_text("Truth", exact=True).click()
    expect(images.first.locator("rect")).to_have_count(4)  # two boxes, each with its dark line
    assert_usable(page, "dark")


def synthesize(page: Page, api, dataset: str, prototype: str, metric: str) -> dict:
    """A run of the dataset, to its end, with little required, so that any network will do."""
    page.goto("/runs/new")
    choose(page, "Dataset", dataset)
    expect(page.get_by_role("combobox", name="Prototype")).to_have_value(prototype)
    page.get_by_role("radiogroup", name="Metric that is required").get_by_text(metric, exact=True).click()
    run = start_synthesis(page, required=1, seconds=60)
    wait_for_state(page, RESTING)
    expect(state(page, re.compile("^(Completed|Not reached)$")).first).to_be_visible()
    expect(page.get_by_role("rowheader", name=metric)).to_be_visible()
    return api.get(f"/runs/{run}/")


def details(page: Page):
    """Draw a network and open its page; the test images on it."""
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("button", name="Draw", exact=True).click()
    page.get_by_role("link", name=re.compile("Details of seed")).first.click(timeout=RUN_MS)
    expect(page.get_by_role("heading", name="Predictions")).to_be_visible()
    images = page.get_by_role("list", name="Test images").get_by_role("img")
    expect(images.first).to_be_visible()
    assert images.count() <= 8
    return images
