"""The list of shifts tells no end that is only where the search for one stopped."""

from __future__ import annotations

import re

from tests.web.place import NIGHT, Place, policy_of
from tests.web.test_incident_pages import words
from tocsin.kernel.time import DAY
from tocsin.oncall import CustomShift, Layer, Rotation, RotationEvent, Schedule


def shifts(place: Place, schedule: Schedule) -> list[str]:
    html = place.client("alice").get("/on-call").text
    section = html.partition(f'id="h-{schedule.id}"')[2].partition("</section>")[0]
    return [words(one) for one in re.findall(r'<li class="row shift-row"><span>(.*?)</span>', section)]


def test_one_person_for_ever_has_no_end_in_sight(place: Place) -> None:
    assert shifts(place, place.rota("Always Alice", "alice")) == ["now, no end in sight"]


def test_a_turn_that_outlasts_the_list_goes_on(place: Place) -> None:
    schedule = place.rota("Weekly", "alice", "bob")
    assert shifts(place, schedule) == [
        "now – Sun 02:14",
        "Sun 02:14 – 18 Jan 02:14",
        "18 Jan 02:14 – 20 Jan 02:14 and on",
    ]


def test_whoever_starts_later_and_never_ends(place: Place) -> None:
    layer = Layer("", "From then on", NIGHT + DAY, None, NIGHT + DAY, 7 * 86_400, (place.people["bob"].id,))
    schedule: Schedule = place.desk.save(Schedule("", "Later", "Etc/UTC", (layer,), team_ids=(place.team.id,)))
    found = shifts(place, schedule)
    assert len(found) == 2, "the gap, and the shift"
    assert found[1].endswith(", no end in sight")


def test_gaps_stand_between_the_shifts_that_they_part(place: Place) -> None:
    event = RotationEvent(
        "", "Days", NIGHT, NIGHT + DAY // 2, "Etc/UTC", 0, None, ("RRULE:FREQ=DAILY",), (place.people["bob"].id,)
    )
    team = (place.team.id,)
    wanted = Schedule("", "Days", "Etc/UTC", (), team_ids=team, rotations=(Rotation("", (event,)),), shift_based=True)
    found = shifts(place, place.desk.save(wanted))
    ends, starts = ([one.split(" – ")[side] for one in found] for side in (1, 0))
    assert len(found) > 20
    assert ends[:-1] == starts[1:], "each row begins where the one before it ends"


def test_a_shift_based_schedule_shows_everybody_who_is_on_call(place: Place) -> None:
    """Alice and Bob serve together every other day, Carol once beside them; then nobody for a day."""
    alice, bob = (place.people[name].id for name in ("alice", "bob"))
    event = RotationEvent(
        "",
        "Both",
        NIGHT,
        NIGHT + DAY,
        "Etc/UTC",
        0,
        None,
        ("RRULE:FREQ=DAILY;INTERVAL=2",),
        (alice, bob),
        every_member=True,
    )
    rotations = (Rotation("", (event,)),)
    team = (place.team.id,)
    wanted = Schedule("", "Together", "Etc/UTC", (), team_ids=team, rotations=rotations, shift_based=True)
    schedule: Schedule = place.desk.save(wanted)
    place.desk.save(CustomShift("", schedule.id, place.people["carol"].id, NIGHT - DAY, NIGHT + DAY // 2))
    policy_of(place, "Calls both", (5, schedule))
    html = place.client("alice").get("/on-call").text
    row = words(html.partition("<strong><bdi>Together</bdi>")[2].partition('<div class="row watch-row">')[0])
    now, _, later = row.partition("nobody else")
    assert all(name in now for name in ("Alice", "Bob", "Carol")), row
    assert "Nobody," in later, "the day after"
    assert [one.count("–") for one in shifts(place, schedule)][-1] == 1
    assert "Alice" in html.partition(f'id="h-{schedule.id}"')[2].partition("</section>")[0]
    front = words(place.client("alice").get("/").text)
    assert "have Together" in front
    assert 'href="/on-call" title="Payments primary and Together"' in html, "Alice has both"
