"""The list of schedules, one of them over days, overrides by form, and who is on call now and next."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.web import schedule_scene
from tests.web.place import NIGHT, Place, policy_of
from tests.web.sent import Form
from tests.web.test_incident_pages import words
from tocsin.directory.model import Membership, Role, Team, TeamRole
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, WEEK, Moment, parse_iso
from tocsin.oncall import (
    CustomShift,
    Layer,
    Override,
    Restriction,
    RestrictionKind,
    Rotation,
    RotationEvent,
    Schedule,
    who_is_on_call,
)


def made(place: Place, *layers: Layer, name: str = "Rota", zone: str = "Etc/UTC") -> Schedule:
    saved: Schedule = place.desk.save(Schedule("", name, zone, layers, team_ids=(place.team.id,)))
    return saved


def daily(place: Place, *names: str, **more: Any) -> Layer:
    start = parse_iso("2026-01-01T09:00:00+00:00")
    users = tuple(place.people[one].id for one in names)
    return Layer("", "Days", start, None, start, 86_400, users, **more)


def turns(html: str) -> list[str]:
    part = html.partition('id="h-turns"')[2].partition("</section>")[0]
    return [words(one) for one in re.findall(r'<li class="row turn-row .*?</li>', part, re.DOTALL)]


def on_call(place: Place, schedule: Schedule, at: Moment) -> list[str]:
    config = place.desk.config()
    found = who_is_on_call(config.schedules[schedule.id], config.exceptions_of.get(schedule.id, ()), at)
    return sorted(config.users[one].name for one in found)


# --- one schedule over days ---------------------------------------------------------------------------------------


def test_a_day_is_drawn_and_listed(place: Place) -> None:
    one = made(place, daily(place, "alice", "bob"))
    html = place.client("mallory").get(f"/schedules/{one.id}?view=day&from=2026-01-08").text
    assert "Thursday, 8 January 2026" in html
    found = turns(html)
    assert len(found) == 2
    assert found[0].startswith("Wed 7 Jan 09:00 – Thu 8 Jan 09:00")
    assert "Bob" in found[1] + found[0]
    assert "Override" not in found[0], "whoever only looks is offered nothing"
    picture = html.partition("data-cal ")[2]
    assert picture.count('class="blk turn') == 4, "the final row and the layer"
    assert "Alice, " in picture


@pytest.mark.parametrize(("view", "days"), [("weeks", 14), ("month", 31), ("day", 1), ("wrong", 14)])
def test_each_view_has_its_days_and_neighbours(place: Place, view: str, days: int) -> None:
    one = made(place, daily(place, "alice"))
    browser = place.client("alice")
    html = browser.get(f"/schedules/{one.id}?view={view}&from=2026-03-18").text
    if days == 1:
        marks = html.partition('<div class="row-pic hours">')[2].partition("</div>")[0]
        assert re.findall(r"<text[^>]*>([^<]+)", marks) == [f"{hour:02}:00" for hour in range(0, 24, 3)]
    else:
        labels = html.partition('<div class="cal-days')[2].partition("</div>")[0]
        assert labels.count("<span") == days
    links = dict(re.findall(r'rel="(prev|next)" href="([^"]+)"', html))
    for link in links.values():
        assert browser.get(link.replace("&amp;", "&")).status_code == 200
    assert {"weeks": "2026-03-30", "month": "2026-04-01", "day": "2026-03-19", "wrong": "2026-03-30"}[view] in links[
        "next"
    ]


@pytest.mark.parametrize("typed", ["nonsense", "9999-12-31", "0001-01-01", "2026-13-45", "", "-1"])
def test_a_day_that_is_none_is_today(place: Place, typed: str) -> None:
    one = made(place, daily(place, "alice"))
    page = place.client("alice").get(f"/schedules/{one.id}", params={"from": typed, "view": "weeks"})
    assert page.status_code == 200
    assert "5 January – 18 January 2026" in page.text


def test_days_of_23_and_25_hours_are_marked_and_both_zones_named(place: Place) -> None:
    one = made(place, daily(place, "alice"), zone="Europe/Berlin")
    browser = place.client("alice")
    spring = browser.get(f"/schedules/{one.id}?view=month&from=2026-03-01&zone=schedule").text
    assert "Sun 29 has 23 hours" in spring
    assert "Times in Europe/Berlin" in spring
    assert "show yours, UTC" in spring
    assert "Sun 25 has 25 hours" in browser.get(f"/schedules/{one.id}?view=month&from=2026-10-01&zone=schedule").text
    mine = browser.get(f"/schedules/{one.id}?view=month&from=2026-03-01").text
    assert "has 23 hours" not in mine
    assert "show the schedule’s, Europe/Berlin" in words(mine)
    assert ">Berlin</span>: " in mine


def test_a_gap_leads_to_its_cover_and_off_hours_are_none(place: Place) -> None:
    nights = (Restriction(RestrictionKind.DAILY, 0, 20 * 3600),)
    one = made(place, daily(place, "alice", restrictions=nights))
    html = place.client("alice").get(f"/schedules/{one.id}").text
    start = parse_iso("2026-01-06T20:00:00+00:00") // SECOND
    path = f"/schedules/{one.id}/override?from={start}&amp;until={start + 4 * 3600}"
    assert path in html
    assert "Nobody" in turns(html)[3]
    assert 'class="blk gap' in html
    moments = re.findall(r"override\?from=(\d+)&amp;until=(\d+)", html)
    assert min(min(map(int, pair)) for pair in moments) >= NIGHT // SECOND, "what has been is not offered to be covered"
    office = (Restriction(RestrictionKind.DAILY, 9 * 3600, 8 * 3600),)
    two = made(place, daily(place, "alice", restrictions=office), name="Office")
    html = place.client("alice").get(f"/schedules/{two.id}").text
    assert 'class="blk gap' not in html
    assert "Nobody: off hours" in turns(html)[0]


def test_one_person_for_ever_has_no_end_in_sight(place: Place) -> None:
    start = NIGHT - 9 * DAY
    one = made(place, Layer("", "A", start, None, start, 7 * 86_400, (place.people["alice"].id,)))
    assert turns(place.client("alice").get(f"/schedules/{one.id}").text)[0].startswith(
        "28 Dec 2025 02:14 , no end in sight"
    )


def test_a_shift_based_schedule_shows_everybody_and_whatever_it_is_made_of(place: Place) -> None:
    alice, bob, carol = (place.people[name].id for name in ("alice", "bob", "carol"))
    event = RotationEvent(
        "", "Both", NIGHT, NIGHT + DAY, "Etc/UTC", 0, None, ("RRULE:FREQ=DAILY;INTERVAL=2",), (alice, bob), True
    )
    team = (place.team.id,)
    wanted = Schedule(
        "", "Together", "Etc/UTC", (), team_ids=team, rotations=(Rotation("", (event,)),), shift_based=True
    )
    one: Schedule = place.desk.save(wanted)
    place.desk.save(CustomShift("", one.id, carol, NIGHT, NIGHT + DAY // 2))
    html = place.client("carol").get(f"/schedules/{one.id}").text
    found = turns(html)
    assert [name in " ".join(found[1:4]) for name in ("Alice", "Bob", "Carol")] == [True] * 3
    text = words(html)
    assert "Everybody serves each shift · 1 day from 02:14" in text
    assert "every 2 days" in text
    assert "one person more" in text
    rows = [words(one) for one in re.findall(r'<span class="name (?:final|layer|overrides)"><bdi>.*?</bdi>', html)]
    assert rows == ["Final", "Both", "Custom shifts"]


def test_a_stranger_sees_no_schedule_of_others(place: Place) -> None:
    place.person("eve", Role.RESTRICTED)
    browser = place.client("eve")
    assert browser.get(f"/schedules/{place.schedule.id}").status_code == 404
    assert browser.get(f"/schedules/{place.schedule.id}/override").status_code == 404
    assert "Payments primary" not in browser.get("/schedules").text
    assert "Payments primary" not in browser.get("/on-call").text


# --- overrides ----------------------------------------------------------------------------------------------------


def override(place: Place, schedule: Schedule, who: str = "bob", **typed: str) -> Any:
    browser = place.client(who)
    page = browser.get(f"/schedules/{schedule.id}/override")
    assert page.status_code == 200
    sheet = Form(page.text, "form")
    for name, value in typed.items():
        sheet.put(name, value)
    return browser, sheet.send(browser, "")


def test_an_override_is_typed_in_either_zone_undone_and_put_back(place: Place) -> None:
    one = made(place, daily(place, "alice"), zone="Europe/Berlin")
    carol = place.people["carol"].id
    at = parse_iso("2026-01-08T11:00:00+00:00")
    for zone, start, end in (("", "11:00", "12:00"), ("schedule", "12:00", "13:00")):
        browser, done = override(
            place, one, user=carol, zone=zone, start=f"2026-01-08T{start}", end=f"2026-01-08T{end}"
        )
        assert done.status_code == 303
        assert (on_call(place, one, at), on_call(place, one, at + HOUR)) == (["Carol"], ["Alice"])
        html = browser.get(done.headers["location"]).text
        assert "The override is in force as entered." in html
        (undo,) = re.findall(r'action="(/schedules/\w+/override/\w+/end)">[^\n]*Undo', html)
        undone = browser.act(undo)
        assert on_call(place, one, at) == ["Alice"]
        html = browser.get(undone.headers["location"]).text
        fields = dict(re.findall(r'name="(user|start_at|end_at)" value="(\w+)"', html))
        assert browser.act(f"/schedules/{one.id}/override", **fields).status_code == 303
        assert on_call(place, one, at) == ["Carol"]
        (again,) = place.desk.config().overrides_of[one.id]
        assert (again.start, again.end) == (at, at + HOUR)
        browser.act(f"/schedules/{one.id}/override/{again.id}/end")


@pytest.mark.parametrize(("key", "end"), [("1h", HOUR), ("4h", 4 * HOUR), ("1d", DAY), ("1w", WEEK), ("next", 0)])
def test_one_press_takes_over_from_now_on(place: Place, key: str, end: int) -> None:
    one = made(place, daily(place, "alice", "carol"))
    _, done = override(place, one, user=place.people["bob"].id, quick=key)
    assert done.status_code == 303
    (saved,) = place.desk.config().overrides_of[one.id]
    assert saved.start == NIGHT
    assert saved.end == (NIGHT + end if end else parse_iso("2026-01-06T09:00:00+00:00"))


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"user": ""}, "Choose who takes over."),
        ({"user": "PNOBODY"}, "Choose who takes over."),
        ({"end": ""}, "Say until when"),
        ({"start": "2026-01-09T00:00", "end": "2026-01-08T00:00"}, "lies before"),
        ({"start": "soon"}, "is a time like"),
        ({"start": "2026-01-01T00:00", "end": "2026-01-02T00:00"}, "must end in the future"),
    ],
)
def test_a_refused_override_keeps_what_was_typed(place: Place, typed: dict[str, str], text: str) -> None:
    one = made(place, daily(place, "alice"))
    fields = {"user": place.people["carol"].id, "start": "", "end": "2026-01-08T12:34"} | typed
    _, refused = override(place, one, **fields)
    assert refused.status_code == 422
    assert text in refused.text
    assert not fields["end"] or f'value="{fields["end"]}"' in refused.text
    assert one.id not in place.desk.config().overrides_of


def test_who_may_cover_is_judged_by_team(place: Place) -> None:
    one = made(place, daily(place, "alice"))
    other: Team = place.desk.save(Team(id="", name="Other"))
    dave = place.person("dave", Role.RESPONDER)
    place.desk.save(Membership(team_id=other.id, user_id=dave.id, role=TeamRole.MANAGER))
    _, done = override(place, one, user=place.people["bob"].id, quick="1d")
    assert done.status_code == 303
    (saved,) = place.desk.config().overrides_of[one.id]
    for who in ("dave", "mallory"):
        browser = place.client(who)
        assert browser.get(f"/schedules/{one.id}/override").status_code == 404
        sent = browser.act(f"/schedules/{one.id}/override", user=dave.id, quick="1h")
        assert sent.status_code in (403, 404)
        assert browser.act(f"/schedules/{one.id}/override/{saved.id}/end").status_code == 403
        assert "/override" not in browser.get(f"/schedules/{one.id}").text
    assert place.desk.config().overrides_of[one.id] == (saved,)


def test_an_override_of_another_schedule_is_not_ended_here(place: Place) -> None:
    one, two = made(place, daily(place, "alice")), made(place, daily(place, "alice"), name="Other")
    saved = place.desk.save(Override("", two.id, place.people["bob"].id, NIGHT, NIGHT + DAY, NIGHT))
    assert place.client("erin").act(f"/schedules/{one.id}/override/{saved.id}/end").status_code == 404
    assert place.client("erin").act(f"/schedules/{one.id}/override/PNONE/end").status_code == 404


def test_what_was_served_of_an_override_stays(place: Place) -> None:
    one = made(place, daily(place, "alice"))
    override(place, one, user=place.people["carol"].id, quick="1d")
    (saved,) = place.desk.config().overrides_of[one.id]
    place.desk.advance(HOUR)
    place.client("bob").act(f"/schedules/{one.id}/override/{saved.id}/end")
    assert (on_call(place, one, NIGHT + MINUTE), on_call(place, one, NIGHT + HOUR)) == (["Carol"], ["Alice"])


# --- the list -----------------------------------------------------------------------------------------------------


def test_an_empty_list_makes_a_weekly_rotation_in_one_line(place: Place) -> None:
    browser = place.client("erin")
    sheet = Form(browser.get("/schedules").text, "weekly")
    assert ("start", "2026-01-12T09:00") in sheet.fields, "the next Monday at nine"
    alice, bob = place.people["alice"].id, place.people["bob"].id
    done = sheet.put("user", alice, bob).put("name", "Weekly").put("team", place.team.id).send(browser, "")
    assert done.status_code == 303
    (one,) = (one for one in place.desk.config().schedules.values() if one.name == "Weekly")
    start = parse_iso("2026-01-12T09:00:00+00:00")
    assert [on_call(place, one, start + week * WEEK) for week in range(3)] == [["Alice"], ["Bob"], ["Alice"]]
    assert on_call(place, one, NIGHT) == ["Bob"], "nobody waits until Monday for somebody to be on call"
    refused = sheet.put("user").send(browser, "")
    assert (refused.status_code, "Choose at least one person" in refused.text) == (422, True)


def test_the_list_says_what_each_is_and_who_calls_it(tmp_path: Any) -> None:
    place = schedule_scene.schedules(tmp_path)
    browser = place.client("alice")
    first = words(browser.get("/schedules").text)
    assert "58 of 58 schedules" in first
    assert first.index("Zahlungen primär") < first.index("Warehouse 00"), "one's own first"
    assert "layered, 2 layers" in first
    assert "shift-based, 3 rotations" in first
    assert "Settlement" in first
    pages = [browser.get(f"/schedules?page={number}").text for number in (1, 2, 3)]
    names = [name for page in pages for name in re.findall(r'class="title" href="[^"]+"><bdi>([^<]+)', page)]
    assert len(names) == len(set(names)) == 58
    assert "1 of 58 schedules" in words(browser.get("/schedules?q=zahlung").text)
    assert "No schedule has “nope” in its name." in browser.get("/schedules?q=nope").text
    place.close()


def test_now_and_next_of_sixty_schedules_can_be_read(tmp_path: Any) -> None:
    place = schedule_scene.schedules(tmp_path)
    browser = place.client("alice")
    html = browser.get("/on-call").text
    titles = re.findall(r'<h2 id="g-\d+"><bdi>([^<]+)', html)
    assert titles[0] == "Yours"
    assert "58 of 58 schedules" in words(html)
    assert html.count('class="row watch-row detailed"') == 25
    second, third = (browser.get(f"/on-call?page={number}").text for number in (2, 3))
    assert (second.count('class="row watch-row detailed"'), third.count('class="row watch-row detailed"')) == (25, 8)
    assert "No team" in third
    found = words(browser.get("/on-call?q=payments").text)
    assert "Payments primary" in found
    assert "Warehouse 01" not in found
    assert "Named directly by policies" in found
    assert "B Bob Payments , level 2" in found
    assert "No schedule and no team has “xyz” in its name." in browser.get("/on-call?q=xyz").text
    place.close()


def test_whoever_can_not_be_reached_is_named(place: Place) -> None:
    one = made(place, daily(place, "alice"))
    policy = policy_of(place, "Calls", (5, one))
    for contact in place.desk.config().contacts_of[place.people["alice"].id]:
        place.desk.save(replace(contact, enabled=False), "enabled")
    html = place.client("bob").get("/on-call?q=rota").text
    assert "can’t be reached" in html
    assert f'href="/policies/{policy.id}"' in html
    assert f'href="/schedules/{one.id}/override"' in html


def test_a_schedule_offers_its_calendar_address(place: Place) -> None:
    one = made(place, daily(place, "alice"))
    browser = place.client("alice")
    html = browser.get(f"/schedules/{one.id}").text
    assert f'name="subject" value="schedule:{one.id}"' in html
    made_ = browser.act("/calendar-feeds", subject=f"schedule:{one.id}", back=f"/schedules/{one.id}")
    assert made_.status_code == 200
    assert "not fetched yet" in browser.get(f"/schedules/{one.id}").text


def test_ones_own_shifts_lead_to_asking_for_cover(place: Place) -> None:
    one = made(place, daily(place, "alice", "bob"))
    browser = place.client("alice")
    paths = re.findall(r'href="(/my-shifts/ask[^"#]+)', browser.get(f"/schedules/{one.id}").text)
    assert len(paths) == 7, "every other day of those that are not over"
    for path in paths[:2]:
        assert browser.get(path.replace("&amp;", "&")).status_code == 200
    assert "/my-shifts/ask" not in place.client("carol").get(f"/schedules/{one.id}").text


def test_a_schedule_cut_very_small_is_shown_in_part_and_says_so(place: Place) -> None:
    users = (place.people["alice"].id, place.people["bob"].id)
    layers = (Layer("", f"L{n}", NIGHT, None, NIGHT, 3600, users) for n in range(30))
    one = made(place, *layers)
    html = place.client("alice").get(f"/schedules/{one.id}?view=month&from=2026-02-01").text
    assert html.count('class="blk') <= 1500
    assert "turns are not drawn: choose fewer days." in html
    assert re.search(r"And 52\d more: choose fewer days.", html)
    assert len(html) < 1_500_000


def test_a_gap_that_runs_is_told_once(place: Place) -> None:
    soon = NIGHT + 2 * HOUR
    layer = Layer("", "Days", soon, NIGHT + 3 * DAY, soon, 86_400, (place.people["bob"].id,))
    one = made(place, layer, name="Runs dry")
    found = words(place.client("alice").get(f"/schedules/{one.id}").text.partition('id="p-watch"')[2])
    assert "Nobody until 04:14 B Bob from 04:14 Nobody, Fri 02:14 – " in found


def test_a_block_shows_what_it_has_room_for(place: Place) -> None:
    six = daily(place, "alice")
    short = replace(six, turn_length_seconds=6 * 3600, user_ids=(place.people["alice"].id, place.people["carol"].id))
    one = made(place, short)
    browser = place.client("alice")
    picture = browser.get(f"/schedules/{one.id}?view=weeks").text.partition("data-cal ")[2].partition("</section>")[0]
    assert '<div class="t" translate="no">A</div>' in picture, "initials in a quarter of a day"
    assert '<div class="t" >Alice</div>' not in picture
    assert "Alice, Tue" in words(picture) or "Alice, " in picture, "the title says all"
    picture = browser.get(f"/schedules/{one.id}?view=day").text.partition("data-cal ")[2].partition("</section>")[0]
    assert re.search(r'<div class="t" >Alice</div><div class="t at">\d\d:\d\d–\d\d:\d\d', picture)


def test_the_same_hours_of_several_days_are_told_as_one(place: Place) -> None:
    week = [Restriction(RestrictionKind.WEEKLY, 7 * 3600, 14 * 3600, day) for day in (1, 2, 3, 4, 5)]
    nights = [Restriction(RestrictionKind.WEEKLY, 21 * 3600, 10 * 3600, day) for day in (1, 4)]
    rest = Restriction(RestrictionKind.WEEKLY, 9 * 3600, 46 * 3600, 6)
    one = made(place, daily(place, "alice", restrictions=(*week, *nights, rest)))
    text = words(place.client("alice").get(f"/schedules/{one.id}").text)
    assert "Mon–Fri 07:00–21:00 · Mon, Thu 21:00–07:00 · every week Sat 09:00 – Mon 07:00" in text
