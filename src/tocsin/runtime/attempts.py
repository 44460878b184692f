"""How often one may try to get in: every limit, and where attempts are counted. Decides when it was too often.

A browser in which the person has signed in before is counted by itself and by nothing else: whatever strangers do, the
person on call gets in with the phone or computer that they always use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from tocsin.kernel.errors import TooMany
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment, Span
from tocsin.kernel.wording import nphrase
from tocsin.storage.edge import EdgeStore

_KEY_CHARS: Final = 200
_ADDRESS_CHARS: Final = 100


class Limit(NamedTuple):
    """At most `most` attempts in `window` for one key."""

    name: str
    most: int
    window: Span


HERE: Final = Limit("here", 10, 15 * MINUTE)
"""One account from one address: where somebody guesses."""
ACCOUNT: Final = Limit("account", 100, HOUR)
"""One account from everywhere: high, so that a stranger can't lock the person on call out."""
ADDRESS: Final = Limit("address", 50, 15 * MINUTE)
"""All accounts from one address: where somebody tries stolen lists."""
LINKS_HERE: Final = Limit("links-here", 3, 15 * MINUTE)
"""Links for one account asked for from one address: a mail may be lost, not many in a row."""
LINKS_ACCOUNT: Final = Limit("links-account", 60, HOUR)
"""Links for one account from everywhere: a mail a minute at most can be made to rain into a mailbox, and whoever wants
to keep a person from asking for a link has to keep at it from five networks at once."""
LINKS_ADDRESS: Final = Limit("links-address", 10, 15 * MINUTE)
"""Links for all accounts from one address: where somebody tries who has one, or sends mail to everybody."""
LINK_USES: Final = Limit("link-uses", 30, 15 * MINUTE)
"""Links opened from one address that were not good."""
CODES_HERE: Final = Limit("codes-here", 10, 15 * MINUTE)
"""Codes for one account from one address. Whoever gets so far knows the password."""
CODES_ACCOUNT: Final = Limit("codes-account", 30, DAY)
"""Codes for one account from everywhere: 30 guesses a day find one of a million after some thirty years."""
CODE_TRIES: Final = 5
"""Codes after one password."""
PASSKEYS_HERE: Final = Limit("passkeys-here", 30, 15 * MINUTE)
"""Passkeys from one address that were not good. There is nothing to guess: this bounds the work."""
PROVIDER_HERE: Final = Limit("provider-here", 100, 15 * MINUTE)
"""Ways back from the provider, from one address, that were not good. Each good-looking one costs a request there."""
STARTS_HERE: Final = Limit("starts-here", 1000, 15 * MINUTE)
"""Ways to the provider and challenges begun from one address: each is a row. A whole company may share one."""
TOLD: Final = Limit("told", 1, DAY)
"""Mails to one person about one kind of failed series."""

LONGEST: Final[Span] = max(limit.window for limit in (ACCOUNT, CODES_ACCOUNT, TOLD))
"""For how long attempts are kept."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: its address, what it calls itself, and the token by which we know the browser."""

    address: str
    agent: str = ""
    browser: str = ""

    @property
    def network(self) -> str:
        """What attempts are counted by: the address, or the /64 that one subscriber has of IPv6."""
        try:
            parsed = ip_address(self.address.partition("%")[0])
        except ValueError:
            return self.address[:_ADDRESS_CHARS]
        if parsed.version == 4 or parsed.ipv4_mapped:
            return str(parsed)
        return str(ip_network(f"{parsed}/64", strict=False))

    @property
    def browser_digest(self) -> str:
        """How the browser is kept; "" when it brings nothing."""
        return hashlib.sha256(self.browser.encode()).hexdigest() if self.browser else ""


Counted = tuple[Limit, str]
"""A limit and the key that it is counted for."""


class Attempts:
    """Counts attempts. Safe to use from many threads."""

    def __init__(self, store: EdgeStore) -> None:
        self._store = store

    def places(self, account: str, user_id: str, visitor: Visitor, limits: tuple[Limit, Limit, Limit]) -> list[Counted]:
        """Where an attempt at an account is counted. `limits`: from here, at the account, from this address.

        `user_id` "" = nobody has this account; it takes as long.
        """
        here, everywhere, address = limits
        if self.is_known(user_id, visitor):
            return [(here, f"{account}@browser:{visitor.browser_digest[:32]}")]
        return [(here, f"{account}@{visitor.network}"), (everywhere, account), (address, visitor.network)]

    def is_known(self, user_id: str, visitor: Visitor) -> bool:
        """Whether this person has signed in with this browser before."""
        return bool(visitor.browser) and self._store.knows_browser(visitor.browser_digest, user_id)

    def count(self, places: Sequence[Counted], now: Moment) -> None:
        """Count an attempt before it is made, so that many at once are counted too. Raises TooMany."""
        for limit, key in places:
            self.check(limit, key, now)
        self._store.add_attempts([f"{limit.name}:{key}" for limit, key in places], now)

    def check(self, limit: Limit, key: str, now: Moment) -> None:
        """Raises TooMany when the limit is reached."""
        count, oldest = self._store.attempts(f"{limit.name}:{key}", now - limit.window)
        if count >= limit.most:
            minutes = max(1, -(-(oldest + limit.window - now) // MINUTE))
            raise TooMany(
                nphrase(
                    "Too many attempts. Try again in %(num)s minute.",
                    "Too many attempts. Try again in %(num)s minutes.",
                    minutes,
                ),
                reason="attempts",
            )

    def add(self, limit: Limit, key: str, now: Moment) -> None:
        """Count an attempt that was not good."""
        self._store.add_attempts([f"{limit.name}:{key}"], now)

    def succeed(self, places: Sequence[Counted], now: Moment) -> None:
        """It was the person: where they are the count starts anew, elsewhere this attempt is taken back."""
        for place, (limit, key) in enumerate(places):
            self._store.forget_attempts(f"{limit.name}:{key}", now if place else None)

    def first(self, limit: Limit, key: str, now: Moment) -> bool:
        """Whether the limit leaves room, counting this one: for what is done seldom."""
        name = f"{limit.name}:{key}"
        if self._store.attempts(name, now - limit.window)[0] >= limit.most:
            return False
        self._store.add_attempts([name], now)
        return True


def account_key(account: str) -> str:
    """Addresses as typed are not kept: they may be somebody's password, typed into the wrong field."""
    return hashlib.sha256(account.strip().lower()[:_KEY_CHARS].encode()).hexdigest()[:32]
