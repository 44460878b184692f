"""What people want to know of each incident: fields by type, values that fit, set by people and by rules, on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, FieldOption, IncidentType
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.events.orchestration import (
    START,
    Actions,
    Orchestration,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
)
from tocsin.incidents.field_messages import FieldRefused, FieldsChanged, SetFields
from tocsin.incidents.messages import CreateIncident, Resolve, SetType
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed
from tocsin.runtime.reads import Reads
from tocsin.testing.world import World, as_user


def field(world: World, name: str, data_type: DataType = DataType.STRING, **more: Any) -> CustomField:
    made: CustomField = world.save(
        CustomField(id="", name=name, display_name=name.title(), data_type=data_type, **more)
    )
    return made


def kind(world: World, name: str, parent: IncidentType = BASE_TYPE, **more: Any) -> IncidentType:
    made: IncidentType = world.save(
        IncidentType(id="", name=name, display_name=name.title(), parent_id=parent.id, **more)
    )
    return made


def service_rules(world: World, cast: Cast, *updates: tuple[str, str], **more: Any) -> None:
    """The service's own rules: one that acts on every event."""
    rules = (OrchestrationRule(id="", actions=Actions(field_updates=updates, **more)),)
    path = OrchestrationPath(parent_id=cast.service.id, kind=PathKind.SERVICE, sets=(RuleSet(id=START, rules=rules),))
    known = path.id in world.config.orchestration_paths
    world.save(path, *(("sets",) if known else ()))


def test_a_responder_says_what_is_known_and_it_stands_on_the_timeline(world: World, cast: Cast) -> None:
    region = field(world, "region")
    world.event(cast.monitor)
    world.does(cast.alice, SetFields, values={region.id: "east"})
    assert world.incident().field_values == {region.id: "east"}
    (fact,) = world.facts(FieldsChanged)
    assert [(one.name, one.was, one.value) for one in fact.changes] == [("region", None, "east")]
    assert world.does(cast.alice, SetFields, values={region.id: "east"}) == "unchanged"
    world.does(cast.alice, Resolve)
    world.does(cast.bob, SetFields, values={region.id: None})
    assert world.incident().field_values == {region.id: None}, "also when it is over: people write down what it was"
    assert len(world.facts(FieldsChanged)) == 2
    assert paged(world, cast) == ["alice"], "nobody is called for that"
    with pytest.raises(NotAllowed):
        world.does(cast.mallory, SetFields, values={region.id: "x"})


def test_values_outlive_the_process(world: World, cast: Cast) -> None:
    several = field(world, "regions", several=True)
    count = field(world, "count", DataType.INTEGER)
    world.event(cast.monitor)
    wanted = {several.id: ["east", "süd \u0000"], count.id: 5}
    world.does(cast.alice, SetFields, values=wanted)
    world.crash()
    assert world.incident().field_values == wanted


@pytest.mark.parametrize(
    "wrong",
    [{"nothing": "x"}, {"region": 5}, {"region": "x" * 201}, {"region": ["a"]}, {"region": "a", "nothing": None}],
)
def test_what_does_not_fit_changes_nothing(world: World, cast: Cast, wrong: dict[str, Any]) -> None:
    region = field(world, "region")
    world.event(cast.monitor)
    with pytest.raises(Invalid):
        world.does(
            cast.alice, SetFields, values={region.id if name == "region" else name: wrong[name] for name in wrong}
        )
    assert world.incident().field_values == {}
    assert not world.facts(FieldsChanged)


def test_an_incident_begins_with_the_defaults_of_its_type(world: World, cast: Cast) -> None:
    region = field(world, "region", default="east")
    outage = kind(world, "outage")
    scope = field(world, "scope", default=3, data_type=DataType.INTEGER, type_id=outage.id)
    world.event(cast.monitor)
    assert world.incident().field_values == {region.id: "east"}
    world.save(replace(world.config.fields.fields[region.id], default="west"), "default")
    assert world.incident().field_values == {region.id: "east"}, "another default is for those that come"
    world.does(cast.alice, SetType, type_name="outage")
    assert world.incident().field_values == {region.id: "east", scope.id: 3}
    world.does(cast.alice, SetType, type_name="")
    with pytest.raises(Invalid):
        world.does(cast.alice, SetFields, values={scope.id: 4})
    assert not world.facts(FieldsChanged)


def test_a_type_has_the_fields_of_those_above_it(world: World, cast: Cast) -> None:
    outage = kind(world, "outage")
    total = kind(world, "total_outage", outage)
    other = kind(world, "other")
    ids = [
        field(world, name, type_id=one.id).id
        for name, one in (("a", BASE_TYPE), ("b", outage), ("c", total), ("d", other))
    ]
    index = world.config.fields
    assert [[ids.index(one.id) for one in index.of_type(name)] for name in ("", "outage", "total_outage", "other")] == [
        [0],
        [0, 1],
        [0, 1, 2],
        [0, 3],
    ]
    world.save(replace(index.fields[ids[1]], enabled=False), "enabled")
    assert [one.name for one in world.config.fields.of_type("total_outage")] == ["a", "c"]


def test_a_disabled_type_takes_no_incidents_and_keeps_those_it_has(world: World, cast: Cast) -> None:
    outage = kind(world, "outage")
    world.run(as_user(cast.alice), CreateIncident(title="Old", service_id=cast.service.id, type_name="outage"))
    world.save(replace(outage, enabled=False), "enabled")
    for wrong in ("outage", "unknown"):
        with pytest.raises(Invalid):
            world.run(as_user(cast.alice), CreateIncident(title="New", service_id=cast.service.id, type_name=wrong))
    assert [one.title for one in world.incidents()] == ["Old"]
    assert world.incident().type_name == "outage"
    assert world.does(cast.alice, SetType, type_name="outage") == "unchanged"
    with pytest.raises(Conflict):
        world.delete(outage)


def test_who_raises_an_incident_may_say_all_of_it_at_once(world: World, cast: Cast) -> None:
    outage = kind(world, "outage")
    scope = field(world, "scope", type_id=outage.id, default="all")
    raised = CreateIncident(
        title="Down", service_id=cast.service.id, type_name="outage", field_values={scope.id: "some"}
    )
    world.run(as_user(cast.alice), raised)
    assert world.incident().field_values == {scope.id: "some"}
    assert [one.changes[0].was for one in world.facts(FieldsChanged)] == ["all"]
    before = world.records()
    with pytest.raises(Invalid):
        world.run(as_user(cast.alice), replace(raised, field_values={scope.id: 5}))
    assert world.records().timeline == before.timeline, "all of it or nothing"


def test_rules_fill_in_fields_with_what_the_event_says(world: World, cast: Cast) -> None:
    region, count = field(world, "region", default="nowhere"), field(world, "count", DataType.INTEGER)
    hosts = field(world, "hosts", several=True)
    service_rules(
        world,
        cast,
        (region.id, "{{event.source}}"),
        (count.id, "{{event.custom_details.count}}"),
        (hosts.id, "{{event.custom_details.host}}, db9"),
    )
    world.event(cast.monitor, source="east", details={"count": "12", "host": "db1"})
    assert world.incident().field_values == {region.id: "east", count.id: 12, hosts.id: ["db1", "db9"]}
    (fact,) = world.facts(FieldsChanged)
    assert {one.name for one in fact.changes} == {"region", "count", "hosts"}
    assert paged(world, cast) == ["alice"]


def test_every_path_that_may_sets_fields_and_the_last_word_counts(world: World, cast: Cast) -> None:
    region, tier = field(world, "region"), field(world, "tier")
    one = world.save(Orchestration(id="", name="Everything"))
    (key,) = world.config.keys_of[one.id]
    catch_all = Actions(field_updates=((region.id, "global"), (tier.id, "{{event.source}}")))
    world.save(OrchestrationPath(parent_id=one.id, kind=PathKind.GLOBAL, catch_all=catch_all))
    to_service = Actions(route_to=cast.service.id)
    world.save(OrchestrationPath(parent_id=one.id, kind=PathKind.ROUTER, catch_all=to_service))
    service_rules(world, cast, (region.id, "service"))
    world.event(key, "a", source="gold")
    assert world.incident().field_values == {region.id: "service", tier.id: "gold"}
    for kind_, named in ((PathKind.ROUTER, ("catch_all",)), (PathKind.UNROUTED, ())):
        with pytest.raises(Invalid, match="incident_custom_field_updates can't be used"):
            world.save(OrchestrationPath(parent_id=one.id, kind=kind_, catch_all=catch_all), *named)


def test_what_the_event_does_not_say_leaves_the_default(world: World, cast: Cast) -> None:
    region = field(world, "region", default="nowhere")
    service_rules(world, cast, (region.id, "{{event.custom_details.region}}"))
    world.event(cast.monitor)
    assert world.incident().field_values == {region.id: "nowhere"}
    assert not world.facts(FieldRefused)


def test_what_a_rule_makes_of_a_field_must_fit_and_else_the_page_still_goes_out(world: World, cast: Cast) -> None:
    count = field(world, "count", DataType.INTEGER, default=1)
    fixed = field(world, "tier", fixed=True, options=(FieldOption(id="", value="gold"),))
    outage = kind(world, "outage")
    elsewhere = field(world, "scope", type_id=outage.id)
    gone = field(world, "gone")
    service_rules(
        world,
        cast,
        (count.id, "{{event.summary}}"),
        (fixed.id, "{{event.source}}"),
        (elsewhere.id, "x"),
        (gone.id, "y"),
    )
    world.delete(gone)
    world.event(cast.monitor, summary="many", source="lead")
    assert world.incident().field_values == {count.id: 1}
    assert [(one.name, one.value, one.reason) for one in world.facts(FieldRefused)] == [
        ("count", "many", "must be a whole number"),
        ("tier", "lead", "must be one of its options"),
        ("scope", "x", "is no field of incidents of this type"),
        (gone.id, "y", "is no field of incidents of this type"),
    ]
    assert paged(world, cast) == ["alice"]


def test_a_further_alert_fills_what_is_empty_and_overrules_nobody(world: World, cast: Cast) -> None:
    region, tier = field(world, "region"), field(world, "tier")
    world.save(replace(world.config.services[cast.service.id], group_seconds=0), "group_seconds")
    world.event(cast.monitor, "one")
    world.does(cast.alice, SetFields, values={region.id: "mine"})
    service_rules(world, cast, (region.id, "theirs"), (tier.id, "gold"))
    world.event(cast.monitor, "two")
    assert world.incident().field_values == {region.id: "mine", tier.id: "gold"}


def test_an_alert_that_was_held_brings_its_fields_when_it_opens(world: World, cast: Cast) -> None:
    region = field(world, "region")
    service_rules(world, cast, (region.id, "{{event.source}}"), suspend_seconds=60)
    world.event(cast.monitor, source="east")
    assert not world.incidents()
    world.advance(minutes=2)
    assert world.incident().field_values == {region.id: "east"}


def test_rules_are_checked_when_they_are_saved(world: World, cast: Cast) -> None:
    count, of_services = field(world, "count", DataType.INTEGER), field(world, "owner", type_id="")
    for fits in ("12", "{{event.summary}}", ""):
        service_rules(world, cast, (count.id, fits))
    for field_id, template, problem in (
        (count.id, "many", "the value of the custom field count must be a whole number"),
        ("PNOBODY", "x", "custom field PNOBODY not found"),
        (of_services.id, "x", f"custom field {of_services.id} not found"),
    ):
        with pytest.raises(Invalid) as refused:
            service_rules(world, cast, (field_id, template))
        assert refused.value.details == (f"Set start, rule 1: {problem}",)


def test_programs_outside_hear_of_it(world: World, cast: Cast) -> None:
    events = ("incident.custom_field_values.updated", "service.custom_field_values.updated")
    one = world.save(WebhookSubscription(id="", url="https://hooks.example.com/in", events=events))
    region, owner = field(world, "region"), field(world, "owner", type_id="")
    world.event(cast.monitor)
    world.does(cast.alice, SetFields, values={region.id: "east"})
    service = world.config.services[cast.service.id]
    world.save(replace(service, field_values={owner.id: "Olga"}), "field_values")
    world.save(replace(world.config.services[cast.service.id], description="d"), "description")
    told = Reads(world.database).deliveries(one.id).items[::-1]
    assert [(each.event, each.field_ids) for each in told] == [(events[0], (region.id,)), (events[1], (owner.id,))]


def test_a_service_has_the_values_that_fit_its_fields(world: World, cast: Cast) -> None:
    owner = field(world, "owner", type_id="", fixed=True, options=(FieldOption(id="", value="Olga"),))
    region = field(world, "region")
    service = world.config.services[cast.service.id]
    for wrong in ({owner.id: "Bob"}, {region.id: "east"}, {"nothing": 1}):
        with pytest.raises(Invalid):
            world.save(replace(service, field_values=wrong), "field_values")
    world.save(replace(service, field_values={owner.id: "Olga"}), "field_values")
    world.delete(owner)
    world.save(replace(world.config.services[cast.service.id], description="d"), "description")


def test_what_no_field_and_no_type_can_be(world: World, cast: Cast) -> None:
    outage = kind(world, "outage")
    total = kind(world, "total", outage)
    deep = kind(world, "deep", total)
    region = field(world, "region", type_id=outage.id)
    wrong: list[Any] = [
        replace(region, id="", name="Region"),
        replace(region, id="", type_id="PNOBODY"),
        replace(region, id="", type_id=BASE_TYPE.id),
        replace(region, id="", type_id=deep.id),
        replace(region, id="", name="other", options=(FieldOption(id="", value="a"),)),
        replace(region, id="", name="other", fixed=True, options=(FieldOption(id="", value="a"),) * 2),
        replace(region, id="", name="other", fixed=True, data_type=DataType.INTEGER),
        replace(region, id="", name="other", default=5),
        replace(region, id="", name="other", description="x" * 1001),
        replace(outage, id="", display_name="Other"),
        replace(outage, id="", name="other", parent_id="PNOBODY"),
        replace(outage, id="", name="other", parent_id=deep.id),
        replace(outage, id="", name="incident_default"),
    ]
    for one in wrong:
        with pytest.raises(Invalid):
            world.save(one)
    with pytest.raises(Invalid):
        world.save(replace(outage, parent_id=total.id), "parent_id")
    with pytest.raises(Invalid):
        world.save(replace(region, data_type=DataType.URL), "data_type")
    assert field(world, "region", type_id=kind(world, "sibling").id).name == "region", "no incident has both"


def test_there_is_a_limit_to_fields(world: World, cast: Cast) -> None:
    outage = kind(world, "outage")
    for number in range(15):
        field(world, f"f{number}", type_id=outage.id)
    with pytest.raises(Invalid):
        field(world, "one_more", type_id=outage.id)


def test_a_default_goes_with_the_option_that_it_is(world: World, cast: Cast) -> None:
    made = field(
        world, "tier", fixed=True, default="b", options=tuple(FieldOption(id="", value=value) for value in "ab")
    )
    left: CustomField = world.save(replace(made, options=made.options[:1]), "options")
    assert (left.default, [one.value for one in left.options]) == (None, ["a"])
    assert left.options[0] == made.options[0], "an option that stays is the same one"
