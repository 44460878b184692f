"""How states look: always a glyph and a word, never colour alone. Low urgency has the outlined glyph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.alerts.model import Alert
from tocsin.directory.model import Urgency
from tocsin.events.model import Outcome
from tocsin.incidents.model import Incident, Status


@dataclass(frozen=True, slots=True)
class Look:
    """A glyph (a symbol's name), the word beside it, and the class that gives the colour."""

    glyph: str
    word: str
    css: str


def incident_look(incident: Incident) -> Look:
    """The state of an incident."""
    low = "-low" if incident.urgency is Urgency.LOW else ""
    if incident.status is Status.RESOLVED:
        return Look("resolved", "Merged" if incident.merged_into else "Resolved", "resolved")
    if incident.status is Status.ACKNOWLEDGED:
        if incident.snoozed_until is not None:
            return Look("snoozed", "Snoozed", "quiet")
        return Look(f"acknowledged{low}", "Acknowledged", "acknowledged")
    return Look(f"triggered{low}", "Triggered", "triggered" if not low else "triggered low")


def alert_look(alert: Alert) -> Look:
    """The state of an alert."""
    if not alert.is_open:
        return Look("resolved", "Resolved", "resolved")
    if alert.suppressed:
        return Look("suppressed", "Suppressed", "quiet")
    if alert.suspended_until is not None:
        return Look("snoozed", "Suspended", "quiet")
    return Look("triggered", "Triggered", "triggered")


OUTCOMES: Final[dict[Outcome, Look]] = {
    Outcome.OPENED: Look("triggered", "Opened an alert", "triggered"),
    Outcome.REPEATED: Look("dot", "Repeated", "quiet"),
    Outcome.ACKNOWLEDGED: Look("acknowledged", "Acknowledged", "acknowledged"),
    Outcome.RESOLVED: Look("resolved", "Resolved", "resolved"),
    Outcome.SUPPRESSED: Look("suppressed", "Suppressed", "quiet"),
    Outcome.SUSPENDED: Look("snoozed", "Suspended", "quiet"),
    Outcome.DROPPED: Look("unknown", "Nothing to do", "quiet"),
    Outcome.RECORDED: Look("note", "Recorded", "quiet"),
    Outcome.QUARANTINED: Look("triggered", "Quarantined", "triggered"),
}
"""How an accepted event ended."""
