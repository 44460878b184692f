"""/users/{id}/sessions: in which browsers somebody is signed in, and an end to that.

Decides who sees and ends them: the person, and who administers that person. API keys are no sessions.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, nothing
from tocsin.dialects.pagerduty.errors import not_allowed, not_found
from tocsin.dialects.pagerduty.write.refs import Wire, instant
from tocsin.directory.model import User
from tocsin.engine.thing_owners import needs_to_touch
from tocsin.runtime.sessions import Session, Sessions

TYPE = "browser"
"""The only type: nobody signs in by OAuth."""


def listed(call: Call) -> Response:
    """GET /users/{id}/sessions."""
    whose = _whose(call)
    return answer({"user_sessions": [_wire(one) for one in _sessions(call).sessions_of(whose.id)]})


def all_ended(call: Call) -> Response:
    """DELETE /users/{id}/sessions."""
    _sessions(call).end_all(_whose(call).id)
    return nothing()


def shown(call: Call) -> Response:
    """GET /users/{id}/sessions/{type}/{session_id}."""
    return answer({"user_session": _wire(_one(call))})


def ended(call: Call) -> Response:
    """DELETE /users/{id}/sessions/{type}/{session_id}."""
    one = _one(call)
    _sessions(call).end(one.user_id, one.id)
    return nothing()


def _whose(call: Call) -> User:
    whose = call.config.users.get(call.path["id"])
    whose = call.found(whose, seen=whose is not None and call.may_read(whose))
    needs = needs_to_touch(call.config, call.caller.actor, whose)
    if not all(own or call.may(verb, team_ids) for verb, team_ids, own in needs):
        raise not_allowed()
    return whose


def _one(call: Call) -> Session:
    whose = _whose(call)
    found = [one for one in _sessions(call).sessions_of(whose.id) if one.id == call.path["session_id"]]
    if call.path["type"] != TYPE or not found:
        raise not_found()
    return found[0]


def _sessions(call: Call) -> Sessions:
    """Raises ApiError 404 where nobody can sign in: this server has no pages."""
    if call.sessions is None:
        raise not_found()
    return call.sessions


def _wire(one: Session) -> Wire:
    return {
        "id": one.id,
        "user_id": one.user_id,
        "created_at": instant(one.opened_at),
        "type": TYPE,
        "summary": one.agent,
    }


ROUTES: tuple[tuple[str, dict[str, Callable[[Call], Response]]], ...] = (
    ("/users/{id}/sessions", {"GET": listed, "DELETE": all_ended}),
    ("/users/{id}/sessions/{type}/{session_id}", {"GET": shown, "DELETE": ended}),
)
"""Path -> method -> handler."""
