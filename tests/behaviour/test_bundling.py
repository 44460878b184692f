"""In a storm a person gets one message a minute to a phone, with everything in it; the first goes out at once."""

from __future__ import annotations

from tests.behaviour.cast import Cast, gather
from tocsin.directory.model import Channel, NotificationRule, Urgency, UrgencyRule
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import HOUR, MINUTE, SECOND
from tocsin.paging.messages import AnswerByCode, PageBundled
from tocsin.paging.model import Answer, PageState
from tocsin.testing.world import World


def test_two_hundred_incidents_at_once(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    for number in range(200):
        world.accept(world.alarm(cast.monitor, f"shard-{number}"))
    world.advance(minutes=4)
    got = world.pages_to(cast.alice)
    assert [one.at - begin for one in got] == [0, MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
    told = [one for received in got for one in received.message.incident_ids]
    assert sorted(told) == sorted(incident.id for incident in world.incidents()), "each of them, once"
    assert len(got[1].message.text) < 600
    assert got[1].message.text.startswith("199 incidents: #2 Checkout: shard-1; ")
    assert got[1].message.text.endswith("; and 194 more")
    assert got[4].message.text.startswith("49 incidents: #152 Checkout: shard-151; ")


def test_a_slow_storm_is_one_message_a_minute(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    for number in range(30):
        world.event(cast.monitor, f"shard-{number}")
        world.advance(seconds=10)
    moments = [(one.at - begin) // SECOND for one in world.pages_to(cast.alice)]
    assert moments == [0, 60, 120, 180, 240, 300][: len(moments)]


def test_nobody_waits_for_the_hour_to_end(world: World, cast: Cast) -> None:
    """Eleven texts are the budget of an hour; a high-urgency page after a quiet minute goes out all the same."""
    for number in range(14):
        world.event(cast.monitor, f"{number}-a")
        world.event(cast.monitor, f"{number}-b")
        world.advance(minutes=2.5)
        for incident in world.incidents():
            if incident.is_open:
                world.does(cast.alice, Resolve, incident.number)
    begin = world.clock.now()
    world.event(cast.monitor, "at last")
    assert world.pages_to(cast.alice)[-1].at == begin
    world.event(cast.monitor, "and another")
    world.advance(minutes=1.5)
    assert world.pages_to(cast.alice)[-1].at == begin + MINUTE


def test_low_urgency_waits_for_its_budget(world: World) -> None:
    cast = gather(world, urgency_rule=UrgencyRule(urgency="low"))
    begin = world.clock.now()
    for number in range(90):
        world.event(cast.monitor, f"{number}")
        world.advance(minutes=1)
    mails = [one.at for one in world.pages_to(cast.alice, Channel.EMAIL)]
    assert len([at for at in mails if at < begin + HOUR]) <= 60
    world.advance(minutes=60)
    told = [one for received in world.pages_to(cast.alice) for one in received.message.incident_ids]
    assert len(told) == 90


def test_a_loud_page_takes_the_waiting_quiet_ones_along(world: World) -> None:
    cast = gather(world)
    _, monitor = world.service("Quiet", cast.policy, urgency_rule=UrgencyRule(urgency="low"))
    contact = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    rule = NotificationRule(id="", user_id=cast.alice.id, contact_method_id=contact.id, urgency=Urgency.LOW)
    world.save(rule)
    for number in range(12):
        world.event(monitor, f"{number}")
        world.advance(seconds=61)
    assert [page.state for page in world.records().pages if page.channel is Channel.SMS].count(PageState.BUNDLED) == 1
    world.event(cast.monitor, "loud")
    last = world.pages_to(cast.alice, Channel.SMS)[-1]
    assert (last.at, len(last.message.incident_ids)) == (world.clock.now(), 2)


def test_what_was_answered_meanwhile_is_left_out(world: World, cast: Cast) -> None:
    for key in ("one", "two", "three"):
        world.event(cast.monitor, key)
    world.does(cast.alice, Acknowledge, 2)
    world.advance(minutes=1.1)
    assert len(world.facts(PageBundled)) == 2
    assert world.pages_to(cast.alice)[-1].message.incident_ids == (world.incident(3).id,)


def test_another_person_is_not_held_up(world: World, cast: Cast) -> None:
    for number in range(20):
        world.event(cast.monitor, f"shard-{number}")
    _, other = world.service("Other", world.policy("Bob first", (5, cast.bob)))
    world.event(other, "unrelated")
    assert world.pages_to(cast.bob)[0].at == world.clock.now()


def test_one_answer_by_code_answers_the_whole_bundle(world: World, cast: Cast) -> None:
    for key in ("one", "two", "three"):
        world.event(cast.monitor, key)
    world.advance(minutes=1.1)
    bundle = world.pages_to(cast.alice)[-1].message
    answer = AnswerByCode(channel=Channel.SMS, address=bundle.address, code=bundle.code, answer=Answer.ACKNOWLEDGE)
    assert world.run(SYSTEM, answer) == 2
    assert [incident.status.value for incident in world.incidents()] == ["triggered", "acknowledged", "acknowledged"]
