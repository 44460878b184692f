"""The pages on which owners set up how messages are sent: what they take, what they refuse, what they never show."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.app.providing import SEALER, providers_of
from tests.web.place import Place
from tests.web.settings_scene import machine
from tests.web.test_connections import refuse
from tests.web.test_incident_pages import words
from tocsin.app.settings import from_environment
from tocsin.directory.model import Channel
from tocsin.directory.sending import Encryption
from tocsin.engine.sending import mail_server, phone_account
from tocsin.runtime.reads import AuditFilter

MAIL = {"host": "Mail.Corp.Example", "port": "2525", "encryption": "required", "user": "tocsin@example.org",
        "secret": "correct horse", "mail_from": "Alarm <alarm@example.org>"}  # fmt: skip
PHONE = {"account": "AC0123", "secret": "the-token", "number": "+1 (202) 555-0100", "base_url": ""}


@pytest.fixture
def sending(place: Place) -> Place:
    """An installation without a provider."""
    return with_providers(place)


def with_providers(place: Place, **environment: str) -> Place:
    """Providers are those of the environment and of the pages, as the program has them."""
    found = providers_of(from_environment(environment, data=place.folder))
    place.site = replace(
        place.site,
        ways_to_send=lambda: tuple(one.value for one in sorted(found.ways(place.desk.config()))),
        ways_seen=lambda: found.seen(place.desk.config()),
        has_mail=lambda: Channel.EMAIL in found.ways(place.desk.config()),
        seal=SEALER.seal,
        may_reach=found.may_reach,
        machine=lambda: machine(place.desk.clock.now()),
    )
    return place


def seen(browser: Any, way: str) -> str:
    """What a form says it was made from."""
    found = re.search(r'name="seen" value="(\d+)"', browser.get(f"/connections/{way}").text)
    assert found is not None
    return found[1]


def save(browser: Any, way: str, fields: dict[str, Any]) -> Any:
    return browser.act(f"/connections/{way}", seen=seen(browser, way), **fields)


def test_mail_is_set_up_changed_and_removed(sending: Place) -> None:
    browser = sending.client("erin")
    assert "Set up not yet" in words(browser.get("/connections/mail").text)
    assert save(browser, "mail", MAIL).headers["location"] == "/connections/mail"
    server = mail_server(sending.desk.config())
    assert server is not None
    assert (server.host, server.port, server.user) == ("mail.corp.example", 2525, "tocsin@example.org")
    assert server.encryption is Encryption.REQUIRED
    assert server.secret.startswith("s1.")
    assert SEALER.open(server.secret, server.secret_for) == "correct horse"
    assert Channel.EMAIL.value in sending.site.ways_to_send()
    html = browser.get("/connections/mail").text
    assert "on this page, last changed 02:14" in words(html)
    assert "correct horse" not in html
    assert server.secret not in html
    assert "leave it empty to keep it" in html
    kept = MAIL | {"secret": "", "mail_from": "pager@example.org"}
    assert save(browser, "mail", kept).status_code == 303
    changed = mail_server(sending.desk.config())
    assert changed is not None
    assert (changed.secret, changed.mail_from) == (server.secret, "pager@example.org")
    wrong = browser.act("/connections/mail/remove", typed="mail")
    assert (wrong.status_code, "Type it exactly as it is" in wrong.text) == (422, True)
    assert browser.act("/connections/mail/remove", typed="mail.corp.example").headers["location"] == "/connections"
    assert mail_server(sending.desk.config()) is None
    assert Channel.EMAIL.value not in sending.site.ways_to_send()


def test_texts_and_calls_are_set_up(sending: Place) -> None:
    browser = sending.client("erin")
    assert save(browser, "phone", PHONE).status_code == 303
    account = phone_account(sending.desk.config())
    assert account is not None
    assert (account.account, account.number, account.base_url) == ("AC0123", "+12025550100", "")
    assert SEALER.open(account.secret, account.secret_for) == "the-token"
    assert {Channel.SMS.value, Channel.VOICE.value} <= set(sending.site.ways_to_send())
    html = browser.get("/connections/phone").text
    assert "/twilio/sms" in html, "what has to be entered at the provider"
    assert "the-token" not in html


@pytest.mark.parametrize(
    ("way", "field", "typed", "says"),
    [
        ("mail", "host", "smtp://mail.example.org", "Server is a name like mail.example.org"),
        ("mail", "host", "mail.example.org:25", "Server is a name like mail.example.org"),
        ("mail", "host", "169.254.169.254", "Server is at an address to which no mail is sent"),
        ("mail", "host", "::ffff:169.254.169.254", "Server is at an address to which no mail is sent"),
        ("mail", "port", "mail", "Port is a number, like 587"),
        ("mail", "port", "70000", "Port must be between 1 and 65 535"),
        ("mail", "encryption", "rot13", "Encryption has to be chosen"),
        ("mail", "mail_from", "nobody", "Sender is not an address like alarm@example.org"),
        ("mail", "secret", "", "Password is missing"),
        ("mail", "user", "", "User is missing"),
        ("phone", "account", "AC 0123", "Account holds letters and digits only"),
        ("phone", "secret", "", "Token is missing"),
        ("phone", "number", "call me, maybe", "Sender is a number with its country"),
        ("phone", "base_url", "ftp://phone.example.org", "Address is not a URL that can be called"),
        ("phone", "base_url", "http://169.254.169.254/latest", "Address leads inside, or is not encrypted"),
        ("phone", "base_url", "https://10.0.0.9", "Address leads inside, or is not encrypted"),
    ],
)
def test_a_refused_form_says_where_and_keeps_what_was_typed(
    sending: Place, way: str, field: str, typed: str, says: str
) -> None:
    browser, whole = sending.client("erin"), MAIL if way == "mail" else PHONE
    fields = whole | {field: typed}
    answer = save(browser, way, fields)
    assert answer.status_code == 422
    assert says in words(answer.text).replace("65,535", "65 535").replace("65535", "65 535")
    assert f'id="wrong-{field}"' in answer.text
    for name, value in fields.items():
        if name == "secret":
            assert not value or value not in answer.text, "a secret is typed again"
        elif name != "encryption":
            assert f'value="{value}"'.replace("<", "&lt;").replace(">", "&gt;") in answer.text, name
    assert not sending.desk.config().of("mail_server" if way == "mail" else "phone_account")


@pytest.mark.parametrize(
    ("host", "port"), [("10.1.2.3", "25"), ("127.0.0.1", "587"), ("fd00::25", ""), ("relay.corp", "2500")]
)
def test_a_relay_inside_is_taken(sending: Place, host: str, port: str) -> None:
    """Names are judged when they are called."""
    assert save(sending.client("erin"), "mail", MAIL | {"host": host, "port": port}).status_code == 303


def test_inside_only_the_ports_of_mail_are_open_unless_the_operator_says_so(place: Place) -> None:
    fields = MAIL | {"host": "10.1.2.3", "port": "6379"}
    assert save(with_providers(place).client("erin"), "mail", fields).status_code == 422
    allowing = with_providers(place, TOCSIN_EGRESS_ALLOW="10.0.0.0/8")
    assert save(allowing.client("erin"), "mail", fields).status_code == 303


def test_a_kept_password_goes_to_no_other_server(sending: Place) -> None:
    browser = sending.client("erin")
    save(browser, "mail", MAIL)
    for change in ({"host": "evil.example.org"}, {"port": "25"}, {"encryption": "off"}, {"any_certificate": "1"}):
        answer = save(browser, "mail", MAIL | {"secret": ""} | change)
        assert (answer.status_code, "The secret has to be typed again" in answer.text) == (422, True), change
    save(browser, "phone", PHONE)
    answer = save(browser, "phone", PHONE | {"secret": "", "base_url": "https://evil.example.org"})
    assert (answer.status_code, "The secret has to be typed again" in answer.text) == (422, True)


def test_two_owners_do_not_overwrite_each_other(sending: Place) -> None:
    browser = sending.client("erin")
    old = seen(browser, "mail")
    save(browser, "mail", MAIL)
    answer = browser.act("/connections/mail", seen=old, **MAIL | {"host": "other.example.org"})
    assert answer.status_code == 409
    assert "It was changed by somebody else meanwhile" in answer.text


@pytest.mark.parametrize("who", ["alice", "carol", "mallory"])
def test_only_owners_may(sending: Place, who: str) -> None:
    save(sending.client("erin"), "mail", MAIL)
    browser = sending.client(who)
    for answer in (
        browser.get("/connections/mail"),
        browser.act("/connections/mail", **MAIL),
        browser.act("/connections/mail/remove", typed="mail.corp.example"),
        browser.act("/connections/phone", **PHONE),
    ):
        assert answer.status_code == 403
        assert "Ask Erin" in answer.text
    assert "mail.corp.example" not in browser.get("/connections").text
    assert mail_server(sending.desk.config()) is not None
    assert phone_account(sending.desk.config()) is None


def test_what_the_environment_names_is_shown_and_not_changed(place: Place) -> None:
    named = with_providers(place, TOCSIN_SMTP_URL="smtp://u:canary@mail.example.com", TOCSIN_MAIL_FROM="a@example.com")
    html = named.client("erin").get("/connections/mail").text
    text = words(html)
    assert "Set up where Tocsin runs, by TOCSIN_SMTP_URL" in text
    assert "TOCSIN_SMTP_URL mail.example.com the rest is not shown" in text
    assert 'name="host"' not in html
    assert "canary" not in html


def test_a_secret_that_cannot_be_read_says_so(sending: Place) -> None:
    browser = sending.client("erin")
    save(browser, "mail", MAIL)
    server = mail_server(sending.desk.config())
    assert server is not None
    other = server.secret.replace("s1.", "s1.0", 1)
    sending.desk.save(replace(server, secret=other), "secret")
    assert "sealed with another TOCSIN_SECRETS_KEY" in browser.get("/connections/mail").text
    assert "sealed with another TOCSIN_SECRETS_KEY" in browser.get("/connections").text
    assert Channel.EMAIL.value not in sending.site.ways_to_send()
    assert save(browser, "mail", MAIL).status_code == 303
    assert Channel.EMAIL.value in sending.site.ways_to_send()


def follow(sending: Place, browser: Any, there: str, why: str) -> None:
    """The page of a test says that it is on its way, and then why it failed."""
    page = browser.get(there).text
    assert "On its way to the provider" in page
    assert "data-again" in page, "it asks again by itself"
    refuse(sending, why)
    page = browser.get(there).text
    assert "Failed" in page
    assert f"The answer: {why}" in words(page)
    assert "data-again" not in page


def test_a_test_shows_what_the_provider_answered(sending: Place) -> None:
    browser = sending.client("erin")
    save(browser, "mail", MAIL)
    assert "Send a test: Mail to erin@example.com" in browser.get("/connections/mail").text
    there = browser.act("/connections/mail/test", channel="email").headers["location"]
    assert there.startswith("/connections/mail?test=")
    follow(sending, browser, there, "the mail server answered login with 535: no such user")
    again = browser.act("/connections/mail/test", channel="email")
    assert (again.status_code, "Try again in a minute." in again.text) == (429, True)
    assert browser.act("/connections/phone/test", channel="push").status_code == 422
    assert "Your test" not in sending.client("erin").get("/connections/phone" + there.partition("mail")[2]).text


def test_whoever_tests_a_way_to_be_reached_is_told_that_it_failed(sending: Place) -> None:
    browser = sending.client("alice")
    own = sending.desk.config().contacts_of[sending.people["alice"].id]
    there = browser.act("/me/contact-test", id=own[0].id).headers["location"]
    follow(sending, browser, there, "not connected: the name leads to an internal address")
    assert "Your test" not in sending.client("bob").get(there).text


def test_the_history_tells_the_change_without_the_secret(sending: Place) -> None:
    browser = sending.client("erin")
    save(browser, "mail", MAIL)
    sending.desk.advance(60_000_000)
    save(browser, "mail", MAIL | {"secret": "another one"})
    html = browser.get("/audit?kind=mail_server").text
    assert "mail server" in html
    assert "mail.corp.example" in html
    assert "secret typed" in words(html), "that it was typed again is told"
    server = mail_server(sending.desk.config())
    assert server is not None
    for hidden in ("correct horse", "another one", server.secret):
        assert hidden not in html
        assert hidden not in browser.get("/audit/export?format=json").text
        assert hidden not in str(sending.desk.reads.audit(AuditFilter(), limit=50).items)


def test_the_first_day_leads_owners_to_the_form(sending: Place) -> None:
    for contact in list(sending.desk.config().contact_methods.values()):
        if contact.channel is not Channel.EMAIL:
            assert contact.channel in (Channel.SMS, Channel.VOICE)
    owner, other = sending.client("erin").get("/").text, sending.client("alice").get("/").text
    assert 'Set up <a href="/connections/mail">mail</a>' in owner
    assert "Ask an owner (Erin) to set up mail" in words(other)
    assert "/connections/mail" not in other
    save(sending.client("erin"), "mail", MAIL)
    assert "Set up <a" not in sending.client("erin").get("/").text
