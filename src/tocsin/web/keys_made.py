"""Making, renewing and revoking API keys on pages: the secret is shown once, its SHA-256 is kept."""

from __future__ import annotations

from dataclasses import replace

from tocsin.directory.model import ApiKey, Role
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Conflict
from tocsin.runtime.api_keys import fresh_secret
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit


def made_key(visit: Visit, *, name: str, role: Role, team_ids: tuple[str, ...] = (), user_id: str | None = None) -> str:
    """Make a key; its secret. Raises Invalid, NotAllowed."""
    made = fresh_secret(visit.site.ids)
    key = ApiKey(id="", name=name, digest=made.digest, role=role, hint=made.hint, team_ids=team_ids, user_id=user_id)
    visit.run(SaveThing(thing_kind="api_key", thing=key))
    return made.secret


def renewed(visit: Visit, key: ApiKey) -> str:
    """Give a key another secret: the old one ends at once. Raises Conflict for one that was revoked."""
    if key.revoked_at is not None:
        raise Conflict(_("This key was revoked. Make a new one."))
    made = fresh_secret(visit.site.ids)
    changed = replace(key, digest=made.digest, hint=made.hint)
    visit.run(SaveThing(thing_kind="api_key", thing=changed, fields=("digest", "hint")))
    return made.secret


def revoked(visit: Visit, key: ApiKey) -> None:
    """Make a key worthless; old entries still bear its name. Raises Conflict when it was before."""
    if key.revoked_at is not None:
        raise Conflict(_("This key was revoked before."))
    changed = replace(key, revoked_at=visit.now)
    visit.run(SaveThing(thing_kind="api_key", thing=changed, fields=("revoked_at",)))
