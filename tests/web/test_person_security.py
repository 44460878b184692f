"""Who looks after people sees how they sign in and takes it away; who is removed is out at once, keys and all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.requests import Request

from tests.web.place import PASSWORD, Place
from tests.web.test_second_factor import HOME, set_up
from tocsin.directory.credentials import Identity, Passkey
from tocsin.directory.model import ApiKey, Role, User
from tocsin.engine.things import DeleteThing
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.errors import NotAllowed, NotFound
from tocsin.runtime.sign_in_ground import How, SecurityEvent
from tocsin.web import guard, person_security
from tocsin.web.agents import browser_words
from tocsin.web.visit import Visit


def visit_of(place: Place, who: str) -> Visit:
    """A request by somebody."""
    opened = place.sessions.open(place.people[who], HOME, How.PASSWORD)
    scope = {
        "type": "http", "method": "GET", "path": "/people", "query_string": b"", "scheme": "https",
        "headers": [(b"host", b"tocsin.example")], "server": ("127.0.0.1", 443), "client": ("192.0.2.9", 1),
    }  # fmt: skip
    request = Request(scope)
    line = guard.line_of(request, "")
    now = place.desk.clock.now()
    return Visit(place.site, request, now, place.desk.config(), line, opened.token, opened.session)


def credentials(place: Place, who: str) -> tuple[Passkey, Identity]:
    user = place.people[who]
    key = Passkey(id="", user_id=user.id, name="Phone", credential_id=f"c-{who}", public_key="k")
    account = Identity(id="", user_id=user.id, issuer="https://login.example.com", subject=who)
    return place.desk.save(key), place.desk.save(account)


def test_an_owner_takes_everything_away_and_the_person_is_out(place: Place) -> None:
    set_up(place)
    passkey, account = credentials(place, "alice")
    alice = place.people["alice"]
    taken: list[Callable[[Visit], object]] = [
        lambda visit: person_security.take_second_factor(visit, alice.id),
        lambda visit: person_security.take_passkey(visit, passkey.id),
        lambda visit: person_security.unlink(visit, account.id),
        lambda visit: person_security.sign_out_everywhere(visit, alice.id),
    ]
    for take in taken:
        token = place.sessions.open(alice, HOME, How.PASSKEY).token
        assert place.sessions.find(token) is not None
        take(visit_of(place, "erin"))
        assert place.sessions.find(token) is None
    seen = person_security.security_of_person(visit_of(place, "erin"), alice)
    assert (seen.has_password, seen.has_factor, seen.passkeys, seen.identities, seen.sessions) == (
        True, False, (), (), ()
    )  # fmt: skip
    assert {row.kind for row in place.sessions.ground.events(alice.id)} >= {
        SecurityEvent.FACTOR_OFF, SecurityEvent.PASSKEY_GONE, SecurityEvent.ENDED_BY_OTHER
    }  # fmt: skip
    with pytest.raises(NotFound):
        person_security.take_passkey(visit_of(place, "erin"), passkey.id)


@pytest.mark.parametrize("who", ["bob", "mallory", "carol", "adam"])
def test_nobody_else_does(place: Place, who: str) -> None:
    """A responder, an observer and a manager at nobody's account; an admin at none of an owner's."""
    if who == "adam":
        place.person("adam", Role.ADMIN)
    whose = "erin" if who == "adam" else "alice"
    set_up(place, whose)
    passkey, account = credentials(place, whose)
    user = place.people[whose]
    visit = visit_of(place, who)
    tries: list[Callable[[], object]] = [
        lambda: person_security.take_second_factor(visit, user.id),
        lambda: person_security.take_passkey(visit, passkey.id),
        lambda: person_security.unlink(visit, account.id),
        lambda: person_security.sign_out_everywhere(visit, user.id),
        lambda: person_security.security_of_person(visit, user),
    ]
    for attempt in tries:
        with pytest.raises(NotAllowed):
            attempt()
    assert place.desk.config().second_factors


def gone(place: Place, user: User) -> None:
    place.desk.run(place.as_("erin"), DeleteThing(thing_kind="user", thing_id=user.id))


def switched_off(place: Place, user: User) -> None:
    place.desk.save(replace(place.desk.config().users[user.id], active=False), "active")


@pytest.mark.parametrize("leaves", [gone, switched_off])
def test_who_is_removed_loses_sessions_and_keys_at_once(place: Place, leaves: Callable[[Place, User], None]) -> None:
    user = place.person("zoe", Role.MANAGER)
    token = place.sessions.sign_in(user.email, PASSWORD, HOME).token
    key = ApiKey(id="", name="Zoe's", digest=hashlib.sha256(b"k").hexdigest(), role=Role.MANAGER, user_id=user.id)
    saved = place.desk.save(key)
    actor = Actor(ActorKind.KEY, saved.id)
    assert place.desk.config().standing(actor) is not None
    leaves(place, user)
    assert place.sessions.find(token) is None
    config = place.desk.config()
    assert config.standing(actor) is None
    assert config.standing(Actor(ActorKind.USER, user.id)) is None
    with pytest.raises(NotAllowed):
        place.desk.run(actor, DeleteThing(thing_kind="service", thing_id=place.services["PaymentsService"][0].id))


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) AppleWebKit/605.1 Version/19.0 Safari/605.1", "Safari on macOS"),
        (
            "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome on iPhone"),
        ("curl/8.14", "curl"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert browser_words(agent) == words


def test_the_page_of_a_person_takes_away_how_they_sign_in(place: Place) -> None:
    set_up(place)
    passkey, account = credentials(place, "alice")
    alice, erin = place.people["alice"], place.client("erin")
    page = f"/people/{alice.id}"
    html = erin.get(page).text
    assert "How this person signs in" in html
    assert "10 recovery codes are left" in html
    place.person("adam", Role.ADMIN)
    assert "How this person signs in" not in place.client("adam").get(f"/people/{place.people['erin'].id}").text
    for who in ("bob", "carol", "mallory"):
        browser = place.client(who)
        assert "How this person signs in" not in browser.get(page).text
        for action in ("factor-remove", "passkey-remove", "unlink"):
            assert browser.act(f"{page}/{action}", id=passkey.id).status_code in (403, 404)
    other, _account = credentials(place, "bob")
    assert erin.act(f"{page}/passkey-remove", id=other.id).status_code == 404, "of somebody else"
    for action, thing_id in (("factor-remove", ""), ("passkey-remove", passkey.id), ("unlink", account.id)):
        token = place.sessions.open(alice, HOME, How.PASSKEY).token
        assert erin.act(f"{page}/{action}", id=thing_id).status_code == 303
        assert place.sessions.find(token) is None
    config = place.desk.config()
    assert alice.id not in config.second_factors
    assert passkey.id not in config.passkeys
    assert account.id not in config.identities
    html = erin.get(page).text
    assert "Second factor removed: <bdi>Erin</bdi>" in html
    assert "Take away" not in html


def test_an_administrator_ends_no_session_of_an_owner(place: Place) -> None:
    place.person("adam", Role.ADMIN)
    erin = place.people["erin"]
    token = place.sessions.open(erin, HOME, How.PASSKEY).token
    adam = place.client("adam")
    for action in ("sign-out", "session-end"):
        assert adam.act(f"/people/{erin.id}/{action}", id=place.sessions.find(token).id).status_code == 403  # type: ignore[union-attr]
    assert place.sessions.find(token) is not None
    assert "/sign-out" not in adam.get(f"/people/{erin.id}").text.split("Where this person is signed in")[1]
