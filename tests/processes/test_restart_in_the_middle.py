"""The five everyday journeys on a real server that is restarted in the middle of each: nothing typed is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tocsin.directory.model import Integration, Role, User
from tocsin.incidents.model import Status
from tocsin.kernel.time import DAY
from tocsin.oncall import Layer, Schedule
from tocsin.testing.running import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(240)]

ALICE = "2025550101"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("journeys") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def people(server: RunningServer) -> dict[str, User]:
    return {"alice": server.person("alice", ALICE, role=Role.OWNER), "bob": server.person("bob", "2025550102")}


@pytest.fixture(scope="module")
def monitor(server: RunningServer, people: dict[str, User]) -> Integration:
    integration = server.service("Payments", people["alice"])
    server.wait_for_key(integration)
    return integration


@pytest.fixture(scope="module")
def schedule(server: RunningServer, people: dict[str, User]) -> Schedule:
    start = server.clock.now() - 9 * DAY
    layer = Layer("", "Weekly", start, None, start, 7 * 86_400, (people["alice"].id,))
    saved: Schedule = server.save(Schedule("", "Payments primary", "Etc/UTC", (layer,)))
    return saved


@pytest.fixture
def page(
    server: RunningServer, browser: Browser, people: dict[str, User], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """Alice, signed in by a link of the command line."""
    command = [sys.executable, "-m", "tocsin.cli.main", "sign-in-link", people["alice"].email]
    made = subprocess.run(
        [*command, "--data", str(server.folder), "--json"], check=True, capture_output=True, text=True, timeout=60
    )
    context = browser.new_context(**getattr(request, "param", {}))
    opened = context.new_page()
    opened.goto(json.loads(made.stdout)["sign_in_url"])
    opened.get_by_role("button", name="Sign in").click()
    expect(opened.get_by_role("navigation", name="Screens").first).to_be_attached()
    yield opened
    context.close()


def titled(server: RunningServer, title: str) -> list[int]:
    """The numbers of the incidents with this title."""
    return [one.number for one in server.reads.incidents().items if one.title == title]


def restart(server: RunningServer) -> None:
    """Everything ends and begins again, as with an upgrade."""
    server.stop()
    server.start()


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_page_is_answered_on_a_phone(server: RunningServer, monitor: Integration, page: Page) -> None:
    server.event(monitor, "errors", "Payments fail")
    server.wait_until(lambda: bool(titled(server, "Payments fail")), "there is an incident")
    (number,) = titled(server, "Payments fail")
    page.goto(f"{server.url}/incidents/{number}")
    expect(page.get_by_role("heading", name="Payments fail")).to_be_visible()
    restart(server)
    page.locator(".bar").get_by_role("button", name="Acknowledge").tap()
    expect(page.get_by_text("You have it. Nobody else will be called.")).to_be_visible(timeout=15_000)
    incident = server.reads.incident(str(number))
    assert incident is not None
    assert incident.status is Status.ACKNOWLEDGED


def test_an_open_page_says_that_it_is_stale_and_is_live_again(
    server: RunningServer, monitor: Integration, page: Page
) -> None:
    page.goto(f"{server.url}/")
    expect(page.locator("#offline")).to_be_hidden()
    server.stop()
    expect(page.locator("#offline")).to_contain_text("Showing", timeout=15_000)
    server.start()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#offline")).to_be_hidden(timeout=15_000)
    server.event(monitor, "after", "Slow after the restart")
    # Whoever has just pressed something is not disturbed: among other rows what is new waits.
    alarm, waiting = (
        page.get_by_role("link", name="Slow after the restart"),
        page.get_by_role("button", name="new: show"),
    )
    expect(alarm.or_(waiting).first).to_be_visible(timeout=15_000)
    if waiting.is_visible():
        waiting.click()
    expect(alarm).to_be_visible()


def test_who_is_on_call_is_found_and_overridden(
    server: RunningServer, schedule: Schedule, people: dict[str, User], page: Page
) -> None:
    page.goto(f"{server.url}/on-call")
    page.get_by_role("link", name="Override Payments primary").click()
    page.get_by_label("Who takes over").select_option(people["bob"].id)
    restart(server)
    page.get_by_role("button", name="4 hours").click()
    expect(page.get_by_text("The override is in force as entered.")).to_be_visible(timeout=15_000)
    assert [one.user_id for one in server.config().exceptions_of[schedule.id]] == [people["bob"].id]


@pytest.mark.usefixtures("monitor")
def test_a_service_is_added_and_gets_its_first_event(server: RunningServer, page: Page) -> None:
    page.goto(f"{server.url}/services/new")
    page.get_by_label("Name", exact=True).fill("Ledger")
    page.get_by_label("Who is paged").select_option(label="Payments")
    restart(server)
    page.get_by_role("button", name="Add the service").click()
    server.wait_until(lambda: "Ledger" in {one.name for one in server.config().services.values()}, "it is there")
    page.get_by_role("link", name="Send a test event").first.click()
    expect(page.get_by_role("button", name="Send it")).to_be_visible()
    restart(server)
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("heading", name="The way of event")).to_be_visible(timeout=15_000)
    expect(page.locator(".way")).to_contain_text("nobody is paged for it", timeout=15_000)


def test_a_rotation_is_changed(server: RunningServer, schedule: Schedule, people: dict[str, User], page: Page) -> None:
    page.goto(f"{server.url}/schedules/{schedule.id}/edit")
    page.get_by_label("Add somebody at the end").select_option(label="Bob")
    page.get_by_role("button", name="Add", exact=True).click()
    restart(server)
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible(timeout=15_000)
    restart(server)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Past shifts are as they were.")).to_be_visible(timeout=15_000)
    assert people["bob"].id in server.config().schedules[schedule.id].layers[-1].user_ids


def test_why_nobody_was_paged_is_found(server: RunningServer, monitor: Integration, page: Page) -> None:
    server.event(monitor, "nothing", action="resolve")
    page.goto(f"{server.url}/alerts?tab=events")
    page.get_by_role("link", name="Nothing to do").first.or_(page.locator(".event-row a").first).click()
    expect(page.get_by_role("heading", name="What became of it")).to_be_visible()
    restart(server)
    page.get_by_role("link", name="Who would be called then?").click()
    expect(page.get_by_role("heading", name="Who would be called?")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("status").filter(has_text="Alice")).to_be_visible()
