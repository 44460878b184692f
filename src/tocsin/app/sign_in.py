"""Joins what signing in is made of: sessions, the identity provider, the sealing key, mail about security."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from tocsin.app.installation import Installation
from tocsin.app.providers import sealer
from tocsin.connectors._kit.contract import OutboundMessage, Sender
from tocsin.connectors.oidc.provider import OidcProvider
from tocsin.directory.model import Channel, User
from tocsin.kernel.time import to_datetime
from tocsin.runtime.desk import Desk
from tocsin.runtime.passwords import Passwords
from tocsin.runtime.sessions import Sessions
from tocsin.runtime.sign_in_ground import SecurityEvent, Tell
from tocsin.storage.database import Database
from tocsin.storage.edge import EdgeStore, EventRow

log = structlog.get_logger("sign-in")

_WAITING: Final = 100
"""Mails that wait to be sent; more are dropped: the page lists what happened all the same."""

_SUBJECTS: Final = {
    SecurityEvent.NEW_BROWSER: "New sign-in to Tocsin",
    SecurityEvent.PRINTED_LINK: "Sign-in to Tocsin by a link of the command line",
    SecurityEvent.PASSWORD: "Your Tocsin password was changed",
    SecurityEvent.FACTOR_ON: "A second factor was set up for your Tocsin account",
    SecurityEvent.FACTOR_OFF: "The second factor of your Tocsin account was removed",
    SecurityEvent.RECOVERY_NEW: "New recovery codes were made for your Tocsin account",
    SecurityEvent.RECOVERY_USED: "A recovery code of your Tocsin account was used",
    SecurityEvent.PASSKEY_NEW: "A passkey was added to your Tocsin account",
    SecurityEvent.PASSKEY_GONE: "A passkey of your Tocsin account was removed",
    SecurityEvent.PASSKEY_COPIED: "A passkey of your Tocsin account may have been copied",
    SecurityEvent.PASSWORDS_FAILED: "Many wrong passwords for your Tocsin account",
    SecurityEvent.CODES_FAILED: "Somebody who knows your Tocsin password typed wrong codes",
    SecurityEvent.ENDED_BY_OTHER: "You were signed out of Tocsin everywhere",
}


def sessions(
    place: Installation, store: EdgeStore, desk: Desk, database: Database, mail: Callable[[], Sender | None]
) -> Sessions:
    """Everything that signs people in. `mail`: who sends mail at this moment."""
    settings = place.settings.sign_in
    made = Sessions(
        store,
        desk,
        place.clock,
        place.ids,
        Passwords(),
        policy=settings.policy,
        sealer=sealer(place, database),
        tell=security_mail(place, mail),
    )
    if settings.provider is not None:
        provider = OidcProvider(settings.provider, place.clock.ticks, place.clock.now)
        made.join(provider, settings.rules)
    return made


def security_mail(place: Installation, mail: Callable[[], Sender | None]) -> Tell:
    """Tells people by mail, in a thread and for a few at once: whoever signs in never waits for it.

    `mail`: who sends mail at this moment; while nobody does, nobody is told.
    """
    pool = ThreadPoolExecutor(2, thread_name_prefix="security-mail")

    def send(user: User, event: SecurityEvent, row: EventRow) -> None:
        sender = mail()
        if sender is None:
            return
        message = OutboundMessage(
            id=row.id,
            channel=Channel.EMAIL,
            address=user.email,
            subject=_SUBJECTS[event],
            text=_text(place, event, row),
        )
        result = sender.send(message, place.clock.now())
        if result.detail and not result.provider_id:
            log.warning("security_mail_failed", detail=result.detail)

    def tell(user: User, event: SecurityEvent, row: EventRow) -> None:
        if pool._work_queue.qsize() < _WAITING:  # noqa: SLF001 - the pool tells its length nowhere else
            pool.submit(send, user, event, row)

    return tell


def _text(place: Installation, event: SecurityEvent, row: EventRow) -> str:
    lines = [
        f"{_SUBJECTS[event]}.",
        "",
        f"When:  {to_datetime(row.at):%Y-%m-%d %H:%M:%S} UTC",
        f"From:  {row.address or 'unknown'}",
        f"With:  {row.agent or 'unknown'}",
    ]
    if row.detail and event is not SecurityEvent.NEW_BROWSER:  # there it is the way, in a program's word
        lines.append(f"What:  {row.detail}")
    lines += [
        "",
        "Was it you? Then there is nothing to do. If not, sign yourself out everywhere and change your password:",
        f"{place.settings.base_url}/me",
    ]
    return "\n".join(lines)
