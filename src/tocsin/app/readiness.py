"""How this installation is run, as the look at its readiness needs to know it. Decides why nobody can be paged."""

from __future__ import annotations

from tocsin.app.providers import NEEDED, Providers
from tocsin.app.settings import AppSettings
from tocsin.directory.model import Channel
from tocsin.engine.config import Config
from tocsin.engine.people import can_page
from tocsin.engine.readiness import Finding, Setup, readiness
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase


def setup_of(settings: AppSettings, providers: Providers, config: Config) -> Setup:
    """How it is run."""
    return Setup(
        ways=frozenset(providers.ways(config)),
        public_url=settings.public_url,
        watched=bool(settings.heartbeat_url),
        settings=NEEDED,
    )


def why_nobody(config: Config, providers: Providers) -> str:
    """Why a page would reach nobody at all, and what to do; "" where it would reach somebody."""
    ways = providers.ways(config)
    if can_page(config, ways):
        return ""
    if not config.owners:
        return phrase("there is nobody yet: `tocsin setup` makes the first owner")
    unread = [one.problem for one in providers.seen(config).values() if one.problem]
    if ways <= {Channel.WEBHOOK} and unread:
        return phrase("what is set up to send can't be used: %(problem)s", problem=unread[0])
    if ways <= {Channel.WEBHOOK}:
        return phrase(
            "no way to send is set up: an owner sets one up at /connections, or whoever runs Tocsin sets "
            "TOCSIN_SMTP_URL or TOCSIN_TWILIO_..., or somebody adds a webhook as a contact method"
        )
    return phrase("nobody has a contact method for what is set up: add one at /me")


def checked(config: Config, settings: AppSettings, providers: Providers, now: Moment) -> tuple[Finding, ...]:
    """Everything found, problems first."""
    return readiness(config, setup_of(settings, providers, config), now)
