"""The pages about what people define, in a real browser: whole, readable, labelled, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, expect

from tests.web import defined_scene
from tests.web.place import PASSWORD, Place
from tests.web.serving import served, sign_in
from tests.web.test_browser import COLOURS, CONTRAST, DESK, PHONE, Opened
from tocsin.events.orchestration import PathKind, path_id
from tocsin.kernel.time import SECOND

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

UNNAMED = """[...document.querySelectorAll('main :is(input:not([type=hidden]), select, textarea, button, a)')]
  .filter(one => one.checkVisibility() && !(one.getAttribute('aria-label') || one.textContent.trim()
    || one.labels?.length && one.labels[0].textContent.trim()))
  .map(one => one.outerHTML.slice(0, 80))"""
TWICE = """(() => { const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at); })()"""
LEVELS = (
    "[...document.querySelectorAll('h1, h2, h3, h4')].filter(one => one.checkVisibility()).map(one => +one.tagName[1])"
)
SMALL = """[...document.querySelectorAll('.button, select, input:not([type=hidden])')]
  .filter(one => one.checkVisibility() && !one.matches('[type=checkbox], [type=radio]'))
  .map(one => [one.textContent.trim() || one.name, one.getBoundingClientRect().height])
  .filter(([, height]) => height < 43.5)"""


HEIGHTS = """() => [...new Set([...document.querySelectorAll("main :is(input, select)")]
  .filter(one => !["checkbox", "radio", "hidden"].includes(one.type) && one.checkVisibility())
  .map(one => Math.round(one.getBoundingClientRect().height)))]"""
"""The heights of what is typed or chosen in, each once."""


@pytest.fixture(scope="module")
def defined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    place = defined_scene.defined(tmp_path_factory.mktemp("defined"))
    with served(place.app()) as address:
        yield place, address
    place.close()


def paths(place: Place) -> dict[str, str]:
    ids = defined_scene.places(place)
    return {name: path.format(**ids) for name, path in defined_scene.PAGES.items()}


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_each_page_is_whole_and_labelled(defined: tuple[Place, str], browser: Browser, phone: bool) -> None:
    place, address = defined
    opened = Opened(browser, place, "erin", address, phone=phone)
    for name, path in paths(place).items():
        page = opened.goto(path)
        page.evaluate("for (const one of document.querySelectorAll('main details:not(.menu)')) one.open = true")
        # Not against innerWidth: a phone zooms out until what is too wide fits.
        assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else DESK)["width"], name
        assert page.evaluate(UNNAMED) == [], name
        assert page.evaluate(TWICE) == [], name
        assert set(page.evaluate(HEIGHTS)) <= {44 if phone else 32}, (name, "side by side they are one height")
        levels = page.evaluate(LEVELS)
        assert levels[0] == 1, name
        assert all(after <= before + 1 for before, after in pairwise(levels)), (name, levels)
        if phone:
            assert page.evaluate(SMALL) == [], name
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize("scheme", COLOURS)
def test_text_can_be_read_on_its_ground(defined: tuple[Place, str], browser: Browser, scheme: str) -> None:
    place, address = defined
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(context, place, "erin", address)
    page = context.new_page()
    for name, path in paths(place).items():
        page.goto(address + path)
        assert page.evaluate(CONTRAST) == [], name
    context.close()


def test_a_rule_is_made_and_tried_without_scripts(defined: tuple[Place, str], browser: Browser) -> None:
    place, address = defined
    one = defined_scene.places(place)["orchestration"]
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/orchestrations/{one}")
    page.get_by_label("Mail address").fill("erin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="Add a rule to the first rules").click()
    page.get_by_label("Label").fill("Never of the lab")
    page.get_by_label("When").fill("event.source matches part 'lab'\n(")
    page.get_by_label("Suppress it").check()
    page.get_by_text("Fields to set", exact=True).click()
    page.get_by_role("button", name="Another field to set").click()
    expect(page.get_by_label("Suppress it")).to_be_checked()
    second = page.get_by_role("group", name="Field to set 2")
    second.get_by_label("Field", exact=True).fill("event.component")
    second.get_by_label("becomes the text").fill("lab")
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_text("Condition 2, column 2")).to_be_visible()
    page.get_by_label("When").fill("event.source matches part 'lab'")
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_text("set component to “lab”, suppress it.")).to_be_visible()
    assert len(place.desk.config().orchestration_paths[path_id(one, PathKind.GLOBAL)].sets[0].rules) == 5
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It is tried from the next event on.")).to_be_visible()
    rules = place.desk.config().orchestration_paths[path_id(one, PathKind.GLOBAL)].sets[0].rules
    assert rules[-1].label == "Never of the lab"
    page.get_by_label("Event, or only its payload").fill(
        '{"summary": "payment", "source": "lab-3", "severity": "error"}'
    )
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("It opens an alert that pages nobody.")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Never of the lab").first).to_be_visible()
    context.close()


def reviews(place: Place) -> list[tuple[str, str, str]]:
    """Changes to look at: where, the button's accessible name, and the name of what is seen then."""
    ids = defined_scene.places(place)
    page = f"/orchestrations/{ids['orchestration']}"
    full = f"/rules/{ids['orchestration']}/global?set=databases&rule=full"
    return [
        (page, "Move rule 2 down", "Move this rule to place 3?"),
        (full, "Look at the change", "Save this change?"),
        (full, "Look at what that changes", "Remove this rule?"),
        (f"/rules/{ids['orchestration']}/router?set=start&rule=pay", "Look at what that changes", "Remove this rule?"),
    ]


@pytest.mark.parametrize("scheme", COLOURS)
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_change_is_shown_whole(defined: tuple[Place, str], browser: Browser, phone: bool, scheme: str) -> None:
    place, address = defined
    size = PHONE if phone else DESK
    context = browser.new_context(viewport=size, color_scheme=scheme, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
    sign_in(context, place, "erin", address)
    page = context.new_page()
    for path, button, heading in reviews(place):
        page.goto(address + path)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        if button == "Look at the change":
            page.get_by_label("Label").fill(f"{defined_scene.ODD} {defined_scene.LONG}" * 2)
        page.get_by_role("button", name=button).first.click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
        assert wide[0] <= wide[1], heading
        assert page.evaluate(UNNAMED) == [], heading
        assert page.evaluate(TWICE) == [], heading
        assert page.evaluate(CONTRAST) == [], heading
        if phone:
            assert page.evaluate(SMALL) == [], heading
    context.close()


def test_a_form_is_filled_by_keyboard(defined: tuple[Place, str], browser: Browser) -> None:
    """Enter in a field looks at the change, and asks for no further row; Tab never stands on what can't be seen."""
    place, address = defined
    one = defined_scene.places(place)["orchestration"]
    opened = Opened(browser, place, "erin", address)
    page = opened.goto(f"/rules/{one}/global?set=start")
    page.get_by_label("Label").focus()
    page.keyboard.type("By keyboard")
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
        assert page.evaluate("document.activeElement.checkVisibility() && document.activeElement.tabIndex >= 0")
    assert seen[:4] == ["conditions", "How conditions are written", "route_to", "suppress"]
    page.get_by_text("Variables", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("host")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Say where to look.")).to_be_visible()
    wrong = page.get_by_label("Look in").first
    assert wrong.get_attribute("aria-invalid") == "true"
    described = wrong.get_attribute("aria-describedby")
    expect(page.locator(f"#{described}")).to_have_text("Say where to look.")
    wrong.fill("event.source")
    page.get_by_label("for the pattern").first.fill("(.*)")
    page.get_by_label("Label").press("Enter")
    expect(page.get_by_role("heading", name="Save this change?")).to_be_visible()
    assert all("422" in one for one in opened.complaints), "nothing but the refusal"
    opened.context.close()


def test_a_workflow_and_a_webhook_are_run_without_scripts(defined: tuple[Place, str], browser: Browser) -> None:
    place, address = defined
    incident = f"{address}/incidents/{defined_scene.places(place)['ran']}"
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(incident)
    page.get_by_label("Mail address").fill("alice@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(incident)
    before = page.get_by_text("Alice started the workflow").count()
    page.get_by_text("Run", exact=True).click()
    page.get_by_role("button", name="Major incident").click()
    expect(page.get_by_text("The workflow runs. Its steps stand on the timeline.")).to_be_visible()
    expect(page.get_by_text("started the workflow “Major incident”")).to_have_count(before + 1)
    page.get_by_text("Run", exact=True).click()
    page.get_by_role("button", name="Restart the gateway").click()
    expect(page.get_by_text("sent the webhook “Restart the gateway” to run.example.com")).to_be_visible()
    place.desk.advance(SECOND)
    page.goto(f"{address}/workflows")
    expect(page.get_by_role("heading", name="Major incident")).to_be_visible()
    expect(page.get_by_text("1 of 5 steps not done").first).to_be_visible()
    context.close()
