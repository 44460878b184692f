"""API keys at the door: from an Authorization header to the actor that a command names.

Decides who asks; what they may do is decided where the command runs. One key works in every dialect's own header.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from tocsin.directory.model import ApiKey
from tocsin.directory.permissions import Standing
from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import NotSignedIn

_TOKEN = re.compile(r'token\s*=\s*"?([^"\s,]+)"?', re.IGNORECASE)

SECRET_CHARS = 512
"""Longer credentials are none of ours; they are not even hashed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key, the actor that commands are given as, and the rights that both have together."""

    key: ApiKey
    actor: Actor
    standing: Standing

    @property
    def user_id(self) -> str:
        """The person whose key it is, empty for an account's key."""
        return self.key.user_id or ""


def secret_in(header: str | None, schemes: Collection[str]) -> str:
    """The credential in an Authorization header of one of these schemes (lower case), empty if there is none.

    `token` takes both `Token token=abc` and `Token abc`.
    """
    scheme, _, rest = (header or "").strip().partition(" ")
    if scheme.lower() not in schemes:
        return ""
    named = _TOKEN.fullmatch(rest.strip())
    return named.group(1) if named else rest.strip()


def caller(config: Config, secret: str) -> Caller:
    """The caller with this credential. Raises NotSignedIn for none, an unknown or revoked one, or a person who left."""
    if not 0 < len(secret) <= SECRET_CHARS:
        raise NotSignedIn("No API key was given.")
    digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
    key = config.api_key_by_digest.get(digest)
    actor = actor_of(key) if key is not None else None
    standing = config.standing(actor) if actor is not None else None
    if key is None or actor is None or standing is None:
        raise NotSignedIn("The API key is not valid.")
    return Caller(key, actor, standing)


def actor_of(key: ApiKey) -> Actor:
    """Whom a key acts as: its person, or itself. A person's key for some teams acts as itself, to stay within them."""
    if key.user_id is not None and not key.team_ids:
        return Actor(ActorKind.USER, key.user_id, Via.API)
    return Actor(ActorKind.KEY, key.id, Via.API)
