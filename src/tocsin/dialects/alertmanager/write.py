"""Our alerts in Alertmanager's shapes, for those who read its API. Decides rendering; never which alerts there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tocsin.alerts.model import Alert
from tocsin.dialects.alertmanager.identity import fingerprint
from tocsin.dialects.alertmanager.times import RESOLVE_TIMEOUT
from tocsin.kernel.time import Moment, iso

VERSION: Final = "0.28.0"
"""The Alertmanager whose API this is like; tools compare it before they talk."""

RECEIVER: Final = "tocsin"
_CONFIG: Final = f"route:\n  receiver: {RECEIVER}\nreceivers:\n- name: {RECEIVER}\n"


def status(started_at: Moment) -> dict[str, Any]:
    """The answer to GET /status."""
    return {
        "cluster": {"status": "disabled"},
        "config": {"original": _CONFIG},
        "uptime": iso(started_at),
        "versionInfo": {
            "version": VERSION,
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        },
    }


def receivers() -> list[dict[str, Any]]:
    """The answer to GET /receivers: there is one, and it is us."""
    return [{"name": RECEIVER, "labels": {}}]


def labels_of(alert: Alert) -> Mapping[str, str]:
    """The label set of an alert; of one that came in another form, its name only."""
    labels = alert.details.get("labels")
    return labels if isinstance(labels, Mapping) else {"alertname": alert.event_class or alert.summary}


def gettable(alert: Alert) -> dict[str, Any]:
    """One alert of GET /alerts."""
    labels = dict(labels_of(alert))
    annotations = alert.details.get("annotations")
    ends_at = alert.resolved_at or alert.expires_at or alert.last_event_at + RESOLVE_TIMEOUT
    shown = {
        "labels": labels,
        "annotations": dict(annotations) if isinstance(annotations, Mapping) else {},
        "startsAt": iso(alert.started_at or alert.created_at),
        "endsAt": iso(ends_at),
        "updatedAt": iso(alert.last_event_at),
        "fingerprint": alert.dedup_key if len(alert.dedup_key) == 16 else fingerprint(labels),
        "receivers": [{"name": RECEIVER}],
        "status": {
            "state": "suppressed" if alert.suppressed else "active",
            "silencedBy": [],
            "inhibitedBy": [],
            "mutedBy": [],
        },
    }
    if isinstance(source := alert.details.get("generatorURL"), str):
        shown["generatorURL"] = source
    return shown


def groups(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """The answer to GET /alerts/groups: by alert name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for alert in alerts:
        found.setdefault(labels_of(alert).get("alertname", ""), []).append(gettable(alert))
    return [
        {
            "labels": {"alertname": name} if name else {},
            "routeLabels": {},
            "receiver": {"name": RECEIVER},
            "alerts": members,
        }
        for name, members in sorted(found.items())
    ]
