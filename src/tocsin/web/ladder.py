"""The ladder of an incident: who was called, who is, who would be next and when, level by level and in words.

Looks ahead by the same functions that the engine uses; what it foretells may change with schedules and answers, and
nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.engine.config import Config
from tocsin.engine.people import last_resort, people_at, ways
from tocsin.escalation.messages import LevelReached, LevelSkipped, PassRepeated
from tocsin.escalation.model import Policy
from tocsin.incidents.messages import IncidentAcknowledged, IncidentReopened, IncidentTriggered
from tocsin.incidents.model import AssignedVia, Incident, NextStep, NoTimer, Status
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import MINUTE, Moment
from tocsin.kernel.wording import joined, listed, nphrase, phrase, sentence_case, span_words, word
from tocsin.paging.model import Page, PageState
from tocsin.paging.timeline import channel_word
from tocsin.runtime.reads import TimelineEntry
from tocsin.web.names import ConfigNames
from tocsin.web.times import Times

_RESULTS: Final = {
    PageState.PLANNED: word("%(way)s planned"),
    PageState.BUNDLED: word("%(way)s waiting"),
    PageState.SENDING: word("%(way)s on its way"),
    PageState.SENT: word("%(way)s sent"),
    PageState.DELIVERED: word("%(way)s delivered"),
    PageState.FAILED: word("%(way)s failed"),
    PageState.CANCELLED: word("%(way)s not sent"),
}
_NO_ANSWER: Final = phrase("No answer")


IN_TURN: Final = phrase("one of them, in turn")
"""How a level is called whose targets take turns: whose turn it is then depends on what comes before."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One level. `state`: "past", "here", "ahead", "skipped" or "idle" (it will not be called as things stand).

    `at` is when it was or will be called, `answered_at` when somebody answered while it was; `answered`: they did.
    """

    level: int
    state: str
    people: tuple[str, ...]
    how: str
    at: Moment | None
    result: str
    until: Moment | None = None
    answered_at: Moment | None = None

    @property
    def answered(self) -> bool:
        """Whether somebody answered while this level was called."""
        return self.answered_at is not None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The whole ladder. `title` is the policy's name, `words` what happens if nobody answers."""

    title: str
    rungs: tuple[Rung, ...]
    passes: int
    pass_number: int
    words: str


@dataclass(frozen=True, slots=True)
class Call:
    """A level that would be called at a moment."""

    level: int
    pass_number: int
    at: Moment
    user_ids: tuple[str, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What the ladder is drawn from. `entries` is the timeline, oldest first."""

    incident: Incident
    policy: Policy | None
    config: Config
    pages: Sequence[Page]
    entries: Sequence[TimelineEntry]
    names: ConfigNames
    times: Times


def ladder_of(scene: Scene) -> Ladder:
    """The ladder of an incident."""
    incident, policy = scene.incident, scene.policy
    if policy is None or not policy.rules:
        return Ladder(phrase("No escalation policy"), (), 1, 1, _words(scene))
    reached, skipped = _history(scene)
    ahead = {call.level: call for call in _this_pass(scene)}
    rungs = []
    for number, rule in enumerate(policy.rules, 1):
        call = ahead.get(number)
        if number in reached:
            rungs.append(_called(scene, number, reached[number]))
        elif number in skipped:
            rungs.append(Rung(number, "skipped", (), "", skipped[number][0], sentence_case(phrase(skipped[number][1]))))
        elif call is not None:
            people = tuple(map(scene.names.person, call.user_ids))
            missing = "" if people else sentence_case(phrase(call.missing or "nobody is on call"))
            how = IN_TURN if rule.in_turn and len(people) > 1 else _how(scene, call.user_ids)
            rungs.append(Rung(number, "ahead" if people else "skipped", people, how, call.at, missing))
        else:
            found = people_at(scene.config, scene.times.now)(rule)
            how = IN_TURN if rule.in_turn and len(found.user_ids) > 1 else ""
            rungs.append(Rung(number, "idle", tuple(map(scene.names.person, found.user_ids)), how, None, ""))
    return Ladder(policy.name, tuple(rungs), policy.passes, max(1, incident.pass_number), _words(scene))


def calls_ahead(scene: Scene) -> Iterator[Call]:
    """Every level that would still be called if nobody answered, in order, over all passes."""
    incident, policy = scene.incident, scene.policy
    if policy is None or incident.next_step is not NextStep.ESCALATE or incident.timer_at is None:
        return
    at, level, pass_number = incident.timer_at, incident.level + 1, max(1, incident.pass_number)
    while True:
        if level > len(policy.rules):
            level, pass_number = 1, pass_number + 1
        if pass_number > policy.passes:
            return
        rule = policy.rules[level - 1]
        found = people_at(scene.config, at)(rule)
        yield Call(level, pass_number, at, found.user_ids, found.missing)
        if found.user_ids:
            at += rule.delay_minutes * MINUTE
        level += 1


def _this_pass(scene: Scene) -> Iterator[Call]:
    for call in calls_ahead(scene):
        if call.pass_number != max(1, scene.incident.pass_number):
            return
        yield call


def _history(scene: Scene) -> tuple[dict[int, tuple[Moment, LevelReached]], dict[int, tuple[Moment, str]]]:
    """When each level of the present pass was called, or why it was skipped."""
    reached: dict[int, tuple[Moment, LevelReached]] = {}
    skipped: dict[int, tuple[Moment, str]] = {}
    for entry in scene.entries:
        fact = entry.fact
        if isinstance(fact, PassRepeated | IncidentReopened | IncidentTriggered):
            reached, skipped = {}, {}
        elif isinstance(fact, LevelReached) and fact.level:
            if not (fact.resumed and fact.level in reached):
                reached = {level: one for level, one in reached.items() if level < fact.level}
                reached[fact.level] = (entry.at, fact)
        elif isinstance(fact, LevelSkipped):
            skipped[fact.level] = (entry.at, fact.reason)
    return reached, {level: one for level, one in skipped.items() if level not in reached}


def _called(scene: Scene, number: int, reached: tuple[Moment, LevelReached]) -> Rung:
    incident = scene.incident
    at, fact = reached
    here = number == incident.level and incident.assigned_via is AssignedVia.ESCALATION_POLICY
    pages = [page for page in scene.pages if page.level == number and page.pass_number == fact.pass_number]
    people = tuple(map(scene.names.person, fact.user_ids))
    if here and incident.status is Status.TRIGGERED and not incident.last_resort_round:
        until = incident.timer_at if incident.next_step is NextStep.ESCALATE else None
        return Rung(number, "here", people, _sent(pages), at, phrase("Calling"), until)
    over = incident.status is not Status.TRIGGERED and here
    result, answered_at = _answer(scene, fact) if over else (_NO_ANSWER, None)
    return Rung(number, "past", people, _sent(pages), at, result, answered_at=answered_at)


def _answer(scene: Scene, reached: LevelReached) -> tuple[str, Moment | None]:
    """Who answered while this level was called, and when: "Answered" when it was one of its own people."""
    for entry in reversed(scene.entries):
        if isinstance(entry.fact, IncidentAcknowledged):
            own = entry.actor.kind is ActorKind.USER and entry.actor.id in reached.user_ids
            who = scene.names.actor(entry.actor)
            return phrase("Answered") if own else phrase("%(who)s answered", who=who), entry.at
        if entry.fact is reached:
            break
    return _NO_ANSWER, None


def _sent(pages: Sequence[Page]) -> str:
    """How people were reached, in the order of time: "text delivered, phone call planned"."""
    in_order = sorted(pages, key=lambda page: page.due_at)
    newest: dict[tuple[str, str], Page] = {(page.user_id, page.contact_id): page for page in in_order}
    words = [phrase(_RESULTS[page.state], way=channel_word(page.channel)) for page in newest.values()]
    return joined(dict.fromkeys(words))


def _how(scene: Scene, user_ids: Sequence[str]) -> str:
    """How people would be reached: "text at once, phone call after 2 min"."""
    words: dict[str, None] = {}
    for user_id in user_ids:
        for way in ways(scene.config, user_id, scene.incident.urgency):
            by, delay = channel_word(way.contact.channel), span_words(way.delay_minutes * MINUTE)
            if way.delay_minutes:
                words[phrase("%(way)s after %(span)s", way=by, span=delay)] = None
            else:
                words[phrase("%(way)s at once", way=by)] = None
    return joined(words)


def _words(scene: Scene) -> str:
    """What happens if nobody does anything, in one or two sentences."""
    incident, names, times = scene.incident, scene.names, scene.times
    if incident.status is Status.RESOLVED:
        return phrase("It is over. Nobody is called.")
    who = listed(map(names.person, incident.assignee_ids))
    if incident.status is Status.ACKNOWLEDGED:
        return _in_hand(incident, who, times)
    if incident.next_step is NextStep.LAST_RESORT and incident.timer_at is not None:
        return phrase(
            "Nobody answered. The last resort was called (round %(number)s: %(who)s); "
            "it is called again at %(at)s until somebody answers.",
            number=incident.last_resort_round,
            who=who,
            at=times.minute(incident.timer_at),
        )
    if incident.next_step is NextStep.ESCALATE:
        return _to_the_end(scene)
    match incident.timer_reason:
        case NoTimer.EXHAUSTED:
            return phrase("Every pass ended unanswered and the last resort is off: nobody is called any more.")
        case NoTimer.LOW_URGENCY:
            return phrase("Low urgency: %(who)s was told; nobody further is called by itself.", who=who)
        case NoTimer.ASSIGNED:
            return phrase("It was given to %(who)s by name; nobody else is called while a page gets through.", who=who)
        case _:
            return phrase("The first level is being called.")


def _in_hand(incident: Incident, who: str, times: Times) -> str:
    held = nphrase(
        "%(who)s has it. Nobody else will be called.",
        "%(who)s have it. Nobody else will be called.",
        len(incident.assignments),
        who=who,
    )
    if incident.timer_at is None:
        return held
    at = times.minute(incident.timer_at)
    if incident.snoozed_until:
        return phrase("%(held)s The snooze ends at %(at)s; then it pages again.", held=held, at=at)
    return phrase("%(held)s The acknowledgement runs out at %(at)s; then it pages again.", held=held, at=at)


def _to_the_end(scene: Scene) -> str:
    incident, policy, times = scene.incident, scene.policy, scene.times
    assert policy is not None
    last: Call | None = None
    end = incident.timer_at or times.now
    for call in calls_ahead(scene):
        if call.user_ids:
            last = call
            end = call.at + policy.rules[call.level - 1].delay_minutes * MINUTE
    resort = last_resort(scene.config, incident)
    at = times.minute(end)
    if not resort.enabled:
        then = phrase("after %(at)s nobody is called", at=at)
    elif resort.managers:
        then = phrase("at %(at)s the team’s managers are told", at=at)
    else:
        then = phrase("at %(at)s the owners are told", at=at)
    if last is None:
        return phrase("If nobody answers: this was the last try; %(then)s.", then=then)
    place = ""
    if policy.passes > 1:
        place = phrase(", pass %(number)s of %(passes)s", number=last.pass_number, passes=policy.passes)
    return phrase(
        "If nobody answers: last try at %(at)s (%(people)s%(place)s); %(then)s.",
        at=times.minute(last.at),
        people=listed(map(scene.names.person, last.user_ids)),
        place=place,
        then=then,
    )
