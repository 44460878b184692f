"""What is wrong with one alert of a batch, in Alertmanager's words where they are known. Decides what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from tocsin.dialects._kit.parse import UNREADABLE, is_storable
from tocsin.dialects.alertmanager.times import given, period
from tocsin.dialects.alertmanager.wire import ALERT, Alert
from tocsin.kernel import limits
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment

MOST: Final = 100
"""Faults told in one answer."""

Check: TypeAlias = Callable[[Alert, Moment], Iterator[str]]


def read_alert(raw: bytes, now: Moment, check: Check) -> tuple[Alert, bytes]:
    """The alert and the bytes to keep. Raises Invalid with all that is wrong with it in `details`."""
    if len(raw) > limits.BODY_BYTES:
        raise Invalid("too large", details=[f"larger than {limits.BODY_BYTES} bytes"])
    try:
        alert = ALERT.decode(raw)
        is_storable(raw)
    except UNREADABLE:
        raise Invalid("unreadable", details=_misshapen(raw)) from None
    if found := list(check(alert, now)):
        raise Invalid("faulty", details=found)
    return alert, raw


def posted_faults(alert: Alert, now: Moment) -> Iterator[str]:
    """For an alert posted to the API: labels, and an end that does not come before the start."""
    yield from _label_faults(alert)
    try:
        starts, ends = period(alert.starts_at, alert.ends_at, now)
    except ValueError:
        yield from _time_faults(alert)
    else:
        if starts > ends:
            yield "start time must be before end time"


def notified_faults(alert: Alert, _now: Moment) -> Iterator[str]:
    """For an alert in a webhook: its state is told by `status`, so its times are believed."""
    yield from _label_faults(alert)
    yield from _time_faults(alert)
    if alert.status not in ("firing", "resolved", None, ""):
        yield "status is neither firing nor resolved"


def _label_faults(alert: Alert) -> Iterator[str]:
    if "" in alert.labels:
        yield 'invalid label set: invalid name ""'
    if not any(alert.labels.values()):
        yield "at least one label pair required"
    if len(alert.labels) > limits.LABELS_PER_ALERT:
        yield f"more than {limits.LABELS_PER_ALERT} labels"
    if alert.annotations and "" in alert.annotations:
        yield 'invalid annotations: invalid name ""'


def _time_faults(alert: Alert) -> Iterator[str]:
    for name, text in (("startsAt", alert.starts_at), ("endsAt", alert.ends_at)):
        try:
            given(text)
        except ValueError:
            yield f"{name} is not an RFC 3339 time"


def _misshapen(raw: bytes) -> list[str]:
    """Why the typed decoder did not take it."""
    try:
        alert = msgspec.json.decode(raw)
    except UNREADABLE:
        return ["not valid JSON in UTF-8"]
    if not isinstance(alert, dict):
        return ["not an object"]
    found = list(_map_faults("labels", alert.get("labels"), required=True))
    found += _map_faults("annotations", alert.get("annotations"), required=False)
    for name in ("startsAt", "endsAt", "generatorURL", "status", "fingerprint"):
        if not isinstance(alert.get(name), str | None):
            found.append(f"{name} is not a string")
    return found or ["not readable"]


def _map_faults(name: str, value: Any, *, required: bool) -> Iterator[str]:
    if value is None:
        if required:
            yield f"{name} in body is required"
    elif not isinstance(value, dict):
        yield f"{name} is not an object"
    else:
        yield from (f"{name}.{key} is not a string" for key, text in value.items() if not isinstance(text, str))
