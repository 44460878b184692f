"""Rare states: which corners a simulation has been in, counted, so that a simulator that stops reaching one is noticed.

Looks only; a state that is met is neither good nor bad.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tocsin.alerts.messages import AlertOpened, AlertResolved
from tocsin.alerts.model import Alert
from tocsin.engine.invariants import Records
from tocsin.escalation.messages import LastResortReached, LevelReached, LevelSkipped
from tocsin.incidents.messages import IncidentAcknowledged, IncidentResolved, IncidentUnacknowledged, UrgencyChanged
from tocsin.incidents.model import Incident, NextStep, NoTimer, Status
from tocsin.kernel.decision import Fact
from tocsin.paging.messages import PageAttemptFailed, PageNotSent, PageStarted, SendMessage
from tocsin.paging.model import MessageState, PageState, Result

FACTS: Mapping[str, Callable[[Fact], bool]] = {
    "a level of people out of reach gave way": lambda fact: isinstance(fact, LevelSkipped) and fact.level == 0,
    "no page reached people named by hand": lambda fact: (
        isinstance(fact, LevelSkipped) and fact.reason.startswith("no page reached")
    ),
    "a level was skipped": lambda fact: isinstance(fact, LevelSkipped) and fact.level > 0,
    "the owners were called": lambda fact: isinstance(fact, LastResortReached) and fact.round_number > 1,
    "people given by name were called again": lambda fact: isinstance(fact, LevelReached) and not fact.level,
    "an acknowledgement ran out": lambda fact: isinstance(fact, IncidentUnacknowledged) and fact.reason == "timeout",
    "a snooze ended": lambda fact: isinstance(fact, IncidentUnacknowledged) and fact.reason == "snooze ended",
    "who had it was deactivated": lambda fact: (
        isinstance(fact, IncidentUnacknowledged) and "deactivated" in fact.reason
    ),
    "closed by itself": lambda fact: isinstance(fact, IncidentResolved) and fact.reason == "timeout",
    "closed with its service": lambda fact: isinstance(fact, IncidentResolved) and "service" in fact.reason,
    "merged away": lambda fact: isinstance(fact, IncidentResolved) and bool(fact.merged_into),
    "acknowledged with a timeout": lambda fact: isinstance(fact, IncidentAcknowledged) and fact.timeout_at is not None,
    "stopped in our queue": lambda fact: isinstance(fact, PageNotSent) and fact.reason.startswith("stopped before"),
    "stopped, fate not known": lambda fact: isinstance(fact, PageNotSent) and fact.reason.endswith("not known"),
    "given up": lambda fact: isinstance(fact, PageAttemptFailed) and fact.next_at is None,
    "sent again after a crash": lambda fact: isinstance(fact, PageStarted) and "not known" in fact.why,
    "sent when let go": lambda fact: isinstance(fact, PageStarted) and "held back" in fact.why,
    "a window ended and an alert paged": lambda fact: (
        isinstance(fact, AlertOpened) and fact.reason.startswith("still firing when")
    ),
    "a suspended alert paged": lambda fact: isinstance(fact, AlertOpened) and "suspended" in fact.reason,
    "a suspended alert was over in time": lambda fact: isinstance(fact, AlertResolved) and fact.suspended,
    "support hours made it urgent": lambda fact: isinstance(fact, UrgencyChanged) and "support hours" in fact.reason,
    "no way to reach a person": lambda fact: isinstance(fact, PageNotSent) and not fact.page_id,
}
"""Facts that are rare enough to be counted."""


def _alert_states(alert: Alert) -> Sequence[str]:
    found = []
    if alert.suppressed and alert.is_open:
        found.append("an alert is suppressed")
    if alert.window_id and alert.is_open:
        found.append("an alert is held by a window and suspended" if alert.suspended_until else "an alert is held")
    if alert.repeats > 2:
        found.append("an alert repeats")
    if alert.ended_at is not None:
        found.append("an alert ended by its monitor's own time")
    return found


def _incident_states(incident: Incident) -> Sequence[str]:
    found = [f"{incident.status}: {incident.timer_reason or incident.next_step}"] if incident.is_open else []
    if len(incident.acknowledgements) > 1:
        found.append("two people have it")
    if incident.snoozed_until is not None:
        found.append("asleep")
    if incident.alert_count > 2:
        found.append("an incident of many alerts")
    if incident.merged_into and incident.resolved_at and not incident.alert_count:
        found.append("merged without alerts")
    return found


class RareStates:
    """Counts states by name; a state that lasts is counted once each time it is looked at."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._read = 0

    def met(self, what: str) -> None:
        """Count a note of the simulation, by its first words."""
        if what.startswith(("mood", "stalled", "clock", "refused", "fenced")):
            self.counts[what] += 1

    def look(self, records: Records) -> None:
        """Count what the records show."""
        for _, recorded in records.timeline[self._read :]:
            self.counts[f"fact {recorded.fact.kind}"] += 1
            self.counts.update(name for name, holds in FACTS.items() if holds(recorded.fact))
        self._read = len(records.timeline)
        for alert in records.alerts:
            self.counts.update(_alert_states(alert))
        for incident in records.incidents:
            self.counts.update(_incident_states(incident))
        self.counts.update(f"page {page.state}" for page in records.pages)
        self.counts.update(f"message {message.state}" for message in records.messages)
        self.counts.update("a bundle counted what it did not carry" for message in records.messages if message.more)
        self.counts.update(f"outcome {outcome}" for outcome in (records.outcomes or {}).values())

    def crashed(self, records: Records, *, undecided: int) -> None:
        """Count what a crash came upon."""
        if undecided:
            self.counts["crash with undecided events"] += 1
        for message in records.messages:
            if message.state in (MessageState.SENDING, MessageState.RETRYING):
                self.counts[f"crash with a message {message.state}"] += 1
        for page in records.pages:
            if page.state in (PageState.BUNDLED, PageState.PLANNED):
                self.counts[f"crash with a page {page.state}"] += 1

    def handed_over(self, message: SendMessage, wanted: Sequence[Incident], result: Result) -> None:
        """Count what a provider was handed."""
        self.counts[f"provider says {result}"] += 1
        if len(message.incident_ids) > 2:
            self.counts["a bundle of many"] += 1
        if len(wanted) < len(message.incident_ids):
            self.counts["a bundle of which a part was answered"] += 1
        if message.attempt > 2:
            self.counts["a third attempt"] += 1


_STEPS = [f"{Status.TRIGGERED}: {step}" for step in (NextStep.ESCALATE, NextStep.LAST_RESORT)]
_REASONS = [f"{Status.TRIGGERED}: {why}" for why in (NoTimer.ASSIGNED, NoTimer.EXHAUSTED, NoTimer.LOW_URGENCY)]

EXPECTED: Sequence[str] = (
    *FACTS,
    *_STEPS,
    *_REASONS,
    f"{Status.ACKNOWLEDGED}: {NextStep.UNACKNOWLEDGE}",
    f"{Status.ACKNOWLEDGED}: {NoTimer.NO_ACK_TIMEOUT}",
    "two people have it",
    "asleep",
    "an incident of many alerts",
    "an alert is suppressed",
    "an alert is held",
    "an alert is held by a window and suspended",
    "an alert repeats",
    "an alert ended by its monitor's own time",
    "crash with undecided events",
    "crash with a message sending",
    "crash with a message retrying",
    "crash with a page bundled",
    "crash with a page planned",
    "a bundle of many",
    "a bundle counted what it did not carry",
    "a bundle of which a part was answered",
    "a third attempt",
    "stalled",
    "clock set back",
    "fenced for a moment",
    *(f"mood {mood}" for mood in ("well", "out", "refusing", "forgetful", "slow", "stuck")),
    *(f"provider says {result}" for result in (Result.SENT, Result.RETRY, Result.REFUSED, Result.UNKNOWN)),
)
"""States that a set of lives must have met."""
