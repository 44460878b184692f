"""Every page of signing in, in a real browser: nothing sticks out, everything has a name, all can be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.serving import served
from tests.web.sign_in_scene import PAGES, Scene, scene
from tests.web.test_browser import CONTRAST, DESK, PHONE
from tests.web.test_defined_browser import LEVELS, SMALL, TWICE, UNNAMED
from tocsin.runtime.second_factor import STEP, code_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, str]]:
    made = scene(tmp_path_factory.mktemp("sign-in"))
    with served(made.place.app()) as address:
        yield made, address.replace("127.0.0.1", "localhost")
    made.place.close()


def opened(
    browser: Browser, shown: tuple[Scene, str], name: str, *, phone: bool = False, scheme: str = "light"
) -> Page:
    made, address = shown
    size = PHONE if phone else DESK
    context = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone, color_scheme=scheme)  # type: ignore[arg-type]
    page = made.go(context, name, address)
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    return page


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_each_page_is_whole_and_labelled(shown: tuple[Scene, str], browser: Browser, name: str, phone: bool) -> None:
    page = opened(browser, shown, name, phone=phone)
    wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
    assert wide[0] <= wide[1]
    assert (page.evaluate(UNNAMED), page.evaluate(TWICE)) == ([], [])
    levels = page.evaluate(LEVELS)
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    if phone:
        assert page.evaluate(SMALL) == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(shown: tuple[Scene, str], browser: Browser, scheme: str) -> None:
    for name in PAGES:
        page = opened(browser, shown, name, scheme=scheme)
        assert page.evaluate(CONTRAST) == [], name
        page.context.close()


def test_a_second_factor_by_keyboard_and_without_scripts(shown: tuple[Scene, str], browser: Browser) -> None:
    made, address = shown
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/incidents")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    page.get_by_label("Mail address").fill("alice@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(code_at(made.secret, made.place.desk.clock.now() // STEP))
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents")
    context.close()


def test_pages_speak_the_language_that_was_chosen(shown: tuple[Scene, str], browser: Browser) -> None:
    page = opened(browser, shown, "me")
    page.get_by_label("Language").select_option("de")
    page.get_by_role("button", name="Choose").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.locator("select[name=language]").select_option("")
    page.locator("form[action='/me/language'] button").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.context.close()
