"""My shifts: when I am on call, in my zone and the schedule's; asking others for cover, and answering them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.web import shifts_scene
from tests.web.place import NIGHT, Place
from tests.web.shifts_scene import MONDAY
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.directory.model import Role, Team
from tocsin.engine.people import on_call
from tocsin.engine.things import DeleteThing
from tocsin.kernel.time import DAY, HOUR, Moment, iso
from tocsin.oncall import CoverRequest, Override, RequestState, Schedule

FRIDAY: Moment = MONDAY + 4 * DAY


@pytest.fixture
def rota(place: Place) -> Schedule:
    """Days from midnight: Alice, Bob, Carol; Tuesday the 6th, when it is now, is Alice's."""
    return place.rota("Days", "bob", "alice", "carol", start=MONDAY - 30 * DAY, turn=86_400)


@pytest.fixture
def rostered(tmp_path: Path) -> Iterator[Place]:
    made = shifts_scene.rostered(tmp_path)
    yield made
    made.close()


def panel(html: str, heading: str) -> str:
    """The words of the section with this id of its heading."""
    return words(html.partition(f'id="h-{heading}"')[2].partition("</section>")[0])


def ask(place: Place, rota: Schedule, who: str, at: Moment, **fields: Any) -> Any:
    browser = place.client(who)
    page = browser.get(f"/my-shifts/ask?schedule={rota.id}&at={iso(at)}")
    assert page.status_code == 200, page.text
    sent = dict(re.findall(r'<input type="hidden" name="(once|schedule|at)" value="([^"]*)"', page.text))
    return browser.act("/my-shifts/ask", **{**sent, **fields})


def requests(place: Place) -> list[CoverRequest]:
    return sorted(place.desk.config().cover_requests.values(), key=lambda one: one.created_at)


def test_who_gets_no_message_of_a_request_is_named_before_one_asks(place: Place, rota: Schedule) -> None:
    path = f"/my-shifts/ask?schedule={rota.id}&at={iso(FRIDAY)}"
    assert "No message about this" not in place.client("alice").get(path).text
    place.site = replace(place.site, ways_to_send=lambda: ("voice",))
    told = words(place.client("alice").get(path).text)
    assert "No message about this reaches Bob and Carol: what they are told by is not set up here." in told
    place.site = replace(place.site, ways_to_send=lambda: ("sms",))
    assert "No message about this" not in place.client("alice").get(path).text, "a text says it where mail can't"


# -- what stands there


def test_shifts_stand_in_my_zone_and_in_the_schedule_s(rostered: Place) -> None:
    html = rostered.client("alice").get("/my-shifts").text
    ids = shifts_scene.places(rostered)
    nights = panel(html, ids["night"])
    assert "its times are in America/New_York" in nights
    assert "Thu 8 Jan 02:00 – Fri 9 Jan 02:00 there Wed 7 Jan 20:00 – Thu 8 Jan 20:00 24 h 8 h at night" in nights
    weeks = panel(html, ids["week"])
    assert "Mon 12 Jan 09:00 – Mon 19 Jan 09:00 168 h 56 h at night weekend after Carol , then Bob" in weeks
    assert "there" not in weeks
    assert "you asked about it" in weeks


def test_what_is_now_what_is_by_an_override_and_who_comes_next(place: Place, rota: Schedule) -> None:
    place.desk.save(Override("", rota.id, place.people["alice"].id, FRIDAY + 20 * HOUR, FRIDAY + 23 * HOUR, 0))
    told = panel(place.client("alice").get("/my-shifts").text, rota.id)
    assert "Tue 6 Jan 00:00 – Wed 7 Jan 00:00 now 24 h 8 h at night after Bob , then Carol" in told
    assert "Fri 9 Jan 20:00 – 23:00 3 h 1 h at night override after Alice" not in told
    assert "Fri 9 Jan 00:00 – Sat 10 Jan 00:00" in told, "her own day goes on through her own override"
    bob = panel(place.client("bob").get("/my-shifts").text, rota.id)
    assert "Thu 8 Jan 00:00 – Fri 9 Jan 00:00 24 h 8 h at night after Carol , then Alice" in bob


def test_nobody_after_me_is_said(place: Place) -> None:
    gappy = place.rota("Once", "bob", start=NIGHT + DAY, turn=86_400)
    ending = replace(gappy.layers[0], end=NIGHT + 2 * DAY)
    place.desk.save(replace(gappy, layers=(ending,)), "layers")
    told = panel(place.client("bob").get("/my-shifts").text, gappy.id)
    assert "nobody before you, nobody after you" in told


def test_a_month_and_its_totals(place: Place, rota: Schedule) -> None:
    bob = place.client("bob")
    html = bob.get("/my-shifts?month=2026-02").text
    told = words(html)
    assert "February 2026" in told
    days = [one for one in range(28) if on_call(place.desk.config(), rota.id, _february(one)) == (_id(place, "bob"),)]
    assert f"On call {24 * len(days)} h" in told
    weekend = sum(1 for one in days if one % 7 in (6, 0))
    assert f"on {weekend} days" in told, "1 February 2026 is a Sunday"
    assert 'href="/my-shifts?month=2026-01"' in html
    assert 'href="/my-shifts?month=2026-03"' in html
    assert "Ask for cover:" in html
    past = bob.get("/my-shifts?month=2025-12").text
    assert "Sat, 6 Dec 2025" in words(past)
    assert "Ask for cover:" not in past
    assert "No shift in January 2024." in words(bob.get("/my-shifts?month=2024-01").text)
    for odd in ("", "2026-13", "x", "2026-02'", "1999-01"):
        assert "January 2026" in words(bob.get(f"/my-shifts?month={odd}").text)


def _february(day: int) -> Moment:
    return MONDAY + (27 + day) * DAY + HOUR


def _id(place: Place, name: str) -> str:
    return place.people[name].id


def test_who_is_on_no_schedule_learns_what_this_page_is_for(place: Place) -> None:
    told = words(place.client("mallory").get("/my-shifts").text)
    assert "You are on no schedule." in told
    assert "Nothing waits for an answer." in told


def test_how_i_am_reached_stands_beside(place: Place, rota: Schedule) -> None:
    bob = place.client("bob")
    assert "Text +12025550101 at once Phone call +12025550101 after 2 min" in panel(
        bob.get("/my-shifts").text, "reached"
    )
    for contact in place.desk.config().contacts_of[_id(place, "bob")]:
        place.desk.run(place.as_("bob"), DeleteThing(thing_kind="contact_method", thing_id=contact.id))
    assert "Nothing can reach you." in panel(bob.get("/my-shifts").text, "reached")


# -- asking and answering


def test_cover_from_question_to_answer(place: Place, rota: Schedule) -> None:
    answer = ask(
        place, rota, "alice", FRIDAY, start="2026-01-09T08:00", end="2026-01-09T20:00", to=_id(place, "bob"),
        message="My sister marries.",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/my-shifts#requests")
    (made,) = requests(place)
    assert (made.start, made.end, made.to_id) == (FRIDAY + 8 * HOUR, FRIDAY + 20 * HOUR, _id(place, "bob"))
    alice, bob = place.client("alice"), place.client("bob")
    assert "You asked Bob Fri 9 Jan 08:00 – 20:00 Days My sister marries." in panel(
        alice.get("/my-shifts").text, "mine"
    )
    told = panel(bob.get("/my-shifts").text, "to-me")
    assert "Alice asks for cover Fri 9 Jan 08:00 – 20:00 Days My sister marries. You take 12 h." in told
    assert "On call in the week from Mon 5 Jan: 84 h instead of 72 h." in told
    assert "Take it" not in place.client("carol").get("/my-shifts").text
    assert bob.act(f"/my-shifts/requests/{made.id}/accept").status_code == 303
    assert on_call(place.desk.config(), rota.id, FRIDAY + 9 * HOUR) == (_id(place, "bob"),)
    assert "You have the shift. Who asked is told." in words(bob.get("/my-shifts").text)
    assert "Taken by Bob" in panel(alice.get("/my-shifts").text, "closed")
    again = bob.act(f"/my-shifts/requests/{made.id}/accept")
    assert again.status_code == 303, "pressed twice, it is the same answer"


def test_a_form_that_is_sent_twice_asks_once(place: Place, rota: Schedule) -> None:
    browser = place.client("alice")
    page = browser.get(f"/my-shifts/ask?schedule={rota.id}&at={iso(FRIDAY)}").text
    sent = dict(re.findall(r'name="(once|schedule|at)" value="([^"]*)"', page))
    sent |= {"start": "2026-01-09T00:00", "end": "2026-01-10T00:00", "to": ""}
    assert [browser.act("/my-shifts/ask", **sent).status_code for _ in range(2)] == [303, 303]
    (made,) = requests(place)
    assert (made.start, made.end) == (FRIDAY, FRIDAY + DAY)


def test_what_was_left_as_it_was_is_the_very_edge(place: Place, rota: Schedule) -> None:
    """A shift that began at a second, or runs, is asked about from there and not from its minute."""
    odd = FRIDAY + 7 * HOUR + 13_000_007
    place.desk.save(Override("", rota.id, _id(place, "bob"), odd, FRIDAY + 9 * HOUR, 0))
    page = place.client("bob").get(f"/my-shifts/ask?schedule={rota.id}&at={iso(odd)}").text
    assert 'value="2026-01-09T07:00"' in page
    ask(place, rota, "bob", odd, start="2026-01-09T07:00", end="2026-01-09T09:00")
    (made,) = requests(place)
    assert made.start == odd
    running = ask(place, rota, "alice", NIGHT, start="2026-01-06T02:14", end="2026-01-07T00:00")
    assert running.status_code == 303
    assert requests(place)[-1].start == place.desk.clock.now()


def test_a_swap_from_offer_to_answer(place: Place, rota: Schedule) -> None:
    page = place.client("alice").get(f"/my-shifts/ask?schedule={rota.id}&at={iso(FRIDAY)}").text
    offers = re.findall(r'<option value="([^"]+)" ?>(Bob: [^<]+)<', page)
    assert offers[0][1] == "Bob: Thu 8 Jan 00:00 – Fri 9 Jan 00:00 (24 h)"
    answer = ask(
        place, rota, "alice", FRIDAY, kind="swap", other=offers[1][0], start="2026-01-09T00:00", end="2026-01-10T00:00"
    )
    assert answer.status_code == 303
    (made,) = requests(place)
    sunday = MONDAY + 6 * DAY
    assert (made.return_start, made.return_end, made.to_id) == (sunday, sunday + DAY, _id(place, "bob"))
    told = panel(place.client("bob").get("/my-shifts").text, "to-me")
    assert "Alice offers a swap Fri 9 Jan 00:00 – Sat 10 Jan 00:00 Days in return Alice takes Sun 11 Jan" in told
    assert "72 h, as before" in told, "a day for a day within the week"
    place.client("bob").act(f"/my-shifts/requests/{made.id}/accept")
    config = place.desk.config()
    assert on_call(config, rota.id, FRIDAY + HOUR) == (_id(place, "bob"),)
    assert on_call(config, rota.id, sunday + HOUR) == (_id(place, "alice"),)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"start": "2026-01-09T00:00", "end": "2026-01-12T00:00"}, "not on call"),
        ({"start": "soon", "end": "2026-01-10T00:00"}, "From is a time like"),
        ({"start": "2026-01-09T10:00", "end": "2026-01-09T09:00"}, "end after its start"),
        ({"start": "2026-01-09T10:00", "end": "2026-01-09T10:05"}, "quarter of an hour"),
        ({"start": "2026-01-09T10:00", "end": "2026-01-09T12:00", "to": "PNONE"}, "must be on the schedule"),
        ({"kind": "swap", "start": "2026-01-09T10:00", "end": "2026-01-09T12:00"}, "Choose the shift"),
        ({"kind": "swap", "other": "x:1:y", "start": "", "end": ""}, "Choose the shift"),
    ],
)
def test_what_is_refused_is_kept(place: Place, rota: Schedule, fields: dict[str, str], problem: str) -> None:
    answer = ask(place, rota, "alice", FRIDAY, message="Typed <b>words</b>", **fields)
    assert answer.status_code == 422
    assert problem in words(answer.text)
    assert "Typed &lt;b&gt;words&lt;/b&gt;" in answer.text
    if fields["start"]:
        assert f'value="{fields["start"]}"' in answer.text
    assert not requests(place)


def test_there_must_be_a_shift(place: Place, rota: Schedule) -> None:
    alice = place.client("alice")
    for query in ("", f"schedule={rota.id}", f"schedule={rota.id}&at=x", f"schedule=PNONE&at={iso(FRIDAY)}"):
        assert alice.get(f"/my-shifts/ask?{query}").status_code == 404
    assert alice.get(f"/my-shifts/ask?schedule={rota.id}&at={iso(FRIDAY + DAY)}").status_code == 404
    assert alice.get(f"/my-shifts/ask?schedule={rota.id}&at=9999-12-31T23:59:59Z").status_code == 404


def test_declined_and_withdrawn(place: Place, rota: Schedule) -> None:
    ask(place, rota, "alice", FRIDAY, start="2026-01-09T00:00", end="2026-01-09T12:00", to=_id(place, "bob"))
    ask(place, rota, "alice", FRIDAY, start="2026-01-09T12:00", end="2026-01-10T00:00")
    named, everybody = requests(place)
    bob, alice = place.client("bob"), place.client("alice")
    assert bob.act(f"/my-shifts/requests/{named.id}/decline").status_code == 303
    assert bob.act(f"/my-shifts/requests/{everybody.id}/decline").status_code == 303
    assert "They ask you" not in bob.get("/my-shifts").text
    assert "1 person said no" in panel(alice.get("/my-shifts").text, "mine")
    assert alice.act(f"/my-shifts/requests/{everybody.id}/withdraw").status_code == 303
    assert [one.state for one in requests(place)] == [RequestState.DECLINED, RequestState.WITHDRAWN]
    late = place.client("carol").act(f"/my-shifts/requests/{everybody.id}/accept")
    assert late.status_code == 409
    assert "It was withdrawn." in words(late.text)


def test_what_has_changed_since_is_said_before_it_is_tried(place: Place, rota: Schedule) -> None:
    ask(place, rota, "alice", FRIDAY, start="2026-01-09T00:00", end="2026-01-10T00:00", to=_id(place, "bob"))
    (made,) = requests(place)
    place.desk.save(Override("", rota.id, _id(place, "carol"), FRIDAY + HOUR, FRIDAY + 2 * HOUR, 0))
    bob = place.client("bob")
    told = panel(bob.get("/my-shifts").text, "to-me")
    assert "Alice is no longer on call for all of that time." in told
    assert "Take it" not in told
    assert "I can’t" in told
    assert bob.act(f"/my-shifts/requests/{made.id}/accept").status_code == 409


def test_other_duties_at_the_same_time_are_told(place: Place, rota: Schedule) -> None:
    place.rota("Night watch", "bob", start=NIGHT - DAY)
    ask(place, rota, "alice", FRIDAY, start="2026-01-09T00:00", end="2026-01-10T00:00", to=_id(place, "bob"))
    told = panel(place.client("bob").get("/my-shifts").text, "to-me")
    assert "At the same time on call on Night watch ." in told
    assert "as before" in told, "hours on two schedules count once"


def test_who_sees_a_request(place: Place, rota: Schedule) -> None:
    place.person("rita", Role.RESTRICTED)
    ask(place, rota, "alice", FRIDAY, start="2026-01-09T00:00", end="2026-01-09T12:00", to=_id(place, "bob"))
    (made,) = requests(place)
    path = f"/my-shifts/requests/{made.id}"
    seen = {
        who: place.client(who).get(path).status_code for who in ("alice", "bob", "carol", "erin", "mallory", "rita")
    }
    assert seen == {"alice": 200, "bob": 200, "carol": 200, "erin": 200, "mallory": 404, "rita": 404}
    for who in ("mallory", "rita"):
        assert place.client(who).act(f"{path}/accept").status_code == 404
        assert place.client(who).act(f"{path}/withdraw").status_code == 404
    assert place.client("bob").act(f"{path}/withdraw").status_code == 403
    assert place.client("alice").act(f"{path}/accept").status_code == 403
    assert place.client("bob").act(f"{path}/dance").status_code == 404
    assert place.client("bob").get("/my-shifts/requests/PNONE").status_code == 404


def test_a_manager_answers_for_somebody(place: Place, rota: Schedule) -> None:
    ask(place, rota, "alice", FRIDAY, start="2026-01-09T00:00", end="2026-01-09T12:00", to=_id(place, "bob"))
    (made,) = requests(place)
    carol = place.client("carol")
    assert "Alice , Days" in panel(carol.get("/my-shifts").text, "others")
    page = carol.get(f"/my-shifts/requests/{made.id}").text
    assert re.findall(r'<option value="\w+">(\w+)<', page) == ["Bob"]
    assert "Bob takes 12 h." in words(page)
    answer = carol.act(f"/my-shifts/requests/{made.id}/accept", **{"for": _id(place, "bob")})
    assert answer.status_code == 303
    assert on_call(place.desk.config(), rota.id, FRIDAY + HOUR) == (_id(place, "bob"),)


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_requests(place: Place, rota: Schedule, text: str) -> None:
    plain = place.client("bob").get("/my-shifts").text
    ask(
        place,
        rota,
        "alice",
        FRIDAY,
        start="2026-01-09T00:00",
        end="2026-01-09T12:00",
        to=_id(place, "bob"),
        message="x",
    )
    known = shape(place.client("bob").get("/my-shifts").text)
    assert shape(plain).tags != known.tags
    (made,) = requests(place)
    place.client("alice").act(f"/my-shifts/requests/{made.id}/withdraw")
    ask(
        place, rota, "alice", FRIDAY, start="2026-01-09T00:00", end="2026-01-09T12:00", to=_id(place, "bob"),
        message=text,
    )  # fmt: skip
    read = shape(place.client("bob").get("/my-shifts").text)
    assert read.running == []
    closed = {"div", "section", "header", "h2", "p", "a", "span", "svg", "use", "bdi"}  # the one that was withdrawn
    assert {tag: count for tag, count in read.tags.items() if tag not in closed} == {
        tag: count for tag, count in known.tags.items() if tag not in closed
    }


def test_the_page_about_me_leads_there(place: Place) -> None:
    assert 'href="/my-shifts"' in place.client("alice").get("/me").text


def test_a_swap_with_a_shift_of_another_schedule(place: Place, rota: Schedule) -> None:
    """Offered where both are fit for both: nobody is shown a schedule of another team."""
    bob, alice = _id(place, "bob"), _id(place, "alice")
    layer = replace(rota.layers[0], id="", user_ids=(bob,))
    second: Schedule = place.desk.save(Schedule("", "Second line", "Etc/UTC", (layer,), team_ids=(place.team.id,)))
    place.desk.save(Override("", second.id, alice, FRIDAY - DAY, FRIDAY, 0))
    other = place.desk.save(Team(id="", name="Warehouse"))
    place.desk.save(Schedule("", "Warehouse secrets", "Etc/UTC", (layer,), team_ids=(other.id,)))
    page = place.client("alice").get(f"/my-shifts/ask?schedule={rota.id}&at={iso(FRIDAY)}").text
    assert "Warehouse secrets" not in page
    place.desk.save(Override("", second.id, alice, FRIDAY + 2 * DAY, FRIDAY + 9 * DAY, 0))
    page = place.client("alice").get(f"/my-shifts/ask?schedule={rota.id}&at={iso(FRIDAY)}").text
    beside = [value for value, text in re.findall(r'<option value="([^"]+)" ?>(Bob: [^<]+)<', page) if "Second" in text]
    assert beside == [f"{bob}:{FRIDAY}:{FRIDAY + 2 * DAY}:{second.id}"], "it may lie at the same time"
    sent = {"kind": "swap", "other": beside[0], "start": "2026-01-09T00:00", "end": "2026-01-10T00:00"}
    assert ask(place, rota, "alice", FRIDAY, **sent).status_code == 303
    (made,) = requests(place)
    assert (made.return_schedule_id, made.return_end) == (second.id, FRIDAY + 2 * DAY)
    browser = place.client("bob")
    told = panel(browser.get("/my-shifts").text, "to-me")
    assert "Days in return Alice takes Fri 9 Jan 00:00 – Sun 11 Jan 00:00 Second line" in told
    assert "At the same time on call on Warehouse secrets ." in told, "he gives the other one away"
    browser.act(f"/my-shifts/requests/{made.id}/accept")
    config = place.desk.config()
    assert on_call(config, rota.id, FRIDAY + HOUR) == (bob,)
    assert on_call(config, second.id, FRIDAY + HOUR) == (alice,)
