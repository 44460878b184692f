"""The words that a page says, for every channel. Decides wording only; how to answer is added by each connector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.directory.model import Urgency
from tocsin.incidents.model import Incident

_LISTED = 5
"""Incidents named in a bundle; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a page says of an incident. `news`: that it is urgent now, to somebody who has it.

    `runbook`: where it is written what to do. `plea`: what the person is asked to help with; "" = it is theirs.
    """

    incident: Incident
    service_name: str
    news: bool = False
    runbook: str = ""
    plea: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in its three forms, and what a letter says below the text."""

    subject: str
    text: str
    spoken: str
    below: str = ""


def wording(briefs: Sequence[Brief], more: int = 0) -> Wording:
    """The message for one incident, or for several that are sent together, with `more` that are only counted."""
    if len(briefs) == 1 and not more:
        return _single(briefs[0])
    return _several(briefs, more)


def test_wording() -> Wording:
    """The message of a test page."""
    text = "Test page from Tocsin. If you can read this, you can be reached here."
    return Wording(
        subject="Test page from Tocsin", text=text, spoken="This is a test page from Tocsin. You can be reached here."
    )


def _single(brief: Brief) -> Wording:
    incident = brief.incident
    loud = "" if incident.urgency is Urgency.HIGH else " (low urgency)"
    loud = " (urgent now)" if brief.news else loud
    line = f"#{incident.number} {brief.service_name}: {incident.title}{loud}"
    if brief.plea:
        return _plea(brief, line)
    return Wording(
        subject=f"[#{incident.number}] {incident.title}",
        text=line,
        spoken=f"Incident {incident.number} on {brief.service_name}. {incident.title}."
        + (" It is urgent now." if brief.news else ""),
        below=_runbook(brief, "Runbook"),
    )


def _plea(brief: Brief, line: str) -> Wording:
    incident = brief.incident
    return Wording(
        subject=f"[#{incident.number}] Your help is wanted: {incident.title}",
        text=f"Your help is wanted: {brief.plea} ({line}). Acknowledge to join, escalate to decline.",
        spoken=f"Your help is wanted with incident {incident.number} on {brief.service_name}. {brief.plea}.",
        below=_runbook(brief, "Runbook"),
    )


def _several(briefs: Sequence[Brief], more: int) -> Wording:
    total = len(briefs) + more
    shown = [f"#{brief.incident.number} {brief.service_name}: {brief.incident.title}" for brief in briefs[:_LISTED]]
    rest = total - len(shown)
    if rest:
        shown.append(f"and {rest} more")
    services = ", ".join(dict.fromkeys(brief.service_name for brief in briefs))
    return Wording(
        subject=f"{total} incidents on {services}"[:200],
        text=f"{total} incidents: " + "; ".join(shown),
        spoken=f"{total} incidents on {services}. The first: {briefs[0].incident.title}.",
        below="\n".join(
            filter(None, (_runbook(one, f"Runbook of #{one.incident.number}") for one in briefs[:_LISTED]))
        ),
    )


def _runbook(brief: Brief, label: str) -> str:
    """On one line, whatever a monitor sent: what follows it is not taken for ours."""
    return f"{label}: {''.join(brief.runbook.split())}" if brief.runbook else ""
