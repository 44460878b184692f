"""Who is on call, worked out the slow way: looks at the clock minute by minute and tries every layer, day and override.

Shares the nouns with the program, and not one line of its reckoning. Good for whole minutes, in years in which offsets
are whole minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate

from tests.stations.oncall.plans import local
from tocsin.kernel.time import DAY, MINUTE, Moment
from tocsin.oncall import Layer, Override, Restriction, RestrictionKind, Schedule


class SlowClock:
    """What the clock of a zone showed at each minute, has shown at most by it, and will show at least after it."""

    def __init__(self, zone: str, since: Moment, until: Moment) -> None:
        self._first = since - 2 * DAY
        minutes = range(self._first, until + 2 * DAY, MINUTE)
        shown = [local(zone, minute).replace(tzinfo=None) for minute in minutes]
        self._highest = list(accumulate(shown, max))
        self._lowest = list(accumulate(reversed(shown), min))[::-1]

    def highest(self, at: Moment) -> datetime:
        return self._highest[(at - self._first) // MINUTE]

    def lowest(self, at: Moment) -> datetime:
        return self._lowest[(at - self._first) // MINUTE]


def on_call(schedule: Schedule, overrides: tuple[Override, ...], clock: SlowClock, at: Moment) -> str | None:
    newest = None
    for one in overrides:
        if one.start <= at < one.end and (newest is None or (one.created_at, one.id) > (newest.created_at, newest.id)):
            newest = one
    if newest is not None:
        return newest.user_id
    user = None
    for layer in schedule.layers:
        user = on_layer(layer, schedule.time_zone, clock, at) or user
    return user


def on_layer(layer: Layer, zone: str, clock: SlowClock, at: Moment) -> str | None:
    if at < layer.start or (layer.end is not None and at >= layer.end):
        return None
    if layer.restrictions and not any(serves(one, clock, at) for one in layer.restrictions):
        return None
    turn = 0
    begins = local(zone, layer.rotation_virtual_start).replace(tzinfo=None)
    length = timedelta(seconds=layer.turn_length_seconds)
    while begins + length <= clock.highest(at):
        begins += length
        turn += 1
    while begins > clock.highest(at):
        begins -= length
        turn -= 1
    return layer.user_ids[turn % len(layer.user_ids)]


def serves(restriction: Restriction, clock: SlowClock, at: Moment) -> bool:
    midnight = clock.highest(at).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in range(-9, 2):
        day = midnight + timedelta(days=days)
        if restriction.kind is RestrictionKind.WEEKLY and day.isoweekday() != restriction.start_day_of_week:
            continue
        start = day + timedelta(seconds=restriction.start_time_of_day)
        end = start + timedelta(seconds=restriction.duration_seconds)
        if start <= clock.highest(at) and clock.lowest(at) < end:
            return True
    return False
