"""Where people are signed in, over the API: seen and ended by themselves and by who administers them."""

from __future__ import annotations

import hashlib

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.test_openapi import DESCRIPTION, validator
from tocsin.directory.model import User
from tocsin.kernel.time import HOUR
from tocsin.runtime.sessions import Visitor

ONE = "/users/{id}/sessions/{type}/{session_id}"


def signed_in(api: Api, house: House, person: User, agent: str = "Firefox") -> str:
    """A browser of theirs; returns its token."""
    token = f"link-of-{person.name}-{agent}"
    digest = hashlib.sha256(token.encode()).hexdigest()
    api.store.add_link(digest, person.id, house.clock.now() + HOUR)
    return api.sessions.sign_in_by_link(token, Visitor(address="192.0.2.1", agent=agent)).token


def test_a_session_is_seen_and_ended(api: Api, house: House) -> None:
    tokens = [signed_in(api, house, house.alice, agent) for agent in ("Firefox", "Chromium")]
    signed_in(api, house, house.bob)
    path = f"/users/{house.alice.id}/sessions"
    listed = api.get(path, key="alice")
    assert {one["summary"] for one in listed["user_sessions"]} == {"Firefox", "Chromium"}
    first = listed["user_sessions"][0]
    assert (first["user_id"], first["type"]) == (house.alice.id, "browser")
    shown = api.get(f"{path}/browser/{first['id']}")
    assert shown["user_session"] == first
    if DESCRIPTION.exists():
        validator("GET", "/users/{id}/sessions").validate(listed.body)
        validator("GET", ONE).validate(shown.body)
    assert api.request("GET", f"{path}/oauth/{first['id']}").status == 404
    api.delete(f"{path}/browser/{first['id']}", key="alice")
    assert api.request("DELETE", f"{path}/browser/{first['id']}").status == 404
    assert len(api.get(path)["user_sessions"]) == 1
    assert [api.sessions.find(token) is None for token in tokens].count(True) == 1
    api.delete(path)
    assert [api.sessions.find(token) for token in tokens] == [None, None]
    assert len(api.get(f"/users/{house.bob.id}/sessions")["user_sessions"]) == 1, "Bob stays signed in"


def test_what_has_ended_is_not_told(api: Api, house: House) -> None:
    signed_in(api, house, house.alice)
    house.advance(13 * HOUR)
    assert api.get(f"/users/{house.alice.id}/sessions")["user_sessions"] == []


@pytest.mark.parametrize("key", ["carol", "bob", "mallory"])
def test_nobody_else_sees_or_ends_them(api: Api, house: House, key: str) -> None:
    token = signed_in(api, house, house.alice)
    path = f"/users/{house.alice.id}/sessions"
    (one,) = api.get(path)["user_sessions"]
    for method in ("GET", "DELETE"):
        for to in (path, f"{path}/browser/{one['id']}"):
            assert api.request(method, to, key=key).status == 403, (method, to)
    bobs = f"/users/{house.bob.id}/sessions/browser/{one['id']}"
    assert api.request("DELETE", bobs).status == 404, "it is not Bob's"
    assert api.sessions.find(token) is not None
