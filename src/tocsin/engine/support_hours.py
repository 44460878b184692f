"""Support hours: whether somebody is there to help now, and when that begins or ends next.

Decides what the clock of their zone means where it is set: a start that it shows twice begins the first time, an end
the last time, and what it skips happens right after the skip.
"""

from __future__ import annotations

from tocsin.directory.model import Service, SupportHours
from tocsin.kernel.time import DAY, SECOND, Moment
from tocsin.oncall import first, last, local_time, zone_named

DAYS_AHEAD = 9
"""A day of the week is at most a week away; the night that it ends in and a change of the clock come on top."""


def in_support_hours(hours: SupportHours | None, now: Moment) -> bool:
    """Whether `now` is in them. A service without support hours is always supported."""
    if hours is None:
        return True
    wall = local_time(zone_named(hours.time_zone), now)
    second = wall % DAY // SECOND
    if hours.start_second < hours.end_second:
        return _weekday(wall) in hours.days and hours.start_second <= second < hours.end_second
    if second >= hours.start_second:
        return _weekday(wall) in hours.days
    return second < hours.end_second and _weekday(wall - DAY) in hours.days


def next_raise(service: Service, after: Moment) -> Moment | None:
    """When the service's quiet incidents become urgent next, None = never. Later than `after`."""
    hours = service.support_hours
    if hours is None or not service.raise_at or not hours.days:
        return None
    zone = zone_named(hours.time_zone)
    midnight = local_time(zone, after) // DAY * DAY
    days = [midnight + number * DAY for number in range(-2, DAYS_AHEAD)]
    worked = [day for day in days if _weekday(day) in hours.days]
    if service.raise_at == "support_hours_start":
        moments = [first(zone, day + hours.start_second * SECOND) for day in worked]
    else:
        overnight = 0 if hours.start_second < hours.end_second else DAY
        moments = [last(zone, day + overnight + hours.end_second * SECOND) for day in worked]
    return min((moment for moment in moments if moment > after), default=None)


def _weekday(wall: int) -> int:
    """Monday = 1, of a local time in microseconds since 1970-01-01 (a Thursday)."""
    return (wall // DAY + 3) % 7 + 1
