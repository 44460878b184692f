"""Settings from the environment: the only module that reads it.

A name that begins with TOCSIN_ and is not known is an error.
Options of the command line win over the environment. Secrets never appear in `repr`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.app.sign_in_settings import SignInSettings, sign_in_settings
from tocsin.kernel.errors import Invalid
from tocsin.kernel.wording import word
from tocsin.web.machine import SettingSeen, Source

PREFIX = "TOCSIN_"

_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")

_MAIL_FROM = re.compile(r"[^@\s<>]+@[^@\s<>]+|[^<>\n]*<[^@\s<>]+@[^@\s<>]+>")
"""An address, bare or after a name; whoever sends mail looks closer."""

NAMES: Mapping[str, str] = {
    "TOCSIN_DATA_DIR": word("folder of everything that Tocsin keeps (data)"),
    "TOCSIN_DATABASE_URL": word("postgresql://... instead of the embedded database"),
    "TOCSIN_PORT": word("port to listen on (8080)"),
    "TOCSIN_PUBLIC_URL": word("how people and providers reach this server, https://tocsin.example.org"),
    "TOCSIN_TLS_CERT": word("certificate chain, PEM file"),
    "TOCSIN_TLS_KEY": word("private key, PEM file"),
    "TOCSIN_TRUSTED_PROXIES": word("networks of reverse proxies that say for whom they ask, 127.0.0.1,10.0.0.0/8"),
    "TOCSIN_SMTP_URL": word("smtp://user:password@host:port"),
    "TOCSIN_MAIL_FROM": word("sender of mail, alarm@example.org"),
    "TOCSIN_TWILIO_BASE_URL": word("address of the phone provider, for a compatible one"),
    "TOCSIN_TWILIO_ACCOUNT_SID": word("account at the phone provider"),
    "TOCSIN_TWILIO_AUTH_TOKEN": word("its secret"),
    "TOCSIN_TWILIO_FROM": word("number that texts and calls come from"),
    "TOCSIN_SLACK_BASE_URL": word("not used yet"),
    "TOCSIN_SLACK_BOT_TOKEN": word("not used yet"),
    "TOCSIN_SLACK_SIGNING_SECRET": word("not used yet"),
    "TOCSIN_JIRA_BASE_URL": word("not used yet"),
    "TOCSIN_JIRA_EMAIL": word("not used yet"),
    "TOCSIN_JIRA_TOKEN": word("not used yet"),
    "TOCSIN_JIRA_PROJECT": word("not used yet"),
    "TOCSIN_CONFLUENCE_BASE_URL": word("not used yet"),
    "TOCSIN_CONFLUENCE_EMAIL": word("not used yet"),
    "TOCSIN_CONFLUENCE_TOKEN": word("not used yet"),
    "TOCSIN_CONFLUENCE_SPACE": word("not used yet"),
    "TOCSIN_NOTION_BASE_URL": word("not used yet"),
    "TOCSIN_NOTION_TOKEN": word("not used yet"),
    "TOCSIN_NOTION_DATABASE": word("not used yet"),
    "TOCSIN_SIGN_IN": word("any, or provider: only the company's account signs in (any)"),
    "TOCSIN_SECOND_FACTOR": word("who needs a second factor after a password: optional, owners, everyone (optional)"),
    "TOCSIN_SECRETS_KEY": word(
        "seals what signs people in, at least 32 characters; several with commas, the first seals"
    ),
    "TOCSIN_OIDC_ISSUER": word("identity provider that people sign in by, https://login.example.org/realms/staff"),
    "TOCSIN_OIDC_CLIENT_ID": word("what it knows Tocsin as"),
    "TOCSIN_OIDC_CLIENT_SECRET": word("its secret; none for a public client"),
    "TOCSIN_OIDC_NAME": word("what people call it, on the button (single sign-on)"),
    "TOCSIN_OIDC_SCOPES": word("what it is asked for (openid email profile)"),
    "TOCSIN_OIDC_LINK_BY_MAIL": word("whether its accounts lead to people here: verified, trusted or no (verified)"),
    "TOCSIN_OIDC_CREATE": word("yes: makes people when they first sign in (no)"),
    "TOCSIN_OIDC_ROLE": word("role of people whom no group gives one (responder)"),
    "TOCSIN_OIDC_GROUPS_CLAIM": word("claim that lists groups (groups)"),
    "TOCSIN_OIDC_GROUPS": word("what groups give, admins=admin; payments=Payments/responder"),
    "TOCSIN_HEARTBEAT_URL": word("called every 30 s while the pager is well"),
    "TOCSIN_EVENTS_PER_KEY_PER_MINUTE": word("limit of events per integration key (0 = none)"),
    "TOCSIN_MAX_BACKLOG": word("undecided events after which senders are told to wait (200000)"),
    "TOCSIN_EVENTS_KEPT_DAYS": word("how long raw events and their outcomes are kept (90, 0 = for ever)"),
    "TOCSIN_EGRESS_ALLOW": word("networks that webhooks may reach besides the Internet, 10.0.0.0/8,..."),
}
"""Every setting and what it means; `docs/settings.md` says more."""


PLAIN = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "DATA_DIR",
        "PORT",
        "PUBLIC_URL",
        "TLS_CERT",
        "TLS_KEY",
        "TRUSTED_PROXIES",
        "MAIL_FROM",
        "EVENTS_PER_KEY_PER_MINUTE",
        "MAX_BACKLOG",
        "EVENTS_KEPT_DAYS",
        "EGRESS_ALLOW",
        "TWILIO_BASE_URL",
    )
)
"""Settings whose values may be shown. TLS_KEY is the name of a file."""

HOSTS = frozenset({"TOCSIN_DATABASE_URL", "TOCSIN_SMTP_URL", "TOCSIN_HEARTBEAT_URL"})
"""Addresses that hold secrets: their host may be shown."""


@dataclass(frozen=True, slots=True)
class Twilio:
    """The phone provider. Empty `account_sid` = not set up."""

    base_url: str
    account_sid: str
    auth_token: str = field(repr=False)
    from_number: str


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Everything that the environment may say."""

    data: Path
    database_url: str | None = field(repr=False)
    host: str
    port: int
    public_url: str
    tls_cert: Path | None
    tls_key: Path | None
    trusted_proxies: tuple[str, ...]
    smtp_url: str = field(repr=False)
    mail_from: str
    twilio: Twilio
    heartbeat_url: str = field(repr=False)
    events_per_key_per_minute: int
    max_backlog: int
    events_kept_days: int
    egress_allow: tuple[str, ...]
    sign_in: SignInSettings = field(default_factory=SignInSettings)

    @property
    def base_url(self) -> str:
        """The public URL without a slash at the end; this machine's own address when none is set."""
        scheme = "https" if self.tls_cert else "http"
        return self.public_url.rstrip("/") or f"{scheme}://localhost:{self.port}"


def from_environment(
    environment: Mapping[str, str] | None = None, *, data: Path | None = None, host: str = "", port: int | None = None
) -> AppSettings:
    """Read and check every setting. Raises Invalid, naming each that is wrong or not known."""
    values = dict(os.environ if environment is None else environment)
    unknown = sorted(name for name in values if name.startswith(PREFIX) and name not in NAMES)
    if unknown:
        raise Invalid(f"not a setting: {', '.join(unknown)} (docs/settings.md lists them)", reason="setting_unknown")

    def text(name: str) -> str:
        return values.get(PREFIX + name, "").strip()

    def number(name: str, default: int, lowest: int, highest: int) -> int:
        given = text(name) or str(default)
        if not given.isascii() or not given.isdigit() or not lowest <= int(given) <= highest:
            raise Invalid(f"{PREFIX}{name} must be a whole number from {lowest} to {highest}", reason="setting_invalid")
        return int(given)

    certificate, key = text("TLS_CERT"), text("TLS_KEY")
    if bool(certificate) != bool(key):
        raise Invalid("TOCSIN_TLS_CERT and TOCSIN_TLS_KEY go together", reason="setting_invalid")
    public_url = _address("PUBLIC_URL", text("PUBLIC_URL"), "https://", "http://")
    mail_from = text("MAIL_FROM")
    if mail_from and not _MAIL_FROM.fullmatch(mail_from):
        raise Invalid("TOCSIN_MAIL_FROM must be an address like alarm@example.org", reason="setting_invalid")
    return AppSettings(
        data=(data or Path(text("DATA_DIR") or "data")).absolute(),
        database_url=_address("DATABASE_URL", text("DATABASE_URL"), *_POSTGRES) or None,
        host=host or "0.0.0.0",  # noqa: S104 - a pager that only its own machine can reach pages nobody
        port=port if port is not None else number("PORT", 8080, 1, 65535),
        public_url=public_url,
        tls_cert=Path(certificate) if certificate else None,
        tls_key=Path(key) if key else None,
        trusted_proxies=_networks("TRUSTED_PROXIES", text("TRUSTED_PROXIES")),
        smtp_url=_address("SMTP_URL", text("SMTP_URL"), "smtp://", "smtps://"),
        mail_from=mail_from,
        twilio=Twilio(
            text("TWILIO_BASE_URL"), text("TWILIO_ACCOUNT_SID"), text("TWILIO_AUTH_TOKEN"), text("TWILIO_FROM")
        ),
        heartbeat_url=_address("HEARTBEAT_URL", text("HEARTBEAT_URL"), "https://", "http://"),
        events_per_key_per_minute=number("EVENTS_PER_KEY_PER_MINUTE", 0, 0, 10_000_000),
        max_backlog=number("MAX_BACKLOG", 200_000, 1, 100_000_000),
        events_kept_days=number("EVENTS_KEPT_DAYS", 90, 0, 36_500),
        egress_allow=_networks("EGRESS_ALLOW", text("EGRESS_ALLOW")),
        sign_in=sign_in_settings(text, public_url),
    )


def _address(setting: str, given: str, *schemes: str) -> str:
    """Names what is wrong without repeating it: addresses hold passwords."""
    if given and not any(given.lower().startswith(one) and len(given) > len(one) for one in schemes):
        expected = " or ".join(schemes[:2])
        raise Invalid(f"{PREFIX}{setting} must begin with {expected}", reason="setting_invalid")
    return given


def _networks(setting: str, given: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in given.split(",") if part.strip())
    for name in names:
        try:
            ip_network(name)
        except ValueError:
            raise Invalid(f"{PREFIX}{setting}: {name} is not a network", reason="setting_invalid") from None
    return names


def settings_seen(environment: Mapping[str, str] | None = None) -> tuple[SettingSeen, ...]:
    """Every setting as it may be shown to an administrator: what it is and where from, never a secret."""
    values = os.environ if environment is None else environment
    found = []
    for name, meaning in NAMES.items():
        value = values.get(name, "").strip()
        shown = value if name in PLAIN else _host_in(value) if name in HOSTS else ""
        source = Source.ENVIRONMENT if value else Source.DEFAULT
        found.append(SettingSeen(name, meaning, shown, source, is_hidden=bool(value) and name not in PLAIN))
    return tuple(found)


def _host_in(address: str) -> str:
    """The host of an address, or of the first where there are several; nothing when it can't be told apart."""
    try:
        return (urlsplit(address).hostname or "").partition(",")[0]
    except ValueError:
        return ""


def inherited_environment() -> dict[str, str]:
    """This process's environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def has_display() -> bool:
    """Whether a browser's window could open here."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def environment_for(settings: AppSettings) -> dict[str, str]:
    """The environment for a process of ours: this one's, with what the command line decided."""
    return {
        **os.environ,
        "TOCSIN_DATA_DIR": str(settings.data),
        "TOCSIN_PORT": str(settings.port),
    }
