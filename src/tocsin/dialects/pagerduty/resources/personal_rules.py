"""/users/{id}: rules for the news of hand-offs and of status updates. They are kept as clients sent them, and followed.

Decides that such a rule belongs to its contact method: it goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read import people as read
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources.users import person_in
from tocsin.dialects.pagerduty.write import people as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.handoffs import HANDOFF_RULE
from tocsin.directory.kept import Kept
from tocsin.directory.model import User

CONTACT_TYPE = "contact_type"
"""Where the type of the contact method is kept, as it was sent."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of rules. `name`: in paths, with an s, and around the object; `defaults`: the fields of its own."""

    name: str
    defaults: Mapping[str, Any]
    changes: Callable[[Fields], dict[str, Any]]


HANDOFF = Sort(
    HANDOFF_RULE,
    {"handoff_type": "both", "notify_advance_in_minutes": 0},
    read.handoff_changes,
)
STATUS_UPDATE = Sort("status_update_notification_rule", {}, lambda _fields: {})


def listed(sort: Sort, call: Call) -> Response:
    """GET: all of them, in one answer."""
    person = person_in(call)
    refs = Refs(call.config, call.links)
    contacts = {one.id for one in call.config.contacts_of.get(person.id, ())}
    rules = [one for one in call.config.kept_of.get(sort.name, ()) if one.parent_id in contacts]
    return answer({f"{sort.name}s": [_wire(call, sort, rule, person, refs) for rule in rules]})


def created(sort: Sort, call: Call) -> Response:
    """POST."""
    person = person_in(call)
    fields = call.fields(sort.name)
    fields.required("contact_method")
    changes = _changes(call, sort, fields, person, dict(sort.defaults))
    rule = call.save("kept", Kept(id="", resource=sort.name, **changes))
    return _answer(call, sort, rule, person, 201)


def shown(sort: Sort, call: Call) -> Response:
    """GET of one."""
    person = person_in(call)
    return _answer(call, sort, _rule(call, sort, person), person)


def changed(sort: Sort, call: Call) -> Response:
    """PUT."""
    person = person_in(call)
    old = _rule(call, sort, person)
    changes = _changes(call, sort, call.fields(sort.name), person, msgspec.json.decode(old.wire))
    return _answer(call, sort, call.save("kept", replace(old, **changes), changes, seen_at=old.updated_at), person)


def removed(sort: Sort, call: Call) -> Response:
    """DELETE."""
    return call.delete("kept", _rule(call, sort, person_in(call)).id)


def _changes(call: Call, sort: Sort, fields: Fields, person: User, values: dict[str, Any]) -> dict[str, Any]:
    methods = {one.id: one for one in call.config.contacts_of.get(person.id, ())}
    reference = read.contact_reference(fields, methods)
    values |= sort.changes(fields)
    fields.check()
    changes: dict[str, Any] = {}
    if reference is not None:
        contact_id, values[CONTACT_TYPE] = reference
        if contact_id not in methods:
            raise invalid(["Contact method not found"])
        changes["parent_id"] = contact_id
    return {**changes, "wire": msgspec.json.encode(values).decode()}


def _rule(call: Call, sort: Sort, person: User) -> Kept:
    rule = call.config.kept.get(call.path[f"{sort.name}_id"])
    contact = call.config.contact_methods.get(rule.parent_id) if rule is not None else None
    seen = rule is not None and rule.resource == sort.name and contact is not None and contact.user_id == person.id
    return call.found(rule, seen=seen)


def _answer(call: Call, sort: Sort, rule: Kept, person: User, status: int = 200) -> Response:
    return answer({sort.name: _wire(call, sort, rule, person, Refs(call.config, call.links))}, status)


def _wire(call: Call, sort: Sort, rule: Kept, person: User, refs: Refs) -> dict[str, Any]:
    values = msgspec.json.decode(rule.wire)
    contact = call.config.contact_methods[rule.parent_id]
    reference = write.contact_reference(contact.id, person.id, values.pop(CONTACT_TYPE, ""), refs)
    full = "contact_methods" in call.included
    path = f"users/{person.id}/{sort.name}s/{rule.id}"
    return {
        **refs.links.keys(sort.name, rule.id, contact.label, path),
        "html_url": None,
        **values,
        "contact_method": write.contact_method(contact, refs) if full else reference,
    }


ROUTES: Routes = tuple(
    route
    for sort in (HANDOFF, STATUS_UPDATE)
    for route in (
        (f"/users/{{id}}/{sort.name}s", {"GET": partial(listed, sort), "POST": partial(created, sort)}),
        (
            f"/users/{{id}}/{sort.name}s/{{{sort.name}_id}}",
            {"GET": partial(shown, sort), "PUT": partial(changed, sort), "DELETE": partial(removed, sort)},
        ),
    )
)
"""Path -> method -> handler."""
