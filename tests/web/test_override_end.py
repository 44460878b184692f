"""The end of an override: at once where others serve then, with a second click where nobody does, named on record."""

from __future__ import annotations

from typing import Any

from tests.web.place import NIGHT, Place
from tests.web.sent import Form
from tests.web.test_incident_pages import words
from tocsin.directory.model import Role
from tocsin.kernel.time import DAY, HOUR, parse_iso
from tocsin.oncall import CustomShift, Layer, Override, Restriction, RestrictionKind, Schedule
from tocsin.storage.queries.audit import AuditFilter


def office(place: Place) -> Schedule:
    """Carol from nine to five, nobody else."""
    start = NIGHT // DAY * DAY - 20 * DAY
    hours = (Restriction(RestrictionKind.DAILY, 9 * 3600, 8 * 3600),)
    layer = Layer("", "Office hours", start, None, start, 86_400, (place.people["carol"].id,), hours)
    made: Schedule = place.desk.save(Schedule("", "Office", "Etc/UTC", (layer,), "", (place.team.id,)))
    return made


def override(place: Place, one: Schedule, start: int, end: int) -> Override:
    made: Override = place.desk.save(Override("", one.id, place.people["bob"].id, start, end, NIGHT))
    return made


def detail(place: Place, thing_id: str) -> Any:
    return place.desk.reads.audit(AuditFilter(thing_id=thing_id), limit=1).items[0].detail


def test_one_that_leaves_nobody_needs_a_second_click_and_is_named(place: Place) -> None:
    one = office(place)
    begin = parse_iso("2026-01-08T06:00:00+00:00")
    cover = override(place, one, begin, begin + 12 * HOUR)
    browser = place.client("bob")
    path = f"/schedules/{one.id}/override/{cover.id}/end"
    asked = browser.act(path)
    assert (asked.status_code, asked.headers["location"]) == (303, path), "what it opens has an address"
    shown = browser.get(path)
    text = words(shown.text)
    assert "Gaps that this opens Nobody, Thu 06:00–09:00 Nobody, Thu 17:00–18:00" in text
    assert "Remove it with the gap: nobody Thu 06:00–09:00 and 1 more" in text
    assert f"/schedules/{one.id}/override?from={begin // 1_000_000}" in shown.text, "somebody else may take over"
    assert cover.id in place.desk.config().overrides
    assert Form(shown.text, "end").send(browser, "sure-gap").status_code == 303
    assert cover.id not in place.desk.config().overrides
    assert detail(place, cover.id)["opened_gaps"] == [
        [begin, begin + 3 * HOUR],
        [begin + 11 * HOUR, begin + 12 * HOUR],
    ]
    history = words(place.client("erin").get(f"/audit?thing={cover.id}").text)
    assert "Opened a gap: nobody Thu 06:00–09:00" in history


def test_one_that_leaves_somebody_ends_at_once(place: Place) -> None:
    one = office(place)
    begin = parse_iso("2026-01-08T10:00:00+00:00")
    cover = override(place, one, begin, begin + 4 * HOUR)
    browser = place.client("bob")
    page = browser.get(f"/schedules/{one.id}/override/{cover.id}/end")
    assert "It opens no gap." in words(page.text)
    done = browser.act(f"/schedules/{one.id}/override/{cover.id}/end")
    assert done.headers["location"] == f"/schedules/{one.id}#covers"
    assert detail(place, cover.id) is None
    assert cover.id not in place.desk.config().overrides


def test_one_that_runs_names_only_what_is_left_of_it(place: Place) -> None:
    one = office(place)
    now = place.desk.clock.moment
    cover = override(place, one, now, now + 2 * HOUR)
    place.desk.advance(HOUR)
    now += HOUR
    browser = place.client("bob")
    shown = browser.get(f"/schedules/{one.id}/override/{cover.id}/end")
    assert "End it with the gap: nobody 03:14–04:14" in words(shown.text)
    Form(shown.text, "end").send(browser, "sure-gap")
    assert detail(place, cover.id)["opened_gaps"] == [[now, now + HOUR]]
    assert place.desk.config().overrides[cover.id].end == now


def test_a_custom_shift_of_its_own_is_asked_about_too(place: Place) -> None:
    one: Schedule = place.desk.save(Schedule("", "Shifts", "Etc/UTC", (), "", (place.team.id,), shift_based=True))
    shift: CustomShift = place.desk.save(
        CustomShift("", one.id, place.people["alice"].id, NIGHT + DAY, NIGHT + DAY + HOUR)
    )
    browser = place.client("bob")
    path = f"/schedules/{one.id}/override/{shift.id}/end"
    assert browser.act(path).headers["location"] == path
    assert Form(browser.get(path).text, "end").send(browser, "sure-gap").status_code == 303
    assert detail(place, shift.id)["gaps"] == 1


def test_who_may_not_cover_is_not_told_of_it(place: Place) -> None:
    one = office(place)
    cover = override(place, one, NIGHT + DAY, NIGHT + DAY + HOUR)
    place.person("frank", Role.OBSERVER)
    path = f"/schedules/{one.id}/override/{cover.id}/end"
    other = path.replace(cover.id, "POTHER1")
    for browser, address, code in ((place.client("frank"), path, 403), (place.client("bob"), other, 404)):
        assert browser.get(address).status_code == 404
        assert browser.act(address).status_code == browser.act(address, do="sure-gap").status_code == code
    assert cover.id in place.desk.config().overrides


def test_off_hours_are_no_gap_where_people_look(place: Place) -> None:
    one = office(place)
    browser = place.client("alice")
    for path in ("/on-call", "/schedules", f"/schedules/{one.id}"):
        row = browser.get(path).text.partition("Office")[2]
        assert "Nobody: off hours" in row, path
        assert 'class="gap"' not in row.partition("</section>")[0], path
