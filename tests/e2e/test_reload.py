"""A live page loses nothing and repeats nothing: over a reload, a pause, a second window, a cancellation."""

import json

from playwright.sync_api import Page, expect

from tests.e2e.journey import (
    CYCLE,
    RUN_MS,
    all_events,
    expect_log_of,
    shown_log,
    start_synthesis,
    wait_for_state,
)


def test_reload_in_the_middle_loses_and_repeats_nothing(open_page, api, shoot):
    """Before, during and after a reload, a pause and a second window, the log is the API's, line by line."""
    page = open_page()
    page.goto("/runs/new")
    run = start_synthesis(page, required=80, seconds=60)
    wait_for_state(page, "Running")
    expect(page.get_by_role("log").locator("> div").nth(2)).to_be_visible(timeout=60_000)
    seen_before = shown_log(page)
    received = watch_frames(page)
    page.reload()
    wait_for_state(page, "Running")
    expect(page.get_by_role("log").locator("> div").nth(len(seen_before) - 1)).to_be_visible()
    assert shown_log(page)[: len(seen_before)] == seen_before

    expect(page.get_by_text(CYCLE)).to_be_visible(timeout=RUN_MS)  # from here on there is a checkpoint
    page.get_by_role("button", name="Pause").click()
    wait_for_state(page, "Paused")
    shoot(page, "paused-desktop-light")
    expect_log_of(page, api, run)

    second = open_page("phone")
    second.goto(f"/runs/{run}")
    wait_for_state(second, "Paused")
    expect_log_of(second, api, run)
    second.get_by_role("button", name="Resume").click()
    wait_for_state(page, "Running")
    assert any(event["type"] == "run_started" and event["payload"]["resumed"] for event in resumed(api, run))

    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    wait_for_state(page, "Cancelled")
    wait_for_state(second, "Cancelled")
    expect_log_of(page, api, run)
    expect_log_of(second, api, run)
    assert api.get(f"/runs/{run}/")["state"] == "CANCELLED"

    # What the reloaded page was sent, by pages and by socket, is each event, and the socket repeats none.
    by_page, by_socket = received
    assert len(by_socket) == len(set(by_socket))
    last = api.get(f"/runs/{run}/")["last_seq"]
    assert set(by_page) | set(by_socket) == set(range(1, last + 1))


def resumed(api, run: str) -> list[dict]:
    events = all_events(api, run)
    last_pause = max(
        event["seq"] for event in events if event["type"] == "state" and event["payload"]["to"] == "PAUSED"
    )
    return [event for event in events if event["seq"] > last_pause]


def watch_frames(page: Page) -> tuple[list[int], list[int]]:
    """The sequence numbers that reach the page from now on: in answers of the API, and in socket frames."""
    by_page: list[int] = []
    by_socket: list[int] = []

    def answered(response) -> None:
        if "/events/" in response.url and response.ok:
            by_page.extend(event["seq"] for event in response.json()["results"])

    def framed(payload) -> None:
        frame = json.loads(payload)
        if frame["type"] == "event":
            by_socket.append(frame["event"]["seq"])

    page.on("response", answered)
    page.on("websocket", lambda socket: socket.on("framereceived", framed))
    return by_page, by_socket
