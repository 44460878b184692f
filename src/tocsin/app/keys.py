"""Making API keys: the secret is shown once, its SHA-256 is kept."""

from __future__ import annotations

import hashlib

from tocsin.directory.model import ApiKey, Role
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor
from tocsin.kernel.ids import IdSource
from tocsin.runtime.desk import Desk

PREFIX = "tcs_"


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
    secret = PREFIX + ids.token()
    key = ApiKey(
        id="",
        name=name,
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        role=role,
        hint=f"{secret[:8]}...{secret[-4:]}",
        team_ids=team_ids,
        user_id=user_id,
    )
    desk.run(actor, SaveThing(thing_kind="api_key", thing=key))
    return secret
