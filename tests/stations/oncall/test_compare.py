"""What a change of a schedule means in people: who is on call otherwise, and where nobody is any more."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.plans import ALICE, BOB, CAROL, daily, layer, override, schedule
from tests.stations.oncall.test_edit import Change, edits, ids
from tocsin.kernel.time import DAY, HOUR, MINUTE
from tocsin.oncall import Gap, Share, Stretch, apply_edit, compare, gaps, opened_gaps, who_is_on_call

OLD = schedule(layer((ALICE, BOB)))


def test_nothing_changed_is_nothing() -> None:
    found = compare((OLD, ()), (OLD, ()), 0)
    assert (found.stretches, found.shares, found.opened, found.gaps) == ((), (), (), ())


def test_a_third_person_takes_shifts_from_both() -> None:
    new = replace(OLD, layers=(replace(OLD.layers[0], user_ids=(ALICE, CAROL)),))
    found = compare((OLD, ()), (new, ()), 0, 6 * DAY)
    assert found.stretches == tuple(Stretch(day * DAY, (day + 1) * DAY, (BOB,), (CAROL,)) for day in (1, 3, 5))
    assert found.shares == (Share(BOB, 3, 0, 3 * DAY, 0), Share(CAROL, 0, 3, 0, 3 * DAY))


def test_a_gap_that_was_there_is_not_opened() -> None:
    mornings = schedule(layer((ALICE,), restrictions=(daily("00:00", 12),)))
    shorter = schedule(layer((ALICE,), restrictions=(daily("00:00", 10),)))
    found = compare((mornings, ()), (shorter, ()), 0, 2 * DAY)
    assert found.opened == (Gap(10 * HOUR, 12 * HOUR), Gap(34 * HOUR, 36 * HOUR))
    assert found.gaps == (Gap(10 * HOUR, 24 * HOUR), Gap(34 * HOUR, 48 * HOUR))
    assert compare((shorter, ()), (mornings, ()), 0, 2 * DAY).opened == ()
    assert compare(None, (shorter, ()), 0, 2 * DAY).opened == ()


def test_overrides_count_on_both_sides() -> None:
    cover = override(CAROL, 0, DAY)
    new = replace(OLD, layers=(replace(OLD.layers[0], user_ids=(BOB, ALICE)),))
    found = compare((OLD, (cover,)), (new, (cover,)), 0, 2 * DAY)
    assert found.stretches == (Stretch(DAY, 2 * DAY, (BOB,), (ALICE,)),)


@settings(deadline=None, max_examples=100)
@given(edits(), st.integers(0, 20 * 1440))
def test_the_comparison_says_what_the_two_versions_say(change: Change, minutes: int) -> None:
    after = apply_edit(change.old, change.new, change.now, ids())
    found = compare((change.old, ()), (after, ()), change.now, 20 * DAY)
    at = change.now + minutes * MINUTE
    was, now = who_is_on_call(change.old, (), at), who_is_on_call(after, (), at)
    told = [one for one in found.stretches if one.start <= at < one.end]
    if at < found.until:
        assert [(one.was, one.now) for one in told] == ([(was, now)] if was != now else [])
        assert any(one.start <= at < one.end for one in found.opened) == (bool(was) and not now)
    assert found.gaps == gaps(after, (), found.since, found.until)
    assert found.opened == opened_gaps((change.old, ()), (after, ()), change.now, 20 * DAY)
    assert compare((change.old, ()), (after, ()), change.now - 20 * DAY, 20 * DAY).stretches == ()
