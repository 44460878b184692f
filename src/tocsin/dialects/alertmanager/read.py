"""From a POST to log entries and an answer: one entry per alert, bad alerts told, good ones kept.

Decides which alerts of a batch are taken, under which key, and what is kept of each. A batch with bad alerts is
answered 400 although its good alerts are kept; parity.md says why that is the right status for both kinds of sender.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tocsin.dialects._kit.keys import IntegrationRef, Keys
from tocsin.dialects._kit.limits import OPEN, Gate
from tocsin.dialects.alertmanager import errors
from tocsin.dialects.alertmanager.auth import brings_key, caller
from tocsin.dialects.alertmanager.batch import Raws, notified_alerts, posted_alerts
from tocsin.dialects.alertmanager.faults import Check, notified_faults, posted_faults, read_alert
from tocsin.dialects.alertmanager.identity import fingerprint
from tocsin.dialects.alertmanager.wire import Alert
from tocsin.kernel import limits
from tocsin.kernel.errors import Invalid, TocsinError, Unavailable
from tocsin.kernel.time import Moment
from tocsin.runtime.ingest import HotPath, NewEntry, Posted, Reading

WEBHOOK_SOURCE: Final = "alertmanager.webhook"
API_SOURCE: Final = "alertmanager.v2"

HOOK: Final = "/hooks/alertmanager"
PREFIX: Final = "/alertmanager/"
ALERTS: Final = "/api/v2/alerts"

_HEX: Final = frozenset("0123456789abcdef")


class WebhookRoute:
    """Alertmanager's webhook receiver, payload version 4, at `/hooks/alertmanager/{integration_key}`."""

    body_limit = limits.BATCH_BYTES

    def __init__(self, keys: Keys, *, gate: Gate = OPEN) -> None:
        self._keys = keys
        self._gate = gate

    def turn_away(self, posted: Posted) -> Reading | None:
        """401 for nobody's key. Raises Unavailable."""
        return None if self._caller(posted) else self._turned_away(posted)

    def read(self, posted: Posted) -> Reading:
        """An entry per good alert, and the answer."""
        try:
            ref = self._caller(posted)
            if ref is None:
                return self._turned_away(posted)
            head, alerts = notified_alerts(posted.body)
        except Unavailable as error:
            return self.refuse(error)
        except Invalid as error:
            return errors.webhook(400, error.message)
        good, found = sift(alerts, posted.now, notified_faults)
        if good and (seconds := self._gate.wait(ref.id, posted.now, len(good))) is not None:
            return errors.webhook_busy(seconds)
        entries = tuple(
            NewEntry(posted.now, WEBHOOK_SOURCE, ref.id, identity(alert), head + raw + b"}") for alert, raw in good
        )
        if found:
            refused = len(alerts) - len(good)
            return errors.webhook(400, f"{refused} of {len(alerts)} alerts were not accepted", found, entries=entries)
        return Reading(200, b'{"status":"success","accepted":%d}' % len(entries), entries)

    def refuse(self, error: TocsinError) -> Reading:
        """The answer to a notification that got no further; 503 for what may pass later."""
        return errors.webhook_refused(error)

    def _caller(self, posted: Posted) -> IntegrationRef | None:
        return caller(self._keys, *_hook_credentials(posted))

    def _turned_away(self, posted: Posted) -> Reading:
        return replace(errors.webhook_unauthorized(), key_unknown=brings_key(*_hook_credentials(posted)))


class AlertsRoute:
    """Alertmanager's own `POST /api/v2/alerts`, which Prometheus and other rulers speak."""

    body_limit = limits.BATCH_BYTES

    def __init__(self, keys: Keys, *, gate: Gate = OPEN) -> None:
        self._keys = keys
        self._gate = gate

    def turn_away(self, posted: Posted) -> Reading | None:
        """401 for nobody's key. Raises Unavailable."""
        return None if self._caller(posted) else self._turned_away(posted)

    def read(self, posted: Posted) -> Reading:
        """An entry per good alert, and the answer."""
        try:
            ref = self._caller(posted)
            if ref is None:
                return self._turned_away(posted)
            alerts = posted_alerts(posted.body)
        except Unavailable as error:
            return self.refuse(error)
        except Invalid as error:
            return errors.api(400, error.message)
        good, found = sift(alerts, posted.now, posted_faults)
        if good and (seconds := self._gate.wait(ref.id, posted.now, len(good))) is not None:
            return errors.api_busy(seconds)
        entries = tuple(
            NewEntry(posted.now, API_SOURCE, ref.id, fingerprint(sent_labels(alert)), raw) for alert, raw in good
        )
        if found:
            return errors.api(400, "; ".join(errors.told(found)), entries=entries)
        return Reading(200, b"", entries, ())

    def refuse(self, error: TocsinError) -> Reading:
        """The answer to a request that got no further."""
        return errors.api_refused(error)

    def _caller(self, posted: Posted) -> IntegrationRef | None:
        return caller(self._keys, *_api_credentials(posted))

    def _turned_away(self, posted: Posted) -> Reading:
        return replace(errors.api_unauthorized(), key_unknown=brings_key(*_api_credentials(posted)))


def hot_paths(keys: Keys, *, gate: Gate = OPEN) -> tuple[HotPath, ...]:
    """The addresses of the API. The webhook's lies among other monitors' and is joined to them by `_kit.hooks`."""
    route = AlertsRoute(keys, gate=gate)
    return (HotPath(PREFIX, route, below=True, suffix=ALERTS), HotPath(ALERTS, route), HotPath(ALERTS + "/", route))


def _hook_credentials(posted: Posted) -> tuple[str, str | None]:
    """What `auth` is asked about: the key in the path, the Authorization header."""
    return posted.path.removeprefix(HOOK).strip("/"), posted.headers.get("authorization")


def _api_credentials(posted: Posted) -> tuple[str, str | None]:
    return path_key(posted.path), posted.headers.get("authorization")


def path_key(path: str) -> str:
    """The key in `/alertmanager/{key}/api/v2/...`, empty without one."""
    return path.removeprefix(PREFIX).partition("/")[0] if path.startswith(PREFIX) else ""


def sift(alerts: Raws, now: Moment, check: Check) -> tuple[list[tuple[Alert, bytes]], list[str]]:
    """The good alerts with their bytes, and what is wrong with the others, in order."""
    good: list[tuple[Alert, bytes]] = []
    found: list[str] = []
    for number, raw in enumerate(alerts):
        if number == limits.BATCH_ALERTS:
            found.append(f"alerts[{number}] and after: more than {limits.BATCH_ALERTS} alerts in one request")
            break
        try:
            good.append(read_alert(bytes(raw), now, check))
        except Invalid as error:
            found += [f"alerts[{number}]: {detail}" for detail in error.details]
    return good, found


def identity(alert: Alert) -> str:
    """The fingerprint as sent, if it is one, else computed: both are the same for Alertmanager's own alerts."""
    sent = alert.fingerprint
    if sent is not None and len(sent) == 16 and _HEX.issuperset(sent):
        return sent
    return fingerprint(sent_labels(alert))


def sent_labels(alert: Alert) -> dict[str, str]:
    """The labels without those that are empty: an empty label is no label."""
    labels = alert.labels
    return {name: value for name, value in labels.items() if value} if "" in labels.values() else labels
