"""Which teams own a thing, and so what an actor needs to change it. The rule itself is `directory.permissions.may`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tagging
from tocsin.directory.credentials import Identity, Passkey, SecondFactor
from tocsin.directory.grouping import GroupingSetting
from tocsin.directory.kept import Kept
from tocsin.directory.model import ApiKey, Integration, Membership, Role, Service, Team, User
from tocsin.directory.permissions import Verb
from tocsin.directory.subscriptions import FilterKind, WebhookSubscription
from tocsin.directory.views import SavedView
from tocsin.engine.config import Config
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.world import World
from tocsin.escalation.model import Policy
from tocsin.events.orchestration import (
    CacheVariable,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    PathKind,
)
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import NotAllowed
from tocsin.oncall import CoverRequest, CustomShift, Override, Schedule
from tocsin.workflows.definition import TRIGGER, WORKFLOW, Trigger, TriggerKind, trigger_of, workflow_of

Need: TypeAlias = tuple[Verb, tuple[str, ...], bool]
"""A verb, the teams that own the thing, and whether it is the actor's own (then nothing more is needed)."""

OWN_FIELDS = frozenset({"name", "time_zone", "job_title", "description", "color", "password_hash"})
"""What people may change about themselves."""


def needs_to_change(world: World, actor: Actor, old: Any, new: Any) -> Iterable[Need]:
    """What is needed to turn `old` into `new` (None = absent): both must be the actor's to change."""
    for thing in (old, new):
        if isinstance(thing, Kept):
            yield from _kept(world, actor, thing, old, new)
        elif thing is not None:
            yield from _NEEDS[KIND_OF[type(thing)]](world.config, actor, thing, old, new)


def needs_to_touch(config: Config, actor: Actor, thing: Any) -> Iterable[Need]:
    """What is needed to change something about a thing that is nobody's child: whose it is, the configuration says."""
    return _NEEDS[KIND_OF[type(thing)]](config, actor, thing, thing, thing)


def _user(_config: Config, actor: Actor, user: User, old: User | None, new: User | None) -> Iterable[Need]:
    owners = Role.OWNER in (user.role, *(one.role for one in (old, new) if one is not None))
    own = actor.kind is ActorKind.USER and actor.id == user.id and old is not None and new is not None
    if own and old is not None and new is not None:
        changed = {name for name in User.__slots__ if getattr(old, name) != getattr(new, name)}
        if changed <= OWN_FIELDS:
            yield Verb.READ, (), True
            return
    yield (Verb.OWN if owners else Verb.ADMINISTER), (), False


def _of_person(_config: Config, actor: Actor, thing: Any, _old: Any, _new: Any) -> Iterable[Need]:
    yield Verb.ADMINISTER, (), actor.kind is ActorKind.USER and actor.id == thing.user_id


def _team(_config: Config, _actor: Actor, team: Team, old: Team | None, _new: Team | None) -> Iterable[Need]:
    yield Verb.STAFF, ((team.id,) if old is not None else ()), False


def _membership(_config: Config, _actor: Actor, membership: Membership, _old: Any, _new: Any) -> Iterable[Need]:
    yield Verb.STAFF, (membership.team_id,), False


def _service(config: Config, _actor: Actor, service: Service, _old: Any, _new: Any) -> Iterable[Need]:
    policy = config.policies.get(service.policy_id)
    yield Verb.EDIT, policy.team_ids if policy else (), False


def _of_service(config: Config, _actor: Actor, thing: Integration, _old: Any, _new: Any) -> Iterable[Need]:
    yield Verb.EDIT, config.team_ids_of_service(thing.service_id), False


def _of_teams(
    _config: Config,
    _actor: Actor,
    thing: Schedule | Policy | Kept,
    old: Schedule | Policy | Kept | None,
    new: Schedule | Policy | Kept | None,
) -> Iterable[Need]:
    """One of its teams is enough to edit it, but nobody gives it to a team that is not theirs."""
    yield Verb.EDIT, thing.team_ids, False
    if thing is new:
        for team_id in set(new.team_ids) - set(old.team_ids if old is not None else ()):
            yield Verb.EDIT, (team_id,), False


def _override(config: Config, _actor: Actor, override: Override | CustomShift, _old: Any, _new: Any) -> Iterable[Need]:
    schedule = config.schedules.get(override.schedule_id)
    yield Verb.COVER, schedule.team_ids if schedule else (), False


def _cover_request(config: Config, actor: Actor, request: CoverRequest, _old: Any, _new: Any) -> Iterable[Need]:
    """Whose shift it is asks; who manages the schedule may ask for others."""
    schedule = config.schedules.get(request.schedule_id)
    yield (
        Verb.EDIT,
        schedule.team_ids if schedule else (),
        actor.kind is ActorKind.USER and actor.id == request.user_id,
    )


def _api_key(config: Config, actor: Actor, key: ApiKey, _old: Any, _new: Any) -> Iterable[Need]:
    """A key that acts as an owner is worth as much as an owner. People make and end keys of their own, on the pages.

    Not through the API: whoever finds a key must not be able to make another one that outlives it.
    """
    person = config.users.get(key.user_id) if key.user_id else None
    role = person.role if person else key.role
    own = actor.kind is ActorKind.USER and actor.via is Via.WEB and actor.id == key.user_id
    yield (Verb.OWN if role is Role.OWNER else Verb.ADMINISTER), (), own


def _settings(_config: Config, _actor: Actor, _thing: Any, _old: Any, _new: Any) -> Iterable[Need]:
    """What holds for the whole installation: also by what it sends, for whoever sets that reads every page."""
    yield Verb.OWN, (), False


def _window(config: Config, _actor: Actor, window: MaintenanceWindow, _old: Any, _new: Any) -> Iterable[Need]:
    """Who keeps a service from paging must be able to edit it."""
    for service_id in window.service_ids:
        yield Verb.EDIT, config.team_ids_of_service(service_id), False


def _of_one_team(
    _config: Config, _actor: Actor, thing: Orchestration | BusinessService, _old: Any, _new: Any
) -> Iterable[Need]:
    yield Verb.EDIT, (thing.team_id,) if thing.team_id else (), False


def _orchestration_key(config: Config, _actor: Actor, key: OrchestrationKey, _old: Any, _new: Any) -> Iterable[Need]:
    yield Verb.EDIT, _teams_of_orchestration(config, key.orchestration_id), False


def _path(config: Config, _actor: Actor, path: OrchestrationPath, old: Any, new: Any) -> Iterable[Need]:
    """Nobody sends alarms to a service on which they could not raise an incident themselves."""
    yield Verb.EDIT, _teams_of_parent(config, path.parent_id, of_service=path.kind is PathKind.SERVICE), False
    if path is new and path.kind is PathKind.ROUTER:
        for service_id in new.routed_to - (old.routed_to if old is not None else frozenset()):
            if service_id in config.services:
                yield Verb.RESPOND, config.team_ids_of_service(service_id), False


def _cache_variable(config: Config, _actor: Actor, variable: CacheVariable, _old: Any, _new: Any) -> Iterable[Need]:
    yield Verb.EDIT, _teams_of_parent(config, variable.parent_id, of_service=variable.of_service), False


def _teams_of_parent(config: Config, parent_id: str, *, of_service: bool) -> tuple[str, ...]:
    return config.team_ids_of_service(parent_id) if of_service else _teams_of_orchestration(config, parent_id)


def _teams_of_orchestration(config: Config, orchestration_id: str) -> tuple[str, ...]:
    orchestration = config.orchestrations.get(orchestration_id)
    return (orchestration.team_id,) if orchestration is not None and orchestration.team_id else ()


def _dependency(config: Config, _actor: Actor, dependency: Dependency, _old: Any, _new: Any) -> Iterable[Need]:
    """It says something of the one that needs: whoever may edit that one may say it."""
    business = config.business_services.get(dependency.dependent_id)
    if dependency.dependent_is_business:
        yield Verb.EDIT, (business.team_id,) if business is not None and business.team_id else (), False
    else:
        yield Verb.EDIT, config.team_ids_of_service(dependency.dependent_id), False


def _everybodys(_config: Config, _actor: Actor, _thing: Any, _old: Any, _new: Any) -> Iterable[Need]:
    """Tags, custom fields and types of incidents are everybody's who may edit anything that belongs to nobody."""
    yield Verb.EDIT, (), False


def _tagging(config: Config, actor: Actor, tagging: Tagging, _old: Any, _new: Any) -> Iterable[Need]:
    if tagging.entity_kind == "user":
        yield Verb.ADMINISTER, (), actor.kind is ActorKind.USER and actor.id == tagging.entity_id
    elif tagging.entity_kind == "team":
        yield Verb.STAFF, (tagging.entity_id,), False
    else:
        policy = config.policies.get(tagging.entity_id)
        yield Verb.EDIT, policy.team_ids if policy is not None else (), False


def _subscription(
    config: Config,
    _actor: Actor,
    one: WebhookSubscription,
    old: WebhookSubscription | None,
    new: WebhookSubscription | None,
) -> Iterable[Need]:
    """What goes out is what its filter lets through: of one service or team their editors decide, of all admins.

    Access tokens are the admins': whoever decided alone where they go could have them.
    """
    if _sends_tokens(old, new):
        yield Verb.ADMINISTER, (), False
    if one.filter_kind is FilterKind.SERVICE:
        yield Verb.EDIT, config.team_ids_of_service(one.filter_id), False
    elif one.filter_kind is FilterKind.TEAM:
        yield Verb.EDIT, (one.filter_id,), False
    else:
        yield Verb.ADMINISTER, (), False


def _sends_tokens(old: WebhookSubscription | None, new: WebhookSubscription | None) -> bool:
    """Whether the change sends the access tokens of a client somewhere that they did not go before."""
    if new is None or not new.oauth_client_id:
        return False
    return old is None or (old.oauth_client_id, old.url) != (new.oauth_client_id, new.url)


def _subscriber(_config: Config, actor: Actor, one: Subscriber, _old: Any, _new: Any) -> Iterable[Need]:
    """Who gets news is for them to say, or for who manages them."""
    if one.is_team:
        yield Verb.STAFF, (one.subscriber_id,), False
    else:
        yield Verb.ADMINISTER, (), actor.kind is ActorKind.USER and actor.id == one.subscriber_id


def _grouping_setting(
    config: Config, _actor: Actor, _thing: Any, old: GroupingSetting | None, new: GroupingSetting | None
) -> Iterable[Need]:
    """Who changes how a service's alerts are grouped must be able to edit it; who only moves some, those."""
    before, after = (frozenset(one.service_ids) if one is not None else frozenset() for one in (old, new))
    only_services = old is not None and new is not None and replace(old, service_ids=new.service_ids) == new
    for service_id in before ^ after if only_services else before | after:
        yield Verb.EDIT, config.team_ids_of_service(service_id), False


def _kept(world: World, actor: Actor, thing: Kept, old: Any, new: Any) -> Iterable[Need]:
    """What belongs to another thing is for those to change who may change that one; the rest is its teams'."""
    config, parent = world.config, thing.parent_id
    incident = world.state.incident(parent) if parent else None
    contact = config.contact_methods.get(parent)
    above = config.kept.get(parent)
    owned_by_one = config.orchestrations.get(parent) or config.business_services.get(parent)
    if incident is not None:
        yield Verb.RESPOND, incident.team_ids, actor.kind is ActorKind.USER and actor.id in incident.assignee_ids
    elif contact is not None:
        yield from _of_person(config, actor, contact, old, new)
    elif above is not None:
        yield from _kept(world, actor, above, above, above)
        if thing is new and thing.resource == TRIGGER:
            yield from _trigger(config, old, new)
    elif owned_by_one is not None:
        yield from _of_one_team(config, actor, owned_by_one, old, new)
    elif parent in config.services:
        yield Verb.EDIT, config.team_ids_of_service(parent), False
    else:
        yield from _of_teams(config, actor, thing, old, new)
        if thing is new and thing.resource == WORKFLOW and old is not None:
            yield from _workflow(config, old, new)


def _workflow(config: Config, old: Kept, new: Kept) -> Iterable[Need]:
    """Who changes what a workflow does changes what it does by itself, wherever that is."""
    before, after = workflow_of(old), workflow_of(new)
    if after.enabled and (before.steps != after.steps or not before.enabled):
        for one in config.workflows.triggers_of.get(new.id, ()):
            yield from _reach(config, one, None)


def _trigger(config: Config, old: Kept | None, new: Kept) -> Iterable[Need]:
    """Nobody has workflows act on incidents by themselves to which they could not respond: everywhere, for admins.

    Who has it act less needs no more than the workflow.
    """
    after, before = trigger_of(new), trigger_of(old) if old is not None else None
    if after is None:
        return
    same = before is not None and (before.condition, before.types) == (after.condition, after.types)
    yield from _reach(config, after, before if same and before is not None and not before.disabled else None)


def _reach(config: Config, after: Trigger, before: Trigger | None) -> Iterable[Need]:
    """What is needed for a trigger to act by itself where it did not before."""
    if after.kind is TriggerKind.MANUAL or after.disabled:
        return
    for service_id in after.service_ids - (before.service_ids if before is not None else frozenset()):
        yield Verb.RESPOND, config.team_ids_of_service(service_id), False
    if after.everywhere and not (before is not None and before.everywhere):
        yield Verb.ADMINISTER, (), False


def _saved_view(
    _config: Config, actor: Actor, view: SavedView, old: SavedView | None, new: SavedView | None
) -> Iterable[Need]:
    """A view is whoever made it to change; nobody gives one to a team for which they do not act."""
    yield Verb.ADMINISTER, (), actor.kind is ActorKind.USER and actor.id == view.user_id
    if view is new and view.team_id and (old is None or old.team_id != view.team_id):
        yield Verb.RESPOND, (view.team_id,), False


def _credential(
    config: Config, actor: Actor, thing: Passkey | SecondFactor, _old: Any, new: Passkey | SecondFactor | None
) -> Iterable[Need]:
    """Only the person sets one up: whoever could for others could sign in as them.

    It is taken away by who may remove the person too; an owner's by owners.
    """
    own = actor.kind is ActorKind.USER and actor.id == thing.user_id
    if new is not None and not own and actor.kind in (ActorKind.USER, ActorKind.KEY):
        raise NotAllowed("Only the person can set this up.", reason="not_yours")
    yield _verb_over(config, thing.user_id), (), own


def _identity(config: Config, actor: Actor, thing: Identity, _old: Any, new: Identity | None) -> Iterable[Need]:
    """It is made by signing in at the provider only."""
    if new is not None and actor.kind in (ActorKind.USER, ActorKind.KEY):
        raise NotAllowed("An account at the provider is linked by signing in there.", reason="not_by_hand")
    yield _verb_over(config, thing.user_id), (), False


def _verb_over(config: Config, user_id: str) -> Verb:
    person = config.users.get(user_id)
    return Verb.OWN if person is not None and person.role is Role.OWNER else Verb.ADMINISTER


def _administered(_config: Config, _actor: Actor, _thing: Any, _old: Any, _new: Any) -> Iterable[Need]:
    yield Verb.ADMINISTER, (), False


_NEEDS: Mapping[str, Callable[[Config, Actor, Any, Any, Any], Iterable[Need]]] = {
    "user": _user,
    "contact_method": _of_person,
    "notification_rule": _of_person,
    "team": _team,
    "membership": _membership,
    "service": _service,
    "integration": _of_service,
    "priority": _administered,
    "api_key": _api_key,
    "settings": _settings,
    "schedule": _of_teams,
    "override": _override,
    "custom_shift": _override,
    "policy": _of_teams,
    "orchestration": _of_one_team,
    "orchestration_key": _orchestration_key,
    "orchestration_path": _path,
    "cache_variable": _cache_variable,
    "maintenance_window": _window,
    "business_service": _of_one_team,
    "dependency": _dependency,
    "tag": _everybodys,
    "tagging": _tagging,
    "subscriber": _subscriber,
    "grouping_setting": _grouping_setting,
    "webhook_subscription": _subscription,
    "incident_type": _everybodys,
    "custom_field": _everybodys,
    "oauth_client": _administered,
    "cover_request": _cover_request,
    "calendar_feed": _of_person,
    "saved_view": _saved_view,
    "passkey": _credential,
    "second_factor": _credential,
    "identity": _identity,
    "mail_server": _settings,
    "phone_account": _settings,
}
