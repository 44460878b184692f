"""People, contact methods, notification rules, teams, licences as PagerDuty's clients expect them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.dialects.pagerduty.read.people import CHANNELS, ROLES
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.model import Channel, ContactMethod, Membership, NotificationRule, Role, Team, User

ROLE_NAMES: Mapping[Role, str] = {role: name for name, role in ROLES.items()}
_TYPE_NAMES: Mapping[Channel, str] = {channel: name for name, channel in CHANNELS.items()}
_STAKEHOLDERS = (Role.STAKEHOLDER, Role.LIMITED_STAKEHOLDER)


def user(one: User, refs: Refs, included: Collection[str] = ()) -> Wire:
    """A person. `included`: contact_methods, notification_rules, teams as full objects instead of references."""
    config = refs.config
    contacts = [contact_method(contact, refs) for contact in config.contacts_of.get(one.id, ())]
    rules = [notification_rule(rule, refs) for rule in config.rules_of.get(one.id, ())]
    owners = [membership.team_id for membership in config.teams_of.get(one.id, ())]
    return {
        **refs.links.keys("user", one.id, one.name, f"users/{one.id}"),
        "name": one.name,
        "email": one.email,
        "time_zone": one.time_zone,
        "color": one.color,
        "avatar_url": None,
        "billed": one.role not in _STAKEHOLDERS,
        "role": ROLE_NAMES[one.role],
        "description": one.description,
        "invitation_sent": one.invited,
        "job_title": one.job_title,
        "created_via_sso": False,
        "teams": teams(owners, refs, full="teams" in included),
        "contact_methods": contacts if "contact_methods" in included else [_referring(one) for one in contacts],
        "notification_rules": rules if "notification_rules" in included else [_referring(one) for one in rules],
        "http_cal_url": None,
        "web_cal_url": None,
    }


def contact_method(one: ContactMethod, refs: Refs) -> Wire:
    """A way to reach a person. Numbers have a country code; the secret of a webhook is never shown."""
    type_name = one.wire_type or _TYPE_NAMES[one.channel]
    body = {
        **refs.links.keys(type_name, one.id, one.label, f"users/{one.user_id}/contact_methods/{one.id}"),
        "html_url": None,
        "label": one.label,
        "address": one.address,
        "enabled": one.enabled,
        "blacklisted": False,
    }
    if one.channel in (Channel.SMS, Channel.VOICE):
        body["country_code"] = one.country_code or 1
    if one.channel is Channel.EMAIL:
        body["send_short_email"] = one.send_short_email
    if one.channel is Channel.PUSH:
        body |= {"device_type": "android", "sounds": [], "created_at": instant(one.created_at)}
    return body


def notification_rule(one: NotificationRule, refs: Refs) -> Wire:
    """When a person is reached by which method. The method's type comes back as it was sent."""
    summary = f"{one.start_delay_minutes} minutes: channel {one.contact_method_id}"
    return {
        **refs.links.keys(
            "assignment_notification_rule", one.id, summary, f"users/{one.user_id}/notification_rules/{one.id}"
        ),
        "html_url": None,
        "start_delay_in_minutes": one.start_delay_minutes,
        "created_at": instant(one.created_at),
        "urgency": one.urgency.value,
        "contact_method": contact_reference(one.contact_method_id, one.user_id, one.wire_contact_type, refs),
    }


def contact_reference(contact_id: str, user_id: str, wire_type: str, refs: Refs) -> Wire:
    """A rule's contact method, with the type that was sent ("" = none was)."""
    contact = refs.config.contact_methods.get(contact_id)
    known = _TYPE_NAMES[contact.channel] if contact is not None else "email_contact_method"
    label = contact.label if contact is not None else ""
    path = f"users/{user_id}/contact_methods/{contact_id}"
    return {**refs.links.keys(wire_type or f"{known}_reference", contact_id, label, path), "html_url": None}


def team(one: Team, refs: Refs) -> Wire:
    """A team."""
    return {
        **refs.links.keys("team", one.id, one.name, f"teams/{one.id}"),
        "name": one.name,
        "description": one.description,
        "parent": refs.team(one.parent_id) if one.parent_id is not None else None,
        "default_role": one.default_role,
    }


def teams(team_ids: Iterable[str], refs: Refs, *, full: bool) -> list[Wire]:
    """Several teams, in full or as references; what was removed stays a reference."""
    known = refs.config.teams
    return [team(known[one], refs) if full and one in known else refs.team(one) for one in team_ids]


def member(one: Membership, refs: Refs, included: Collection[str] = ()) -> Wire:
    """A person in a team, with the role there."""
    person = refs.config.users.get(one.user_id)
    full = person is not None and "users" in included
    return {"user": user(person, refs) if full and person else refs.user(one.user_id), "role": one.role.value}


@dataclass(frozen=True, slots=True)
class License:
    """What a person counts as. Nobody pays for one here; clients want to see one all the same."""

    id: str
    name: str
    description: str
    role_group: str
    roles: tuple[Role, ...]


LICENSES = (
    License(
        "PLICFUL",
        "Full User",
        "Takes incidents, is on call, changes what they may",
        "FullUser",
        tuple(role for role in Role if role not in _STAKEHOLDERS),
    ),
    License("PLICSTK", "Stakeholder", "Reads", "Stakeholder", _STAKEHOLDERS),
)


def license_of(one: User) -> License:
    """The licence of a person, by role."""
    return LICENSES[1] if one.role in _STAKEHOLDERS else LICENSES[0]


def license_object(one: License, refs: Refs, *, counted: bool = False) -> Wire:
    """A licence; `counted` with how many people have it."""
    body: Wire = {
        **refs.links.keys("license", one.id, one.name, f"licenses/{one.id}"),
        "html_url": None,
        "name": one.name,
        "description": one.description,
        "role_group": one.role_group,
        "valid_roles": [ROLE_NAMES[role] for role in one.roles],
    }
    if counted:
        holders = sum(license_of(user) is one for user in refs.config.users.values())
        body |= {"current_value": holders, "allocations_available": None}
    return body


def _referring(body: Mapping[str, Any]) -> Wire:
    """The reference to a full object."""
    keys = ("id", "summary", "self", "html_url")
    return {**{key: body[key] for key in keys}, "type": f"{body['type']}_reference"}
