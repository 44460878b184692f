"""Records of the audit trail as PagerDuty's clients expect them: who changed which field of what, and how they came in.

Decides to which thing a part belongs, and that fields that only the inside knows are not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.runtime.reads import AuditRecord, Change

SECRET = "(secret)"  # noqa: S105 - what stands in the place of one
INTERNAL = frozenset({"id", "created_at", "updated_at", "wire_type", "wire_contact_type", "link_made_at", "hint"})

METHODS: Mapping[str, tuple[Via, ...]] = {
    "browser": (Via.WEB,),
    "api_token": (Via.API,),
    "other": tuple(one for one in Via if one not in (Via.WEB, Via.API)),
    "oauth": (),
    "identity_provider": (),
}
"""The doors behind each of the vendor's methods; nobody comes through the last two."""


@dataclass(frozen=True, slots=True)
class Root:
    """A thing that has records of its own. `parts`: kinds that belong to it, each with the field that holds its id."""

    kind: str
    type: str
    parts: tuple[tuple[str, str], ...]


ROOTS: Mapping[str, Root] = {
    "users": Root("user", "user", (("contact_method", "user_id"), ("notification_rule", "user_id"))),
    "teams": Root("team", "team", (("membership", "team_id"),)),
    "schedules": Root("schedule", "schedule", (("override", "schedule_id"), ("custom_shift", "schedule_id"))),
    "escalation_policies": Root("policy", "escalation_policy", ()),
    "services": Root("service", "service", (("integration", "service_id"),)),
}
"""By the first part of their path."""

_PART_OF = {kind: (root, name) for root in ROOTS.values() for kind, name in root.parts}
_ROOT_OF = {root.kind: root for root in ROOTS.values()}


def record(one: AuditRecord, refs: Refs) -> Wire:
    """One change."""
    return {
        "id": str(one.seq),
        "self": None,
        "execution_time": instant(one.at),
        "execution_context": None,
        "actors": _actors(one.actor, refs),
        "method": _method(one.actor, refs),
        "root_resource": _root(one, refs),
        "action": one.change.value,
        "details": {"resource": _resource(one), "fields": list(_fields(one)), "references": []},
    }


def _actors(actor: Actor, refs: Refs) -> list[Wire]:
    if actor.kind is ActorKind.USER:
        return [refs.user(actor.id)]
    return [refs.key(actor.id, "api_key_reference")] if actor.kind is ActorKind.KEY else []


def _method(actor: Actor, refs: Refs) -> Wire:
    name = next(name for name, doors in METHODS.items() if actor.via in doors)
    key = refs.config.api_keys.get(actor.id) if actor.kind is ActorKind.KEY else None
    return {"type": name, "description": None, "truncated_token": key.hint or None if key is not None else None}


def _root(one: AuditRecord, refs: Refs) -> Wire:
    values = one.after or one.before or {}
    if one.kind in _PART_OF:
        root, name = _PART_OF[one.kind]
        kind, thing_id = root.kind, str(values.get(name))
    else:
        kind, thing_id = one.kind, one.thing_id
    known = {
        "user": refs.user,
        "team": refs.team,
        "schedule": refs.schedule,
        "policy": refs.policy,
        "service": refs.service,
    }
    if kind in known:
        reference = known[kind](thing_id)
        return {**reference, "summary": reference["summary"] or values.get("name")}
    return _resource(one)


def _resource(one: AuditRecord) -> Wire:
    values = one.after or one.before or {}
    root = _ROOT_OF.get(one.kind)
    name = values.get("name") or values.get("label") or values.get("address")
    type_name = f"{root.type if root is not None else one.kind}_reference"
    return {"id": one.thing_id, "type": type_name, "summary": name, "self": None, "html_url": None}


def _fields(one: AuditRecord) -> Iterator[Wire]:
    """What changed; of a new thing all that it has, of one that went nothing. Of a secret only that it changed."""
    if one.change is Change.DELETE:
        return
    before, after = _values(one.before or {}), _values(one.after or {})
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new and new != SECRET:
            continue
        if SECRET in (old, new):
            yield {"name": name, "description": None, "value": None, "before_value": None}
        else:
            yield {"name": name, "description": None, "value": _text(new), "before_value": _text(old)}


def _values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that people know, with those that are kept as JSON for clients beside them."""
    values = {name: value for name, value in stored.items() if name not in INTERNAL and name != "wire"}
    kept = msgspec.json.decode(stored["wire"]) if isinstance(stored.get("wire"), str) and stored["wire"] else {}
    return {**kept, **values} if isinstance(kept, dict) else values


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
