"""What every way to sign in stands on: the edge's memory, the desk, the clock, the rules of this installation.

Keeps security events and has the person told. Decides which of them a person hears of by mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tocsin.directory.model import Role, User
from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MINUTE, Moment
from tocsin.runtime.attempts import TOLD, Attempts, Limit, Visitor
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.runtime.passwords import Passwords
from tocsin.runtime.sealing import Sealer
from tocsin.storage.edge import EdgeStore, EventFilter, EventRow

__all__ = ["EventFilter", "EventRow"]

AGENT_CHARS: Final = 200
_DETAIL_CHARS: Final = 300


class How(StrEnum):
    """By what a session was opened."""

    PASSWORD = "password"  # noqa: S105 - a way, no secret
    PASSWORD_CODE = "password+code"  # noqa: S105 - a way, no secret
    LINK = "link"
    LINK_CODE = "link+code"
    PRINTED_LINK = "printed-link"
    PASSKEY = "passkey"
    PROVIDER = "provider"


ONE_FACTOR: Final = frozenset({How.PASSWORD, How.LINK})
"""Ways that are not enough where a second factor is asked for."""


class Demand(StrEnum):
    """Who must have a second factor. A passkey is two by itself, and what the provider asks is the provider's."""

    NOBODY = "nobody"
    OWNERS = "owners"
    EVERYONE = "everyone"


class SecurityEvent(StrEnum):
    """What happens around people's ways to sign in: kept, and most of it told to them."""

    NEW_BROWSER = "new-browser"  # signed in with a browser that was not known
    PRINTED_LINK = "printed-link"  # signed in by a link that the server's command line made
    PASSWORD = "password"  # noqa: S105 - the password was changed
    FACTOR_ON = "factor-on"  # codes are asked for from now on
    FACTOR_OFF = "factor-off"  # and no longer
    RECOVERY_NEW = "recovery-new"  # new recovery codes, the old ones are void
    RECOVERY_USED = "recovery-used"  # signed in with a recovery code
    PASSKEY_NEW = "passkey-new"
    PASSKEY_GONE = "passkey-gone"
    PASSKEY_COPIED = "passkey-copied"  # its counter fell back: somebody may have a copy
    PASSWORDS_FAILED = "passwords-failed"  # a series of wrong passwords
    CODES_FAILED = "codes-failed"  # a series of wrong codes, after the right password
    PROVIDER = "provider"  # what the provider's groups could not change
    ENDED_BY_OTHER = "ended-by-other"  # an administrator ended every session
    SIGNED_IN = "signed-in"  # with a browser that is known, or the very first one
    REFUSED = "refused"  # a wrong password, an unknown address, or an account that is switched off
    SIGNED_OUT = "signed-out"  # here, by the person
    ENDED = "ended"  # the person ended sessions in other browsers


SERIES: Final = frozenset({SecurityEvent.PASSWORDS_FAILED, SecurityEvent.CODES_FAILED})
"""What strangers can bring about: mailed once a day, so that nobody's mailbox can be filled."""

ROUTINE: Final = frozenset(
    {SecurityEvent.SIGNED_IN, SecurityEvent.REFUSED, SecurityEvent.SIGNED_OUT, SecurityEvent.ENDED}
)
"""What happens every day: kept for owners, and no news to the person."""

UNMAILED: Final = frozenset({SecurityEvent.PROVIDER, *ROUTINE})

_REFUSED_HERE: Final = Limit("refused-here", 1, 15 * MINUTE)
"""Refusals that are kept, of one account from one network: strangers must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The installation's rules. `only_provider`: passwords, links by mail and passkeys do not count."""

    second_factor: Demand = Demand.NOBODY
    only_provider: bool = False

    def demands_two(self, user: User) -> bool:
        """Whether this person needs a second factor."""
        return self.second_factor is Demand.EVERYONE or (
            self.second_factor is Demand.OWNERS and user.role is Role.OWNER
        )

    def lets_in(self, user: User, how: str, *, has_factor: bool) -> bool:
        """Whether a session opened in this way is enough."""
        if self.only_provider and how != How.PROVIDER:
            return how == How.PRINTED_LINK and user.role is Role.OWNER
        return how not in ONE_FACTOR or not (has_factor or self.demands_two(user))


Tell = Callable[[User, SecurityEvent, EventRow], None]
"""Has a person told by mail, without waiting."""


def tell_nobody(_user: User, _event: SecurityEvent, _row: EventRow) -> None:
    """Where no mail is set up."""


@dataclass(frozen=True)
class Ground:
    """The parts. Safe to use from many threads."""

    store: EdgeStore
    desk: Desk
    clock: Clock
    ids: IdSource
    passwords: Passwords
    sealer: Sealer
    policy: Policy = Policy()
    tell: Tell = tell_nobody
    attempts: Attempts = field(init=False)

    def __post_init__(self) -> None:
        """Attempts are counted in the same store."""
        object.__setattr__(self, "attempts", Attempts(self.store))

    @property
    def config(self) -> Config:
        """The configuration as of now."""
        return self.desk.config()

    def note(self, user: User | None, event: SecurityEvent, visitor: Visitor, detail: str = "") -> None:
        """Keep what happened, and have the person told. `user` None: nobody's account, kept all the same."""
        now = self.clock.now()
        row = EventRow(
            id=self.ids.long(),
            at=now,
            user_id=user.id if user is not None else "",
            kind=event,
            address=visitor.address,
            agent=visitor.agent[:AGENT_CHARS],
            detail=detail[:_DETAIL_CHARS],
        )
        self.store.add_event(row)
        seldom = event not in SERIES or self.attempts.first(TOLD, f"{event}:{row.user_id}", now)
        if user is not None and seldom and event not in UNMAILED:
            self.tell(user, event, row)

    def note_refused(self, user: User | None, visitor: Visitor) -> None:
        """Keep that somebody was not let in, once a quarter of an hour; `user` None: an address that nobody has."""
        who = user.id if user is not None else ""
        if self.attempts.first(_REFUSED_HERE, f"{who}@{visitor.network}", self.clock.now()):
            self.note(user, SecurityEvent.REFUSED, visitor)

    def events(self, user_id: str | None, limit: int = 20) -> Sequence[EventRow]:
        """What a person, None = anybody, is told of: newest first, without what happens every day."""
        return self.store.events(EventFilter(user_id=user_id, without=tuple(ROUTINE)), limit)

    def history(self, wanted: EventFilter, limit: int) -> Sequence[EventRow]:
        """Everything that is kept, newest first."""
        return self.store.events(wanted, limit)


def person_acts(user_id: str) -> Actor:
    """The person, at the pages."""
    return Actor(ActorKind.USER, user_id, Via.WEB)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def standing_of(config: Config, user: User) -> str:
    """Changes with everything that must end a person's sessions."""
    factor = config.second_factors.get(user.id)
    facts = [user.id, user.role, str(user.active), user.password_hash, *([factor.secret] if factor else [])]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]


def still_good(ground: Ground, user_id: str, standing: str) -> User | None:
    """The person, if they are still what they were."""
    config = ground.config
    user = config.users.get(user_id)
    return user if user is not None and user.active and standing == standing_of(config, user) else None


def as_moment(value: object) -> Moment:
    """A moment out of kept data."""
    return value if isinstance(value, int) else 0
