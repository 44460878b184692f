"""A request's body taken apart into single alerts. Decides what is a batch; if an alert is any good, faults.py says.

Alerts stay bytes and are not looked into, so that a bad one can't spoil the others; what surrounds them is mended or
left out rather than refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from tocsin.dialects._kit.fields import clip
from tocsin.dialects._kit.parse import NUL, UNREADABLE, NotJson, mended
from tocsin.dialects.alertmanager.wire import BATCH, WEBHOOK, Webhook
from tocsin.kernel.errors import Invalid
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS

NO_ARRAY: Final = "the body is not an array of alerts"
NO_NOTIFICATION: Final = "the body is not a webhook notification: an object with an array `alerts` is expected"

Raws: TypeAlias = Sequence[bytes | msgspec.Raw]

_encode = msgspec.json.Encoder().encode


def posted_alerts(body: bytes) -> Raws:
    """The alerts of a request to the API. Raises Invalid."""
    body = _without_nul(body)
    try:
        return BATCH.decode(body)
    except UNREADABLE:
        value = _value(body)
    if not isinstance(value, list):
        raise Invalid(NO_ARRAY)
    return [_encode(alert) for alert in value]


def notified_alerts(body: bytes) -> tuple[bytes, Raws]:
    """The alerts of a notification, and what to put before each of them, and a `}` after it. Raises Invalid."""
    body = _without_nul(body)
    try:
        group = WEBHOOK.decode(body)
    except UNREADABLE:
        return _odd_notification(_value(body))
    return _surroundings(group), group.alerts or ()


def _odd_notification(value: Any) -> tuple[bytes, Raws]:
    """Something around the alerts is not what it should be; only the alerts matter."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise Invalid(NO_NOTIFICATION)
    alerts = [_encode(alert) for alert in value["alerts"]]
    told = {name: text for name, text in value.items() if isinstance(text, str)}
    group = Webhook(None, told.get("receiver"), told.get("groupKey"), told.get("externalURL"))
    return _surroundings(group), alerts


def _surroundings(group: Webhook) -> bytes:
    """What the group says of all of its alerts, as the beginning of an object. Clipped, for each alert carries it."""
    around = {
        "receiver": clip((group.receiver or "").replace("\\", ""), NAME_CHARS),
        "groupKey": clip(group.group_key or "", DESCRIPTION_CHARS),
        "externalURL": clip(group.external_url or "", DESCRIPTION_CHARS),
        "truncatedAlerts": min(max(group.truncated_alerts or 0, 0), 2**31),
    }
    return _encode({name: value for name, value in around.items() if value})[:-1] + b',"alert":'


def _without_nul(body: bytes) -> bytes:
    return mended(body) if NUL in body else body


def _value(body: bytes) -> Any:
    try:
        return msgspec.json.decode(mended(body))
    except UNREADABLE as error:
        raise NotJson(f"the body is not JSON: {error}") from None
