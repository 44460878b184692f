"""Codes after a password: set up, asked for, used once, replaced by recovery codes, and hard to guess."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.web.place import PASSWORD, QUICK, Browser, Place
from tocsin.directory.model import Role, User
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.actor import Actor
from tocsin.kernel.errors import Invalid, NotAllowed, NotSignedIn, TooMany, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, MINUTE, SECOND
from tocsin.runtime.attempts import CODE_TRIES, CODES_ACCOUNT, CODES_HERE, Visitor
from tocsin.runtime.reads import AuditFilter
from tocsin.runtime.sealing import Sealer
from tocsin.runtime.second_factor import STEP, code_at
from tocsin.runtime.sessions import Opened, SecondStep, Sessions
from tocsin.runtime.sign_in_ground import Demand, How, Policy, SecurityEvent, tell_nobody
from tocsin.storage.edge import EventRow

HOME = Visitor("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "a" * 40)
AWAY = Visitor("198.51.100.9", "Chromium", "b" * 40)


class Told:
    """Who was told what."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, SecurityEvent]] = []

    def __call__(self, user: User, event: SecurityEvent, _row: EventRow) -> None:
        self.mails.append((user.name, event))


def sessions_of(place: Place, policy: Policy, told: Told | None = None) -> Sessions:
    """The same installation with other rules, used by its pages too."""
    ids = place.site.ids
    made = Sessions(place.store, place.desk, place.desk.clock, ids, QUICK, policy=policy, tell=told or tell_nobody)
    place.sessions = made
    place.site = replace(place.site, sessions=made)
    return made


def passes(place: Place, span: int) -> None:
    place.desk.clock.moment += span


def code_of(place: Place, secret: str, steps: int = 0) -> str:
    return code_at(secret, place.desk.clock.now() // STEP + steps)


def set_up(place: Place, who: str = "alice") -> tuple[str, tuple[str, ...]]:
    """Give a person a second factor; its secret and the recovery codes. The code of now is then used."""
    user = place.people[who]
    secret = place.sessions.codes.setup(user, "holder").secret
    codes = place.sessions.codes.confirm_setup(user, "holder", code_of(place, secret), HOME)
    passes(place, STEP)
    return secret, codes


def step_of(place: Place, visitor: Visitor = HOME, who: str = "alice", password: str = PASSWORD) -> SecondStep:
    with pytest.raises(SecondStep) as wanted:
        place.sessions.sign_in(place.people[who].email, password, visitor)
    return wanted.value


def sign_in(place: Place, secret: str, visitor: Visitor = HOME) -> Opened:
    opened = place.sessions.sign_in_by_code(step_of(place, visitor).token, code_of(place, secret), visitor)
    passes(place, STEP)
    return opened


# -- RFC 6238, appendix B, the last six digits


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", second // 30) == code


def test_a_password_alone_opens_nothing_once_a_factor_is_set_up(place: Place) -> None:
    secret, _ = set_up(place)
    step = step_of(place)
    assert place.sessions.find(step.token) is None, "the step is no session"
    opened = place.sessions.sign_in_by_code(step.token, code_of(place, secret), HOME)
    assert opened.session.how == How.PASSWORD_CODE
    assert place.sessions.find(opened.token) is not None


def test_setting_it_up_ends_the_sessions_of_before(place: Place) -> None:
    before = place.sessions.sign_in("alice@example.com", PASSWORD, AWAY)
    set_up(place)
    assert place.sessions.find(before.token) is None


def test_a_code_counts_once_in_every_browser(place: Place) -> None:
    secret, _ = set_up(place)
    code, steps = code_of(place, secret), [step_of(place) for _ in range(6)]

    def use(step: SecondStep) -> bool:
        try:
            place.sessions.sign_in_by_code(step.token, code, HOME)
        except NotSignedIn:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(use, steps)) == 1
    assert not use(step_of(place))


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(place: Place, steps: int, good: bool) -> None:
    secret, _ = set_up(place)
    passes(place, 5 * STEP)
    step = step_of(place)
    if good:
        place.sessions.sign_in_by_code(step.token, code_of(place, secret, steps), HOME)
    else:
        with pytest.raises(NotSignedIn):
            place.sessions.sign_in_by_code(step.token, code_of(place, secret, steps), HOME)


def test_an_older_code_is_void_once_a_newer_one_was_used(place: Place) -> None:
    secret, _ = set_up(place)
    place.sessions.sign_in_by_code(step_of(place).token, code_of(place, secret), HOME)
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step_of(place).token, code_of(place, secret, -1), HOME)


def test_the_step_is_over_after_a_few_wrong_codes(place: Place) -> None:
    secret, _ = set_up(place)
    step = step_of(place)
    for _ in range(CODE_TRIES):
        with pytest.raises(NotSignedIn):
            place.sessions.sign_in_by_code(step.token, "000000", HOME)
    with pytest.raises(NotSignedIn, match="Sign in again"):
        place.sessions.sign_in_by_code(step.token, code_of(place, secret), HOME)


def guess(place: Place, visitor: Visitor) -> str:
    """One wrong code; what came of it."""
    try:
        place.sessions.sign_in_by_code(step_of(place, visitor).token, "000000", visitor)
    except TooMany:
        return "too many"
    except NotSignedIn:
        return "wrong"
    return "in"


def test_guessing_stops_from_one_place_and_from_many(place: Place) -> None:
    secret, _ = set_up(place)
    here = [guess(place, AWAY) for _ in range(CODES_HERE.most + 1)]
    assert here == ["wrong"] * CODES_HERE.most + ["too many"]
    everywhere = [guess(place, Visitor(f"203.0.113.{number}")) for number in range(CODES_ACCOUNT.most)]
    assert everywhere.count("wrong") == CODES_ACCOUNT.most - CODES_HERE.most
    assert everywhere[-1] == "too many"
    passes(place, CODES_ACCOUNT.window)
    sign_in(place, secret, AWAY)


def test_whoever_guesses_cannot_keep_the_person_out_of_the_own_browser(place: Place) -> None:
    """Not even with the password: a browser in which the person has signed in counts for itself."""
    secret, _ = set_up(place)
    sign_in(place, secret, HOME)
    for number in range(CODES_ACCOUNT.most + 5):
        guess(place, Visitor(f"203.0.113.{number}"))
    for _ in range(CODES_HERE.most + 2):
        guess(place, replace(AWAY, address=HOME.address))  # also from the same address
    sign_in(place, secret, replace(HOME, address="198.51.100.77"))


def test_a_browser_of_somebody_else_is_no_known_one(place: Place) -> None:
    place.sessions.sign_in("bob@example.com", PASSWORD, AWAY)
    assert place.sessions.ground.attempts.is_known(place.people["bob"].id, AWAY)
    assert not place.sessions.ground.attempts.is_known(place.people["alice"].id, AWAY)


def test_a_new_password_makes_the_step_void(place: Place) -> None:
    secret, _ = set_up(place)
    step = step_of(place)
    user = place.desk.config().users[place.people["alice"].id]
    place.desk.save(replace(user, password_hash=QUICK.hash("stapled horses battery")), "password_hash")
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step.token, code_of(place, secret), HOME)


def test_the_step_is_over_after_ten_minutes(place: Place) -> None:
    secret, _ = set_up(place)
    step = step_of(place)
    passes(place, 10 * MINUTE)
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step.token, code_of(place, secret), HOME)


@pytest.mark.parametrize("typed", ["", " ", "-", "٠٠٠٠٠٠", "x" * 5000, "\x00", "000 000"])
def test_what_is_no_code_is_refused(place: Place, typed: str) -> None:
    set_up(place)
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step_of(place).token, typed, HOME)


# -- recovery codes


def test_each_recovery_code_opens_one_session(place: Place) -> None:
    _, codes = set_up(place)
    assert len(set(codes)) == 10
    for left, code in zip(range(9, 6, -1), codes, strict=False):
        place.sessions.sign_in_by_code(step_of(place).token, code.upper().replace("-", " "), HOME)
        assert place.sessions.codes.recovery_left(place.people["alice"].id) == left
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step_of(place).token, codes[0], HOME)


def test_a_recovery_code_counts_once_also_at_the_same_moment(place: Place) -> None:
    _, codes = set_up(place)
    steps = [step_of(place) for _ in range(6)]

    def use(step: SecondStep) -> bool:
        try:
            place.sessions.sign_in_by_code(step.token, codes[0], HOME)
        except NotSignedIn:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(use, steps)) == 1


def test_new_recovery_codes_make_the_old_ones_void(place: Place) -> None:
    _, old = set_up(place)
    new = place.sessions.codes.new_recovery_codes(place.people["alice"], HOME)
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step_of(place).token, old[0], HOME)
    place.sessions.sign_in_by_code(step_of(place).token, new[0], HOME)


# -- what is kept, and who may change it


def test_neither_secret_nor_recovery_codes_are_kept_as_they_are(place: Place) -> None:
    secret, codes = set_up(place)
    place.sessions.codes.setup(place.people["bob"], "another")
    for file in place.folder.iterdir():
        content = file.read_bytes()
        assert secret.encode() not in content, file.name
        for code in codes:
            assert code.encode() not in content
            assert code.replace("-", "").encode() not in content


def test_a_sealed_secret_opens_only_for_whom_and_by_what_it_was_sealed() -> None:
    ids = IdSource(random.Random(1))
    one, two = Sealer(lambda: ("first key",), ids), Sealer(lambda: ("second key", "first key"), ids)
    sealed = one.seal("JBSWY3DPEHPK3PXP", "second-factor:PALICE")
    assert two.open(sealed, "second-factor:PALICE") == "JBSWY3DPEHPK3PXP", "the older key still opens"
    assert two.seal("x", "a") != two.seal("x", "a"), "never the same twice"
    broken = [sealed[:-2] + "AA", sealed.replace("s1.", "s2."), "", "s1..", f"{sealed}x"]
    for wrong, about in [(sealed, "second-factor:PBOB"), *((text, "second-factor:PALICE") for text in broken)]:
        with pytest.raises(Unavailable):
            one.open(wrong, about)
    with pytest.raises(Unavailable, match="TOCSIN_SECRETS_KEY"):
        Sealer(lambda: ("third key",), ids).open(sealed, "second-factor:PALICE")


def test_it_stands_in_the_history_without_what_is_secret(place: Place) -> None:
    _, codes = set_up(place)
    place.sessions.sign_in_by_code(step_of(place).token, codes[0], HOME)
    used, made = place.desk.reads.audit(AuditFilter(kinds=("second_factor",)), limit=9).items
    assert (used.actor.id, made.actor.id) == (place.people["alice"].id, place.people["alice"].id)
    assert made.after is not None
    assert (made.after["secret"], made.after["recovery"]) == ("(secret)", ["(secret)"] * 10)
    assert used.after is not None
    assert used.after["recovery"] == ["(secret)"] * 9


def test_nobody_sets_one_up_for_another_and_administrators_take_it_away(place: Place) -> None:
    set_up(place)
    factor = place.desk.config().second_factors[place.people["alice"].id]
    theirs = replace(factor, user_id=place.people["bob"].id)
    for who in ("alice", "erin"):
        with pytest.raises(NotAllowed):
            place.desk.run(place.as_(who), SaveThing(thing_kind="second_factor", thing=theirs))
    remove = DeleteThing(thing_kind="second_factor", thing_id=factor.id)
    for who in ("bob", "mallory"):
        with pytest.raises(NotAllowed):
            place.desk.run(place.as_(who), remove)
    place.desk.run(place.as_("erin"), remove)
    assert place.sessions.sign_in("alice@example.com", PASSWORD, HOME).session.how == How.PASSWORD


def test_an_owner_s_factor_is_for_owners_to_take_away(place: Place) -> None:
    set_up(place, "erin")
    admin = place.person("adam", Role.ADMIN)
    remove = DeleteThing(thing_kind="second_factor", thing_id=place.people["erin"].id)
    with pytest.raises(NotAllowed):
        place.desk.run(Actor(place.as_("erin").kind, admin.id), remove)


def test_who_is_removed_takes_it_along(place: Place) -> None:
    set_up(place, "mallory")
    place.desk.run(place.as_("erin"), DeleteThing(thing_kind="user", thing_id=place.people["mallory"].id))
    assert place.desk.config().second_factors == {}


# -- links


def test_a_link_by_mail_does_not_stand_for_the_second_factor(place: Place) -> None:
    secret, _ = set_up(place)
    link = place.sessions.make_link(place.people["alice"].id)
    with pytest.raises(SecondStep) as step:
        place.sessions.sign_in_by_link(link, HOME)
    opened = place.sessions.sign_in_by_code(step.value.token, code_of(place, secret), HOME)
    assert opened.session.how == How.LINK_CODE
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_link(link, HOME)


def test_a_link_printed_on_the_server_does_and_is_told(place: Place) -> None:
    set_up(place)
    told = Told()
    sessions_of(place, Policy(), told)
    alice = place.people["alice"]
    digest = sha256(b"printed").hexdigest()
    place.store.keep_link(digest, alice.id, place.desk.clock.now() + MINUTE)
    opened = place.sessions.sign_in_by_link("printed", HOME)
    assert opened.session.how == How.PRINTED_LINK
    assert ("Alice", SecurityEvent.PRINTED_LINK) in told.mails


# -- who must have one


def test_who_must_have_one_sets_it_up_before_there_is_a_session(place: Place) -> None:
    sessions_of(place, Policy(second_factor=Demand.OWNERS))
    assert place.sessions.sign_in("alice@example.com", PASSWORD, HOME).session.how == How.PASSWORD
    step = step_of(place, who="erin")
    assert step.setup
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in_by_code(step.token, "000000", HOME)
    secret = place.sessions.codes.setup(place.people["erin"], step.token).secret
    with pytest.raises(Invalid):
        place.sessions.set_up_and_sign_in(step.token, "000000", HOME)
    opened, codes = place.sessions.set_up_and_sign_in(step.token, code_of(place, secret), HOME)
    assert place.sessions.find(opened.token) is not None
    assert len(codes) == 10
    with pytest.raises(NotSignedIn):
        place.sessions.set_up_and_sign_in(step.token, code_of(place, secret, 1), HOME)


def test_switching_the_rule_on_ends_the_sessions_that_are_not_enough(place: Place) -> None:
    before = place.sessions.sign_in("erin@example.com", PASSWORD, HOME)
    sessions_of(place, Policy(second_factor=Demand.OWNERS))
    assert place.sessions.find(before.token) is None


def test_only_the_provider_leaves_no_other_way_but_the_owner_s_printed_link(place: Place) -> None:
    before = place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    sessions_of(place, Policy(only_provider=True))
    assert place.sessions.find(before.token) is None
    with pytest.raises(NotAllowed):
        place.sessions.sign_in("erin@example.com", PASSWORD, HOME)
    with pytest.raises(NotAllowed):
        place.sessions.ask_for_link("erin@example.com", HOME)
    with pytest.raises(NotAllowed):
        place.sessions.sign_in_by_passkey(place.people["erin"], HOME)
    for who, good in (("alice", False), ("erin", True)):
        digest = sha256(who.encode()).hexdigest()
        place.store.keep_link(digest, place.people[who].id, place.desk.clock.now() + MINUTE)
        if good:
            assert place.sessions.find(place.sessions.sign_in_by_link(who, HOME).token) is not None
        else:
            with pytest.raises(NotSignedIn):
                place.sessions.sign_in_by_link(who, HOME)


# -- what people are told


def test_a_new_browser_is_told_the_first_one_is_not(place: Place) -> None:
    told = Told()
    sessions_of(place, Policy(), told)
    place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    place.sessions.sign_in("alice@example.com", PASSWORD, HOME)
    assert told.mails == []
    place.sessions.sign_in("alice@example.com", PASSWORD, AWAY)
    assert told.mails == [("Alice", SecurityEvent.NEW_BROWSER)]
    (event,) = place.sessions.ground.events(place.people["alice"].id)
    assert (event.kind, event.address) == (SecurityEvent.NEW_BROWSER, AWAY.address)


def test_a_series_of_wrong_passwords_is_told_once_a_day(place: Place) -> None:
    told = Told()
    sessions_of(place, Policy(), told)
    for number in range(40):
        for email in ("alice@example.com", "nobody@example.com"):
            with pytest.raises((NotSignedIn, TooMany)):
                place.sessions.sign_in(email, "wrong", AWAY)
        passes(place, SECOND * (number + 1))
    assert told.mails == [("Alice", SecurityEvent.PASSWORDS_FAILED)]
    kinds = {row.user_id for row in place.sessions.ground.events(None)}
    assert kinds == {place.people["alice"].id, ""}, "also of an account that nobody has"
    passes(place, DAY)
    for _ in range(12):
        with pytest.raises((NotSignedIn, TooMany)):
            place.sessions.sign_in("alice@example.com", "wrong", AWAY)
    assert len(told.mails) == 2


def test_a_flood_of_made_up_accounts_fills_no_disk(place: Place) -> None:
    for number in range(120):
        with pytest.raises((NotSignedIn, TooMany)):
            place.sessions.sign_in(f"nobody{number}@example.com", "wrong", AWAY)
    assert len(place.sessions.ground.events(None, 500)) <= 20


def test_wrong_codes_after_the_right_password_are_told(place: Place) -> None:
    set_up(place)
    told = Told()
    sessions_of(place, Policy(), told)
    for _ in range(8):
        guess(place, AWAY)
    assert told.mails == [("Alice", SecurityEvent.CODES_FAILED)]


# -- the pages


def form(browser: Browser, page: Any, path: str, **fields: str) -> Any:
    """Send a form of this page."""
    browser.csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    return browser.act(path, **fields)


def by_password(place: Place, who: str = "alice", next_path: str = "/incidents") -> tuple[Browser, Any]:
    browser = place.client()
    page = browser.get("/sign-in")
    email = place.people[who].email
    return browser, form(browser, page, "/sign-in", email=email, password=PASSWORD, by="password", next=next_path)


def test_the_code_is_asked_for_and_leads_on(place: Place) -> None:
    secret, _ = set_up(place)
    browser, answer = by_password(place)
    assert answer.headers["location"] == "/sign-in/code?next=%2Fincidents"
    assert "__Host-tocsin" not in browser.cookies
    page = browser.get(answer.headers["location"])
    assert 'autocomplete="one-time-code"' in page.text
    wrong = form(browser, page, "/sign-in/code", code="000000", next="/incidents")
    assert wrong.status_code == 401
    assert "This code is wrong" in wrong.text
    good = form(browser, wrong, "/sign-in/code", code=code_of(place, secret), next="/incidents")
    assert good.headers["location"] == "/incidents"
    assert browser.get("/incidents").status_code == 200


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/sign-in"])
def test_after_the_code_too_it_goes_to_our_own_pages_only(place: Place, wanted: str) -> None:
    secret, _ = set_up(place)
    browser, answer = by_password(place)
    page = browser.get(answer.headers["location"])
    assert form(browser, page, "/sign-in/code", code=code_of(place, secret), next=wanted).headers["location"] == "/"


def test_the_step_belongs_to_its_browser(place: Place) -> None:
    secret, _ = set_up(place)
    by_password(place)
    other = place.client()
    page = other.get("/sign-in")
    answer = form(other, page, "/sign-in/code", code=code_of(place, secret))
    assert answer.headers.get("location") == "/sign-in"
    assert "__Host-tocsin" not in other.cookies


def test_a_person_who_must_is_led_through_it(place: Place) -> None:
    sessions_of(place, Policy(second_factor=Demand.EVERYONE))
    browser, answer = by_password(place)
    page = browser.get(answer.headers["location"])
    assert "<svg" in page.text
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")  # type: ignore[index]
    again = browser.get(answer.headers["location"])
    assert secret in again.text.replace(" ", ""), "the picture stays the same"
    done = form(browser, page, "/sign-in/code", code=code_of(place, secret), next="/incidents")
    assert done.status_code == 200
    assert len(re.findall(r"<code>(\w{4}(?:-\w{4}){3})</code>", done.text)) == 10
    assert browser.get("/incidents").status_code == 200


def test_it_is_set_up_and_switched_off_on_one_s_own_page(place: Place) -> None:
    browser = place.client("alice")
    page = browser.get("/me/second-factor")
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")  # type: ignore[index]
    other = place.client("alice")
    refused = browser.act("/me/second-factor", code="000000")
    assert (refused.status_code, secret in refused.text.replace(" ", "")) == (422, True)
    done = browser.act("/me/second-factor", code=code_of(place, secret))
    assert len(re.findall(r"<code>(\w{4}(?:-\w{4}){3})</code>", done.text)) == 10
    assert other.get("/me").status_code == 303, "every other session has ended"
    page = browser.get("/me")
    assert "10 recovery codes are left" in page.text
    off = form(browser, page, "/me/factor-remove")
    assert off.status_code == 303
    assert place.desk.config().second_factors == {}
    assert browser.get("/me").status_code == 200


PROVED = ("/me/factor-remove", "/me/recovery-new", "/me/passkey-add", "/me/passkey-remove", "/me/second-factor")


@pytest.mark.parametrize("path", PROVED)
def test_after_a_while_it_is_asked_who_it_is(place: Place, path: str) -> None:
    set_up(place)
    alice = place.people["alice"]
    opened = place.sessions.open(alice, HOME, How.PASSWORD_CODE)
    browser = place.client()
    browser.cookies.set("__Host-tocsin", opened.token)
    browser.csrf = opened.session.csrf
    passes(place, 16 * MINUTE)
    answer = browser.act(path, code="000000", id="x")
    assert answer.headers["location"].startswith("/me/prove?next=")
    assert place.sessions.codes.has(alice.id)


def test_it_is_proved_by_a_code_where_there_is_one(place: Place) -> None:
    secret, _ = set_up(place)
    opened = place.sessions.open(place.people["alice"], HOME, How.PASSWORD_CODE)
    browser = place.client()
    browser.cookies.set("__Host-tocsin", opened.token)
    browser.csrf = opened.session.csrf
    passes(place, 16 * MINUTE)
    page = browser.get("/me/prove?next=/me/second-factor")
    assert 'name="code"' in page.text
    assert 'name="password"' not in page.text
    assert browser.act("/me/prove", password=PASSWORD).status_code == 422, "the password is not enough"
    good = browser.act("/me/prove", code=code_of(place, secret), next="/me/second-factor")
    assert good.headers["location"] == "/me/second-factor"
    assert browser.get("/me/second-factor").status_code == 200


def test_it_is_proved_by_the_password_where_there_is_no_code(place: Place) -> None:
    browser = place.client("alice")
    passes(place, 16 * MINUTE)
    assert browser.get("/me/second-factor").headers["location"] == "/me/prove?next=%2Fme%2Fsecond-factor"
    assert browser.act("/me/prove", password="wrong").status_code == 422
    assert browser.act("/me/prove", password=PASSWORD, next="//evil.example").headers["location"] == "/"
    assert browser.get("/me/second-factor").status_code == 200


def test_who_must_have_one_cannot_switch_it_off(place: Place) -> None:
    sessions_of(place, Policy(second_factor=Demand.EVERYONE))
    set_up(place)
    opened = place.sessions.open(place.people["alice"], HOME, How.PASSWORD_CODE)
    browser = place.client()
    browser.cookies.set("__Host-tocsin", opened.token)
    browser.csrf = opened.session.csrf
    assert browser.act("/me/factor-remove").status_code == 422
    assert place.sessions.codes.has(place.people["alice"].id)
