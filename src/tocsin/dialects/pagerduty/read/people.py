"""People, contact methods, notification rules, teams: from fields of a body to changes of the things.

Decides how PagerDuty's roles and types are called here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.dialects.pagerduty.read.fields import Fields, bare_type
from tocsin.directory.handoffs import LONGEST_ADVANCE, HandoffType
from tocsin.directory.model import Channel, ContactMethod, Role, TeamRole, Urgency
from tocsin.kernel.limits import DESCRIPTION_CHARS

ROLES: Mapping[str, Role] = {
    "owner": Role.OWNER,
    "admin": Role.ADMIN,
    "user": Role.MANAGER,
    "limited_user": Role.RESPONDER,
    "observer": Role.OBSERVER,
    "restricted_access": Role.RESTRICTED,
    "read_only_user": Role.STAKEHOLDER,
    "read_only_limited_user": Role.LIMITED_STAKEHOLDER,
}
"""PagerDuty's base roles."""

CHANNELS: Mapping[str, Channel] = {
    "email_contact_method": Channel.EMAIL,
    "phone_contact_method": Channel.VOICE,
    "sms_contact_method": Channel.SMS,
    "push_notification_contact_method": Channel.PUSH,
    "webhook_contact_method": Channel.WEBHOOK,
}
"""Types of contact methods; the last one is an addition of ours."""

_NUMBERED = (Channel.VOICE, Channel.SMS)
_COUNTRY_CODES = range(1, 2000)
_LONGEST_ADDRESS = 2000


def user_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about a person. The e-mail address identifies people, so case is kept as sent.

    Of blanks in a name one at a time is left, none around it: clients compare it so.
    """
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = " ".join((fields.text("name") or "").split())
    if fields.given("email"):
        changes["email"] = fields.text("email") or ""
    for name in ("time_zone", "color"):
        if (value := fields.text(name)) is not None:
            changes[name] = value
    if fields.given("job_title"):
        changes["job_title"] = fields.text("job_title")
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    role = fields.choice("role", ROLES)
    if role is not None:
        changes["role"] = ROLES[role]
    fields.check()
    return changes


def contact_changes(fields: Fields, old: ContactMethod | None) -> dict[str, Any]:
    """What a body says about a contact method; the type of one that exists stays as it is."""
    changes: dict[str, Any] = {}
    type_name = fields.text("type")
    channel = CHANNELS.get(bare_type(type_name))
    if type_name is not None and channel is None:
        fields.wrong(f"Type {type_name} is not supported")
    if channel is not None and old is None:
        changes |= {"channel": channel, "wire_type": bare_type(type_name)}
    if channel is not None and old is not None and channel is not old.channel:
        fields.wrong("Type cannot be changed")
    if fields.given("address"):
        changes["address"] = fields.text("address", _LONGEST_ADDRESS) or ""
    if fields.given("label"):
        changes["label"] = fields.text("label") or ""
    if (short := fields.truth("send_short_email")) is not None:
        changes["send_short_email"] = short
    code = fields.whole("country_code")
    if code and (channel or (old.channel if old else None)) in _NUMBERED:
        if code not in _COUNTRY_CODES:
            fields.wrong("Country code is invalid")
        changes["country_code"] = code
    fields.check()
    return changes


def rule_changes(fields: Fields, methods: Mapping[str, ContactMethod]) -> dict[str, Any]:
    """What a body says about a notification rule. The contact method's type is kept as sent: clients compare it."""
    changes: dict[str, Any] = {}
    delay = fields.whole("start_delay_in_minutes")
    if delay is not None:
        changes["start_delay_minutes"] = delay
    urgency = fields.choice("urgency", [one.value for one in Urgency])
    if urgency is not None:
        changes["urgency"] = Urgency(urgency)
    fields.choice("type", ("assignment_notification_rule", "assignment_notification_rule_reference"))
    reference = contact_reference(fields, methods)
    if reference is not None:
        changes |= dict(zip(("contact_method_id", "wire_contact_type"), reference, strict=True))
    fields.check()
    return changes


def contact_reference(fields: Fields, methods: Mapping[str, ContactMethod]) -> tuple[str, str] | None:
    """The id and the type, as sent, of the contact method that a rule names; None if it names none."""
    reference = fields.object("contact_method")
    if reference is None:
        return None
    contact_id = reference.id(of="contact_method")
    type_name = reference.text("type") or ""
    contact = methods.get(contact_id or "")
    if type_name and CHANNELS.get(bare_type(type_name)) is None:
        fields.wrong(f"Contact method type {type_name} is not supported")
    elif contact is not None and type_name and CHANNELS[bare_type(type_name)] is not contact.channel:
        fields.wrong("Contact method type does not match the contact method")
    return contact_id or "", type_name


def handoff_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about a rule of hand-offs, its contact method aside; as it is kept."""
    changes: dict[str, Any] = {}
    kind = fields.choice("handoff_type", [one.value for one in HandoffType])
    if kind is not None:
        changes["handoff_type"] = kind
    advance = fields.whole("notify_advance_in_minutes")
    if advance is not None:
        changes["notify_advance_in_minutes"] = advance
        if not 0 <= advance <= LONGEST_ADVANCE:
            fields.wrong(f"Notify advance in minutes must be between 0 and {LONGEST_ADVANCE}")
    return changes


def team_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about a team."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    if fields.given("parent"):
        changes["parent_id"] = fields.reference("parent")
    default_role = fields.choice("default_role", ("manager", "none"))
    if default_role is not None:
        changes["default_role"] = default_role
    fields.check()
    return changes


def team_role(fields: Fields) -> TeamRole:
    """The role of a member; manager unless the body says otherwise."""
    role = fields.choice("role", [one.value for one in TeamRole])
    fields.check()
    return TeamRole(role) if role is not None else TeamRole.MANAGER
