"""How a change of configuration is written into the audit trail. Secrets never are: their fields are blanked."""

from __future__ import annotations

from typing import Any

from tocsin.engine.world import ThingChange
from tocsin.kernel.actor import Actor
from tocsin.kernel.time import Moment
from tocsin.storage.codec import dump, plain

SECRET_FIELDS = frozenset({"password_hash", "digest", "key", "secret"})
"""Fields whose values are replaced, wherever they stand in a thing."""


def audit_row(at: Moment, actor: Actor, change: ThingChange) -> dict[str, Any]:
    """The row of one change."""
    return {
        "at": at,
        "actor": dump(actor),
        "kind": change.kind,
        "thing_id": change.id,
        "before": _readable(change.before),
        "after": _readable(change.after),
    }


def _readable(thing: object | None) -> str | None:
    if thing is None:
        return None
    values = plain(thing)
    return dump({name: "(secret)" if name in SECRET_FIELDS and value else value for name, value in values.items()})
