"""How this installation is run, as the look at its readiness needs to know it. Decides which channels are set up."""

from __future__ import annotations

from tocsin.app.carriers import NEEDED
from tocsin.app.settings import AppSettings
from tocsin.directory.model import Channel
from tocsin.engine.config import Config
from tocsin.engine.people import can_page
from tocsin.engine.readiness import Finding, Setup, readiness
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase


def ways_to_send(settings: AppSettings) -> frozenset[Channel]:
    """The channels that are set up. Webhooks need no setting."""
    mail = {Channel.EMAIL} if settings.smtp_url else set()
    phone = {Channel.SMS, Channel.VOICE} if settings.twilio.account_sid else set()
    return frozenset({Channel.WEBHOOK} | mail | phone)


def setup_of(settings: AppSettings) -> Setup:
    """How it is run."""
    return Setup(
        ways=frozenset(ways_to_send(settings)),
        public_url=settings.public_url,
        watched=bool(settings.heartbeat_url),
        settings=NEEDED,
    )


def why_nobody(config: Config, settings: AppSettings) -> str:
    """Why a page would reach nobody at all, and what to do; "" where it would reach somebody."""
    ways = ways_to_send(settings)
    if can_page(config, ways):
        return ""
    if not config.owners:
        return phrase("there is nobody yet: `tocsin setup` makes the first owner")
    if ways <= {Channel.WEBHOOK}:
        first, second = dict.fromkeys(NEEDED.values())
        return phrase(
            "no way to send is set up: set %(first)s or %(second)s, or somebody adds a webhook as a contact method",
            first=first,
            second=second,
        )
    return phrase("nobody has a contact method for what is set up: add one at /me")


def checked(config: Config, settings: AppSettings, now: Moment) -> tuple[Finding, ...]:
    """Everything found, problems first."""
    return readiness(config, setup_of(settings), now)
