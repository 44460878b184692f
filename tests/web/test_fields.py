"""Custom fields on the incident's page, without scripts: what is known is read, and who may say more says it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.web.place import Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, FieldOption, IncidentType
from tocsin.incidents.field_messages import SetFields
from tocsin.incidents.messages import CreateIncident, Resolve, SetType


def field(place: Place, name: str, data_type: DataType = DataType.STRING, **more: Any) -> CustomField:
    made: CustomField = place.desk.save(
        CustomField(id="", name=name, display_name=name.title(), data_type=data_type, **more)
    )
    return made


def options(*values: str) -> tuple[FieldOption, ...]:
    return tuple(FieldOption(id="", value=value) for value in values)


def form_of(place: Place, *changed: tuple[CustomField, Any], number: int = 1) -> dict[str, Any]:
    """The form as a browser sends it: every field as it was, those that are named as typed."""
    incident = place.incident(number)
    typed = {one.id: value for one, value in changed}
    sent: dict[str, Any] = {}
    for one in place.desk.config().fields.of_type(incident.type_name):
        held = incident.field_values.get(one.id)
        was = [] if held is None else [str(each) for each in (held if isinstance(held, list) else [held])]
        sent[f"was.{one.id}"] = "\n".join(was)
        as_typed = was if one.fixed and one.several else "\n".join(was)
        sent[f"field.{one.id}"] = typed.get(one.id, as_typed)
    return sent


@pytest.fixture
def fire(place: Place) -> Place:
    place.region = field(place, "region", description="Where it is")  # type: ignore[attr-defined]
    place.alarm("PaymentsService", "errors", "Payments fail")
    return place


def test_who_has_it_fills_in_what_is_known(fire: Place) -> None:
    region: CustomField = fire.region  # type: ignore[attr-defined]
    browser = fire.client("alice")
    assert "Region none Change fields" in words(browser.get("/incidents/1").text)
    answer = browser.act("/incidents/1/fields", **form_of(fire, (region, " east ")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/1")
    assert fire.incident(1).field_values == {region.id: "east"}
    page = words(browser.get("/incidents/1").text)
    assert "Fields saved." in page
    assert "Region east Change fields" in page
    assert "Alice set Region to east" in page
    browser.act("/incidents/1/fields", **form_of(fire, (region, "")))
    assert fire.incident(1).field_values == {region.id: None}


def test_each_sort_of_field_is_typed_and_read(fire: Place) -> None:
    several = field(fire, "hosts", several=True)
    tags = field(fire, "tags", several=True, fixed=True, options=options("a, b", "c"))
    tier = field(fire, "tier", fixed=True, options=options("gold"))
    known = field(fire, "known", DataType.BOOLEAN)
    count = field(fire, "count", DataType.INTEGER)
    since = field(fire, "since", DataType.DATETIME)
    link = field(fire, "link", DataType.URL)
    typed = (
        (several, "db1, the old one\r\ndb2"),
        (tags, ["a, b", "c"]),
        (tier, "gold"),
        (known, "true"),
        (count, "12"),
        (since, "2026-01-05T09:00:00Z"),
        (link, "https://wiki.example.com/x"),
    )
    browser = fire.client("alice")
    assert browser.act("/incidents/1/fields", **form_of(fire, *typed)).status_code == 303
    held = fire.incident(1).field_values
    assert [held[one.id] for one, _ in typed] == [
        ["db1, the old one", "db2"],
        ["a, b", "c"],
        "gold",
        True,
        12,
        "2026-01-05T09:00:00Z",
        "https://wiki.example.com/x",
    ]
    page = browser.get("/incidents/1").text
    said = words(page)
    for read in ("Hosts db1, the old one , db2", "Tags a, b , c", "Tier gold", "Known Yes", "Count 12"):
        assert read in said
    assert 'href="https://wiki.example.com/x"' in page
    before = fire.desk.reads.incident("1")
    assert browser.act("/incidents/1/fields", **form_of(fire)).status_code == 303
    assert fire.desk.reads.incident("1") == before, "what nobody changed in the form is not sent"


def test_two_who_fill_in_different_fields_do_not_undo_each_other(fire: Place) -> None:
    region: CustomField = fire.region  # type: ignore[attr-defined]
    tier = field(fire, "tier")
    opened_by_bob = form_of(fire, (tier, "gold"))
    fire.client("alice").act("/incidents/1/fields", **form_of(fire, (region, "east")))
    fire.client("bob").act("/incidents/1/fields", **opened_by_bob)
    assert fire.incident(1).field_values == {region.id: "east", tier.id: "gold"}


def test_what_does_not_fit_is_said_and_kept_in_the_form(fire: Place) -> None:
    count = field(fire, "count", DataType.INTEGER)
    answer = fire.client("alice").act("/incidents/1/fields", **form_of(fire, (count, "many <b>")))
    assert answer.status_code == 422
    assert words(answer.text).count("Value of count must be a whole number") == 1
    assert 'value="many &lt;b&gt;"' in answer.text
    assert '<details class="edit" open>' in answer.text
    assert fire.incident(1).field_values == {}


def test_who_may_only_look_sees_the_values_and_no_form(fire: Place) -> None:
    region: CustomField = fire.region  # type: ignore[attr-defined]
    fire.desk.run(fire.as_("alice"), SetFields(incident_id=fire.incident(1).id, values={region.id: "east"}))
    browser = fire.client("mallory")
    page = words(browser.get("/incidents/1").text)
    assert "Region east" in page
    assert "Change fields" not in page
    assert browser.act("/incidents/1/fields", **form_of(fire, (region, "west"))).status_code == 403
    assert fire.incident(1).field_values == {region.id: "east"}


def test_fields_are_written_down_when_it_is_over_too(fire: Place) -> None:
    region: CustomField = fire.region  # type: ignore[attr-defined]
    fire.desk.run(fire.as_("alice"), Resolve(incident_id=fire.incident(1).id))
    fire.client("alice").act("/incidents/1/fields", **form_of(fire, (region, "east")))
    assert fire.incident(1).field_values == {region.id: "east"}


def test_the_type_is_shown_when_it_is_not_the_base_one(fire: Place) -> None:
    browser = fire.client("alice")
    assert "Type" not in words(browser.get("/incidents/1").text).split()
    outage = fire.desk.save(IncidentType(id="", name="outage", display_name="Big outage", parent_id=BASE_TYPE.id))
    field(fire, "scope", type_id=outage.id)
    assert "Scope" not in words(browser.get("/incidents/1").text)
    assert browser.act("/incidents/1/type", type="outage").status_code == 303
    page = words(browser.get("/incidents/1").text)
    assert "Type Big outage" in page
    assert "Scope none" in page
    fire.desk.save(replace(outage, enabled=False), "enabled")
    assert browser.act("/incidents/1/type", type="").status_code == 303
    assert browser.act("/incidents/1/type", type="outage").status_code == 422
    assert fire.incident(1).type_name == ""


def test_without_fields_there_is_no_panel(place: Place) -> None:
    place.alarm("PaymentsService", "errors", "Payments fail")
    assert "Change fields" not in place.client("alice").get("/incidents/1").text


@pytest.mark.parametrize("text", [one for one in ZOO if len(one) <= 200])
def test_what_people_write_is_text(fire: Place, text: str) -> None:
    region: CustomField = fire.region  # type: ignore[attr-defined]
    option = text if text.isprintable() else "an option never holds such"
    fixed = field(fire, "fixed", fixed=True, options=options(option))
    several = field(fire, "several", several=True)
    browser = fire.client("alice")
    before = shape(browser.get("/incidents/1").text)
    values = {region.id: text, fixed.id: option, several.id: [text]}
    fire.desk.run(fire.as_("alice"), SetFields(incident_id=fire.incident(1).id, values=values))
    after = shape(browser.get("/incidents/1").text)
    assert after.running == []
    assert after.tags["script"] == before.tags["script"]
    assert after.tags["img"] == before.tags["img"]


def test_a_service_shows_the_values_that_are_set(place: Place) -> None:
    owner, link = field(place, "owner", type_id=""), field(place, "site", DataType.URL, type_id="")
    field(place, "empty", type_id="")
    service = place.desk.config().services[place.services["PaymentsService"][0].id]
    browser = place.client("alice")
    path = f"/services/{service.id}/rules"
    assert "Fields" not in words(browser.get(path).text)
    values = {owner.id: "Olga <b>", link.id: "https://example.com/x"}
    place.desk.save(replace(service, field_values=values), "field_values")
    page = browser.get(path).text
    assert "Owner Olga <b>" in words(page)
    assert "Site example.com" in words(page)
    assert 'href="https://example.com/x"' in page
    assert "Empty" not in words(page)


def test_an_incident_raised_by_hand_has_the_fields_of_its_type(place: Place) -> None:
    outage = place.desk.save(IncidentType(id="", name="outage", display_name="Outage", parent_id=BASE_TYPE.id))
    field(place, "scope", type_id=outage.id, default="all")
    service_id = place.services["PaymentsService"][0].id
    raised = CreateIncident(title="Down", service_id=service_id, type_name="outage")
    place.desk.run(place.as_("alice"), raised)
    place.desk.run(place.as_("alice"), SetType(incident_id=place.incident(1).id, type_name="outage"))
    assert "Scope all" in words(place.client("alice").get("/incidents/1").text)
