"""Rules find the service, change what is said, hold back, drop, annotate; each leaves a reason that names the rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.directory.model import Priority, ServiceStatus
from tocsin.engine.orchestrate import hits_key
from tocsin.events.memory import acted_lately
from tocsin.events.messages import WriteCache
from tocsin.events.model import Action, Outcome, Severity
from tocsin.events.orchestration import (
    UNROUTED,
    Actions,
    CacheKind,
    CacheVariable,
    DynamicRoute,
    Extraction,
    Lookup,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
    Variable,
    path_id,
)
from tocsin.incidents.messages import NoteAdded
from tocsin.kernel.errors import Invalid, NotAllowed
from tocsin.kernel.limits import FILLED_CHARS
from tocsin.kernel.time import DAY
from tocsin.testing.world import World, as_user


@dataclass
class Everything:
    """An orchestration that sends what is about payments to the cast's service, the rest nowhere."""

    world: World
    cast: Cast
    one: Orchestration
    key: OrchestrationKey

    def rules(self, kind: PathKind, *rules: OrchestrationRule, **more: Any) -> None:
        parent = self.cast.service.id if kind is PathKind.SERVICE else self.one.id
        sets = (RuleSet(id="start", rules=rules), *more.pop("sets", ()))
        path = OrchestrationPath(parent_id=parent, kind=kind, sets=sets, **more)
        known = path.id in self.world.config.orchestration_paths
        self.world.save(path, *(("sets", "catch_all", "active") if known else ()))


def rule(*conditions: str, label: str = "", **actions: Any) -> OrchestrationRule:
    return OrchestrationRule(id="", label=label, conditions=conditions, actions=Actions(**actions))


@pytest.fixture
def everything(world: World, cast: Cast) -> Everything:
    one = world.save(Orchestration(id="", name="Everything", team_id=cast.team.id))
    (key,) = world.config.keys_of[one.id]
    made = Everything(world, cast, one, key)
    made.rules(PathKind.ROUTER, rule("event.summary matches part 'payments'", route_to=cast.service.id))
    return made


def endings(world: World) -> list[str]:
    return list((world.records().outcomes or {}).values())


def test_the_router_finds_the_service_and_its_people_are_paged(
    world: World, cast: Cast, everything: Everything
) -> None:
    world.event(everything.key, "a", summary="Payments is down")
    assert paged(world, cast) == ["alice"]
    assert world.incident().service_id == cast.service.id
    world.event(everything.key, "a", action=Action.RESOLVE, summary="")
    assert not world.incident().is_open, "an end finds its alert whatever it says"


def test_what_no_rule_claims_is_on_record_and_pages_nobody(world: World, cast: Cast, everything: Everything) -> None:
    world.event(everything.key, "a", summary="something")
    assert endings(world) == [Outcome.SUPPRESSED]
    (alert,) = world.records().alerts
    assert alert.suppressed == "no rule of Everything sends it to a service"
    everything.rules(PathKind.ROUTER, rule(route_to=cast.service.id))
    world.event(everything.key, "a", summary="something")
    assert paged(world, cast) == ["alice"], "it pages as soon as a rule claims it"


def test_the_catch_all_of_the_router(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(
        PathKind.ROUTER,
        rule("event.summary matches 'x'", route_to="unrouted"),
        catch_all=Actions(route_to=cast.service.id),
    )
    world.event(everything.key, "a", summary="x")
    world.event(everything.key, "b", summary="y")
    assert [incident.incident_key for incident in world.incidents()] == ["b"]


def test_staging_pages_nobody(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(
        PathKind.GLOBAL,
        rule("event.source matches part 'staging'", label="Nobody is paged for staging", suppress=True),
    )
    world.event(everything.key, "a", summary="payments", source="db.staging")
    assert endings(world) == [Outcome.SUPPRESSED]
    (alert,) = world.records().alerts
    assert alert.suppressed == "suppressed by the rule “Nobody is paged for staging” of Everything"
    world.event(everything.key, "b", summary="payments", source="db.live")
    assert paged(world, cast) == ["alice"]


def test_what_is_dropped_leaves_its_reason_and_no_alert(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(PathKind.GLOBAL, rule("event.severity matches 'info'", label="Chatter", drop=True))
    world.event(everything.key, "a", summary="payments", severity=Severity.INFO)
    assert endings(world) == [Outcome.DROPPED]
    assert world.records().alerts == []


def test_rules_change_what_is_said(world: World, cast: Cast, everything: Everything) -> None:
    cluster = Variable(name="cluster", path="event.custom_details.cluster", regex="^([a-z]+)-")
    everything.rules(
        PathKind.GLOBAL,
        rule(
            "event.custom_details.cluster exists",
            variables=(cluster,),
            extractions=(
                Extraction(target="event.summary", template="[{{variables.cluster}}] {{event.summary}}"),
                Extraction(target="event.component", source="event.summary", regex="(pay[a-z]+)"),
                Extraction(target="event.custom_details.seen", template="yes"),
            ),
            severity="warning",
            route_to="more",
        ),
        sets=(RuleSet(id="more", rules=(rule("event.severity matches 'warning'", note="in {{event.component}}"),)),),
    )
    world.event(everything.key, "a", summary="payments slow", severity=Severity.CRITICAL, details={"cluster": "eu-1"})
    (alert,) = world.records().alerts
    assert (alert.summary, alert.component, alert.severity) == ("[eu] payments slow", "payments", Severity.WARNING)
    assert alert.details == {"cluster": "eu-1", "seen": "yes"}
    assert world.incident().title == "[eu] payments slow"
    assert [note.text for note in world.facts(NoteAdded)] == ["in payments"]


def test_however_much_rules_extract_an_event_grows_only_so_far(
    world: World, cast: Cast, everything: Everything
) -> None:
    more = tuple(
        Extraction(target=f"event.custom_details.k{number}", template="{{event.custom_details.x}}" * 20)
        for number in range(20)
    )
    last = Extraction(target="event.summary", source="event.custom_details.x", regex="(A+)")
    whole = Variable(name="x", path="event.custom_details.x", regex="(.*)")
    everything.rules(PathKind.GLOBAL, rule(variables=(whole,), extractions=(*more, last)))
    world.event(everything.key, "a", summary="payments slow", details={"x": "A" * 5000})
    (alert,) = world.records().alerts
    added = sum(len(text) for name, text in alert.details.items() if name != "x")
    assert added == FILLED_CHARS - 5000
    assert alert.summary == "payments slow", "what finds no room any more stays as it is"


def test_the_services_own_rules_come_last_and_win(world: World, cast: Cast, everything: Everything) -> None:
    high, low = (world.save(Priority(id="", name=name, order=order)) for order, name in enumerate(("P1", "P2")))
    night = world.policy("Night", (5, cast.bob))
    everything.rules(PathKind.GLOBAL, rule(priority_id=low.id))
    everything.rules(
        PathKind.SERVICE, rule("event.severity matches 'critical'", priority_id=high.id, policy_id=night.id)
    )
    world.event(everything.key, "a", summary="payments", severity=Severity.CRITICAL)
    assert (world.incident().priority_id, world.incident().policy_id) == (high.id, night.id)
    assert paged(world, cast) == ["bob"]
    world.event(cast.monitor, "b", severity=Severity.CRITICAL)
    assert world.incident(2).priority_id == high.id, "they are for the service's own integrations too"
    everything.rules(PathKind.SERVICE, rule(priority_id=high.id), active=False)
    world.event(cast.monitor, "c", severity=Severity.CRITICAL)
    assert world.incident(3).priority_id is None


def test_suspended_by_a_rule_it_pages_only_if_it_is_not_over(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(PathKind.SERVICE, rule("event.severity matches 'warning'", suspend_seconds=300))
    world.event(everything.key, "a", summary="payments", severity=Severity.WARNING)
    world.event(everything.key, "b", summary="payments", severity=Severity.WARNING)
    world.advance(minutes=2)
    world.event(everything.key, "a", action=Action.RESOLVE)
    assert paged(world, cast) == []
    world.advance(minutes=3)
    assert [incident.incident_key for incident in world.incidents()] == ["b"]
    assert paged(world, cast) == ["alice"]


def test_a_rule_may_turn_an_event_into_an_end(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(PathKind.GLOBAL, rule("event.summary matches part 'recovered'", event_action="resolve"))
    world.event(everything.key, "a", summary="payments down")
    world.event(everything.key, "a", summary="payments recovered")
    assert endings(world) == [Outcome.OPENED, Outcome.RESOLVED]


def test_a_rule_may_say_all_of_the_details(world: World, cast: Cast, everything: Everything) -> None:
    """They are a text then, kept as a monitor's details that are a text."""
    whole = Extraction(target="event.custom_details", template="{{event.source}} is unwell")
    everything.rules(PathKind.GLOBAL, rule(extractions=(whole,)))
    world.event(everything.key, "a", summary="payments", source="db1", details={"cluster": "eu-1"})
    (alert,) = world.records().alerts
    assert alert.details == {"value": "db1 is unwell"}


def test_a_key_that_a_rule_makes_joins_what_belongs_together(world: World, cast: Cast, everything: Everything) -> None:
    host = Extraction(target="event.dedup_key", template="{{event.source}}")
    everything.rules(PathKind.GLOBAL, rule(extractions=(host,)))
    for key in "abc":
        world.event(everything.key, key, summary="payments", source="db1")
    assert endings(world) == [Outcome.OPENED, Outcome.REPEATED, Outcome.REPEATED]
    world.event(everything.key, "d", action=Action.RESOLVE, source="db1")
    assert not world.incident().is_open


def test_routed_by_the_name_that_the_event_holds(world: World, cast: Cast, everything: Everything) -> None:
    dynamic = DynamicRoute(source="event.custom_details.service", regex="svc:(.*)", lookup=Lookup.SERVICE_NAME)
    everything.rules(PathKind.ROUTER, rule(dynamic_route=dynamic))
    world.event(everything.key, "a", summary="x", details={"service": f"svc:{cast.service.name.upper()}"})
    assert world.incident().service_id == cast.service.id
    world.event(everything.key, "b", summary="x", details={"service": "svc:nobody"})
    assert endings(world)[-1] == Outcome.SUPPRESSED


def test_only_what_keeps_coming(world: World, cast: Cast, everything: Everything) -> None:
    often = "event.summary matches part 'payments' and trigger_count over 1 minute >= 3"
    everything.rules(PathKind.SERVICE, rule(f"not ({often})", label="Not often", suppress=True))
    for number in range(3):
        world.event(everything.key, f"{number}", summary="payments blips")
    assert endings(world) == [Outcome.SUPPRESSED, Outcome.SUPPRESSED, Outcome.OPENED]
    world.advance(minutes=3)
    world.event(everything.key, "later", summary="payments blips")
    assert endings(world)[-1] == Outcome.SUPPRESSED, "the count forgets"


def test_a_count_survives_a_crash(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(PathKind.SERVICE, rule("trigger_count over 1 hour < 3", suppress=True))
    world.event(everything.key, "a", summary="payments")
    world.event(everything.key, "b", summary="payments")
    world.crash()
    world.event(everything.key, "c", summary="payments")
    assert endings(world)[-1] == Outcome.OPENED


def test_cache_variables_remember(world: World, cast: Cast, everything: Everything) -> None:
    def variable(name: str, kind: CacheKind, **more: Any) -> CacheVariable:
        made: CacheVariable = world.save(
            CacheVariable(id="", parent_id=everything.one.id, of_service=False, name=name, kind=kind, **more)
        )
        return made

    variable("host", CacheKind.RECENT_VALUE, source="event.source", regex="(.*)", conditions=("event.source exists",))
    variable("blips", CacheKind.TRIGGER_EVENT_COUNT, ttl_seconds=60, conditions=("event.summary matches part 'blip'",))
    everything.rules(
        PathKind.GLOBAL, rule("cache_var.blips >= 2", note="{{cache_var.blips}} blips, last from {{cache_var.host}}")
    )
    world.event(everything.key, "a", summary="payments blip", source="db1")
    world.event(everything.key, "b", summary="payments blip", source="db2")
    assert [note.text for note in world.facts(NoteAdded)] == ["2 blips, last from db2"]


def test_in_a_window_of_time(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(
        PathKind.SERVICE,
        rule("now in Mon,Tue,Wed,Thu,Fri,Sat,Sun 00:00:00 to 23:59:59 Etc/UTC", label="All day", suppress=True),
    )
    world.event(everything.key, "a", summary="payments")
    assert endings(world) == [Outcome.SUPPRESSED]


def test_how_often_each_rule_acted_is_counted(world: World, cast: Cast, everything: Everything) -> None:
    for number in range(3):
        world.event(everything.key, f"{number}", summary="payments")
    router = path_id(everything.one.id, PathKind.ROUTER)
    first = world.config.orchestration_paths[router].sets[0].rules[0]
    memory = world.store.state.memory(hits_key(router, first.id))
    assert memory is not None
    assert memory.total == 3


def test_how_often_a_rule_acted_is_kept_by_day_over_a_crash(world: World, cast: Cast, everything: Everything) -> None:
    everything.rules(PathKind.GLOBAL, rule("event.severity matches 'error'", severity="warning"))
    path = path_id(everything.one.id, PathKind.GLOBAL)
    (first,) = world.config.orchestration_paths[path].sets[0].rules
    for _ in range(2):
        world.event(everything.key, "a", severity=Severity.ERROR)
    world.crash()
    world.clock.moment += 3 * DAY
    world.event(everything.key, "a", severity=Severity.ERROR)
    memory = world.store.state.memory(hits_key(path, first.id))
    assert memory is not None
    assert [count for _, count in memory.buckets] == [2, 1]
    assert memory.buckets[1][0] - memory.buckets[0][0] == 3
    assert (acted_lately(memory, world.clock.now()), acted_lately(memory, world.clock.now() + 28 * DAY)) == (3, 1)


def test_a_service_that_goes_takes_the_routes_to_it_along(world: World, cast: Cast, everything: Everything) -> None:
    """What they claimed is for the rule that comes next; where the catch-all led there, it is unrouted."""
    other, _ = world.service("Other", cast.policy)
    first, second = rule(route_to=cast.service.id), rule("event.summary matches part 'pay'", route_to=other.id)
    everything.rules(PathKind.ROUTER, first, second, catch_all=Actions(route_to=cast.service.id))
    world.delete(cast.service)
    router = world.config.orchestration_paths[path_id(everything.one.id, PathKind.ROUTER)]
    assert router.catch_all.route_to == UNROUTED
    world.event(everything.key, "a", summary="payments")
    world.event(everything.key, "b", summary="lost")
    assert [incident.service_id for incident in world.incidents()] == [other.id]


BAD: tuple[tuple[PathKind, OrchestrationRule, str], ...] = (
    (PathKind.GLOBAL, rule("event.summary matches 'a' or"), "rule 1: condition 1, column 29"),
    (PathKind.GLOBAL, rule("event.summary matches regex '('"), "column 29"),
    (PathKind.GLOBAL, rule(route_to="nowhere"), "set nowhere not found"),
    (PathKind.GLOBAL, rule(priority_id="PNOBODY"), "priority PNOBODY not found"),
    (PathKind.GLOBAL, rule(policy_id="PNOBODY"), "escalation policy PNOBODY not found"),
    (PathKind.GLOBAL, rule(suspend_seconds=10**9), "suspend must be between"),
    (PathKind.SERVICE, rule(drop=True), "drop_event can't be used in the service path"),
    (PathKind.ROUTER, rule(route_to="PNOBODY"), "service PNOBODY not found"),
    (PathKind.ROUTER, rule(suppress=True), "suppress can't be used in the router path"),
    (
        PathKind.GLOBAL,
        rule(extractions=(Extraction(target="event.links", template="x"),)),
        "event.links is not a field",
    ),
    (PathKind.GLOBAL, rule(variables=(Variable(name="x y", path="event.source", regex="("),)), "variable x y"),
)


@pytest.mark.parametrize(("kind", "bad", "problem"), BAD)
def test_a_rule_that_can_not_work_is_refused_and_nothing_changes(
    world: World, cast: Cast, everything: Everything, kind: PathKind, bad: OrchestrationRule, problem: str
) -> None:
    before = world.config.version
    with pytest.raises(Invalid) as refused:
        everything.rules(kind, bad)
    assert any(problem in one for one in refused.value.details), refused.value.details
    assert world.config.version == before


def test_sets_that_lead_back_are_refused(world: World, cast: Cast, everything: Everything) -> None:
    back = RuleSet(id="more", rules=(rule(route_to="again"),))
    again = RuleSet(id="again", rules=(rule(route_to="more"),))
    with pytest.raises(Invalid, match="lead back"):
        everything.rules(PathKind.GLOBAL, rule(route_to="more"), sets=(back, again))


def test_a_disabled_service_takes_nothing_new(world: World, cast: Cast, everything: Everything) -> None:
    world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.event(everything.key, "a", summary="payments")
    assert endings(world) == [Outcome.DROPPED]


def test_programs_write_what_rules_read(world: World, cast: Cast, everything: Everything) -> None:
    variable = world.save(
        CacheVariable(
            id="",
            parent_id=everything.one.id,
            of_service=False,
            name="deploying",
            kind=CacheKind.EXTERNAL_DATA,
            data_type="boolean",
            ttl_seconds=600,
        )
    )
    everything.rules(PathKind.GLOBAL, rule("cache_var.deploying == true", label="Deploying", suppress=True))
    world.run(as_user(cast.carol), WriteCache(variable_id=variable.id, value=True))
    world.event(everything.key, "a", summary="payments")
    world.advance(minutes=10)
    world.event(everything.key, "b", summary="payments")
    assert endings(world) == [Outcome.SUPPRESSED, Outcome.OPENED], "what was written holds for its time"
    with pytest.raises(Invalid, match="must be a boolean"):
        world.run(as_user(cast.carol), WriteCache(variable_id=variable.id, value="yes"))
    with pytest.raises(NotAllowed):
        world.run(as_user(cast.mallory), WriteCache(variable_id=variable.id, value=True))
