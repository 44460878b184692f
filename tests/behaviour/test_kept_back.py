"""Events that page nobody: a disabled service, a rule, a change. Each is on record with its reason."""

from __future__ import annotations

from dataclasses import replace

from tests.behaviour.cast import Cast, paged
from tocsin.directory.model import ServiceStatus
from tocsin.events.model import Action, Outcome, Severity
from tocsin.events.orchestration import OrchestrationPath
from tocsin.incidents.model import Status
from tocsin.testing.rules import quiet
from tocsin.testing.world import World


def outcomes(world: World) -> list[str]:
    return list((world.records().outcomes or {}).values())


def mute(world: World, cast: Cast, field: str, text: str) -> OrchestrationPath:
    condition = f"event.{field} matches part '{text}'"
    saved: OrchestrationPath = world.save(quiet(cast.service.id, condition, "Staging is noise"))
    return saved


def test_a_disabled_service_drops(world: World, cast: Cast) -> None:
    world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.event(cast.monitor)
    assert outcomes(world) == [Outcome.DROPPED]
    assert world.incidents() == []


def test_enabled_again_it_is_heard(world: World, cast: Cast) -> None:
    service = world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.event(cast.monitor)
    world.save(replace(service, status=ServiceStatus.ACTIVE), "status")
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"]


def test_disabled_while_an_incident_is_open_it_can_still_end(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.event(cast.monitor, action=Action.RESOLVE)
    assert world.incident().status is Status.RESOLVED


def test_a_rule_keeps_an_alert_on_record_and_pages_nobody(world: World, cast: Cast) -> None:
    mute(world, cast, "summary", "STAGING")
    world.event(cast.monitor, "a", summary="disk full on staging-3")
    world.event(cast.monitor, "b", summary="disk full on live-3")
    assert outcomes(world) == [Outcome.SUPPRESSED, Outcome.OPENED]
    kept_back = {alert.dedup_key: alert.suppressed for alert in world.records().alerts}
    assert kept_back == {"a": "suppressed by the rule “Staging is noise” of Checkout", "b": ""}
    assert [incident.incident_key for incident in world.incidents()] == ["b"]


def test_a_suppressed_alert_repeats_and_ends_like_any_other(world: World, cast: Cast) -> None:
    mute(world, cast, "summary", "staging")
    for action in (Action.TRIGGER, Action.TRIGGER, Action.ACKNOWLEDGE, Action.RESOLVE):
        world.event(cast.monitor, action=action, summary="staging")
    assert outcomes(world) == [Outcome.SUPPRESSED, Outcome.REPEATED, Outcome.ACKNOWLEDGED, Outcome.RESOLVED]
    assert world.incidents() == []


def test_one_that_grows_out_of_its_rule_pages(world: World, cast: Cast) -> None:
    mute(world, cast, "severity", "warning")
    world.event(cast.monitor, severity=Severity.WARNING)
    world.event(cast.monitor, severity=Severity.WARNING)
    world.event(cast.monitor, severity=Severity.CRITICAL)
    assert outcomes(world) == [Outcome.SUPPRESSED, Outcome.REPEATED, Outcome.OPENED]
    assert paged(world, cast) == ["alice"]
    assert [alert.suppressed for alert in world.records().alerts] == [""]


def test_when_the_rule_is_removed_the_next_word_pages(world: World, cast: Cast) -> None:
    rule = mute(world, cast, "custom_details.host.name", "staging")
    world.event(cast.monitor, details={"host": {"name": "staging-1"}})
    world.delete(rule)
    world.event(cast.monitor, details={"host": {"name": "staging-1"}})
    assert paged(world, cast) == ["alice"]


def test_a_rule_made_later_does_not_silence_what_is_open(world: World, cast: Cast) -> None:
    world.event(cast.monitor, summary="staging")
    mute(world, cast, "summary", "staging")
    world.event(cast.monitor, summary="staging")
    world.advance(minutes=5)
    assert paged(world, cast) == ["alice", "bob"]


def test_a_change_is_recorded(world: World, cast: Cast) -> None:
    world.event(cast.monitor, action=Action.CHANGE)
    assert outcomes(world) == [Outcome.RECORDED]
    assert world.incidents() == []


def test_an_alert_that_outlived_its_service_belongs_to_that_of_its_integration(world: World, cast: Cast) -> None:
    rule = mute(world, cast, "summary", "disk")
    world.event(cast.monitor, "disk")
    elsewhere, _ = world.service("Elsewhere", world.policy("Elsewhere", (5, cast.bob)))
    world.save(replace(world.config.integrations[cast.monitor.id], service_id=elsewhere.id), "service_id")
    world.delete(world.config.services[cast.service.id])
    assert rule.id not in world.config.orchestration_paths, "it went with its service"
    world.event(cast.monitor, "disk")
    assert paged(world, cast) == ["bob"]
    assert [one.service_id for one in world.incidents()] == [elsewhere.id]
    assert Outcome.QUARANTINED not in outcomes(world)


def test_a_freed_alert_opens_nothing_on_a_disabled_service(world: World, cast: Cast) -> None:
    rule = mute(world, cast, "summary", "disk")
    world.event(cast.monitor, "disk")
    world.delete(rule)
    off = world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.event(cast.monitor, "disk")
    assert world.incidents() == []
    world.save(replace(off, status=ServiceStatus.ACTIVE), "status")
    world.event(cast.monitor, "disk")
    assert paged(world, cast) == ["alice"]
