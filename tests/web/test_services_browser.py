"""Services in a real browser: added and tried by keyboard alone and without scripts, whole at every size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.web import scenes
from tests.web.place import PASSWORD, Place
from tests.web.serving import served, sign_in
from tests.web.test_browser import COLOURS, CONTRAST, DESK, PHONE, Opened
from tests.web.test_defined_browser import LEVELS, SMALL, UNNAMED
from tocsin.runtime.reads import OutcomeFilter

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

FOCUS = """(() => { const one = document.activeElement;
  return [one.tagName, one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim() || one.textContent.trim(),
    one.getBoundingClientRect().width > 0]; })()"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    place = scenes.catalogue(tmp_path_factory.mktemp("catalogue"))
    with served(place.app()) as address:
        yield place, address
    place.close()


def tab_to(page: Page, label: str, *, most: int = 60) -> None:
    """Press Tab until the control with this name has the focus; what has it can be seen all the way."""
    for _ in range(most):
        page.keyboard.press("Tab")
        tag, name, seen = page.evaluate(FOCUS)
        if tag != "BODY":
            assert seen, name
        if name.startswith(label):
            return
    raise AssertionError(f"Tab does not reach {label}")


@pytest.mark.parametrize("script", [False, True], ids=["without scripts", "with scripts"])
def test_a_service_is_added_and_gets_its_first_event(tmp_path: Path, browser: Browser, script: bool) -> None:
    """By keyboard alone, from the empty catalogue to the end of a test event that pages nobody."""
    place = scenes.empty(tmp_path)
    with served(place.app()) as address:
        context = browser.new_context(java_script_enabled=script, viewport=DESK)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{address}/services")
        tab_to(page, "Mail address")
        page.keyboard.type("erin@example.com")
        tab_to(page, "Password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Add a service: name, who is paged.")).to_be_visible()
        tab_to(page, "Name")
        page.keyboard.type("Checkout")
        tab_to(page, "Who is paged")
        page.keyboard.type("Erin")
        tab_to(page, "Add it")
        page.keyboard.press("Enter")
        (monitor,) = _when_made(page, place)
        expect(page.locator("code.secret")).to_have_text(monitor)
        expect(page.locator("pre").first).to_contain_text(f"{address}/v2/enqueue")
        tab_to(page, "Send a test event")
        page.keyboard.press("Enter")
        expect(page.get_by_text("This will page Erin now.").first).to_be_visible()
        tab_to(page, "What it says")
        page.keyboard.press("End")
        page.keyboard.type(" (Erin)")
        tab_to(page, "a change")
        page.keyboard.press("ArrowUp")
        tab_to(page, "Send it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="The way of event 1")).to_be_visible()
        expect(page.locator(".way")).to_contain_text("#1 A test from Tocsin: nothing is wrong (Erin)")
        (outcome,) = place.desk.reads.outcomes(OutcomeFilter()).items
        alert = place.desk.reads.alert(outcome.alert_id)
        assert alert is not None
        assert (alert.severity, alert.is_open) == ("info", True)
        tab_to(page, "End the test")
        page.keyboard.press("Enter")
        expect(page.locator(".way")).to_contain_text("Resolved")
        tab_to(page, "To the service")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing is open here.")).to_be_visible()
        expect(page.locator("#p-heard")).to_contain_text("Resolved")
        context.close()
    place.close()


def _when_made(page: Page, place: Place) -> list[str]:
    page.wait_for_url("**/monitors/*")
    return [one.key for one in place.desk.config().integrations.values()]


def test_the_way_of_a_test_goes_on_by_itself(place: Place, browser: Browser) -> None:
    service, monitor = place.services["PaymentsService"]
    with served(place.app()) as address:
        opened = Opened(browser, place, "carol", address)
        page = opened.goto(f"/services/{service.id}/monitors/{monitor.id}/test")
        page.get_by_text("critical", exact=True).click()
        page.get_by_role("button", name="Send it").click()
        expect(page.locator(".way")).to_contain_text("Sending")
        place.desk.settle()
        place.site.bus.publish(["config"])
        expect(page.locator(".way")).to_contain_text("Sent")
        assert opened.complaints == []
        opened.context.close()


def test_maintenance_begins_with_one_press_and_ends_with_another(place: Place, browser: Browser) -> None:
    service = place.services["PaymentsService"][0]
    with served(place.app()) as address:
        context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
        sign_in(context, place, "carol", address)
        page = context.new_page()
        page.goto(f"{address}/services/{service.id}")
        page.get_by_role("button", name="Maintenance for 1 h").click()
        expect(page.get_by_text("In maintenance for an hour: what begins now pages nobody.")).to_be_visible()
        expect(page.locator("#p-state")).to_have_text("In maintenance")
        page.get_by_role("button", name="Undo").click()
        page.wait_for_url(f"**/services/{service.id}")
        expect(page.locator("#p-state")).to_have_text("Operational")
        context.close()
    assert not any(one.runs(place.desk.clock.now()) for one in place.desk.config().maintenance_windows.values())


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_two_hundred_services_are_whole(catalogue: tuple[Place, str], browser: Browser, phone: bool) -> None:
    place, address = catalogue
    opened = Opened(browser, place, "carol", address, phone=phone)
    burning = place.services["PaymentsService"][0].id
    for path in ("/services", "/services?page=3", "/services?state=open&q=pay", "/services?q=none", "/services/new",
                 f"/services/{burning}?span=7d", f"/services/{burning}/edit"):  # fmt: skip
        page = opened.goto(path)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
        assert wide[0] <= wide[1], path
        assert page.evaluate(UNNAMED) == [], path
        levels = page.evaluate(LEVELS)
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), (path, levels)
        if phone:
            assert page.evaluate(SMALL) == [], path
    assert [one for one in opened.complaints if "example.com" not in one and "ERR_" not in one] == []
    opened.context.close()


@pytest.mark.parametrize("scheme", COLOURS)
def test_text_can_be_read_on_its_ground(catalogue: tuple[Place, str], browser: Browser, scheme: str) -> None:
    place, address = catalogue
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(context, place, "carol", address)
    page = context.new_page()
    for path in ("/services", "/services/new", f"/services/{place.services['PaymentsService'][0].id}"):
        page.goto(address + path)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        assert page.evaluate(CONTRAST) == [], path
    context.close()


def test_pictures_load_only_when_they_are_opened(catalogue: tuple[Place, str], browser: Browser) -> None:
    place, address = catalogue
    opened = Opened(browser, place, "carol", address)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    opened.page.route("https://grafana.example.com/**", refuse)
    page = opened.goto(f"/services/{place.services['PaymentsService'][0].id}")
    page.wait_for_timeout(300)
    assert asked == []
    page.locator("summary", has_text="Picture: Error rate, last hour").first.click()
    expect(page.get_by_role("img", name="Error rate, last hour").first).to_be_attached()
    page.wait_for_timeout(300)
    assert asked == ["https://grafana.example.com/render/payments.png"]
    opened.context.close()
