"""Mail over a real socket: what arrives, and what each way of failing means."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.connectors.certificates import Certificates
from tests.connectors.conftest import wall_clock
from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Reason, SendResult
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors.email.sender import EmailSender
from tocsin.connectors.email.settings import smtp_settings
from tocsin.directory.model import Channel
from tocsin.kernel.time import Moment
from tocsin.testing.fake_mail import FakeMailServer, MailFault, MailPhase

FROM = "Tocsin <alarm@example.org>"
PASSWORD = "correct horse"
PAGE = OutboundMessage(
    id="QMESSAGE1234567",
    channel=Channel.EMAIL,
    address="alice@example.com",
    subject="[#42] Disk full on db1",
    text="#42 Payments: Disk full on db1\n.\n..two dots\r\n\r\nend",
    incident_ids=("QINCIDENT000001",),
    ack_url="https://tocsin.example/answer/secret-token",
)


def sender_for(server: FakeMailServer, url: str = "", **options: Any) -> EmailSender:
    return EmailSender(smtp_settings(url or server.url, FROM), time.monotonic, **{"seconds": 2.0, **options})


def send(server: FakeMailServer, now: Moment, message: OutboundMessage = PAGE) -> SendResult:
    before = time.monotonic()
    result = sender_for(server, seconds=0.6).send(message, now)
    assert time.monotonic() - before < 2
    return result


def verbs(server: FakeMailServer) -> list[str]:
    return [line.partition(" ")[0].upper() for line in server.transcript]


def test_a_mail_arrives_as_it_was_written(mail_server: FakeMailServer, now: Moment) -> None:
    result = send(mail_server, now)
    mail = mail_server.wait_for_mail("alice@example.com")
    assert (result.outcome, result.reason) == (Outcome.SENT, Reason.NONE)
    assert result.provider_id == mail.message["Message-ID"] == "<page.QMESSAGE1234567@example.org>"
    assert "queued as 000001" in result.detail
    assert (mail.sender, mail.recipients) == ("alarm@example.org", ("alice@example.com",))
    body = mail.message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").startswith("#42 Payments: Disk full on db1\n.\n..two dots\n\nend\n")
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")  # only CRLF ends a line


def test_one_mail_reaches_one_person_once(mail_server: FakeMailServer, now: Moment) -> None:
    send(mail_server, now)
    assert verbs(mail_server) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert len(mail_server.mails) == 1


GREYLIST = "451 4.7.1 Greylisted, try again later"


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        (MailFault(MailPhase.GREETING, "421 4.3.2 Shutting down"), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.GREETING, "554 5.7.1 Go away"), Outcome.REFUSED, Reason.CONFIGURATION),
        (MailFault(MailPhase.GREETING, "SSH-2.0-OpenSSH"), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.GREETING), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.GREETING, hang=3), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.GREETING, "220 " + "x" * 50, drip=0.1), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.HELLO, "421 4.3.2 Busy"), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.HELLO), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.SENDER, GREYLIST), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.SENDER, "550 5.7.1 Sender rejected"), Outcome.REFUSED, Reason.CONFIGURATION),
        (MailFault(MailPhase.SENDER, "530 5.7.0 Authentication required"), Outcome.REFUSED, Reason.CREDENTIALS),
        (MailFault(MailPhase.SENDER), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.RECIPIENT, GREYLIST), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.RECIPIENT, "550 5.1.1 No such user"), Outcome.REFUSED, Reason.ADDRESS),
        (MailFault(MailPhase.RECIPIENT), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.RECIPIENT, hang=3), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.DATA, "452 4.3.1 Disk full"), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.DATA, "554 5.5.1 No valid recipients"), Outcome.REFUSED, Reason.CONTENT),
        (MailFault(MailPhase.DATA), Outcome.RETRY, Reason.NETWORK),
        (MailFault(MailPhase.DOT, "451 4.3.0 Queue error"), Outcome.RETRY, Reason.PROVIDER),
        (MailFault(MailPhase.DOT, "554 5.7.1 Looks like spam"), Outcome.REFUSED, Reason.CONTENT),
        (MailFault(MailPhase.DOT, "999 What"), Outcome.UNKNOWN, Reason.PROVIDER),
        (MailFault(MailPhase.DOT), Outcome.UNKNOWN, Reason.NETWORK),
        (MailFault(MailPhase.AFTER_DOT), Outcome.UNKNOWN, Reason.NETWORK),
        (MailFault(MailPhase.AFTER_DOT, hang=3), Outcome.UNKNOWN, Reason.NETWORK),
        (MailFault(MailPhase.AFTER_DOT, "250 " + "x" * 50, drip=0.1), Outcome.UNKNOWN, Reason.NETWORK),
    ],
)
def test_each_way_of_failing_has_one_meaning(
    mail_server: FakeMailServer, now: Moment, fault: MailFault, outcome: Outcome, reason: Reason
) -> None:
    mail_server.fail(fault)
    result = send(mail_server, now)
    assert (result.outcome, result.reason) == (outcome, reason)
    assert len(mail_server.mails) == (fault.phase is MailPhase.AFTER_DOT)
    if fault.reply and not fault.drip and fault.reply[0] in "45":
        assert fault.reply[4:] in result.detail


def test_after_greylisting_the_same_mail_goes_through(mail_server: FakeMailServer, now: Moment) -> None:
    mail_server.fail(MailFault(MailPhase.RECIPIENT, GREYLIST))
    outcomes = [send(mail_server, now, replace(PAGE, attempt=attempt)).outcome for attempt in (1, 2)]
    assert outcomes == [Outcome.RETRY, Outcome.SENT]
    assert len(mail_server.mails) == 1


def test_a_repeat_after_silence_carries_the_same_message_id(mail_server: FakeMailServer, now: Moment) -> None:
    mail_server.fail(MailFault(MailPhase.AFTER_DOT))
    assert [send(mail_server, now).outcome for _ in range(2)] == [Outcome.UNKNOWN, Outcome.SENT]
    assert len({mail.message["Message-ID"] for mail in mail_server.mails}) == 1


def test_a_server_from_before_2001_is_greeted_with_helo(mail_server: FakeMailServer, now: Moment) -> None:
    mail_server.fail(MailFault(MailPhase.HELLO, "502 5.5.1 Unknown command"))
    assert send(mail_server, now).outcome is Outcome.SENT
    assert verbs(mail_server)[:2] == ["EHLO", "HELO"]


def test_nobody_listening_can_be_tried_again(now: Moment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    sender = EmailSender(smtp_settings(f"smtp://127.0.0.1:{port}", FROM), time.monotonic)
    result = sender.send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.RETRY, Reason.NETWORK)


def test_a_wrong_address_never_reaches_the_server(mail_server: FakeMailServer, now: Moment) -> None:
    result = send(mail_server, now, replace(PAGE, address="alice@example.com>\r\nRCPT TO:<mallory@evil.example"))
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.ADDRESS)
    assert mail_server.transcript == []


def test_an_international_mailbox_is_reached_where_the_server_can(mail_server: FakeMailServer, now: Moment) -> None:
    assert send(mail_server, now, replace(PAGE, address="alïce@example.com")).outcome is Outcome.SENT
    assert mail_server.mails[0].recipients == ("alïce@example.com",)


@pytest.fixture
def guarded() -> Iterator[FakeMailServer]:
    with FakeMailServer(wall_clock, user="tocsin", password=PASSWORD) as server:
        yield server


def guarded_url(server: FakeMailServer, password: str = PASSWORD, extra: str = "") -> str:
    return f"smtp://tocsin:{password.replace(' ', '%20')}@127.0.0.1:{server.port}{extra}"


def test_it_logs_in(guarded: FakeMailServer, now: Moment) -> None:
    assert sender_for(guarded, guarded_url(guarded)).send(PAGE, now).outcome is Outcome.SENT
    assert guarded.mails[0].user == "tocsin"


def test_a_wrong_password_is_said_and_not_shown(guarded: FakeMailServer, now: Moment) -> None:
    result = sender_for(guarded, guarded_url(guarded, "wrong horse")).send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.CREDENTIALS)
    assert "wrong horse" not in repr(result)


def test_a_missing_login_is_a_matter_of_credentials(guarded: FakeMailServer, now: Moment) -> None:
    result = sender_for(guarded, f"smtp://127.0.0.1:{guarded.port}").send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.CREDENTIALS)


def test_a_server_that_cannot_check_just_now_can_be_tried_again(guarded: FakeMailServer, now: Moment) -> None:
    guarded.fail(*[MailFault(MailPhase.LOGIN, "454 4.7.0 Temporary authentication failure")] * 2)
    result = sender_for(guarded, guarded_url(guarded)).send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.RETRY, Reason.PROVIDER)


def test_a_server_that_asks_nobody_gets_no_password(mail_server: FakeMailServer, now: Moment) -> None:
    assert sender_for(mail_server, guarded_url(mail_server)).send(PAGE, now).outcome is Outcome.SENT
    assert "AUTH" not in verbs(mail_server)


def test_what_the_server_echoes_of_our_secrets_is_hidden(guarded: FakeMailServer, now: Moment) -> None:
    echo = f"550 5.1.1 no such user, password {PASSWORD}, link {PAGE.ack_url}"
    guarded.fail(MailFault(MailPhase.RECIPIENT, echo))
    result = sender_for(guarded, guarded_url(guarded)).send(PAGE, now)
    assert "no such user" in result.detail
    assert PASSWORD not in repr(result)
    assert "secret-token" not in repr(result)


@pytest.fixture
def encrypting(certificates: Certificates) -> Iterator[FakeMailServer]:
    with FakeMailServer(wall_clock, user="tocsin", password=PASSWORD, tls=certificates.good) as server:
        yield server


def test_starttls_comes_before_the_password(
    encrypting: FakeMailServer, certificates: Certificates, now: Moment
) -> None:
    sender = sender_for(encrypting, guarded_url(encrypting), tls=certificates.client)
    assert sender.send(PAGE, now).outcome is Outcome.SENT
    assert encrypting.mails[0].encrypted
    assert verbs(encrypting) == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_certificate_that_is_not_trusted_keeps_the_password_here(encrypting: FakeMailServer, now: Moment) -> None:
    result = sender_for(encrypting, guarded_url(encrypting)).send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.RETRY, Reason.TLS)
    assert "AUTH" not in verbs(encrypting)


def test_the_operator_may_trust_any_certificate(encrypting: FakeMailServer, now: Moment) -> None:
    sender = sender_for(encrypting, guarded_url(encrypting, extra="?verify=no"))
    assert sender.send(PAGE, now).outcome is Outcome.SENT


def test_without_a_password_any_encryption_is_better_than_none(certificates: Certificates, now: Moment) -> None:
    with FakeMailServer(wall_clock, tls=certificates.self_signed) as server:
        assert sender_for(server).send(PAGE, now).outcome is Outcome.SENT
        assert server.mails[0].encrypted


def test_tls_can_be_switched_off(certificates: Certificates, now: Moment) -> None:
    with FakeMailServer(wall_clock, tls=certificates.self_signed) as server:
        assert sender_for(server, server.url + "?tls=off").send(PAGE, now).outcome is Outcome.SENT
        assert not server.mails[0].encrypted


def test_encryption_that_is_required_and_not_offered_means_no_mail(mail_server: FakeMailServer, now: Moment) -> None:
    result = sender_for(mail_server, mail_server.url + "?tls=required").send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.RETRY, Reason.TLS)
    assert mail_server.mails == []


def test_a_password_does_not_cross_the_internet_in_clear(
    guarded: FakeMailServer, now: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.connectors.email.sender._across_the_internet", lambda _: True)
    result = sender_for(guarded, guarded_url(guarded)).send(PAGE, now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.TLS)
    assert "AUTH" not in verbs(guarded)
    assert sender_for(guarded, guarded_url(guarded, extra="?tls=off")).send(PAGE, now).outcome is Outcome.SENT


def test_what_came_before_tls_is_not_taken_for_encrypted(now: Moment) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 x\r\n")
        connection.recv(1000)
        connection.sendall(b"250-x\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go\r\n250 AUTH PLAIN\r\n")  # injected by somebody in between

    result = against(talk, now)
    assert (result.outcome, result.reason) == (Outcome.RETRY, Reason.TLS)


def test_an_endless_reply_ends(now: Moment) -> None:
    def talk(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-" + b"x" * 500 + b"\r\n")

    assert against(talk, now).outcome is Outcome.RETRY


def test_an_endless_line_ends(now: Moment) -> None:
    def talk(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220 " + b"x" * 5000)

    assert against(talk, now).outcome is Outcome.RETRY


def against(talk: Callable[[socket.socket], None], now: Moment) -> SendResult:
    """Send to a server that speaks whatever it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            # OSError: the client gave up.
            with listening.accept()[0] as connection, contextlib.suppress(OSError):
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        try:
            return EmailSender(smtp_settings(url, FROM), time.monotonic, seconds=2.0).send(PAGE, now)
        finally:
            thread.join(5)


def test_implicit_tls(certificates: Certificates, now: Moment) -> None:
    """By aiosmtpd, a mail server that is not ours: it would notice where ours and our client err alike."""
    kept: list[Envelope] = []

    class Keep:
        async def handle_DATA(  # noqa: N802 - the name that aiosmtpd looks for
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            kept.append(envelope)
            return "250 OK"

    port = _free_port()
    controller = Controller(Keep(), hostname="127.0.0.1", port=port, ssl_context=certificates.good, ready_timeout=10)
    controller.start()
    try:
        settings = smtp_settings(f"smtps://127.0.0.1:{port}", FROM)
        result = EmailSender(settings, time.monotonic, tls=certificates.client).send(PAGE, now)
    finally:
        controller.stop()
    assert result.outcome is Outcome.SENT
    assert kept[0].rcpt_tos == ["alice@example.com"]
    assert b"\r\n..=0A" not in (kept[0].original_content or b"")


def test_another_client_and_our_fake_understand_each_other(mail_server: FakeMailServer) -> None:
    with smtplib.SMTP("127.0.0.1", mail_server.port, local_hostname="client.example") as client:
        client.sendmail("a@example.com", ["b@example.com", "c@example.com"], "Subject: x\r\n\r\n.dot\r\nbody")
    assert mail_server.mails[0].recipients == ("b@example.com", "c@example.com")
    assert mail_server.mails[0].raw == b"Subject: x\r\n\r\n.dot\r\nbody\r\n"


def test_a_resolver_that_fails_can_be_tried_again(now: Moment) -> None:
    def lookup(_: str) -> list[str]:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    sender = EmailSender(smtp_settings("smtp://mail.example", FROM), time.monotonic, resolver=Resolver(lookup))
    assert sender.send(PAGE, now).outcome is Outcome.RETRY


def test_it_is_quick(mail_server: FakeMailServer, now: Moment) -> None:
    sender = sender_for(mail_server)
    spans = []
    for number in range(20):
        before = time.perf_counter()
        assert sender.send(replace(PAGE, id=f"Q{number}"), now).outcome is Outcome.SENT
        spans.append(time.perf_counter() - before)
    print(f"mail on loopback: median {statistics.median(spans) * 1000:.1f} ms")
    assert statistics.median(spans) < 0.1  # generous: a Nagle stall would be 40 ms in each phase


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
