"""What a mail looks like, and that nothing from outside can change its shape."""

from __future__ import annotations

import contextlib
import email
import email.policy
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Reason
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.connectors.email.compose import SUBJECT_CHARS, compose, one_line
from tocsin.directory.model import Channel
from tocsin.kernel.time import parse_iso

NOW = parse_iso("2026-01-06T12:00:00Z")
SENDER = Address("Tocsin", "alarm", "example.org")
PAGE = OutboundMessage(
    id="QMESSAGE1234567",
    channel=Channel.EMAIL,
    address="alice@example.com",
    subject="[#42] Disk full on db1",
    text="#42 Payments: Disk full on db1",
    incident_ids=("QINCIDENT000001", "QINCIDENT000002"),
    incident_number=42,
    ack_url="https://tocsin.example/answer/abc123",
)
HEADERS = {
    "from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress", "in-reply-to",
    "references", "importance", "x-priority", "mime-version", "content-type",
}  # fmt: skip


def over_the_wire(message: OutboundMessage) -> EmailMessage:
    raw = compose(message, SENDER, NOW).as_bytes()
    return email.message_from_bytes(raw, policy=email.policy.default)


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_page() -> None:
    mail = over_the_wire(PAGE)
    assert mail["From"] == "Tocsin <alarm@example.org>"
    assert mail["To"] == "alice@example.com"
    assert mail["Subject"] == "[#42] Disk full on db1"
    assert mail["Date"].datetime.isoformat() == "2026-01-06T12:00:00+00:00"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["Importance"], mail["X-Priority"]) == ("high", "1")
    assert mail.get_content_type() == "multipart/alternative"
    assert "Disk full on db1" in text_of(mail, "plain")
    assert "https://tocsin.example/answer/abc123" in text_of(mail, "plain")
    assert 'href="https://tocsin.example/answer/abc123"' in text_of(mail, "html")


def test_every_attempt_has_the_same_message_id_and_every_message_its_own() -> None:
    first = over_the_wire(PAGE)["Message-ID"]
    assert first == over_the_wire(replace(PAGE, attempt=2))["Message-ID"] == "<page.QMESSAGE1234567@example.org>"
    assert first != over_the_wire(replace(PAGE, id="QMESSAGE7654321"))["Message-ID"]


def test_all_mail_about_an_incident_is_one_thread() -> None:
    first, second = over_the_wire(PAGE), over_the_wire(replace(PAGE, id="QOTHER", subject="Re"))
    assert (
        first["References"] == second["References"] == first["In-Reply-To"] == "<incident.QINCIDENT000001@example.org>"
    )


def test_mail_about_no_incident_is_not_urgent_and_in_no_thread() -> None:
    mail = over_the_wire(replace(PAGE, incident_ids=(), ack_url=""))
    assert {"importance", "x-priority", "references", "in-reply-to"}.isdisjoint(name.lower() for name in mail)
    assert "Acknowledge" not in text_of(mail, "html")


def test_html_of_ours_is_sent_as_it_is() -> None:
    assert "<b>bold</b>" in text_of(over_the_wire(replace(PAGE, html="<p><b>bold</b></p>")), "html")


def test_a_link_that_is_no_web_address_is_not_made_clickable() -> None:
    assert "href" not in text_of(over_the_wire(replace(PAGE, ack_url="javascript:alert(1)")), "html")


anything = st.text(alphabet=st.characters(), max_size=300)


@given(subject=anything, text=anything, incident=anything, message_id=anything, url=anything)
def test_nothing_from_outside_adds_a_header(subject: str, text: str, incident: str, message_id: str, url: str) -> None:
    message = replace(PAGE, subject=subject, text=text, incident_ids=(incident,), id=message_id, ack_url=url)
    mail = over_the_wire(message)
    assert {name.lower() for name in mail} == HEADERS
    assert len(mail.keys()) == len(HEADERS)
    assert not mail.defects
    assert [str(address.addr_spec) for address in mail["To"].addresses] == ["alice@example.com"]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@given(
    st.sampled_from(["\r\nBcc: mallory@evil.example", "\nBcc: m@e", "\rX: y", "\r\n\r\nbody", "\x0bX: y", "\u2028X: y"])
)
def test_line_breaks_in_a_subject_become_blanks(attack: str) -> None:
    mail = over_the_wire(replace(PAGE, subject=f"Disk{attack} full"))
    assert "bcc" not in {name.lower() for name in mail}
    assert mail["Subject"].startswith("Disk ")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=SUBJECT_CHARS))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    line = one_line(subject)
    if line:
        assert " ".join(str(over_the_wire(replace(PAGE, subject=subject))["Subject"]).split()) == line


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=500))
def test_the_text_arrives_as_it_was_written(text: str) -> None:
    message = replace(PAGE, text=text, ack_url="")
    assert text_of(over_the_wire(message), "plain").rstrip() == text.rstrip()


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "href":
                assert value is not None
                assert value.startswith("https://")


@given(subject=anything, text=anything, path=anything)
def test_nothing_from_outside_adds_markup(subject: str, text: str, path: str) -> None:
    message = replace(PAGE, subject=subject, text=text, ack_url="https://tocsin.example/" + path)
    page = Tags()
    page.feed(text_of(over_the_wire(message), "html"))
    assert set(page.tags) <= {"html", "body", "h1", "p", "br", "a"}
    assert page.tags.count("a") == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@example.com, mallory@evil.example",
        "alice@example.com\r\nBcc: mallory@evil.example",
        "Alice <alice@example.com>",
        "<alice@example.com>",
        "alice@exa mple.com",
        "alice@b@example.com",
        'a"b@example.com',
        "alice@example.com;mallory@evil.example",
        "a" * 300 + "@example.com",
        "alice@\ud800.com",
        "al\x00ice@example.com",
    ],
)
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(ExchangeFailed) as caught:
        compose(replace(PAGE, address=address), SENDER, NOW)
    assert (caught.value.outcome, caught.value.reason) == (Outcome.REFUSED, Reason.ADDRESS)


@given(st.text(max_size=80))
def test_any_address_makes_a_mail_to_one_person_or_none(address: str) -> None:
    mail = None
    with contextlib.suppress(ExchangeFailed):
        mail = over_the_wire(replace(PAGE, address=address))
    if mail is not None:
        assert {name.lower() for name in mail} == HEADERS
        assert len(mail["To"].addresses) == 1


def test_an_international_domain_goes_out_in_ascii() -> None:
    assert over_the_wire(replace(PAGE, address="alice@münchen.example"))["To"] == "alice@xn--mnchen-3ya.example"
