"""Test pages are few, so that nobody keeps real pages waiting with them, and real ones go first."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast
from tocsin.directory.model import Channel, ContactMethod, NotificationRule, Urgency, UrgencyRule
from tocsin.kernel.errors import TooMany
from tocsin.paging.messages import SendTestPage
from tocsin.paging.model import Haste
from tocsin.testing.world import World, as_user


def try_phone(world: World, cast: Cast, contact: ContactMethod) -> None:
    world.run(as_user(cast.alice), SendTestPage(contact_id=contact.id))


def test_one_a_minute_to_a_contact_method(world: World, cast: Cast) -> None:
    first, second = (
        world.save(ContactMethod(id="", user_id=cast.alice.id, channel=Channel.SMS, address=f"202555019{number}"))
        for number in range(2)
    )
    try_phone(world, cast, first)
    with pytest.raises(TooMany, match="less than a minute ago"):
        try_phone(world, cast, first)
    try_phone(world, cast, second)
    world.crash()
    with pytest.raises(TooMany):
        try_phone(world, cast, first)
    world.advance(minutes=1)
    try_phone(world, cast, first)


def test_ten_an_hour_to_a_person_by_whatever_way(world: World, cast: Cast) -> None:
    for number in range(10):
        contact = ContactMethod(id="", user_id=cast.alice.id, channel=Channel.SMS, address=f"202555019{number}")
        try_phone(world, cast, world.save(contact))
        world.advance(minutes=2)
    contact = world.config.contacts_of[cast.alice.id][0]
    with pytest.raises(TooMany, match="10 test pages an hour"):
        try_phone(world, cast, contact)
    world.advance(minutes=41)
    try_phone(world, cast, contact)


def test_each_message_says_how_hasty_it_is(world: World, cast: Cast) -> None:
    contact = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    world.save(NotificationRule(id="", user_id=cast.alice.id, contact_method_id=contact.id, urgency=Urgency.LOW))
    world.event(cast.monitor, "loud")
    world.advance(minutes=2)
    _, quiet = world.service("Quiet", world.policy("Quiet", (5, cast.alice)), urgency_rule=UrgencyRule(urgency="low"))
    world.event(quiet, "quiet")
    world.advance(minutes=2)
    try_phone(world, cast, contact)
    hastes = dict.fromkeys(one.message.haste for one in world.pages_to(cast.alice))
    assert list(hastes) == [Haste.HIGH, Haste.LOW, Haste.TEST]
