"""Why was I paged, why was I not: one sentence for each person whom an incident concerns, from facts alone.

Decides whom it concerns and the wording; every word rests on a fact of the timeline or on the policy as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tocsin.engine.people import people_at
from tocsin.escalation.messages import LevelReached
from tocsin.incidents.messages import IncidentAcknowledged, IncidentResolved
from tocsin.incidents.model import Status
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import door, joined, listed, phrase, sentence_case, span_words
from tocsin.paging.messages import (
    PageAnswered,
    PageAttemptFailed,
    PageBundled,
    PageDelivered,
    PageNotSent,
    PagePlanned,
    PageSent,
    PageStarted,
)
from tocsin.paging.timeline import channel_word
from tocsin.runtime.reads import TimelineEntry
from tocsin.web.ladder import Scene, calls_ahead


@dataclass(frozen=True, slots=True)
class Why:
    """What one person is told, sentence by sentence. `paged`: something was sent; `me`: it is the reader."""

    user_id: str
    name: str
    paged: bool
    sentences: tuple[str, ...]
    me: bool


@dataclass(slots=True)
class _Story:
    """What the timeline says about one person."""

    whys: dict[str, None] = field(default_factory=dict)
    sent: dict[str, list[str]] = field(default_factory=dict)
    """By page: which way and when, and what came of it."""
    planned: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Pages of which nothing got out."""
    not_sent: dict[str, None] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)


def whys_of(scene: Scene, reader_id: str) -> list[Why]:
    """One answer for each person whom the incident concerns: the reader first, then as they came into it."""
    stories: dict[str, _Story] = {}
    for entry in scene.entries:
        user_id = getattr(entry.fact, "user_id", "")
        if user_id:
            _tell(stories.setdefault(user_id, _Story()), entry, scene)
        elif isinstance(entry.fact, IncidentAcknowledged | IncidentResolved) and entry.actor.kind is ActorKind.USER:
            story = stories.setdefault(entry.actor.id, _Story())
            at, by = scene.times.clock(entry.at), door(entry.actor)
            acknowledged = isinstance(entry.fact, IncidentAcknowledged)
            story.answers.append(
                phrase("acknowledged at %(at)s%(door)s", at=at, door=by)
                if acknowledged
                else phrase("resolved at %(at)s%(door)s", at=at, door=by)
            )
    found = [_why(scene, user_id, story, reader_id) for user_id, story in stories.items()]
    known = {why.user_id for why in found}
    found += [why for why in _never_called(scene, reader_id) if why.user_id not in known]
    if reader_id not in {why.user_id for why in found} and reader_id in scene.config.users:
        sentence: str = phrase("You were not paged: its policy does not call you.")
        if scene.policy is not None:
            name = scene.policy.name
            sentence = phrase("You were not paged: the policy %(name)s does not call you.", name=name)
        found.append(Why(reader_id, scene.names.person(reader_id), paged=False, sentences=(sentence,), me=True))
    return sorted(found, key=lambda why: not why.me)


def _tell(story: _Story, entry: TimelineEntry, scene: Scene) -> None:
    fact, clock = entry.fact, scene.times.clock
    if isinstance(fact, PageStarted):
        story.whys.setdefault(fact.why if fact.attempt == 1 else next(iter(story.whys), fact.why))
        story.sent.setdefault(fact.page_id, [_way_at(fact.channel, clock(entry.at))])
        story.planned.pop(fact.page_id, None)
    elif isinstance(fact, PagePlanned):
        story.whys[fact.why] = None
        story.planned[fact.page_id] = _way_at(fact.channel, clock(fact.due_at))
    elif isinstance(fact, PageBundled):
        story.planned[fact.page_id] = _way_at(fact.channel, clock(fact.due_at))
    elif isinstance(fact, PageSent | PageDelivered | PageAttemptFailed):
        _came_of_it(story, fact)
    elif isinstance(fact, PageNotSent):
        story.planned.pop(fact.page_id, None)
        if fact.page_id in story.sent and len(story.sent[fact.page_id]) == 1:
            story.sent[fact.page_id].append(phrase("not sent"))
            story.lost.add(fact.page_id)
        reason: str = phrase(fact.reason)
        if fact.channel:
            reason = phrase("no %(way)s, because %(reason)s", way=channel_word(fact.channel), reason=reason)
        story.not_sent[reason] = None
    elif isinstance(fact, PageAnswered):
        way = channel_word(fact.channel)
        story.answers.append(phrase("answered the %(way)s at %(at)s", way=way, at=clock(entry.at)))


def _way_at(channel: str, at: str) -> str:
    return phrase("%(way)s at %(at)s", way=channel_word(channel), at=at)


def _came_of_it(story: _Story, fact: PageSent | PageDelivered | PageAttemptFailed) -> None:
    """Note what became of one page; retries that may still work are the timeline's business."""
    page = story.sent.get(fact.page_id, [])
    if isinstance(fact, PageSent):
        page.append(phrase("sent after %(span)s", span=span_words(fact.after)))
    elif isinstance(fact, PageDelivered):
        page.append(phrase("delivered"))
    elif fact.next_at is None:
        page.append(phrase("failed"))
        story.lost.add(fact.page_id)


def _pages(story: _Story) -> str:
    """What was sent: "text at 02:14:07 (sent after 38 ms, delivered) and phone call at 02:16:07"."""
    return listed(
        phrase("%(page)s (%(results)s)", page=head, results=joined(came)) if came else head
        for head, *came in story.sent.values()
    )


def _why(scene: Scene, user_id: str, story: _Story, reader_id: str) -> Why:
    name = scene.names.person(user_id)
    parts: list[str] = []
    whys = joined(map(phrase, story.whys), "; ")
    if story.sent:
        parts += _was_paged(name, story)
    elif story.planned:
        pages = sentence_case(listed(story.planned.values()))
        parts.append(phrase("%(who)s will be paged: %(reason)s. %(pages)s.", who=name, reason=whys, pages=pages))
    elif story.not_sent:
        reason = joined(story.not_sent, "; ")
        parts.append(phrase("%(who)s was not paged: %(reason)s.", who=name, reason=reason))
    if story.sent and story.planned:
        parts.append(phrase("If nobody answers: %(pages)s.", pages=listed(story.planned.values())))
    if story.sent and story.not_sent:
        parts.append(phrase("%(reason)s.", reason=sentence_case(joined(story.not_sent, "; "))))
    if not parts:
        parts.append(phrase("%(who)s was not paged.", who=name))
    if story.answers:
        parts.append(phrase("%(who)s %(did)s.", who=name, did=listed(story.answers)))
    return Why(user_id, name, bool(story.sent), tuple(parts), user_id == reader_id)


def _was_paged(name: str, story: _Story) -> Iterator[str]:
    reasons = [phrase(one) for one in story.whys] or [phrase("it is assigned to them")]
    reason: str = reasons[0]
    for then in reasons[1:]:
        reason = phrase("%(reason)s; then %(then)s", reason=reason, then=then)
    pages = sentence_case(_pages(story))
    if story.sent.keys() <= story.lost:
        yield phrase("%(who)s was to be paged: %(reason)s. %(pages)s.", who=name, reason=reason, pages=pages)
    else:
        yield phrase("%(who)s was paged: %(reason)s. %(pages)s.", who=name, reason=reason, pages=pages)


def _never_called(scene: Scene, reader_id: str) -> list[Why]:
    """People of levels whose turn has not come: when it would, or what came before it."""
    incident, policy = scene.incident, scene.policy
    if policy is None:
        return []
    turns: dict[str, tuple[int, Moment]] = {}
    for call in calls_ahead(scene):
        for user_id in call.user_ids:
            turns.setdefault(user_id, (call.level, call.at))
    for number, rule in enumerate(policy.rules, 1):
        for user_id in people_at(scene.config, scene.times.now)(rule).user_ids:
            turns.setdefault(user_id, (number, 0))
    ended = _ending(scene) or phrase("the incident went another way")
    waits = incident.status is Status.TRIGGERED
    found = []
    for user_id, (level, at) in turns.items():
        name = scene.names.person(user_id)
        if at and waits:
            when = scene.times.clock(at)
            sentence = phrase(
                "%(who)s is not called yet: level %(level)s is called at %(at)s unless somebody answers.",
                who=name,
                level=level,
                at=when,
            )
        else:
            sentence = phrase(
                "%(who)s was not called: %(ended)s before level %(level)s had its turn.",
                who=name,
                ended=ended,
                level=level,
            )
        found.append(Why(user_id, name, paged=False, sentences=(sentence,), me=user_id == reader_id))
    return found


def _ending(scene: Scene) -> str:
    """What stopped the ladder: the first answer after the last call, "Bob acknowledged at 02:17:31"."""
    ending = ""
    for entry in reversed(scene.entries):
        if isinstance(entry.fact, IncidentAcknowledged | IncidentResolved):
            who, at = scene.names.actor(entry.actor), scene.times.clock(entry.at)
            ending = (
                phrase("%(person)s acknowledged at %(at)s", person=who, at=at)
                if isinstance(entry.fact, IncidentAcknowledged)
                else phrase("%(person)s resolved it at %(at)s", person=who, at=at)
            )
        elif isinstance(entry.fact, LevelReached) and ending:
            break
    return ending
