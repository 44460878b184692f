"""Whoever asked for it is told that a shift of theirs begins or ends: once, in time, by the way that they named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast
from tocsin.directory.handoffs import HANDOFF_RULE, wire_of
from tocsin.directory.kept import Kept
from tocsin.directory.model import Channel, ContactMethod, User
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.errors import Invalid
from tocsin.kernel.limits import HANDOFF_RULES, TOLD_AT_ONCE
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, WEEK, Moment, iso, parse_iso
from tocsin.oncall import CustomShift, Layer, Override, Rotation, RotationEvent, Schedule
from tocsin.paging.model import Haste
from tocsin.testing.world import World

FIRST = parse_iso("2026-01-06T00:00:00Z")
"""When the world begins, about, and Alice's first week; Bob's is the second."""


def wants(world: World, user: User, minutes: int, kind: str = "both", channel: Channel | None = None) -> Kept:
    """The person's rule for hand-offs; by mail unless another way is named."""
    ways = {one.channel: one for one in world.config.contacts_of[user.id]}
    kept = Kept(id="", resource=HANDOFF_RULE, parent_id=ways[channel or Channel.EMAIL].id, wire=wire_of(kind, minutes))
    made: Kept = world.save(kept)
    return made


def calls(world: World, cast: Cast, *schedules: Schedule) -> Policy:
    """The cast's policy, which the service Checkout uses, calls these schedules."""
    targets = tuple(Target(kind=TargetKind.SCHEDULE, id=one.id) for one in schedules)
    made: Policy = world.save(replace(cast.policy, rules=(Rule(id="", delay_minutes=5, targets=targets),)), "rules")
    return made


def until(world: World, moment: Moment) -> None:
    world.advance(seconds=(moment - world.clock.now()) / SECOND)


def told(world: World, cast: Cast) -> list[tuple[str, str, str]]:
    """Who was told that what, and in which minute: ("alice", "2026-01-12T23:00:00Z", "ends")."""
    return [
        (
            cast.name_of[one.message.user_id],
            iso(one.at // MINUTE * MINUTE),
            "begins" if " begins" in one.message.subject or "has begun" in one.message.subject else "ends",
        )
        for one in world.carrier.received
    ]


@pytest.fixture
def primary(world: World, cast: Cast) -> Schedule:
    """Alice and Bob by weeks, called by the policy of Checkout."""
    schedule = world.rotation("Payments primary", cast.alice, cast.bob, teams=(cast.team.id,))
    calls(world, cast, schedule)
    return schedule


def test_both_are_told_so_long_before_by_their_ways(world: World, cast: Cast, primary: Schedule) -> None:
    world.save(replace(cast.bob, time_zone="Europe/Berlin"), "time_zone")
    wants(world, cast.alice, 60, "offcall", Channel.SMS)
    wants(world, cast.bob, 24 * 60, "oncall")
    wants(world, cast.bob, 30, "oncall")
    until(world, FIRST + WEEK + HOUR)
    assert told(world, cast) == [
        ("bob", "2026-01-12T00:00:00Z", "begins"),
        ("alice", "2026-01-12T23:00:00Z", "ends"),
        ("bob", "2026-01-12T23:30:00Z", "begins"),
    ]
    to_bob, to_alice = (one.message for one in world.carrier.received[:2])
    assert to_bob.subject == "Your shift on Payments primary begins: Tue 13 Jan 2026 01:00"
    assert to_bob.text == (
        "Your shift on Payments primary begins Tue 13 Jan 2026 01:00 (Europe/Berlin). It ends Tue 20 Jan 2026 01:00. "
        "You take over from Alice. It covers Checkout."
    )
    assert to_alice.text == (
        "Your shift on Payments primary ends Tue 13 Jan 2026 00:00 (Etc/UTC). It began Tue 6 Jan 2026 00:00. "
        "Bob takes over. It covers Checkout."
    )
    assert (to_bob.channel, to_alice.channel) == (Channel.EMAIL, Channel.SMS)
    assert {(one.message.haste, one.message.code, one.message.incident_ids) for one in world.carrier.received} == {
        (Haste.LOW, "", ())
    }
    until(world, FIRST + 2 * WEEK + HOUR)
    assert told(world, cast)[3:] == [], "alice wants to hear of ends only, bob of beginnings"
    until(world, FIRST + 3 * WEEK + HOUR)
    assert len(told(world, cast)) == 6


def test_only_schedules_that_a_service_may_call_count(world: World, cast: Cast) -> None:
    schedule = world.rotation("Spare", cast.alice, cast.bob)
    wants(world, cast.bob, 60)
    until(world, FIRST + WEEK + HOUR)
    assert told(world, cast) == [], "no policy calls it"
    policy = world.policy("Spare", (5, schedule))
    until(world, FIRST + 2 * WEEK + HOUR)
    assert told(world, cast) == [], "no service uses the policy"
    world.save(replace(policy, handoff_notifications="always"), "handoff_notifications")
    until(world, FIRST + 3 * WEEK + HOUR)
    assert told(world, cast) == [("bob", "2026-01-26T23:00:00Z", "begins")]
    world.save(replace(policy, handoff_notifications="if_has_services"), "handoff_notifications")
    until(world, FIRST + 4 * WEEK + HOUR)
    assert len(told(world, cast)) == 1
    spare, _ = world.service("Spare", policy)
    until(world, FIRST + 5 * WEEK + HOUR)
    assert told(world, cast)[1:] == [("bob", "2026-02-09T23:00:00Z", "begins")]
    world.delete(spare)
    until(world, FIRST + 6 * WEEK + HOUR)
    assert len(told(world, cast)) == 2


def test_a_shift_that_goes_on_is_no_handoff(world: World, cast: Cast) -> None:
    """Alice has two weeks in a row, the second one by another layer; an override gives her the first day after it."""
    weeks = (cast.alice.id, cast.alice.id, cast.bob.id)
    layer = Layer("", "Weeks", FIRST, None, FIRST, 7 * 86_400, weeks)
    schedule: Schedule = world.save(Schedule("", "Weeks", "Etc/UTC", (layer,), team_ids=(cast.team.id,)))
    calls(world, cast, schedule)
    world.save(Override("", schedule.id, cast.alice.id, FIRST + 2 * WEEK, FIRST + 2 * WEEK + DAY, 0))
    wants(world, cast.alice, 0)
    wants(world, cast.bob, 0)
    until(world, FIRST + 3 * WEEK - HOUR)
    assert told(world, cast) == [
        ("alice", "2026-01-21T00:00:00Z", "ends"),
        ("bob", "2026-01-21T00:00:00Z", "begins"),
    ]


def test_the_clock_of_the_zone_decides_when_it_changes(world: World, cast: Cast) -> None:
    """Daily at nine in New York; on 8 March its clock goes forward."""
    start = parse_iso("2026-03-05T14:00:00Z")
    layer = Layer("", "Days", start, None, start, 86_400, (cast.alice.id, cast.bob.id))
    schedule: Schedule = world.save(Schedule("", "Days", "America/New_York", (layer,), team_ids=(cast.team.id,)))
    calls(world, cast, schedule)
    until(world, start)
    wants(world, cast.bob, 15, "oncall")
    until(world, start + 4 * DAY)
    assert told(world, cast) == [
        ("bob", "2026-03-06T13:45:00Z", "begins"),
        ("bob", "2026-03-08T12:45:00Z", "begins"),
    ]


def test_shifts_that_add_up(world: World, cast: Cast) -> None:
    """A shift-based schedule: days in turn, a custom shift beside them, and an override of one place."""
    start = parse_iso("2026-01-10T09:00:00Z")
    days = RotationEvent(
        id="",
        name="Days",
        start=start,
        end=start + 12 * HOUR,
        time_zone="Etc/UTC",
        effective_since=0,
        effective_until=None,
        recurrence=("RRULE:FREQ=DAILY",),
        members=(cast.alice.id, cast.bob.id),
    )
    schedule: Schedule = world.save(
        Schedule(
            "", "Shifts", "Etc/UTC", (), team_ids=(cast.team.id,), rotations=(Rotation("", (days,)),), shift_based=True
        )
    )
    calls(world, cast, schedule)
    for user in (cast.alice, cast.bob, cast.carol):
        wants(world, user, 30, channel=Channel.EMAIL)
    world.save(CustomShift("", schedule.id, cast.carol.id, start + 6 * HOUR, start + 14 * HOUR))
    world.save(
        Override(
            "",
            schedule.id,
            cast.carol.id,
            start + DAY,
            start + DAY + 2 * HOUR,
            0,
            rotation_id=schedule.rotations[0].id,
            overridden_id=cast.bob.id,
        )
    )
    until(world, start + DAY + 3 * HOUR)
    assert told(world, cast) == [
        ("alice", "2026-01-10T08:30:00Z", "begins"),
        ("carol", "2026-01-10T14:30:00Z", "begins"),
        ("alice", "2026-01-10T20:30:00Z", "ends"),
        ("carol", "2026-01-10T22:30:00Z", "ends"),
        ("carol", "2026-01-11T08:30:00Z", "begins"),
        ("carol", "2026-01-11T10:30:00Z", "ends"),
        ("bob", "2026-01-11T10:30:00Z", "begins"),
    ]
    texts = [one.message.text for one in world.carrier.received]
    assert "Nobody hands over to you. It covers" in texts[0]
    assert "Nobody hands over to you. Alice is on call too." in texts[1]
    assert "Nobody takes your place. Carol is on call too." in texts[2]
    assert "Nobody takes your place. It covers" in texts[3]
    assert "You take over from Carol." in texts[6]


def test_what_changes_in_time_is_told_as_it_is_by_then(world: World, cast: Cast, primary: Schedule) -> None:
    """Neither Bob, whose first day Carol takes, nor what the rule said before is told."""
    rule = wants(world, cast.bob, 3 * 60, "oncall")
    wants(world, cast.carol, 60)
    monday = FIRST + WEEK
    until(world, monday - 5 * HOUR)
    world.save(Override("", primary.id, cast.carol.id, monday - HOUR, monday + DAY, 0))
    world.save(replace(rule, wire=wire_of("oncall", 120)), "wire")
    until(world, monday + 2 * DAY)
    assert told(world, cast) == [
        ("carol", iso(monday - 2 * HOUR), "begins"),
        ("bob", iso(monday + DAY - 2 * HOUR), "begins"),
        ("carol", iso(monday + DAY - HOUR), "ends"),
    ]


def _override_and_back(world: World, cast: Cast, primary: Schedule, _rule: Kept) -> None:
    monday = FIRST + WEEK
    cover = world.save(Override("", primary.id, cast.olga.id, monday, monday + DAY, 0))
    world.advance(minutes=1)
    world.delete(cover)


def _same_turns_anew(world: World, cast: Cast, primary: Schedule, _rule: Kept) -> None:
    layer = world.config.schedules[primary.id].layers[0]
    world.save(replace(primary, name="Primary", layers=(layer,)), "name", "layers")


def _shorter_advance(world: World, _cast: Cast, _primary: Schedule, rule: Kept) -> None:
    world.save(replace(rule, wire=wire_of("oncall", 10)), "wire")


def _another_way(world: World, cast: Cast, _primary: Schedule, rule: Kept) -> None:
    phone = next(one for one in world.config.contacts_of[cast.bob.id] if one.channel is Channel.VOICE)
    world.save(replace(rule, parent_id=phone.id), "parent_id")


def _called_once_more(world: World, _cast: Cast, primary: Schedule, _rule: Kept) -> None:
    world.service("Search", world.policy("Search", (5, primary)))


@pytest.mark.parametrize(
    "change", [_override_and_back, _same_turns_anew, _shorter_advance, _another_way, _called_once_more]
)
def test_what_was_told_is_not_told_again(
    world: World, cast: Cast, primary: Schedule, change: Callable[[World, Cast, Schedule, Kept], None]
) -> None:
    rule = wants(world, cast.bob, 60, "oncall")
    until(world, FIRST + WEEK - 50 * MINUTE)
    assert len(told(world, cast)) == 1
    change(world, cast, primary, rule)
    until(world, FIRST + WEEK + 2 * HOUR)
    assert told(world, cast) == [("bob", "2026-01-12T23:00:00Z", "begins")]


def test_a_shift_given_at_short_notice_is_told_at_once(world: World, cast: Cast, primary: Schedule) -> None:
    wants(world, cast.carol, 60, "oncall")
    wants(world, cast.olga, 180, "oncall")
    until(world, FIRST + DAY)
    world.save(Override("", primary.id, cast.carol.id, FIRST + DAY + 20 * MINUTE, FIRST + DAY + HOUR, 0))
    world.save(Override("", primary.id, cast.olga.id, FIRST + DAY + HOUR, FIRST + DAY + 2 * HOUR, 0))
    world.settle()
    assert told(world, cast) == [("carol", iso(FIRST + DAY), "begins")], "olga's was to be told two hours ago"
    until(world, FIRST + 2 * DAY)
    assert len(told(world, cast)) == 1


def test_a_rule_speaks_of_nothing_before_it_was_made(world: World, cast: Cast, primary: Schedule) -> None:
    until(world, FIRST + WEEK + 10 * MINUTE)
    wants(world, cast.bob, 0)
    until(world, FIRST + WEEK + 2 * HOUR)
    assert told(world, cast) == []


@pytest.mark.parametrize(
    ("down_until", "count"), [(-61 * MINUTE, 1), (30 * MINUTE, 1), (59 * MINUTE, 1), (61 * MINUTE, 0)]
)
def test_after_the_engine_was_down_only_what_is_of_use_is_told(
    world: World, cast: Cast, primary: Schedule, down_until: Moment, count: int
) -> None:
    wants(world, cast.bob, 0, "oncall")
    until(world, FIRST + WEEK - 2 * HOUR)
    world.sleep(2 * HOUR + down_until)
    world.crash()
    world.settle()
    until(world, FIRST + WEEK + 3 * HOUR)
    assert len(told(world, cast)) == count
    if down_until > 0 and count:
        assert "began Tue 13 Jan 2026 00:00" in world.carrier.received[0].message.text
    until(world, FIRST + 3 * WEEK + HOUR)
    assert told(world, cast)[count:] == [("bob", "2026-01-27T00:00:00Z", "begins")]


def test_a_crash_in_the_middle_tells_nobody_twice(world: World, cast: Cast, primary: Schedule) -> None:
    wants(world, cast.bob, 60, "oncall")
    until(world, FIRST + WEEK - 2 * HOUR)
    world.carrier.slow = True
    until(world, FIRST + WEEK - HOUR + MINUTE)
    assert len(told(world, cast)) == 1, "the provider has it, its answer never comes"
    world.crash()
    until(world, FIRST + WEEK + 3 * HOUR)
    assert len(told(world, cast)) == 1


def test_who_or_what_is_not_in_use_is_not_told(world: World, cast: Cast, primary: Schedule) -> None:
    wants(world, cast.bob, 60)
    wants(world, cast.alice, 60)
    contact = world.config.contacts_of[cast.bob.id][0]
    assert contact.channel is Channel.EMAIL
    world.save(replace(contact, enabled=False), "enabled")
    world.save(replace(cast.alice, active=False), "active")
    until(world, FIRST + WEEK + HOUR)
    assert told(world, cast) == []
    world.save(replace(contact, enabled=True), "enabled")
    until(world, FIRST + 2 * WEEK + HOUR)
    assert told(world, cast) == [("bob", iso(FIRST + 2 * WEEK - HOUR), "ends")]


def test_with_the_last_rule_the_timer_goes_and_with_the_schedule_too(
    world: World, cast: Cast, primary: Schedule
) -> None:
    def timers() -> set[str]:
        return {timer.key for timer in world.store.timers() if timer.key.startswith("handoff:")}

    assert timers() == set(), "nobody wants to hear of anything"
    rule = wants(world, cast.bob, 60)
    assert timers() == {f"handoff:{primary.id}"}
    world.delete(rule)
    until(world, FIRST + 2 * WEEK)
    assert (timers(), told(world, cast)) == (set(), [])
    wants(world, cast.bob, 60)
    calls(world, cast, world.rotation("Other", cast.alice))
    world.delete(primary)
    assert f"handoff:{primary.id}" not in timers()


def test_a_removed_contact_method_takes_its_rules_along(world: World, cast: Cast, primary: Schedule) -> None:
    more = world.save(ContactMethod(id="", user_id=cast.bob.id, channel=Channel.EMAIL, address="b@example.com"))
    world.save(Kept(id="", resource=HANDOFF_RULE, parent_id=more.id, wire=wire_of("both", 60)))
    world.delete(more)
    until(world, FIRST + WEEK + HOUR)
    assert (world.config.kept_of.get(HANDOFF_RULE, ()), told(world, cast)) == ((), [])


def test_very_many_at_once_are_all_told(world: World, cast: Cast) -> None:
    """Everybody of a large team begins at the same moment."""
    start = FIRST + DAY
    schedule = world.save(Schedule("", "All", "Etc/UTC", (), team_ids=(cast.team.id,), shift_based=True))
    calls(world, cast, schedule)
    people = [cast.alice, cast.bob, cast.carol, cast.olga, cast.mallory, *(world.person(f"p{n}") for n in range(2))]
    for user in people:
        world.save(CustomShift("", schedule.id, user.id, start, start + HOUR))
        for minutes in range(HANDOFF_RULES):
            wants(world, user, minutes, "oncall")
    with pytest.raises(Invalid, match="cannot have more than"):
        wants(world, cast.alice, HANDOFF_RULES)
    assert len(people) * HANDOFF_RULES > TOLD_AT_ONCE
    until(world, start - HOUR)
    assert world.carrier.received == []
    world.sleep(HOUR)
    world.settle()
    assert len(world.carrier.received) == len({one.message.message_id for one in world.carrier.received})
    assert len(world.carrier.received) == len(people) * HANDOFF_RULES


@pytest.mark.parametrize(
    ("kind", "minutes", "problem"),
    [("both", -1, "Notify advance"), ("both", 30 * 24 * 60 + 1, "Notify advance"), ("never", 0, "Notify advance")],
)
def test_what_can_not_be_followed_is_refused(world: World, cast: Cast, kind: str, minutes: int, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        wants(world, cast.alice, minutes, kind)
