"""One's own page: what can't work is refused there and then, with the reason, and what was typed is kept."""

from __future__ import annotations

import pytest

from tests.web.place import Place
from tocsin.directory.model import Channel
from tocsin.directory.urls import URL_CHARS


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
