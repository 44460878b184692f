"""An alert and its surroundings as typed decoders see them. Decides what can be read; never what it means.

A batch is split without looking into its alerts (`Raw`), so that a bad one can't spoil the others.
"""

from __future__ import annotations

import msgspec

Strings = dict[str, str]


class Alert(msgspec.Struct, rename="camel"):
    """One alert, as Prometheus posts it and as Alertmanager's webhook passes it on (which adds the last two fields)."""

    labels: Strings
    annotations: Strings | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")
    status: str | None = None
    fingerprint: str | None = None


class Webhook(msgspec.Struct, rename="camel"):
    """A notification, payload version 4: the alerts of one group."""

    alerts: list[msgspec.Raw] | None
    receiver: str | None = None
    group_key: str | None = None
    external_url: str | None = msgspec.field(default=None, name="externalURL")
    truncated_alerts: int | None = None


class Notified(msgspec.Struct, rename="camel"):
    """What the log keeps of a notification for each of its alerts."""

    alert: Alert
    receiver: str = ""
    group_key: str = ""
    external_url: str = msgspec.field(default="", name="externalURL")
    truncated_alerts: int = 0


ALERT = msgspec.json.Decoder(Alert)
BATCH = msgspec.json.Decoder(list[msgspec.Raw])
WEBHOOK = msgspec.json.Decoder(Webhook)
NOTIFIED = msgspec.json.Decoder(Notified)
