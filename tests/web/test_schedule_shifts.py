"""Rotations by form: made, changed without touching what has been; what the form can't hold is kept as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.place import NIGHT, Place
from tests.web.sent import Form
from tests.web.test_incident_pages import words
from tocsin.kernel.time import DAY, HOUR, SECOND, WEEK, Moment, parse_iso
from tocsin.oncall import Rotation, RotationEvent, Schedule, assignments

BEGAN = parse_iso("2025-12-01T09:00:00+00:00")


def event(place: Place, *names: str, **more: Any) -> RotationEvent:
    """Shifts of nine hours on working days, one after the other."""
    users = tuple(place.people[one].id for one in names)
    given = {"recurrence": ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",), "name": "Days"} | more
    return RotationEvent(
        "", start=BEGAN, end=BEGAN + 9 * HOUR, time_zone="Etc/UTC", effective_since=BEGAN, effective_until=None,
        members=users, **given,
    )  # fmt: skip


def made(place: Place, *events: RotationEvent) -> Schedule:
    """A schedule that was made before these shifts began."""
    now = place.desk.clock.moment
    place.desk.clock.moment = BEGAN - DAY
    rotations = tuple(Rotation("", (one,)) for one in events)
    saved: Schedule = place.desk.save(
        Schedule("", "Shifts", "Etc/UTC", (), "", (place.team.id,), rotations=rotations, shift_based=True)
    )
    place.desk.clock.moment = now
    return saved


def stored(place: Place, one: Schedule) -> Schedule:
    return place.desk.config().schedules[one.id]


def served(place: Place, one: Schedule, since: Moment, until: Moment) -> list[tuple[Moment, Moment, str]]:
    exceptions = place.desk.config().exceptions_of.get(one.id, ())
    return sorted((x.start, x.end, x.user_id) for x in assignments(one, exceptions, since, until))


def form(place: Place, one: Schedule) -> tuple[Any, Form]:
    browser = place.client("carol")
    return browser, Form(browser.get(f"/schedules/{one.id}/edit").text, "form")


def save(browser: Any, shown: Any, do: str = "sure") -> Any:
    assert shown.status_code == 200, words(shown.text)
    return Form(shown.text, "review").send(browser, do)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"recurrence": ("RRULE:FREQ=DAILY",)},
        {"recurrence": ("RRULE:FREQ=WEEKLY",)},
        {"recurrence": ("RRULE:FREQ=WEEKLY;INTERVAL=2",)},
        {"recurrence": ("RRULE:FREQ=WEEKLY;INTERVAL=3;BYDAY=FR,MO",), "shifts_per_member": 2},
        {"recurrence": ("RRULE:FREQ=DAILY;INTERVAL=2",), "every_member": True},
        {"recurrence": ("RRULE:FREQ=MONTHLY;BYDAY=1SA",)},
        {"recurrence": ("RRULE:FREQ=DAILY", "EXDATE:20251224T090000Z")},
        {"start_offset": 3600, "end_offset": 3600},
    ],
)
def test_a_form_that_is_sent_as_it_was_changes_nothing(place: Place, more: dict[str, Any]) -> None:
    old = made(place, event(place, "alice", "bob", **more))
    browser, sheet = form(place, old)
    shown = sheet.send(browser, "look")
    assert "Nothing: it is already so." in shown.text
    assert stored(place, old) == old


def test_another_member_goes_on_where_the_turns_are(place: Place) -> None:
    old = made(place, event(place, "alice", "bob"))
    alice, carol = place.people["alice"].id, place.people["carol"].id
    browser, sheet = form(place, old)
    shown = sheet.put("l0-people", alice, carol).send(browser, "look")
    assert "Bob −30 shifts, Carol +30 shifts; no new gap" in words(shown.text)
    save(browser, shown)
    new = stored(place, old)
    assert served(place, new, BEGAN, NIGHT) == served(place, old, BEGAN, NIGHT)
    expected = [
        (start, end, carol if user == place.people["bob"].id else user)
        for start, end, user in served(place, old, NIGHT, NIGHT + 4 * WEEK)
    ]
    assert served(place, new, NIGHT, NIGHT + 4 * WEEK) == expected
    assert new.rotations[0].id == old.rotations[0].id


def test_a_change_from_later_on_leaves_everything_before(place: Place) -> None:
    old = made(place, event(place, "alice", "bob"), event(place, "carol", name="Beside", every_member=True))
    at = parse_iso("2026-02-04T12:00:00+00:00")
    browser, sheet = form(place, old)
    shown = sheet.put("l0-people", place.people["erin"].id).put("begin", "2026-02-04T12:00").send(browser, "drop-1")
    sheet = Form(shown.text, "form")
    save(browser, sheet.send(browser, "look"))
    new = stored(place, old)
    assert served(place, new, BEGAN, at) == [
        (start, min(end, at), user) for start, end, user in served(place, old, BEGAN, at)
    ]
    later = served(place, new, at, at + 4 * WEEK)
    assert {user for _, _, user in later} == {place.people["erin"].id}


def test_a_rotation_is_made_and_its_end_moved(place: Place) -> None:
    browser = place.client("erin")
    sheet = Form(browser.get("/schedules/new?kind=shifts").text, "form")
    sheet.put("name", "Made").put("zone", "Europe/Berlin").put("team", place.team.id)
    sheet.put("l0-add", place.people["bob"].id).put("l0-days", "SA", "SU").put("l0-at", "08:00")
    sheet.put("l0-length", "10").put("l0-unit", "hours").put("l0-each", "1").put("l0-until", "2026-03-01T00:00")
    shown = sheet.send(browser, "look")
    assert save(browser, shown).status_code == 303
    (one,) = (one for one in place.desk.config().schedules.values() if one.name == "Made")
    (made_event,) = one.rotations[0].events
    assert made_event.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=SA,SU",)
    assert made_event.start == parse_iso("2026-01-10T07:00:00+00:00"), "the first of the days chosen"
    assert (made_event.end - made_event.start, made_event.every_member) == (10 * HOUR, True)
    assert made_event.effective_until == parse_iso("2026-02-28T23:00:00+00:00")
    place.desk.advance(SECOND)
    browser, sheet = form(place, one)
    shown = sheet.put("l0-until", "").send(browser, "look")
    save(browser, shown)
    (left,) = stored(place, one).rotations[0].events
    assert (left.id, left.effective_until) == (made_event.id, None), "an end alone needs no new event"


def test_a_rule_that_the_fields_can_not_hold_is_text_and_kept(place: Place) -> None:
    rule = ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "EXDATE;VALUE=DATE:20260130")
    old = made(place, event(place, "alice", recurrence=rule), event(place, "bob", name="B"))
    browser, sheet = form(place, old)
    assert ("l0-frequency", "RULE") in sheet.fields
    assert ("l0-rule", "\n".join(rule)) in sheet.fields
    assert " ".join(rule) in words(browser.get(f"/schedules/{old.id}").text), "named on the page as it is written"
    carol = place.people["carol"].id
    save(browser, sheet.put("l0-people", carol).put("l1-people", carol).send(browser, "look"))
    first, second = stored(place, old).rotations
    assert [(one.recurrence, one.members) for one in first.events if not one.removed] == [(rule, (carol,))]
    assert second != old.rotations[1]


def test_a_rotation_that_leaves_a_gap_needs_its_own_button(place: Place) -> None:
    old = made(place, event(place, "alice", recurrence=("RRULE:FREQ=DAILY",)))
    browser, sheet = form(place, old)
    shown = sheet.put("l0-length", "8").send(browser, "look")
    assert "Save with the gap: nobody 17:00–18:00" in words(shown.text)
    assert save(browser, shown, "sure").status_code == 409
    assert save(browser, shown, "sure-gap").status_code == 303


@pytest.mark.parametrize(
    ("field", "typed", "text"),
    [
        ("l0-length", "0", "Give a whole number above zero."),
        ("l0-interval", "x", "Give a whole number above zero."),
        ("l0-at", "25:00", "Give a time of day"),
        ("l0-until", "?", "is a time like"),
        ("l0-until", "2025-12-24T00:00", "future"),
        ("l0-name", "", "Name cannot be empty"),
        ("l0-length", "400", "longer than 366 days"),
    ],
)
def test_what_is_wrong_is_said(place: Place, field: str, typed: str, text: str) -> None:
    old = made(place, event(place, "alice"))
    browser, sheet = form(place, old)
    if typed == "400":
        sheet.put("l0-unit", "days")
    refused = sheet.put(field, typed).send(browser, "look")
    assert refused.status_code == 422
    assert text in words(refused.text)
    assert stored(place, old) == old


def test_an_override_takes_one_place_or_none(place: Place) -> None:
    old = made(place, event(place, "alice", recurrence=("RRULE:FREQ=DAILY",)))
    alice, carol = place.people["alice"].id, place.people["carol"].id
    browser = place.client("bob")
    sheet = Form(browser.get(f"/schedules/{old.id}/override?instead={alice}").text, "form")
    assert ("instead", f"{old.rotations[0].id}:{alice}") in sheet.fields
    at = parse_iso("2026-01-07T10:00:00+00:00")
    sheet.put("user", carol).put("start", "2026-01-07T09:00").put("end", "2026-01-07T12:00")
    done = sheet.send(browser, "")
    assert done.status_code == 303
    assert {user for _, _, user in served(place, old, at, at + HOUR)} == {carol}
    (undo,) = (one for one in place.desk.config().overrides_of[old.id])
    assert browser.act(f"/schedules/{old.id}/override/{undo.id}/end").status_code == 303
    assert sheet.put("instead", "").send(browser, "").status_code == 303
    assert {user for _, _, user in served(place, old, at, at + HOUR)} == {alice, carol}
    (extra,) = place.desk.config().custom_shifts.values()
    assert "one person more" in browser.get(f"/schedules/{old.id}").text
    assert browser.act(f"/schedules/{old.id}/override/{extra.id}/end").status_code == 303
    assert {user for _, _, user in served(place, old, at, at + HOUR)} == {alice}
