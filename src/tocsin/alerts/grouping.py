"""What an alert holds, as keys by which it finds the incident that it belongs to.

Decides which alerts are alike. The rule is PagerDuty's content-based grouping: an exact match of the chosen fields; a
field that an alert does not have matches nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b

from tocsin.alerts.model import Alert
from tocsin.directory.grouping import ContentGrouping
from tocsin.kernel.limits import NAME_CHARS
from tocsin.kernel.wording import phrase

FIELDS = 20
"""Fields of one grouping: each is compared with every new alert of the service."""

WINDOW_SECONDS = 86_400

DETAILS = "custom_details"

_OWN_NAMES: Mapping[str, str] = {
    "summary": "summary",
    "source": "source",
    "severity": "severity",
    "component": "component",
    "group": "group",
    "class": "event_class",
}
"""The fields of the common event format, and how an alert calls them."""


def grouping_problems(grouping: ContentGrouping) -> Iterator[str]:
    """Why alerts can't be grouped so, in plain sentences."""
    if not 1 <= len(grouping.fields) <= FIELDS:
        yield phrase("Fields must be 1 to %(fields)s", fields=FIELDS)
    if not all(0 < len(name) <= NAME_CHARS for name in grouping.fields):
        yield phrase("Fields must be names of 1 to %(name_chars)s characters", name_chars=NAME_CHARS)
    if not 1 <= grouping.window_seconds <= WINDOW_SECONDS:
        yield phrase("Time window must be between 1 and %(window_seconds)s seconds", window_seconds=WINDOW_SECONDS)


def group_keys(alert: Alert, grouping: ContentGrouping, scope: str) -> tuple[str, ...]:
    """The keys of the alert in this grouping: one for all its fields, or one for each. Empty = it is like no other.

    `scope` names what shares the grouping: a service or a setting. Other fields make other keys, so a grouping that
    was changed starts anew.
    """
    values = {name: _value(alert, name) for name in grouping.fields}
    if grouping.match_all:
        return () if any(_is_missing(value) for value in values.values()) else (_key(scope, values),)
    return tuple(_key(scope, {name: value}) for name, value in values.items() if not _is_missing(value))


def _value(alert: Alert, name: str) -> object:
    if name in _OWN_NAMES:
        return getattr(alert, _OWN_NAMES[name])
    found: object = alert.details
    for step in name.removeprefix(f"{DETAILS}.").split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _is_missing(value: object) -> bool:
    """Whether there is nothing to compare: absent, or as empty as an absent one. False and 0 are values."""
    return value is None or value in ("", [], {})


def _key(scope: str, values: Mapping[str, object]) -> str:
    return blake2b(json.dumps([scope, values], sort_keys=True).encode(), digest_size=16).hexdigest()
