"""Passkeys, second factors and accounts at the provider: what makes one valid, what removal means.

Decides nothing about whether somebody who holds one may sign in (`runtime`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.directory.credentials import Identity, Passkey, SecondFactor
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict, named
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.time import Moment

PASSKEYS = 20
"""Passkeys of one person."""

RECOVERY_CODES = 20
_CREDENTIAL_CHARS = 1400
"""1023 bytes in base64: the longest id that authenticators may choose."""

_KEY_CHARS = 4000
_SUBJECT_CHARS = 255


def _has_person(draft: Draft) -> list[str]:
    return [] if draft.new.user_id in draft.world.config.users else ["User not found"]


def _passkey(draft: Draft) -> Verdict:
    passkey: Passkey = draft.new
    found = [*_has_person(draft), *named(passkey)]
    known = draft.world.config.passkey_by_credential.get(passkey.credential_id)
    if known is not None and known.id != passkey.id:
        found.append("This passkey is registered already")
    if not passkey.credential_id or len(passkey.credential_id) > _CREDENTIAL_CHARS:
        found.append("Credential is invalid")
    if not passkey.public_key or len(passkey.public_key) > _KEY_CHARS:
        found.append("Public key is invalid")
    if draft.old is None and len(draft.world.config.passkeys_of.get(passkey.user_id, ())) >= PASSKEYS:
        found.append(f"A person has at most {PASSKEYS} passkeys")
    return found, NOTHING


def _second_factor(draft: Draft) -> Verdict:
    factor: SecondFactor = draft.new
    found = _has_person(draft)
    if not factor.secret:
        found.append("Secret is missing")
    if len(factor.recovery) > RECOVERY_CODES:
        found.append(f"There are at most {RECOVERY_CODES} recovery codes")
    return found, NOTHING


def _identity(draft: Draft) -> Verdict:
    """One account of each person at each issuer: another account with the same mail address is somebody else."""
    identity: Identity = draft.new
    found = _has_person(draft)
    if not identity.issuer or not 0 < len(identity.subject) <= _SUBJECT_CHARS:
        found.append("Issuer or subject is invalid")
    for other in draft.world.config.identities.values():
        if other.id == identity.id or other.issuer != identity.issuer:
            continue
        if other.subject == identity.subject or other.user_id == identity.user_id:
            found.append("This person or account is linked already")
    return found, NOTHING


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "passkey": _passkey,
    "second_factor": _second_factor,
    "identity": _identity,
}
"""The rule of each kind."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "passkey": alone,
    "second_factor": alone,
    "identity": alone,
}
"""What removing each kind means."""
