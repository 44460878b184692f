"""Commands to and facts from the alerts station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command, Fact
from tocsin.kernel.time import Moment


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
class EndSuspension(Command):
    """The time for which an alert waited is over: it opens unless it was resolved."""

    kind: ClassVar[str] = "alert.end_suspension"
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeHeld(Command):
    """A maintenance window ended or changed: judge what it holds again, the next alerts with ids after `after`."""

    kind: ClassVar[str] = "alert.judge_held"
    window_id: str
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOpened(Fact):
    """A new problem. Held ones say why or until when and go no further.

    One that was held and is open after all says so a second time: `reason` in words, `opened_at` when that was.
    """

    kind: ClassVar[str] = "alert.opened"
    alert_id: str
    service_id: str
    suppressed: str = ""
    suspended_until: Moment | None = None
    reason: str = ""
    opened_at: Moment | None = None


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
    """The problem is over. `reason` in words: "by the monitor", "expired", "with its incident".

    `suspended`: it was over before the time for which it waited, and so paged nobody.
    """

    kind: ClassVar[str] = "alert.resolved"
    alert_id: str
    reason: str
    suspended: bool = False
