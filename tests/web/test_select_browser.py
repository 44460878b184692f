"""The same for many incidents, on a phone: rows are ticked, and what can be done stands within the thumb's reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web import scenes
from tests.web.place import PASSWORD, Place
from tests.web.serving import served
from tests.web.test_browser import DESK, PHONE, Opened, alarm
from tocsin.incidents.model import Status

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """Sixty open incidents with names of every length, and the demo's strip at the foot."""
    place = scenes.staged(scenes.full(tmp_path_factory.mktemp("full")), scenes.Show(3, 5))
    with served(place.app()) as address:
        yield place, address
    place.close()


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    for number in range(1, 4):
        place.alarm("PaymentsService", f"key-{number}", f"Problem {number}")
    with served(place.app()) as found:
        yield found


def box(page: Page, selector: str) -> dict[str, float]:
    """Where the first that matches stands."""
    found = page.locator(selector).first.bounding_box()
    assert found is not None, selector
    x, y, width, height = found["x"], found["y"], found["width"], found["height"]
    return {"x": x, "y": y, "width": width, "height": height, "bottom": y + height}


def spoken(page: Page) -> str:
    """What a screen reader finds in the line that says how many are ticked."""
    tree: list[dict[str, Any]] = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    nodes = {one["nodeId"]: one for one in tree}
    said = [one for one in tree if one.get("role", {}).get("value") == "status"]

    def text(node: dict[str, Any]) -> str:
        if node.get("role", {}).get("value") == "StaticText":
            return str(node["name"]["value"])
        return "".join(text(nodes[one]) for one in node.get("childIds", ()) if one in nodes)

    return " ".join(" ".join(map(text, said)).split())


def test_many_are_acknowledged_and_taken_back_without_scripts(place: Place, address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/incidents")
    page.get_by_label("Mail address").fill("alice@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.locator(".pick-cell:visible, .selection:visible").count() == 0
    page.get_by_role("link", name="Select", exact=True).tap()
    expect(page).to_have_url(f"{address}/incidents?select=1")
    assert spoken(page) == "0 selected"
    for number in (1, 3):
        title = box(page, f".row:has-text('Problem {number}') .title")
        page.touchscreen.tap(title["x"] + 60, title["y"] + 8)  # anywhere on the row
    assert spoken(page) == "2 selected"
    page.get_by_label("All 3 that match").check()
    assert spoken(page) == "3 selected"
    page.get_by_label("All 3 that match").uncheck()
    page.locator(".selection").get_by_role("button", name="Acknowledge").tap()
    expect(page).to_have_url(f"{address}/incidents")
    expect(page.get_by_text("2 acknowledged. Nobody else will be called.")).to_be_visible()
    statuses = [place.incident(number).status for number in (1, 2, 3)]
    assert statuses == [Status.ACKNOWLEDGED, Status.TRIGGERED, Status.ACKNOWLEDGED]
    page.get_by_role("button", name="Undo").tap()
    expect(page.get_by_text("2 taken back.")).to_be_visible()
    assert {place.incident(number).status for number in (1, 2, 3)} == {Status.TRIGGERED}
    context.close()


ROWS = "[...document.querySelectorAll('.row:not(.head) .title')].map(one => one.getBoundingClientRect().top + scrollY)"


def test_nothing_moves_and_nothing_is_covered(full: tuple[Place, str], browser: Browser) -> None:
    place, address = full
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/incidents")
    before = page.evaluate(ROWS)
    page.get_by_role("link", name="Select", exact=True).tap()
    page.wait_for_url("**select=1")
    assert page.evaluate(ROWS) == before, "the rows stay where they were"
    bar, nav = box(page, ".selection"), box(page, ".bottom")
    assert nav["y"] - 1 <= bar["bottom"] <= nav["y"]
    assert bar["height"] <= 120
    assert bar["width"] == PHONE["width"]
    small = page.evaluate(
        """[...document.querySelectorAll('.selection :is(.button, .check), .row:not(.head), .narrow-only')]
        .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 43.5)
        .map(one => one.textContent)"""
    )
    assert small == []
    assert not page.locator(".show").is_visible()
    wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
    assert wide[0] <= wide[1]
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert box(page, ".pager")["bottom"] <= bar["y"]
    page.locator(".row:not(.head) input").last.focus()
    assert page.evaluate("document.activeElement.getBoundingClientRect().bottom") <= bar["y"]
    page.locator(".selection summary").tap()
    sheet = box(page, ".selection .sheet")
    assert sheet["y"] >= 0
    assert sheet["bottom"] <= bar["y"] + 2, "what opened it closes it"
    page.get_by_role("button", name="Merge").scroll_into_view_if_needed()
    opened.goto("/incidents?select=1&view=all")
    assert page.locator(".row.resolved input:not(:disabled)").count() == 0
    page.get_by_role("link", name="Done").tap()
    page.wait_for_url("**/incidents?view=all")
    assert opened.complaints == []
    opened.context.close()


def test_it_works_by_keyboard_and_is_said(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/incidents?select=1")
    bar = page.get_by_role("region", name="What to do with them")
    page.get_by_role("checkbox", name="Select #2").focus()
    page.keyboard.press("Space")
    expect(bar.get_by_role("status")).to_have_text("1 selected")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar.get_by_role("status")).to_have_text("2 selected")
    bar.get_by_role("checkbox", name="All 3 that match").check()
    expect(bar.get_by_role("status")).to_have_text("3 selected")
    bar.get_by_role("checkbox", name="All 3 that match").uncheck()
    more = bar.locator("summary")
    more.focus()
    page.keyboard.press("Enter")
    page.get_by_label("For how long").select_option(label="4 h")
    page.keyboard.press("Escape")
    expect(page.locator(".selection .sheet")).to_be_hidden()
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    with page.expect_navigation():
        bar.get_by_role("button", name="Snooze").press("Enter")
    expect(page.get_by_text("2 snoozed. You have them until then.")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_ticks_stay_while_the_list_changes_and_nothing_moves(
    place: Place, address: str, browser: Browser, phone: bool
) -> None:
    opened = Opened(browser, place, "alice", address, phone=phone)
    page = opened.goto("/incidents?select=1")
    page.get_by_role("checkbox", name="Select #2").check()
    page.get_by_role("heading", name="Incidents").click()
    stood = page.evaluate(ROWS)
    alarm(place, "late", "It came meanwhile")
    waiting = page.get_by_role("button", name="1 new: show")
    expect(waiting).to_be_visible()
    assert page.evaluate(ROWS) == stood
    waiting.click()
    expect(page.locator(".row:not(.head)")).to_have_count(4)
    expect(page.get_by_role("checkbox", name="Select #2")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Select #4")).not_to_be_checked()
    opened.context.close()


def test_why_one_was_refused_is_said_where_one_still_selects(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/incidents?select=1")
    page.locator(".selection").get_by_role("button", name="Resolve").tap()
    expect(page.get_by_role("alert")).to_contain_text("Select at least one incident.")
    page.get_by_role("checkbox", name="Select #2").check()
    page.locator(".selection summary").tap()
    page.get_by_label("Into which incident").fill("2")
    page.get_by_role("button", name="Merge").tap()
    expect(page.locator(".row-problem")).to_contain_text("An incident can't be merged into itself.")
    expect(page.locator(".selection")).to_be_visible()
    opened.context.close()


def test_wide_lists_need_no_way_in(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/incidents")
    assert page.viewport_size == DESK
    expect(page.get_by_role("link", name="Select", exact=True)).to_be_hidden()
    page.get_by_role("checkbox", name="Select #1").check()
    expect(page.locator("[data-selected]")).to_have_text("1 selected")
    opened.context.close()
