"""`tocsin check`: what would keep an alarm from reaching somebody in the next two weeks is named, by the wall clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.app.providing import providers_of
from tocsin.app.readiness import checked
from tocsin.app.settings import AppSettings, from_environment
from tocsin.cli.main import cli
from tocsin.directory.model import Channel, Role
from tocsin.engine.readiness import Subject, Weight
from tocsin.kernel.time import HOUR, parse_iso
from tocsin.oncall import CustomShift, Layer, Restriction, RestrictionKind, Rotation, RotationEvent, Schedule
from tocsin.testing.world import World
from tocsin.web.findings import said, times_said

EVERYTHING = {
    "TOCSIN_TWILIO_ACCOUNT_SID": "AC1",
    "TOCSIN_SMTP_URL": "smtp://localhost",
    "TOCSIN_PUBLIC_URL": "https://x",
    "TOCSIN_HEARTBEAT_URL": "https://y",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.person("olga", role=Role.OWNER)
    yield made
    made.close()


def found(world: World, weight: Weight = Weight.PROBLEM, **settings: str) -> list[str]:
    """What a check says on Tuesday, 6 January 2026, 09:00 UTC, with everything set up that is not named otherwise."""
    environment = {**EVERYTHING, **settings}
    place: AppSettings = from_environment({name: text for name, text in environment.items() if text}, data=world.folder)
    return [
        said(one)
        for one in checked(world.config, place, providers_of(place), world.clock.now())
        if one.weight is weight
    ]


def office(world: World, name: str, *people: Any) -> Schedule:
    """Weekdays from nine to five in Berlin."""
    start = parse_iso("2025-12-29T00:00:00+00:00")
    hours = tuple(Restriction(RestrictionKind.WEEKLY, 9 * 3600, 8 * 3600, day) for day in range(1, 6))
    layer = Layer("", "Day", start, None, start, 7 * 86_400, tuple(one.id for one in people), hours)
    made: Schedule = world.save(Schedule("", name, "Europe/Berlin", (layer,)))
    return made


def test_all_is_well(world: World) -> None:
    alice, bob = world.person("alice"), world.person("bob")
    rotation = world.rotation("Primary", alice, bob)
    world.service("payments", world.policy("payments", (5, rotation), (5, bob)))
    assert found(world) == []
    assert found(world, Weight.NOTE) == []


def test_an_empty_installation_is_not_ready(world: World) -> None:
    assert found(world) == ["There is no service that is switched on, so no alarm can be raised."]


def test_a_gap_is_named_and_a_level_that_reaches_nobody_is_a_problem(world: World) -> None:
    alice, bob = world.person("alice"), world.person("bob")
    day = office(world, "Day", alice)
    world.service("payments", world.policy("payments", (5, day), (5, bob)))
    (level,) = found(world)
    assert level == (
        "Policy payments, level 1, reaches nobody: Tue 06 Jan 17:00 to Wed 07 Jan 09:00; Wed 07 Jan 17:00 to "
        "Thu 08 Jan 09:00; Thu 08 Jan 17:00 to Fri 09 Jan 09:00, and 7 times more (Europe/Berlin)."
    )
    (gap,) = found(world, Weight.NOTE)
    assert gap.startswith("Schedule Day has nobody on call: Tue 06 Jan 17:00 to Wed 07 Jan 09:00;")


def test_shifts_that_add_up_are_looked_at_together(world: World) -> None:
    """Two halves of the day without Friday 9 January: its hours are named; the level reaches nobody then."""
    alice, bob = world.person("alice"), world.person("bob")
    since = parse_iso("2025-12-29T00:00:00+00:00")
    but_friday = ("RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260109")
    halves = tuple(
        Rotation(
            "",
            (RotationEvent("", "Half", start, start + 12 * HOUR, "Etc/UTC", 0, None, but_friday, members),),
        )
        for start, members in ((since, (alice.id,)), (since + 12 * HOUR, (alice.id, bob.id)))
    )
    shifts = world.save(Schedule("", "Shifts", "Etc/UTC", (), rotations=halves, shift_based=True))
    world.service("payments", world.policy("payments", (5, shifts)))
    times = "Fri 09 Jan 00:00 to Sat 10 Jan 00:00 (UTC)"
    assert found(world) == [f"Policy payments, level 1, reaches nobody: {times}."]
    assert found(world, Weight.NOTE) == [f"Schedule Shifts has nobody on call: {times}."]
    world.save(CustomShift("", shifts.id, bob.id, parse_iso("2026-01-09T00:00:00Z"), parse_iso("2026-01-10T00:00:00Z")))
    assert found(world) == found(world, Weight.NOTE) == []


@pytest.mark.parametrize(
    ("zone", "called"), [("Etc/UTC", "UTC"), ("UTC", "UTC"), ("Etc/GMT+5", "Etc/GMT+5"), ("Asia/Tokyo", "Asia/Tokyo")]
)
def test_a_zone_is_called_what_tells_its_clock(zone: str, called: str) -> None:
    """Those of `Etc` count the other way round: `Etc/GMT+5` is five hours behind UTC."""
    monday = parse_iso("2026-01-05T12:00:00Z")
    assert times_said(((monday, monday + HOUR),), zone).endswith(f"({called})")


def test_a_gap_that_somebody_else_of_the_level_fills_is_a_note(world: World) -> None:
    alice, bob = world.person("alice"), world.person("bob")
    day = office(world, "Day", alice)
    world.service("payments", world.policy("payments", (5, (day, bob))))
    assert found(world) == []
    assert len(found(world, Weight.NOTE)) == 1


def test_schedules_and_policies_that_nothing_uses_are_left_alone(world: World) -> None:
    alice, bob = world.person("alice"), world.person("bob")
    office(world, "Day", alice)
    world.policy("unused", (5, office(world, "Other", alice)))
    world.service("payments", world.policy("payments", (5, bob)))
    assert found(world) + found(world, Weight.NOTE) == []


def test_people_who_can_not_be_reached_are_named(world: World) -> None:
    alice, bob, carol = world.person("alice"), world.person("bob"), world.person("carol")
    world.service("payments", world.policy("payments", (5, alice), (5, bob), (5, carol)))
    for contact in world.config.contacts_of[alice.id]:
        world.save(replace(contact, enabled=False), "enabled")
    for rule in world.config.rules_of[bob.id]:
        world.delete(rule)
    world.save(replace(carol, active=False), "active")
    assert found(world) == [
        "Policy payments, level 1, reaches nobody: all of the next 14 days.",
        "Policy payments, level 3, reaches nobody: all of the next 14 days.",
        "Alice can't be reached: every contact method is switched off.",
        "Carol can't be reached: switched off.",
    ]
    assert found(world, Weight.NOTE) == [
        "Bob has no rule for high urgency that can be used: every contact method is used at once."
    ]


def test_a_finding_names_what_to_mend(world: World) -> None:
    alice, bob = world.person("alice"), world.person("bob")
    day = office(world, "Day", alice)
    service, monitor = world.service("payments", world.policy("payments", (5, day), (5, bob)))
    world.delete(monitor)
    world.save(replace(bob, active=False), "active")
    place = from_environment(EVERYTHING, data=world.folder)
    subjects = {one.code: one.subject for one in checked(world.config, place, providers_of(place), world.clock.now())}
    assert subjects == {
        "level_reaches_nobody": Subject("policy", service.policy_id),
        "unreached_inactive": Subject("user", bob.id),
        "gap": Subject("schedule", day.id),
        "no_integration": Subject("service", service.id),
    }


def test_what_a_level_names_and_is_gone_is_said(world: World) -> None:
    alice = world.person("alice")
    policy = world.policy("payments", (5, (alice, world.rotation("Primary", alice))))
    world.service("payments", policy)
    names_a_gone_one = policy.rules[0].targets[1].id
    config = world.config.changed([("schedule", names_a_gone_one, None)], world.config.version + 1)
    place = from_environment(EVERYTHING, data=world.folder)
    found = checked(config, place, providers_of(place), world.clock.now())
    assert [said(one) for one in found] == ["Policy payments, level 1, names somebody or a schedule that was removed."]


def test_a_channel_that_somebody_counts_on_is_set_up(world: World) -> None:
    alice = world.person("alice", rules=((Channel.SMS, 0), (Channel.WEBHOOK, 1)))
    bob = world.person("bob")
    world.service("payments", world.policy("payments", (5, (alice, bob))))
    assert found(world, TOCSIN_TWILIO_ACCOUNT_SID="") == [
        "Bob can't be reached: nothing of it is set up here.",
        "Texts are not set up (/connections, TOCSIN_TWILIO_...), but Alice and 1 more would be reached that way.",
    ]


def test_what_is_worth_knowing(world: World) -> None:
    alice = world.person("alice")
    _, integration = world.service("payments", world.policy("payments", (5, alice)))
    world.delete(integration)
    notes = found(world, Weight.NOTE, TOCSIN_PUBLIC_URL="", TOCSIN_HEARTBEAT_URL="")
    assert [note.split()[0] for note in notes] == ["Service", "TOCSIN_PUBLIC_URL", "TOCSIN_HEARTBEAT_URL"]


def test_a_fenced_pager_is_not_ready(world: World) -> None:
    world.service("payments", world.policy("payments", (5, world.person("alice"))))
    world.save(replace(world.config.settings, sending_fenced=True), "sending_fenced")
    assert found(world) == ["Sending is fenced off since a restore: `tocsin restore --confirm` lifts it."]


def test_the_command_says_it_by_its_exit_code(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["check", "--data", str(tmp_path), *words], env=EVERYTHING)
        return result.exit_code, result.output

    monkeypatch.setenv("TOCSIN_DATA_DIR", "")
    code, text = run()
    assert (code, text.splitlines()[0][:19]) == (1, "!! There is no serv")
    code, text = run("--json")
    first = json.loads(text)[0]
    assert (code, first["weight"], first["code"], first["subject"]["kind"]) == (1, "problem", "no_service", "service")
    assert first["text"].startswith("There is no service")
    alice = world.person("alice")
    _, integration = world.service("payments", world.policy("payments", (5, alice)))
    assert run() == (0, "Ready for the next 14 days.\n")
    world.delete(integration)
    assert run()[0] == 0
    assert run("--strict")[0] == 1
    result = CliRunner().invoke(cli, ["check", "--data", str(tmp_path / "nowhere")], env=EVERYTHING)
    assert result.exit_code == 2


def test_a_rule_that_begins_when_the_level_has_gone_on_is_a_problem(world: World) -> None:
    alice, bob = world.person("alice", rules=[(Channel.EMAIL, 31)]), world.person("bob")
    world.service("payments", world.policy("payments", (30, world.rotation("Primary", alice, bob)), (32, alice)))
    assert found(world) == [
        "Policy payments, level 1, goes on after 30 min, but the rules of Alice begin 31 min after a call."
    ]
