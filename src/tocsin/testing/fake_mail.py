"""A fake mail server: SMTP on a loopback port that keeps what it took and fails in any phase it is told to.

Knows nothing of incidents; `mailbox` and `feed` are what the demo shows as a mailbox.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import re
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Any, cast

from tocsin.kernel.time import Moment
from tocsin.testing.fake_http import Clock
from tocsin.testing.fake_server import LoopbackServer, StartStop

_LINE_BYTES = 8192
_ADDRESS = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>(.*)", re.IGNORECASE)


class MailPhase(StrEnum):
    """Where in the conversation something goes wrong."""

    GREETING = "greeting"
    HELLO = "hello"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"  # before the message
    DOT = "dot"  # the whole message was read and is not kept
    AFTER_DOT = "after_dot"  # the message is kept, and then something goes wrong


@dataclass(frozen=True, slots=True)
class MailFault:
    """One misbehaviour: after `hang` seconds a `reply` ("451 4.7.1 later"), or without one the connection closes."""

    phase: MailPhase
    reply: str = ""
    hang: float = 0.0
    drip: float = 0.0  # seconds between the bytes of the reply


@dataclass(frozen=True, slots=True)
class FakeMail:
    """A mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes
    received_at: Moment
    encrypted: bool
    user: str


class FakeMailServer(StartStop):
    """An SMTP server. With `user` and `password` it wants a login; with `tls` it offers STARTTLS."""

    def __init__(
        self, clock: Clock, *, user: str = "", password: str = "", tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.user, self.password, self.tls = user, password, tls
        self.mails: list[FakeMail] = []
        self.transcript: list[str] = []  # what clients said, line by line, without messages
        self._clock = clock
        self._faults: deque[MailFault] = deque()
        self._changed = threading.Condition()
        self._server = _Server(port, _Conversation)
        self._server.owner = self

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """What the mail server setting takes; a login is included."""
        login = f"{self.user}:{self.password}@" if self.user else ""
        return f"smtp://{login}127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def fail(self, *faults: MailFault) -> None:
        """The coming conversations meet these, in order, each when it reaches the fault's phase."""
        with self._changed:
            self._faults.extend(faults)

    def mailbox(self, address: str) -> list[FakeMail]:
        """Mail to this address, oldest first."""
        with self._changed:
            return [mail for mail in self.mails if address in mail.recipients]

    def wait_for_mail(
        self, address: str, predicate: Callable[[FakeMail], bool] = lambda _: True, timeout: float = 5.0
    ) -> FakeMail:
        """The first mail to this address that fits, as soon as there is one. Raises TimeoutError."""

        def found() -> FakeMail | None:
            return next((mail for mail in self.mails if address in mail.recipients and predicate(mail)), None)

        with self._changed:
            mail = self._changed.wait_for(found, timeout)
        if mail is None:
            raise TimeoutError(f"no mail that fits arrived within {timeout} s")
        return mail

    def feed(self) -> list[dict[str, Any]]:
        """Every mail as JSON, oldest first: for a page that shows them."""
        with self._changed:
            return [_mail_json(mail) for mail in self.mails]

    def take_fault(self, phase: MailPhase) -> MailFault | None:
        """The fault due in this phase, if there is one."""
        with self._changed:
            return self._faults.popleft() if self._faults and self._faults[0].phase is phase else None

    def keep(self, sender: str, recipients: list[str], raw: bytes, *, encrypted: bool, user: str) -> int:
        """A whole message has come. Returns how many there are now."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        mail = FakeMail(sender, tuple(recipients), message, raw, self._clock(), encrypted, user)
        with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()
            return len(self.mails)


class _Server(LoopbackServer):
    owner: FakeMailServer


class _Closed(Exception):
    """The conversation is over."""


class _Conversation(socketserver.StreamRequestHandler):
    """One client, by RFC 5321: as much of it as a sender of mail needs."""

    disable_nagle_algorithm = True
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.owner = cast("_Server", self.server).owner
        self.encrypted = False
        self.user = ""
        self.reset()

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # after STARTTLS the server does not know this socket

    def reset(self) -> None:
        """Forget the envelope."""
        self.sender: str | None = None
        self.recipients: list[str] = []

    def handle(self) -> None:
        verbs: dict[str, Callable[[str], None]] = {
            "EHLO": self.hello,
            "HELO": self.hello,
            "STARTTLS": self.encrypt,
            "AUTH": self.log_in,
            "MAIL": self.mail,
            "RCPT": self.recipient,
            "DATA": self.data,
            "RSET": self.start_over,
            "NOOP": self.nothing,
            "QUIT": self.leave,
        }
        try:
            if not self.fails(MailPhase.GREETING):
                self.say("220 fake.example ESMTP")
            while True:
                line = self.line()
                self.owner.transcript.append(line)
                verb, _, rest = line.partition(" ")
                verbs.get(verb.upper(), self.unknown)(rest.strip())
        except (_Closed, OSError):
            pass

    def hello(self, name: str) -> None:
        self.reset()
        if self.fails(MailPhase.HELLO):
            return
        offers = ["fake.example", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.owner.tls is not None and not self.encrypted:
            offers.append("STARTTLS")
        if self.owner.user and (self.encrypted or self.owner.tls is None):
            offers.append("AUTH PLAIN LOGIN")
        self.say("\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"]))

    def encrypt(self, _: str) -> None:
        if self.owner.tls is None or self.encrypted:
            self.say("502 5.5.1 Not offered")
            return
        self.say("220 2.0.0 Go ahead")
        self.request = self.connection = self.owner.tls.wrap_socket(self.connection, server_side=True)
        self.rfile.close()
        self.rfile = self.connection.makefile("rb")
        self.encrypted = True
        self.reset()

    def log_in(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = (*self.decoded(initial or self.ask("")).split("\0"), "", "")[:3]
        elif mechanism.upper() == "LOGIN":
            user = self.decoded(initial or self.ask("VXNlcm5hbWU6"))
            password = self.decoded(self.ask("UGFzc3dvcmQ6"))
        else:
            self.say("504 5.5.4 Unknown mechanism")
            return
        if self.fails(MailPhase.LOGIN):
            return
        if (user, password) != (self.owner.user, self.owner.password):
            self.say("535 5.7.8 Authentication credentials invalid")
            return
        self.user = user
        self.say("235 2.7.0 Authentication successful")

    def mail(self, rest: str) -> None:
        if self.fails(MailPhase.SENDER):
            return
        found = _ADDRESS.fullmatch(rest)
        if self.owner.user and not self.user:
            self.say("530 5.7.0 Authentication required")
        elif found is None:
            self.say("501 5.5.4 Syntax: MAIL FROM:<address>")
        else:
            self.sender = found.group(1)
            self.say("250 2.1.0 Ok")

    def recipient(self, rest: str) -> None:
        if self.fails(MailPhase.RECIPIENT):
            return
        found = _ADDRESS.fullmatch(rest)
        if self.sender is None or found is None:
            self.say("503 5.5.1 MAIL first" if self.sender is None else "501 5.5.4 Syntax: RCPT TO:<address>")
        else:
            self.recipients.append(found.group(1))
            self.say("250 2.1.5 Ok")

    def data(self, _: str) -> None:
        if self.fails(MailPhase.DATA):
            return
        if not self.recipients or self.sender is None:
            self.say("503 5.5.1 RCPT first")
            return
        self.say("354 End data with <CR><LF>.<CR><LF>")
        raw = self.message()
        if self.fails(MailPhase.DOT):
            return
        number = self.owner.keep(self.sender, self.recipients, raw, encrypted=self.encrypted, user=self.user)
        self.reset()
        if not self.fails(MailPhase.AFTER_DOT):
            self.say(f"250 2.0.0 Ok: queued as {number:06d}")

    def start_over(self, _: str) -> None:
        self.reset()
        self.say("250 2.0.0 Ok")

    def nothing(self, _: str) -> None:
        self.say("250 2.0.0 Ok")

    def unknown(self, _: str) -> None:
        self.say("500 5.5.2 Unknown command")

    def leave(self, _: str) -> None:
        self.say("221 2.0.0 Bye")
        raise _Closed

    def message(self) -> bytes:
        """Up to the final dot. A line that ends in a bare newline does not count as one: it is kept as it is."""
        lines: list[bytes] = []
        while True:
            line = self.rfile.readline()
            if not line:
                raise _Closed
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def line(self) -> str:
        raw = self.rfile.readline(_LINE_BYTES)
        if not raw.endswith(b"\r\n"):
            raise _Closed
        return raw.decode("utf-8", "replace").rstrip("\r\n")

    def ask(self, challenge: str) -> str:
        self.say(f"334 {challenge}")
        return self.line()

    def decoded(self, text: str) -> str:
        try:
            return base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def say(self, reply: str, drip: float = 0.0) -> None:
        raw = f"{reply}\r\n".encode()
        for part in [raw] if not drip else [raw[at : at + 1] for at in range(len(raw))]:
            if drip and cast("_Server", self.server).stopping.wait(drip):
                raise _Closed
            self.connection.sendall(part)

    def fails(self, phase: MailPhase) -> bool:
        """Whether a fault took the place of what comes now."""
        fault = self.owner.take_fault(phase)
        if fault is None:
            return False
        if fault.hang:
            cast("_Server", self.server).stopping.wait(fault.hang)
        if not fault.reply:
            raise _Closed
        self.say(fault.reply, fault.drip)
        return True


def _mail_json(mail: FakeMail) -> dict[str, Any]:
    plain, html = mail.message.get_body(("plain",)), mail.message.get_body(("html",))
    return {
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": str(mail.message["Subject"] or ""),
        "text": plain.get_content() if plain is not None else "",
        "html": html.get_content() if html is not None else "",
        "at_us": mail.received_at,
    }
