"""Who is signed in: opening, finding and ending sessions, one-time links, and how often one may try.

Sessions live on the server; the browser holds a random token of which only the SHA-256 is kept. One ends after 12 h
without use, 14 days at most, at sign-out, and as soon as the person's password, role or being active changes.
Never decides what a signed-in person may do.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from tocsin.directory.model import User
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import Invalid, NotFound, NotSignedIn, TooMany
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment, Span
from tocsin.kernel.wording import phrase
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.runtime.passwords import Passwords, check_new_password
from tocsin.storage.edge import EdgeStore, LinkRow, SessionRow

IDLE: Final[Span] = 12 * HOUR
ABSOLUTE: Final[Span] = 14 * DAY
LINK_LIFE: Final[Span] = 15 * MINUTE
FRESH: Final[Span] = 15 * MINUTE
"""How long after a sign-in by link a new password may be set without the old one."""

_TOUCH_EVERY: Final[Span] = MINUTE
_SWEEP_EVERY: Final[Span] = HOUR
_WRONG: Final = phrase("The mail address or the password is wrong.")
_AGENT_CHARS: Final = 200
_TOKEN_CHARS: Final = 100
_KEY_CHARS: Final = 200


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `csrf` is what its forms must carry; `how` is "password" or "link"."""

    id: str
    user_id: str
    opened_at: Moment
    seen_at: Moment
    ends_at: Moment
    address: str
    agent: str
    how: str
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just begun, and its token, which nobody but the browser keeps."""

    token: str
    session: Session


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: the client's address without port, and what it calls itself."""

    address: str
    agent: str = ""

    @property
    def network(self) -> str:
        """What attempts are counted by: the address, or the /64 that one subscriber has of IPv6."""
        try:
            parsed = ip_address(self.address.partition("%")[0])
        except ValueError:
            return self.address[:_TOKEN_CHARS]
        if parsed.version == 4 or parsed.ipv4_mapped:
            return str(parsed)
        return str(ip_network(f"{parsed}/64", strict=False))


class Sessions:
    """Opens and finds sessions. Safe to use from many threads."""

    def __init__(self, store: EdgeStore, desk: Desk, clock: Clock, ids: IdSource, passwords: Passwords) -> None:
        self._store = store
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._swept_at: Moment = 0

    # -- signing in and out

    def sign_in(self, email: str, password: str, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Open a session by password. `replaces`: the token that the browser held before, which ends.

        Raises NotSignedIn without saying what was wrong, TooMany when there were too many attempts.
        """
        now = self._clock.now()
        account = _key(email.strip().lower())
        counted = [(HERE, f"{account}@{visitor.network}"), (ACCOUNT, account), (ADDRESS, visitor.network)]
        self._count(counted, now)
        user = self._desk.config().user_by_email.get(email.strip().lower())
        right = self._passwords.verify(user.password_hash if user is not None else "", password)
        if user is None or not user.active or not right:
            raise NotSignedIn(_WRONG)
        for limit, key in counted:
            self._store.forget_attempts(f"{limit.name}:{key}", None if limit is HERE else now)
        return self._open(user, visitor, "password", replaces, now)

    def sign_out(self, token: str) -> None:
        """End the session; nothing if there is none."""
        self._store.end_session(_digest(token))

    def find(self, token: str) -> Session | None:
        """The session of this token, used just now; None: unknown, idle too long, too old, or the person changed."""
        session = self.peek(token)
        if session is not None:
            now = self._clock.now()
            if now - session.seen_at >= _TOUCH_EVERY:
                self._store.touch_session(_digest(token), now)
        return session

    def peek(self, token: str) -> Session | None:
        """The same without counting as use: for what an open page does by itself."""
        if not token or len(token) > _TOKEN_CHARS:
            return None
        row = self._store.session(_digest(token))
        if row is None:
            return None
        now = self._clock.now()
        user = self._desk.config().users.get(row.user_id)
        if row.ends_at <= now or now - row.seen_at > IDLE or user is None or row.standing != _standing(user):
            self._store.end_session(row.digest)
            return None
        return _session(row, token)

    # -- one-time links

    def make_link(self, user_id: str) -> str:
        """A token that signs this person in once, within 15 minutes. Raises NotFound without such an active person."""
        user = self._desk.config().users.get(user_id)
        if user is None or not user.active:
            raise NotFound("There is no such person.")
        token = self._ids.token()
        self._store.add_link(_digest(token), user_id, self._clock.now() + LINK_LIFE)
        return token

    def ask_for_link(self, email: str, visitor: Visitor) -> tuple[User, str] | None:
        """The person and a link's token to mail to them; None for an address that nobody has. Raises TooMany.

        Whoever asks must be told the same in both cases.
        """
        now = self._clock.now()
        account = _key(email.strip().lower())
        here = f"{account}@{visitor.network}"
        self._count([(LINKS_HERE, here), (LINKS_ACCOUNT, account), (LINKS_ADDRESS, visitor.network)], now)
        user = self._desk.config().user_by_email.get(email.strip().lower())
        if user is None or not user.active:
            return None
        return user, self.make_link(user.id)

    def link_holder(self, token: str) -> User | None:
        """Whom this link would sign in; None when it is unknown, used or over. Uses nothing up."""
        link = self._good_link(token)
        return None if link is None else self._desk.config().users.get(link.user_id)

    def sign_in_by_link(self, token: str, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Use a link up and open a session. Raises NotSignedIn when it is not good (any more), TooMany."""
        now = self._clock.now()
        self._check(LINK_USES, visitor.network, now)
        link = self._good_link(token)
        user = self._desk.config().users.get(link.user_id) if link is not None else None
        if link is None or user is None or not user.active or not self._store.use_link(link.digest, now):
            self._store.add_attempts([f"{LINK_USES.name}:{visitor.network}"], now)
            raise NotSignedIn("This link was used already or is too old.")
        return self._open(user, visitor, "link", replaces, now)

    # -- what a person sees and changes of their own

    def sessions_of(self, user_id: str) -> Sequence[Session]:
        """A person's sessions that are still good, the one seen last first."""
        now = self._clock.now()
        user = self._desk.config().users.get(user_id)
        return [
            _session(row, "")
            for row in self._store.sessions_of(user_id)
            if user is not None and now < row.ends_at and now - row.seen_at <= IDLE and row.standing == _standing(user)
        ]

    def end(self, user_id: str, session_id: str) -> None:
        """End one session of this person, by its id. Raises NotFound."""
        if not session_id or not self._store.end_sessions_of(user_id, session_id=session_id):
            raise NotFound("This session has ended already.")

    def end_others(self, user_id: str, token: str) -> int:
        """End every session of this person but the one of `token`. Returns how many."""
        return self._store.end_sessions_of(user_id, keep_digest=_digest(token))

    def end_all(self, user_id: str) -> int:
        """End every session of this person. Returns how many."""
        return self._store.end_sessions_of(user_id)

    def change_password(self, token: str, old: str, new: str, visitor: Visitor) -> Opened:
        """Set a new password: every session of the person ends, and this browser gets a new one.

        The old password is asked for unless there is none or the session was opened by link within 15 minutes.
        Raises NotSignedIn without a session, Invalid for a wrong or unusable password, TooMany.
        """
        session = self.find(token)
        user = self._desk.config().users.get(session.user_id) if session is not None else None
        if session is None or user is None:
            raise NotSignedIn("You are not signed in any more.")
        now = self._clock.now()
        if self.needs_old_password(session):
            counted = (HERE, f"{_key(user.email.lower())}@{visitor.network}")
            self._count([counted], now)
            if not self._passwords.verify(user.password_hash, old):
                raise Invalid("The present password is wrong.", reason="old")
            self._store.forget_attempts(f"{counted[0].name}:{counted[1]}")
        check_new_password(new, about=(*user.name.split(), user.email.split("@")[0], user.email))
        changed = replace(user, password_hash=self._passwords.hash(new))
        command = SaveThing(thing_kind="user", thing=changed, fields=("password_hash",))
        saved: User = self._desk.run(Actor(ActorKind.USER, user.id, Via.WEB), command)
        self._store.end_sessions_of(user.id)
        return self._open(saved, visitor, session.how, "", now)

    def needs_old_password(self, session: Session) -> bool:
        """Whether this session must give the present password to set a new one."""
        user = self._desk.config().users.get(session.user_id)
        by_link_just_now = session.how == "link" and self._clock.now() - session.opened_at < FRESH
        return user is not None and bool(user.password_hash) and not by_link_just_now

    def _open(self, user: User, visitor: Visitor, how: str, replaces: str, now: Moment) -> Opened:
        if replaces:
            self._store.end_session(_digest(replaces))
        token = self._ids.token()
        row = SessionRow(
            digest=_digest(token),
            id=self._ids.long(),
            user_id=user.id,
            standing=_standing(user),
            opened_at=now,
            seen_at=now,
            ends_at=now + ABSOLUTE,
            address=visitor.address,
            agent=visitor.agent[:_AGENT_CHARS],
            how=how,
        )
        self._store.add_session(row)
        self._sweep(now)
        return Opened(token, _session(row, token))

    def _good_link(self, token: str) -> LinkRow | None:
        if not token or len(token) > _TOKEN_CHARS:
            return None
        link = self._store.link(_digest(token))
        if link is None or link.used_at is not None or link.ends_at <= self._clock.now():
            return None
        return link

    def _count(self, attempts: Sequence[tuple[Limit, str]], now: Moment) -> None:
        """Count an attempt before it is made, so that many at once are counted too. Raises TooMany."""
        for limit, key in attempts:
            self._check(limit, key, now)
        self._store.add_attempts([f"{limit.name}:{key}" for limit, key in attempts], now)

    def _check(self, limit: Limit, key: str, now: Moment) -> None:
        count, oldest = self._store.attempts(f"{limit.name}:{key}", now - limit.window)
        if count >= limit.most:
            minutes = max(1, -(-(oldest + limit.window - now) // MINUTE))
            raise TooMany(
                phrase("Too many attempts. Try again in %(minutes)s min.", minutes=minutes), reason="attempts"
            )

    def _sweep(self, now: Moment) -> None:
        if now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        self._store.sweep(now, idle_since=now - IDLE, attempts_since=now - ACCOUNT.window)


def csrf_of(token: str) -> str:
    """What the forms of the session with this token must carry: derived, so nothing has to be kept."""
    return hmac.new(token.encode(), b"tocsin forms", hashlib.sha256).hexdigest()[:40]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key(account: str) -> str:
    """Addresses as typed are not kept: they may be somebody's password, typed into the wrong field."""
    return hashlib.sha256(account[:_KEY_CHARS].encode()).hexdigest()[:32]


def _standing(user: User) -> str:
    """Changes with everything that must end a person's sessions."""
    facts = "\n".join((user.id, user.role, str(user.active), user.password_hash))
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def _session(row: SessionRow, token: str) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        address=row.address,
        agent=row.agent,
        how=row.how,
        csrf=csrf_of(token) if token else "",
    )
