"""A conversation with a mail server in which every byte keeps one deadline. Decides what a break leaves open.

Extends the standard library's client: its commands, extensions and logins, our reading, writing and encryption.
"""

from __future__ import annotations

import smtplib
import socket
import ssl

from tocsin.connectors._kit.contract import RESPONSE_BYTES, Reason
from tocsin.connectors._kit.deadline import Deadline
from tocsin.connectors._kit.failures import ExchangeFailed, maybe_sent, not_sent

_CHUNK = 4096
_LINE_BYTES = 8192


class MailLine(smtplib.SMTP):
    """One connection. `handed_over` is set when the server has been sent a whole message."""

    def __init__(self, connection: socket.socket, deadline: Deadline, own_name: str) -> None:
        super().__init__(local_hostname=own_name)
        self.sock = connection
        self._deadline = deadline
        self._unread = b""
        self.handed_over = False

    def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Switch to TLS, from here on. Raises ExchangeFailed (RETRY, TLS)."""
        if self.sock is None or self._unread:  # bytes from before the switch would be taken for encrypted ones
            raise not_sent(Reason.TLS, "the mail server spoke out of turn before TLS")
        try:
            self.sock.settimeout(self._deadline.step().remaining())
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise not_sent(
                Reason.TLS, f"the mail server's certificate is not accepted: {error.verify_message}"
            ) from None
        except OSError:
            raise not_sent(Reason.TLS, "TLS with the mail server could not be agreed on") from None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def send(self, s: bytes | bytearray | memoryview | str) -> None:  # type: ignore[override]
        """Write all of it. Raises ExchangeFailed (RETRY): what was not written whole has no effect."""
        raw = s.encode(self.command_encoding) if isinstance(s, str) else s
        try:
            if self.sock is None:
                raise ConnectionError
            self.sock.settimeout(self._deadline.remaining())
            self.sock.sendall(raw)
        except OSError:
            raise not_sent(Reason.NETWORK, "the connection to the mail server broke while sending") from None

    def getreply(self) -> tuple[int, bytes]:
        """The next reply: its code (-1 if it is none) and its lines. Raises ExchangeFailed when there is none."""
        lines: list[bytes] = []
        size = 0
        while True:
            line = self._read_line()
            size += len(line)
            if not line[:3].isdigit() or size > RESPONSE_BYTES:
                return -1, b"\n".join(lines)
            lines.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)

    def _read_line(self) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > _LINE_BYTES:
                return b""
            self._unread += self._receive()
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _receive(self) -> bytes:
        try:
            if self.sock is None:
                raise ConnectionError
            self.sock.settimeout(self._deadline.remaining())
            received = self.sock.recv(_CHUNK)
        except TimeoutError:
            raise self._silent("the mail server did not answer in time") from None
        except OSError:
            raise self._silent("the connection to the mail server broke") from None
        if not received:
            raise self._silent("the mail server closed the connection")
        return received

    def _silent(self, what: str) -> ExchangeFailed:
        if self.handed_over:
            return maybe_sent(f"{what} after it had the whole message")
        return not_sent(Reason.NETWORK, what)
