"""Making and revoking API keys: the secret is shown once, its SHA-256 is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from tocsin.directory.model import ApiKey, Role
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor
from tocsin.kernel.errors import Conflict, NotFound
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.runtime.desk import Desk

PREFIX = "tcs_"


@dataclass(frozen=True, slots=True)
class FreshSecret:
    """A secret that was just made, what is kept of it, and the hint by which its owner knows it again."""

    secret: str = field(repr=False)
    digest: str
    hint: str


def fresh_secret(ids: IdSource) -> FreshSecret:
    """A new secret for a key."""
    secret = PREFIX + ids.token()
    return FreshSecret(secret, hashlib.sha256(secret.encode()).hexdigest(), f"{secret[:8]}...{secret[-4:]}")


def create_key(
    desk: Desk,
    actor: Actor,
    ids: IdSource,
    *,
    name: str,
    role: Role,
    team_ids: tuple[str, ...] = (),
    user_id: str | None = None,
) -> str:
    """Make a key and return its secret. Raises Invalid, NotAllowed."""
    made = fresh_secret(ids)
    key = ApiKey(
        id="",
        name=name,
        digest=made.digest,
        role=role,
        hint=made.hint,
        team_ids=team_ids,
        user_id=user_id,
    )
    desk.run(actor, SaveThing(thing_kind="api_key", thing=key))
    return made.secret


def revoke_key(desk: Desk, actor: Actor, key_id: str, now: Moment) -> ApiKey:
    """Make a key worthless; old entries still bear its name. Raises NotFound, Conflict, NotAllowed."""
    key = desk.config().api_keys.get(key_id)
    if key is None:
        raise NotFound(f"There is no API key {key_id}.")
    if key.revoked_at is not None:
        raise Conflict(f"The API key {key_id} was revoked before.", reason="revoked")
    revoked = replace(key, revoked_at=now)
    desk.run(actor, SaveThing(thing_kind="api_key", thing=revoked, fields=("revoked_at",)))
    return revoked
