"""Who is signed in: opening, finding and ending sessions, one-time links, and the step between password and code.

Sessions live on the server; the browser holds a random token of which only the SHA-256 is kept. One ends after 12 h
without use, 14 days at most, at sign-out, and as soon as the person's password, second factor, role or being active
changes. Never decides what a signed-in person may do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tocsin.directory.model import User
from tocsin.engine.config import Config
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, NotSignedIn, TooMany
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment, Span
from tocsin.kernel.wording import phrase
from tocsin.runtime.attempts import (
    ACCOUNT,
    ADDRESS,
    CODE_TRIES,
    HERE,
    LINK_USES,
    LINKS_ACCOUNT,
    LINKS_ADDRESS,
    LINKS_HERE,
    LONGEST,
    Limit,
    Visitor,
    account_key,
)
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.runtime.federation import Arrival, Federation, Provider, Rules
from tocsin.runtime.passkeys import Passkeys
from tocsin.runtime.passwords import Passwords, check_new_password
from tocsin.runtime.sealing import Sealer
from tocsin.runtime.second_factor import SecondFactors
from tocsin.runtime.session_model import Opened, SecondStep, Session, Step, csrf_of, session_of
from tocsin.runtime.sign_in_ground import (
    AGENT_CHARS,
    ONE_FACTOR,
    Ground,
    How,
    Policy,
    SecurityEvent,
    Tell,
    digest_of,
    person_acts,
    standing_of,
    still_good,
    tell_nobody,
)
from tocsin.storage.edge import EdgeStore, LinkRow, ProviderRow, SessionRow

__all__ = ["Opened", "SecondStep", "Session", "Sessions", "Step", "Visitor", "csrf_of"]

IDLE: Final[Span] = 12 * HOUR
ABSOLUTE: Final[Span] = 14 * DAY
LINK_LIFE: Final[Span] = 15 * MINUTE
INVITATION_LIFE: Final[Span] = 3 * DAY
"""An invitation may lie in a mailbox over a weekend."""
FRESH: Final[Span] = 15 * MINUTE
"""For how long after proving who they are a person may change how they sign in."""
STEP_LIFE: Final[Span] = 10 * MINUTE
"""How long the code may take after the password."""
TRACES_KEPT: Final[Span] = 180 * DAY
"""How long security events, and browsers that are not used, are remembered."""

_TOUCH_EVERY: Final[Span] = MINUTE
_SWEEP_EVERY: Final[Span] = HOUR
_WRONG: Final = phrase("The mail address or the password is wrong.")
_TOKEN_CHARS: Final = 100
_STEP: Final = "code"
_WAY_OUT: Final = "way-out"
_STEP_OVER: Final = "This took too long, or there were too many wrong codes. Sign in again."
_ONLY_PROVIDER: Final = "Signing in here is by the company's account only."


class Sessions:
    """Opens and finds sessions. Safe to use from many threads."""

    def __init__(
        self,
        store: EdgeStore,
        desk: Desk,
        clock: Clock,
        ids: IdSource,
        passwords: Passwords,
        *,
        policy: Policy = Policy(),  # noqa: B008 - frozen
        sealer: Sealer | None = None,
        tell: Tell = tell_nobody,
    ) -> None:
        """`sealer` None: for tests, with a key that is in the code."""
        self._store = store
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._swept_at: Moment = 0
        self.ground = Ground(
            store=store,
            desk=desk,
            clock=clock,
            ids=ids,
            passwords=passwords,
            sealer=sealer or Sealer(lambda: ("for tests only",), ids),
            policy=policy,
            tell=tell,
        )
        self.codes = SecondFactors(self.ground)
        self.passkeys = Passkeys(self.ground)
        self.federation: Federation | None = None

    @property
    def policy(self) -> Policy:
        """The installation's rules."""
        return self.ground.policy

    def join(self, provider: Provider, rules: Rules) -> None:
        """Sign people in by this provider too."""
        self.federation = Federation(self.ground, provider, rules)

    # -- signing in and out

    def sign_in(self, email: str, password: str, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Open a session by password. `replaces`: the token that the browser held before, which ends.

        Raises NotSignedIn without saying what was wrong, SecondStep when a code is asked for too, TooMany when there
        were too many attempts, NotAllowed where only the provider signs in.
        """
        self._require_own_ways()
        now = self._clock.now()
        account = account_key(email)
        user = self._desk.config().user_by_email.get(email.strip().lower())
        attempts = self.ground.attempts
        places = attempts.places(account, user.id if user else "", visitor, (HERE, ACCOUNT, ADDRESS))
        try:
            attempts.count(places, now)
        except TooMany:
            if attempts.first(_TOLD_FROM, visitor.network, now) and attempts.first(_TOLD_HERE, account, now):
                self.ground.note(user, SecurityEvent.PASSWORDS_FAILED, visitor)
            raise
        right = self._passwords.verify(user.password_hash if user is not None else "", password)
        if user is None or not user.active or not right:
            self.ground.note_refused(user, visitor)
            raise NotSignedIn(_WRONG)
        attempts.succeed(places, now)
        self._second_step(user, How.PASSWORD)
        return self.open(user, visitor, How.PASSWORD, replaces=replaces)

    def _second_step(self, user: User, how: How) -> None:
        """Raises SecondStep unless this way is enough by itself."""
        has = self.codes.has(user.id)
        if self.policy.lets_in(user, how, has_factor=has):
            return
        token = self._ids.token()
        kept = {"user": user.id, "how": how, "standing": standing_of(self._desk.config(), user)}
        self._store.begin(digest_of(token), _STEP, json.dumps(kept), self._clock.now() + STEP_LIFE)
        raise SecondStep(token, setup=not has)

    def step(self, token: str) -> Step:
        """Whose code is waited for. Raises NotSignedIn when this is over."""
        kept = self._store.begun(digest_of(token), _STEP, self._clock.now()) if token else None
        return self._step(kept)[0]

    def sign_in_by_code(self, token: str, code: str, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Open the session that `SecondStep` stood before. Raises NotSignedIn, TooMany."""
        now, digest = self._clock.now(), digest_of(token)
        kept = self._store.try_begun(digest, _STEP, now, CODE_TRIES) if token else None
        step, how = self._step(kept)
        try:
            self.codes.prove(step.user, code, visitor)
        except (NotSignedIn, TooMany):
            if self.ground.attempts.first(_TOLD_CODES, step.user.id, now):
                self.ground.note(step.user, SecurityEvent.CODES_FAILED, visitor)
            raise
        if self._store.end_begun(digest, _STEP, now) is None:
            raise NotSignedIn(_STEP_OVER, reason="step")
        return self.open(step.user, visitor, _WITH_CODE[how], replaces=replaces)

    def set_up_and_sign_in(
        self, token: str, code: str, visitor: Visitor, *, replaces: str = ""
    ) -> tuple[Opened, tuple[str, ...]]:
        """Set the second factor up that is asked for, and open the session; the recovery codes, shown once.

        Raises Invalid for a wrong code, NotSignedIn when the step is over or a factor is there already.
        """
        now, digest = self._clock.now(), digest_of(token)
        step, how = self._step(self._store.begun(digest, _STEP, now) if token else None)
        if not step.setup:
            raise NotSignedIn(_STEP_OVER, reason="step")
        codes = self.codes.confirm_setup(step.user, token, code, visitor)
        self._store.end_begun(digest, _STEP, now)
        return self.open(step.user, visitor, _WITH_CODE[how], replaces=replaces), codes

    def _step(self, kept: str | None) -> tuple[Step, How]:
        data = json.loads(kept) if kept is not None else {}
        user = still_good(self.ground, data.get("user", ""), data.get("standing", ""))
        if user is None:
            raise NotSignedIn(_STEP_OVER, reason="step")
        return Step(user, setup=not self.codes.has(user.id)), How(data["how"])

    def _require_own_ways(self) -> None:
        if self.policy.only_provider:
            raise NotAllowed(_ONLY_PROVIDER, reason="only_provider")

    def sign_in_by_passkey(self, user: User, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Open a session for whom `passkeys.whose` has found. Raises NotAllowed where only the provider signs in."""
        self._require_own_ways()
        return self.open(user, visitor, How.PASSKEY, replaces=replaces)

    def sign_in_by_provider(self, user: User, arrival: Arrival, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Open a session for whom `federation.come` has let in."""
        opened = self.open(user, visitor, How.PROVIDER, replaces=replaces)
        row = ProviderRow(
            session_digest=digest_of(opened.token),
            subject=arrival.subject,
            sid=arrival.sid,
            id_token=arrival.id_token,
            ends_at=opened.session.ends_at,
        )
        self._store.add_provider_session(row)
        return opened

    def sign_out(self, token: str) -> str:
        """End the session; nothing if there is none. Returns where its provider's own ends, "" = nowhere."""
        digest = digest_of(token)
        came = self._store.provider_session(digest) if self.federation is not None else None
        self._store.end_session(digest)
        return self.federation.provider.way_out(came.id_token) if came is not None and self.federation else ""

    def keep_way_out(self, url: str) -> str:
        """Keep where the provider's session ends, for the page after the sign-out; returns the token of that."""
        token = self._ids.token()
        self._store.begin(digest_of(token), _WAY_OUT, url, self._clock.now() + STEP_LIFE)
        return token

    def way_out(self, token: str) -> str:
        """What was kept; "" when it is unknown or too old."""
        return (self._store.begun(digest_of(token), _WAY_OUT, self._clock.now()) or "") if token else ""

    def find(self, token: str) -> Session | None:
        """The session of this token, used just now; None: unknown, idle too long, too old, or the person changed."""
        session = self.peek(token)
        if session is not None:
            now = self._clock.now()
            if now - session.seen_at >= _TOUCH_EVERY:
                self._store.touch_session(digest_of(token), now)
                self._store.note_uses({f"user:{session.user_id}": now})
        return session

    def peek(self, token: str) -> Session | None:
        """The same without counting as use: for what an open page does by itself."""
        return self.peek_all([token]).get(token)

    def peek_all(self, tokens: Collection[str]) -> Mapping[str, Session]:
        """The sessions of those of these tokens that are good, without counting as use."""
        by_digest = {digest_of(token): token for token in tokens if 0 < len(token) <= _TOKEN_CHARS}
        rows = self._store.sessions(by_digest) if by_digest else ()
        if not rows:
            return {}
        config, found = self._desk.config(), dict[str, Session]()
        for row in rows:
            if self._is_good(row, config):
                token = by_digest[row.digest]
                found[token] = session_of(row, token)
            else:
                self._store.end_session(row.digest)
        return found

    def _is_good(self, row: SessionRow, config: Config) -> bool:
        now = self._clock.now()
        user = config.users.get(row.user_id)
        if row.ends_at <= now or now - row.seen_at > IDLE or user is None or row.standing != standing_of(config, user):
            return False
        return self.policy.lets_in(user, row.how, has_factor=user.id in config.second_factors)

    # -- one-time links

    def make_link(self, user_id: str, *, life: Span = LINK_LIFE) -> str:
        """A token that signs this person in once, within `life`. Raises NotFound without such an active person."""
        user = self._desk.config().users.get(user_id)
        if user is None or not user.active:
            raise NotFound("There is no such person.")
        token = self._ids.token()
        self._store.add_link(digest_of(token), user_id, self._clock.now() + life)
        return token

    def ask_for_link(self, email: str, visitor: Visitor) -> tuple[User, str] | None:
        """The person and a link's token to mail to them; None for an address that nobody has. Raises TooMany.

        Whoever asks must be told the same in both cases.
        """
        self._require_own_ways()
        now = self._clock.now()
        account = account_key(email)
        here = f"{account}@{visitor.network}"
        self.ground.attempts.count(
            [(LINKS_HERE, here), (LINKS_ACCOUNT, account), (LINKS_ADDRESS, visitor.network)], now
        )
        user = self._desk.config().user_by_email.get(email.strip().lower())
        if user is None or not user.active:
            return None
        return user, self.make_link(user.id)

    def link_holder(self, token: str) -> User | None:
        """Whom this link would sign in; None when it is unknown, used or over. Uses nothing up."""
        link = self._good_link(token)
        return None if link is None else self._desk.config().users.get(link.user_id)

    def sign_in_by_link(self, token: str, visitor: Visitor, *, replaces: str = "") -> Opened:
        """Use a link up and open a session. Raises NotSignedIn when it is not good (any more), SecondStep, TooMany.

        A link by mail shows who reads the mailbox, no more: the second factor is asked for all the same. One that the
        server's command line printed asks for nothing: whoever made it holds the server.
        """
        now = self._clock.now()
        self.ground.attempts.check(LINK_USES, visitor.network, now)
        link = self._good_link(token)
        user = self._desk.config().users.get(link.user_id) if link is not None else None
        if link is None or user is None or not user.active or not self._store.use_link(link.digest, now):
            self.ground.attempts.add(LINK_USES, visitor.network, now)
            raise NotSignedIn("This link was used already or is too old.")
        how = How.PRINTED_LINK if link.printed else How.LINK
        if self.policy.only_provider and not self.policy.lets_in(user, how, has_factor=False):
            raise NotSignedIn(f"{_ONLY_PROVIDER} A link of the command line lets owners in.", reason="only_provider")
        self._second_step(user, how)
        if link.printed:
            self.ground.note(user, SecurityEvent.PRINTED_LINK, visitor)
        return self.open(user, visitor, how, replaces=replaces)

    # -- what a person sees and changes of their own

    def sessions_of(self, user_id: str) -> Sequence[Session]:
        """A person's sessions that are still good, the one seen last first."""
        config = self._desk.config()
        return [session_of(row, "") for row in self._store.sessions_of(user_id) if self._is_good(row, config)]

    def end(self, user_id: str, session_id: str) -> None:
        """End one session of this person, by its id. Raises NotFound."""
        if not session_id or not self._store.end_sessions_of(user_id, session_id=session_id):
            raise NotFound("This session has ended already.")

    def end_others(self, user_id: str, token: str) -> int:
        """End every session of this person but the one of `token`. Returns how many."""
        return self._store.end_sessions_of(user_id, keep_digest=digest_of(token))

    def end_all(self, user_id: str) -> int:
        """End every session of this person. Returns how many."""
        return self._store.end_sessions_of(user_id)

    def last_seen(self) -> Mapping[str, Moment]:
        """When each person who was ever signed in was here last, by their id; to the minute."""
        return self._store.uses("user")

    def end_all_of(self, user: User, visitor: Visitor, by: str) -> int:
        """The same by somebody else who may: the person is told, and no browser of theirs is known any more."""
        self._store.forget_browsers(user.id)
        self.ground.note(user, SecurityEvent.ENDED_BY_OTHER, visitor, by)
        return self.end_all(user.id)

    def change_password(self, token: str, old: str, new: str, visitor: Visitor) -> Opened:
        """Set a new password: every session of the person ends, and this browser gets a new one.

        The old password is asked for unless there is none or the person has just proved otherwise who they are.
        Raises NotSignedIn without a session, Invalid for a wrong or unusable password, TooMany, NotAllowed.
        """
        self._require_own_ways()
        session = self.find(token)
        user = self._desk.config().users.get(session.user_id) if session is not None else None
        if session is None or user is None:
            raise NotSignedIn("You are not signed in any more.")
        if self.needs_old_password(session):
            self._check_old(user, old, visitor)
        check_new_password(new, about=(*user.name.split(), user.email.split("@")[0], user.email))
        changed = replace(user, password_hash=self._passwords.hash(new))
        command = SaveThing(thing_kind="user", thing=changed, fields=("password_hash",))
        saved: User = self._desk.run(person_acts(user.id), command)
        self._store.forget_browsers(user.id)
        self.ground.note(saved, SecurityEvent.PASSWORD, visitor)
        return self.reopen(saved, session, visitor)

    def _check_old(self, user: User, old: str, visitor: Visitor) -> None:
        """Raises Invalid for a wrong password, TooMany."""
        now = self._clock.now()
        counted = [(HERE, f"{account_key(user.email)}@{visitor.network}")]
        self.ground.attempts.count(counted, now)
        if not self._passwords.verify(user.password_hash, old):
            raise Invalid("The present password is wrong.", reason="old")
        self.ground.attempts.succeed(counted, now)

    def needs_old_password(self, session: Session) -> bool:
        """Whether this session must give the present password to set a new one."""
        user = self._desk.config().users.get(session.user_id)
        otherwise = session.how not in (How.PASSWORD, How.PASSWORD_CODE)
        by_that_just_now = otherwise and self._clock.now() - session.opened_at < FRESH
        return user is not None and bool(user.password_hash) and not by_that_just_now

    # -- proving again who one is

    def is_proved(self, session: Session) -> bool:
        """Whether the person has proved just now who they are, so that they may change how they sign in."""
        return self._clock.now() - session.proved_at < FRESH

    def prove(self, token: str, visitor: Visitor, *, password: str = "", code: str = "") -> None:
        """Prove it: by a code where there is a second factor, else by the password. Raises Invalid, TooMany."""
        session = self.find(token)
        user = self._desk.config().users.get(session.user_id) if session is not None else None
        if session is None or user is None:
            raise NotSignedIn("You are not signed in any more.")
        if self.codes.has(user.id):
            try:
                self.codes.prove(user, code, visitor)
            except NotSignedIn as error:
                raise Invalid(error.message, reason="code") from None
        elif user.password_hash and not self.policy.only_provider:
            self._check_old(user, password, visitor)
        else:
            raise Invalid("Sign out and in again: there is no password or code to ask you for.", reason="again")
        self.proved(token)

    def proved(self, token: str) -> None:
        """The person has proved it in another way: by a passkey."""
        self._store.confirm_session(digest_of(token), self._clock.now())

    def reopen(self, user: User, session: Session, visitor: Visitor) -> Opened:
        """After a change that ends every session of the person: a new one for this browser, opened as that one was.

        With a second factor that is new, the code that set it up counts as given.
        """
        self._store.end_sessions_of(user.id)
        how = How(session.how)
        has = self.codes.has(user.id)
        return self.open(user, visitor, _WITH_CODE[how] if how in ONE_FACTOR and has else how, known=True)

    def open(self, user: User, visitor: Visitor, how: How, *, replaces: str = "", known: bool = False) -> Opened:
        """Open a session for somebody who has proved who they are. `known`: they are here already."""
        now = self._clock.now()
        if replaces:
            self._store.end_session(digest_of(replaces))
        token = self._ids.token()
        row = SessionRow(
            digest=digest_of(token),
            id=self._ids.long(),
            user_id=user.id,
            standing=standing_of(self._desk.config(), user),
            opened_at=now,
            seen_at=now,
            ends_at=now + ABSOLUTE,
            address=visitor.address,
            agent=visitor.agent[:AGENT_CHARS],
            how=how,
        )
        self._store.add_session(row)
        self._store.note_uses({f"user:{user.id}": now})
        if not known:
            event = SecurityEvent.NEW_BROWSER if self._is_new(user, visitor) else SecurityEvent.SIGNED_IN
            self.ground.note(user, event, visitor, how)
        if visitor.browser:
            self._store.see_browser(visitor.browser_digest, user.id, now)
        self._sweep(now)
        return Opened(token, session_of(row, token))

    def _is_new(self, user: User, visitor: Visitor) -> bool:
        """Whether the person is to be told of this browser; the very first one is no news."""
        known = not visitor.browser or self._store.knows_browser(visitor.browser_digest, user.id)
        return not known and self._store.has_browsers(user.id)

    def _good_link(self, token: str) -> LinkRow | None:
        if not token or len(token) > _TOKEN_CHARS:
            return None
        link = self._store.link(digest_of(token))
        if link is None or link.used_at is not None or link.ends_at <= self._clock.now():
            return None
        return link

    def _sweep(self, now: Moment) -> None:
        if now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        self._store.sweep(now, idle_since=now - IDLE, attempts_since=now - LONGEST, traces_since=now - TRACES_KEPT)


_WITH_CODE: Final = {How.PASSWORD: How.PASSWORD_CODE, How.LINK: How.LINK_CODE}
_TOLD_HERE: Final = Limit("told-here", 1, HOUR)
_TOLD_FROM: Final = Limit("told-from", 20, HOUR)
"""Events of failures from one address: a flood of made-up accounts must not fill the disk."""
_TOLD_CODES: Final = Limit("told-codes", 3, HOUR)
