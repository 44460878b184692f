"""What owners set up on a page for sending: a mail server, and an account at a phone provider. There is one of each.

Decides what a sender's address and number look like. Passwords and tokens arrive here sealed (`runtime.sealing`):
whoever reads the configuration can't use them. Where one may be sent to belongs to what it is sealed for, so that
nobody who changes the server gets what was meant for another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum

from tocsin.kernel.time import Moment

MAIL_SERVER_ID = "mail_server"
PHONE_ACCOUNT_ID = "phone_account"

_NUMBER = re.compile(r"\+[1-9]\d{1,14}|MG[0-9a-fA-F]{32}|\d{3,8}|[A-Za-z0-9 ]{1,11}", re.ASCII)
_FILLING = re.compile(r"(?<=\d)[ ().-]+(?=\d)|(?<=\+)\s+", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9]{2,64}")

IMPLICIT_PORT = 465
SUBMISSION_PORT = 587
RELAY_PORT = 25


class Encryption(StrEnum):
    """When the connection to the mail server is encrypted."""

    AUTO = "auto"  # STARTTLS when offered; a password never crosses the Internet without it
    REQUIRED = "required"  # STARTTLS or no mail
    IMPLICIT = "implicit"  # TLS from the first byte (smtps)
    OFF = "off"  # never, not even when offered


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The mail server that sends. `port` 0: the usual one. `secret`: the user's password, sealed; "" = no user.

    `any_certificate`: its certificate is not looked at. `secret_set_at`: when the password was typed.
    """

    id: str = MAIL_SERVER_ID
    host: str
    port: int = 0
    encryption: Encryption = Encryption.REQUIRED
    any_certificate: bool = False
    user: str = ""
    secret: str = ""
    mail_from: str
    secret_set_at: Moment = 0
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def usual_port(self) -> int:
        """The port that is used."""
        if self.port:
            return self.port
        if self.encryption is Encryption.IMPLICIT:
            return IMPLICIT_PORT
        return SUBMISSION_PORT if self.user or self.encryption is Encryption.REQUIRED else RELAY_PORT

    @property
    def secret_for(self) -> str:
        """To whom, and how, the password is shown: it is sealed for just this."""
        how = f"{self.encryption} {'any' if self.any_certificate else 'checked'}"
        return f"mail server {plain_host(self.host)}:{self.usual_port} {how} {self.user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount:
    """The account that sends texts and places calls. `secret`: its token, sealed; `base_url` "": the usual provider.

    `number`: E.164; for texts only also a short code, a name, or a pool of numbers. `secret_set_at`: when the token was
    typed.
    """

    id: str = PHONE_ACCOUNT_ID
    account: str
    secret: str = ""
    number: str
    base_url: str = ""
    secret_set_at: Moment = 0
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def secret_for(self) -> str:
        """To whom the token is shown: it is sealed for just this."""
        return f"phone account {self.account} at {plain_base(self.base_url)}"


def plain_host(typed: str) -> str:
    """A server's name as it is stored."""
    return typed.strip().lower().removesuffix(".")


def plain_base(typed: str) -> str:
    """A provider's address as it is stored."""
    return typed.strip().rstrip("/")


def mail_sender(text: str) -> Address | None:
    """A sender of mail, `alarm@example.org` or `Alarm <alarm@example.org>`; None for anything else."""
    name, address = parseaddr(text)
    try:
        parsed = Address(display_name=name, addr_spec=address)
    except (MessageError, ValueError, IndexError):
        return None
    return parsed if parsed.username and parsed.domain and text.isprintable() else None


def phone_sender(text: str) -> str:
    """The number that texts and calls come from, without what people write between digits; "" for none."""
    number = _FILLING.sub("", text.strip())
    return number if _NUMBER.fullmatch(number) else ""


def is_phone_account(text: str) -> bool:
    """Whether it can be the name of an account at a phone provider."""
    return bool(_ACCOUNT.fullmatch(text))
