"""Day one: five checks with what mends each, until all five hold or an owner hides them; ticked by what really is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.place import Place
from tests.web.scenes import empty
from tests.web.test_incident_pages import words
from tocsin.directory.model import Channel
from tocsin.engine.on_paging import ANSWERED
from tocsin.incidents.messages import Acknowledge
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import DAY, HOUR, SECOND
from tocsin.kernel.values import replace
from tocsin.oncall import Layer, Schedule
from tocsin.paging.messages import TEST_ANSWERED, AnswerByCode, AnswerMessage
from tocsin.paging.model import Answer

TITLES = (
    "A way to send",
    "A person who can be reached",
    "A schedule without gaps",
    "A monitor connected",
    "A test page answered",
)


@pytest.fixture
def first_day(tmp_path: Path) -> Iterator[Place]:
    made = empty(tmp_path)
    yield made
    made.close()


def ticks(place: Place, who: str = "erin", path: str = "/") -> dict[str, bool]:
    """Which checks stand there, and whether they hold; empty where there are none."""
    html = place.client(who).get(path).text
    found = re.findall(
        r'<li class="(done)?">.*?<p class="strong">(.*?)</p>', html.partition('class="ticks"')[2], re.DOTALL
    )
    return {title: bool(done) for done, title in found if title in TITLES}


def test_an_empty_installation_opens_on_them(first_day: Place) -> None:
    first_day.site = replace(first_day.site, ways_to_send=lambda: (Channel.WEBHOOK.value,))
    assert ticks(first_day) == dict.fromkeys(TITLES, False)
    html = first_day.client("erin").get("/").text
    for mends in ("/connections#out", "/me", "/schedules/new", "/services/new"):
        assert f'<a class="button small" href="{mends}">' in html
    assert "0 of 5 done" in words(html)


def test_each_is_ticked_by_what_is(place: Place) -> None:
    expected = dict.fromkeys(TITLES, True) | {"A monitor connected": False, "A test page answered": False}
    assert ticks(place) == expected
    alarm = place.alarm("PaymentsService", "errors")
    assert alarm is not None
    assert ticks(place) == expected | {"A monitor connected": True}, "it stays while something is on fire"
    place.desk.settle()
    place.desk.run(place.as_("alice"), Acknowledge(incident_id=alarm.id))
    assert ticks(place) == {}, "all five hold: somebody took it after a page"


def test_a_schedule_with_gaps_is_no_tick(place: Place) -> None:
    now = place.desk.clock.now()
    layer = Layer("", "Later", now + DAY, None, now + DAY, 7 * 86_400, (place.people["bob"].id,))
    wanted = Schedule(place.schedule.id, "Payments primary", "Etc/UTC", (layer,), team_ids=(place.team.id,))
    place.desk.save(wanted, "layers")
    assert ticks(place)["A schedule without gaps"] is False
    assert 'href="/readiness#p-schedules"' in place.client("erin").get("/").text


def test_a_press_sends_a_test_page_and_the_real_answer_ticks(place: Place) -> None:
    place.alarm("PaymentsService", "errors")
    place.desk.settle()
    place.desk.advance(HOUR)
    place.desk.settle()
    assert ticks(place)["A test page answered"] is False
    client = place.client("erin")
    there = client.act("/day-one/test").headers["location"]
    assert there.startswith("/?test=")
    assert "Your test On its way to the provider" in words(client.get(there).text)
    (sent,) = [one for one in place.desk.settle() if one.user_id == place.people["erin"].id and not one.incident_ids]
    assert sent.channel is Channel.SMS, "a text is tried before a call, and a call before mail"
    assert sent.code, "a text is answered by its number"
    assert ticks(place)["A test page answered"] is False, "sent is not answered"
    said = place.desk.run(
        SYSTEM,
        AnswerByCode(channel=Channel.SMS, address=sent.address, code=sent.code, answer=Answer.ACKNOWLEDGE),
    )
    assert said == TEST_ANSWERED
    assert ticks(place) == {}
    assert client.act("/day-one/test").status_code in (303, 429)


def test_a_test_page_is_answered_by_its_link(place: Place) -> None:
    place.site = replace(place.site, ways_to_send=lambda: (Channel.EMAIL.value, Channel.WEBHOOK.value))
    place.client("erin").act("/day-one/test")
    (sent,) = place.desk.settle()
    assert sent.channel is Channel.EMAIL
    place.messages["token"] = sent.message_id
    reader = place.client()
    page = words(reader.get("/a/token").text)
    assert "This is a test page. It arrived." in page
    assert not place.desk.reads.memories([ANSWERED]), "opening answers nothing"
    answer = reader.act("/a/token", answer="acknowledge")
    assert "It arrived, and so did your answer. Pages reach you here." in words(answer.text)
    assert place.desk.reads.memories([ANSWERED])
    assert ticks(place)["A test page answered"] is True


def test_an_answer_to_a_real_page_counts_too(place: Place) -> None:
    place.alarm("PaymentsService", "errors")
    (sent, *_) = place.desk.settle()
    place.desk.run(SYSTEM, AnswerMessage(message_id=sent.message_id, answer=Answer.RESOLVE))
    assert place.desk.reads.memories([ANSWERED])
    assert ticks(place) == {}


def test_who_has_no_way_is_led_to_add_one(place: Place) -> None:
    place.site = replace(place.site, ways_to_send=lambda: (Channel.WEBHOOK.value,))
    html = place.client("erin").get("/").text
    assert "Add a way to reach you" in html
    answer = place.client("erin").act("/day-one/test")
    assert answer.status_code == 422
    assert "add a contact method first" in words(answer.text)


def test_an_owner_hides_them_and_brings_them_back(place: Place) -> None:
    assert place.client("alice").act("/day-one/hide").status_code == 403
    assert "/day-one/hide" not in place.client("alice").get("/").text
    client = place.client("erin")
    assert client.act("/day-one/hide").headers["location"] == "/readiness#p-ticks"
    assert ticks(place) == ticks(place, "alice") == {}
    assert set(ticks(place, path="/readiness")) == set(TITLES)
    assert "Show on Now again" in client.get("/readiness").text
    client.act("/day-one/hide", show="1")
    assert set(ticks(place)) == set(TITLES)
    history = words(client.get("/audit").text)
    assert "Erin" in history


def test_a_test_page_can_be_answered_for_nobody_else(place: Place) -> None:
    """A code without an incident never counts as the answer to something else, and a text without code means alarms."""
    place.client("erin").act("/day-one/test")
    (sent,) = place.desk.settle()
    place.desk.clock.moment += SECOND
    alarm = place.alarm("PaymentsService", "errors")
    assert alarm is not None
    place.desk.settle()
    place.desk.run(
        SYSTEM, AnswerByCode(channel=Channel.SMS, address=sent.address, code=sent.code, answer=Answer.RESOLVE)
    )
    assert place.incident(alarm.number).is_open
