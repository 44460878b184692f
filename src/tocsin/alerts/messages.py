"""Commands to and facts from the alerts station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command, Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireAlert(Command):
    """The time by which a monitor should have repeated itself has come; resolve unless it did."""

    kind: ClassVar[str] = "alert.expire"
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveAlert(Command):
    """A person or an incident's resolution closes the alert."""

    kind: ClassVar[str] = "alert.resolve"
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOpened(Fact):
    """A new problem. Suppressed ones say why and go no further."""

    kind: ClassVar[str] = "alert.opened"
    alert_id: str
    service_id: str
    suppressed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWorsened(Fact):
    """The monitor repeated the alert with a higher severity than before."""

    kind: ClassVar[str] = "alert.worsened"
    alert_id: str
    was: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged(Fact):
    """The monitor says that somebody looks at it already."""

    kind: ClassVar[str] = "alert.acknowledged"
    alert_id: str
    integration_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResolved(Fact):
    """The problem is over. `reason` in words: "by the monitor", "expired", "with its incident"."""

    kind: ClassVar[str] = "alert.resolved"
    alert_id: str
    reason: str
