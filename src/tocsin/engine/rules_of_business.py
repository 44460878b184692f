"""Business services, dependencies, tags, subscribers, what is kept for clients: what makes them valid, and removal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tag, Tagging
from tocsin.directory.handoffs import HANDOFF_RULE, LONGEST_ADVANCE, handoff_rule
from tocsin.directory.kept import Kept
from tocsin.engine.config import Config
from tocsin.engine.handoff_looks import handoff_rules_of
from tocsin.engine.thing_removal import alone, gone, subscribers_of
from tocsin.engine.thing_rules import Draft, Verdict, named, teams_exist, unique_name
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import HANDOFF_RULES
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase, word

TAG_CHARS = 191
KEPT_BYTES = 64 * 1024
TAGGED_KINDS = ("user", "team", "policy")


def _business_service(draft: Draft) -> Verdict:
    service: BusinessService = draft.new
    found = [*named(service), *unique_name(draft, "business_service")]
    if service.team_id is not None and service.team_id not in draft.world.config.teams:
        found.append(phrase("Team not found"))
    return found, NOTHING


def _dependency(draft: Draft) -> Verdict:
    dependency: Dependency = draft.new
    config = draft.world.config
    found = []
    for label, thing_id, is_business in (
        (word("Dependent"), dependency.dependent_id, dependency.dependent_is_business),
        (word("Supporting"), dependency.supporting_id, dependency.supporting_is_business),
    ):
        if thing_id not in (config.business_services if is_business else config.services):
            found.append(phrase("%(label)s service not found", label=phrase(label)))
    if dependency.dependent_id == dependency.supporting_id:
        found.append(phrase("A service can't depend on itself"))
    if not found and _reaches(draft.world, dependency.supporting_id, dependency.dependent_id):
        found.append(phrase("The dependency would make a circle of services"))
    return found, NOTHING


def _reaches(world: World, start: str, goal: str) -> bool:
    """Whether `start` needs `goal`, directly or through others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        current = waiting.pop()
        if current == goal:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(one.supporting_id for one in world.config.dependencies_of.get(current, ()))
    return False


def _tag(draft: Draft) -> Verdict:
    tag: Tag = draft.new
    found = [*named(tag, word("Label")), *unique_name(draft, "tag")]
    if len(tag.name) > TAG_CHARS:
        found.append(phrase("Label is too long (maximum is %(tag_chars)s characters)", tag_chars=TAG_CHARS))
    return [one.replace("Name has", "Label has") for one in found], NOTHING


def _tagging(draft: Draft) -> Verdict:
    tagging: Tagging = draft.new
    config = draft.world.config
    found = [] if tagging.tag_id in config.tags else ["Tag not found"]
    if tagging.entity_kind not in TAGGED_KINDS or tagging.entity_id not in config.of(tagging.entity_kind):
        found.append(phrase("The thing to be tagged was not found"))
    return found, NOTHING


def _subscriber(draft: Draft) -> Verdict:
    one: Subscriber = draft.new
    world = draft.world
    found = []
    if one.subscriber_id not in (world.config.teams if one.is_team else world.config.users):
        found.append(phrase("Subscriber not found"))
    there = one.subscribed_id in world.config.business_services
    if one.of_incident:
        there = world.state.incident(one.subscribed_id) is not None
    if not there:
        found.append(phrase("What is subscribed to was not found"))
    return found, NOTHING


def _kept(draft: Draft) -> Verdict:
    thing: Kept = draft.new
    found = [*teams_exist(draft), *(named(thing) if thing.name else ())]
    if len(thing.wire.encode()) + len(thing.secret.encode()) > KEPT_BYTES:
        found.append(phrase("It is larger than %(kept_bytes)s bytes", kept_bytes=KEPT_BYTES))
    if thing.resource == HANDOFF_RULE and not found:
        found += _handoff_rule_problems(draft.world.config, thing)
    return found, NOTHING


def _handoff_rule_problems(config: Config, thing: Kept) -> Iterator[str]:
    if handoff_rule(thing) is None:
        yield phrase(
            "Notify advance in minutes must be between 0 and %(longest_advance)s", longest_advance=LONGEST_ADVANCE
        )
    contact = config.contact_methods.get(thing.parent_id)
    if contact is None:
        yield phrase("Contact method not found")
    else:
        others = [one for one in handoff_rules_of(config, contact.user_id) if one.id != thing.id]
        if len(others) >= HANDOFF_RULES:
            yield phrase(
                "A user cannot have more than %(handoff_rules)s on-call handoff notification rules",
                handoff_rules=HANDOFF_RULES,
            )


def _business_service_gone(world: World, service: BusinessService, _now: Moment) -> Decision:
    ends = [one for one in world.config.dependencies.values() if service.id in (one.dependent_id, one.supporting_id)]
    return gone([*ends, *subscribers_of(world.config, service.id), service])


def _tag_gone(world: World, tag: Tag, _now: Moment) -> Decision:
    return gone([*(one for one in world.config.taggings.values() if one.tag_id == tag.id), tag])


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "business_service": _business_service,
    "dependency": _dependency,
    "tag": _tag,
    "tagging": _tagging,
    "subscriber": _subscriber,
    "kept": _kept,
}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "business_service": _business_service_gone,
    "dependency": alone,
    "tag": _tag_gone,
    "tagging": alone,
    "subscriber": alone,
    "kept": alone,
}
"""What removing each of these kinds means."""
