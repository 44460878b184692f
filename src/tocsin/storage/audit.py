"""How a change of configuration is written into the audit trail. Secrets never are: their fields are blanked."""

from __future__ import annotations

from typing import Any

from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.directory.urls import without_credentials
from tocsin.engine.world import ThingChange
from tocsin.kernel.actor import Actor
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import stored
from tocsin.storage.codec import dump, plain

_HIDDEN = stored("(secret)")

SECRET_FIELDS = frozenset({"password_hash", "digest", "key", "old_key", "secret", "recovery"})
"""Fields whose values are replaced, of every thing that has one."""


def audit_row(at: Moment, actor: Actor, change: ThingChange) -> dict[str, Any]:
    """The row of one change."""
    return {
        "at": at,
        "actor": dump(actor),
        "kind": change.kind,
        "thing_id": change.id,
        "before": _readable(change.before),
        "after": _readable(change.after),
        "detail": None if change.detail is None else dump(dict(change.detail)),
    }


def _hidden(value: Any) -> Any:
    """That there is one, and of several how many."""
    if isinstance(value, list | tuple):
        return [_HIDDEN for _ in value]
    return _HIDDEN if value else value


def _readable(thing: object | None) -> str | None:
    if thing is None:
        return None
    values = {name: _hidden(value) if name in SECRET_FIELDS else value for name, value in plain(thing).items()}
    if isinstance(thing, WebhookSubscription):
        url, credentials = without_credentials(thing.url)
        values["url"] = url if not credentials else url.replace("://", f"://{_HIDDEN}@", 1)
        values["headers"] = [{"name": header.name, "value": _HIDDEN} for header in thing.headers]
    return dump(values)
