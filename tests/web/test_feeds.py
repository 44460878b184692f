"""Calendar feeds: a secret address shows who is on call, to whoever has it, as long as its owner may see it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from tests.stations.oncall import plans, shift_plans
from tests.web.place import NIGHT, Browser, Place
from tests.web.test_hostile_text import shape
from tests.web.test_incident_pages import words
from tocsin.directory.feeds import FEEDS, CalendarFeed, FeedSubject
from tocsin.directory.model import Membership, Role, TeamRole, User
from tocsin.engine.config import Config
from tocsin.engine.feeds import schedules_of
from tocsin.engine.people import on_call
from tocsin.engine.things import DeleteThing
from tocsin.kernel.errors import Invalid, NotAllowed
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, from_datetime, to_datetime
from tocsin.oncall import Exceptions, Override, Schedule
from tocsin.runtime.feeds import FETCHES, WRONG, Made, Shelf, digest_of
from tocsin.web.calendars.ics import written
from tocsin.web.calendars.serving import AHEAD, BEHIND, EVENTS, calendar_of


def made(browser: Browser, subject: str) -> str:
    """The path of a new address, as its page shows it."""
    answer = browser.act("/calendar-feeds", subject=subject, back="/my-shifts")
    assert answer.status_code == 200, answer.text
    return shown(answer.text)


def shown(html: str) -> str:
    found = re.findall(r'<code class="secret">https://tocsin\.example(/calendar/[0-9a-f]{40}\.ics)</code>', html)
    assert len(found) == 1
    return str(found[0])


def events(body: bytes) -> dict[str, Any]:
    """The events of a calendar by UID, as a real parser reads them."""
    calendar: Any = Calendar.from_ical(body)
    assert not calendar.errors
    found = {str(one["uid"]): one for one in calendar.walk("VEVENT")}
    assert len(found) == len(calendar.walk("VEVENT")), "no two events have a UID"
    return found


def times(event: Any) -> tuple[datetime, datetime]:
    return event.decoded("dtstart"), event.decoded("dtend")


@pytest.fixture
def rota(place: Place) -> Schedule:
    """Alice and Bob by days, beside the schedule on which Alice always is."""
    return place.rota("Days", "alice", "bob", start=NIGHT - NIGHT % DAY - 10 * DAY, turn=86_400)


def test_an_address_is_made_shown_once_and_read_without_a_session(place: Place, rota: Schedule) -> None:
    alice = place.client("alice")
    path = made(alice, f"schedule:{rota.id}")
    (feed,) = place.desk.config().calendar_feeds.values()
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    assert (feed.digest, feed.hint, feed.user_id) == (digest_of(secret), secret[-4:], place.people["alice"].id)
    page = alice.get("/my-shifts").text
    assert secret not in page
    assert f"…{secret[-4:]}" in page
    answer = place.client().get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    calendar: Any = Calendar.from_ical(answer.content)
    assert str(calendar["x-wr-calname"]) == str(calendar["name"]) == "On call: Days"
    assert calendar.decoded("refresh-interval").total_seconds() == 3600
    today = [one for one in events(answer.content).values() if times(one)[0] == datetime(2026, 1, 6, tzinfo=UTC)]
    assert [str(one["summary"]) for one in today] == ["Alice on call: Days"]
    assert times(today[0])[1] == datetime(2026, 1, 7, tzinfo=UTC)
    assert len(events(answer.content)) == 190 + 1, "from its first day to half a year ahead"


def test_whoever_has_it_already_is_told_so(place: Place, rota: Schedule) -> None:
    path = made(place.client("alice"), f"schedule:{rota.id}")
    browser = place.client()
    first = browser.get(path)
    again = browser.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert browser.get(path).content == first.content
    place.desk.clock.moment += 3 * HOUR
    assert browser.get(path).content == first.content, "time alone changes nothing"
    place.cover(rota, "carol", hours=2)
    changed = browser.get(path, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_shift_keeps_its_name_whatever_becomes_of_others(place: Place, rota: Schedule) -> None:
    path = made(place.client("alice"), f"schedule:{rota.id}")
    browser = place.client()
    before = events(browser.get(path).content)
    place.desk.clock.moment += MINUTE
    tomorrow = NIGHT - NIGHT % DAY + DAY
    cover: Override = place.desk.save(
        Override("", rota.id, place.people["carol"].id, tomorrow + 6 * HOUR, tomorrow + 9 * HOUR, 0)
    )
    after = events(browser.get(path).content)
    assert before.keys() < after.keys(), "Carol's hours and the rest of Bob's day are new, all others stay"
    assert len(after) == len(before) + 2
    changed = [uid for uid in before if times(before[uid]) != times(after[uid])]
    assert [str(before[uid]["summary"]) for uid in changed] == ["Bob on call: Days"], "his day ends sooner"
    assert all(after[uid]["sequence"] > before[uid]["sequence"] for uid in changed)
    place.desk.clock.moment += MINUTE
    place.desk.run(place.as_("erin"), _gone("override", cover.id))
    last = events(browser.get(path).content)
    assert {uid: times(one) for uid, one in last.items()} == {uid: times(one) for uid, one in before.items()}
    assert all(last[uid]["sequence"] > after[uid]["sequence"] for uid in changed), "it never counts backwards"
    assert all(last[uid].decoded("last-modified") == last[uid].decoded("dtstamp") for uid in last)
    place.cover(rota, "carol", hours=2)
    same = events(browser.get(path).content)
    kept = same.keys() & last.keys()
    assert kept
    assert all(same[uid]["sequence"] > last[uid]["sequence"] for uid in kept), "also twice within one second"


def test_my_own_shows_mine_on_every_schedule(place: Place, rota: Schedule) -> None:
    path = made(place.client("bob"), f"person:{place.people['bob'].id}")
    found = events(place.client().get(path).content).values()
    assert {str(one["summary"]) for one in found} == {"On call: Days"}
    assert {str(one["transp"]) for one in found} == {"TRANSPARENT"}
    assert len(found) == 95
    everywhere = made(place.client("alice"), f"person:{place.people['alice'].id}")
    summaries = [str(one["summary"]) for one in events(place.client().get(everywhere).content).values()]
    assert set(summaries) == {"On call: Days", "On call: Payments primary"}


def test_a_team_s_shows_every_schedule_of_it(place: Place, rota: Schedule) -> None:
    path = made(place.client("bob"), f"team:{place.team.id}")
    found = {str(one["summary"]) for one in events(place.client().get(path).content).values()}
    assert found == {"Alice on call: Days", "Bob on call: Days", "Alice on call: Payments primary"}


def test_what_has_no_end_ends_with_the_calendar(place: Place) -> None:
    path = made(place.client("alice"), f"schedule:{place.schedule.id}")
    (one,) = events(place.client().get(path).content).values()
    assert times(one)[1] == to_datetime(NIGHT - NIGHT % DAY + DAY + AHEAD)
    place.desk.clock.moment += DAY
    (same,) = events(place.client().get(path).content).values()
    assert same["uid"] == one["uid"]


def test_a_new_address_ends_the_old_one(place: Place, rota: Schedule) -> None:
    alice = place.client("alice")
    old = made(alice, f"schedule:{rota.id}")
    (feed,) = place.desk.config().calendar_feeds.values()
    new = shown(alice.act(f"/calendar-feeds/{feed.id}/again", back="/my-shifts").text)
    assert (place.client().get(old).status_code, place.client().get(new).status_code) == (404, 200)
    answer = alice.act(f"/calendar-feeds/{feed.id}/remove", back="/my-shifts")
    assert (answer.status_code, answer.headers["location"]) == (303, "/my-shifts")
    assert place.client().get(new).status_code == 404
    assert "shows nothing any more" in words(alice.get("/my-shifts").text)


def test_it_ends_with_what_it_is_about_and_with_its_owner(place: Place, rota: Schedule) -> None:
    place.person("dave")
    member = Membership(team_id=place.team.id, user_id=place.people["dave"].id, role=TeamRole.OBSERVER)
    place.desk.save(member)
    by_team = made(place.client("dave"), f"team:{place.team.id}")
    own = made(place.client("bob"), f"person:{place.people['bob'].id}")
    of_mallory = made(place.client("mallory"), f"schedule:{rota.id}")
    browser = place.client()
    assert browser.get(by_team).status_code == 200
    place.desk.run(place.as_("erin"), _gone("membership", member.id))
    assert browser.get(by_team).status_code == 404
    place.desk.save(member)
    assert browser.get(by_team).status_code == 404, "who comes back makes a new one"
    assert browser.get(own).status_code == 200
    place.desk.save(replace(place.people["mallory"], active=False), "active")
    assert browser.get(of_mallory).status_code == 404, "it does not come back when the person does"
    place.desk.run(place.as_("erin"), _gone("user", place.people["mallory"].id))
    assert browser.get(of_mallory).status_code == 404
    place.desk.run(place.as_("erin"), _gone("schedule", rota.id))
    assert browser.get(own).status_code == 200
    assert not events(browser.get(own).content)


def _gone(kind: str, thing_id: str) -> DeleteThing:
    return DeleteThing(thing_kind=kind, thing_id=thing_id)


def test_nobody_subscribes_to_what_they_may_not_see(place: Place, rota: Schedule) -> None:
    place.person("rita", Role.RESTRICTED)
    rita, mallory = place.client("rita"), place.client("mallory")
    assert rita.act("/calendar-feeds", subject=f"schedule:{rota.id}").status_code == 422
    assert rita.act("/calendar-feeds", subject=f"person:{place.people['bob'].id}").status_code == 422
    assert mallory.act("/calendar-feeds", subject=f"team:{place.team.id}").status_code == 422
    assert mallory.act("/calendar-feeds", subject="everything:1").status_code == 422
    path = made(mallory, f"schedule:{rota.id}")
    (feed,) = place.desk.config().calendar_feeds.values()
    assert place.client("alice").act(f"/calendar-feeds/{feed.id}/remove").status_code == 404
    assert place.client("alice").act(f"/calendar-feeds/{feed.id}/again").status_code == 404
    with pytest.raises(NotAllowed):
        place.desk.run(place.as_("alice"), _gone("calendar_feed", feed.id))
    place.desk.save(replace(place.people["mallory"], role=Role.RESTRICTED), "role")
    assert place.client().get(path).status_code == 410, "it shows no more than its owner sees"


def test_it_stays_about_what_it_was_made_for_and_they_are_not_endless(place: Place, rota: Schedule) -> None:
    me = place.people["alice"].id
    feed = CalendarFeed(id="", user_id=me, subject=FeedSubject.PERSON, subject_id=me, digest=digest_of("0"))
    saved = place.desk.save(feed)
    with pytest.raises(Invalid, match="stays about"):
        place.desk.save(replace(saved, subject=FeedSubject.SCHEDULE, subject_id=rota.id), "subject", "subject_id")
    with pytest.raises(Invalid, match="in use"):
        place.desk.save(feed)
    for number in range(1, FEEDS):
        place.desk.save(replace(feed, digest=digest_of(str(number))))
    with pytest.raises(Invalid, match="at most"):
        place.desk.save(replace(feed, digest=digest_of("x")))


def test_guessing_and_hammering_are_slowed_down(place: Place, rota: Schedule) -> None:
    path = made(place.client("alice"), f"schedule:{rota.id}")
    browser = place.client()
    for number in range(WRONG.most):
        assert browser.get(f"/calendar/{number:040x}.ics").status_code == 404
    slowed = browser.get(f"/calendar/{1:040x}.ics")
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "900")
    for _ in range(FETCHES.most):
        assert browser.get(path).status_code == 200, "who has a good address does not suffer for that"
    assert browser.get(path).status_code == 429
    place.desk.clock.moment += FETCHES.window + SECOND
    assert browser.get(path).status_code == 200
    assert browser.get(f"/calendar/{'é' * 300}.ics").status_code == 404


def test_its_page_says_when_it_was_fetched_and_by_what(place: Place, rota: Schedule) -> None:
    alice = place.client("alice")
    path = made(alice, f"schedule:{rota.id}")
    assert "not fetched yet" in words(alice.get("/my-shifts").text)
    place.client().get(path, headers={"user-agent": "<b>Calendars</b>/7"})
    place.desk.clock.moment += 5 * MINUTE
    html = alice.get("/my-shifts").text
    assert "fetched 5 min ago" in words(html)
    assert "&lt;b&gt;Calendars&lt;/b&gt;/7" in html
    place.client().get(path, headers={"user-agent": "Outlook"})
    assert "fetched 0 s ago Outlook" in words(alice.get("/my-shifts").text)


def test_the_history_shows_no_secret(place: Place, rota: Schedule) -> None:
    made(place.client("alice"), f"schedule:{rota.id}")
    (feed,) = place.desk.config().calendar_feeds.values()
    html = place.client("erin").get("/audit?kind=calendar_feed").text
    assert "Alice" in html
    assert feed.digest not in html


def test_words_are_in_the_language_of_who_made_it(place: Place, rota: Schedule) -> None:
    alice = place.client("alice")
    alice.headers["accept-language"] = "de"
    path = made(alice, f"schedule:{rota.id}")
    (feed,) = place.desk.config().calendar_feeds.values()
    assert feed.language == "de"
    first = place.client().get(path).content
    english = place.client()
    english.headers["accept-language"] = "en"
    assert english.get(path).content == first, "whoever fetches it changes nothing"


@pytest.mark.parametrize("name", ["a, b; c\\ d", "שירות 🔥", "BEGIN:VEVENT", "x" * 250, "<script>alert(1)</script>"])
def test_odd_names_are_carried_whole(place: Place, rota: Schedule, name: str) -> None:
    place.desk.save(replace(rota, name=name), "name")
    answer = place.client("bob").act("/calendar-feeds", subject=f"schedule:{rota.id}")
    assert not shape(answer.text).running or all("webcal" in one for one in shape(answer.text).running)
    body = place.client().get(shown(answer.text)).content
    calendar: Any = Calendar.from_ical(body)
    assert re.sub(r"\\(.)", r"\1", str(calendar["name"])) == f"On call: {name}"
    assert {str(one["summary"]) for one in events(body).values()} == {f"Alice on call: {name}", f"Bob on call: {name}"}
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))


def test_many_shifts_are_cut_and_it_says_so(place: Place) -> None:
    hourly = place.rota("Hourly", "alice", "bob", start=NIGHT - 40 * DAY, turn=3600)
    path = made(place.client("alice"), f"schedule:{hourly.id}")
    body = place.client().get(path).content
    assert len(events(body)) == EVENTS
    calendar: Any = Calendar.from_ical(body)
    assert "It ends at 2026-02-0" in str(calendar["x-wr-caldesc"])


def test_what_was_written_out_is_kept_within_bounds() -> None:
    first, second = (
        CalendarFeed(id=one, user_id="U", subject=FeedSubject.PERSON, subject_id="U", digest="") for one in "AB"
    )
    shelf = Shelf(most=10)
    shelf.put(first, Made(1, 7, "x", 0, b"12345"))
    shelf.put(second, Made(1, 7, "y", 0, b"12345"))
    assert shelf.find(first, 1, 7) is not None
    assert shelf.find(first, 2, 7) is None, "something has changed since"
    assert shelf.find(first, 1, 8) is None, "it is another day"
    shelf.put(first, Made(2, 7, "z", 0, b"123456"))
    assert shelf.find(second, 1, 7) is None, "asked for longest ago"
    assert shelf.find(first, 2, 7) == Made(2, 7, "z", 0, b"123456")


def test_a_head_request_is_answered_too(place: Place, rota: Schedule) -> None:
    path = made(place.client("alice"), f"schedule:{rota.id}")
    got, headed = place.client().get(path), place.client().head(path)
    assert (headed.status_code, headed.headers["etag"]) == (200, got.headers["etag"])
    assert place.client().post(path).status_code == 405


# -- P9: what a calendar shows is what the engine does


ALICE = User(id=plans.ALICE, name="Alice", email="alice@example.com", role=Role.OWNER)


def agrees(plan: Schedule, exceptions: Exceptions, centre: Moment, data: st.DataObject) -> None:
    things: dict[str, dict[str, Any]] = {
        "user": {ALICE.id: ALICE},
        "schedule": {plan.id: plan},
        "override": {one.id: one for one in exceptions if isinstance(one, Override)},
        "custom_shift": {one.id: one for one in exceptions if not isinstance(one, Override)},
    }
    config = Config(things, 1)
    everybody = CalendarFeed(
        id="F", user_id=ALICE.id, subject=FeedSubject.SCHEDULE, subject_id=plan.id, digest="", language="en"
    )
    mine = replace(everybody, subject=FeedSubject.PERSON, subject_id=ALICE.id)
    now = centre // SECOND * SECOND
    found = schedules_of(config, everybody)
    assert found == [plan]
    text = calendar_of(config, everybody, found, now)
    assume(len(text.events) <= 300)  # for speed only: reading thousands takes seconds
    read = [(from_datetime(times(one)[0]), from_datetime(times(one)[1]), str(one["summary"]))
            for one in events(written(text, now)).values()]  # fmt: skip
    own = calendar_of(config, mine, schedules_of(config, mine) or [], now)
    edges = [edge for start, end, _ in read for edge in (start, end - SECOND)] or [now]
    since, until = now // DAY * DAY - BEHIND, now // DAY * DAY + DAY + AHEAD
    seconds = st.integers(since // SECOND, until // SECOND - 1).map(lambda second: second * SECOND)
    for moment in data.draw(st.lists(st.one_of(st.sampled_from(edges), seconds), min_size=8, max_size=8)):
        if not since <= moment < until:
            continue
        engine = on_call(config, plan.id, moment)
        names = sorted("Alice" if one == ALICE.id else "A removed person" for one in engine)
        shown_ = sorted(summary.partition(" on call")[0] for start, end, summary in read if start <= moment < end)
        assert shown_ == names
        assert (ALICE.id in engine) == any(one.start <= moment < one.end for one in own.events)


P9 = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@P9
@given(case=plans.cases(), data=st.data())
def test_a_layered_schedule_s_calendar_is_what_the_engine_thinks(case: plans.Case, data: st.DataObject) -> None:
    agrees(case.schedule, case.overrides, case.since, data)


@P9
@given(case=shift_plans.cases(), data=st.data())
def test_a_shift_based_schedule_s_too(case: shift_plans.Case, data: st.DataObject) -> None:
    agrees(case.schedule, case.exceptions, case.since, data)
