"""The form of rotations holds all that a program can store: opened and saved unchanged, nothing is another.

Events of every rule go through the page as a browser sends it back; and everything that the form can ask for is read
back as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.web.place import Place, small
from tests.web.sent import Form
from tests.web.test_incident_pages import words
from tests.web.test_schedule_shifts import BEGAN, event, form, made, save, served, stored
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, WEEK, parse_iso
from tocsin.oncall import Rotation, RotationEvent, Schedule
from tocsin.oncall.recurrence import Pattern
from tocsin.oncall.recurrence_text import parse
from tocsin.web.schedules.shift_rule import ONCE, OWN, lines_of, rule_draft

ZONES = ("Etc/UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu")
DAY_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DATES = st.integers(1, 28).map(lambda day: f"202602{day:02}")
WHEN = st.one_of(
    DATES, DATES.map(lambda day: f"{day}T090000"), DATES.map(lambda day: f"{day}T090000Z"),
    DATES.map(lambda day: f"{day}T173011"),
)  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = small(tmp_path_factory.mktemp("shifts"))
    yield place
    place.close()


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A RRULE of anything that is understood; not each of them is accepted."""
    frequency = draw(st.sampled_from(("HOURLY", "DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={frequency}"]
    maybe = st.sampled_from((False, False, True))
    if draw(maybe) or frequency == "HOURLY":
        parts.append(f"INTERVAL={draw(st.sampled_from((1, 2, 3, 5, 30)))}")
    if draw(st.booleans()):
        numbered = frequency in ("MONTHLY", "YEARLY")
        ordinals = st.sampled_from(("", "1", "+2", "5", "-1", "-2") if numbered else ("",))
        same = draw(ordinals)
        days = draw(st.lists(st.sampled_from(DAY_NAMES), min_size=1, max_size=4, unique=True))
        each = st.one_of(st.just(same), ordinals)
        parts.append(f"BYDAY={','.join(draw(each) + day for day in days)}")
    if frequency in ("DAILY", "MONTHLY", "YEARLY") and draw(maybe):
        some = draw(st.lists(st.sampled_from((1, 2, 15, 31, -1, -10)), min_size=1, max_size=3, unique=True))
        parts.append(f"BYMONTHDAY={','.join(map(str, some))}")
    if frequency != "HOURLY" and draw(maybe):
        some = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True))
        parts.append(f"BYMONTH={','.join(map(str, some))}")
    if draw(st.integers(0, 7)) == 0:
        parts.append("BYSETPOS=1,-1")
    if draw(st.integers(0, 7)) == 0:
        parts.append(f"WKST={draw(st.sampled_from(DAY_NAMES))}")
    if draw(st.integers(0, 7)) == 0:
        parts.append("BYHOUR=9")
    end = draw(st.sampled_from(("", "", "COUNT=1", "COUNT=7", "UNTIL=")))
    parts += [end + (f"2026{draw(WHEN)[4:]}" if end == "UNTIL=" else "")] if end else []
    written = ";".join(parts)
    return f"RRULE:{written}" if draw(st.integers(0, 7)) else f"rrule:{written.lower()};"


@st.composite
def recurrences(draw: st.DrawFn) -> tuple[str, ...]:
    """The lines of an event."""
    lines = [draw(rules())]
    for name in draw(st.lists(st.sampled_from(("EXDATE", "EXDATE", "RDATE")), max_size=2)):
        zone = draw(st.sampled_from(("", "", *ZONES)))
        some = draw(st.lists(WHEN, min_size=1, max_size=3))
        lines.append(f"{name};TZID={zone}:{','.join(some)}" if zone else f"{name}:{','.join(some)}")
    return tuple(draw(st.permutations(lines)))


@st.composite
def events(draw: st.DrawFn, people: list[str], number: int) -> RotationEvent:
    """An event of 20 days; those of one rotation come one after the other."""
    since = BEGAN + number * 20 * DAY
    start = since + draw(st.sampled_from((0, 0, -3 * DAY, 5 * DAY, 75 * MINUTE, 11 * SECOND, 500_000)))
    length = draw(st.sampled_from((9 * HOUR, 7 * DAY, 30 * HOUR, 90 * MINUTE, 61 * SECOND, 90 * SECOND + 7)))
    return RotationEvent(
        "", draw(st.sampled_from(("Days", "  Nights of \n the week ", "مناوبة 🧾", "A  B"))), start, start + length,
        draw(st.sampled_from(ZONES)), since, since + 20 * DAY - draw(st.sampled_from((0, 1, 3 * HOUR))),
        draw(recurrences()), draw(st.lists(st.sampled_from([*people, ""]), min_size=1, max_size=5).map(tuple)),
        draw(st.booleans()), draw(st.sampled_from((1, 2, 30))), draw(st.sampled_from(("", *ZONES))),
        draw(st.sampled_from((0, 3600))), draw(st.sampled_from((0, -7200))),
    )  # fmt: skip


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_what_is_opened_and_saved_unchanged_is_unchanged(house: Place, data: st.DataObject) -> None:
    place, now = house, house.desk.clock.moment
    people = [one.id for one in place.people.values()]
    plan = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3))
    rotations = tuple(Rotation("", tuple(data.draw(events(people, n)) for n in range(count))) for count in plan)
    place.desk.clock.moment = BEGAN - DAY
    try:
        wanted = Schedule(
            "", "Any  one ", data.draw(st.sampled_from(ZONES)), (), " told\n\nhere ", (place.team.id,),
            rotations=rotations, shift_based=True,
        )  # fmt: skip
        old: Schedule = place.desk.save(wanted)
    except TocsinError:
        assume(False)
    finally:
        place.desk.clock.moment = now
    browser, sheet = form(place, old)
    while closed := [name for name, _ in sheet.fields if name.endswith("-kept")]:
        sheet = Form(sheet.send(browser, f"open-{closed[0][1:].partition('-')[0]}").text, "form")
    shown = sheet.send(browser, "look")
    assert "Nothing: it is already so." in shown.text, words(shown.text)
    again = Form(Form(shown.text, "review").send(browser, "again").text, "form")
    for one in (again, sheet):
        one.put("name").put("description")
    assert sorted(again.fields) == sorted(sheet.fields), "after a look nothing is typed anew"
    Form(shown.text, "review").send(browser, "sure")
    assert stored(place, old) == old


@settings(deadline=None, max_examples=300)
@given(recurrences(), st.sampled_from(ZONES))
def test_a_rule_written_anew_makes_the_same_shifts(lines: tuple[str, ...], zone: str) -> None:
    begins = BEGAN
    try:
        was = Pattern(parse(lines, begins, zone), begins)
    except TocsinError:
        assume(False)
    shown = rule_draft(lines, begins, zone)
    assume(shown.frequency != OWN)

    def wrong(name: str, text: str) -> None:
        raise AssertionError(f"{name}: {text}")

    new = Pattern(parse(lines_of(shown, zone, wrong), begins, zone), begins)
    assert new.between(begins - DAY, begins + 900 * DAY) == was.between(begins - DAY, begins + 900 * DAY)
    assert rule_draft(lines_of(shown, zone, wrong), begins, zone) == shown


@pytest.mark.parametrize(
    ("line", "frequency"),
    [
        ("RRULE:FREQ=DAILY;COUNT=1", ONCE),
        ("RRULE:FREQ=HOURLY;INTERVAL=8", "HOURLY"),
        ("RRULE:FREQ=DAILY;BYDAY=MO,TU", "WEEKLY"),
        ("RRULE:FREQ=WEEKLY;WKST=SU;BYDAY=MO", "WEEKLY"),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR", "MONTHLY"),
        ("RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "MONTHLY"),
        ("RRULE:FREQ=YEARLY;BYMONTH=3,9;BYDAY=2MO;UNTIL=20301231", "YEARLY"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,SU", OWN),
        ("RRULE:FREQ=MONTHLY;BYDAY=1MO,3FR", OWN),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2", OWN),
        ("RRULE:FREQ=WEEKLY;BYMONTH=6;BYDAY=MO", OWN),
    ],
)
def test_which_rules_the_fields_hold(line: str, frequency: str) -> None:
    assert rule_draft((line,), BEGAN, "Etc/UTC").frequency == frequency


def test_a_rotation_of_several_events_is_made_and_read_back(place: Place) -> None:
    browser = place.client("erin")
    alice, bob = place.people["alice"].id, place.people["bob"].id
    sheet = Form(browser.get("/schedules/new?kind=shifts").text, "form")
    sheet.put("name", "Made").put("zone", "Europe/Berlin").put("team", place.team.id)
    sheet.put("l0-name", "Days").put("l0-people", alice).put("l0-days", "MO", "TU", "WE", "TH", "FR")
    sheet.put("l0-length", "9").put("l0-unit", "hours").put("l0-left_out", "2026-12-24\n2026-12-25, 2026-12-28 09:00")
    sheet = Form(sheet.send(browser, "event-0").text, "form")
    assert [value for name, value in sheet.fields if name == "l1-people"] == [alice], "the same people, to begin with"
    sheet.put("l1-name", "Saturdays").put("l1-frequency", "MONTHLY").put("l1-days", "SA").put("l1-nth", "-1")
    sheet.put("l1-interval", "2").put("l1-add", bob).put("l1-last", "2027-12-31").put("l1-zone", "Asia/Kathmandu")
    sheet = Form(sheet.send(browser, "event-0").text, "form")
    sheet.put("l2-name", "Fair").put("l2-frequency", "ONCE").put("l2-on", "2026-05-03").put("l2-at", "10:00")
    sheet.put("l2-people").put("l2-add", "nobody")
    sheet = Form(sheet.send(browser, "event-0").text, "form")
    sheet.put("l3-name", "Year’s end").put("l3-frequency", "YEARLY").put("l3-months", "12").put("l3-month_days", "31")
    sheet.put("l3-days").put("l3-at", "20:00").put("l3-length", "3").put("l3-each", "1").put("l3-count", "4")
    shown = sheet.send(browser, "look")
    assert save(browser, shown).status_code == 303
    (one,) = (one for one in place.desk.config().schedules.values() if one.name == "Made")
    found = [(each.name, each.time_zone, each.recurrence, each.members) for each in one.rotations[0].events]
    assert found == [
        ("Days", "Europe/Berlin", (
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "EXDATE;VALUE=DATE:20261224,20261225",
            "EXDATE;TZID=Europe/Berlin:20261228T090000",
        ), (alice,)),
        ("Saturdays", "Asia/Kathmandu", ("RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=-1SA;UNTIL=20271231",), (alice, bob)),
        ("Fair", "Europe/Berlin", ("RRULE:FREQ=DAILY;COUNT=1",), ("",)),
        ("Year’s end", "Europe/Berlin", ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;COUNT=4",), ("",)),
    ]  # fmt: skip
    assert one.rotations[0].events[1].start == parse_iso("2026-01-31T03:15:00+00:00"), "the next one that fits"
    text = words(browser.get(f"/schedules/{one.id}").text)
    assert "every week · on Mon, Tue, Wed, Thu and Fri · not on 24 Dec 2026, 25 Dec 2026 and 28 Dec 2026 S" in text
    assert "on the clock of Asia/Kathmandu · every 2 months · on the last Sat · the last one by 31 Dec 2027" in text
    assert "once, on 3 May 2026" in text
    place.desk.advance(SECOND)
    _browser, sheet = form(place, one)
    assert [name for name, _ in sheet.fields if name.endswith("-kept")] == [f"l{n}-kept" for n in range(4)], "closed"
    sheet = Form(sheet.send(browser, "open-1").text, "form")
    assert ("l1-nth", "-1") in sheet.fields
    shown = Form(sheet.send(browser, "cut-2").text, "form").put("l1-nth", "1").send(browser, "look")
    assert save(browser, shown, "sure-gap").status_code == 303
    left = [(one.name, one.recurrence[0]) for one in stored(place, one).rotations[0].events if not one.removed]
    assert sorted(left) == [
        ("Days", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("Saturdays", "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=1SA;UNTIL=20271231"),
        ("Year’s end", "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;COUNT=4"),
    ]


def test_one_event_of_several_is_changed_and_the_others_are_not(place: Place) -> None:
    days = event(place, "alice", "bob")
    nights = replace(event(place, "carol", name="Nights"), start=BEGAN + 9 * HOUR, end=BEGAN + 24 * HOUR)
    now = place.desk.clock.moment
    place.desk.clock.moment = BEGAN - DAY
    old: Schedule = place.desk.save(
        Schedule(
            "", "S", "Etc/UTC", (), "", (place.team.id,), rotations=(Rotation("", (days, nights)),), shift_based=True
        )
    )
    place.desk.clock.moment = now
    browser, sheet = form(place, old)
    shown = sheet.put("l1-people", place.people["erin"].id).send(browser, "look")
    save(browser, shown)
    new = stored(place, old).rotations[0].events
    assert new[0] == old.rotations[0].events[0]
    assert [one.members for one in new if not one.removed][1:] == [(place.people["erin"].id,)]
    at = place.desk.clock.moment
    assert served(place, stored(place, old), BEGAN, at) == served(place, old, BEGAN, at)
    shown = Form(sheet.send(browser, "cut-0").text, "form").send(browser, "look")
    assert "Save with the gap: nobody" in words(shown.text), "taking one out is shown like any other change"


@pytest.mark.parametrize(
    ("fields", "name", "text"),
    [
        ({"l0-frequency": "MONTHLY", "l0-month_days": "32"}, "l0-month_days", "Give days from 1 to 31"),
        ({"l0-left_out": "Christmas"}, "l0-left_out", "“Christmas” is no date."),
        ({"l0-extra": "2026-13-01"}, "l0-extra", "“2026-13-01” is no date."),
        ({"l0-count": "3", "l0-last": "2026-05-01"}, "l0-count", "not both"),
        ({"l0-last": "soon"}, "l0-last", "Give a day like"),
        ({"l0-on": "tomorrow"}, "l0-on", "Give a day like"),
        ({"l0-zone": "Mars/Olympus"}, "l0-zone", "Choose a zone of the list."),
        ({"l0-frequency": "RULE", "l0-rule": ""}, "l0-rule", "Write a rule"),
        ({"l0-frequency": "RULE", "l0-rule": "RRULE:FREQ=MINUTELY"}, "l0-rule", "FREQ is none of"),
        ({"l0-frequency": "RULE", "l0-rule": "every day"}, "l0-rule", "must consist of one RRULE"),
        ({"l0-interval": "5000"}, "l0-frequency", "INTERVAL is not a number from 1 to 1000"),
        ({"l0-frequency": "MONTHLY", "l0-days": "", "l0-month_days": "30", "l0-months": "2"}, "l0-frequency", "never"),
        ({"l0-per": "1001"}, "l0-per", "Must be a number from 1 to 1000"),
        ({"l0-start": "2028-01-01T00:00"}, "l0-start", "12 months in the future"),
        ({"l0-name": " "}, "l0-name", "Name cannot be empty"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_kept(place: Place, fields: Any, name: str, text: str) -> None:
    old = made(place, event(place, "alice"))
    browser, sheet = form(place, old)
    for each, typed in fields.items():
        sheet.put(each, *filter(None, (typed,)) if each.endswith("-days") else (typed,))
    refused = sheet.send(browser, "look")
    assert refused.status_code == 422
    place_of = refused.text.partition(f'id="wrong-{name}"')[2].partition("</span>")[0]
    assert text in words(place_of), words(refused.text)
    kept = sorted((each, typed.strip()) for each, typed in Form(refused.text, "form").fields)
    assert kept == sorted((each, typed.strip()) for each, typed in sheet.fields)
    assert stored(place, old) == old


def test_shifts_of_one_rotation_that_overlap_are_refused_at_the_rotation(place: Place) -> None:
    old = made(place, event(place, "alice"))
    browser, sheet = form(place, old)
    sheet = Form(sheet.send(browser, "event-0").text, "form")
    refused = sheet.send(browser, "look")
    assert "Events within a rotation cannot overlap" in words(refused.text.partition('id="wrong-r0"')[2][:300])
    assert ("l1-name", "Shifts 2") in Form(refused.text, "form").fields


def test_a_rotation_without_shifts_is_kept_and_can_have_some(place: Place) -> None:
    old: Schedule = place.desk.save(
        Schedule("", "S", "Etc/UTC", (), "", (place.team.id,), rotations=(Rotation(""),), shift_based=True)
    )
    browser, sheet = form(place, old)
    assert "Nothing: it is already so." in sheet.send(browser, "look").text
    sheet = Form(sheet.send(browser, "event-0").text, "form").put("l0-add", place.people["bob"].id)
    assert save(browser, sheet.send(browser, "look")).status_code == 303
    at = place.desk.clock.moment
    assert len(served(place, stored(place, old), at, at + WEEK)) >= 1
