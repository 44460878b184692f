"""Whose request it is: `Token token=`, `Bearer`, and the From header of programs that act for a person.

Decides who asks, never what they may do. A From header counts only where an account's key writes to incidents.
"""

from __future__ import annotations

from starlette.requests import Request

from tocsin.dialects._kit.auth import Caller, caller, secret_in
from tocsin.dialects.pagerduty.errors import ApiError
from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor, ActorKind, Via

SCHEMES = frozenset({"token", "bearer"})


def authenticate(request: Request, config: Config) -> Caller:
    """Who asks. Raises NotSignedIn."""
    return caller(config, secret_in(request.headers.get("authorization"), SCHEMES))


def requester(who: Caller, config: Config, sender: str) -> Actor:
    """Whom a write to an incident is given as: the person named in From, for an account's key; else the caller.

    Raises ApiError 1008 when From names nobody. Whether the key itself may do it is for the caller to check.
    """
    if who.key.user_id is not None or not sender.strip():
        return who.actor
    user = config.user_by_email.get(sender.strip().lower())
    if user is None or not user.active:
        raise ApiError(400, 1008, "Requester User Not Found", [f"No user has the email address {sender.strip()[:255]}"])
    return Actor(ActorKind.USER, user.id, Via.API)
