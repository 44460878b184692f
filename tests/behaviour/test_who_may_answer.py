"""Anybody on the team may take its incidents; an outsider can do nothing to what is not hers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tests.behaviour.test_calls import call, rules
from tests.behaviour.test_workflows import workflow
from tocsin.alerts.messages import ResolveAlert
from tocsin.deliveries.messages import MakeCall, Redeliver, SendPing
from tocsin.directory.business import BusinessService
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, IncidentType
from tocsin.directory.model import ApiKey, Role, Urgency, User
from tocsin.engine.authorise import NEEDS
from tocsin.engine.dispatch import HANDLERS
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.messages import EscalateNow, NextLevel
from tocsin.events.messages import WriteCache
from tocsin.incidents import help_messages
from tocsin.incidents import messages as im
from tocsin.incidents.field_messages import SetFields
from tocsin.incidents.model import Bridge
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Conflict, NotAllowed
from tocsin.oncall.messages import AnswerCover
from tocsin.paging.messages import RecordAttempt, SendTestPage
from tocsin.paging.model import Result
from tocsin.testing.world import World, as_user
from tocsin.workflows.messages import StartWorkflow


def commands(world: World, cast: Cast) -> Mapping[type[Command], Command]:
    """Each command that people may give, about incident 1 of the payments team."""
    one, other = world.incident(1).id, world.incident(2).id
    alert = next(alert for alert in world.records().alerts if alert.incident_id == one)
    found: list[Any] = [
        im.Acknowledge(incident_id=one),
        im.Unacknowledge(incident_id=one),
        im.Snooze(incident_id=one, seconds=60),
        im.Reassign(incident_id=one, user_ids=(cast.bob.id,)),
        im.AddNote(incident_id=one, text="hm"),
        im.SetUrgency(incident_id=one, urgency=Urgency.LOW),
        im.SetPriority(incident_id=one, priority_id=None),
        im.SetTitle(incident_id=one, title="Better words"),
        im.PublishStatus(incident_id=one, message="Half is back"),
        im.SetBridge(incident_id=one, bridge=Bridge(number="+1")),
        im.SetType(incident_id=one, type_name="outage"),
        im.SayImpact(incident_id=one, business_service_id=next(iter(world.config.business_services)), impacted=True),
        SetFields(incident_id=one, values={next(iter(world.config.fields.fields)): "east"}),
        im.SetDetails(incident_id=one, details="At length"),
        MakeCall(incident_id=one, alert_id=alert.id, place=0),
        StartWorkflow(incident_id=one, workflow_id=next(iter(world.config.workflows.workflows))),
        help_messages.RequestResponders(incident_id=one, message="Help", user_ids=(cast.bob.id,)),
        help_messages.CancelRequests(incident_id=one, user_ids=(cast.bob.id,)),
        im.MoveToService(incident_id=one, service_id=cast.service.id),
        EscalateNow(incident_id=one),
        im.Merge(incident_id=one, source_ids=(other,)),
        im.Resolve(incident_id=one),
        im.Reopen(incident_id=one),
        im.CreateIncident(title="Noises", service_id=cast.service.id),
        ResolveAlert(alert_id=alert.id),
        im.TriggerAlert(alert_id=alert.id),
        im.MoveAlert(alert_id=alert.id, incident_id=other),
        im.SplitAlert(alert_id=alert.id),
        SendTestPage(contact_id=world.config.contacts_of[cast.olga.id][0].id),
    ]
    return {type(command): command for command in found}


def allowed(world: World, actor: Actor, command: Command) -> bool:
    try:
        world.run(actor, command)
    except NotAllowed:
        return False
    except Conflict:
        return True  # it may, but it does not fit the state any more
    return True


@pytest.fixture
def burning(world: World, cast: Cast) -> Cast:
    """Two incidents of the payments team, both alice's; a workflow, and a webhook that a rule offers."""
    world.save(IncidentType(id="", name="outage", display_name="Outage", parent_id=BASE_TYPE.id))
    world.save(BusinessService(id="", name="Shop"))
    world.save(CustomField(id="", name="region", display_name="Region", data_type=DataType.STRING))
    workflow(world, "Respond", teams=(cast.team.id,))
    rules(world, cast, call(auto_send=False))
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    return cast


def test_the_list_is_whole(world: World, burning: Cast) -> None:
    elsewhere: set[type[Command]] = {SendPing, Redeliver}  # of subscriptions: test_subscribers.py
    elsewhere |= {AnswerCover}  # of shifts: test_cover.py
    elsewhere |= {
        im.EditNote,
        im.RemoveNote,
        help_messages.AnswerRequest,
        WriteCache,
    }  # of one person's own: the dialects' tests
    assert set(commands(world, burning)) == set(NEEDS) - elsewhere


@pytest.mark.parametrize("name", ["alice", "bob", "carol", "olga"])
def test_the_team_may_do_everything_to_its_incidents(world: World, burning: Cast, name: str) -> None:
    person: User = getattr(burning, name)
    refused = [
        kind.__name__
        for kind, command in commands(world, burning).items()
        if not allowed(world, as_user(person), command)
    ]
    assert refused == ([] if name == "olga" else ["SendTestPage"]), "a test page to somebody else is for admins"


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.RESPONDER, Role.MANAGER, Role.STAKEHOLDER, Role.RESTRICTED])
def test_an_outsider_may_do_nothing(world: World, burning: Cast, role: Role) -> None:
    mallory = world.save(replace(burning.mallory, role=role), "role")
    before = world.records()
    accepted = [
        kind.__name__ for kind, command in commands(world, burning).items() if allowed(world, as_user(mallory), command)
    ]
    assert accepted == []
    assert world.records().timeline == before.timeline


def test_what_is_given_to_her_is_hers(world: World, burning: Cast) -> None:
    world.does(burning.alice, im.Reassign, 1, user_ids=(burning.mallory.id,))
    world.does(burning.mallory, im.Acknowledge, 1)
    with pytest.raises(NotAllowed):
        world.does(burning.mallory, im.Acknowledge, 2)
    with pytest.raises(NotAllowed):
        world.does(burning.mallory, im.Merge, 1, source_ids=(world.incident(2).id,))


def test_a_deactivated_person_may_do_nothing(world: World, burning: Cast) -> None:
    world.save(replace(burning.bob, active=False), "active")
    with pytest.raises(NotAllowed):
        world.does(burning.bob, im.Resolve, 1)


def test_what_tocsin_tells_itself_is_for_nobody_else(world: World, burning: Cast) -> None:
    inner = set(HANDLERS) - set(NEEDS) - {SaveThing, DeleteThing}
    assert {NextLevel, RecordAttempt} <= inner
    incident = world.incident(1)
    for command in (
        NextLevel(incident_id=incident.id, epoch=incident.epoch),
        RecordAttempt(message_id=world.records().messages[0].id, attempt=1, result=Result.REFUSED),
    ):
        with pytest.raises(NotAllowed):
            world.run(as_user(burning.olga), command)


def test_a_key_for_another_team_may_not(world: World, burning: Cast) -> None:
    other = world.team("Search")
    for teams, may in (((other.id,), False), ((burning.team.id,), True), ((), True)):
        made = ApiKey(id="", name="Robot", digest=f"{len(teams)}{teams}", role=Role.ADMIN, team_ids=teams)
        key = world.save(made)
        actor = Actor(ActorKind.KEY, key.id)
        assert allowed(world, actor, im.AddNote(incident_id=world.incident(1).id, text="beep")) is may
