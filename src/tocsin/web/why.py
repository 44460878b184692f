"""Why was I paged, why was I not: one sentence for each person whom an incident concerns, from facts alone.

Decides whom it concerns and the wording; every word rests on a fact of the timeline or on the policy as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tocsin.engine.people import people_at
from tocsin.escalation.messages import LevelReached
from tocsin.incidents.messages import IncidentAcknowledged, IncidentResolved
from tocsin.incidents.model import Status
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import door, listed, span_words
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
    """What one person is told. `paged`: something was sent; `me`: it is the reader."""

    user_id: str
    name: str
    paged: bool
    sentence: str
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
            verb = "acknowledged" if isinstance(entry.fact, IncidentAcknowledged) else "resolved"
            story.answers.append(f"{verb} at {scene.times.clock(entry.at)}{door(entry.actor)}")
    found = [_why(scene, user_id, story, reader_id) for user_id, story in stories.items()]
    known = {why.user_id for why in found}
    found += [why for why in _never_called(scene, reader_id) if why.user_id not in known]
    if reader_id not in {why.user_id for why in found} and reader_id in scene.config.users:
        sentence = f"You were not paged: {_place_of(scene)} does not call you."
        found.append(Why(reader_id, scene.names.person(reader_id), paged=False, sentence=sentence, me=True))
    return sorted(found, key=lambda why: not why.me)


def _tell(story: _Story, entry: TimelineEntry, scene: Scene) -> None:
    fact, clock = entry.fact, scene.times.clock
    if isinstance(fact, PageStarted):
        story.whys.setdefault(fact.why if fact.attempt == 1 else next(iter(story.whys), fact.why))
        story.sent.setdefault(fact.page_id, [f"{channel_word(fact.channel)} at {clock(entry.at)}"])
        story.planned.pop(fact.page_id, None)
    elif isinstance(fact, PagePlanned):
        story.whys[fact.why] = None
        story.planned[fact.page_id] = f"{channel_word(fact.channel)} at {clock(fact.due_at)}"
    elif isinstance(fact, PageBundled):
        story.planned[fact.page_id] = f"{channel_word(fact.channel)} at {clock(fact.due_at)}"
    elif isinstance(fact, PageSent | PageDelivered | PageAttemptFailed):
        _came_of_it(story, fact)
    elif isinstance(fact, PageNotSent):
        story.planned.pop(fact.page_id, None)
        if fact.page_id in story.sent and len(story.sent[fact.page_id]) == 1:
            story.sent[fact.page_id].append("not sent")
            story.lost.add(fact.page_id)
        way = f"no {channel_word(fact.channel)}, because " if fact.channel else ""
        story.not_sent[f"{way}{fact.reason}"] = None
    elif isinstance(fact, PageAnswered):
        story.answers.append(f"answered the {channel_word(fact.channel)} at {clock(entry.at)}")


def _came_of_it(story: _Story, fact: PageSent | PageDelivered | PageAttemptFailed) -> None:
    """Note what became of one page; retries that may still work are the timeline's business."""
    page = story.sent.get(fact.page_id, [])
    if isinstance(fact, PageSent):
        page.append(f"sent after {span_words(fact.after)}")
    elif isinstance(fact, PageDelivered):
        page.append("delivered")
    elif fact.next_at is None:
        page.append("failed")
        story.lost.add(fact.page_id)


def _pages(story: _Story) -> str:
    """What was sent: "text at 02:14:07 (sent after 38 ms, delivered) and phone call at 02:16:07"."""
    return listed(
        f"{head} ({', '.join(came)})" if came else head for head, *came in (page for page in story.sent.values())
    )


def _why(scene: Scene, user_id: str, story: _Story, reader_id: str) -> Why:
    name = scene.names.person(user_id)
    parts: list[str] = []
    if story.sent:
        reason = "; then ".join(story.whys) if story.whys else "it is assigned to them"
        verb = "was to be paged" if story.sent.keys() <= story.lost else "was paged"
        parts.append(f"{name} {verb}: {reason}. {_first_large(_pages(story))}.")
    elif story.planned:
        parts.append(f"{name} will be paged: {'; '.join(story.whys)}. {_first_large(listed(story.planned.values()))}.")
    elif story.not_sent:
        parts.append(f"{name} was not paged: {'; '.join(story.not_sent)}.")
    if story.sent and story.planned:
        parts.append(f"If nobody answers: {listed(story.planned.values())}.")
    if story.sent and story.not_sent:
        parts.append(f"{_first_large('; '.join(story.not_sent))}.")
    if not parts:
        parts.append(f"{name} was not paged.")
    if story.answers:
        parts.append(f"{name} {listed(story.answers)}.")
    return Why(user_id, name, bool(story.sent), " ".join(parts), user_id == reader_id)


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
    ended = _ending(scene) or "the incident went another way"
    waits = incident.status is Status.TRIGGERED
    found = []
    for user_id, (level, at) in turns.items():
        name = scene.names.person(user_id)
        if at and waits:
            when = scene.times.clock(at)
            sentence = f"{name} is not called yet: level {level} is called at {when} unless somebody answers."
        else:
            sentence = f"{name} was not called: {ended} before level {level} had its turn."
        found.append(Why(user_id, name, paged=False, sentence=sentence, me=user_id == reader_id))
    return found


def _ending(scene: Scene) -> str:
    """What stopped the ladder: the first answer after the last call, "Bob acknowledged at 02:17:31"."""
    ending = ""
    for entry in reversed(scene.entries):
        if isinstance(entry.fact, IncidentAcknowledged | IncidentResolved):
            verb = "acknowledged" if isinstance(entry.fact, IncidentAcknowledged) else "resolved it"
            ending = f"{scene.names.actor(entry.actor)} {verb} at {scene.times.clock(entry.at)}"
        elif isinstance(entry.fact, LevelReached) and ending:
            break
    return ending


def _place_of(scene: Scene) -> str:
    return f"the policy {scene.policy.name}" if scene.policy is not None else "its policy"


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]
