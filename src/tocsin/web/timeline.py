"""An incident's timeline as people read it: sentences, what belongs to a page or a workflow under it, silence drawn.

Decides what stands together and what can be filtered; the sentences themselves are each station's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from tocsin.alerts import text as alerts_text
from tocsin.deliveries import text as deliveries_text
from tocsin.deliveries.messages import CallEnded, CallMade
from tocsin.escalation import text as escalation_text
from tocsin.escalation.messages import EscalationStopped, LevelSkipped, NobodyToPage, PolicyExhausted
from tocsin.incidents import field_messages
from tocsin.incidents import messages as im
from tocsin.incidents import text as incidents_text
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import MINUTE, Moment, Span
from tocsin.kernel.wording import Phrase, phrase, span_words
from tocsin.paging import timeline as paging_text
from tocsin.paging.messages import (
    PageAnswered,
    PageAttemptFailed,
    PageDelivered,
    PageNotSent,
    PageSent,
    PageStarted,
)
from tocsin.runtime.reads import TimelineEntry
from tocsin.web.names import ConfigNames
from tocsin.workflows import messages as wm
from tocsin.workflows import text as workflows_text
from tocsin.workflows.model import Outcome

SENTENCES: Final[Mapping[type[Fact], Callable[[Actor, Any, Any], str]]] = {
    **alerts_text.SENTENCES,
    **incidents_text.SENTENCES,
    **escalation_text.SENTENCES,
    **paging_text.SENTENCES,
    **workflows_text.SENTENCES,
    **deliveries_text.SENTENCES,
}
"""How every fact reads."""

SILENCE: Final[Span] = 10 * MINUTE
"""Nothing for longer than this is drawn as a line of its own."""

_FOLD_FROM: Final = 4
_MORE_OF_THE_SAME: Final = (im.AlertJoined,)


class Show(StrEnum):
    """Which entries to show; each is a filter in the address."""

    ALL = "all"
    PEOPLE = "people"
    PAGES = "pages"
    ALERTS = "alerts"
    CHANGES = "changes"


_CHANGES = (
    im.UrgencyChanged,
    im.PriorityChanged,
    im.TitleChanged,
    im.ServiceChanged,
    im.DetailsChanged,
    im.BridgeChanged,
    im.TypeChanged,
    im.ImpactSaid,
    field_messages.FieldsChanged,
    field_messages.FieldRefused,
    im.IncidentMerged,
    wm.WorkflowStarted,
    wm.StepEnded,
    wm.WorkflowCompleted,
    wm.WorkflowHeldBack,
    CallMade,
    CallEnded,
)
_ICONS: Final[Mapping[type[Fact], str]] = {
    im.IncidentTriggered: "triggered",
    im.IncidentAcknowledged: "acknowledged",
    im.IncidentUnacknowledged: "triggered",
    im.IncidentReopened: "triggered",
    im.IncidentResolved: "resolved",
    im.IncidentSnoozed: "snoozed",
    im.NoteAdded: "note",
    im.NoteEdited: "note",
    im.NoteRemoved: "note",
    im.AlertTriggered: "triggered",
    im.AlertLeft: "alerts",
    im.IncidentReassigned: "person",
    im.IncidentMerged: "merge",
    im.AlertJoined: "alerts",
    field_messages.FieldRefused: "suppressed",
    PageNotSent: "suppressed",
    LevelSkipped: "suppressed",
    PolicyExhausted: "triggered",
    NobodyToPage: "triggered",
    EscalationStopped: "suppressed",
    PageAnswered: "person",
    wm.WorkflowHeldBack: "suppressed",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt of a page: a word or two, when, how it went, and the evidence."""

    at: Moment
    words: str
    good: bool
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Steps:
    """What a run of a workflow did, under the line of its start. `lines`: its steps, and that it is over."""

    lines: list[Line] = field(default_factory=list)
    not_done: list[Line] = field(default_factory=list)
    over_at: Moment | None = None

    @property
    def count(self) -> int:
        """How many steps have ended."""
        return len(self.lines) - (self.over_at is not None)


@dataclass(slots=True)
class Line:
    """One line of the timeline. `who`: the person by whom the sentence begins, "" when it begins otherwise."""

    seq: int
    at: Moment
    icon: str
    who: str
    sentence: str
    by_person: bool
    shows: frozenset[Show]
    note: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    folded: list[Line] = field(default_factory=list)
    steps: Steps | None = None
    silence_before: str = ""
    kind: str = ""
    evidence: tuple[tuple[str, str], ...] = ()


def lines_of(entries: Sequence[TimelineEntry], names: ConfigNames, show: Show, *, newest_first: bool) -> list[Line]:
    """The lines of a timeline whose entries are given oldest first."""
    lines: list[Line] = []
    pages: dict[str, Line] = {}
    runs: dict[str, Steps] = {}
    for entry in entries:
        fact = entry.fact
        page_id = getattr(fact, "page_id", "")
        if page_id in pages and _hangs_below(fact):
            pages[page_id].attempts.append(_attempt(entry, names))
            continue
        line = _line(entry, names)
        if isinstance(fact, PageStarted):
            pages[fact.page_id] = line
        if isinstance(fact, wm.WorkflowStarted):
            line.steps = runs[fact.run_id] = Steps()
        if isinstance(fact, wm.StepEnded | wm.WorkflowCompleted) and fact.run_id in runs:
            _goes_below(runs[fact.run_id], fact, line)
            continue
        lines.append(line)
    shown = [line for line in lines if show in line.shows]
    folded = _with_silence(_folded(shown)) if show is Show.ALL else _folded(shown)
    return folded[::-1] if newest_first else folded


def _hangs_below(fact: Fact) -> bool:
    return isinstance(fact, PageSent | PageDelivered | PageAttemptFailed) or (
        isinstance(fact, PageStarted) and fact.attempt > 1
    )


def _goes_below(steps: Steps, fact: wm.StepEnded | wm.WorkflowCompleted, line: Line) -> None:
    steps.lines.append(line)
    if isinstance(fact, wm.WorkflowCompleted):
        steps.over_at = line.at
    elif fact.outcome is not Outcome.DONE:
        steps.not_done.append(line)


def _line(entry: TimelineEntry, names: ConfigNames) -> Line:
    fact, actor = entry.fact, entry.actor
    note = fact.text if isinstance(fact, im.NoteAdded) else ""
    sentence = SENTENCES[type(fact)](actor, fact, names)
    if note:
        sentence = phrase("%(who)s wrote", who=names.actor(actor))
    return Line(
        seq=entry.seq,
        at=entry.at,
        icon=_ICONS.get(type(fact), "page" if fact.kind.startswith("page.") else "dot"),
        who=_person(sentence, entry, names),
        sentence=sentence,
        by_person=actor.kind in (ActorKind.USER, ActorKind.KEY) or isinstance(fact, PageAnswered),
        shows=_shows(entry),
        note=note,
        kind=fact.kind,
        evidence=_evidence(fact),
    )


def _person(sentence: str, entry: TimelineEntry, names: ConfigNames) -> str:
    named = sentence.values.get("who", "") if isinstance(sentence, Phrase) else ""
    user_id = getattr(entry.fact, "user_id", "")
    people = [names.person(user_id)] if user_id else []
    if entry.actor.kind in (ActorKind.USER, ActorKind.KEY):
        people.append(names.actor(entry.actor))
    return named if named in people else ""


def _shows(entry: TimelineEntry) -> frozenset[Show]:
    kind, fact = entry.fact.kind, entry.fact
    shows = {Show.ALL}
    if entry.actor.kind in (ActorKind.USER, ActorKind.KEY) or isinstance(fact, PageAnswered):
        shows.add(Show.PEOPLE)
    if kind.startswith(("page.", "escalation.")):
        shows.add(Show.PAGES)
    if kind.startswith("alert.") or isinstance(fact, im.AlertJoined | im.IncidentTriggered):
        shows.add(Show.ALERTS)
    if isinstance(fact, _CHANGES):
        shows.add(Show.CHANGES)
    return frozenset(shows)


def _attempt(entry: TimelineEntry, names: ConfigNames) -> Attempt:
    fact = entry.fact
    if isinstance(fact, PageSent):
        return Attempt(
            entry.at, phrase("sent after %(span)s", span=span_words(fact.after)), good=True, evidence=_evidence(fact)
        )
    if isinstance(fact, PageDelivered):
        return Attempt(entry.at, phrase("delivered"), good=True)
    if isinstance(fact, PageAttemptFailed):
        then = phrase("again at %(at)s", at=names.at(fact.next_at)) if fact.next_at else phrase("given up")
        detail = phrase(fact.detail) if fact.detail else phrase("no reason given")
        return Attempt(entry.at, phrase("failed: %(detail)s; %(then)s", detail=detail, then=then), good=False)
    return Attempt(entry.at, phrase("attempt %(number)s", number=getattr(fact, "attempt", "")), good=True)


def _evidence(fact: Fact) -> tuple[tuple[str, str], ...]:
    """What proves it, for whoever wants to look: the address in part, the provider's own id."""
    if isinstance(fact, PageStarted):
        return ((phrase("to"), masked(fact.address)), (phrase("message"), fact.message_id))
    if isinstance(fact, PageSent):
        return ((phrase("provider's id"), fact.provider_id),) if fact.provider_id else ()
    return ()


def masked(address: str) -> str:
    """An address that its owner recognises and nobody else can use."""
    if "://" in address:
        return address.split("/")[2] if address.count("/") >= 2 else ""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}…@{host}"
    return f"…{address[-4:]}" if len(address) > 4 else address


def _folded(lines: Iterable[Line]) -> list[Line]:
    """Runs of the same thing from machines become one line with the rest inside."""
    kinds = {kind.kind for kind in _MORE_OF_THE_SAME}
    out: list[Line] = []
    run: list[Line] = []
    for line in [*lines, None]:
        if line is not None and line.kind in kinds:
            run.append(line)
            continue
        if len(run) >= _FOLD_FROM:
            run[0].folded = run[1:]
            out.append(run[0])
        else:
            out.extend(run)
        run = []
        if line is not None:
            out.append(line)
    return out


def _with_silence(lines: list[Line]) -> list[Line]:
    last: Moment = 0
    for earlier, later in pairwise(lines):
        below = earlier.folded or (earlier.steps.lines if earlier.steps else ())
        last = max(last, below[-1].at if below else earlier.at)
        if later.at - last >= SILENCE:
            later.silence_before = span_words((later.at - last) // MINUTE * MINUTE)
    return lines
