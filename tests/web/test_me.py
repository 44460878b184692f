"""One's own page: what can't work is refused there and then, with the reason, and what was typed is kept."""

from __future__ import annotations

import pytest

from tests.web.place import Place
from tocsin.directory.handoffs import HANDOFF_RULE
from tocsin.directory.model import Channel
from tocsin.directory.urls import URL_CHARS
from tocsin.engine.handoff_looks import handoff_rules_of


def webhooks(place: Place) -> list[str]:
    contacts = place.desk.config().contacts_of[place.people["alice"].id]
    return [contact.address for contact in contacts if contact.channel is Channel.WEBHOOK]


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("hooks.example.com/a", "it must begin with https:// or http://"),
        ("https://alice:secret@hooks.example.com/a", "a user name or password may not be part of it"),
        ("https://hooks.example.com/" + "a" * URL_CHARS, "empty, too long, or holds blanks or control characters"),
    ],
)
def test_a_webhook_that_can_never_be_called_is_refused(place: Place, address: str, problem: str) -> None:
    answer = place.client("alice").act("/me/contact-add", channel="webhook", address=address)
    assert answer.status_code == 422
    assert f"Address is not a URL that can be called: {problem}" in answer.text
    assert f'value="{address}"' in answer.text
    assert webhooks(place) == []


def test_a_webhook_that_may_work_is_taken_whole(place: Place) -> None:
    addresses = ["https://hooks.example.com/" + "a" * 1000, "http://10.1.2.3:9000/hook"]
    for address in addresses:
        assert place.client("alice").act("/me/contact-add", channel="webhook", address=address).status_code == 303
    assert sorted(webhooks(place)) == sorted(addresses)


def handoffs(place: Place, who: str = "alice") -> list[tuple[str, int]]:
    rules = handoff_rules_of(place.desk.config(), place.people[who].id)
    return [(rule.type.value, rule.advance_minutes) for rule in rules]


def test_a_rule_for_handoffs_is_added_seen_and_removed(place: Place) -> None:
    browser = place.client("alice")
    mail = place.desk.config().contacts_of[place.people["alice"].id][0]
    assert "nothing tells you that a shift of yours begins or ends" in browser.get("/me").text
    answer = browser.act("/me/handoff-add", about="oncall", advance="90", contact=mail.id)
    assert answer.status_code == 303
    assert handoffs(place) == [("oncall", 90)]
    page = browser.get("/me").text
    assert f"A shift begins, 1 h 30 min before: <bdi>Mail to {mail.address}</bdi>" in page
    rule = place.desk.config().kept_of[HANDOFF_RULE][0]
    assert f'value="{rule.id}"' in page
    theft = place.client("bob").act("/me/handoff-remove", id=rule.id)
    assert (theft.status_code, handoffs(place)) == (403, [("oncall", 90)])
    assert browser.act("/me/handoff-remove", id=rule.id).status_code == 303
    assert handoffs(place) == []
    assert browser.act("/me/handoff-remove", id=rule.id).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"advance": "soon"}, "How long before is a number of minutes."),
        ({"advance": "43201"}, "Notify advance in minutes must be between 0 and 43200"),
        ({"about": "never"}, "Choose what to be told."),
        ({"contact": "PNOBODY"}, "Choose how to be told."),
    ],
)
def test_a_rule_for_handoffs_that_can_not_be_followed_is_refused(
    place: Place, wrong: dict[str, str], problem: str
) -> None:
    mail = place.desk.config().contacts_of[place.people["alice"].id][0]
    answer = place.client("alice").act(
        "/me/handoff-add", **{"about": "offcall", "advance": "5", "contact": mail.id, **wrong}
    )
    assert (answer.status_code, handoffs(place)) == (422, [])
    assert problem in answer.text


def test_nobody_is_told_by_another_s_address(place: Place) -> None:
    mail = place.desk.config().contacts_of[place.people["bob"].id][0]
    answer = place.client("alice").act("/me/handoff-add", about="both", advance="5", contact=mail.id)
    assert (answer.status_code, handoffs(place), handoffs(place, "bob")) == (422, [], [])
