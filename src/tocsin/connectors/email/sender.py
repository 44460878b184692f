"""Hands one mail to the configured server. Decides how the conversation goes; never what the mail says.

One connection per mail: the outcome of each message is then that of its own conversation, and nothing of the last
one (a half-open session, a server that counted its limit) can touch the next.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from ipaddress import ip_address

from tocsin.connectors._kit.contract import TOTAL_SECONDS, OutboundMessage, Outcome, Reason, SendResult, Ticks
from tocsin.connectors._kit.deadline import Deadline
from tocsin.connectors._kit.dial import Guard, dial, operator_chosen
from tocsin.connectors._kit.failures import ExchangeFailed, not_sent, refused
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors._kit.text import detail, quote
from tocsin.connectors._kit.tls import trusted, unverified
from tocsin.connectors.email.compose import compose
from tocsin.connectors.email.line import MailLine
from tocsin.connectors.email.replies import Phase, meaning
from tocsin.connectors.email.settings import SmtpSettings
from tocsin.directory.model import Channel
from tocsin.directory.sending import Encryption
from tocsin.kernel.time import Moment

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_GOODBYE_SECONDS = 1.0


class EmailSender:
    """SMTP with STARTTLS and login as the settings and the server allow."""

    channels = frozenset({Channel.EMAIL})

    def __init__(
        self,
        settings: SmtpSettings,
        ticks: Ticks,
        *,
        guard: Guard = operator_chosen,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._ticks = ticks
        self._guard = guard
        self._resolver = resolver or Resolver()
        self._tls = tls or (trusted() if settings.verifies else unverified())
        self._seconds = seconds

    def send(self, message: OutboundMessage, now: Moment) -> SendResult:
        """Deliver to the server. UNKNOWN only if it fell silent after the final dot."""
        secrets = (self._settings.password, message.ack_url, message.callback_token)
        try:
            mail = compose(message, self._settings.mail_from, now)
            said = self._deliver(mail)
        except ExchangeFailed as failure:
            return SendResult(failure.outcome, detail=detail(failure.detail, secrets), reason=failure.reason)
        return SendResult(Outcome.SENT, provider_id=str(mail["Message-ID"]), detail=detail(said, secrets))

    def close(self) -> None:
        """Nothing is kept."""

    def _deliver(self, mail: EmailMessage) -> str:
        deadline = Deadline(self._ticks, self._seconds)
        settings = self._settings
        connection = dial(settings.host, settings.port, resolver=self._resolver, guard=self._guard, deadline=deadline)
        line = MailLine(connection, deadline, settings.domain)
        try:
            _open(line, settings, self._tls)
            said = _hand_over(line, mail, settings.mail_from.addr_spec)
            _part(line)
            return said
        except smtplib.SMTPException:  # the library could make nothing of what the server said
            raise not_sent(Reason.PROVIDER, "the mail server's answer makes no sense") from None
        finally:
            line.close()


def _open(line: MailLine, settings: SmtpSettings, tls: ssl.SSLContext) -> None:
    """From the connection to the point where mail may be sent."""
    encrypted = settings.encryption is Encryption.IMPLICIT
    if encrypted:
        line.encrypt(tls, settings.host)
    _expect(line.getreply(), Phase.GREETING, 220)
    _greet(line)
    if not encrypted and settings.encryption is not Encryption.OFF and line.has_extn("starttls"):
        _expect(line.docmd("STARTTLS"), Phase.TLS, 220)
        line.encrypt(tls, settings.host)
        _greet(line)
        encrypted = True
    if settings.encryption is Encryption.REQUIRED and not encrypted:
        raise not_sent(Reason.TLS, "the mail server offers no encryption, and the setting requires it")
    if settings.user and line.has_extn("auth"):  # a server that asks nobody needs no password
        if not encrypted and settings.encryption is Encryption.AUTO and _across_the_internet(line):
            raise refused(
                Reason.TLS, "the mail server offers no encryption: the password was not sent (tls=off would send it)"
            )
        _log_in(line, settings)


def _greet(line: MailLine) -> None:
    reply = line.ehlo()
    if 500 <= reply[0] <= 599:
        reply = line.helo()  # from before 2001
    _expect(reply, Phase.HELLO, 250)


def _log_in(line: MailLine, settings: SmtpSettings) -> None:
    try:
        line.login(settings.user, settings.password)
    except smtplib.SMTPAuthenticationError as error:
        raise _refusal(error.smtp_code, _bytes(error.smtp_error), Phase.LOGIN) from None
    except smtplib.SMTPException:
        raise refused(Reason.CONFIGURATION, "the mail server offers no way to log in that we know") from None


def _hand_over(line: MailLine, mail: EmailMessage, sender: str) -> str:
    """The envelope and the message. Returns what the server said when it took it."""
    recipient = mail["To"].addresses[0].addr_spec
    options = []
    if not recipient.isascii():
        if not line.has_extn("smtputf8"):
            raise refused(Reason.ADDRESS, "the mail server can't send to an international address")
        line.command_encoding = "utf-8"
        options = ["SMTPUTF8"]
    _expect(line.mail(sender, options), Phase.SENDER, 250)
    _expect(line.rcpt(recipient), Phase.RECIPIENT, 250, 251, 252)
    _expect(line.docmd("DATA"), Phase.DATA, 354)
    line.send(_LEADING_DOT.sub(b"..", mail.as_bytes()) + b".\r\n")
    line.handed_over = True
    code, said = line.getreply()
    if meaning(code, Phase.DOT)[0] is not Outcome.SENT:
        raise _refusal(code, said, Phase.DOT)
    return f"the mail server took it: {quote(said)}"


def _part(line: MailLine) -> None:
    """Say goodbye; the outcome stands, whatever comes back."""
    try:
        line.send("QUIT\r\n")
        if line.sock is not None:
            line.sock.settimeout(_GOODBYE_SECONDS)
            line.sock.recv(1)
    except (ExchangeFailed, OSError):
        pass


def _expect(reply: tuple[int, bytes], phase: Phase, *codes: int) -> None:
    if reply[0] not in codes:
        raise _refusal(*reply, phase)


def _refusal(code: int, said: bytes, phase: Phase) -> ExchangeFailed:
    outcome, reason = meaning(code, phase)
    number = str(code) if code > 0 else "no reply that SMTP knows"
    return ExchangeFailed(outcome, reason, f"the mail server answered {phase} with {number}: {quote(said)}")


def _across_the_internet(line: MailLine) -> bool:
    return line.sock is not None and ip_address(line.sock.getpeername()[0].partition("%")[0]).is_global


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()
