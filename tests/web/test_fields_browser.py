"""Custom fields in a real browser: by keyboard, without scripts, and while others change them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.web.place import Place
from tests.web.serving import served, sign_in
from tests.web.test_browser import DESK, PHONE, Opened
from tests.web.test_fields import field, options
from tocsin.directory.custom_fields import CustomField, DataType
from tocsin.incidents.field_messages import SetFields

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def fields(place: Place) -> dict[str, CustomField]:
    """A field of every control, and an incident that has them."""
    made = (
        field(place, "region", description="Where it is noticed"),
        field(place, "hosts", several=True),
        field(place, "tags", several=True, fixed=True, options=options("network", "database")),
        field(place, "tier", fixed=True, options=options("gold", "silver")),
        field(place, "known", DataType.BOOLEAN),
        field(place, "count", DataType.INTEGER),
    )
    place.alarm("PaymentsService", "errors", "Payments fail")
    return {one.name: one for one in made}


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with served(place.app()) as found:
        yield found


def held(place: Place, fields: dict[str, CustomField]) -> dict[str, object]:
    return {name: place.incident(1).field_values.get(one.id) for name, one in fields.items()}


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("phone", [True, False])
def test_every_control_has_a_label_and_works(
    place: Place, fields: dict[str, CustomField], address: str, browser: Browser, scripts: bool, phone: bool
) -> None:
    context = browser.new_context(viewport=PHONE if phone else DESK, java_script_enabled=scripts)  # type: ignore[arg-type]
    sign_in(context, place, "alice", address)
    page = context.new_page()
    page.goto(f"{address}/incidents/1")
    panel = page.get_by_role("region", name="Fields")
    expect(panel.get_by_label("Region")).not_to_be_visible()
    panel.get_by_text("Change fields").click()
    panel.get_by_label("Region").fill("east")
    expect(panel.get_by_label("Region")).to_have_accessible_description("Where it is noticed")
    panel.get_by_label("Hosts").fill("db1\ndb2")
    panel.get_by_role("group", name="Tags").get_by_label("database").check()
    panel.get_by_label("Tier").select_option("gold")
    panel.get_by_label("Known").select_option(label="Yes")
    panel.get_by_label("Count").fill("12")
    panel.get_by_role("button", name="Save fields").click()
    expect(page.get_by_text("Fields saved.")).to_be_visible()
    expect(page.get_by_role("region", name="Fields").get_by_text("db1", exact=True)).to_be_visible()
    assert held(place, fields) == {
        "region": "east",
        "hosts": ["db1", "db2"],
        "tags": ["database"],
        "tier": "gold",
        "known": True,
        "count": 12,
    }
    if scripts:
        assert not page.evaluate("document.documentElement.scrollWidth > screen.width")
    context.close()


def test_it_is_done_by_keyboard_and_letters_are_no_commands(
    place: Place, fields: dict[str, CustomField], address: str, browser: Browser
) -> None:
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/incidents/1")
    page.get_by_role("region", name="Fields").locator("summary").focus()
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"f-{fields['region'].id}":
            break
    page.keyboard.type("area")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Fields saved.")).to_be_visible()
    assert held(place, fields)["region"] == "area"
    assert place.incident(1).acknowledgements == (), "an a in a field acknowledges nothing"
    assert opened.complaints == []


def test_a_value_that_comes_meanwhile_is_shown_and_never_disturbs_who_types(
    place: Place, fields: dict[str, CustomField], address: str, browser: Browser
) -> None:
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/incidents/1")
    incident = place.incident(1)

    def set_by_bob(value: str) -> None:
        place.desk.run(place.as_("bob"), SetFields(incident_id=incident.id, values={fields["region"].id: value}))
        place.site.bus.publish([f"incident:{incident.id}"])

    set_by_bob("east")
    panel = page.get_by_role("region", name="Fields")
    expect(panel.get_by_text("east", exact=True)).to_be_visible()
    panel.get_by_text("Change fields").click()
    panel.get_by_label("Hosts").fill("db1")
    set_by_bob("west")
    expect(page.get_by_text("set Region to west")).to_be_visible()
    expect(panel.get_by_label("Hosts")).to_have_value("db1")
    panel.get_by_role("button", name="Save fields").click()
    expect(page.get_by_text("Fields saved.")).to_be_visible()
    found = held(place, fields)
    assert (found["hosts"], found["region"]) == (["db1"], "west"), "what Bob said meanwhile stays"
    assert opened.complaints == []
