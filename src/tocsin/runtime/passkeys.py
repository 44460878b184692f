"""Passkeys (WebAuthn): the challenge, registering one, knowing a person by one. Never opens a session.

User verification (a finger, a face, a PIN) is always asked for, so a passkey is both factors in one. The device names
the person: nobody types an address. Which site a passkey is for comes from the installation's public address, never
from what a request says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tocsin.directory.credentials import Passkey
from tocsin.directory.model import User
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from tocsin.kernel.time import MINUTE, Moment, Span
from tocsin.runtime.attempts import PASSKEYS_HERE, STARTS_HERE, Visitor
from tocsin.runtime.sign_in_ground import Ground, SecurityEvent, digest_of, person_acts

CHALLENGE_LIFE: Final[Span] = 5 * MINUTE
ANSWER_CHARS: Final = 20_000
"""More than any browser's answer."""

_ENTER: Final = "passkey-enter"
_ADD: Final = "passkey-add"
_TRANSPORTS: Final = 8
_UNKNOWN: Final = "This passkey is not known here, or was removed. Sign in another way."
_TOO_OLD: Final = "This took too long. Try again."


@dataclass(frozen=True, slots=True)
class RelyingSite:
    """For which site passkeys are: the host that they are bound to, and the address in the browser's bar."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Used:
    """A passkey as its owner sees it. `used_at` None = never used here."""

    passkey: Passkey
    used_at: Moment | None


class Passkeys:
    """Everybody's passkeys. Safe to use from many threads."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def of(self, user_id: str) -> list[Used]:
        """A person's passkeys, oldest first, with when each was last used."""
        found = []
        for passkey in self._ground.config.passkeys_of.get(user_id, ()):
            mark = self._ground.store.mark(f"passkey-used:{passkey.id}")
            found.append(Used(passkey, mark[1] if mark is not None else None))
        return found

    # -- registering

    def offer(self, user: User, holder: str, site: RelyingSite) -> str:
        """What the browser is to make a passkey from, as JSON. `holder`: the session's token."""
        options = generate_registration_options(
            rp_id=site.host,
            rp_name=self._ground.config.settings.organisation,
            user_id=user.id.encode(),
            user_name=user.email,
            user_display_name=user.name,
            challenge=self._challenge(holder, _ADD),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id))
                for one in self._ground.config.passkeys_of.get(user.id, ())
            ],
        )
        return options_to_json(options)

    def add(self, user: User, holder: str, site: RelyingSite, answer: str, name: str, visitor: Visitor) -> Passkey:
        """Keep the passkey that the browser made. Raises Invalid."""
        challenge = self._taken(holder, _ADD)
        if challenge is None:
            raise Invalid(_TOO_OLD, reason="challenge")
        try:
            made = verify_registration_response(
                credential=answer[:ANSWER_CHARS],
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise Invalid("The browser's answer is not a passkey for this site. Try again.", reason="answer") from error
        passkey = Passkey(
            id="",
            user_id=user.id,
            name=" ".join(name.split()) or "Passkey",
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            transports=_transports(answer),
            synced=made.credential_backed_up,
        )
        saved: Passkey = self._ground.desk.run(person_acts(user.id), SaveThing(thing_kind="passkey", thing=passkey))
        self._ground.note(user, SecurityEvent.PASSKEY_NEW, visitor, saved.name)
        return saved

    def remove(self, user: User, passkey_id: str, visitor: Visitor) -> None:
        """The person wants it no more. Raises NotFound, NotAllowed for another's."""
        passkey = self._ground.config.passkeys.get(passkey_id)
        if passkey is None:
            raise NotFound("It was removed already.")
        if passkey.user_id != user.id:
            raise NotAllowed("This is not yours.")
        self._ground.desk.run(person_acts(user.id), DeleteThing(thing_kind="passkey", thing_id=passkey_id))
        self._ground.note(user, SecurityEvent.PASSKEY_GONE, visitor, passkey.name)

    # -- signing in

    def ask(self, holder: str, site: RelyingSite, visitor: Visitor) -> str:
        """What the browser is to answer, as JSON. `holder`: what binds the page to its browser. Raises TooMany."""
        self._ground.attempts.count([(STARTS_HERE, visitor.network)], self._ground.clock.now())
        options = generate_authentication_options(
            rp_id=site.host,
            challenge=self._challenge(holder, _ENTER),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def whose(self, holder: str, site: RelyingSite, answer: str, visitor: Visitor) -> User:
        """The person whose passkey answered. Raises NotSignedIn without saying what was wrong, TooMany."""
        now = self._ground.clock.now()
        self._ground.attempts.check(PASSKEYS_HERE, visitor.network, now)
        try:
            return self._verified(holder, site, answer, visitor, now)
        except NotSignedIn:
            self._ground.attempts.add(PASSKEYS_HERE, visitor.network, now)
            raise

    def _verified(self, holder: str, site: RelyingSite, answer: str, visitor: Visitor, now: Moment) -> User:
        challenge = self._taken(holder, _ENTER)
        if challenge is None:
            raise NotSignedIn(_TOO_OLD, reason="challenge")
        config = self._ground.config
        passkey = config.passkey_by_credential.get(_credential_id(answer))
        user = config.users.get(passkey.user_id) if passkey is not None else None
        if passkey is None or user is None or not user.active:
            raise NotSignedIn(_UNKNOWN, reason="passkey")
        try:
            seen = verify_authentication_response(
                credential=answer[:ANSWER_CHARS],
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=0,  # counted below, where two at once are told apart
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise NotSignedIn(_UNKNOWN, reason="passkey") from error
        if not self._counts_up(passkey, seen.new_sign_count, now):
            self._ground.note(user, SecurityEvent.PASSKEY_COPIED, visitor, passkey.name)
            raise NotSignedIn(_UNKNOWN, reason="passkey")
        self._ground.store.raise_mark(f"passkey-used:{passkey.id}", now, now)
        return user

    def _counts_up(self, passkey: Passkey, count: int, now: Moment) -> bool:
        """Whether its counter has risen; devices that keep a passkey in several places always say 0."""
        known = self._ground.store.mark(f"passkey-count:{passkey.id}")
        before = max(passkey.sign_count, known[0] if known is not None else 0)
        if count == 0 == before:
            return True
        return count > before and self._ground.store.raise_mark(f"passkey-count:{passkey.id}", count, now)

    # -- challenges

    def _challenge(self, holder: str, purpose: str) -> bytes:
        """A new challenge for this browser; the one before it is void."""
        now, key = self._ground.clock.now(), digest_of(f"{purpose}:{holder}")
        text = self._ground.ids.token()
        self._ground.store.end_begun(key, purpose, 0)
        self._ground.store.begin(key, purpose, json.dumps({"challenge": text}), now + CHALLENGE_LIFE)
        return bytes.fromhex(text)

    def _taken(self, holder: str, purpose: str) -> bytes | None:
        """The challenge of this browser, good for one answer."""
        kept = self._ground.store.end_begun(digest_of(f"{purpose}:{holder}"), purpose, self._ground.clock.now())
        return None if kept is None else bytes.fromhex(json.loads(kept)["challenge"])


def _object(answer: str) -> Mapping[str, Any]:
    try:
        found = json.loads(answer[:ANSWER_CHARS])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _credential_id(answer: str) -> str:
    found = _object(answer).get("id")
    return found if isinstance(found, str) else ""


def _transports(answer: str) -> tuple[str, ...]:
    response = _object(answer).get("response")
    given = response.get("transports") if isinstance(response, dict) else None
    words = (
        [one for one in given if isinstance(one, str) and one.isascii() and len(one) < 20]
        if isinstance(given, list)
        else []
    )
    return tuple(words[:_TRANSPORTS])
