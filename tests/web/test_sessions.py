"""Sessions live on the server: new at sign-in, over by time, sign-out and change, and hard to guess one's way into."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.web.place import PASSWORD, QUICK, Place
from tocsin.directory.model import Role
from tocsin.kernel.errors import Invalid, NotFound, NotSignedIn, TooMany
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND
from tocsin.runtime.attempts import ACCOUNT, ADDRESS, HERE, LINKS_ACCOUNT, LINKS_ADDRESS, LINKS_HERE
from tocsin.runtime.passwords import check_new_password
from tocsin.runtime.sessions import LINK_LIFE, Visitor

HOME = Visitor("192.0.2.7", "Firefox")
AWAY = Visitor("198.51.100.9", "Chromium")


def passes(place: Place, span: int) -> None:
    place.desk.clock.moment += span


def wrong(place: Place, times: int, visitor: Visitor = HOME, email: str = "alice@example.com") -> None:
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            place.sessions.sign_in(email, "not the password", visitor)


def test_the_right_password_opens_a_session(place: Place) -> None:
    opened = place.sessions.sign_in(" Alice@Example.com ", PASSWORD, HOME)
    session = place.sessions.find(opened.token)
    assert session is not None
    assert session.user_id == place.people["alice"].id
    assert session.csrf == opened.session.csrf != ""


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com", "", "x" * 5000])
def test_a_refusal_does_not_say_what_was_wrong(place: Place, email: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        place.sessions.sign_in(email, "not the password", HOME)
    assert refused.value.message == "The mail address or the password is wrong."


def test_a_person_without_a_password_or_inactive_has_no_way_in_by_password(place: Place) -> None:
    mallory, bob = place.people["mallory"], place.people["bob"]
    place.desk.save(replace(mallory, password_hash=""), "password_hash")
    place.desk.save(replace(bob, active=False), "active")
    for user in (mallory, bob):
        with pytest.raises(NotSignedIn):
            place.sessions.sign_in(user.email, PASSWORD if user is bob else "", HOME)


def test_the_token_itself_is_kept_nowhere(place: Place) -> None:
    opened = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    link = place.sessions.make_link(place.people["bob"].id)
    for file in place.folder.glob("edge.sqlite*"):
        content = file.read_bytes()
        assert opened.token.encode() not in content
        assert link.encode() not in content
        assert opened.session.csrf.encode() not in content


def test_signing_in_again_replaces_what_the_browser_held(place: Place) -> None:
    first = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    second = place.sessions.sign_in("alice@example.com", PASSWORD, HOME, replaces=first.token)
    assert first.token != second.token
    assert place.sessions.find(first.token) is None
    assert place.sessions.find(second.token) is not None


def test_a_token_that_we_did_not_make_opens_nothing(place: Place) -> None:
    for token in ("", "0" * 40, "x" * 10_000, "' OR 1=1 --"):
        assert place.sessions.find(token) is None


def test_idle_for_twelve_hours_is_over(place: Place) -> None:
    opened = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    passes(place, 12 * HOUR)
    assert place.sessions.find(opened.token) is not None, "used within the time"
    passes(place, 12 * HOUR + SECOND)
    assert place.sessions.find(opened.token) is None


def test_what_an_open_page_does_by_itself_is_not_use(place: Place) -> None:
    opened = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    for _ in range(12):
        passes(place, HOUR)
        assert place.sessions.peek(opened.token) is not None
    passes(place, MINUTE)
    assert place.sessions.peek(opened.token) is None


def test_fourteen_days_are_the_end_however_busy(place: Place) -> None:
    opened = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    for _ in range(28):
        assert place.sessions.find(opened.token) is not None
        passes(place, 12 * HOUR)
    assert place.sessions.find(opened.token) is None


CHANGES: list[Callable[[Place], object]] = [
    lambda place: place.desk.save(replace(place.people["alice"], role=Role.OBSERVER), "role"),
    lambda place: place.desk.save(replace(place.people["alice"], active=False), "active"),
    lambda place: place.desk.save(replace(place.people["alice"], password_hash=QUICK.hash("x" * 12)), "password_hash"),
]


@pytest.mark.parametrize("change", CHANGES, ids=["role", "active", "password"])
def test_a_session_ends_with_what_it_stood_for(place: Place, change: Callable[[Place], object]) -> None:
    alice = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    bob = place.sessions.sign_in("bob@example.com", PASSWORD, HOME)
    change(place)
    assert place.sessions.find(alice.token) is None
    assert place.sessions.find(bob.token) is not None
    assert place.sessions.sessions_of(place.people["alice"].id) == []


def test_a_name_may_change_without_signing_out(place: Place) -> None:
    opened = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    place.desk.save(replace(place.people["alice"], name="Alicia"), "name")
    assert place.sessions.find(opened.token) is not None


def test_a_link_signs_in_once(place: Place) -> None:
    token = place.sessions.make_link(place.people["bob"].id)
    holder = place.sessions.link_holder(token)
    assert holder is not None
    assert holder.name == "Bob"
    assert place.sessions.link_holder(token) is not None, "looking uses nothing up"
    opened = place.sessions.sign_in_by_link(token, HOME)
    assert opened.session.how == "link"
    assert place.sessions.link_holder(token) is None
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_link(token, HOME)


def test_of_two_at_once_one_gets_in(place: Place) -> None:
    token = place.sessions.make_link(place.people["bob"].id)

    def use(_number: int) -> bool:
        try:
            place.sessions.sign_in_by_link(token, HOME)
        except NotSignedIn:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1


def test_a_link_is_good_for_fifteen_minutes(place: Place) -> None:
    token = place.sessions.make_link(place.people["bob"].id)
    passes(place, LINK_LIFE)
    assert place.sessions.link_holder(token) is None
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_link(token, HOME)


def test_links_are_for_people_who_are_here(place: Place) -> None:
    place.desk.save(replace(place.people["bob"], active=False), "active")
    for user_id in (place.people["bob"].id, "PNOBODY"):
        with pytest.raises(NotFound):
            place.sessions.make_link(user_id)
    assert place.sessions.ask_for_link("bob@example.com", HOME) is None
    assert place.sessions.ask_for_link("nobody@example.com", HOME) is None


def test_guessing_at_one_account_stops_and_says_for_how_long(place: Place) -> None:
    wrong(place, HERE.most)
    with pytest.raises(TooMany, match="Try again in 15 minutes"):
        place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    passes(place, HERE.window)
    place.sessions.sign_in("alice@example.com", PASSWORD, HOME)


def test_a_stranger_cannot_lock_the_person_on_call_out(place: Place) -> None:
    wrong(place, HERE.most, AWAY)
    with pytest.raises(TooMany):
        place.sessions.sign_in("alice@example.com", PASSWORD, AWAY)
    place.sessions.sign_in("alice@example.com", PASSWORD, HOME)


def test_trying_a_list_of_accounts_stops(place: Place) -> None:
    for number in range(ADDRESS.most):
        wrong(place, 1, AWAY, f"user{number}@example.com")
    with pytest.raises(TooMany):
        place.sessions.sign_in("alice@example.com", PASSWORD, AWAY)
    place.sessions.sign_in("alice@example.com", PASSWORD, HOME)


def test_an_account_of_one_s_own_gives_no_more_tries_at_others(place: Place) -> None:
    for number in range(ADDRESS.most - 1):
        wrong(place, 1, AWAY, f"user{number}@example.com")
        passes(place, SECOND)
    place.sessions.sign_in("carol@example.com", PASSWORD, AWAY)
    passes(place, SECOND)
    wrong(place, 1, AWAY, "one-more@example.com")
    with pytest.raises(TooMany):
        place.sessions.sign_in("alice@example.com", PASSWORD, AWAY)


def test_guessing_from_many_addresses_stops_too(place: Place) -> None:
    for number in range(ACCOUNT.most):
        wrong(place, 1, Visitor(f"203.0.113.{number}"))
    with pytest.raises(TooMany):
        place.sessions.sign_in("alice@example.com", PASSWORD, HOME)


def test_one_subscriber_of_ipv6_is_one_address(place: Place) -> None:
    for number in range(ADDRESS.most):
        wrong(place, 1, Visitor(f"2001:db8:1:2::{number:x}"), f"user{number}@example.com")
    with pytest.raises(TooMany):
        place.sessions.sign_in("alice@example.com", PASSWORD, Visitor("2001:db8:1:2:ffff::1"))
    place.sessions.sign_in("alice@example.com", PASSWORD, Visitor("2001:db8:1:3::1"))


def test_success_starts_the_count_anew(place: Place) -> None:
    for _ in range(3):
        wrong(place, HERE.most - 1)
        place.sessions.sign_in("alice@example.com", PASSWORD, HOME)


def test_the_limit_counts_attempts_that_run_at_once(place: Place) -> None:
    def attempt(_number: int) -> str:
        try:
            place.sessions.sign_in("alice@example.com", "not the password", HOME)
        except (NotSignedIn, TooMany) as refused:
            return type(refused).__name__
        return ""

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(HERE.most + 20)))
    assert outcomes.count("NotSignedIn") <= HERE.most + 7, "at most one per thread beyond the limit"
    assert outcomes.count("TooMany") > 0


def test_links_can_be_asked_for_a_few_times(place: Place) -> None:
    for _ in range(LINKS_HERE.most):
        assert place.sessions.ask_for_link("alice@example.com", HOME) is not None
    for email in ("alice@example.com", "ALICE@example.com"):
        with pytest.raises(TooMany):
            place.sessions.ask_for_link(email, HOME)
    passes(place, LINKS_HERE.window)
    assert place.sessions.ask_for_link("alice@example.com", HOME) is not None


def test_a_stranger_who_asks_for_links_keeps_nobody_out(place: Place) -> None:
    for _ in range(LINKS_HERE.most):
        place.sessions.ask_for_link("alice@example.com", AWAY)
    with pytest.raises(TooMany):
        place.sessions.ask_for_link("alice@example.com", AWAY)
    asked = place.sessions.ask_for_link("alice@example.com", HOME)
    assert asked is not None
    assert place.sessions.sign_in_by_link(asked[1], HOME).session.user_id == place.people["alice"].id


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_links_from_many_addresses_fill_no_mailbox(place: Place, email: str) -> None:
    """And whether anybody has that address makes no difference."""
    for number in range(LINKS_ACCOUNT.most):
        place.sessions.ask_for_link(email, Visitor(f"203.0.113.{number}"))
    with pytest.raises(TooMany):
        place.sessions.ask_for_link(email, HOME)
    place.sessions.ask_for_link("bob@example.com", HOME)
    passes(place, LINKS_ACCOUNT.window)
    place.sessions.ask_for_link(email, HOME)


def test_one_address_does_not_send_mail_to_everybody(place: Place) -> None:
    for number in range(LINKS_ADDRESS.most):
        place.sessions.ask_for_link(f"user{number}@example.com", AWAY)
    with pytest.raises(TooMany):
        place.sessions.ask_for_link("alice@example.com", AWAY)
    place.sessions.ask_for_link("alice@example.com", HOME)


def test_a_new_password_ends_every_session_and_opens_this_one_anew(place: Place) -> None:
    here = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    there = place.sessions.sign_in("alice@example.com", PASSWORD, AWAY)
    opened = place.sessions.change_password(here.token, PASSWORD, "stapled horses battery", HOME)
    assert place.sessions.find(here.token) is None
    assert place.sessions.find(there.token) is None
    assert place.sessions.find(opened.token) is not None
    place.sessions.sign_in("alice@example.com", "stapled horses battery", HOME)
    wrong(place, 1)


def test_a_new_password_needs_the_old_one(place: Place) -> None:
    here = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    with pytest.raises(Invalid, match="present password"):
        place.sessions.change_password(here.token, "guess", "stapled horses battery", HOME)
    assert place.sessions.find(here.token) is not None


def test_a_fresh_link_stands_for_the_old_password(place: Place) -> None:
    opened = place.sessions.sign_in_by_link(place.sessions.make_link(place.people["alice"].id), HOME)
    assert not place.sessions.needs_old_password(opened.session)
    passes(place, 16 * MINUTE)
    with pytest.raises(Invalid, match="present password"):
        place.sessions.change_password(opened.token, "", "stapled horses battery", HOME)


@pytest.mark.parametrize(
    "password", ["short", "a" * 40, "abababababab", "alice@example.com1", "Alice12345678", "x" * 201]
)
def test_what_is_no_password(password: str) -> None:
    with pytest.raises(Invalid):
        check_new_password(password, about=("Alice", "alice", "alice@example.com"))


@pytest.mark.parametrize(
    "password", ["correct horse battery", "Пароль-не-пароль", "🐴🔋📎 staples ok", "alice likes walks"]
)
def test_what_is_a_password(password: str) -> None:
    check_new_password(password, about=("Alice", "alice", "alice@example.com"))


def test_people_end_their_own_sessions_only(place: Place) -> None:
    alice = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    bob = place.sessions.sign_in("bob@example.com", PASSWORD, HOME)
    with pytest.raises(NotFound):
        place.sessions.end(place.people["bob"].id, alice.session.id)
    assert place.sessions.find(alice.token) is not None
    place.sessions.end(place.people["alice"].id, alice.session.id)
    assert place.sessions.find(alice.token) is None
    assert place.sessions.find(bob.token) is not None


def test_the_others_end_and_this_one_stays(place: Place) -> None:
    tokens = [place.sessions.sign_in("alice@example.com", PASSWORD, HOME).token for _ in range(3)]
    assert place.sessions.end_others(place.people["alice"].id, tokens[1]) == 2
    assert [place.sessions.find(token) is not None for token in tokens] == [False, True, False]


def test_what_is_over_is_swept_away(place: Place) -> None:
    for name in ("alice", "bob"):
        place.sessions.sign_in(f"{name}@example.com", PASSWORD, HOME)
    wrong(place, 3)
    passes(place, 15 * DAY)
    place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    assert len(place.store.sessions_of(place.people["alice"].id)) == 1
    assert len(place.store.sessions_of(place.people["bob"].id)) == 0
