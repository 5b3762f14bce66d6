"""Fixtures of the journeys: a whole FermiForge of its own, a real Chromium, pages on a desktop and a phone.

Everything lasts as long as this folder's tests, so that the browser's event loop has gone before others run.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.browser import chromium
from webapp.embedded.client import Client
from webapp.embedded.handle import GroupHandle

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def pytest_addoption(parser) -> None:
    parser.addoption("--screenshots", type=Path, help="keep the journeys' screenshots in this folder")


@pytest.fixture(scope="package")
def site(tmp_path_factory):
    """A group of its own; its engine may use every core, whatever this process was told."""
    threads = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", threads)
        with GroupHandle(tmp_path_factory.mktemp("site")) as group:
            yield group


@pytest.fixture(scope="package")
def api(site) -> Client:
    """What the journeys compare the pages with: the REST API, as an integrator sees it."""
    return Client(site.address, site.manage("create_token", "--name", "journeys"))


@pytest.fixture(scope="package")
def browser():
    path = chromium()
    assert path, "There is no Chromium: run `make develop` first."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def size(request) -> str:
    return request.param


@pytest.fixture
def open_page(browser, site):
    """``open_page("phone")``: a fresh visitor's page; any error that it meets fails the test at the end."""
    contexts, troubles = [], []

    def note(message) -> None:
        if message.type == "error":
            troubles.append(f"{message.text} ({message.location.get('url')})")

    def make(size: str = "desktop", **options) -> Page:
        context = browser.new_context(
            base_url=site.address,
            viewport=SIZES[size],
            is_mobile=size == "phone",
            has_touch=size == "phone",
            accept_downloads=True,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", note)
        return page

    yield make
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def shoot(request):
    """``shoot(page, "run")`` keeps a picture: in test-results/, or where --screenshots says."""
    kept = request.config.getoption("screenshots", default=None)
    folder = ROOT / (kept or "test-results")
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        name = re.sub(r"[^a-z0-9-]+", "-", name.lower())
        page.screenshot(path=folder / f"{name}.png", full_page=not kept, animations="disabled")

    return take
