"""Prints how long on-call takes: a year written out, one moment asked about (`python bench/oncall_bench.py`)."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from tocsin.kernel.time import DAY, HOUR, WEEK, parse_iso
from tocsin.oncall import (
    Layer,
    Override,
    Restriction,
    RestrictionKind,
    Rotation,
    RotationEvent,
    Schedule,
    next_on_call,
    render,
    shifts_at,
    who_is_on_call,
)
from tocsin.oncall.wallclock import first, last

START = parse_iso("2025-01-06T08:00:00Z")
NIGHTS = (Restriction(RestrictionKind.DAILY, 18 * 3600, 14 * 3600),)


def schedule(layers: int, people: int, turn_seconds: int, restrictions: tuple[Restriction, ...] = ()) -> Schedule:
    return Schedule(
        "PSCHED1",
        "Payments",
        "Europe/Berlin",
        tuple(
            Layer(
                f"PLAYER{number}",
                f"Layer {number}",
                START,
                None,
                START + number * HOUR,
                turn_seconds,
                tuple(f"PUSER{number}{user}" for user in range(people)),
                restrictions,
            )
            for number in range(layers)
        ),
    )


def rotations(count: int, people: int, rule: str, hours: int) -> Schedule:
    """A shift-based schedule: so many rotations, the people spread over their events, all of them serving in turn."""
    each = max(1, people // count)
    made = tuple(
        Rotation(
            f"PROTAT{number}",
            (
                RotationEvent(
                    f"PEVENT{number}",
                    "Shift",
                    START + number * HOUR,
                    START + (number + hours) * HOUR,
                    "Europe/Berlin",
                    START - WEEK,
                    None,
                    (f"RRULE:{rule}",),
                    tuple(f"PUSER{number * each + user}" for user in range(each)),
                ),
            ),
        )
        for number in range(count)
    )
    return Schedule("PSHIFT1", "Payments", "Europe/Berlin", (), rotations=made, shift_based=True)


SHIFT_RULES = (
    ("weekly shifts", "FREQ=WEEKLY", 168),
    ("daily shifts", "FREQ=DAILY", 24),
    ("workdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 8),
    ("last Friday of the month", "FREQ=MONTHLY;BYDAY=-1FR", 24),
)


def best(work: Callable[[], object], repeats: int = 7) -> float:
    """The shortest of some runs, in seconds: what the work costs without the neighbours' noise."""
    times = []
    for _ in range(repeats):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times)


def moments(plan: Schedule, overrides: tuple[Override, ...], count: int = 2000) -> Callable[[], None]:
    def ask() -> None:
        for number in range(count):
            who_is_on_call(plan, overrides, START + number * 3 * HOUR)

    return ask


def year(plan: Schedule, overrides: tuple[Override, ...], *, forget: bool) -> Callable[[], None]:
    """Writes a year out, with or without the local times that were reckoned before."""

    def write_out() -> None:
        if forget:
            first.cache_clear()
            last.cache_clear()
        render(plan, overrides, START, START + 365 * DAY)

    return write_out


def main() -> None:
    overrides = tuple(
        Override(f"O{number}", "PSCHED1", "PUSER00", START + number * WEEK, START + number * WEEK + DAY, number)
        for number in range(50)
    )
    for label, turn, restrictions in (
        ("weekly turns", 604_800, ()),
        ("daily turns", 86_400, ()),
        ("daily turns, nights only", 86_400, NIGHTS),
        ("12-hour turns", 43_200, ()),
    ):
        plan = schedule(10, 50, turn, restrictions)
        cold = best(year(plan, overrides, forget=True))
        warm = best(year(plan, overrides, forget=False))
        one = best(moments(plan, overrides)) / 2000
        print(f"10 layers x 50 people, {label}:")
        print(f"  year {cold * 1e3:.1f} ms, drawn again {warm * 1e3:.1f} ms; who_is_on_call {one * 1e6:.1f} us")
    for label, rule, hours in SHIFT_RULES:
        plan = rotations(10, 50, rule, hours)
        cold = best(year(plan, (), forget=True))
        warm = best(year(plan, (), forget=False))
        one = best(moments(plan, ())) / 2000
        print(f"10 rotations x 5 people, {label}:")
        print(f"  year {cold * 1e3:.1f} ms, drawn again {warm * 1e3:.1f} ms; who_is_on_call {one * 1e6:.1f} us")
    ordinary = schedule(2, 6, 604_800)
    at = START + 100 * DAY
    print(f"2 layers x 6 people: who_is_on_call {best(moments(ordinary, ())) / 2000 * 1e6:.1f} us")
    print(f"  shifts_at {best(lambda: shifts_at(ordinary, (), at)) * 1e3:.2f} ms")
    print(f"  next_on_call {best(lambda: next_on_call(ordinary, (), at)) * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
