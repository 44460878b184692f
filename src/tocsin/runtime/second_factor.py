"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes: setting them up, checking one, using it up.

A code counts once; one step of 30 seconds to either side is taken for clocks that differ. Recovery codes have 80 bits
and are kept as digests. Never opens a session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

from tocsin.directory.credentials import SecondFactor
from tocsin.directory.model import User
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Conflict, Invalid, NotSignedIn
from tocsin.kernel.time import MINUTE, SECOND, Moment, Span
from tocsin.runtime.attempts import (
    ADDRESS,
    CODES_ACCOUNT,
    CODES_HERE,
    Visitor,
    account_key,
)
from tocsin.runtime.sign_in_ground import Ground, SecurityEvent, digest_of, person_acts

STEP: Final[Span] = 30 * SECOND
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
SETUP_LIFE: Final[Span] = 15 * MINUTE

_SETUP: Final = "factor-setup"
_RECOVERY_CHARS: Final = 16
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that are read as another: l, o, 0, 1."""

WRONG_CODE: Final = "This code is wrong or was used already. The app shows a new one every 30 seconds."


class Proof(StrEnum):
    """What a typed code was."""

    CODE = "code"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Setup:
    """A secret that is not in force yet: as text to type, and as the address that the QR code holds."""

    secret: str
    address: str

    @property
    def spaced(self) -> str:
        """In groups of four, to be typed."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))


def code_at(secret: str, step: int) -> str:
    """The code of a base32 secret in a step of 30 seconds since 1970."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


class SecondFactors:
    """Everybody's second factors. Safe to use from many threads."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def has(self, user_id: str) -> bool:
        """Whether codes are asked of this person."""
        return user_id in self._ground.config.second_factors

    def recovery_left(self, user_id: str) -> int:
        """How many recovery codes are left."""
        factor = self._ground.config.second_factors.get(user_id)
        return len(factor.recovery) if factor is not None else 0

    # -- setting it up

    def setup(self, user: User, holder: str) -> Setup:
        """The secret to set up, the same until it is confirmed or 15 minutes old. `holder`: the session's token."""
        now = self._ground.clock.now()
        key = digest_of(f"{holder}:{user.id}")
        kept = self._ground.store.begun(key, _SETUP, now)
        if kept is None:
            secret = base64.b32encode(bytes.fromhex(self._ground.ids.token())).decode()
            sealed = self._ground.sealer.seal(secret, _about(user.id))
            self._ground.store.end_begun(key, _SETUP, 0)
            self._ground.store.begin(key, _SETUP, json.dumps({"secret": sealed}), now + SETUP_LIFE)
        else:
            secret = self._ground.sealer.open(json.loads(kept)["secret"], _about(user.id))
        return Setup(secret, _address(self._ground.config.settings.organisation, user.email, secret))

    def confirm_setup(self, user: User, holder: str, code: str, visitor: Visitor) -> tuple[str, ...]:
        """Put the secret in force that `setup` gave, if this is its code; returns the recovery codes, shown once.

        Ends every session of the person. Raises Invalid for a wrong code or a set-up that is too old.
        """
        now = self._ground.clock.now()
        key = digest_of(f"{holder}:{user.id}")
        kept = self._ground.store.try_begun(key, _SETUP, now, 10)
        if kept is None:
            raise Invalid("This took too long. Scan the new code.", reason="setup_over")
        sealed = json.loads(kept)["secret"]
        if not self._is_code(user.id, sealed, _plain(code), now):
            raise Invalid("This code does not fit. Type the six digits that the app shows now.", reason="code")
        codes, digests = self._new_recovery_codes()
        factor = SecondFactor(user_id=user.id, secret=sealed, recovery=digests, created_at=now)
        old = self._ground.config.second_factors.get(user.id)
        fields = () if old is None else ("secret", "recovery")
        command = SaveThing(thing_kind="second_factor", thing=factor, fields=fields)
        self._ground.desk.run(person_acts(user.id), command)
        self._ground.store.end_begun(key, _SETUP, now)
        self._ground.note(user, SecurityEvent.FACTOR_ON, visitor)
        return codes

    def new_recovery_codes(self, user: User, visitor: Visitor) -> tuple[str, ...]:
        """Ten new recovery codes; the old ones are void. Raises Conflict without a second factor."""
        factor = self._ground.config.second_factors.get(user.id)
        if factor is None:
            raise Conflict("There is no second factor to recover.", reason="no_factor")
        codes, digests = self._new_recovery_codes()
        self._save_recovery(factor, digests)
        self._ground.note(user, SecurityEvent.RECOVERY_NEW, visitor)
        return codes

    def remove(self, user: User, visitor: Visitor) -> None:
        """The person wants no codes any more. Nothing if there are none."""
        if self.has(user.id):
            command = DeleteThing(thing_kind="second_factor", thing_id=user.id)
            self._ground.desk.run(person_acts(user.id), command)
            self._ground.note(user, SecurityEvent.FACTOR_OFF, visitor)

    # -- checking one

    def prove(self, user: User, typed: str, visitor: Visitor) -> Proof:
        """What the typed code is, used up. Raises NotSignedIn for a wrong one, TooMany."""
        ground, now = self._ground, self._ground.clock.now()
        factor = ground.config.second_factors.get(user.id)
        places = ground.attempts.places(account_key(user.id), user.id, visitor, (CODES_HERE, CODES_ACCOUNT, ADDRESS))
        ground.attempts.count(places, now)
        plain = _plain(typed)
        if factor is not None and self._is_code(user.id, factor.secret, plain, now):
            ground.attempts.succeed(places, now)
            return Proof.CODE
        if factor is not None and self._use_recovery(factor, plain):
            ground.attempts.succeed(places, now)
            ground.note(user, SecurityEvent.RECOVERY_USED, visitor)
            return Proof.RECOVERY
        raise NotSignedIn(WRONG_CODE, reason="code")

    def _is_code(self, user_id: str, sealed: str, typed: str, now: Moment) -> bool:
        """Whether it is a code of about now that was not used yet; then it is used."""
        secret = self._ground.sealer.open(sealed, _about(user_id))
        step = now // STEP
        right = [one for one in (step - 1, step, step + 1) if hmac.compare_digest(code_at(secret, one), typed)]
        key = f"totp:{user_id}:{digest_of(sealed)[:16]}"
        return bool(right) and self._ground.store.raise_mark(key, right[-1], now)

    def _use_recovery(self, factor: SecondFactor, typed: str) -> bool:
        digest = digest_of(typed)
        matches = [hmac.compare_digest(digest, one) for one in factor.recovery]
        if not any(matches):
            return False
        left = tuple(one for one, is_it in zip(factor.recovery, matches, strict=True) if not is_it)
        try:
            self._save_recovery(factor, left)
        except Conflict:
            return False  # used at the same moment by another browser
        return True

    def _save_recovery(self, factor: SecondFactor, digests: tuple[str, ...]) -> None:
        command = SaveThing(
            thing_kind="second_factor",
            thing=replace(factor, recovery=digests),
            fields=("recovery",),
            seen_at=factor.updated_at,
        )
        self._ground.desk.run(person_acts(factor.user_id), command)

    def _new_recovery_codes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Codes to show and what is kept of them."""
        codes = []
        for _ in range(RECOVERY_CODES):
            number = int(self._ground.ids.token(), 16)
            letters = [_LETTERS[number >> 5 * place & 31] for place in range(_RECOVERY_CHARS)]
            codes.append("-".join("".join(letters[start : start + 4]) for start in range(0, _RECOVERY_CHARS, 4)))
        return tuple(codes), tuple(digest_of(_plain(code)) for code in codes)


def _plain(typed: str) -> str:
    """A code as it counts: without blanks and dashes, in small letters, ASCII only."""
    kept = "".join(letter for letter in typed[:100].lower() if letter.isalnum())
    return kept if kept.isascii() else ""


def _about(user_id: str) -> str:
    return f"second-factor:{user_id}"


def _address(organisation: str, email: str, secret: str) -> str:
    issuer = organisation.replace(":", " ").strip() or "Tocsin"
    values = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP // SECOND}
    return f"otpauth://totp/{quote(issuer)}:{quote(email)}?{urlencode(values, quote_via=quote)}"
