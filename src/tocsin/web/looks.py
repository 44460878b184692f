"""How states look: always a glyph and a word, never colour alone. Low urgency has the outlined glyph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.alerts.model import Alert
from tocsin.directory.model import Urgency
from tocsin.events.model import Outcome
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.wording import phrase


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
        return Look("resolved", phrase("Merged") if incident.merged_into else phrase("Resolved"), "resolved")
    if incident.status is Status.ACKNOWLEDGED:
        if incident.snoozed_until is not None:
            return Look("snoozed", phrase("Snoozed"), "quiet")
        return Look(f"acknowledged{low}", phrase("Acknowledged"), "acknowledged")
    return Look(f"triggered{low}", phrase("Triggered"), "triggered" if not low else "triggered low")


def alert_look(alert: Alert) -> Look:
    """The state of an alert."""
    if not alert.is_open:
        return Look("resolved", phrase("Resolved"), "resolved")
    if alert.suppressed:
        return Look("suppressed", phrase("Suppressed"), "quiet")
    if alert.suspended_until is not None:
        return Look("snoozed", phrase("Suspended"), "quiet")
    return Look("triggered", phrase("Triggered"), "triggered")


OUTCOMES: Final[dict[Outcome, Look]] = {
    Outcome.OPENED: Look("triggered", phrase("Opened an alert"), "triggered"),
    Outcome.REPEATED: Look("dot", phrase("Repeated"), "quiet"),
    Outcome.ACKNOWLEDGED: Look("acknowledged", phrase("Acknowledged"), "acknowledged"),
    Outcome.RESOLVED: Look("resolved", phrase("Resolved"), "resolved"),
    Outcome.SUPPRESSED: Look("suppressed", phrase("Suppressed"), "quiet"),
    Outcome.SUSPENDED: Look("snoozed", phrase("Suspended"), "quiet"),
    Outcome.DROPPED: Look("unknown", phrase("Nothing to do"), "quiet"),
    Outcome.RECORDED: Look("note", phrase("Recorded"), "quiet"),
    Outcome.QUARANTINED: Look("triggered", phrase("Quarantined"), "triggered"),
}
"""How an accepted event ended."""
