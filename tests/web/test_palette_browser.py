"""The search field in a real browser: results beneath it, by keyboard; without scripts the page of results."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.web.place import PASSWORD, Place
from tests.web.serving import served
from tests.web.test_browser import CONTRAST, DESK, Opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with served(place.app()) as found:
        yield found


def test_something_is_found_and_opened_by_keyboard(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "erin", address)
    page = opened.goto("/people")
    field, results = page.get_by_role("combobox", name="Find"), page.get_by_role("listbox", name="Find")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    expect(results.get_by_role("option", name="Page someone")).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.type("carol")
    expect(results.get_by_role("option").first).to_contain_text("Carol")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "palette-0")
    expect(results.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    assert page.evaluate(CONTRAST) == []
    wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
    assert wide[0] <= wide[1]
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/people/{place.people['carol'].id}")
    assert opened.complaints == []
    opened.context.close()


def test_escape_closes_it_and_enter_without_a_choice_asks_for_the_page(
    place: Place, address: str, browser: Browser
) -> None:
    opened = Opened(browser, place, "erin", address)
    page = opened.goto("/teams")
    page.keyboard.press("Control+k")
    results = page.get_by_role("listbox", name="Find")
    expect(results).to_be_visible()
    page.keyboard.press("Escape")
    expect(results).to_be_hidden()
    expect(page.get_by_role("combobox", name="Find")).to_be_focused()
    page.keyboard.type("pay")
    expect(results).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Found for “pay”")).to_be_visible()
    opened.context.close()


def test_without_scripts_the_form_leads_to_the_page(place: Place, address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=DESK)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/keys")
    page.get_by_label("Mail address").fill("erin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("searchbox", name="Find").fill("carol")
    page.get_by_role("searchbox", name="Find").press("Enter")
    page.get_by_role("main").get_by_role("link", name="Carol").click()
    expect(page.get_by_role("heading", name="Carol", level=1)).to_be_visible()
    context.close()
