"""By which mail server and phone account this installation sends, at any moment.

A provider comes whole from one place: from the environment where that names it, else from what an owner set up on a
page; so no secret of the one ever goes to an address of the other. Whoever asks brings the configuration as it is, so a
change counts with the next message. What owners name may be reached within bounds (decision 0035); what the
environment names, anywhere. Never shows a secret.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from ipaddress import ip_address
from typing import Final, TypeVar

from tocsin.app.deliveries import egress
from tocsin.app.installation import Installation
from tocsin.app.settings import AppSettings
from tocsin.connectors._kit.contract import Sender
from tocsin.connectors._kit.egress import MACHINERY, EgressPolicy, parse_target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.connectors.email.egress import relay_guard
from tocsin.connectors.email.sender import EmailSender
from tocsin.connectors.email.settings import SmtpSettings, smtp_settings, smtp_settings_of
from tocsin.connectors.sms_voice.sender import PhoneSender
from tocsin.connectors.sms_voice.settings import PhoneSettings, phone_settings
from tocsin.connectors.sms_voice.urls import INBOUND_TEXT
from tocsin.connectors.webhook.sender import WebhookSender
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.directory.model import Channel
from tocsin.directory.sending import MailServer, PhoneAccount
from tocsin.engine.config import Config
from tocsin.engine.sending import mail_server, phone_account
from tocsin.kernel.errors import TocsinError, Unavailable
from tocsin.runtime.clock import Clock
from tocsin.runtime.sealing import Sealer
from tocsin.storage.database import Database, DatabaseError, OutOfReach
from tocsin.storage.schema import read_secrets_key
from tocsin.web.machine import WaySeen, WaySource

T = TypeVar("T")
S = TypeVar("S", MailServer, PhoneAccount)

NEEDED: Final = {
    Channel.EMAIL: "/connections, TOCSIN_SMTP_URL",
    Channel.SMS: "/connections, TOCSIN_TWILIO_...",
    Channel.VOICE: "/connections, TOCSIN_TWILIO_...",
}
"""Where a channel is set up: a page, or settings."""

PHONE: Final = frozenset({Channel.SMS, Channel.VOICE})

_MAIL_NAMES: Final = ("TOCSIN_SMTP_URL", "TOCSIN_MAIL_FROM")
_PHONE_NAMES: Final = (
    "TOCSIN_TWILIO_ACCOUNT_SID",
    "TOCSIN_TWILIO_AUTH_TOKEN",
    "TOCSIN_TWILIO_FROM",
    "TOCSIN_TWILIO_BASE_URL",
)


def phone(settings: AppSettings) -> PhoneSettings | None:
    """The phone provider of the environment, None when it names none. Raises Invalid when it is set up wrongly."""
    twilio = settings.twilio
    if not twilio.account_sid:
        return None
    return phone_settings(
        twilio.account_sid,
        twilio.auth_token,
        twilio.from_number,
        base_url=twilio.base_url,
        public_url=settings.public_url or settings.base_url,
    )


def senders(settings: AppSettings, clock: Clock) -> dict[Channel, Sender]:
    """Those that the environment names, by channel; webhooks need no setting. Raises Invalid for wrong settings."""
    found: dict[Channel, Sender] = {Channel.WEBHOOK: WebhookSender(WebhookSettings(egress(settings)), clock.ticks)}
    if settings.smtp_url:
        found[Channel.EMAIL] = EmailSender(smtp_settings(settings.smtp_url, settings.mail_from), clock.ticks)
    phones = phone(settings)
    if phones is not None:
        found[Channel.SMS] = found[Channel.VOICE] = PhoneSender(phones, clock.ticks)
    return found


class Providers:
    """What sends. Safe to use from many threads."""

    def __init__(self, settings: AppSettings, clock: Clock, sealer: Sealer) -> None:
        self._settings = settings
        self._clock = clock
        self._sealer = sealer
        self._lock = threading.Lock()
        self._opened: dict[type, tuple[object, object]] = {}
        self._senders: dict[type, tuple[object, Sender]] = {}

    def check(self) -> None:
        """Raises Invalid for a provider of the environment that is set up wrongly."""
        assert self._own

    def ways(self, config: Config) -> frozenset[Channel]:
        """The channels that are set up. Webhooks need no setting; what can't be read is not set up."""
        found = {Channel.WEBHOOK}
        with suppress(TocsinError):
            if self._settings.smtp_url or self.mail(config) is not None:
                found.add(Channel.EMAIL)
        with suppress(TocsinError):
            if self._settings.twilio.account_sid or self.phone(config) is not None:
                found |= PHONE
        return frozenset(found)

    def mail(self, config: Config) -> SmtpSettings | None:
        """The mail server that owners set up, None without one. Raises Unavailable when its password is unreadable."""
        server = mail_server(config)
        return None if server is None else self._open(server, smtp_settings_of)

    def phone(self, config: Config) -> PhoneSettings | None:
        """The phone provider, None where there is none. Raises Invalid, and Unavailable as `mail` does."""
        if self._settings.twilio.account_sid:
            return phone(self._settings)
        account = phone_account(config)
        return None if account is None else self._open(account, self._phone_of)

    def sender(self, channel: Channel, config: Config) -> Sender | None:
        """Whoever sends by this channel, None where it is not set up. Raises Invalid and Unavailable, as `phone`."""
        if channel in self._own:
            return self._own[channel]
        ticks, policy = self._clock.ticks, self._policy
        if channel is Channel.EMAIL:
            return self._kept(
                self.mail(config), lambda mail: EmailSender(mail, ticks, guard=relay_guard(policy, mail.port))
            )
        if channel in PHONE:
            return self._kept(self.phone(config), lambda phone: PhoneSender(phone, ticks, policy=policy))
        return None

    def may_reach(self, thing: MailServer | PhoneAccount) -> bool:
        """Whether it may be connected to, as far as its writing tells. Names are judged when they are called."""
        try:
            if isinstance(thing, MailServer):
                return not relay_guard(self._policy, thing.usual_port)(ip_address(thing.host))
            target = parse_target(thing.base_url) if thing.base_url else None
            return target is None or not self._policy.refusal(
                ip_address(target.host), target.port, encrypted=target.encrypted
            )
        except (ValueError, ExchangeFailed):
            return True  # a name; what can't be read at all is refused as such

    def seen(self, config: Config) -> dict[str, WaySeen]:
        """Where mail and phone come from, for pages."""
        return {
            "mail": self._seen(self._settings.smtp_url, mail_server(config), _MAIL_NAMES, self.mail, config),
            "phone": self._seen(
                self._settings.twilio.account_sid, phone_account(config), _PHONE_NAMES, self.phone, config
            ),
        }

    def _seen(
        self,
        named: str,
        stored: object | None,
        names: tuple[str, ...],
        read: Callable[[Config], object],
        config: Config,
    ) -> WaySeen:
        source = WaySource.ENVIRONMENT if named else WaySource.PAGE if stored is not None else WaySource.NOTHING
        problem = ""
        if source is WaySource.PAGE:
            try:
                read(config)
            except TocsinError as error:
                problem = error.message
        inbound = f"{self._settings.base_url}{INBOUND_TEXT}" if names is _PHONE_NAMES else ""
        return WaySeen(source, names, problem, inbound)

    @cached_property
    def _own(self) -> dict[Channel, Sender]:
        """What needs no page."""
        return senders(self._settings, self._clock)

    @cached_property
    def _policy(self) -> EgressPolicy:
        """Where what owners name may be."""
        return EgressPolicy(allow=egress(self._settings).allow, deny=MACHINERY)

    def _phone_of(self, account: PhoneAccount, token: str) -> PhoneSettings:
        public_url = self._settings.public_url or self._settings.base_url
        return phone_settings(account.account, token, account.number, base_url=account.base_url, public_url=public_url)

    def _open(self, thing: S, make: Callable[[S, str], T]) -> T:
        """Made once for each change: opening a secret is not for every look."""
        with self._lock:
            held = self._opened.get(type(thing))
        if held is not None and held[0] == thing:
            return held[1]  # type: ignore[return-value]
        secret = self._sealer.open(thing.secret, thing.secret_for) if thing.secret else ""
        made = make(thing, secret)
        with self._lock:
            self._opened[type(thing)] = (thing, made)
        return made

    def _kept(self, found: T | None, make: Callable[[T], Sender]) -> Sender | None:
        """The same sender as long as nothing changes: it keeps connections. The last one's calls are left to end."""
        if found is None:
            return None
        with self._lock:
            held = self._senders.get(type(found))
            if held is None or held[0] != found:
                held = self._senders[type(found)] = (found, make(found))
            return held[1]


def sealer(place: Installation, database: Database) -> Sealer:
    """What seals secrets: by the keys that are set, and by the installation's own."""
    found: list[str] = []

    def keys() -> Sequence[str]:
        if not found:
            with suppress(DatabaseError, OutOfReach):
                own = read_secrets_key(database)
                found.extend([own] if own else [])
        every = [*place.settings.sign_in.secrets_keys, *found]
        if not every:
            raise Unavailable("The server is starting. Try again in a moment.", reason="starting")
        return every

    with suppress(Unavailable):
        keys()  # once, now: whoever sends later never asks the database
    return Sealer(keys, place.ids)


def providers(place: Installation, database: Database) -> Providers:
    """What sends in this process."""
    return Providers(place.settings, place.clock, sealer(place, database))
