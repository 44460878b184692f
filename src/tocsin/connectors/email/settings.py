"""The settings of the mail connector, read from one URL. Reads no environment, shows no password."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.headerregistry import Address
from urllib.parse import parse_qsl, unquote, urlsplit

from tocsin.directory.sending import IMPLICIT_PORT, RELAY_PORT, SUBMISSION_PORT, Encryption, MailServer, mail_sender
from tocsin.kernel.errors import Invalid

_DEFAULT_PORTS = {"smtps": IMPLICIT_PORT, "smtp": RELAY_PORT}
_PARAMETERS = {"tls", "verify"}


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """One mail server and the sender's address. `verify` None: check the certificate when a password is at stake."""

    host: str
    port: int
    mail_from: Address
    user: str = ""
    password: str = field(default="", repr=False)
    encryption: Encryption = Encryption.AUTO
    verify: bool | None = None

    @property
    def verifies(self) -> bool:
        """Whether the server must show a valid certificate.

        Opportunistic encryption without a password does not ask for one: many relays next door have a self-made
        certificate, and refusing them would leave the mail unencrypted or unsent.
        """
        if self.verify is not None:
            return self.verify
        return bool(self.password) or self.encryption in (Encryption.REQUIRED, Encryption.IMPLICIT)

    @property
    def domain(self) -> str:
        """The sender's domain: it names our messages (Message-ID) and ourselves (EHLO)."""
        return self.mail_from.domain


def smtp_settings(url: str, mail_from: str) -> SmtpSettings:
    """Read `smtp://user:password@host:port` or `smtps://...`, with `?tls=auto|required|off` and `&verify=yes|no`.

    User and password are percent-encoded where they hold `@ : / # %`. `mail_from` is `alarm@example.org` or
    `Tocsin <alarm@example.org>`; without one it is the user, if that is an address. Raises Invalid.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Invalid("the mail server's URL can't be read", reason="smtp_url") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise Invalid("the mail server's URL must look like smtp://user:password@host:port", reason="smtp_url")
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.path.strip("/") or parts.fragment or parameters.keys() - _PARAMETERS:
        raise Invalid(
            "the mail server's URL has an unknown part; write @ : / # % in a password as %40 %3A %2F %23 %25",
            reason="smtp_url",
        )
    user = unquote(parts.username or "")
    usual = SUBMISSION_PORT if parts.scheme == "smtp" and user else _DEFAULT_PORTS[parts.scheme]
    return SmtpSettings(
        host=parts.hostname,
        port=port or usual,
        mail_from=_sender(mail_from or _usual_sender(user, parts.hostname)),
        user=user,
        password=unquote(parts.password or ""),
        encryption=_encryption(parts.scheme, parameters.get("tls", "")),
        verify=_verify(parameters.get("verify", "")),
    )


def smtp_settings_of(server: MailServer, password: str) -> SmtpSettings:
    """The settings of the mail server that an owner set up, with its opened password. Raises Invalid."""
    return SmtpSettings(
        host=server.host,
        port=server.usual_port,
        mail_from=_sender(server.mail_from),
        user=server.user,
        password=password,
        encryption=server.encryption,
        verify=False if server.any_certificate else None,
    )


def _usual_sender(user: str, host: str) -> str:
    """Good enough to try things out; most servers in earnest want a sender that they know."""
    if "@" in user:
        return user
    named = "." in host and not host.rpartition(".")[2].isdigit()
    return f"Tocsin <tocsin@{host if named else 'localhost'}>"


def _sender(text: str) -> Address:
    parsed = mail_sender(text)
    if parsed is None:
        raise Invalid("the sender must be an address like alarm@example.org", reason="mail_from")
    return parsed


def _encryption(scheme: str, tls: str) -> Encryption:
    if scheme == "smtps":
        if tls:
            raise Invalid("smtps is encrypted from the first byte: leave tls= out", reason="smtp_url")
        return Encryption.IMPLICIT
    if tls not in ("", "auto", "required", "off"):
        raise Invalid("tls= is auto, required or off", reason="smtp_url")
    return Encryption(tls or "auto")


def _verify(word: str) -> bool | None:
    if word not in ("", "yes", "no"):
        raise Invalid("verify= is yes or no", reason="smtp_url")
    return None if not word else word == "yes"
