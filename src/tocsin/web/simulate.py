"""Simulations as pages: who would be called, when, by what, until when, and whom nothing reaches.

Decides what may be asked, and how long the answer may take. The engine that pages people is never asked; a copy of the
configuration is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Channel, Service, Urgency
from tocsin.engine.config import Config
from tocsin.engine.people import on_call
from tocsin.engine.reach import lack_of
from tocsin.escalation.messages import LastResortReached, LevelReached
from tocsin.escalation.model import Policy, TargetKind
from tocsin.events.model import Severity
from tocsin.incidents.model import NextStep, NoTimer
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.kernel.time import HOUR, MINUTE, SECOND, Moment, Span, from_datetime
from tocsin.paging.messages import PageAnswered
from tocsin.runtime.simulation import Bounds, Question, Story, simulate, trial_service, turns_of
from tocsin.web.channels import WORDS
from tocsin.web.findings import LACKS
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.policies.pages import found_policy
from tocsin.web.rules.pages import found_service
from tocsin.web.simulated import names_in, sentence
from tocsin.web.times import zone_of
from tocsin.web.visit import Visit, status_of

SECONDS: Final = 3.0
"""A simulation stops after so long: a page must not keep a busy server."""

MOST_HOURS: Final = 48
_FIELDS: Final = ("at", "zone", "alarm", "answer", "hours")
_YEARS: Final = range(2000, 2200)

ALARMS: Final[Mapping[str, str]] = {
    "critical": later("severity critical"),
    "error": later("severity error"),
    "warning": later("severity warning"),
    "info": later("severity info"),
    "high": later("high urgency, whatever its rule says"),
    "low": later("low urgency, whatever its rule says"),
}
"""What kind of alarm may be asked about, by its word in the address."""

OF_POLICY: Final[Mapping[str, str]] = {"high": later("high urgency"), "low": later("low urgency")}
"""The same of a policy, which has no rule of its own for that."""

_NEXT: Final[Mapping[NextStep, str]] = {
    NextStep.ESCALATE: later("Then the next level follows."),
    NextStep.LAST_RESORT: later("Then the last resort is called again."),
    NextStep.UNACKNOWLEDGE: later("Then the acknowledgement runs out, and it pages again."),
}
_ENDS: Final[Mapping[NoTimer, str]] = {
    NoTimer.EXHAUSTED: later("Then nobody else is called: the policy is used up, and the last resort is switched off."),
    NoTimer.LOW_URGENCY: later("Then nobody else is called: low urgency never escalates."),
    NoTimer.NO_ACK_TIMEOUT: later("Then nobody else is called: somebody has it."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happens. `after` the alarm; `hung`: it is about a page, under the call that it belongs to."""

    after: str
    at: Moment
    text: str
    hung: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A person who is called: when first, by what, how many pages, and until when it is theirs (None = to the end).

    `pages` 0: called, and nothing goes out to them.
    """

    user_id: str
    name: str
    first: Moment
    after: str
    by: str
    pages: int
    until: Moment | None


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody whom the policy names or who is on call then, and whom nothing reaches."""

    user_id: str
    name: str
    why: str
    path: str


def simulate_policy(visit: Visit) -> Response:
    """`/policies/{id}/simulate`."""
    policy = found_policy(visit)
    return _page(visit, trial_service(policy), policy, f"/policies/{policy.id}")


def simulate_service(visit: Visit) -> Response:
    """`/services/{id}/simulate`."""
    service = found_service(visit)
    policy = visit.config.policies.get(service.policy_id)
    return _page(visit, service, policy, f"/services/{service.id}")


def _page(visit: Visit, service: Service, policy: Policy | None, back: str) -> Response:
    typed = _typed(visit, of_policy=back.startswith("/policies"))
    story, error, code = None, None, 200
    try:
        if visit.query("at"):
            story = _story(visit, _question(visit, service, typed))
    except TocsinError as refused:
        error, code = refused, status_of(refused)
    alarms = ALARMS if back.startswith("/services") else OF_POLICY
    return visit.page(
        "simulate.html",
        code,
        title=service.name,
        policy=policy if policy is not None and visit.may_read(policy) else None,
        back=back,
        of_policy=back.startswith("/policies"),
        typed=typed,
        alarms=alarms,
        most_hours=MOST_HOURS,
        error=error,
        story=story,
        fenced=visit.config.settings.sending_fenced,
        **(_told(visit, story) if story is not None else {}),
    )


def _story(visit: Visit, question: Question) -> Story:
    config, site, ways = visit.config, visit.site, frozenset(visit.site.ways_to_send())

    def make() -> Story:
        bounds = Bounds(clock=site.clock, seconds=SECONDS)
        return simulate(config, ways, question, ids=site.ids, settings=site.setup().settings, bounds=bounds)

    return site.simulations.story(config.version, ways, question, make)


def _typed(visit: Visit, *, of_policy: bool) -> dict[str, str]:
    """What the form holds: a moment that came with another zone stands there in the reader's."""
    typed = {name: visit.query(name).strip() for name in _FIELDS}
    asked = visit.now
    try:
        asked = _moment(visit, typed) if typed["at"] else visit.now
    except Invalid:
        return typed | {"field": typed["at"]}
    shown = f"{visit.times.local(asked):%Y-%m-%dT%H:%M}"
    alarm = typed["alarm"] or ("high" if of_policy else "critical")
    return typed | {"field": shown, "alarm": alarm, "hours": typed["hours"] or "2"}


def _question(visit: Visit, service: Service, typed: Mapping[str, str]) -> Question:
    alarm = typed["alarm"]
    if alarm not in ALARMS:
        raise Invalid(_("There is no such alarm."))
    answer = typed["answer"]
    return Question(
        service=service,
        at=_moment(visit, typed),
        span=_span(typed["hours"], HOUR, MOST_HOURS, _("How far to look is a number of hours, 48 at most.")),
        severity=Severity(alarm) if alarm not in OF_POLICY else Severity.CRITICAL,
        urgency=Urgency(alarm) if alarm in OF_POLICY else None,
        turns=turns_of(visit.config, visit.site.reads.memories),
        answer_after=_span(answer, MINUTE, 60 * MOST_HOURS, _("The answer comes after a number of minutes."))
        if answer
        else None,
    )


def _span(typed: str, unit: Span, most: int, wrong: str) -> Span:
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        raise Invalid(wrong) from None
    if not 0 <= number <= most:
        raise Invalid(wrong)
    return round(number * unit)


def _moment(visit: Visit, typed: Mapping[str, str]) -> Moment:
    """The moment of the address. One without an offset is on the clock of its `zone`: a link means the same to all."""
    try:
        at = datetime.fromisoformat(typed["at"])
        if at.year not in _YEARS:
            raise ValueError(at.year)
        zone = zone_of(typed["zone"]) if typed["zone"] else visit.times.zone
        return from_datetime(at if at.tzinfo is not None else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise Invalid(_("When is a date and time, like 2026-03-01 14:30.")) from None


def _told(visit: Visit, story: Story) -> dict[str, object]:
    """The story for its page."""
    at = story.question.at
    names = names_in(story, visit.times)
    lines = [
        Line(offset(step.at - at), step.at, sentence(step, names), step.fact.kind.startswith("page."))
        for step in story.steps
    ]
    missed = _missed(visit, story)
    people = _people(visit, story)
    return {
        "lines": lines,
        "people": people,
        "missed": missed,
        "last": offset(story.sent[-1][0] - at) if story.sent else "",
        "answered": next((one for one in story.steps if isinstance(one.fact, PageAnswered)), None),
        "then": _then(story),
        "then_at": story.incident.timer_at if story.incident is not None and story.incident.is_open else None,
    }


def offset(span: Span) -> str:
    """How long after the alarm: "+0:05", "+0:05:30"."""
    seconds = span // SECOND
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"+{hours}:{minutes:02}" + (f":{rest:02}" if rest else "")


def _people(visit: Visit, story: Story) -> list[Reached]:
    """Everybody who is called, in order."""
    calls: dict[str, Moment] = {}
    until: dict[str, Moment | None] = {}
    for step in story.steps:
        if not isinstance(step.fact, LevelReached | LastResortReached):
            continue
        for user_id in until.keys() - set(step.fact.user_ids):
            until[user_id] = until[user_id] or step.at
        for user_id in step.fact.user_ids:
            calls.setdefault(user_id, step.at)
            until[user_id] = None
    return [_reached(visit, story, user_id, first, until[user_id]) for user_id, first in calls.items()]


def _reached(visit: Visit, story: Story, user_id: str, first: Moment, until: Moment | None) -> Reached:
    sent = [(at, fact.channel) for at, fact in story.sent if fact.user_id == user_id]
    words = dict.fromkeys(_(WORDS[Channel(channel)]) for _at, channel in sent)
    begin = sent[0][0] if sent else first
    return Reached(
        user_id,
        visit.names.person(user_id),
        begin,
        offset(begin - story.question.at),
        ", ".join(words),
        len(sent),
        until,
    )


def _missed(visit: Visit, story: Story) -> list[Missed]:
    """Whom nothing reaches, of those whom the policy names and who is on call at the moment of the alarm."""
    config, ways, policy = story.config, visit.site.ways_to_send(), story.policy
    found = []
    for user_id in _named(config, policy, story.question.at) if policy is not None else ():
        lack = lack_of(config, user_id, ways)
        if lack is not None:
            user = visit.config.users.get(user_id)
            path = f"/people/{user_id}" if user is not None and visit.may_read(user) else ""
            found.append(Missed(user_id, visit.names.person(user_id), _(LACKS[lack]), path))
    return found


def _named(config: Config, policy: Policy, at: Moment) -> dict[str, None]:
    found: dict[str, None] = {}
    for target in (target for rule in policy.rules for target in rule.targets):
        if target.kind is TargetKind.USER:
            found[target.id] = None
        else:
            found |= dict.fromkeys(on_call(config, target.id, at))
    return found


def _then(story: Story) -> str:
    """How it would go on after the time that was looked at."""
    incident = story.incident
    if incident is None:
        return ""
    if not incident.is_open:
        return _("Then it is over.")
    if incident.next_step is not None and incident.timer_at is not None:
        return _(_NEXT[incident.next_step])
    ended = _ENDS.get(incident.timer_reason) if incident.timer_reason is not None else None
    return _(ended) if ended else ""
