"""My shifts in a real browser: whole, readable, labelled, by thumb and without scripts; a feed is made and fetched."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web import shifts_scene
from tests.web.place import NIGHT, PASSWORD, Place
from tests.web.serving import served, sign_in
from tests.web.test_browser import COLOURS, CONTRAST, DESK, PHONE, Opened
from tests.web.test_defined_browser import LEVELS, SMALL, TWICE, UNNAMED
from tocsin.engine.people import on_call
from tocsin.kernel.time import DAY, HOUR

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """Long names, names from right to left, requests of every kind."""
    place = shifts_scene.crowded(tmp_path_factory.mktemp("crowded"))
    with served(place.app()) as address:
        yield place, address
    place.close()


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with served(place.app()) as found:
        yield found


def paths(place: Place) -> dict[str, str]:
    ids = shifts_scene.places(place)
    return {name: path.format(**ids) for name, path in shifts_scene.PAGES.items()}


def check(page: Page, name: str, *, phone: bool) -> None:
    wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
    assert wide[0] <= wide[1], name
    assert page.evaluate(UNNAMED) == [], name
    assert page.evaluate(TWICE) == [], name
    levels = page.evaluate(LEVELS)
    assert levels[0] == 1, name
    assert all(after <= before + 1 for before, after in pairwise(levels)), (name, levels)
    if phone:
        assert page.evaluate(SMALL) == [], name


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_each_page_is_whole_and_labelled(crowded: tuple[Place, str], browser: Browser, phone: bool) -> None:
    place, address = crowded
    for who in ("alice", "carol"):
        opened = Opened(browser, place, who, address, phone=phone)
        for name, path in paths(place).items():
            if who == "carol" and name.startswith("ask"):
                continue
            check(opened.goto(path), f"{who} {name}", phone=phone)
        assert opened.complaints == []
        opened.context.close()


@pytest.mark.parametrize("scheme", COLOURS)
def test_text_can_be_read_on_its_ground(crowded: tuple[Place, str], browser: Browser, scheme: str) -> None:
    place, address = crowded
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(context, place, "alice", address)
    page = context.new_page()
    for name, path in paths(place).items():
        page.goto(address + path)
        assert page.evaluate(CONTRAST) == [], name
    context.close()


def enter(page: Page, address: str, who: str, path: str) -> None:
    page.goto(address + path)
    page.get_by_label("Mail address").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_one_asks_for_cover_and_the_other_takes_it_without_scripts(
    place: Place, address: str, browser: Browser
) -> None:
    rota = place.rota("Days", "alice", "bob", start=NIGHT - NIGHT % DAY - DAY, turn=86_400)
    at = NIGHT - NIGHT % DAY + DAY + 9 * HOUR
    assert on_call(place.desk.config(), rota.id, at) == (place.people["alice"].id,)
    hers = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = hers.new_page()
    enter(page, address, "alice", "/my-shifts")
    page.get_by_role("link", name="Ask for cover: Wed 7 Jan 00:00 – Thu 8 Jan 00:00").click()
    section = page.get_by_role("region", name="Ask for cover")
    section.get_by_label("From").fill("2026-01-07T08:00")
    section.get_by_label("Until").fill("2026-01-07T07:00")
    section.get_by_label("Who").select_option(label="Bob")
    section.get_by_label("Message").fill("The dentist.")
    section.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("It must end after its start")).to_be_visible()
    expect(section.get_by_label("Message")).to_have_value("The dentist.")
    section.get_by_label("Until").fill("2026-01-07T12:00")
    section.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Asked. You keep the shift until somebody takes it.")).to_be_visible()

    his = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    other = his.new_page()
    enter(other, address, "bob", "/my-shifts")
    expect(other.get_by_role("heading", name="Alice asks for cover")).to_be_visible()
    expect(other.get_by_text("The dentist.")).to_be_visible()
    expect(other.get_by_text("You take 4 h.")).to_be_visible()
    other.get_by_role("button", name="Take it").click()
    expect(other.get_by_text("You have the shift. Who asked is told.")).to_be_visible()
    assert on_call(place.desk.config(), rota.id, at) == (place.people["bob"].id,)
    page.goto(f"{address}/my-shifts")
    expect(page.get_by_role("region", name="Answered lately").get_by_text("Taken")).to_be_visible()
    hers.close()
    his.close()


def test_an_address_is_made_and_fetched(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/my-shifts")
    page.get_by_role("button", name="Make an address").click()
    check(page, "the address", phone=True)
    url = page.locator("code.secret").inner_text()
    assert url.startswith(f"{address}/calendar/")
    assert page.get_by_role("link", name="Open in this device’s calendar").get_attribute("href") == url.replace(
        "http://", "webcal://"
    )
    stranger = browser.new_context()
    fetched = stranger.request.get(url)
    assert fetched.status == 200
    assert "BEGIN:VEVENT" in fetched.text()
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_role("button", name="Remove: My shifts").click()
    expect(page.get_by_text("That calendar address shows nothing any more.")).to_be_visible()
    assert stranger.request.get(url).status == 404
    assert opened.complaints == []
    stranger.close()
    opened.context.close()


def test_a_swap_is_offered_by_keyboard(crowded: tuple[Place, str], browser: Browser) -> None:
    place, address = crowded
    opened = Opened(browser, place, "alice", address)
    page = opened.goto(paths(place)["ask"])
    swap = page.get_by_role("region", name="Offer a swap")
    swap.get_by_label("You take in return").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Ski week")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Offer the swap"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Asked. You keep the shift until somebody takes it.")).to_be_visible()
    expect(page.get_by_role("region", name="You asked").get_by_text("Ski week")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()
