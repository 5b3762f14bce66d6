"""Every place of the application, on a desktop and a phone, by day and by night, for anyone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_in_both_schemes(open_page, size, scheme, shoot):
    """Every place, followed by its link: it shows its heading, fits the screen, and can be used by anyone."""
    page = open_page(size, color_scheme=scheme)
    page.goto("/runs/new")
    expect(page.get_by_role("button", name="Start synthesis")).to_be_visible()
    assert_usable(page, scheme)
    for place in ("Datasets", "Prototypes", "Settings"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=place).click()
        expect(page.get_by_role("heading", level=1, name=place)).to_be_visible()
        assert_usable(page, scheme)
        shoot(page, f"{place}-{size}-{scheme}")


def test_scheme_is_remembered(open_page):
    page = open_page(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Change to light").click()
    page.get_by_role("button", name="Change to dark").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def assert_usable(page: Page, scheme: str) -> None:
    """In its scheme, no wider than the screen, and without a violation of WCAG 2 A or AA that axe can see."""
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    problems = [
        (rule["id"], node["html"], node["failureSummary"]) for rule in found["violations"] for node in rule["nodes"]
    ]
    assert problems == []
