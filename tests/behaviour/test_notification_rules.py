"""Each person by their own rules: which way, after how long, while it is unanswered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast
from tocsin.directory.model import Channel, Role, User
from tocsin.engine.world import ThingChange
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import MINUTE
from tocsin.paging.messages import PageNotSent, PagePlanned
from tocsin.storage.turns import Turn
from tocsin.testing.world import OWNER, World


def dora_on_call(world: World, *rules: tuple[Channel, int]) -> User:
    """Dora alone on a policy with one level; the alarm has just come in."""
    dora = world.person("dora", rules=rules)
    _, monitor = world.service("Dora's", world.policy("Dora", (30, dora)))
    world.event(monitor)
    return dora


def ways(world: World, dora: User, begin: int) -> list[tuple[str, int]]:
    return [(one.message.channel.value, (one.at - begin) // MINUTE) for one in world.pages_to(dora)]


def test_one_way_after_the_other(world: World) -> None:
    begin = world.clock.now()
    dora = dora_on_call(world, (Channel.SMS, 0), (Channel.VOICE, 3), (Channel.EMAIL, 10))
    world.advance(minutes=20)
    assert ways(world, dora, begin) == [("sms", 0), ("voice", 3), ("email", 10)]
    assert [fact.channel for fact in world.facts(PagePlanned)] == [Channel.VOICE, Channel.EMAIL]


def test_an_answer_stops_the_later_ways_on_record(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    dora = dora_on_call(world, (Channel.SMS, 0), (Channel.VOICE, 3), (Channel.EMAIL, 10))
    world.advance(minutes=4)
    world.does(dora, Acknowledge)
    world.advance(minutes=60)
    assert ways(world, dora, begin) == [("sms", 0), ("voice", 3)]
    assert [(fact.channel, fact.reason) for fact in world.facts(PageNotSent)] == [("email", "answered by Dora")]


def test_resolving_stops_them_too(world: World, cast: Cast) -> None:
    dora = dora_on_call(world, (Channel.SMS, 1))
    world.does(dora, Resolve)
    world.advance(minutes=60)
    assert world.pages_to(dora) == []


def test_the_next_level_stops_them(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 8)])
    _, monitor = world.service("Dora's", world.policy("Dora", (5, dora), (30, cast.bob)))
    world.event(monitor)
    world.advance(minutes=30)
    assert ways(world, dora, begin) == [("sms", 0)]
    assert any(fact.channel == "voice" and fact.user_id == dora.id for fact in world.facts(PageNotSent))


def test_two_ways_at_once(world: World) -> None:
    dora = dora_on_call(world, (Channel.VOICE, 0), (Channel.SMS, 0))
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.VOICE, Channel.SMS]


def test_without_a_rule_for_high_urgency_every_way_is_used(world: World) -> None:
    dora = dora_on_call(world)
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.EMAIL]


def test_a_contact_method_that_was_removed_meanwhile_is_not_used(world: World) -> None:
    dora = dora_on_call(world, (Channel.SMS, 0), (Channel.VOICE, 3))
    voice = next(one for one in world.config.contacts_of[dora.id] if one.channel is Channel.VOICE)
    world.delete(voice)
    world.advance(minutes=5)
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.SMS]
    assert [fact.reason for fact in world.facts(PageNotSent)] == ["the contact method is not in use any more"]


def test_one_that_is_switched_off_counts_as_none(world: World, cast: Cast) -> None:
    for contact in world.config.contacts_of[cast.alice.id]:
        world.save(replace(contact, enabled=False), "enabled")
    world.event(cast.monitor)
    assert world.pages_to(cast.alice) == []
    assert world.pages_to(cast.bob), "her level was skipped at once"


def test_an_address_that_would_be_refused_now_can_still_be_switched_off(world: World) -> None:
    dora = world.person("dora", rules=[(Channel.WEBHOOK, 0)])
    saved = next(one for one in world.config.contacts_of[dora.id] if one.channel is Channel.WEBHOOK)
    with pytest.raises(Invalid, match="can be called"):
        world.save(replace(saved, address="https://"), "address")
    kept = replace(saved, address="https://dora:secret@hooks.example.com/")
    world.store.begin()
    change = ThingChange("contact_method", kept.id, saved, kept)
    world.store.commit(Turn(world.clock.now(), changes=[(world.clock.now(), OWNER, change)]))
    world.crash()
    world.save(replace(kept, enabled=False, label="Old"), "enabled", "label")
    assert world.config.contact_methods[kept.id] == replace(kept, enabled=False, label="Old")
    with pytest.raises(Invalid, match="a user name or password"):
        world.save(replace(kept, address=kept.address + "again"), "address")


def test_a_rule_that_is_slower_than_the_repeats_still_reaches_its_person(world: World) -> None:
    """Called again every half hour, by the policy and by the last resort: that must not begin anew each time."""
    begin = world.clock.now()
    olga = world.person("olga", role=Role.OWNER, rules=[(Channel.SMS, 31)])
    _, monitor = world.service("Slow", world.policy("Slow", (30, olga), loops=1))
    world.event(monitor)
    world.advance(minutes=130)
    assert ways(world, olga, begin) == [("sms", 31), ("sms", 91)]


def test_called_again_the_early_ways_are_used_anew_and_the_late_ones_go_on(world: World) -> None:
    begin = world.clock.now()
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 5)])
    _, monitor = world.service("Dora's", world.policy("Dora", (5, dora), loops=2))
    world.event(monitor)
    world.advance(minutes=14)
    assert ways(world, dora, begin) == [("sms", 0), ("sms", 5), ("voice", 5), ("sms", 10)]
    assert len([page for page in world.records().pages if page.channel is Channel.VOICE]) == 2, "never planned twice"
