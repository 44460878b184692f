"""/audit/records, and those of one user, team, schedule, escalation policy or service: newest first, by cursor.

Decides who reads them: all of them who administers, those of one thing who may change it, people their own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid, not_allowed
from tocsin.dialects.pagerduty.read.times import moment_in
from tocsin.dialects.pagerduty.write import audit as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.model import Service, Team, User
from tocsin.directory.permissions import Verb
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import DAY, Moment
from tocsin.runtime.reads import AuditFilter, Change

LONGEST = 31 * DAY
CURSOR_DIGITS = 18
ACTORS = {"user_reference": ActorKind.USER, "api_key_reference": ActorKind.KEY, "app_reference": ActorKind.INTEGRATION}
NOTHING = "none"
"""A kind that no record has: where the query asks for what is never recorded."""


def listed(call: Call) -> Response:
    """GET /audit/records."""
    if not call.may(Verb.ADMINISTER):
        raise not_allowed()
    return _answer(call, _narrowed(call, AuditFilter()))


def of_thing(root_name: str, call: Call) -> Response:
    """GET /{users|teams|schedules|escalation_policies|services}/{id}/audit/records: of it and of its parts."""
    root = write.ROOTS[root_name]
    thing = call.config.of(root.kind).get(call.path["id"])
    thing = call.found(thing, seen=thing is not None and call.may_read(thing))
    if isinstance(thing, User):
        allowed = call.may(Verb.ADMINISTER) or call.caller.user_id == thing.id
    elif isinstance(thing, Team):
        allowed = call.may(Verb.STAFF, (thing.id,))
    elif isinstance(thing, Service):
        allowed = call.may(Verb.EDIT, call.config.team_ids_of_service(thing.id))
    else:
        allowed = call.may(Verb.EDIT, thing.team_ids)
    if not allowed:
        raise not_allowed()
    return _answer(call, AuditFilter(kinds=(root.kind,), thing_id=thing.id, parts=root.parts))


def _narrowed(call: Call, wanted: AuditFilter) -> AuditFilter:
    """What the query asks for. Raises ApiError with every problem."""
    problems: list[str] = []
    names = call.many("root_resource_types")
    if any(one not in (*write.ROOTS, "ip_allow_lists") for one in names):
        problems.append(f"Root resource types must be some of {', '.join(write.ROOTS)}")
    changes = call.many("actions")
    if any(one not in list(Change) for one in changes):
        problems.append(f"Actions must be some of {', '.join(Change)}")
    actor_type, method = call.query.get("actor_type", ""), call.query.get("method_type", "")
    if actor_type and actor_type not in ACTORS:
        problems.append(f"Actor type must be one of {', '.join(ACTORS)}")
    if method and method not in write.METHODS:
        problems.append(f"Method type must be one of {', '.join(write.METHODS)}")
    actor_id = call.query.get("actor_id", "")
    if actor_id and not (actor_id.isascii() and actor_id.isalnum()):
        problems.append("Actor id must be letters and digits")
    token = call.query.get("method_truncated_token", "")
    if token and not method:
        problems.append("Method truncated token needs a method type")
    if problems:
        raise invalid(problems)
    if token:
        wanted = _by_token(call, wanted, token)
    kinds = tuple(kind for name in names if name in write.ROOTS for kind in _kinds(name))
    nothing = (names and not kinds) or (method and not write.METHODS[method])
    return replace(
        wanted,
        kinds=(NOTHING,) if nothing or wanted.kinds == (NOTHING,) else kinds,
        changes=tuple(Change(one) for one in changes),
        actor_kind=ACTORS.get(actor_type, wanted.actor_kind),
        actor_id=actor_id,
        vias=write.METHODS.get(method, ()),
    )


def _by_token(call: Call, wanted: AuditFilter, token: str) -> AuditFilter:
    """Of the keys whose last characters these are, as the answer shows them."""
    keys = tuple(one.id for one in call.config.api_keys.values() if one.hint and one.hint == token)
    return replace(wanted, kinds=() if keys else (NOTHING,), actor_kind=ActorKind.KEY, actor_ids=keys)


def _kinds(root_name: str) -> tuple[str, ...]:
    root = write.ROOTS[root_name]
    return (root.kind, *(kind for kind, _ in root.parts))


def _window(call: Call) -> tuple[Moment, Moment]:
    """The last day unless the query says otherwise, a month at most. Raises ApiError."""
    until = moment_in(call.query, "until")
    since = moment_in(call.query, "since")
    if since is None:
        since = (until if until is not None else call.now) - DAY
    if until is None:
        until = max(call.now + 1, since)
    if not since <= until <= since + LONGEST:
        raise invalid(["Until must be at most 31 days after since"], 2005, "Invalid Query Date Range")
    return since, until


def _answer(call: Call, wanted: AuditFilter) -> Response:
    since, until = _window(call)
    limit, cursor = pages.limit_in(call.query), call.query.get("cursor", "")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS):
        raise invalid(["Cursor is not one of ours"])
    found = call.reads.audit(replace(wanted, since=since, until=until, before_seq=int(cursor or 0)), limit=limit)
    refs = Refs(call.config, call.links)
    body = {
        "records": [write.record(one, refs) for one in found.items],
        "limit": limit,
        "next_cursor": str(found.items[-1].seq) if found.more else None,
        "response_metadata": None,
    }
    return answer(body)


ROUTES: Routes = (
    ("/audit/records", {"GET": listed}),
    *((f"/{name}/{{id}}/audit/records", {"GET": partial(of_thing, name)}) for name in write.ROOTS),
)
"""Path -> method -> handler."""
