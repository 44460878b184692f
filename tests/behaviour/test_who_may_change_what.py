"""Anybody on a team may override its schedule; only managers edit rotations and policies; an outsider edits nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tag, Tagging
from tocsin.directory.credentials import Identity, Passkey, SecondFactor
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, IncidentType
from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.directory.grouping import GroupingSetting
from tocsin.directory.kept import Kept
from tocsin.directory.model import (
    ApiKey,
    Channel,
    ContactMethod,
    Integration,
    Membership,
    NotificationRule,
    Priority,
    Role,
    Team,
    TeamRole,
    Urgency,
    User,
)
from tocsin.directory.sending import MailServer, PhoneAccount
from tocsin.directory.subscriptions import FilterKind, OAuthClient, WebhookSubscription
from tocsin.directory.views import SavedView
from tocsin.engine.kinds import KINDS
from tocsin.engine.things import CHANGED_MEANWHILE, DeleteThing, SaveThing
from tocsin.events.orchestration import (
    CacheKind,
    CacheVariable,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    PathKind,
)
from tocsin.kernel.actor import Actor
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed, TocsinError
from tocsin.kernel.time import DAY, HOUR
from tocsin.oncall import CoverRequest, CustomShift, Override, Schedule
from tocsin.testing.world import World, as_user

Attempt = Callable[[Actor], object]


@pytest.fixture
def rota(world: World, cast: Cast) -> Schedule:
    """A schedule of the payments team."""
    return world.rotation("Payments days", cast.alice, cast.bob, teams=(cast.team.id,))


def changes(world: World, cast: Cast, rota: Schedule) -> Mapping[str, SaveThing]:
    """For each kind of thing a change of the payments team's, or of the whole installation's."""
    now = world.clock.now()
    contact = world.config.contacts_of[cast.olga.id][0]
    key = ApiKey(id="", name="Robot", digest="d", role=Role.RESPONDER)
    things: dict[str, tuple[Any, tuple[str, ...]]] = {
        "user": (replace(cast.olga, name="Olga O."), ("name",)),
        "contact_method": (ContactMethod(id="", user_id=cast.olga.id, channel=Channel.SMS, address="2025550199"), ()),
        "notification_rule": (
            NotificationRule(
                id="", user_id=cast.olga.id, contact_method_id=contact.id, urgency=Urgency.HIGH, start_delay_minutes=9
            ),
            (),
        ),
        "team": (replace(cast.team, name="Payments!"), ("name",)),
        "membership": (Membership(team_id=cast.team.id, user_id=cast.olga.id, role=TeamRole.MANAGER), ()),
        "service": (replace(cast.service, name="Checkout!"), ("name",)),
        "integration": (Integration(id="", service_id=cast.service.id, name="Another", key=""), ()),
        "priority": (Priority(id="", name="P1"), ()),
        "api_key": (key, ()),
        "settings": (replace(world.config.settings, organisation="Evil"), ("organisation",)),
        "mail_server": (MailServer(host="mail.example.org", mail_from="alarm@example.org"), ()),
        "phone_account": (PhoneAccount(account="AC1", secret="s1.a.b", number="+12025550100"), ()),
        "schedule": (replace(rota, name="Payments nights"), ("name",)),
        "override": (Override("", rota.id, cast.bob.id, now + HOUR, now + 2 * HOUR, 0), ()),
        "policy": (replace(cast.policy, name="Payments!"), ("name",)),
        "cover_request": (
            CoverRequest(id="", schedule_id=rota.id, user_id=cast.alice.id, start=now + 3 * HOUR, end=now + 4 * HOUR),
            (),
        ),
        **newer(world, cast),
    }
    return {kind: SaveThing(thing_kind=kind, thing=thing, fields=fields) for kind, (thing, fields) in things.items()}


def newer(world: World, cast: Cast) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Things of the payments team or on its service without which people would still be paged."""
    service, team = cast.service.id, cast.team.id
    later = world.clock.now() + DAY
    orchestration = world.save(Orchestration(id="", name="Something", team_id=team))
    refunds = world.save(BusinessService(id="", name="Refunds", team_id=team))
    tag = world.save(Tag(id="", name="asia"))
    nights = world.save(Schedule("", "Shifts", "Etc/UTC", (), team_ids=(team,), shift_based=True))
    return {
        "custom_shift": (CustomShift("", nights.id, cast.bob.id, later, later + HOUR), ()),
        "orchestration": (Orchestration(id="", name="Everything", team_id=team), ()),
        "orchestration_key": (
            OrchestrationKey(id="", orchestration_id=orchestration.id, name="Another", key=""),
            (),
        ),
        "orchestration_path": (OrchestrationPath(parent_id=service, kind=PathKind.SERVICE), ()),
        "cache_variable": (
            CacheVariable(
                id="",
                parent_id=service,
                of_service=True,
                name="lately",
                kind=CacheKind.TRIGGER_EVENT_COUNT,
                ttl_seconds=60,
            ),
            (),
        ),
        "maintenance_window": (MaintenanceWindow(id="", start=later, end=later + HOUR, service_ids=(service,)), ()),
        "business_service": (BusinessService(id="", name="Checkout", team_id=team), ()),
        "dependency": (
            Dependency(id="", dependent_id=refunds.id, dependent_is_business=True, supporting_id=service),
            (),
        ),
        "tag": (Tag(id="", name="europe"), ()),
        "tagging": (Tagging(tag_id=tag.id, entity_kind="policy", entity_id=cast.policy.id), ()),
        "subscriber": (Subscriber(subscriber_id=team, is_team=True, subscribed_id=refunds.id), ()),
        "grouping_setting": (GroupingSetting(id="", sort="time", group_seconds=60, service_ids=(service,)), ()),
        "webhook_subscription": (
            WebhookSubscription(
                id="",
                url="https://hooks.example.com/",
                events=("incident.triggered",),
                filter_kind=FilterKind.SERVICE,
                filter_id=service,
            ),
            (),
        ),
        "incident_type": (IncidentType(id="", name="outage", display_name="Outage", parent_id=BASE_TYPE.id), ()),
        "custom_field": (CustomField(id="", name="region", display_name="Region", data_type=DataType.STRING), ()),
        "oauth_client": (
            OAuthClient(id="", name="Login", client_id="a", secret="b", token_url="https://login.example.com/"),
            (),
        ),
        "saved_view": (SavedView(id="", name="Loud", user_id=cast.olga.id, query="urgency=high", team_id=team), ()),
        "kept": (Kept(id="", resource="addon", name="Graph", team_ids=(team,)), ()),
        "calendar_feed": (
            CalendarFeed(
                id="", user_id=cast.olga.id, subject=FeedSubject.PERSON, subject_id=cast.olga.id, digest="0a" * 32
            ),
            (),
        ),
        "passkey": (
            Passkey(id="", user_id=cast.olga.id, name="Phone", credential_id="Y3JlZA", public_key="a2V5"),
            (),
        ),
        "second_factor": (SecondFactor(user_id=cast.olga.id, secret="sealed"), ()),
        "identity": (Identity(id="", user_id=cast.olga.id, issuer="https://login.example.com", subject="olga"), ()),
    }


def accepted(world: World, person: User, orders: Mapping[str, Any]) -> set[str]:
    """The kinds of which this person may carry out the order."""
    found = set()
    for kind, order in orders.items():
        try:
            world.run(as_user(person), order)
        except NotAllowed:
            continue
        except TocsinError:
            pass  # allowed, and refused for another reason
        found.add(kind)
    return found


ON_CALL = {"override", "custom_shift", "cover_request"}
MANAGERS = {"team", "membership", "service", "integration", "schedule", "override", "policy"}
MANAGERS |= {"orchestration", "orchestration_key", "orchestration_path", "cache_variable", "maintenance_window"}
MANAGERS |= {"business_service", "dependency", "tagging", "subscriber", "grouping_setting", "webhook_subscription"}
MANAGERS |= {"kept", "custom_shift", "cover_request"}
NOBODY = {"identity"}
"""What people do not make: it comes of signing in."""


@pytest.mark.parametrize(
    ("name", "may"),
    [("mallory", set()), ("alice", ON_CALL), ("carol", MANAGERS), ("olga", set(KINDS) - NOBODY)],
)
def test_saving(world: World, cast: Cast, rota: Schedule, name: str, may: set[str]) -> None:
    orders = changes(world, cast, rota)
    assert set(orders) == set(KINDS)
    assert accepted(world, getattr(cast, name), orders) == may


@pytest.mark.parametrize(
    ("name", "may"),
    [("mallory", set()), ("alice", ON_CALL), ("carol", MANAGERS), ("olga", set(KINDS))],
)
def test_removing(world: World, cast: Cast, rota: Schedule, name: str, may: set[str]) -> None:
    ids = {"settings": "settings", "team": cast.team.id, "service": cast.service.id, "policy": cast.policy.id}
    ids |= {"user": cast.olga.id, "schedule": rota.id}
    world.save(replace(world.config.settings, organisation="Ours"), "organisation")
    for kind, order in changes(world, cast, rota).items():
        if kind not in ids:
            ids[kind] = world.save(order.thing).id
    orders = {kind: DeleteThing(thing_kind=kind, thing_id=ids[kind]) for kind in sorted(KINDS, reverse=True)}
    assert accepted(world, getattr(cast, name), orders) == may


def test_everybody_may_change_what_is_their_own(world: World, cast: Cast) -> None:
    mallory = as_user(cast.mallory)
    world.save(replace(cast.mallory, name="Mal"), "name", actor=mallory)
    phone = ContactMethod(id="", user_id=cast.mallory.id, channel=Channel.VOICE, address="2025550198")
    saved = world.save(phone, actor=mallory)
    with pytest.raises(NotAllowed):
        world.save(replace(saved, user_id=cast.alice.id), "user_id", actor=mallory)
    world.delete(saved, actor=mallory)


def test_a_saved_view_is_its_makers_and_shared_only_with_teams_they_act_for(world: World, cast: Cast) -> None:
    def view(person: User, team_id: str = "", name: str = "Mine") -> SavedView:
        return SavedView(id="", name=name, user_id=person.id, query="urgency=high", team_id=team_id)

    alice, mallory = as_user(cast.alice), as_user(cast.mallory)
    shared = world.save(view(cast.alice, cast.team.id), actor=alice)
    for refused in (view(cast.mallory, cast.team.id), view(cast.alice)):
        with pytest.raises(NotAllowed):
            world.save(refused, actor=mallory)
    with pytest.raises(NotAllowed):
        world.delete(shared, actor=mallory)
    with pytest.raises(Invalid):
        world.save(view(cast.alice), actor=alice)  # the name is taken
    own = world.save(view(cast.mallory), actor=mallory)
    world.delete(cast.mallory)
    assert own.id not in world.config.saved_views
    assert shared.id in world.config.saved_views


@pytest.mark.parametrize("query", ["", "urgency", "a=1#x", "a=\nb", "é=1", "a=" + "x" * 1000])
def test_a_saved_view_holds_part_of_an_address(world: World, cast: Cast, query: str) -> None:
    with pytest.raises(Invalid):
        world.save(SavedView(id="", name="Odd", user_id=cast.alice.id, query=query), actor=as_user(cast.alice))


def test_what_is_kept_is_for_those_to_change_who_may_change_what_it_belongs_to(world: World, cast: Cast) -> None:
    world.accept(world.alarm(cast.monitor))
    world.settle()
    incident = world.incident()
    contact = world.config.contacts_of[cast.mallory.id][0]
    of_team = world.save(Kept(id="", resource="runner", team_ids=(cast.team.id,)))
    for parent, may in (
        (incident.id, {"alice", "bob", "carol", "olga"}),
        (contact.id, {"mallory", "olga"}),
        (cast.service.id, {"carol", "olga"}),
        (of_team.id, {"carol", "olga"}),
    ):
        found = set()
        for name in ("alice", "bob", "carol", "mallory", "olga"):
            try:
                world.save(Kept(id="", resource="note", parent_id=parent), actor=as_user(getattr(cast, name)))
            except NotAllowed:
                continue
            found.add(name)
        assert found == may, parent
    under = {one.parent_id for one in world.config.kept.values()}
    assert under >= {incident.id, contact.id, cast.service.id, of_team.id}
    for gone in (contact, cast.service, of_team):
        world.delete(gone)
    assert {one.parent_id for one in world.config.kept.values()} == {incident.id}


@pytest.mark.parametrize("kind", ["schedule", "policy"])
def test_nobody_gives_a_thing_to_a_team_that_is_not_theirs(world: World, cast: Cast, rota: Schedule, kind: str) -> None:
    """Its new team would be called by what it never asked for."""
    thing: Any = {"schedule": rota, "policy": cast.policy}[kind]
    other = world.team("Search").id
    carol = as_user(cast.carol)
    with pytest.raises(NotAllowed):
        world.save(replace(thing, team_ids=(cast.team.id, other)), "team_ids", actor=carol)
    with pytest.raises(NotAllowed):
        world.save(replace(thing, id="", name="Another", team_ids=(cast.team.id, other)), actor=carol)
    world.save(Membership(team_id=other, user_id=cast.carol.id, role=TeamRole.MANAGER))
    shared = world.save(replace(thing, team_ids=(cast.team.id, other)), "team_ids", actor=carol)
    assert shared.team_ids == (cast.team.id, other)


def test_nobody_makes_themselves_more_than_they_are(world: World, cast: Cast) -> None:
    ada = world.person("ada", role=Role.ADMIN)
    for person, role in ((cast.mallory, Role.RESPONDER), (cast.carol, Role.ADMIN), (ada, Role.OWNER)):
        with pytest.raises(NotAllowed):
            world.save(replace(person, role=role), "role", actor=as_user(person))
    with pytest.raises(NotAllowed):
        world.save(replace(cast.olga, password_hash="x"), "password_hash", actor=as_user(ada))


def test_an_admin_can_t_borrow_an_owner_s_rights_by_a_key(world: World, cast: Cast) -> None:
    ada = world.person("ada", role=Role.ADMIN)
    as_olga = ApiKey(id="", name="Robot", digest="d", role=Role.RESPONDER, user_id=cast.olga.id)
    with pytest.raises(NotAllowed):
        world.save(as_olga, actor=as_user(ada))
    world.save(replace(as_olga, user_id=cast.bob.id), actor=as_user(ada))


@pytest.mark.parametrize("role", [Role.OWNER, Role.OBSERVER])
def test_a_person_s_key_has_the_person_s_role_whatever_was_asked_for(world: World, cast: Cast, role: Role) -> None:
    ada = as_user(world.person("ada", role=Role.ADMIN))
    key = world.save(ApiKey(id="", name="Bob's", digest="d", role=role, user_id=cast.bob.id), actor=ada)
    assert key.role is Role.RESPONDER
    world.save(replace(cast.bob, role=Role.MANAGER), "role")
    key = world.save(replace(key, name="Still Bob's", role=role), "name", "role", actor=ada)
    assert (key.name, key.role) == ("Still Bob's", Role.MANAGER)


def test_a_key_that_stands_for_nobody_has_its_own_role(world: World, cast: Cast) -> None:
    ada = as_user(world.person("ada", role=Role.ADMIN))
    robot = ApiKey(id="", name="Robot", digest="d", role=Role.OWNER)
    with pytest.raises(NotAllowed):
        world.save(robot, actor=ada)
    key = world.save(replace(robot, user_id=cast.bob.id), actor=ada)
    with pytest.raises(NotAllowed):
        world.save(replace(key, user_id=None, role=Role.OWNER), "user_id", "role", actor=ada)
    assert world.save(replace(key, user_id=None), "user_id", actor=ada).role is Role.RESPONDER


def test_a_key_stands_for_somebody_who_is_there(world: World, cast: Cast) -> None:
    key = world.save(ApiKey(id="", name="Bob's", digest="d", role=Role.RESPONDER, user_id=cast.bob.id))
    world.save(replace(cast.bob, active=False), "active")
    for one in (replace(key, id="", digest="e"), replace(key, id="", digest="e", user_id="PNOBODY")):
        with pytest.raises(Invalid, match="User not found"):
            world.save(one)
    other = world.save(ApiKey(id="", name="Alice's", digest="f", role=Role.RESPONDER, user_id=cast.alice.id))
    with pytest.raises(Invalid, match="User not found"):
        world.save(replace(other, user_id=cast.bob.id), "user_id")
    world.save(replace(key, revoked_at=world.clock.now()), "revoked_at")


def test_a_manager_of_one_team_can_t_reach_into_another(world: World, cast: Cast) -> None:
    victor = world.person("victor")
    search = world.team("Search", (victor, TeamRole.MANAGER))
    actor = as_user(victor)
    theirs = replace(cast.policy, team_ids=(search.id,))
    with pytest.raises(NotAllowed):
        world.save(theirs, "team_ids", actor=actor)
    mine = world.policy("Search", (5, victor), teams=(search.id,))
    service, _ = world.service("Search", mine)
    for thing, field in (
        (replace(mine, team_ids=(cast.team.id,)), "team_ids"),
        (replace(service, policy_id=cast.policy.id), "policy_id"),
        (replace(cast.service, policy_id=mine.id), "policy_id"),
        (replace(cast.monitor, service_id=service.id), "service_id"),
        (Membership(team_id=cast.team.id, user_id=victor.id), ""),
        (Team(id="", name="New", parent_id=cast.team.id), ""),
    ):
        with pytest.raises(NotAllowed):
            world.save(thing, *([field] if field else []), actor=actor)


def test_what_was_changed_meanwhile_is_left_alone(world: World, cast: Cast) -> None:
    kept = world.save(Kept(id="", resource="note", wire='{"a": 1}'))
    world.save(replace(kept, wire='{"a": 2}'), "wire")
    late = SaveThing(thing_kind="kept", thing=replace(kept, wire="{}"), fields=("wire",), seen_at=kept.updated_at)
    with pytest.raises(Conflict, match="meanwhile"):
        world.run(as_user(cast.olga), late)
    assert world.config.kept[kept.id].wire == '{"a": 2}'
    first = SaveThing(thing_kind="kept", thing=replace(kept, wire="{}"), seen_at=0)
    with pytest.raises(Conflict, match="meanwhile"):
        world.run(as_user(cast.olga), first)
    again = replace(late, seen_at=world.config.kept[kept.id].updated_at)
    assert world.run(as_user(cast.olga), again).wire == "{}"


def test_of_two_that_make_the_same_thing_the_second_is_told(world: World, cast: Cast) -> None:
    """A path of rules has its service's id: what the second wrote would have been lost without a word."""
    wanted = OrchestrationPath(parent_id=cast.service.id, kind=PathKind.SERVICE)
    world.run(as_user(cast.olga), SaveThing(thing_kind="orchestration_path", thing=wanted))
    other = replace(wanted, active=False)
    with pytest.raises(Conflict, match="made by somebody else") as refused:
        world.run(as_user(cast.olga), SaveThing(thing_kind="orchestration_path", thing=other))
    assert refused.value.reason == CHANGED_MEANWHILE
