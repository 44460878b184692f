"""A scene for the pages about schedules: layers of every form, rotations, overrides, gaps, sixty of them."""

from __future__ import annotations

from pathlib import Path

from tests.web.place import NIGHT, Place, policy_of, small
from tests.web.scenes import LONG_NAME
from tocsin.directory.model import Membership, Role, Team, TeamRole
from tocsin.kernel.time import DAY, HOUR, WEEK, parse_iso
from tocsin.oncall import CustomShift, Layer, Override, Restriction, RestrictionKind, Rotation, RotationEvent, Schedule

PAGES = {
    "oncall": "/on-call",
    "oncall-found": "/on-call?q=zahlung",
    "oncall-none": "/on-call?q=nothing-like-it",
    "oncall-second": "/on-call?page=2",
    "schedules": "/schedules",
    "schedules-none": "/schedules?q=nothing-like-it",
    "schedule": "/schedules/{layered}",
    "schedule-day": "/schedules/{layered}?view=day",
    "schedule-month": "/schedules/{layered}?view=month&from=2026-03-01&zone=schedule",
    "schedule-shifts": "/schedules/{shifts}",
    "schedule-part": "/schedules/{part}",
    "schedule-odd": "/schedules/{odd}",
    "override": "/schedules/{layered}/override?from=1767700000&until=1767750000",
    "override-shifts": "/schedules/{shifts}/override",
    "schedule-new": "/schedules/new",
    "schedule-new-shifts": "/schedules/new?kind=shifts",
    "schedule-edit": "/schedules/{layered}/edit",
    "schedule-edit-shifts": "/schedules/{shifts}/edit",
    "schedule-edit-odd": "/schedules/{odd}/edit",
    "schedule-events": "/schedules/{events}",
    "schedule-edit-events": "/schedules/{events}/edit",
    "override-end": "/schedules/{part}/override/{hole}/end",
    "override-end-free": "/schedules/{layered}/override/{cover}/end",
}
"""What there is to see in this scene."""

ODD_NAME = "مناوبة الدفع 🧾 والتسوية الليلية"
BERLIN = "Europe/Berlin"


def schedules(folder: Path) -> Place:
    """Sixty schedules, some of them whole, some with holes, one in Berlin, one that adds shifts up."""
    place = small(folder)
    for name, shown in (("dora", LONG_NAME), ("emir", "محمد عبد الرحمن"), ("femi", "Fẹ́mi Adébáyọ̀")):
        user = place.person(name, Role.RESPONDER, shown=shown)
        place.desk.save(Membership(team_id=place.team.id, user_id=user.id, role=TeamRole.RESPONDER))
    layered = make_layered(place)
    make_shifts(place)
    make_part(place)
    make_events(place)
    odd = make_odd(place)
    policy_of(place, "Settlement", (5, layered), (10, odd), (15, "carol"))
    other: Team = place.desk.save(Team(id="", name="Warehouse and logistics of the northern countries"))
    for number in range(52):
        start = NIGHT - (number % 9) * DAY
        people = tuple(place.people[one].id for one in ("bob", "carol", "dora")[number % 3 :])
        layer = Layer("", "Weekly", start, None, start, 7 * 86_400, people)
        team = () if number % 5 == 0 else (other.id,)
        place.desk.save(Schedule("", f"Warehouse {number:02}", "Etc/UTC", (layer,), team_ids=team))
    place.desk.advance(10_000_000)
    return place


def make_layered(place: Place) -> Schedule:
    """Days and nights in Berlin, an override now, one to come, and a hole on Saturday morning."""
    ids = [place.people[name].id for name in ("alice", "bob", "dora", "emir")]
    start = parse_iso("2025-12-29T08:00:00+00:00")
    working = tuple(Restriction(RestrictionKind.WEEKLY, 7 * 3600, 14 * 3600, day) for day in range(1, 6))
    nights = (
        *(Restriction(RestrictionKind.WEEKLY, 21 * 3600, 10 * 3600, day) for day in range(1, 5)),
        Restriction(RestrictionKind.WEEKLY, 21 * 3600, 5 * 3600, 5),
        Restriction(RestrictionKind.WEEKLY, 9 * 3600, 46 * 3600, 6),
    )
    layers = (
        Layer("", "Nights and weekends", start, None, start, 7 * 86_400, tuple(ids), nights),
        Layer("", "Working days", start, None, start, 86_400, (ids[1], ids[0]), working),
    )
    made: Schedule = place.desk.save(
        Schedule("", "Zahlungen primär", BERLIN, layers, "Who answers when money does not move.", (place.team.id,))
    )
    now = NIGHT
    place.desk.save(Override("", made.id, ids[2], now, now + 5 * HOUR, now))
    place.desk.save(Override("", made.id, ids[0], now + 2 * DAY, now + 2 * DAY + 9 * HOUR, now))
    return made


def make_shifts(place: Place) -> Schedule:
    """Two rotations that overlap, one person more once, and an override."""
    alice, bob, dora = (place.people[name].id for name in ("alice", "bob", "dora"))
    begin = parse_iso("2026-01-05T08:00:00+00:00")
    weekdays = ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",)
    day = RotationEvent("", "Office days", begin, begin + 9 * HOUR, BERLIN, 0, None, weekdays, (alice, bob))
    week = RotationEvent(
        "", "Round the clock", begin, begin + WEEK, BERLIN, 0, None, ("RRULE:FREQ=WEEKLY",), (dora, bob)
    )
    rule = ("RRULE:FREQ=MONTHLY;BYDAY=1SA",)
    first = RotationEvent("", "First Saturday", begin, begin + 8 * HOUR, BERLIN, 0, None, rule, (alice, dora), True)
    rotations = (Rotation("", (day,)), Rotation("", (week,)), Rotation("", (first,)))
    made: Schedule = place.desk.save(
        Schedule("", "Data centre shifts", BERLIN, (), "", (place.team.id,), rotations=rotations, shift_based=True)
    )
    now = NIGHT
    place.desk.save(CustomShift("", made.id, place.people["carol"].id, now, now + 30 * HOUR))
    one = made.rotations[1].id
    place.desk.save(Override("", made.id, alice, now + DAY, now + 2 * DAY, now, rotation_id=one, overridden_id=dora))
    return made


def make_part(place: Place) -> Schedule:
    """Office hours alone: the rest is meant to be nobody's."""
    start = NIGHT - 20 * DAY
    hours = (Restriction(RestrictionKind.DAILY, 9 * 3600, 8 * 3600),)
    layer = Layer("", "Office hours", start, None, start, 86_400, (place.people["carol"].id,), hours)
    made: Schedule = place.desk.save(Schedule("", "Questions of customers", "Etc/UTC", (layer,), "", (place.team.id,)))
    place.desk.save(Override("", made.id, place.people["dora"].id, NIGHT + 6 * HOUR, NIGHT + 40 * HOUR, NIGHT))
    return made


def make_events(place: Place) -> Schedule:
    """One rotation of three events: with days left out, by the month, and by a rule that only text can hold."""
    alice, bob, dora = (place.people[name].id for name in ("alice", "bob", "dora"))
    begin = parse_iso("2026-01-05T08:00:00+00:00")
    days = RotationEvent(
        "", "Working days", begin, begin + 8 * HOUR, BERLIN, 0, None,
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "EXDATE;VALUE=DATE:20260406,20260525,20261224,20261228,20261229"),
        (alice, dora, ""), False, 2,
    )  # fmt: skip
    rule = ("RRULE:FREQ=MONTHLY;INTERVAL=2;BYMONTH=1,3,5,7,9,11;BYDAY=-1FR;UNTIL=20271231",)
    month = RotationEvent("", ODD_NAME, begin, begin + 4 * HOUR, "Asia/Kathmandu", 0, begin + 400 * DAY, rule, (bob,))
    own = ("RRULE:FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1,-1", "EXDATE;VALUE=DATE:20260131")
    text = RotationEvent("", "First and last day of weekends", begin, begin + 6 * HOUR, BERLIN, 0, None, own, (dora,))
    made: Schedule = place.desk.save(
        Schedule(
            "", "Migration of the ledger", BERLIN, (), "", (place.team.id,),
            rotations=(Rotation("", (days, month, text)),), shift_based=True,
        )
    )  # fmt: skip
    return made


def make_odd(place: Place) -> Schedule:
    """A name from right to left, long names, turns of five hours, a layer that ends and one that begins later."""
    start = NIGHT - 3 * DAY
    ids = tuple(place.people[name].id for name in ("emir", "dora", "femi", "alice"))
    layers = (
        Layer("", "Until the move to the new data centre in Rotterdam is over and done with", start, NIGHT + 4 * DAY,
              start, 5 * 3600, ids),
        Layer("", ODD_NAME, NIGHT + 5 * DAY, None, NIGHT + 5 * DAY, 2 * 7 * 86_400, ids[1:]),
    )  # fmt: skip
    made: Schedule = place.desk.save(Schedule("", ODD_NAME, "Asia/Kathmandu", layers, "", (place.team.id,)))
    return made


def places(place: Place) -> dict[str, str]:
    """Ids for the addresses."""
    config = place.desk.config()
    named = {one.name: one.id for one in config.schedules.values()}

    def override(name: str) -> str:
        return next((one.id for one in config.overrides_of.get(named.get(name, ""), ())), "")

    return {
        "layered": named.get("Zahlungen primär", ""),
        "shifts": named.get("Data centre shifts", ""),
        "part": named.get("Questions of customers", ""),
        "odd": named.get(ODD_NAME, ""),
        "events": named.get("Migration of the ledger", ""),
        "hole": override("Questions of customers"),
        "cover": override("Zahlungen primär"),
    }
