"""What is wrong with a schedule is said in sentences that its writer understands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.stations.oncall.plans import ALICE, BOB, CAROL, PEOPLE, at, daily, layer, override, schedule, weekly
from tocsin.kernel.time import DAY, HOUR
from tocsin.oncall import Layer, Override, Restriction, RestrictionKind, Schedule, override_problems, problems

KNOWN = frozenset(PEOPLE)
GOOD = schedule(layer(name="Days", restrictions=(daily("09:00", 8), weekly(6, "00:00", 48))), zone="Europe/Berlin")


def with_layer(**changes: object) -> Schedule:
    return replace(GOOD, layers=(replace(GOOD.layers[0], **changes),))  # type: ignore[arg-type]


def with_restriction(restriction: Restriction) -> Schedule:
    return with_layer(restrictions=(restriction,))


def test_a_good_schedule_has_no_problems() -> None:
    assert problems(GOOD, KNOWN) == []
    assert problems(with_layer(turn_length_seconds=3600), KNOWN) == []
    assert problems(with_layer(turn_length_seconds=31_536_000), KNOWN) == []
    assert problems(with_restriction(weekly(7, "23:59", 168)), KNOWN) == []
    assert problems(schedule(layer(), zone="Etc/UTC"), KNOWN) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (replace(GOOD, name="  "), "The schedule needs a name."),
        (replace(GOOD, name="x" * 256), "The name is longer than 255 characters."),
        (replace(GOOD, description="x" * 4097), "The description is longer than 4096 characters."),
        (replace(GOOD, team_ids=("PTEAM01",) * 101), "The schedule belongs to more than 100 teams."),
        (replace(GOOD, time_zone="Mars/Olympus"), "'Mars/Olympus' is not a time zone."),
        (replace(GOOD, time_zone="localtime"), "'localtime' is not a time zone."),
        (replace(GOOD, time_zone="\n" * 9000), f"{(chr(10) * 61 + '...')!r} is not a time zone."),
        (replace(GOOD, layers=()), "The schedule needs at least one layer."),
        (replace(GOOD, layers=GOOD.layers * 51), "The schedule has more than 50 layers."),
        (
            schedule(*(layer(restrictions=(daily("01:00", 1),) * 26, id=f"P{number}") for number in range(20))),
            "The layers have more than 500 restrictions together.",
        ),
        (replace(GOOD, layers=GOOD.layers * 3), "The layer id PLAYER1 stands in the schedule more than once."),
        (with_layer(name="x" * 256), f"Layer 1 ({'x' * 256}): the name is longer than 255 characters."),
        (with_layer(end=0), "Layer 1 (Days): it must end after its start."),
        (
            with_layer(rotation_virtual_start=at("1899-12-31T23:59:59Z")),
            "Layer 1 (Days): its dates must lie between the years 1900 and 9990.",
        ),
        (
            with_layer(end=at("9990-01-01T00:00:00Z")),
            "Layer 1 (Days): its dates must lie between the years 1900 and 9990.",
        ),
        (with_layer(turn_length_seconds=3599), "Layer 1 (Days): a turn lasts 3600 to 31536000 seconds, not 3599."),
        (with_layer(turn_length_seconds=0), "Layer 1 (Days): a turn lasts 3600 to 31536000 seconds, not 0."),
        (
            with_layer(turn_length_seconds=31_536_001),
            "Layer 1 (Days): a turn lasts 3600 to 31536000 seconds, not 31536001.",
        ),
        (with_layer(time_zone="Nowhere"), "Layer 1 (Days): 'Nowhere' is not a time zone."),
        (with_layer(user_ids=()), "Layer 1 (Days): it needs at least one user."),
        (with_layer(user_ids=(ALICE,) * 501), "Layer 1 (Days): it has more than 500 users."),
        (with_layer(user_ids=(ALICE, "PMALLOR", "PMALLOR")), "Layer 1 (Days): There is no user 'PMALLOR'."),
        (with_layer(restrictions=(daily("01:00", 1),) * 51), "Layer 1 (Days): it has more than 50 restrictions."),
        (with_restriction(daily("09:00", 24)), "Layer 1 (Days): restriction 1 is daily and must last less than a day."),
        (
            with_restriction(weekly(1, "09:00", 168.1)),
            "Layer 1 (Days): restriction 1 is weekly and must not last longer than a week.",
        ),
        (with_restriction(daily("09:00", 0)), "Layer 1 (Days): restriction 1 must last at least a second."),
        (
            with_restriction(daily("24:00", 1)),
            "Layer 1 (Days): restriction 1 must start between 00:00:00 and 23:59:59.",
        ),
        (
            with_restriction(Restriction(RestrictionKind.DAILY, 0, 60, 3)),
            "Layer 1 (Days): restriction 1 is daily and can't start on a day of the week.",
        ),
        (
            with_restriction(Restriction(RestrictionKind.WEEKLY, 0, 60)),
            "Layer 1 (Days): restriction 1 is weekly and must start on a day from 1 (Monday) to 7 (Sunday).",
        ),
        (
            with_restriction(weekly(8, "00:00", 1)),
            "Layer 1 (Days): restriction 1 is weekly and must start on a day from 1 (Monday) to 7 (Sunday).",
        ),
    ],
)
def test_each_problem_has_its_sentence(wrong: Schedule, sentence: str) -> None:
    assert problems(wrong, KNOWN) == [sentence]


def test_all_problems_are_told_at_once() -> None:
    unnamed = Layer("", "", 0, 0, 0, 1, (), (daily("09:00", 30),))
    assert problems(schedule(GOOD.layers[0], unnamed, zone="?"), {ALICE, BOB}) == [
        "'?' is not a time zone.",
        f"Layer 1 (Days): There is no user '{CAROL}'.",
        "Layer 2: it must end after its start.",
        "Layer 2: a turn lasts 3600 to 31536000 seconds, not 1.",
        "Layer 2: it needs at least one user.",
        "Layer 2: restriction 1 is daily and must last less than a day.",
    ]


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (override(BOB, 0, 2 * DAY), []),
        (override("PMALLOR", 0, 2 * DAY), ["There is no user 'PMALLOR'."]),
        (override(BOB, 2 * DAY, DAY), ["Override must end after its start."]),
        (override(BOB, 0, HOUR), ["Override must end in the future."]),
        (
            override(BOB, 0, at("9998-01-01T00:00:00Z")),
            ["Override must lie between the years 1900 and 9990."],
        ),
    ],
)
def test_problems_of_an_override(wrong: Override, found: list[str]) -> None:
    assert override_problems(wrong, KNOWN, DAY) == found
