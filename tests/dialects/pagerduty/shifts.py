"""A shift-based schedule of Payments with one of everything, and bodies that make and change its parts."""

from __future__ import annotations

from typing import Any

from tests.dialects.pagerduty.api import House
from tocsin.kernel.time import DAY, HOUR
from tocsin.oncall import CustomShift, Override, Rotation, RotationEvent, Schedule

NAME = "Shifts"


def event(*users: str, **more: Any) -> dict[str, Any]:
    """An event as clients send it: weekdays from nine to five in New York, from the day that every house begins on."""
    return {
        "name": "Weekly On-Call",
        "start_time": {"date_time": "2026-01-06T14:00:00Z", "time_zone": "America/New_York"},
        "end_time": {"date_time": "2026-01-06T22:00:00Z", "time_zone": "America/New_York"},
        "effective_since": "2026-01-06T12:00:00Z",
        "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
        "assignment_strategy": {
            "type": "rotating_member_assignment_strategy",
            "shifts_per_member": 1,
            "members": [{"type": "user_member", "user_id": user} for user in users],
        },
        **more,
    }


def member(user: str) -> dict[str, str]:
    return {"type": "user_member", "user_id": user} if user else {"type": "empty_member"}


def custom_shift(user: str, start: str, end: str) -> dict[str, Any]:
    return {
        "type": "custom_shift",
        "start_time": start,
        "end_time": end,
        "assignments": [{"type": "shift_assignment", "member": member(user)}],
    }


def override(source: dict[str, str], instead_of: str, by: str, start: str, end: str) -> dict[str, Any]:
    return {
        "type": "override_shift",
        **source,
        "start_time": start,
        "end_time": end,
        "overridden_member": member(instead_of),
        "overriding_member": member(by),
    }


def populate(house: House) -> None:
    """The schedule: one rotation with an event to come, a custom shift, an override."""
    now = house.clock.now()
    coming = RotationEvent(
        id="",
        name="Weekly On-Call",
        start=now + DAY,
        end=now + DAY + 8 * HOUR,
        time_zone="America/New_York",
        effective_since=now + DAY,
        effective_until=None,
        recurrence=("RRULE:FREQ=DAILY",),
        members=(house.alice.id, house.bob.id),
    )
    schedule = house.save(
        Schedule(
            id="",
            name=NAME,
            time_zone="America/New_York",
            layers=(),
            team_ids=(house.payments.id,),
            shift_based=True,
            rotations=(Rotation("", (coming,)),),
        )
    )
    later = now + 20 * DAY
    house.save(CustomShift("", schedule.id, house.carol.id, later, later + DAY))
    rotation = schedule.rotations[0].id
    covering = Override(
        "", schedule.id, house.carol.id, later, later + DAY, 0, rotation_id=rotation, overridden_id=house.alice.id
    )
    house.save(covering)


def shift_based(house: House) -> Schedule:
    """The schedule that `populate` made."""
    return next(one for one in house.config().schedules.values() if one.shift_based)


def ids(house: House) -> dict[str, str]:
    """The ids of its parts by their names in paths."""
    config = house.config()
    schedule = shift_based(house)
    return {
        "{id}": schedule.id,
        "{rotation_id}": schedule.rotations[0].id,
        "{event_id}": schedule.rotations[0].events[0].id,
        "{custom_shift_id}": next(iter(config.custom_shifts)),
        "{override_id}": config.overrides_of[schedule.id][0].id,
    }
