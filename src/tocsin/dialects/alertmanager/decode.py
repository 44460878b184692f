"""From a log entry to the normalised event. Decides what labels, annotations and times mean to us; refuses nothing.

The labels that teams use for severity, service and place are conventions, not rules; the lists below hold the usual
ones. Two things differ between the entrances: Prometheus repeats itself and so its alerts expire, a notification is
said once and so its alerts last until it is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tocsin.dialects._kit.decode import Decoder
from tocsin.dialects._kit.fields import clip, one_line, runbook, web_address
from tocsin.dialects.alertmanager.read import API_SOURCE, WEBHOOK_SOURCE, sent_labels
from tocsin.dialects.alertmanager.times import given, period
from tocsin.dialects.alertmanager.wire import ALERT, NOTIFIED, Alert
from tocsin.events.model import Action, Event, Severity
from tocsin.kernel.time import Moment
from tocsin.runtime.ingest import Entry

SEVERITIES: Final = {
    "critical": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "page": Severity.CRITICAL,
    "emergency": Severity.CRITICAL,
    "fatal": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
    "error": Severity.ERROR,
    "high": Severity.ERROR,
    "major": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "medium": Severity.WARNING,
    "minor": Severity.WARNING,
    "info": Severity.INFO,
    "informational": Severity.INFO,
    "notice": Severity.INFO,
    "low": Severity.INFO,
    "none": Severity.INFO,
}
"""The label `severity`; other values are no severity, which counts as urgent."""

_SUMMARY: Final = ("summary", "description", "message", "title")
_DASHBOARD: Final = ("dashboard_url", "dashboard")
_COMPONENT: Final = ("service", "job")
_GROUP: Final = ("cluster", "namespace")
_SOURCE: Final = ("instance", "job")


def decode_posted(entry: Entry) -> Event:
    """An alert posted to the API. It expires at its end unless it is repeated; an end in the past resolves."""
    alert = ALERT.decode(entry.body)
    starts, ends = period(alert.starts_at, alert.ends_at, entry.received_at)
    is_over = ends <= entry.received_at
    course = _Course(starts, ended_at=ends) if is_over else _Course(starts, expires_at=ends)
    action = Action.RESOLVE if is_over else Action.TRIGGER
    return _event(entry, alert, action, course, _Sender("Prometheus"))


def decode_notified(entry: Entry) -> Event:
    """An alert of a webhook notification. It never expires: Alertmanager says when it is over."""
    notified = NOTIFIED.decode(entry.body)
    alert = notified.alert
    ends = given(alert.ends_at)
    is_over = alert.status == "resolved" or (not alert.status and ends is not None and ends <= entry.received_at)
    starts = given(alert.starts_at) or min(ends or entry.received_at, entry.received_at)
    course = _Course(starts, ended_at=ends if is_over else None)
    around = {
        "receiver": notified.receiver,
        "groupKey": notified.group_key,
        "externalURL": notified.external_url,
        "truncatedAlerts": notified.truncated_alerts,
    }
    sender = _Sender(
        "Alertmanager",
        web_address(notified.external_url),
        {name: value for name, value in around.items() if value},
    )
    return _event(entry, alert, Action.RESOLVE if is_over else Action.TRIGGER, course, sender)


class _Course(NamedTuple):
    """When the problem began, and ended or will be taken to have ended."""

    started_at: Moment
    ended_at: Moment | None = None
    expires_at: Moment | None = None


class _Sender(NamedTuple):
    """Who told us, where its pages are, and what it says besides the alert."""

    name: str
    url: str = ""
    says: Mapping[str, Any] = {}


def _event(entry: Entry, alert: Alert, action: Action, course: _Course, sender: _Sender) -> Event:
    labels = sent_labels(alert)
    annotations = alert.annotations or {}
    name = labels.get("alertname", "")
    source_url = alert.generator_url or ""
    details: dict[str, Any] = {"labels": labels, "annotations": annotations}
    if alert.starts_at:
        details["startsAt"] = alert.starts_at
    if source_url:
        details["generatorURL"] = source_url
    if sender.says:
        details.update(sender.says)
    return Event(
        action=action,
        integration_id=entry.integration_id,
        dedup_key=entry.dedup_key,
        received_at=entry.received_at,
        log_seq=entry.seq,
        raw=entry.body,
        summary=_summary(labels, annotations, name),
        source=_first(labels, _SOURCE) or _host(source_url),
        severity=SEVERITIES.get(labels.get("severity", "").lower()),
        component=_first(labels, _COMPONENT),
        group=_first(labels, _GROUP),
        event_class=clip(name),
        details=details,
        links=_links(source_url, annotations, sender.url),
        client=sender.name,
        client_url=sender.url,
        occurred_at=course.started_at if course.ended_at is None else course.ended_at,
        started_at=course.started_at,
        ended_at=course.ended_at,
        expires_at=course.expires_at,
        runbook_url=runbook(annotations) if annotations else "",
    )


def _summary(labels: Mapping[str, str], annotations: Mapping[str, str], name: str) -> str:
    for field in _SUMMARY:
        if (text := annotations.get(field)) and (line := one_line(text)):
            return line
    name = name or "Alert"
    if instance := labels.get("instance"):
        return one_line(f"{name} on {instance}")
    rest = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()) if key != "alertname")
    return one_line(f"{name} ({rest})" if rest else name)


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if value := labels.get(name):
            return clip(value)
    return ""


def _host(address: str) -> str:
    try:
        return clip(urlsplit(address).hostname or "") if address else ""
    except ValueError:
        return ""


def _links(source_url: str, annotations: Mapping[str, str], external_url: str) -> tuple[Mapping[str, str], ...]:
    dashboard = next((url for name in _DASHBOARD if (url := web_address(annotations.get(name)))), "")
    shown = ((web_address(source_url), "Source"), (dashboard, "Dashboard"), (external_url, "Alertmanager"))
    return tuple({"href": href, "text": text} for href, text in shown if href)


DECODERS: Final[dict[str, Decoder]] = {WEBHOOK_SOURCE: decode_notified, API_SOURCE: decode_posted}
