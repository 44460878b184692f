"""People and their own pages: who is shown what, how somebody is added, and how they leave."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from tests.web.place import Browser, Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.directory.model import Channel, ContactMethod, Membership, Role, Team, TeamRole, User
from tocsin.engine.things import DeleteThing
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import DAY, HOUR
from tocsin.runtime.reads import AuditFilter


def rows(browser: Browser, query: str = "") -> dict[str, str]:
    html = browser.get(f"/people?{query}").text
    found = re.findall(r'id="u-\w+".*?(?=id="u-|</section>)', html, re.DOTALL)
    return {words(re.findall(r"<bdi.*?</bdi>", one)[0]): words(one) for one in found}


def of(place: Place, name: str) -> str:
    return f"/people/{place.people[name].id}"


def now(place: Place, name: str) -> User:
    return place.desk.config().users[place.people[name].id]


def with_mail(place: Place) -> list[tuple[User, str]]:
    sent: list[tuple[User, str]] = []
    place.site = replace(
        place.site, mail_invitation=lambda user, url: sent.append((user, url)), public_url="https://tocsin.example"
    )
    return sent


def test_the_list_says_who_is_on_call_and_who_can_be_reached(place: Place) -> None:
    for contact in place.desk.config().contacts_of[place.people["bob"].id]:
        place.desk.save(replace(contact, enabled=False), "enabled")
    for contact in place.desk.config().contacts_of[place.people["carol"].id]:
        place.desk.run(SYSTEM, DeleteThing(thing_kind="contact_method", thing_id=contact.id))
    place.desk.save(User(id="", name="Nina", email="nina@example.com"))
    place.site = replace(place.site, ways_to_send=lambda: (Channel.SMS.value,))
    found = rows(place.client("erin"))
    assert "Payments primary" in found["Alice"]
    assert "Can be reached Text · at once" in found["Alice"]
    assert "Can’t be reached Every contact method is switched off." in found["Bob"]
    assert "Can’t be reached No contact method." in found["Carol"]
    assert "Can’t be reached Not set up here: Mail." in found["Nina"]
    assert set(rows(place.client("erin"), "show=unreachable")) == {"Bob", "Carol", "Nina"}
    assert set(rows(place.client("erin"), "show=on-call")) == {"Alice"}


def test_it_is_narrowed_by_the_address(place: Place) -> None:
    place.desk.save(replace(now(place, "mallory"), active=False), "active")
    browser = place.client("erin")
    assert set(rows(browser)) == {"Alice", "Bob", "Carol", "Erin"}
    assert set(rows(browser, "show=inactive")) == {"Mallory"}
    assert set(rows(browser, "show=all")) == {"Alice", "Bob", "Carol", "Erin", "Mallory"}
    assert set(rows(browser, f"team={place.team.id}&q=AL")) == {"Alice"}
    assert set(rows(browser, "role=owner")) == {"Erin"}
    assert set(rows(browser, "q=carol@example")) == {"Carol"}
    assert "the filter hides them" in browser.get("/people?q=nobody").text


def test_a_long_list_has_pages(place: Place) -> None:
    for number in range(60):
        place.desk.save(User(id="", name=f"Person {number:02}", email=f"p{number}@example.com"))
    browser = place.client("erin")
    first = browser.get("/people?q=person").text
    assert "60 people" in words(first)
    address = unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0])
    second = browser.get(address).text
    assert second.count('class="row people-row"') == 10
    assert 'rel="prev"' in second


def test_when_somebody_was_here_last_is_for_administrators(place: Place) -> None:
    place.client("bob").get("/")
    place.desk.advance(3 * HOUR)
    assert "3 h ago" in rows(place.client("erin"))["Bob"]
    assert "ago" not in rows(place.client("alice"))["Bob"]
    place.desk.advance(30 * DAY)
    assert "30 d ago" in rows(place.client("erin"))["Bob"], "also when the session has ended long ago"


def test_addresses_sessions_and_keys_are_for_whom_they_concern(place: Place) -> None:
    place.client("alice").get("/")
    number = "+12025550100"
    for who in ("alice", "carol", "erin"):
        assert number in place.client(who).get(of(place, "alice")).text, who
    for who in ("bob", "mallory"):
        html = place.client(who).get(of(place, "alice")).text
        assert number not in html
        assert "Text" in html
        assert "signed in" not in html
    assert "192.0.2.1" in place.client("erin").get(of(place, "alice")).text
    for who in ("bob", "carol", "mallory"):
        html = place.client(who).get(of(place, "alice")).text
        assert "192.0.2.1" not in html
        assert "API keys" not in html
    place.person("rita", Role.RESTRICTED)
    assert place.client("rita").get(of(place, "alice")).status_code == 404
    assert place.client("rita").get(of(place, "rita")).status_code == 200


def test_an_invitation_goes_by_mail_and_signs_in_once(place: Place) -> None:
    sent = with_mail(place)
    answer = place.client("erin").act(
        "/people", name="Nina", email="nina@example.com", role="responder", team=place.team.id, team_role="manager"
    )
    (user, url) = sent[0]
    assert answer.headers["location"] == f"/people/{user.id}"
    assert user.invited
    assert place.desk.config().memberships[f"{place.team.id}:{user.id}"].role is TeamRole.MANAGER
    place.desk.advance(2 * DAY)
    browser = place.client("")
    page = browser.get(url)
    token = re.findall(r'name="csrf" value="(\w+)"', page.text)[0]
    assert browser.act(url, csrf=token).status_code == 303
    assert "Nina" in browser.get("/me").text
    assert place.client("").get(url).status_code == 410


def test_without_mail_the_link_is_shown_once(place: Place) -> None:
    browser = place.client("erin")
    answer = browser.act("/people", name="Nina", email="nina@example.com", role="observer")
    (link,) = re.findall(r'<code class="secret">(https://tocsin.example/enter/\S+)</code>', answer.text)
    user = place.desk.config().user_by_email["nina@example.com"]
    assert "/enter/" not in browser.get(f"/people/{user.id}").text
    assert "Sign in as" in place.client("").get(link).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"email": "alice@example.com"}, "Email has already been taken"),
        ({"email": "no address"}, "Email is invalid"),
        ({"zone": "Mars/Base"}, "Time zone is invalid"),
        ({"role": "king"}, "Choose a role."),
        ({"team": "PNONE"}, "This team is not there any more."),
    ],
)
def test_a_refused_invitation_keeps_what_was_typed(place: Place, typed: dict[str, str], says: str) -> None:
    form = {"name": "Nina Simone", "email": "nina@example.com", "role": "responder"} | typed
    answer = place.client("erin").act("/people", **form)
    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="Nina Simone"' in answer.text
    assert "Nina Simone" not in [user.name for user in place.desk.config().users.values()]


def test_who_may_add_and_change_people(place: Place) -> None:
    place.person("dan", Role.ADMIN)
    for who in ("carol", "mallory"):
        browser = place.client(who)
        assert 'id="invite"' not in browser.get("/people").text
        assert browser.act("/people", name="N", email="n@example.com", role="responder").status_code == 403
        for action in ("save", "link", "sign-out", "deactivate", "remove", "key-add"):
            fields = {"name": "X", "email": "x@example.com", "role": "observer", "zone": "UTC", "typed": "Alice"}
            assert browser.act(f"{of(place, 'alice')}/{action}", **fields).status_code == 403, action
        assert browser.get(f"{of(place, 'alice')}/leave").status_code == 403
    admin = place.client("dan")
    assert "Owner:" not in admin.get("/people").text, "nobody makes owners who is none"
    assert admin.act("/people", name="N", email="n@example.com", role="owner").status_code == 403
    assert admin.act(f"{of(place, 'erin')}/link").status_code == 403
    assert admin.get(f"{of(place, 'erin')}/leave").status_code == 403
    assert now(place, "alice").name == "Alice"


def test_a_person_is_changed(place: Place) -> None:
    browser, alice = place.client("erin"), place.client("alice")
    fields = {"name": "Alice B.", "email": "ab@example.com", "role": "manager", "zone": "Europe/Dublin", "title": "SRE"}
    answer = browser.act(f"{of(place, 'alice')}/save", **fields)
    assert answer.headers["location"] == of(place, "alice")
    found = now(place, "alice")
    assert (found.name, found.email, found.role, found.time_zone, found.job_title) == (
        "Alice B.", "ab@example.com", Role.MANAGER, "Europe/Dublin", "SRE",
    )  # fmt: skip
    assert alice.get("/").headers["location"].startswith("/sign-in"), "another role signs out"
    refused = browser.act(f"{of(place, 'alice')}/save", **(fields | {"email": "bob@example.com"}))
    assert refused.status_code == 422
    assert 'id="wrong-email"' in refused.text
    assert 'value="bob@example.com"' in refused.text


def test_a_link_for_another_person_is_on_record(place: Place) -> None:
    browser = place.client("erin")
    answer = browser.act(f"{of(place, 'alice')}/link")
    assert "/enter/" in answer.text
    (newest,) = place.desk.reads.audit(AuditFilter(kinds=("user",), thing_id=now(place, "alice").id), limit=1).items
    assert newest.after is not None
    assert newest.after["link_made_at"] == place.desk.clock.now()


def test_signing_out_everywhere(place: Place) -> None:
    alice = place.client("alice")
    place.client("erin").act(f"{of(place, 'alice')}/sign-out")
    assert alice.get("/").headers["location"].startswith("/sign-in")
    bob, other = place.client("bob"), place.client("bob")
    session = place.sessions.sessions_of(place.people["bob"].id)
    bob.act(f"{of(place, 'bob')}/session-end", id=next(one.id for one in session))
    assert {bob.get("/").status_code, other.get("/").status_code} == {200, 303}


def test_a_key_of_ones_own_is_shown_once_and_revoked(place: Place) -> None:
    browser = place.client("alice")
    answer = browser.act(f"{of(place, 'alice')}/key-add", name="laptop")
    (secret,) = re.findall(r'<code class="secret">(tcs_\S+)</code>', answer.text)
    assert secret not in browser.get(of(place, "alice")).text
    (key,) = place.desk.config().api_keys.values()
    assert (key.user_id, key.name, key.role) == (place.people["alice"].id, "laptop", Role.RESPONDER)
    assert browser.act(f"{of(place, 'alice')}/key-add", name=" ").status_code == 422
    assert place.client("bob").act(f"{of(place, 'alice')}/key-end", id=key.id).status_code == 403
    browser.act(f"{of(place, 'alice')}/key-end", id=key.id)
    assert not place.desk.config().api_key_by_digest


def test_what_counts_on_somebody_is_told_before_they_leave(place: Place) -> None:
    browser = place.client("erin")
    place.desk.save(replace(place.team, lead_id=place.people["bob"].id), "lead_id")
    page = words(browser.get(f"{of(place, 'bob')}/leave").text)
    assert "Is called by level 2 of the policy Payments" in page
    assert "Leads the team Payments" in page
    assert "Not possible yet: see above." in page
    refused = browser.act(f"{of(place, 'bob')}/remove", typed="Bob")
    assert refused.status_code == 409
    assert "The user is named in the escalation policy Payments." in refused.text
    assert "Takes turns in the schedule Payments primary" in words(browser.get(f"{of(place, 'alice')}/leave").text)


def test_who_is_deactivated_is_out_at_once_and_stays_reported(place: Place) -> None:
    bob, browser = place.client("bob"), place.client("erin")
    place.client("bob").act(f"{of(place, 'bob')}/key-add", name="script")
    assert browser.act(f"{of(place, 'bob')}/deactivate").headers["location"] == of(place, "bob")
    assert bob.get("/").headers["location"].startswith("/sign-in")
    assert not place.desk.config().api_key_by_digest
    page = words(browser.get(of(place, "bob")).text)
    assert "They are deactivated: put somebody else here." in page
    assert "Is called by level 2 of the policy Payments" in page
    browser.act(f"{of(place, 'bob')}/activate")
    assert now(place, "bob").active
    assert bob.get("/").headers["location"].startswith("/sign-in"), "the old session does not come back"


def test_the_last_owner_stays(place: Place) -> None:
    browser = place.client("erin")
    page = browser.get(f"{of(place, 'erin')}/leave").text
    assert "This is the last owner." in page
    assert browser.act(f"{of(place, 'erin')}/deactivate").status_code == 422
    assert browser.act(f"{of(place, 'erin')}/remove", typed="Erin").status_code == 409
    fields = {"name": "Erin", "email": "erin@example.com", "zone": "Etc/UTC"}
    assert browser.act(f"{of(place, 'erin')}/save", role="admin", **fields).status_code == 422
    assert now(place, "erin").role is Role.OWNER
    place.person("otto", Role.OWNER)
    assert browser.act(f"{of(place, 'erin')}/save", role="admin", **fields).status_code == 303


def test_a_removed_person_is_gone_with_what_was_theirs(place: Place) -> None:
    mallory, browser = place.client("mallory"), place.client("erin")
    assert browser.act(f"{of(place, 'mallory')}/remove", typed="Mal").status_code == 422
    assert browser.act(f"{of(place, 'mallory')}/remove", typed="Mallory").headers["location"] == "/people"
    assert place.people["mallory"].id not in place.desk.config().users
    assert mallory.get("/").headers["location"].startswith("/sign-in")
    assert browser.get(of(place, "mallory")).status_code == 404


def test_what_belongs_to_other_teams_is_not_named(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Secret team"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=place.team.id, user_id=rita.id, role=TeamRole.RESPONDER))
    place.desk.save(Membership(team_id=other.id, user_id=place.people["bob"].id, role=TeamRole.MANAGER))
    for address in ("/people", of(place, "bob")):
        assert "Secret" not in place.client("rita").get(address).text
        assert "Secret" in place.client("erin").get(address).text


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text(place: Place, text: str) -> None:
    name = "".join(letter for letter in text if letter.isprintable())[:250].strip() or "x"
    user = place.desk.save(User(id="", name=name, email="x@example.com", job_title=text, description=text))
    place.desk.save(ContactMethod(id="", user_id=user.id, channel=Channel.SMS, address="2025550188", label=text))
    place.desk.save(Membership(team_id=place.team.id, user_id=user.id))
    for address in ("/people", f"/people/{user.id}", f"/people/{user.id}/leave", f"/people?q={name[:20]}"):
        found = shape(place.client("erin").get(address).text)
        assert found.running == [], address
        assert found.tags["img"] == 0, address
