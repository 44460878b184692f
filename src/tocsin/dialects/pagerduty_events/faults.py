"""Everything that is wrong with an event at once, in PagerDuty's words where they are known.

Decides what is refused. Only what names, routes or describes the problem can be: a timestamp that nobody can read, a
text that is too long, or the payload of a resolve is not worth an alarm or an incident that stays open for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tocsin.dialects.pagerduty_events.wire import is_blank
from tocsin.kernel.limits import DEDUP_KEY_CHARS

KEY_CHARS: Final = 32
ACTIONS: Final = ("trigger", "acknowledge", "resolve")
SEVERITIES: Final = ("critical", "warning", "error", "info")

MOST: Final = 100
"""Faults told in one answer."""

UNKNOWN_ROUTING_KEY: Final = "Invalid routing key"
UNKNOWN_SERVICE_KEY: Final = "Invalid service key"

Document = dict[str, Any]


def routing_key_faults(key: Any) -> list[str]:
    """What is wrong with the form of a v2 key; empty if nothing."""
    if _missing(key):
        return ["'routing_key' cannot be blank"]
    if not isinstance(key, str):
        return ["'routing_key' is invalid (must be a string)"]
    found = []
    if len(key) != KEY_CHARS:
        found.append(f"Length of 'routing_key' is incorrect (should be {KEY_CHARS} characters)")
    if not (key.isascii() and key.isalnum()):
        found.append("'routing_key' cannot contain non-alphanumeric characters.")
    return found


def service_key_faults(key: Any) -> list[str]:
    """What is wrong with the form of a v1 key; empty if nothing."""
    if _missing(key):
        return ["Service key is missing or blank"]
    if not isinstance(key, str):
        return ["Service key is invalid (must be a string)"]
    if len(key) != KEY_CHARS:
        return [f"Service key is the wrong length (should be {KEY_CHARS} characters)"]
    return []


def enqueue_faults(event: Document) -> list[str]:
    """What is wrong with an alert event of v2, the key aside; empty if nothing."""
    return _first(_enqueue(event))


def change_faults(event: Document) -> list[str]:
    """What is wrong with a change event, the key aside; empty if nothing."""
    return _first(_change(event))


def legacy_faults(event: Document) -> list[str]:
    """What is wrong with an event of v1, the key aside; empty if nothing."""
    return _first(_legacy(event))


def _enqueue(event: Document) -> Iterator[str]:
    action = event.get("event_action")
    if _missing(action):
        yield "'event_action' is missing or blank"
    elif action not in ACTIONS:
        yield "'event_action' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')"
    updates = action in ACTIONS[1:]
    key = event.get("dedup_key")
    if _missing(key):
        if updates:
            yield "'dedup_key' is missing or blank"
    else:
        yield from _length("'dedup_key'", key)
    if action == "trigger" or (not updates and event.get("payload") is not None):
        yield from _payload(event.get("payload"), ("summary", "source", "severity"))
        yield from _texts(event, "", ("client", "client_url"))
        yield from _attachments(event)


def _change(event: Document) -> Iterator[str]:
    yield from _payload(event.get("payload"), ("summary",))
    yield from _attachments(event)


def _legacy(event: Document) -> Iterator[str]:
    kind = event.get("event_type")
    if kind not in ACTIONS:
        yield f"event_type is invalid (must be one of: {' '.join(ACTIONS)})"
    incident_key = event.get("incident_key")
    if _missing(incident_key):
        if kind in ACTIONS[1:]:
            yield "Incident key is missing or blank"
    else:
        yield from _length("Incident key", incident_key)
    if kind == "trigger":
        yield from _description(event.get("description"))
        yield from _texts(event, "", ("client", "client_url"))
        yield from _contexts(event.get("contexts"))


def _length(name: str, key: Any) -> Iterator[str]:
    if not isinstance(key, str):
        yield f"{name} is invalid (must be a string)"
    elif len(key) > DEDUP_KEY_CHARS:
        yield f"Length of {name} is incorrect (should be at most {DEDUP_KEY_CHARS} characters)"


def _description(text: Any) -> Iterator[str]:
    if _missing(text):
        yield "Description is missing or blank"
    elif not isinstance(text, str):
        yield "Description is invalid (must be a string)"


def _payload(payload: Any, required: tuple[str, ...]) -> Iterator[str]:
    if payload is None:
        payload = {}
    if not isinstance(payload, dict):
        yield "'payload' is invalid (must be an object)"
        return
    for name in required:
        if _missing(payload.get(name)):
            yield f"'payload.{name}' is missing or blank"
    severity = payload.get("severity")
    if "severity" in required and not _missing(severity) and severity not in SEVERITIES:
        yield "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
    optional = ("component", "group", "class") if "severity" in required else ()
    yield from _texts(payload, "payload.", ("summary", "source", *optional))


def _texts(values: Document, where: str, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = values.get(name)
        if value is not None and not isinstance(value, str):
            yield f"'{where}{name}' is invalid (must be a string)"


def _attachments(event: Document) -> Iterator[str]:
    yield from _list(event.get("links"), "links", "href", ("text",))
    yield from _list(event.get("images"), "images", "src", ("href", "alt"))


def _contexts(contexts: Any) -> Iterator[str]:
    if contexts is None:
        return
    if not isinstance(contexts, list):
        yield "'contexts' is invalid (must be an array)"
        return
    for number, context in enumerate(contexts):
        where = f"contexts[{number}]"
        if not isinstance(context, dict):
            yield f"'{where}' is invalid (must be an object)"
        elif context.get("type") not in ("link", "image"):
            yield f"'{where}.type' is invalid (must be one of: 'link' or 'image')"
        else:
            address = "href" if context["type"] == "link" else "src"
            yield from _item(context, where, address, ("href", "text", "src", "alt"))


def _list(items: Any, name: str, address: str, texts: tuple[str, ...]) -> Iterator[str]:
    if items is None:
        return
    if not isinstance(items, list):
        yield f"'{name}' is invalid (must be an array)"
        return
    for number, item in enumerate(items):
        where = f"{name}[{number}]"
        if isinstance(item, dict):
            yield from _item(item, where, address, (address, *texts))
        else:
            yield f"'{where}' is invalid (must be an object)"


def _item(item: Document, where: str, address: str, texts: tuple[str, ...]) -> Iterator[str]:
    if _missing(item.get(address)):
        yield f"'{where}.{address}' is missing or blank"
    yield from _texts(item, f"{where}.", texts)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and is_blank(value))


def _first(faults: Iterator[str]) -> list[str]:
    """All of them, as long as there is a person who may want to read on."""
    told: list[str] = []
    for fault in faults:
        if len(told) == MOST:
            told.append("and more")
            break
        told.append(fault)
    return told
