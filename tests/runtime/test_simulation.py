"""`tocsin simulate`: the engine itself tells who would be paged, how and when; nothing is sent, nothing changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.app.providers import NEEDED
from tocsin.cli.main import cli
from tocsin.directory.model import (
    Channel,
    Integration,
    Role,
    Service,
    ServiceStatus,
    SupportHours,
    TeamRole,
    Urgency,
    UrgencyRule,
    UrgencyRuleKind,
    User,
)
from tocsin.escalation.messages import LevelReached
from tocsin.escalation.model import ROUND_ROBIN, Rule, Target, TargetKind
from tocsin.events.model import Action, Outcome, Severity
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.time import HOUR, MINUTE, iso, parse_iso
from tocsin.oncall import Override
from tocsin.paging.messages import PageStarted
from tocsin.runtime.reads import Reads
from tocsin.runtime.simulation import (
    Bounds,
    Question,
    Story,
    policy_called,
    service_called,
    simulate,
    trial_service,
    turns_of,
)
from tocsin.testing.rules import quiet
from tocsin.testing.world import World
from tocsin.web.simulated import names_in, sentence
from tocsin.web.times import Times, zone_of

ALL = frozenset(Channel)
EVERYTHING = {"TOCSIN_TWILIO_ACCOUNT_SID": "AC1", "TOCSIN_SMTP_URL": "smtp://localhost"}


class Payments:
    """Alice's rotation by text and 2 minutes later by phone, then bob; twice; carol manages the team, olga owns all."""

    def __init__(self, world: World) -> None:
        self.olga: User = world.person("olga", role=Role.OWNER)
        self.carol: User = world.person("carol")
        self.alice: User = world.person("alice", rules=((Channel.SMS, 0), (Channel.VOICE, 2), (Channel.EMAIL, 9)))
        self.bob: User = world.person("bob", rules=((Channel.VOICE, 0),))
        team = world.team("Payments", (self.carol, TeamRole.MANAGER))
        self.rotation = world.rotation("Primary", self.alice, time_zone="Europe/Berlin")
        policy = world.policy("Payments", (5, self.rotation), (5, self.bob), loops=1, teams=(team.id,))
        self.service: Service
        self.monitor: Integration
        self.service, self.monitor = world.service("Payments", policy)


@pytest.fixture(autouse=True)
def _no_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logging set up in a test would go on writing to that test's terminal, which is gone."""
    monkeypatch.setattr("tocsin.cli.simulate.configure", lambda _role: None)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def payments(world: World) -> Payments:
    return Payments(world)


def asked(world: World, payments: Payments, *, ways: frozenset[Channel] = ALL, **more: object) -> Story:
    question = Question(service=world.config.services[payments.service.id], at=world.clock.now())
    return simulate(world.config, ways, replace(question, **more), ids=world.ids, settings=NEEDED)  # type: ignore[arg-type]


def texts(story: Story) -> list[str]:
    names = names_in(story, Times(story.question.at, zone_of(story.zone_name)))
    return [sentence(step, names) for step in story.steps]


def pages(story: Story) -> list[tuple[int, str, str]]:
    """(minutes after the alarm, user id, channel) of every page."""
    return [
        ((step.at - story.question.at) // MINUTE, step.fact.user_id, step.fact.channel)
        for step in story.steps
        if isinstance(step.fact, PageStarted)
    ]


def test_it_foretells_what_the_engine_then_does(world: World, payments: Payments) -> None:
    story = asked(world, payments)
    begin = world.clock.now()
    world.event(payments.monitor)
    world.advance(minutes=120)
    really = [((one.at - begin) // MINUTE, one.message.user_id, one.message.channel) for one in world.carrier.received]
    assert pages(story) == really
    assert story.paged == (payments.alice.id, payments.bob.id, payments.carol.id, payments.olga.id)


def test_where_targets_take_turns_it_is_the_next_ones(world: World, payments: Payments) -> None:
    targets = tuple(Target(kind=TargetKind.USER, id=user.id) for user in (payments.alice, payments.bob, payments.carol))
    policy = world.config.policies[payments.service.policy_id]
    rule = Rule(id="", delay_minutes=5, targets=targets, strategy=ROUND_ROBIN)
    world.save(replace(policy, rules=(rule,)), "rules")
    assert turns_of(world.config, Reads(world.database).memories) == (), "nobody has had one"
    foretold = []
    for number in range(4):
        turns = turns_of(world.config, Reads(world.database).memories)
        foretold.append(pages(asked(world, payments, turns=turns, span=0))[0][1])
        world.event(payments.monitor, f"alarm {number}")
        world.event(payments.monitor, f"alarm {number}", action=Action.RESOLVE)
        world.advance(minutes=10)
    really = [one.message.user_id for one in world.carrier.received]
    assert foretold == really == [payments.alice.id, payments.bob.id, payments.carol.id, payments.alice.id]
    first = run(world, "--hours", "0.1")[1].splitlines()[1]
    assert "Bob is called (level 1, pass 1" in first, "the command knows it too"


def test_every_step_says_who_how_and_where_it_stands(world: World, payments: Payments) -> None:
    story = asked(world, payments, span=11 * MINUTE)
    minutes = [(step.at - story.question.at) // MINUTE for step in story.steps]
    assert [f"{minute} {text}" for minute, text in zip(minutes, texts(story), strict=True)][:9] == [
        "0 Alice is called (level 1, pass 1 of 2); the next level at 10:05:00",
        "0 Alice is paged by text: on call in Primary (level 1 of Payments, pass 1 of 2)",
        "2 Alice is paged by phone call: on call in Primary (level 1 of Payments, pass 1 of 2)",
        "5 Bob is called (level 2, pass 1 of 2); the next level at 10:10:00",
        "5 Alice was not paged by mail: it is with level 2 now",
        "5 Bob is paged by phone call: named in level 2 of Payments, pass 1 of 2",
        "10 Nobody answered; pass 2 of 2 begins",
        "10 Alice is called (level 1, pass 2 of 2); the next level at 10:15:00",
        "10 Alice is paged by text: on call in Primary (level 1 of Payments, pass 2 of 2)",
    ]
    assert [(step.level, step.pass_number, step.passes) for step in story.steps][4:9:4] == [(2, 1, 2), (1, 2, 2)]


def test_who_is_on_call_then_is_what_counts(world: World, payments: Payments) -> None:
    at = parse_iso("2026-12-24T22:00+01:00")
    world.save(Override("", payments.rotation.id, payments.bob.id, at - HOUR, at + HOUR, world.clock.now()))
    assert pages(asked(world, payments, at=at))[0][1] == payments.bob.id
    assert pages(asked(world, payments, at=at + HOUR))[0][1] == payments.alice.id


def test_a_level_without_anybody_is_skipped_with_its_reason(world: World, payments: Payments) -> None:
    world.save(replace(payments.alice, active=False), "active")
    story = asked(world, payments, span=MINUTE)
    assert texts(story)[0] == "Level 1 was skipped: Alice can't be reached"
    assert story.paged == (payments.bob.id,)


def test_a_channel_that_is_not_set_up_refuses(world: World, payments: Payments) -> None:
    story = asked(world, payments, ways=ALL - {Channel.SMS}, span=MINUTE)
    assert texts(story)[2].startswith(
        "Text to Alice: attempt 1 failed, sending by text is not set up: see /connections, TOCSIN_TWILIO_..."
    )
    assert pages(story)[1][2] is Channel.VOICE, "the next rule is used at once"
    assert asked(world, payments, ways=frozenset()).sent == ()


def test_urgency_by_the_services_rule_or_as_asked(world: World, payments: Payments) -> None:
    by_severity = UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED)
    world.save(replace(payments.service, urgency_rule=by_severity), "urgency_rule")
    assert asked(world, payments).urgency is Urgency.HIGH
    assert asked(world, payments, severity=Severity.WARNING).urgency is Urgency.LOW
    story = asked(world, payments, urgency=Urgency.LOW)
    assert (story.urgency, [step for step in story.steps if isinstance(step.fact, LevelReached)][1:]) == (
        Urgency.LOW,
        [],
    )


def test_an_answer_ends_it(world: World, payments: Payments) -> None:
    story = asked(world, payments, answer_after=7 * MINUTE)
    assert [one[:2] for one in pages(story)] == [(0, payments.alice.id), (2, payments.alice.id), (5, payments.bob.id)]
    assert texts(story)[-2:] == [
        "Bob answered the phone call: I have it",
        "Bob acknowledged by phone call",
    ]
    world.save(replace(payments.service, acknowledgement_timeout=600), "acknowledgement_timeout")
    assert pages(asked(world, payments, answer_after=7 * MINUTE))[3][:2] == (17, payments.bob.id)


def test_an_alarm_that_pages_nobody_says_why(world: World, payments: Payments) -> None:
    world.save(quiet(payments.service.id, "event.severity matches 'info'", "Chatter"))
    story = asked(world, payments, severity=Severity.INFO)
    assert (story.outcome, story.reason, story.steps) == (
        Outcome.SUPPRESSED,
        "suppressed by the rule “Chatter” of Payments",
        (),
    )
    assert asked(world, payments).sent
    world.save(replace(payments.service, status=ServiceStatus.DISABLED), "status")
    story = asked(world, payments)
    assert (story.outcome, story.reason) == (Outcome.DROPPED, "the service Payments is disabled")


def test_an_alarm_in_a_maintenance_window_pages_at_its_end(world: World, payments: Payments) -> None:
    now = world.clock.now()
    window = MaintenanceWindow(id="", start=now, end=now + 30 * MINUTE, service_ids=(payments.service.id,))
    world.save(window)
    story = asked(world, payments)
    assert story.outcome is Outcome.SUPPRESSED
    assert story.steps[0].at == now + 30 * MINUTE


def test_a_pause_and_the_hour_that_makes_it_urgent_are_foretold(world: World, payments: Payments) -> None:
    hours = SupportHours(time_zone="Etc/UTC", start_second=10 * 3600, end_second=18 * 3600, days=(2,))
    rule = UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS)
    settings = {
        "pause_seconds": 120,
        "pause_every": True,
        "urgency_rule": rule,
        "support_hours": hours,
        "raise_at": "support_hours_start",
    }
    world.save(replace(payments.service, **settings), *settings)  # type: ignore[arg-type]
    story = asked(world, payments)
    assert story.outcome is Outcome.SUSPENDED
    assert story.steps[0].at == world.clock.now() + 2 * MINUTE
    assert "support hours began" in " ".join(texts(story))


def test_a_service_is_found_by_id_or_by_its_name_in_any_case(world: World, payments: Payments) -> None:
    assert service_called(world.config, payments.service.id).id == payments.service.id
    assert service_called(world.config, "PAYments").id == payments.service.id
    with pytest.raises(NotFound, match="There is no service Payment"):
        service_called(world.config, "Payment")
    twin = replace(payments.service, id="PTWIN", name="payments")
    with pytest.raises(Invalid, match=r"2 services are called payments; take an id: .*PTWIN"):
        service_called(world.config.changed([("service", twin.id, twin)], 99), "payments")


def test_a_policy_is_asked_without_any_service(world: World, payments: Payments) -> None:
    policy = policy_called(world.config, "payments")
    world.delete(payments.service)
    question = Question(service=trial_service(policy), at=world.clock.now(), span=6 * MINUTE)
    story = simulate(world.config, ALL, question, ids=world.ids)
    assert story.paged == (payments.alice.id, payments.bob.id)
    assert story.urgency is Urgency.HIGH
    with pytest.raises(NotFound, match="There is no policy Payment"):
        policy_called(world.config, "Payment")


def test_a_policy_is_asked_as_it_would_be(world: World, payments: Payments) -> None:
    stored = policy_called(world.config, "Payments")
    draft = replace(stored, rules=stored.rules[1:])
    question = Question(service=trial_service(draft), policy=draft, at=world.clock.now(), span=MINUTE)
    assert simulate(world.config, ALL, question, ids=world.ids).paged == (payments.bob.id,)
    assert world.config.policies[stored.id] == stored


class Impatient:
    """A clock by which every look takes a second."""

    def __init__(self) -> None:
        self.looks = 0

    def now(self) -> int:
        return 0

    def ticks(self) -> float:
        self.looks += 1
        return float(self.looks)


def test_it_takes_no_longer_than_it_may(world: World, payments: Payments) -> None:
    whole = asked(world, payments, span=72 * HOUR)
    assert (whole.cut_short, whole.until) == (False, whole.question.at + 72 * HOUR)
    question = Question(service=world.config.services[payments.service.id], at=world.clock.now(), span=72 * HOUR)
    cut = simulate(world.config, ALL, question, ids=world.ids, bounds=Bounds(clock=Impatient(), seconds=3))
    assert cut.cut_short
    assert cut.until == question.at + 12 * MINUTE, "a few timers further"
    assert [step.at for step in cut.steps] == [step.at for step in whole.steps if step.at <= cut.until]


def run(world: World, *words: str) -> tuple[int, str]:
    arguments = ["simulate", "payments", "--at", "2026-12-24T22:00+01:00", "--data", str(world.folder), *words]
    result = CliRunner().invoke(cli, arguments, env=EVERYTHING)
    return result.exit_code, result.output


def test_the_command_tells_it_line_by_line(world: World, payments: Payments) -> None:
    code, text = run(world, "--hours", "0.5")
    lines = text.splitlines()
    assert code == 0
    assert lines[0] == (
        "Payments, Thu 24 Dec 2026 22:00 (Europe/Berlin): severity critical, high urgency, "
        "policy Payments (2 levels, 2 passes)"
    )
    assert lines[1] == "  +0:00  Thu 22:00:00  Alice is called (level 1, pass 1 of 2); the next level at 22:05:00"
    assert lines[2].startswith("  +0:00  Thu 22:00:00    Alice is paged by text: on call in Primary (")
    assert lines[2].endswith(f" [{world.config.contacts_of[payments.alice.id][1].dial}]")
    assert any(line.startswith("  +0:20  Thu 22:20:00  Carol is called as the last resort (team man") for line in lines)
    assert lines[-1] == (
        "Nobody answers: Alice, Bob and Carol are paged, 7 pages in all, the last at +0:20. "
        "The last resort is called again at +0:50."
    )


def test_the_command_asks_a_policy(world: World, payments: Payments) -> None:
    def policy(*words: str) -> tuple[int, str]:
        arguments = ["simulate", *words, "--hours", "0.1", "--data", str(world.folder)]
        result = CliRunner().invoke(cli, arguments, env=EVERYTHING)
        return result.exit_code, result.output

    code, text = policy("--policy", "payments", "--at", "2026-12-24T22:00+01:00")
    assert code == 0
    assert text.splitlines()[0].endswith("severity critical, high urgency, policy Payments (2 levels, 2 passes)")
    assert policy("--policy", "Mail") == (2, "Error: There is no policy Mail.\n")
    assert policy()[0] == policy("payments", "--policy", "payments")[0] == 2


def test_the_command_as_json(world: World, payments: Payments) -> None:
    code, text = run(world, "--hours", "0.1", "--json")
    told = json.loads(text)
    assert (code, told["at"], told["pages"], told["urgency"]) == (0, "2026-12-24T21:00:00Z", 3, "high")
    assert [one["name"] for one in told["paged"]] == ["Alice", "Bob"]
    call = next(step for step in told["steps"] if step["channel"] == "voice" and step["level"] == 2)
    assert (call["after_seconds"], call["pass"], call["passes"], call["kind"]) == (300, 1, 2, "page.started")
    assert call["person"]["id"] == payments.bob.id


def test_the_command_says_by_its_exit_code_whether_anybody_hears_it(world: World, payments: Payments) -> None:
    assert run(world, "--severity", "warning")[0] == 0
    assert run(world, "--urgency", "low", "--severity", "info")[0] == 2
    world.save(replace(payments.service, status=ServiceStatus.DISABLED), "status")
    code, text = run(world)
    assert (code, text.splitlines()[-1]) == (1, "The alarm pages nobody: the service Payments is disabled.")


@pytest.mark.parametrize("when", ["tomorrow", "2026-12-24T22:00", "2026-12-24", "9999-12-31T23:59Z"])
def test_a_time_without_offset_is_not_guessed(world: World, payments: Payments, when: str) -> None:
    code, text = run(world, "--at", when)
    assert code == 2
    assert "offset" in text


def test_what_could_not_be_looked_at_is_an_error_of_its_own(world: World, payments: Payments, tmp_path: Path) -> None:
    assert run(world, "--data", str(tmp_path / "nowhere")) == (
        2,
        f"Error: There is no installation in {tmp_path / 'nowhere'}.\n",
    )
    result = CliRunner().invoke(cli, ["simulate", "Mail", "--data", str(world.folder)])
    assert (result.exit_code, result.output) == (2, "Error: There is no service Mail.\n")


def test_nothing_is_changed_sent_or_left_behind(
    world: World, payments: Payments, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    world.save(replace(world.config.settings, sending_fenced=True), "sending_fenced")

    def digest() -> dict[str, str]:
        files = [one for one in world.folder.rglob("*") if one.is_file() and not one.name.endswith("-shm")]
        return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}

    before = digest()
    code, text = run(world)
    assert code == 0
    assert "until `tocsin restore --confirm`, none of this leaves" in text.splitlines()[-1]
    assert digest() == before
    assert list(place.iterdir()) == []
    assert world.incidents() == []
    assert world.carrier.received == []
    assert iso(world.clock.now()) == "2026-01-06T09:00:00Z"
