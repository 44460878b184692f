"""The first page tells nobody that they can be paged when they can't, and shows first what needs somebody first."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.web.place import Place
from tests.web.scenes import empty
from tests.web.test_incident_pages import seen, words
from tocsin.directory.model import Channel, ContactMethod, Urgency
from tocsin.engine.things import DeleteThing
from tocsin.incidents.messages import Acknowledge, SetUrgency
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import SECOND
from tocsin.web import now

WARNING = "Nobody can be paged."


def set_up(place: Place, *ways: Channel) -> None:
    place.site = replace(place.site, ways_to_send=lambda: tuple(way.value for way in (*ways, Channel.WEBHOOK)))


def test_without_a_way_to_send_nobody_is_said_to_be_reachable(place: Place) -> None:
    set_up(place)
    page = seen(place, "/")
    assert "Not yet A way to send" in marked(place)
    assert "Not yet A person who can be reached" in marked(place)
    assert WARNING in page
    assert "Pager is well" not in page
    place.alarm("PaymentsService", "errors", "Payments fail")
    assert WARNING in seen(place, "/"), "it stays when there is something to see"


def test_a_way_that_nobody_has_pages_nobody(place: Place) -> None:
    set_up(place, Channel.EMAIL)
    for contact in list(place.desk.config().contact_methods.values()):
        if contact.channel is Channel.EMAIL:
            place.desk.run(SYSTEM, DeleteThing(thing_kind="contact_method", thing_id=contact.id))
    assert "Done A way to send Mail." in marked(place)
    assert "Not yet A person who can be reached" in marked(place)
    page = seen(place, "/")
    assert f"{WARNING} Nobody has a contact method that is set up here. Add a mail address." in page
    assert "TOCSIN_" not in page, "what runs Tocsin is set up"


def test_where_texts_are_set_up_a_number_is_asked_for(place: Place) -> None:
    set_up(place, Channel.SMS, Channel.EMAIL)
    for contact in list(place.desk.config().contact_methods.values()):
        place.desk.run(SYSTEM, DeleteThing(thing_kind="contact_method", thing_id=contact.id))
    page = seen(place, "/")
    assert "Add a phone number for texts or calls." in page
    assert "TOCSIN_" not in page


@pytest.mark.parametrize("way", [Channel.SMS, Channel.WEBHOOK])
def test_a_way_that_somebody_has_is_enough(place: Place, way: Channel) -> None:
    contact = ContactMethod(id="", user_id=place.people["bob"].id, channel=Channel.WEBHOOK, address="https://x.example")
    set_up(place, *() if way is Channel.WEBHOOK else (way,))
    if way is Channel.WEBHOOK:
        place.desk.save(contact)
    assert "Done A way to send" in marked(place)
    assert "Done A person who can be reached" in marked(place)
    assert WARNING not in seen(place, "/")
    assert "Pager is well" in seen(place, "/")


def test_high_urgency_stands_above_low(place: Place) -> None:
    numbers = []
    for key in ("held low", "held high", "waiting high", "waiting low"):
        incident = place.alarm("PaymentsService", key)
        assert incident is not None
        if key.endswith("low"):
            place.desk.run(place.as_("bob"), SetUrgency(incident_id=incident.id, urgency=Urgency.LOW))
        if key.startswith("held"):
            place.desk.run(place.as_("bob"), Acknowledge(incident_id=incident.id))
        place.desk.advance(SECOND)
        numbers.append(incident.number)
    html = place.client("alice").get("/").text
    shown = re.findall(r'<article class="fire.*?href="/incidents/(\d+)"', html, re.DOTALL)
    assert [numbers.index(int(number)) for number in shown] == [2, 3, 1, 0]


def test_of_more_than_are_shown_low_urgency_gives_way_and_the_others_are_counted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(now, "SHOWN", 3)
    for number in range(1, 5):
        assert place.alarm("PaymentsService", f"a{number}") is not None
        if number % 2:
            place.desk.run(place.as_("bob"), SetUrgency(incident_id=place.incident(number).id, urgency=Urgency.LOW))
        place.desk.advance(SECOND)
    html = place.client("alice").get("/").text
    assert re.findall(r'<article class="fire.*?href="/incidents/(\d+)"', html, re.DOTALL) == ["4", "2", "3"]
    assert "1 more: all open incidents" in words(html)


def test_in_a_crowd_three_stand_whole_and_one_button_is_strong(place: Place) -> None:
    for number in range(6):
        place.alarm("PaymentsService", f"a{number}", f"Alarm {number}")
        place.desk.advance(SECOND)
    several = 'href="/incidents?view=unanswered&amp;select=1"'
    html = place.client("alice").get("/").text
    cards = re.findall(r"<article.*?</article>", html, re.DOTALL)
    assert ['class="fire triggered brief"' in card for card in cards] == [False] * 3 + [True] * 3
    assert [card.count("button small") for card in cards] == [0] * 3 + [1] * 3
    assert [card.count("primary") for card in cards] == [1] + [0] * 5
    assert several in html
    assert place.client("alice").get("/incidents?view=unanswered&select=1").status_code == 200
    assert several not in place.client("mallory").get("/").text, "who may not act is not led to acting"
    for number in (4, 5, 6):
        place.desk.run(place.as_("bob"), Acknowledge(incident_id=place.incident(number).id))
    assert several not in place.client("alice").get("/").text, "three are answered one by one"


def marked(place: Place) -> str:
    """The page's words, with what its pictures are called."""
    html = place.client("alice").get("/").text
    return words(re.sub(r'<svg [^>]*aria-label="([^"]*)"[^>]*>', r"\1 ", html))


def test_send_an_event_leads_to_a_command_with_a_key_or_to_where_keys_are(place: Place) -> None:
    key = place.services["PaymentsService"][1].key
    for path in ("/alerts", "/alerts?tab=events"):
        assert f'"routing_key": "{key}"' in seen(place, path, "carol")
        observed = seen(place, path, "mallory")
        assert key not in observed
        assert "Whoever may edit a service finds here a command with its key." in observed


def test_before_the_first_service_it_is_said_that_there_is_no_key(tmp_path: Path) -> None:
    place = empty(tmp_path)
    assert "A monitor sends with the key of an integration of a service, and there is none yet." in seen(
        place, "/alerts", "erin"
    )
    place.close()


def test_the_page_is_made_from_one_look_at_the_database(place: Place) -> None:
    place.alarm("PaymentsService", "errors", "Payments fail")
    looks: list[object] = []
    engine = place.desk.reads._database.engine
    event.listen(engine, "checkout", lambda *_: looks.append(1))
    assert "Payments fail" in seen(place, "/")
    assert len(looks) == 1
