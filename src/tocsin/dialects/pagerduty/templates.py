"""Templates of status updates: the fields that they may name, and the text that one becomes for an incident.

A place is `{{incident.title}}` or another path of the list; nothing is run, and nothing is looked for in what was
filled in. In the HTML of a mail every value is escaped, and where an address stands (`href="{{...}}"`) only addresses
of the web and of mail are filled in. A place that leads nowhere becomes empty text, with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from tocsin.dialects.pagerduty.write.refs import Refs, instant
from tocsin.directory.custom_fields import DataType, shown
from tocsin.incidents.model import Incident
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS

PARTS: Final[Mapping[str, int]] = {"email_subject": NAME_CHARS, "email_body": 48 * 1024, "message": DESCRIPTION_CHARS}
"""What a template consists of, and how long each may be, written and filled in: as long as a status update's own."""

PATH_CHARS: Final = 200
VALUE_CHARS: Final = 4096
"""So much of one value is filled in."""

_ADDRESS_COMES: Final = re.compile(r"(?:href|src|action)\s{0,8}=\s{0,8}[\"']?\s{0,8}$", re.IGNORECASE)
_ADDRESSES: Final = ("https://", "http://", "mailto:")


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A field that templates may name."""

    path: str
    data_type: DataType
    description: str
    example: str
    value: Callable[[Incident, Refs], Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a template is filled in from. `external`: what a client adds."""

    incident: Incident
    refs: Refs
    message: str = ""
    external: Any = None


@dataclass(slots=True)
class Rendered:
    """What a template becomes, with warnings by part."""

    parts: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def _named(one: Mapping[str, Any] | None) -> str:
    return str(one["summary"] or "") if one is not None else ""


FIELDS: Final = (
    TemplateField("incident.id", DataType.STRING, "The id of the incident.", "Q0JK3N2GNSRW5A", lambda one, _: one.id),
    TemplateField("incident.incident_number", DataType.INTEGER, "Its number.", "42", lambda one, _: one.number),
    TemplateField("incident.title", DataType.STRING, "Its title.", "Checkout is slow", lambda one, _: one.title),
    TemplateField(
        "incident.summary",
        DataType.STRING,
        "Its number and title.",
        "[#42] Checkout is slow",
        lambda one, refs: _named(refs.incident(one.id, one.number, one.title)),
    ),
    TemplateField(
        "incident.html_url",
        DataType.URL,
        "Its page.",
        "https://tocsin.example/incidents/42",
        lambda one, refs: refs.incident(one.id, one.number, one.title)["html_url"],
    ),
    TemplateField("incident.status", DataType.STRING, "Where it stands.", "triggered", lambda one, _: one.status.value),
    TemplateField("incident.urgency", DataType.STRING, "Its urgency.", "high", lambda one, _: one.urgency.value),
    TemplateField(
        "incident.incident_type.name",
        DataType.STRING,
        "The name of its type.",
        "security_incident",
        lambda one, _: one.type_name or "incident_default",
    ),
    TemplateField(
        "incident.created_at",
        DataType.DATETIME,
        "When it was created.",
        "2026-01-05T09:00:00Z",
        lambda one, _: instant(one.created_at),
    ),
    TemplateField(
        "incident.resolved_at",
        DataType.DATETIME,
        "When it was resolved.",
        "2026-01-05T10:00:00Z",
        lambda one, _: instant(one.resolved_at),
    ),
    TemplateField(
        "incident.service.summary",
        DataType.STRING,
        "The name of its service.",
        "Checkout",
        lambda one, refs: _named(refs.service(one.service_id)),
    ),
    TemplateField(
        "incident.escalation_policy.summary",
        DataType.STRING,
        "The name of its escalation policy.",
        "Payments",
        lambda one, refs: _named(refs.policy(one.policy_id)),
    ),
    TemplateField(
        "incident.priority.summary",
        DataType.STRING,
        "The name of its priority.",
        "P1",
        lambda one, refs: _named(refs.priority(one.priority_id) if one.priority_id else None),
    ),
    TemplateField(
        "incident.assignees",
        DataType.STRING,
        "Who has it.",
        "Alice, Bob",
        lambda one, refs: [_named(refs.user(user_id)) for user_id in one.assignee_ids],
    ),
    TemplateField(
        "incident.teams",
        DataType.STRING,
        "The teams that it belongs to.",
        "Payments",
        lambda one, refs: [_named(refs.team(team_id)) for team_id in one.team_ids],
    ),
    TemplateField(
        "incident.conference_bridge.conference_url",
        DataType.URL,
        "Where people talk about it.",
        "https://meet.example/42",
        lambda one, _: one.bridge.url if one.bridge is not None else None,
    ),
    TemplateField(
        "incident.conference_bridge.conference_number",
        DataType.STRING,
        "The phone number at which people talk about it.",
        "+1 415-555-1212",
        lambda one, _: one.bridge.number if one.bridge is not None else None,
    ),
)
"""What is known of every incident; its custom fields stand beside these, as `incident.<name>`."""

_BY_PATH: Final = {one.path: one for one in FIELDS}
MESSAGE: Final = "status_update.message"


def rendered(templates: Mapping[str, Any], subject: Subject) -> Rendered:
    """Each part filled in, cut where it would be longer than it may be; HTML, which can't be cut, is left out then."""
    made = Rendered()
    for part, most in PARTS.items():
        template = templates.get(part)
        if not isinstance(template, str):
            continue
        warnings: dict[str, None] = {}
        text = _filled(template[:most], subject, most, warnings, html=part == "email_body")
        if len(text) > most:
            made.errors.append(f"{part} is longer than {most} characters")
            text = "" if part == "email_body" else text[:most]
        made.parts[part] = " ".join(text.splitlines()) if part == "email_subject" else text
        made.warnings[part] = list(warnings)
    return made


def _filled(template: str, subject: Subject, most: int, warnings: dict[str, None], *, html: bool) -> str:
    """The template filled in; a little more than `most` where it would be longer."""
    written: list[str] = []
    length, before = 0, ""  # what stands before a place, be it of the template or filled in
    for plain, path in _pieces(template):
        before = (before + plain)[-40:]
        value = _value(path, subject, warnings) if path is not None else ""
        if html and value and _ADDRESS_COMES.search(before) and not _is_address(value):
            warnings[f"{{{{{path}}}}} is no address."] = None
            value = ""
        written += [plain, escape(value) if html else value]
        before += written[-1][-40:]
        length += len(plain) + len(written[-1])
        if length > most:
            break
    return "".join(written)


def _is_address(value: str) -> bool:
    """Whether it is an address of the web or of mail; a blank would end it where no quotes stand around it."""
    return value.lower().startswith(_ADDRESSES) and not any(map(str.isspace, value))


def _pieces(template: str) -> Iterator[tuple[str, str | None]]:
    """Plain texts, each with the path of the place that follows. Braces that nothing closes are plain text."""
    at = 0
    while True:
        opening = template.find("{{", at)
        closing = template.find("}}", opening + 2) if opening >= 0 else -1
        if closing < 0:
            yield template[at:], None
            return
        opening = template.rfind("{{", opening, closing)  # the braces next to the place are the ones that count
        yield template[at:opening], template[opening + 2 : closing].strip()
        at = closing + 2


def _value(path: str, subject: Subject, warnings: dict[str, None]) -> str:
    found, value = _found(path, subject)
    if not found:
        warnings[f"{{{{{path[:PATH_CHARS]}}}}} does not exist."] = None
        return ""
    return shown(value)[:VALUE_CHARS]


def _found(path: str, subject: Subject) -> tuple[bool, Any]:
    """Whether there is such a field, and its value."""
    if path == MESSAGE:
        return True, subject.message
    known = _BY_PATH.get(path)
    if known is not None:
        return True, known.value(subject.incident, subject.refs)
    root, _, name = path.partition(".")
    if root == "incident":
        fields = subject.refs.config.fields.of_type(subject.incident.type_name)
        custom = next((one for one in fields if one.name == name.removeprefix("custom_fields.")), None)
        return custom is not None, subject.incident.field_values.get(custom.id) if custom is not None else None
    if root == "external" and name:
        return _external(name, subject.external)
    return False, None


def _external(name: str, value: Any) -> tuple[bool, Any]:
    """What a client added, at this path; only single values and lists of them can be filled in."""
    for part in name[:PATH_CHARS].split("."):
        if not isinstance(value, dict) or part not in value:
            return False, None
        value = value[part]
    plain = str | int | float | bool | None
    if isinstance(value, plain) or (isinstance(value, list) and all(isinstance(one, plain) for one in value)):
        return True, value
    return False, None
