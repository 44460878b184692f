"""Budgets: how often one person is reached, whatever happens."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tocsin.directory.model import Channel
from tocsin.kernel.time import HOUR, MINUTE, SECOND, Moment
from tocsin.paging.model import Pace
from tocsin.paging.pace import BUDGETS, used, wait_until

CONTACT = "CSMS"
BEGIN: Moment = 1_000 * HOUR

gaps = st.lists(st.integers(0, 40 * MINUTE) | st.integers(0, 30 * SECOND), min_size=1, max_size=80)
channels = st.sampled_from([Channel.SMS, Channel.VOICE, Channel.EMAIL])


def paced(pauses: list[int], channel: Channel, *, loud: bool) -> list[tuple[Moment, Moment]]:
    """When each message was wanted and when it went, if one that has to wait is sent as soon as it may."""
    pace, now, sent = Pace(id="U"), BEGIN, []
    for pause in pauses:
        now += pause
        at = wait_until(pace, CONTACT, channel, loud=loud, now=now)
        assert at is None or at > now, "to wait is to wait for later"
        wanted, now = now, at or now
        pace = used(pace, CONTACT, now)
        sent.append((wanted, now))
    return sent


@given(pauses=gaps, channel=channels)
def test_never_twice_within_a_minute(pauses: list[int], channel: Channel) -> None:
    for loud in (True, False):
        moments = [at for _, at in paced(pauses, channel, loud=loud)]
        assert all(later - earlier >= MINUTE for earlier, later in itertools.pairwise(moments))


@given(pauses=gaps, channel=channels)
def test_the_hourly_budget_binds_what_is_not_urgent(pauses: list[int], channel: Channel) -> None:
    moments = [at for _, at in paced(pauses, channel, loud=False)]
    most = BUDGETS[channel].per_hour
    assert all(later - first >= HOUR for first, later in zip(moments, moments[most:], strict=False))


@given(pauses=gaps, channel=channels)
def test_what_is_urgent_waits_a_minute_at_most(pauses: list[int], channel: Channel) -> None:
    assert all(at - wanted <= MINUTE for wanted, at in paced(pauses, channel, loud=True))


@given(pauses=gaps, channel=channels, quiet=st.integers(MINUTE, 3 * HOUR))
def test_after_a_quiet_minute_urgency_waits_for_nothing(pauses: list[int], channel: Channel, quiet: int) -> None:
    pace, now = Pace(id="U"), BEGIN
    for pause in pauses:
        now += pause
        pace = used(pace, CONTACT, now)
    assert wait_until(pace, CONTACT, channel, loud=True, now=now + quiet) is None


@given(pauses=gaps)
def test_machines_are_not_held_back(pauses: list[int]) -> None:
    assert all(wanted == at for wanted, at in paced(pauses, Channel.WEBHOOK, loud=False))


def test_ways_of_one_person_are_counted_apart() -> None:
    pace = used(Pace(id="U"), CONTACT, BEGIN)
    assert wait_until(pace, CONTACT, Channel.SMS, loud=True, now=BEGIN) == BEGIN + MINUTE
    assert wait_until(pace, "CVOICE", Channel.VOICE, loud=True, now=BEGIN) is None


def test_only_an_hour_is_remembered() -> None:
    pace = Pace(id="U")
    for number in range(500):
        pace = used(pace, CONTACT, BEGIN + number * MINUTE)
    assert len(pace.of(CONTACT).sent_at) <= 61


def test_what_a_clock_noted_that_was_ahead_holds_nobody_back() -> None:
    pace = Pace(id="U")
    for _ in range(BUDGETS[Channel.SMS].per_hour):
        pace = used(pace, CONTACT, BEGIN + 1_000 * HOUR)
    for loud in (True, False):
        assert wait_until(pace, CONTACT, Channel.SMS, loud=loud, now=BEGIN) is None
    assert used(pace, CONTACT, BEGIN).of(CONTACT).sent_at == (BEGIN,)
