"""Schedules by form: made, changed at once or later, what it means shown first, gaps confirmed, the past left alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.web.place import NIGHT, Place, policy_of
from tests.web.sent import Form
from tests.web.test_incident_pages import words
from tocsin.directory.model import Membership, Role, Team, TeamRole
from tocsin.kernel.time import DAY, HOUR, SECOND, WEEK, Moment, parse_iso
from tocsin.oncall import Layer, Override, Restriction, RestrictionKind, Schedule, live_layers, render, who_is_on_call
from tocsin.runtime.reads import AuditFilter

MONDAY = parse_iso("2026-01-05T09:00:00+00:00")


def rota(place: Place, *names: str, **more: Any) -> Schedule:
    """A weekly rotation that changes on Mondays at nine."""
    users = tuple(place.people[one].id for one in names)
    layer = Layer("", "Weekly", MONDAY - 4 * WEEK, None, MONDAY - 4 * WEEK, 7 * 86_400, users, **more)
    made: Schedule = place.desk.save(Schedule("", "Rota", "Etc/UTC", (layer,), team_ids=(place.team.id,)))
    return made


def form(place: Place, schedule: Schedule, who: str = "carol") -> tuple[Any, Form]:
    browser = place.client(who)
    page = browser.get(f"/schedules/{schedule.id}/edit")
    assert page.status_code == 200
    return browser, Form(page.text, "form")


def stored(place: Place, schedule: Schedule) -> Schedule:
    return place.desk.config().schedules[schedule.id]


def final(place: Place, schedule: Schedule, since: Moment, until: Moment) -> list[tuple[Moment, Moment, str]]:
    exceptions = place.desk.config().exceptions_of.get(schedule.id, ())
    return [(one.start, one.end, one.user_id) for one in render(schedule, exceptions, since, until).final.entries]


def save(browser: Any, shown: Any, do: str = "sure") -> Any:
    return Form(shown.text, "review").send(browser, do)


def test_a_form_that_is_sent_as_it_was_changes_nothing(place: Place) -> None:
    for seconds, restrictions in (
        (7 * 86_400, ()),
        (5 * 3600 + 1, (Restriction(RestrictionKind.DAILY, 3600 * 9 + 7, 8 * 3600),)),
        (14 * 86_400, (Restriction(RestrictionKind.WEEKLY, 0, 7 * 86_400, 3),)),
        (86_400, (Restriction(RestrictionKind.WEEKLY, 22 * 3600, 40 * 3600, 6),)),
    ):
        users = (place.people["alice"].id, place.people["bob"].id, place.people["alice"].id)
        one = Layer("", "A", NIGHT - 9 * DAY, NIGHT + 9 * DAY, NIGHT - 8 * DAY + 1, seconds, users, restrictions)
        two = replace(one, name="B", start=NIGHT + DAY + 3, end=None)
        old: Schedule = place.desk.save(Schedule("", f"S{seconds}", "Europe/Berlin", (one, two), "d", (place.team.id,)))
        browser, sheet = form(place, old)
        shown = sheet.send(browser, "look")
        assert "Nothing: it is already so." in shown.text
        assert stored(place, old) == old


def test_a_change_is_told_in_people_and_then_made(place: Place) -> None:
    old = rota(place, "alice", "bob")
    browser, sheet = form(place, old)
    sheet.put("l0-people", place.people["alice"].id, place.people["erin"].id)
    shown = sheet.send(browser, "look")
    text = words(shown.text)
    assert shown.status_code == 200
    assert "Bob −6 shifts, Erin +6 shifts; no new gap; the next page goes to Alice." in text
    assert "Mon 09:00 – 19 Jan 09:00 was Bob now Erin" in " ".join(
        text.replace("B Bob", "Bob").replace("E Erin", "Erin").split()
    )
    assert stored(place, old) == old, "nothing is saved by looking"
    done = save(browser, shown)
    assert done.status_code == 303
    new = stored(place, old)
    assert live_layers(new, NIGHT)[0].user_ids == (place.people["alice"].id, place.people["erin"].id)
    assert final(place, new, NIGHT - 4 * WEEK, NIGHT) == final(place, old, NIGHT - 4 * WEEK, NIGHT)
    assert "Saved. Past shifts are as they were." in browser.get(done.headers["location"]).text


def test_whoever_has_the_turn_keeps_it_when_the_list_changes(place: Place) -> None:
    old = rota(place, "alice", "bob", "carol")
    (now,) = who_is_on_call(old, (), NIGHT)
    browser, sheet = form(place, old)
    others = [one for one in live_layers(old, NIGHT)[0].user_ids if one != now]
    sheet.put("l0-people", *others, now)
    save(browser, sheet.send(browser, "look"))
    new = stored(place, old)
    assert who_is_on_call(new, (), NIGHT) == (now,)
    assert who_is_on_call(new, (), NIGHT + WEEK) == (others[0],)
    browser, sheet = form(place, new)
    save(browser, sheet.put("l0-first", "1").send(browser, "look"))
    assert who_is_on_call(stored(place, old), (), NIGHT) == (others[1],), "unless somebody else is chosen"


def test_a_change_can_hold_from_later_on(place: Place) -> None:
    old = rota(place, "alice", "bob")
    cover = place.desk.save(Override("", old.id, place.people["erin"].id, NIGHT + DAY, NIGHT + 2 * DAY, NIGHT))
    browser, sheet = form(place, old)
    sheet.put("l0-people", place.people["carol"].id).put("begin", "2026-01-20T12:00")
    shown = sheet.send(browser, "look")
    assert "The change holds from 20 Jan 12:00, UTC." in words(shown.text)
    assert "the first page after 20 Jan 12:00 goes to Carol" in words(shown.text)
    save(browser, shown)
    new, at = stored(place, old), parse_iso("2026-01-20T12:00:00+00:00")
    assert final(place, new, NIGHT - 4 * WEEK, at) == final(place, old, NIGHT - 4 * WEEK, at)
    assert who_is_on_call(new, (), at) == (place.people["carol"].id,)
    assert new.layers[0].id == old.layers[0].id, "clients know the layer that ends"
    assert place.desk.config().overrides[cover.id] == cover
    for typed, text in (("2026-01-01T00:00", "past shifts never change"), ("soon", "a time like")):
        browser, sheet = form(place, new)
        refused = sheet.put("begin", typed).put("l0-people", place.people["bob"].id).send(browser, "look")
        assert refused.status_code == 422
        assert text in refused.text
        assert f'name="begin" value="{typed}"' in refused.text, "what was typed stays"


def test_a_gap_needs_a_button_of_its_own_and_stands_on_record(place: Place) -> None:
    old = rota(place, "alice", "bob")
    browser, sheet = form(place, old)
    sheet.put("l0-hours-kind", "weekly").put("l0-hours-from_day", "5").put("l0-hours-start", "09:00")
    shown = sheet.put("l0-hours-to_day", "5").put("l0-hours-end", "02:00").send(browser, "look")
    text = words(shown.text)
    assert "Save with the gap: nobody Sat 02:00–09:00 and" in text
    assert 'value="sure"' not in shown.text
    refused = save(browser, shown, "sure")
    assert refused.status_code == 409
    assert "leaves a gap that was not there" in refused.text
    assert stored(place, old) == old
    assert save(browser, refused, "sure-gap").status_code == 303
    (record,) = place.desk.reads.audit(AuditFilter(thing_id=old.id), limit=1).items
    assert record.detail is not None
    start = parse_iso("2026-01-10T02:00:00+00:00")
    assert record.detail["opened_gaps"][0] == [start, start + 7 * HOUR]
    assert record.detail["gaps"] == 12
    history = words(place.client("erin").get(f"/audit?thing={old.id}").text)
    assert "Opened a gap: nobody Sat 02:00–09:00." in history
    browser, sheet = form(place, stored(place, old))
    again = sheet.put("name", "Another name").send(browser, "look")
    assert "Save with the gap" not in again.text, "it was there before"
    assert save(browser, again).status_code == 303
    (record,) = place.desk.reads.audit(AuditFilter(thing_id=old.id), limit=1).items
    assert record.detail is None


def test_what_somebody_else_saved_meanwhile_is_not_overwritten_unseen(place: Place) -> None:
    old = rota(place, "alice", "bob")
    browser, sheet = form(place, old)
    shown = sheet.put("l0-name", "Mine").send(browser, "look")
    place.desk.advance(SECOND)
    theirs = place.desk.save(replace(old, description="theirs"), "description")
    met = save(browser, shown)
    assert met.status_code == 409
    assert "Somebody has changed this schedule since you opened it." in words(met.text)
    assert stored(place, old) == theirs
    assert save(browser, met).status_code == 303
    assert (stored(place, old).layers[0].name, stored(place, old).description) == ("Mine", "")


def test_the_forms_own_buttons_work_without_scripts(place: Place) -> None:
    old = rota(place, "alice", "bob")
    alice, bob, carol = (place.people[name].id for name in ("alice", "bob", "carol"))
    browser, sheet = form(place, old)

    def press(do: str) -> Form:
        return Form(sheet.send(browser, do).text, "form")

    def people(key: str = "0") -> list[str]:
        return [value for name, value in sheet.fields if name == f"l{key}-people"]

    sheet = press("down-0-0")
    assert people() == [bob, alice]
    sheet.put("l0-add", carol)
    sheet = press("add-0")
    assert people() == [bob, alice, carol]
    sheet = press("up-0-2")
    sheet = press("out-0-0")
    assert people() == [carol, alice]
    sheet = press("hours-0")
    assert ("l0-hours-start", "09:00") in sheet.fields
    sheet = press("cut-0-0")
    assert not any(name == "l0-hours-start" for name, _ in sheet.fields)
    sheet = press("more")
    assert [value for name, value in sheet.fields if name == "layer"] == ["1", "0"], "a new layer lies on top"
    sheet.put("l1-add", bob).put("l1-turn", "daily").put("l1-at", "06:30")
    sheet = press("lower-1")
    assert [value for name, value in sheet.fields if name == "layer"] == ["0", "1"]
    sheet = press("raise-1")
    save(browser, sheet.send(browser, "look"))
    low, high = live_layers(stored(place, old), NIGHT)
    assert (high.user_ids, high.turn_length_seconds) == ((bob,), 86_400)
    assert high.rotation_virtual_start % DAY == 6 * HOUR + HOUR // 2
    assert low.user_ids == (carol, alice)
    place.desk.advance(SECOND)
    browser, sheet = form(place, stored(place, old))
    save(browser, press("drop-0").send(browser, "look"))
    assert [one.id for one in live_layers(stored(place, old), NIGHT + SECOND)] == [low.id]
    assert stored(place, old).layers[-1].end == NIGHT + SECOND, "a layer that is taken out ends, and tells the past"


def test_a_layer_of_every_kind_is_made_and_read_back(place: Place) -> None:
    browser = place.client("erin")
    sheet = Form(browser.get("/schedules/new").text, "form")
    bob, alice = place.people["bob"].id, place.people["alice"].id
    sheet.put("name", "Made here").put("zone", "Europe/Berlin").put("description", "Why it is there.")
    sheet.put("team", place.team.id).put("l0-people", bob, alice).put("l0-turn", "custom").put("l0-count", "2")
    sheet.put("l0-unit", "weeks").put("l0-at", "08:30").put("l0-day", "2").put("l0-name", "Fortnights")
    sheet.put("l0-hours-kind", "daily", "weekly").put("l0-hours-from_day", "0", "5").put(
        "l0-hours-start", "20:00", "08:00"
    )
    sheet.put("l0-hours-to_day", "0", "6").put("l0-hours-end", "06:00", "18:00").put("l0-end", "2026-12-24T12:00")
    shown = sheet.send(browser, "look")
    assert shown.status_code == 200, words(shown.text)
    assert "Times without anybody" in shown.text
    done = save(browser, shown)
    assert done.status_code == 303
    (made,) = (one for one in place.desk.config().schedules.values() if one.name == "Made here")
    (layer,) = made.layers
    assert (made.time_zone, made.team_ids, made.description) == ("Europe/Berlin", (place.team.id,), "Why it is there.")
    assert (layer.user_ids, layer.turn_length_seconds) == ((bob, alice), 14 * 86_400)
    assert layer.restrictions == (
        Restriction(RestrictionKind.DAILY, 20 * 3600, 10 * 3600),
        Restriction(RestrictionKind.WEEKLY, 8 * 3600, 34 * 3600, 6),
    )
    assert layer.end == parse_iso("2026-12-24T11:00:00+00:00")
    assert layer.rotation_virtual_start == parse_iso("2025-12-31T07:30:00+00:00"), "the Wednesday before"
    page = words(browser.get(done.headers["location"]).text)
    assert "Changes every 2 weeks on Wednesday at 08:30" in page
    assert "every day 20:00–06:00 · every week Sat 08:00 – Sun 18:00 · until 24 Dec 12:00" in page


@pytest.mark.parametrize(
    ("field", "typed", "text"),
    [
        ("name", "", "Give it a name."),
        ("zone", "Mars/Olympus", "Choose a zone of the list."),
        ("l0-at", "noon", "Give a time of day, like 09:00."),
        ("l0-count", "-1", "Give a whole number above zero."),
        ("l0-end", "never", "is a time like"),
        ("l0-people", "", "There is no user"),
        ("l0-count", "9999", "a turn lasts"),
        ("name", "x" * 256, "The name is longer than 255 characters."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(place: Place, field: str, typed: str, text: str) -> None:
    old = rota(place, "alice", "bob")
    browser, sheet = form(place, old)
    if field == "l0-count":
        sheet.put("l0-turn", "custom")
    shown = sheet.put("description", "kept").put(field, typed).send(browser, "look")
    assert shown.status_code == 422
    assert text in words(shown.text)
    assert "kept</textarea>" in shown.text
    assert stored(place, old) == old


def test_nobody_in_a_layer_is_refused(place: Place) -> None:
    old = rota(place, "alice")
    browser, sheet = form(place, old)
    shown = sheet.put("l0-people").send(browser, "look")
    assert (shown.status_code, "Choose at least one person." in shown.text) == (422, True)
    same = sheet.put("l0-people", place.people["alice"].id).put("l0-hours-kind", "daily").put("l0-hours-from_day", "0")
    same.put("l0-hours-start", "09:00").put("l0-hours-to_day", "0").put("l0-hours-end", "09:00")
    assert "From and until are the same." in same.send(browser, "look").text


def test_another_zone_keeps_hand_offs_at_their_time_of_day(place: Place) -> None:
    old = rota(place, "alice", "bob")
    browser, sheet = form(place, old)
    shown = sheet.put("zone", "Europe/Berlin").send(browser, "look")
    save(browser, shown)
    new = stored(place, old)
    (live,) = live_layers(new, NIGHT)
    assert live.rotation_virtual_start == old.layers[0].rotation_virtual_start - HOUR
    assert final(place, new, NIGHT - 3 * WEEK, NIGHT) == final(place, old, NIGHT - 3 * WEEK, NIGHT)
    browser, sheet = form(place, new)
    later = sheet.put("zone", "Etc/UTC").put("begin", "2026-02-01T00:00").send(browser, "look")
    assert "Another time zone holds at once" in later.text


def test_only_who_may_has_the_form(place: Place) -> None:
    old = rota(place, "alice", "bob")
    other: Team = place.desk.save(Team(id="", name="Other"))
    dave = place.person("dave", Role.RESPONDER)
    place.desk.save(Membership(team_id=other.id, user_id=dave.id, role=TeamRole.MANAGER))
    for who in ("dave", "mallory", "bob"):
        browser = place.client(who)
        assert browser.get(f"/schedules/{old.id}").status_code == 200
        assert f"/schedules/{old.id}/edit" not in browser.get(f"/schedules/{old.id}").text
        assert browser.get(f"/schedules/{old.id}/edit").status_code == 404
        for do in ("look", "sure", "sure-gap"):
            answer = browser.act(
                f"/schedules/{old.id}/edit", do=do, name="Taken", zone="Etc/UTC", seen=str(old.updated_at)
            )
            assert answer.status_code == 404
        assert browser.act(f"/schedules/{old.id}/delete", typed="Rota").status_code == 404
    assert stored(place, old) == old
    for who, status in (("mallory", 404), ("bob", 404), ("dave", 200), ("carol", 200), ("erin", 200)):
        assert place.client(who).get("/schedules/new").status_code == status, who
    browser = place.client("dave")
    sheet = (
        Form(browser.get("/schedules/new").text, "form").put("name", "Of none").put("l0-people", dave.id).put("team")
    )
    assert sheet.send(browser, "look").status_code == 403, "a manager of one team makes nothing that is nobody's"
    assert sheet.put("team", place.team.id).send(browser, "look").status_code == 403
    assert save(browser, sheet.put("team", other.id).send(browser, "look")).status_code == 303


def test_teams_that_one_may_not_give_it_to_stay(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Other"))
    old: Schedule = place.desk.save(replace(rota(place, "alice"), team_ids=(place.team.id, other.id)), "team_ids")
    browser, sheet = form(place, old)
    save(browser, sheet.put("name", "Renamed").send(browser, "look"))
    assert (stored(place, old).team_ids, stored(place, old).name) == ((place.team.id, other.id), "Renamed")


def test_a_schedule_is_deleted_by_its_name_and_only_when_no_policy_calls_it(place: Place) -> None:
    old = rota(place, "alice")
    policy = policy_of(place, "Calls it", (5, old))
    browser = place.client("carol")
    assert f'href="/policies/{policy.id}"' in browser.get(f"/schedules/{old.id}/edit").text
    refused = browser.act(f"/schedules/{old.id}/delete", typed="Rota")
    assert refused.status_code == 409
    assert f'href="/policies/{policy.id}"' in refused.text
    bare = rota(place, "bob")
    wrong = browser.act(f"/schedules/{bare.id}/delete", typed="Wrong")
    assert (wrong.status_code, "That is not its name." in wrong.text) == (422, True)
    assert bare.id in place.desk.config().schedules
    gone = browser.act(f"/schedules/{bare.id}/delete", typed=" Rota ")
    assert (gone.status_code, gone.headers["location"]) == (303, "/schedules")
    assert bare.id not in place.desk.config().schedules


def test_many_layers_are_opened_one_by_one(place: Place) -> None:
    alice = (place.people["alice"].id,)
    layers = tuple(Layer("", f"L{n}", MONDAY, None, MONDAY, 86_400, alice) for n in range(5))
    old: Schedule = place.desk.save(Schedule("", "Many", "Etc/UTC", layers, team_ids=(place.team.id,)))
    browser, sheet = form(place, old)
    assert not any(name == "l0-name" for name, _ in sheet.fields)
    sheet = Form(sheet.send(browser, "open-0").text, "form")
    assert ("l0-name", "L4") in sheet.fields
    assert not any(name == "l1-name" for name, _ in sheet.fields)
    save(browser, sheet.put("l0-name", "Renamed").send(browser, "look"))
    assert [one.name for one in stored(place, old).layers] == ["L0", "L1", "L2", "L3", "Renamed"]
    assert [one.id for one in stored(place, old).layers] == [one.id for one in old.layers]


def test_whoever_serves_longer_in_fewer_shifts_gains_time(place: Place) -> None:
    """Bob's days between hers go to Alice: many short shifts become one long one."""
    users = (place.people["alice"].id, place.people["bob"].id)
    one = Layer("", "Days", MONDAY, None, MONDAY, 86_400, users)
    old: Schedule = place.desk.save(Schedule("", "Days", "Etc/UTC", (one,), team_ids=(place.team.id,)))
    browser, sheet = form(place, old)
    text = words(sheet.put("l0-people", users[0]).send(browser, "look").text)
    assert re.search(r"Bob −\d+ shifts, Alice \+\d+ d", text), text
    assert "in fewer shifts" in text
