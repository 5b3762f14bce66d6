"""What the journeys do on the pages, in the words of the person who does it."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from webapp.embedded.client import Client

RESTING = re.compile("^(Completed|Not reached|Cancelled|Paused|Failed)$")
CYCLE = re.compile(r"^Cycle \d+:")
CHECK_MS = 120_000  # the first check may wait for a prototype that is being described
RUN_MS = 240_000  # generous: a busy machine may take several times a run's budget


def upload_dataset(page: Page, path: Path) -> None:
    """Upload an archive and wait on its page until it can be used."""
    page.goto("/datasets")
    page.get_by_label("Upload a dataset").set_input_files(path)
    page.get_by_role("link", name=path.stem, exact=True).click()
    expect(page.get_by_role("heading", name=path.stem, exact=True)).to_be_visible()  # not the list any more
    expect(page.get_by_text("Ready", exact=True)).to_be_visible(timeout=CHECK_MS)


def choose(page: Page, field: str, option: str) -> None:
    """Take one of a field's choices."""
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option, exact=True).click()


def start_synthesis(page: Page, *, required: float, seconds: float) -> str:
    """Fill in the form that is on the page, with the metric required in percent, and press its button; the new run's
    id."""
    page.get_by_label(re.compile("Requirement:.*at least")).fill(f"{required:g}")
    page.get_by_role("button", name="Limits, time and other settings").click()
    page.get_by_label("Time budget").fill(f"{seconds / 60:g}")
    page.get_by_role("button", name="Start synthesis").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"))
    return page.url.rpartition("/runs/")[2]


def state(page: Page, name: str | re.Pattern):
    """The badge beside the run's name, which says how it stands."""
    return page.locator("header").filter(has=page.get_by_role("heading", level=1)).get_by_text(name, exact=True)


def wait_for_state(page: Page, name: str | re.Pattern) -> None:
    expect(state(page, name).first).to_be_visible(timeout=RUN_MS)


def shown_log(page: Page) -> list[str]:
    """The lines of the log as the page shows them."""
    return page.get_by_role("log", name="Log of the run").locator("> div").all_text_contents()


def expect_log_of(page: Page, api, run: str) -> None:
    """The page shows what the API tells, once its last line has come."""
    _, lines = told_log(api, run)
    expect(page.get_by_role("log").locator("> div")).to_have_count(len(lines))
    assert shown_log(page) == lines


def told_log(api: Client, run: str) -> tuple[list[int], list[str]]:
    """The sequence numbers of a run's events, and the lines that the log should show, by the REST API."""
    numbers, lines = [], []
    for event in all_events(api, run):
        numbers.append(event["seq"])
        payload = event["payload"]
        if event["type"] == "log":
            lines += payload["lines"]
        elif event["type"] == "state":
            lines.append(f"{payload['to']}: {payload['reason']}" if payload["reason"] else payload["to"])
        elif event["type"] == "failed":
            lines.append(f"{payload['code']}: {payload['message']}")
    return numbers, lines


def all_events(api: Client, run: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while True:
        page = api.get(f"/runs/{run}/events/?after={events[-1]['seq'] if events else 0}")
        events += page["results"]
        if not page["results"] or events[-1]["seq"] >= page["last_seq"]:
            return events
