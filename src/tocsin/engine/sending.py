"""What owners set up for sending, found in the configuration. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection

from tocsin.directory.model import Channel
from tocsin.directory.sending import MAIL_SERVER_ID, PHONE_ACCOUNT_ID, MailServer, PhoneAccount
from tocsin.engine.config import Config


def mail_server(config: Config) -> MailServer | None:
    """The mail server that owners set up."""
    return config.of("mail_server").get(MAIL_SERVER_ID)


def phone_account(config: Config) -> PhoneAccount | None:
    """The account at a phone provider that owners set up."""
    return config.of("phone_account").get(PHONE_ACCOUNT_ID)


def counting_on(config: Config, channels: Collection[Channel]) -> tuple[int, int]:
    """How many people are reached by one of these channels, and how many of them by nothing else."""
    some = only = 0
    for user in config.users.values():
        ways = {one.channel for one in config.contacts_of.get(user.id, ()) if one.enabled} if user.active else set()
        some += bool(ways & set(channels))
        only += bool(ways) and ways <= set(channels)
    return some, only
