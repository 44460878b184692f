"""Edits leave the past alone, clients find their layers again, and overrides are history once they were served."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.plans import (
    ALICE,
    BOB,
    CAROL,
    at,
    centres,
    daily,
    layer,
    layers,
    override,
    schedule,
    who_is_on_call,
)
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, MINUTE, WEEK, Moment
from tocsin.oncall import (
    Layer,
    Schedule,
    add_override,
    apply_edit,
    forget_before,
    live_layers,
    members,
    new_schedule,
    planned_layers,
    remove_override,
    render,
)

NOW = 10 * DAY + HOUR


def ids(seed: int = 1) -> IdSource:
    return IdSource(Random(seed))


def edit(old: Schedule, *wanted: Layer, now: Moment = NOW) -> Schedule:
    return apply_edit(old, replace(old, layers=wanted), now, ids(now))


def final(plan: Schedule, since: Moment, until: Moment) -> list[tuple[Moment, Moment, str]]:
    return [(e.start, e.end, e.user_id) for e in render(plan, (), since, until).final.entries]


OLD = schedule(layer((ALICE, BOB)), layer((CAROL,), restrictions=(daily("20:00", 4),), id="PNIGHT1"))


def test_changing_the_users_changes_only_what_comes() -> None:
    changed = replace(OLD.layers[0], user_ids=(CAROL, BOB))
    after = edit(OLD, changed, OLD.layers[1])
    assert final(after, 0, NOW) == final(OLD, 0, NOW)
    assert who_is_on_call(OLD, (), NOW) == ALICE
    assert who_is_on_call(after, (), NOW) == CAROL
    assert who_is_on_call(after, (), NOW + DAY) == BOB
    past, live, nights = after.layers
    assert (live.id, live.start, live.user_ids) == ("PLAYER1", NOW, (CAROL, BOB))
    assert (past.end, past.user_ids) == (NOW, (ALICE, BOB))
    assert past.id not in {"PLAYER1", "PNIGHT1"}
    assert nights == OLD.layers[1]
    assert live_layers(after, NOW) == (live, nights)


def test_the_rotation_keeps_its_phase() -> None:
    longer = replace(OLD.layers[0], restrictions=(daily("00:00", 23),))
    after = edit(OLD, longer, OLD.layers[1])
    days = [NOW + day * DAY for day in range(4)]
    assert [who_is_on_call(after, (), day) for day in days] == [who_is_on_call(OLD, (), day) for day in days]


def test_a_layer_left_out_ends() -> None:
    after = edit(OLD, OLD.layers[0])
    assert [one.end for one in after.layers] == [None, NOW]
    assert final(after, 0, NOW) == final(OLD, 0, NOW)
    assert who_is_on_call(after, (), 10 * DAY + 21 * HOUR) == ALICE


def test_a_new_layer_begins_at_the_edit_and_gets_an_id() -> None:
    new = layer((CAROL,), id="", start=0, virtual_start=3 * HOUR)
    after = edit(OLD, *OLD.layers, new)
    added = after.layers[-1]
    assert (added.start, added.rotation_virtual_start) == (NOW, 3 * HOUR)
    assert added.id.startswith("P")
    assert len({one.id for one in after.layers}) == 3
    assert final(after, 0, NOW) == final(OLD, 0, NOW)
    assert who_is_on_call(after, (), NOW) == CAROL


def test_a_layer_that_begins_later_keeps_its_start() -> None:
    new = layer((CAROL,), id="", start=NOW + DAY)
    after = edit(OLD, *OLD.layers, new)
    assert after.layers[-1].start == NOW + DAY
    again = edit(after, *OLD.layers, replace(after.layers[-1], user_ids=(BOB,)), now=NOW + HOUR)
    assert again.layers[-1] == replace(after.layers[-1], user_ids=(BOB,))
    assert len(again.layers) == 3
    gone = edit(after, *OLD.layers, now=NOW + HOUR)
    assert gone.layers == OLD.layers


def test_a_repeated_request_changes_nothing() -> None:
    wanted = (replace(OLD.layers[0], user_ids=(CAROL, BOB)), OLD.layers[1])
    once = edit(OLD, *wanted)
    assert edit(once, *wanted, now=NOW + DAY).layers == once.layers
    read_back = live_layers(once, NOW)
    assert edit(once, *read_back, now=NOW + DAY).layers == once.layers
    assert edit(once, *once.layers, now=NOW + DAY).layers == once.layers


def test_any_start_in_the_past_says_nothing() -> None:
    after = edit(OLD, replace(OLD.layers[0], start=5 * DAY), OLD.layers[1])
    assert after.layers == OLD.layers


def test_moving_the_start_ahead_is_a_pause() -> None:
    after = edit(OLD, replace(OLD.layers[0], start=NOW + DAY), OLD.layers[1])
    assert who_is_on_call(after, (), NOW) is None
    assert who_is_on_call(after, (), NOW + DAY) == who_is_on_call(OLD, (), NOW + DAY)
    assert final(after, 0, NOW) == final(OLD, 0, NOW)


@pytest.mark.parametrize("end", [NOW - 30, NOW, 0])
def test_an_end_that_has_passed_means_now(end: Moment) -> None:
    after = edit(OLD, replace(OLD.layers[0], end=end), OLD.layers[1])
    assert after.layers == (replace(OLD.layers[0], end=NOW), OLD.layers[1])


def test_an_end_ahead_needs_no_second_layer() -> None:
    after = edit(OLD, replace(OLD.layers[0], end=NOW + WEEK, name="Days"), OLD.layers[1])
    assert after.layers == (replace(OLD.layers[0], end=NOW + WEEK, name="Days"), OLD.layers[1])
    endless = edit(after, replace(after.layers[0], end=None), OLD.layers[1], now=NOW + DAY)
    assert endless.layers[0].end is None


def test_an_ended_layer_stays_and_can_begin_again() -> None:
    ended = edit(OLD, OLD.layers[0])
    assert edit(ended, OLD.layers[0], now=NOW + DAY).layers == ended.layers
    assert edit(ended, *ended.layers, now=NOW + DAY).layers == ended.layers
    revived = edit(ended, OLD.layers[0], replace(ended.layers[1], end=None), now=NOW + DAY)
    assert [one.id for one in live_layers(revived, NOW + DAY)] == ["PLAYER1", "PNIGHT1"]
    assert final(revived, 0, NOW + DAY) == final(ended, 0, NOW + DAY)
    assert who_is_on_call(revived, (), NOW + DAY + 20 * HOUR) == CAROL
    assert len({one.id for one in revived.layers}) == len(revived.layers) == 3


def test_another_order_counts_from_now_on() -> None:
    days, nights = OLD.layers
    after = edit(OLD, nights, days)
    assert final(after, 0, NOW) == final(OLD, 0, NOW)
    assert who_is_on_call(after, (), 10 * DAY + 21 * HOUR) == ALICE
    assert [one.id for one in live_layers(after, NOW)] == ["PNIGHT1", "PLAYER1"]


def test_another_zone_counts_from_now_on() -> None:
    old = schedule(*OLD.layers, zone="Europe/Berlin")
    new = replace(old, time_zone="America/New_York")
    after = apply_edit(old, new, NOW, ids())
    assert final(after, 0, NOW) == final(old, 0, NOW)
    assert final(after, NOW, NOW + WEEK) == final(new, NOW, NOW + WEEK)
    assert [one.id for one in live_layers(after, NOW)] == ["PLAYER1", "PNIGHT1"]
    assert [one.time_zone for one in live_layers(after, NOW)] == ["", ""]
    back = apply_edit(after, replace(old, layers=live_layers(after, NOW)), NOW + DAY, ids(2))
    assert final(back, 0, NOW + DAY) == final(after, 0, NOW + DAY)
    assert final(back, NOW + DAY, NOW + WEEK) == final(old, NOW + DAY, NOW + WEEK)


def test_a_layer_that_begins_again_after_a_move_follows_the_new_zone() -> None:
    old = schedule(*OLD.layers, zone="Europe/Berlin")
    moved = apply_edit(old, replace(old, time_zone="America/New_York", layers=OLD.layers[:1]), NOW, ids())
    nights = next(one for one in moved.layers if one.id == "PNIGHT1")
    assert (nights.end, nights.time_zone) == (NOW, "Europe/Berlin")
    revived = edit(moved, OLD.layers[0], replace(nights, end=None), now=NOW + DAY)
    assert [(one.id, one.time_zone) for one in live_layers(revived, NOW + DAY)] == [("PLAYER1", ""), ("PNIGHT1", "")]
    assert final(revived, 0, NOW + DAY) == final(moved, 0, NOW + DAY)


def test_the_rest_of_the_schedule_is_as_wanted() -> None:
    old = replace(OLD, created_at=3, description="old")
    new = Schedule("", "Billing", "Etc/UTC", OLD.layers, "new", ("PTEAM01",), 99, 99)
    after = apply_edit(old, new, NOW, ids())
    assert after == Schedule("PSCHED1", "Billing", "Etc/UTC", OLD.layers, "new", ("PTEAM01",), 3, NOW)


def test_unknown_and_repeated_layer_ids_are_refused() -> None:
    with pytest.raises(Invalid, match="The schedule has no layer PSTRANG"):
        edit(OLD, replace(OLD.layers[0], id="PSTRANG"))
    with pytest.raises(Invalid, match="more than once"):
        edit(OLD, OLD.layers[0], OLD.layers[0])


def test_a_first_version_gets_ids_and_dates() -> None:
    wanted = schedule(layer(id="", start=3), layer(id="", start=NOW + DAY))
    made = new_schedule(wanted, NOW, ids())
    assert (made.created_at, made.updated_at) == (NOW, NOW)
    assert [one.start for one in made.layers] == [3, NOW + DAY]
    assert len({one.id for one in made.layers} - {""}) == 2


def test_members_are_those_who_still_take_turns() -> None:
    after = edit(OLD, OLD.layers[0])
    assert members(OLD, NOW) == (ALICE, BOB, CAROL)
    assert members(after, NOW) == (ALICE, BOB)


def test_retention_forgets_ended_layers() -> None:
    after = edit(OLD, OLD.layers[0])
    assert forget_before(after, NOW - 1) == after
    assert forget_before(after, NOW).layers == OLD.layers[:1]


# --- properties ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A schedule, what somebody wants instead, and when."""

    old: Schedule
    new: Schedule
    now: Moment


@st.composite
def edits(draw: st.DrawFn) -> Change:
    zone, centre = draw(centres())
    old = [draw(layers(centre, number)) for number in range(draw(st.integers(1, 3)))]
    wanted = []
    for one in old:
        fate = draw(st.sampled_from(["same", "same", "change", "reshape", "end", "drop"]))
        other = draw(layers(centre, 0))
        if fate == "change":
            wanted.append(replace(one, user_ids=other.user_ids, end=other.end))
        elif fate == "reshape":
            wanted.append(replace(other, id=one.id))
        elif fate == "end":
            wanted.append(replace(one, end=other.end))
        elif fate == "same":
            wanted.append(one)
    wanted += [replace(draw(layers(centre, 9)), id="") for _ in range(draw(st.integers(0, 1)))]
    wanted = draw(st.permutations(wanted)) if draw(st.booleans()) else wanted
    new_zone = zone if draw(st.booleans()) else "Asia/Tehran"
    now = centre + draw(st.integers(-5 * 1440, 5 * 1440)) * MINUTE
    return Change(schedule(*old, zone=zone), schedule(*wanted, zone=new_zone), now)


@settings(deadline=None, max_examples=150)
@given(edits())
def test_no_edit_changes_the_past(change: Change) -> None:
    after = apply_edit(change.old, change.new, change.now, ids())
    since = change.now - 20 * DAY
    assert final(after, since, change.now) == final(change.old, since, change.now)


@settings(deadline=None, max_examples=150)
@given(edits())
def test_from_the_edit_on_the_new_version_counts(change: Change) -> None:
    now = change.now
    after = apply_edit(change.old, change.new, now, ids())
    began = {one.id: one for one in change.old.layers}
    expected = []
    for one in change.new.layers:
        known = began.get(one.id)
        kept = known is not None and known.start < now and one.start <= now and not known.has_ended(now)
        start = now if kept else max(one.start, now)
        expected.append(replace(one, start=start))
    plan = replace(change.new, layers=tuple(one for one in expected if one.end is None or one.end > one.start))
    assert final(after, now, now + 20 * DAY) == final(plan, now, now + 20 * DAY)
    wanted_ids = [one.id for one in plan.layers]
    live = live_layers(after, now)
    assert [one.id if one.id in wanted_ids else "" for one in live] == wanted_ids
    assert len({one.id for one in after.layers}) == len(after.layers)


@settings(deadline=None, max_examples=80)
@given(edits(), st.integers(0, 3 * 1440))
def test_the_same_edit_again_leaves_nothing_behind(change: Change, minutes: int) -> None:
    once = apply_edit(change.old, change.new, change.now, ids())
    later = change.now + minutes * MINUTE
    again = apply_edit(once, replace(once, layers=live_layers(once, change.now)), later, ids(2))
    assert again.layers == once.layers


@settings(deadline=None, max_examples=150)
@given(edits(), st.integers(0, 6 * 1440))
def test_a_planned_edit_changes_nothing_before_its_moment(change: Change, minutes: int) -> None:
    old, now, at_ = change.old, change.now, change.now + minutes * MINUTE
    new = replace(change.new, time_zone=old.time_zone)
    after = apply_edit(old, replace(new, layers=planned_layers(old, new, at_)), now, ids())
    assert final(after, now - 20 * DAY, at_) == final(old, now - 20 * DAY, at_)
    there = apply_edit(old, new, at_, ids())
    assert final(after, at_, at_ + 20 * DAY) == final(there, at_, at_ + 20 * DAY)
    assert len({one.id for one in after.layers}) == len(after.layers)


def test_a_layer_that_changes_later_keeps_its_id_until_then() -> None:
    wanted = replace(OLD, layers=(replace(OLD.layers[0], user_ids=(CAROL,)), OLD.layers[1]))
    before, after, nights = planned_layers(OLD, wanted, NOW + WEEK)
    assert (before.id, before.end) == ("PLAYER1", NOW + WEEK)
    assert (after.id, after.start, after.user_ids) == ("", NOW + WEEK, (CAROL,))
    assert nights == OLD.layers[1]


# --- overrides ----------------------------------------------------------------------------------------------------


def test_an_override_that_would_have_begun_begins_now() -> None:
    assert add_override(override(BOB, NOW - DAY, NOW + DAY), NOW) == override(BOB, NOW, NOW + DAY)
    ahead = override(BOB, NOW + HOUR, NOW + DAY)
    assert add_override(ahead, NOW) == ahead


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (NOW + DAY, NOW + DAY, "Override must end after its start."),
        (NOW + DAY, NOW + HOUR, "Override must end after its start."),
        (NOW - DAY, NOW, "Override must end in the future."),
    ],
)
def test_an_override_without_time_left_is_refused(start: Moment, end: Moment, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_override(override(BOB, start, end), NOW)
    assert refused.value.message == sentence


def test_removing_an_override_leaves_what_was_served() -> None:
    one = override(BOB, NOW, NOW + DAY)
    assert remove_override(one, NOW - 1) is None
    assert remove_override(one, NOW) is None
    assert remove_override(one, NOW + HOUR) == override(BOB, NOW, NOW + HOUR)
    for over in (NOW + DAY, NOW + WEEK):
        with pytest.raises(Conflict) as refused:
            remove_override(one, over)
        assert refused.value.reason == "past"


def test_removing_twice_is_refused_the_second_time() -> None:
    left = remove_override(override(BOB, NOW, NOW + DAY), NOW + HOUR)
    assert left is not None
    with pytest.raises(Conflict):
        remove_override(left, NOW + HOUR)


def test_an_edit_in_the_hour_that_repeats() -> None:
    """Local time is no measure of before and after."""
    old = schedule(layer((ALICE, BOB), turn=3600), zone="Europe/Berlin")
    for now in (at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")):
        after = edit(old, replace(old.layers[0], user_ids=(CAROL,)), now=now)
        assert final(after, now - DAY, now) == final(old, now - DAY, now)
        assert final(after, now, now + DAY) == [(now, now + DAY, CAROL)]
