"""Finding out why nobody was paged, and mending it, in a real browser without scripts; and the first day, live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.place import PASSWORD, Place, policy_of
from tests.web.scenes import empty
from tests.web.serving import served
from tests.web.test_browser import DESK, PHONE, Opened
from tests.web.test_policies import stored
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.values import replace
from tocsin.paging.messages import AnswerMessage
from tocsin.paging.model import Answer
from tocsin.testing.rules import quiet

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with served(place.app()) as found:
        yield found


def test_why_nobody_was_paged_without_scripts(place: Place, address: str, browser: Browser) -> None:
    """An alarm woke nobody: its event says why, the simulation who would be called, the policy where it is mended."""
    service = place.services["PaymentsService"][0]
    place.desk.save(quiet(service.id, "event.source matches part 'staging'", "Staging never pages"))
    place.alarm("PaymentsService", "errors", "Payments fail", source="staging-1")
    bob = place.desk.config().users[place.people["bob"].id]
    place.desk.save(replace(bob, active=False), "active")
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/alerts?tab=suppressed")
    page.get_by_label("Mail address").fill("carol@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="Events", exact=True).click()
    page.locator(".event-row a[href^='/alerts/events/']").first.click()
    expect(page.get_by_text("suppressed by the rule “Staging never pages”").first).to_be_visible()
    page.get_by_role("link", name="Who would be called then?").click()
    expect(page.get_by_role("heading", name="Who would be called?")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Alice, Carol and Erin")
    missed = page.get_by_role("region", name="Whom nothing reaches")
    expect(missed).to_contain_text("Bob")
    expect(missed).to_contain_text("is switched off")
    page.get_by_role("region", name="Who", exact=True).get_by_role("link", name="Payments").click()
    expect(page.get_by_text("Level 2: Bob is switched off.")).to_be_visible()
    page.get_by_role("link", name="Change the levels").click()
    page.get_by_role("button", name="Take out: Bob, Level 2").click()
    level = page.get_by_role("group", name="Level 2")
    level.get_by_label("Call a person").fill("alice")
    page.get_by_role("button", name="Add to level 2").click()
    page.get_by_role("button", name="Look at the change").last.click()
    expect(page.get_by_text("Level 2 calls Alice instead of Bob.")).to_be_visible()
    expect(page.get_by_text("Bob is no longer called.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Not everybody whom this policy names can be called.")).to_have_count(0)
    assert stored(place).rules[1].targets[0].id == place.people["alice"].id
    context.close()


def test_from_an_incident_to_its_simulation(place: Place, address: str, browser: Browser) -> None:
    alarm = place.alarm("PaymentsService", "errors", "Payments fail")
    assert alarm is not None
    opened = Opened(browser, place, "alice", address)
    page = opened.goto(f"/incidents/{alarm.number}")
    page.get_by_role("link", name="Simulate it").click()
    expect(page.get_by_role("status")).to_contain_text("Alice, Bob and Carol")
    assert opened.complaints == []
    opened.context.close()


def test_a_policy_is_deleted_by_its_name(place: Place, address: str, browser: Browser) -> None:
    spare = policy_of(place, "Spare", (5, "bob"))
    opened = Opened(browser, place, "carol", address, phone=True)
    page = opened.goto(f"/policies/{spare.id}")
    page.get_by_label("Type its name").fill("Spar")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("To delete this policy, type its name: Spare")).to_be_visible()
    page.get_by_label("Type its name").fill("Spare")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Removed.")).to_be_visible()
    assert spare.id not in place.desk.config().policies
    opened.context.close()


def test_enter_looks_at_the_change_and_removes_nothing(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "carol", address)
    page = opened.goto(f"/policies/{place.policy.id}/edit")
    page.get_by_label("Wait, in minutes").first.fill("7")
    page.get_by_label("Wait, in minutes").first.press("Enter")
    expect(page.get_by_role("heading", name="Save this change?")).to_be_visible()
    expect(page.get_by_text("Level 2 is called 2 min later.")).to_be_visible()
    expect(page.get_by_text("is gone")).to_have_count(0)
    opened.context.close()


def test_a_tick_comes_while_somebody_looks(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "erin", address)
    page = opened.goto("/")
    expect(page.get_by_text("3 of 5 done")).to_be_visible()
    page.get_by_role("button", name="Send me a test page").click()
    expect(page.get_by_role("region", name="Your test")).to_contain_text("On its way to the provider")
    (sent,) = place.desk.settle()
    place.desk.run(SYSTEM, AnswerMessage(message_id=sent.message_id, answer=Answer.ACKNOWLEDGE))
    place.site.bus.publish(["now"])  # as the engine's line does for a fact that is on no incident's timeline
    expect.set_options(timeout=8000)
    expect(page.get_by_text("4 of 5 done")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_first_day_fits(tmp_path: Path, browser: Browser, phone: bool) -> None:
    place = empty(tmp_path)
    with served(place.app()) as address:
        opened = Opened(browser, place, "erin", address, phone=phone)
        for path in ("/", "/readiness", "/policies", "/policies/new"):
            page = opened.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else DESK)["width"], path
        assert opened.complaints == []
        opened.context.close()
    place.close()


def test_a_long_word_on_a_contact_method_fits_a_phone(place: Place, address: str, browser: Browser) -> None:
    alice = place.people["alice"].id
    contact = place.desk.config().contacts_of[alice][0]
    place.desk.save(replace(contact, label="W" * 100), "label")
    for path in ("/me", f"/people/{alice}"):
        opened = Opened(browser, place, "erin" if path != "/me" else "alice", address, phone=True)
        page = opened.goto(path)
        expect(page.get_by_text("W" * 100)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= screen.width"), path
        opened.context.close()
