"""What people call roles, channels and the ways in which a person is named, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from tocsin.directory.model import Channel, Role, TeamRole
from tocsin.engine.named import Naming
from tocsin.web.language import gettext as _
from tocsin.web.language import later

_ROLES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.OWNER: (later("Owner"), later("everything, also other owners, keys that act as owners, and restoring")),
    Role.ADMIN: (later("Administrator"), later("everything but owners")),
    Role.MANAGER: (later("Manager"), later("edits what is theirs or nobody’s: services, policies, schedules")),
    Role.RESPONDER: (later("Responder"), later("takes incidents and covers shifts")),
    Role.OBSERVER: (later("Observer"), later("reads; acts only where a team role says so")),
    Role.STAKEHOLDER: (later("Stakeholder"), later("reads")),
    Role.RESTRICTED: (later("Restricted"), later("reads what their teams own; acts only where a team role says so")),
    Role.LIMITED_STAKEHOLDER: (later("Limited stakeholder"), later("reads what their teams own")),
}

_TEAM_ROLES: Final[Mapping[TeamRole, tuple[str, str]]] = {
    TeamRole.MANAGER: (later("Manager"), later("edits what the team owns, and who is in it")),
    TeamRole.RESPONDER: (later("Responder"), later("takes its incidents, covers its shifts")),
    TeamRole.OBSERVER: (later("Observer"), later("reads")),
}

_CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.SMS: later("Text"),
    Channel.VOICE: later("Call"),
    Channel.EMAIL: later("Mail"),
    Channel.WEBHOOK: later("Webhook"),
    Channel.PUSH: later("Push"),
}

_PATHS: Final[Mapping[str, str]] = {
    "schedule": "/schedules/{id}",
    "policy": "/policies/{id}",
    "team": "/teams/{id}",
    "workflow": "/workflows#w-{id}",
    "business_service": "/business-services",
    "user": "/people/{id}",
    "api_key": "/keys#key-{id}",
}


def role_word(role: Role) -> str:
    """What a role is called."""
    return _(_ROLES[role][0])


def team_role_word(role: TeamRole) -> str:
    """What a role in a team is called."""
    return _(_TEAM_ROLES[role][0])


def channel_name(channel: Channel) -> str:
    """What a way to reach somebody is called: "Text", "Call"."""
    return _(_CHANNELS[channel])


def role_choices(*, owners: bool = True) -> list[tuple[str, str, str]]:
    """Every role as value, word and meaning, the mightiest first. Without `owners`: those below."""
    chosen = {role: words for role, words in _ROLES.items() if owners or role is not Role.OWNER}
    return [(role.value, _(word), _(means)) for role, (word, means) in chosen.items()]


def team_role_choices() -> list[tuple[str, str, str]]:
    """Every role in a team as value, word and meaning."""
    return [(role.value, _(word), _(means)) for role, (word, means) in _TEAM_ROLES.items()]


def naming_path(naming: Naming) -> str:
    """The page of the thing that names somebody, "" if it has none."""
    return _PATHS.get(naming.kind, "").format(id=quote(naming.thing_id, safe=""))
