"""The pages about schedules in a real browser: whole, readable, labelled; by keyboard, by drag, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, expect

from tests.web import schedule_scene
from tests.web.place import NIGHT, PASSWORD, Place, small
from tests.web.serving import served, sign_in
from tests.web.test_browser import COLOURS, CONTRAST, DESK, PHONE, Opened
from tests.web.test_defined_browser import LEVELS, SMALL, TWICE, UNNAMED
from tocsin.kernel.time import HOUR, SECOND
from tocsin.oncall import Rotation, RotationEvent, Schedule, live_layers, who_is_on_call

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    place = schedule_scene.schedules(tmp_path_factory.mktemp("schedules"))
    with served(place.app()) as address:
        yield place, address
    place.close()


@pytest.fixture
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    place = small(tmp_path_factory.mktemp("few"))
    with served(place.app()) as address:
        yield place, address
    place.close()


def paths(place: Place) -> dict[str, str]:
    ids = schedule_scene.places(place)
    return {name: path.format(**ids) for name, path in schedule_scene.PAGES.items()}


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_each_page_is_whole_and_labelled(crowded: tuple[Place, str], browser: Browser, phone: bool) -> None:
    place, address = crowded
    opened = Opened(browser, place, "erin", address, phone=phone)
    for name, path in paths(place).items():
        page = opened.goto(path)
        page.evaluate("for (const one of document.querySelectorAll('main details:not(.menu)')) one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else DESK)["width"], name
        assert page.evaluate(UNNAMED) == [], name
        assert page.evaluate(TWICE) == [], name
        levels = page.evaluate(LEVELS)
        assert levels[0] == 1, name
        assert all(after <= before + 1 for before, after in pairwise(levels)), (name, levels)
        if phone:
            assert page.evaluate(SMALL) == [], name
            assert page.locator(".cal").count() == 0 or not page.locator(".cal").is_visible(), "a phone has the list"
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize("scheme", COLOURS)
def test_text_can_be_read_on_its_ground(crowded: tuple[Place, str], browser: Browser, scheme: str) -> None:
    place, address = crowded
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(context, place, "erin", address)
    page = context.new_page()
    for name, path in paths(place).items():
        page.goto(address + path)
        assert page.evaluate(CONTRAST) == [], name
    context.close()


BLOCKS = """[...document.querySelectorAll('.blk')].flatMap(one => {
  const rgb = (colour) => { const paint = document.createElement('canvas').getContext('2d');
    paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); return [...paint.getImageData(0, 0, 1, 1).data]; };
  const linear = (c) => c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = (colour) => { const [r, g, b] = rgb(colour).map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const text = one.querySelector('.t'), base = one.querySelector('.base');
  if (!text) return [];
  const a = light(getComputedStyle(text).color), b = light(getComputedStyle(base).fill);
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  return ratio < 4.5 ? [`${ratio.toFixed(2)} ${one.getAttribute('class')}`] : [];
})"""
"""Blocks of the picture whose name has less than 4.5 : 1 on their own ground."""


@pytest.mark.parametrize("scheme", COLOURS)
def test_names_in_the_picture_can_be_read(crowded: tuple[Place, str], browser: Browser, scheme: str) -> None:
    place, address = crowded
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(context, place, "erin", address)
    page = context.new_page()
    for name in ("schedule", "schedule-shifts", "schedule-part", "schedule-odd"):
        page.goto(address + paths(place)[name])
        assert page.locator(".blk").count() > 0
        assert page.evaluate(BLOCKS) == [], name
    context.close()


def test_who_is_on_call_is_found_and_overridden_without_scripts(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/on-call")
    page.get_by_label("Mail address").fill("bob@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="On call", exact=True)).to_be_visible()
    expect(page.get_by_text("with no end in sight")).to_be_visible()
    page.get_by_role("link", name="Override Payments primary").click()
    expect(page.get_by_label("Who takes over")).to_have_value(place.people["bob"].id)
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_text("Say until when, or press one of the lengths.")).to_be_visible()
    page.get_by_role("button", name="4 hours").click()
    expect(page.get_by_text("The override is in force as entered.")).to_be_visible()
    exceptions = place.desk.config().exceptions_of[place.schedule.id]
    assert who_is_on_call(place.schedule, exceptions, NIGHT + HOUR) == (place.people["bob"].id,)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Removed. What was served stays on record.")).to_be_visible()
    assert place.schedule.id not in place.desk.config().exceptions_of
    context.close()


def test_a_rotation_is_changed_without_scripts(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    sign_in(context, place, "carol", address)
    page = context.new_page()
    page.goto(f"{address}/schedules")
    page.get_by_role("link", name="Payments primary", exact=True).click()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Add somebody at the end").select_option(label="Bob")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Move Bob up").click()
    page.get_by_label("They change").select_option(label="every day")
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_text("no new gap; the next page goes to Alice.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Past shifts are as they were.")).to_be_visible()
    (live,) = live_layers(place.desk.config().schedules[place.schedule.id], NIGHT + SECOND)
    assert live.user_ids == (place.people["bob"].id, place.people["alice"].id)
    context.close()


def test_a_rotation_is_changed_by_keyboard_alone(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    opened = Opened(browser, place, "carol", address)
    page = opened.goto(f"/schedules/{place.schedule.id}")

    def tab_to(name: str, most: int = 90) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                "[document.activeElement.getAttribute('aria-label'), document.activeElement.textContent.trim(),"
                " document.activeElement.name, document.activeElement.checkVisibility()]"
            )
            assert seen[3], f"the focus stands on nothing that is seen: {seen}"
            if name in seen[:3]:
                return
        raise AssertionError(f"{name} is not reached")

    tab_to("Change")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit")
    tab_to("l0-add")
    page.keyboard.type("Bo")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move Bob up")).to_be_visible()
    tab_to("Move Bob up")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move Bob down", "the focus goes along"
    page.get_by_label("Name", exact=True).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    tab_to("Save")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. Past shifts are as they were.")).to_be_visible()
    (live,) = live_layers(place.desk.config().schedules[place.schedule.id], NIGHT + SECOND)
    assert live.user_ids == (place.people["bob"].id, place.people["alice"].id)
    assert opened.complaints == []
    opened.context.close()


def test_dragging_over_the_final_row_fills_the_form_in(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    opened = Opened(browser, place, "bob", address)
    page = opened.goto(f"/schedules/{place.schedule.id}?view=day&from=2026-01-08")
    box = page.locator("svg[data-drag]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10, steps=4)
    with page.expect_navigation(url="**/override?*"):
        page.mouse.up()
    assert page.get_by_label("From").input_value() == "2026-01-08T06:00"
    assert page.get_by_label("Until").input_value() == "2026-01-08T12:00"
    expect(page.get_by_text("On call then: Alice")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()


def test_people_are_dragged_into_another_order(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    opened = Opened(browser, place, "carol", address)
    page = opened.goto(f"/schedules/{place.schedule.id}/edit")
    for name in ("Bob", "Carol"):
        page.get_by_label("Add somebody at the end").select_option(label=name)
        page.get_by_role("button", name="Add", exact=True).click()
    rows = page.locator(".people-form li")
    expect(rows).to_have_count(3)
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 30, "y": 4})
    expect(rows.first).to_contain_text("Carol")
    assert page.evaluate("[...document.querySelectorAll('[name=l0-people]')].length") == 3
    page.get_by_role("button", name="Take out: Carol").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Alice")
    assert opened.complaints == []
    opened.context.close()


def test_a_review_is_whole_on_both_sizes(crowded: tuple[Place, str], browser: Browser) -> None:
    place, address = crowded
    for phone in (False, True):
        opened = Opened(browser, place, "erin", address, phone=phone)
        page = opened.goto(paths(place)["schedule-edit"])
        page.get_by_role("button", name="Take the layer out").first.click()
        page.get_by_role("button", name="Look at the change").last.click()
        expect(page.get_by_role("heading", name="What changes")).to_be_visible()
        expect(page.get_by_role("button", name="Save with the gap: nobody")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else DESK)["width"]
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(TWICE) == []
        assert page.evaluate(CONTRAST) == []
        if phone:
            assert page.evaluate(SMALL) == []
        opened.context.close()


def test_who_is_on_call_is_found_and_overridden_by_keyboard_alone(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    opened = Opened(browser, place, "bob", address)
    page = opened.goto("/")
    page.keyboard.press("g")
    with page.expect_navigation(url="**/on-call"):
        page.keyboard.press("o")
    page.keyboard.press("/")
    page.keyboard.type("primary")
    with page.expect_navigation(url="**/on-call?q=primary"):
        page.keyboard.press("Enter")

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            words = "[document.activeElement.getAttribute('aria-label'), document.activeElement.textContent.trim()]"
            if name in page.evaluate(words):
                return
        raise AssertionError(f"{name} is not reached")

    tab_to("Override Payments primary")
    with page.expect_navigation(url="**/override"):
        page.keyboard.press("Enter")
    tab_to("1 hour")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The override is in force as entered.")).to_be_visible()
    exceptions = place.desk.config().exceptions_of[place.schedule.id]
    assert who_is_on_call(place.schedule, exceptions, NIGHT + SECOND) == (place.people["bob"].id,)
    page.keyboard.press("u")
    expect(page.get_by_text("Removed. What was served stays on record.")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()


def made_shifts(place: Place) -> Schedule:
    event = RotationEvent(
        "", "Days", NIGHT, NIGHT + 8 * HOUR, "Etc/UTC", NIGHT, None, ("RRULE:FREQ=DAILY",), (place.people["alice"].id,)
    )
    made: Schedule = place.desk.save(
        Schedule(
            "", "Adding", "Etc/UTC", (), "", (place.team.id,), rotations=(Rotation("", (event,)),), shift_based=True
        )
    )
    return made


def rules_of(place: Place, one: Schedule) -> list[tuple[str, str]]:
    (rotation,) = place.desk.config().schedules[one.id].rotations
    return [(event.name, event.recurrence[0]) for event in rotation.events if not event.removed]


def test_shifts_are_added_and_taken_out_without_scripts(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    one = made_shifts(place)
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    sign_in(context, place, "carol", address)
    page = context.new_page()
    page.goto(f"{address}/schedules/{one.id}/edit")
    for _ in range(2):
        page.get_by_role("button", name="Add shifts to this rotation").click()
    page.get_by_role("button", name="Take these shifts out: Shifts 3").click()
    expect(page.locator(".event-form")).to_have_count(2)
    added = page.locator(".event-form").nth(1)
    expect(added.get_by_label("Days of the month")).not_to_be_visible()
    added.get_by_label("They come again").select_option(label="by the month")
    added.get_by_label("Days of the month").fill("1, 32")
    added.get_by_label("at", exact=False).and_(added.locator("[type=time]")).fill("12:00")
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_text("Give days from 1 to 31")).to_be_visible()
    added.get_by_label("Days of the month").fill("1, 31")
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_text("no new gap")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Past shifts are as they were.")).to_be_visible()
    expect(page.get_by_text("on these days of the month: 1, 31")).to_be_visible()
    assert rules_of(place, one) == [("Days", "RRULE:FREQ=DAILY"), ("Shifts 2", "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,31")]
    context.close()


def test_days_without_a_shift_are_written_by_keyboard_alone(few: tuple[Place, str], browser: Browser) -> None:
    place, address = few
    one = made_shifts(place)
    opened = Opened(browser, place, "carol", address)
    page = opened.goto(f"/schedules/{one.id}/edit")

    def tab_to(wanted: str, most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            seen = page.evaluate("[document.activeElement.name, document.activeElement.textContent.trim()]")
            assert page.evaluate("document.activeElement.checkVisibility()"), seen
            if wanted in seen:
                return
        raise AssertionError(f"{wanted} is not reached")

    tab_to("An end, days without and extra days")
    page.keyboard.press("Enter")
    tab_to("l0-left_out")
    page.keyboard.type("2026-01-09\n2026-01-10")
    tab_to("Look at the change")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Save with the gap: nobody")).to_be_visible()
    tab_to("Save with the gap: nobody Fri 02:14–10:14 and 1 more")
    page.keyboard.press("Enter")
    expect(page.get_by_text("not on 9 Jan 2026 and 10 Jan 2026")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()
