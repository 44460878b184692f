"""Where the turns of a rotation are counted from, so that a given person has a given turn.

Decides the virtual start behind what people say: who is on turn, and at what time turns are handed over. Never decides
who should be.
"""

from __future__ import annotations

from tocsin.kernel.time import DAY, SECOND, WEEK, Moment
from tocsin.oncall.model import Layer
from tocsin.oncall.wallclock import WallTime, first, local_time, reading, zone_named

_MONDAY: WallTime = 4 * DAY  # 1970-01-05


def turn_at(layer: Layer, time_zone: str, at: Moment) -> int:
    """Whose turn it is at that moment, as a place in `user_ids`, whether the layer serves then or not."""
    zone = zone_named(layer.time_zone or time_zone)
    began = local_time(zone, layer.rotation_virtual_start)
    number = (reading(zone, at).highest - began) // (layer.turn_length_seconds * SECOND)
    return number % max(1, len(layer.user_ids))


def counted_from(wall: WallTime, turn_seconds: int, place: int, time_zone: str, at: Moment) -> Moment:
    """The virtual start with which the turn that runs at `at` is that of the person in this place.

    `wall` is any local time at which a turn is handed over; hand-offs stay where they are.
    """
    zone = zone_named(time_zone)
    length = turn_seconds * SECOND
    turn = (reading(zone, at).highest - wall) // length
    return first(zone, wall + (turn - place) * length)


def weekday_of(wall: WallTime) -> int:
    """Monday = 0."""
    return (wall - _MONDAY) // DAY % 7


def on_weekday(wall: WallTime, weekday: int) -> WallTime:
    """The same time of day on this day of the same week (Monday = 0)."""
    return wall + (weekday - weekday_of(wall)) * DAY


def at_time_of_day(wall: WallTime, seconds: int) -> WallTime:
    """The same day at so many seconds after local midnight."""
    return wall - wall % DAY + seconds * SECOND


def last_before(wall: WallTime, limit: WallTime, *, weekly: bool) -> WallTime:
    """The latest time by `limit` that lies whole days (or weeks) from `wall`."""
    period = WEEK if weekly else DAY
    return wall + (limit - wall) // period * period
