"""What removal means: what still needs a thing forbids it, what belongs to it goes along, open work is closed.

`reason` on an InUse error is stable; dialects translate it into their vendor's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.alerts.holding import judge_held
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.model import Membership, Role, Service, Team, User
from tocsin.engine.config import Config
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.world import ThingChange, World
from tocsin.escalation.model import Policy, TargetKind
from tocsin.events.orchestration import UNROUTED, PathKind, path_id
from tocsin.incidents import decide as incidents
from tocsin.incidents.timers import raise_key
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.decision import CancelTimer, Decision
from tocsin.kernel.errors import Conflict, InUse
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.oncall import members


def gone(things: Iterable[Any]) -> Decision:
    """These things are removed, in this order."""
    return Decision(state=tuple(ThingChange(KIND_OF[type(thing)], thing.id, thing, None) for thing in things))


def kept_with(config: Config, decision: Decision) -> list[Any]:
    """What is kept for clients and belongs to what the decision removes, directly or through other such things."""
    removed = [one.id for one in decision.state if isinstance(one, ThingChange) and one.after is None]
    found: dict[str, Any] = {}
    while removed:
        below = [one for one in config.kept_under.get(removed.pop(), ()) if one.id not in found]
        found |= {one.id: one for one in below}
        removed += [one.id for one in below]
    return list(found.values())


def subscribers_of(config: Config, thing_id: str) -> list[Any]:
    """The subscriptions by this thing, or to it."""
    return [one for one in config.subscribers.values() if thing_id in (one.subscriber_id, one.subscribed_id)]


def taggings_of(config: Config, thing_id: str) -> list[Any]:
    """The tags on this thing."""
    return [one for one in config.taggings.values() if one.entity_id == thing_id]


def alone(_world: World, thing: Any, _now: Moment) -> Decision:
    """Nothing else goes with it."""
    return gone([thing])


def _user(world: World, user: User, now: Moment) -> Decision:
    """Refused while the person has open incidents, takes turns or is named in a policy: no page may lose its way.

    A policy as it was may still name them: an open incident then passes over them and says so on its timeline.
    """
    config = world.config
    if user.role is Role.OWNER and config.owners == (user.id,):
        raise Conflict("The last owner can't be removed.", reason="last_owner")
    if world.state.open_incidents_assigned_to(user.id):
        raise InUse("The user has open incidents.", reason="user_has_incidents")
    for schedule in config.schedules.values():
        if user.id in members(schedule, now):
            raise InUse(
                phrase("The user takes turns in the schedule %(name)s.", name=schedule.name), reason="user_on_schedule"
            )
    for policy in config.policies.values():
        if any(
            target.kind is TargetKind.USER and target.id == user.id for rule in policy.rules for target in rule.targets
        ):
            raise InUse(
                phrase("The user is named in the escalation policy %(name)s.", name=policy.name),
                reason="user_on_policy",
            )
    keys = [key for key in config.api_keys.values() if key.user_id == user.id]
    covers = [one for one in config.overrides.values() if one.user_id == user.id and one.end > now]
    shifts = [one for one in config.custom_shifts.values() if one.user_id == user.id and one.end > now]
    led = [one for one in config.teams.values() if one.lead_id == user.id]
    headless = Decision(state=tuple(ThingChange("team", one.id, one, replace(one, lead_id=None)) for one in led))
    return headless + gone(
        [
            *config.rules_of.get(user.id, ()),
            *config.contacts_of.get(user.id, ()),
            *config.teams_of.get(user.id, ()),
            *keys,
            *covers,
            *shifts,
            *taggings_of(config, user.id),
            *subscribers_of(config, user.id),
            user,
        ]
    )


def _contact_method(world: World, contact: Any, _now: Moment) -> Decision:
    rules = [rule for rule in world.config.rules_of.get(contact.user_id, ()) if rule.contact_method_id == contact.id]
    return gone([*rules, contact])


def _team(world: World, team: Team, _now: Moment) -> Decision:
    config = world.config
    owned: list[Any] = [one for one in config.policies.values() if team.id in one.team_ids]
    owned += [one for one in config.schedules.values() if team.id in one.team_ids]
    owned += [one for one in config.services.values() if one.owner_team_id == team.id]
    owned += [one for one in config.orchestrations.values() if one.team_id == team.id]
    owned += [one for one in config.business_services.values() if one.team_id == team.id]
    owned += [one for one in config.kept.values() if team.id in one.team_ids]
    if owned:
        raise InUse(phrase("The team still owns %(name)s.", name=owned[0].name), reason="team_owns_things")
    ends = [*taggings_of(config, team.id), *subscribers_of(config, team.id)]
    return gone([*config.members_of.get(team.id, ()), *ends, team])


def _membership(world: World, membership: Membership, now: Moment) -> Decision:
    """Refused while the person is called, by name or by schedule, in one of the team's policies."""
    for policy in world.config.policies.values():
        if membership.team_id in policy.team_ids and _calls(world, policy, membership.user_id, now):
            text = "User cannot be removed as they belong to an escalation policy on this team"
            raise InUse(text, reason="member_on_policy")
    return gone([membership])


def _calls(world: World, policy: Policy, user_id: str, now: Moment) -> bool:
    for rule in policy.rules:
        for target in rule.targets:
            if target.kind is TargetKind.USER and target.id == user_id:
                return True
            schedule = world.config.schedules.get(target.id)
            if schedule is not None and user_id in members(schedule, now):
                return True
    return False


def _service(world: World, service: Service, now: Moment) -> Decision:
    """Its open incidents are resolved (history stays), its integrations go with it, and so do routes to it.

    Events that went there find the next rule that claims them. Refusing instead would stop whoever removes a service
    and its route in one go: Terraform removes what is gone from a configuration before it changes what stays.
    """
    config = world.config
    decision = Decision(timers=(CancelTimer(raise_key(service.id)),))
    for incident in world.state.open_incidents_of(service.id):
        decision += incidents.resolve(incident, "its service was removed", SYSTEM, now)
    own_path = config.orchestration_paths.get(path_id(service.id, PathKind.SERVICE))
    ends = [one for one in config.dependencies.values() if service.id in (one.dependent_id, one.supporting_id)]
    variables = [one for one in config.cache_variables.values() if one.parent_id == service.id]
    belongs = [*config.integrations_of.get(service.id, ()), *ends]
    return (
        decision
        + _out_of_windows(config.windows_of.get(service.id, ()), service, now)
        + _out_of_grouping(config, service)
        + _out_of_routers(config, service, now)
        + gone([*belongs, *variables, *([own_path] if own_path is not None else []), service])
    )


def _out_of_windows(windows: Iterable[MaintenanceWindow], service: Service, now: Moment) -> Decision:
    """Maintenance windows go on for the other services that they name; one that named no other goes too.

    What they hold of this service is judged again.
    """
    changes, timers = [], []
    for window in windows:
        others = tuple(one for one in window.service_ids if one != service.id)
        left = replace(window, service_ids=others) if others else None
        changes.append(ThingChange("maintenance_window", window.id, window, left))
        timers.append(judge_held(window.id, now))
    return Decision(state=tuple(changes), timers=tuple(timers))


def _out_of_routers(config: Config, service: Service, now: Moment) -> Decision:
    """No rule of a router leads to it any more; a catch-all that did leads to the unrouted path."""
    changes = []
    for path in config.orchestration_paths.values():
        if path.kind is not PathKind.ROUTER or service.id not in path.routed_to:
            continue
        sets = tuple(
            replace(one, rules=tuple(rule for rule in one.rules if rule.actions.route_to != service.id))
            for one in path.sets
        )
        last = path.catch_all
        catch_all = replace(last, route_to=UNROUTED) if last.route_to == service.id else last
        left = replace(path, sets=sets, catch_all=catch_all, updated_at=now)
        changes.append(ThingChange("orchestration_path", path.id, path, left))
    return Decision(state=tuple(changes))


def _out_of_grouping(config: Config, service: Service) -> Decision:
    """A setting goes on for the other services that it names; one that named no other goes too."""
    setting = config.grouping_of.get(service.id)
    if setting is None:
        return Decision()
    others = tuple(one for one in setting.service_ids if one != service.id)
    left = replace(setting, service_ids=others) if others else None
    return Decision(state=(ThingChange("grouping_setting", setting.id, setting, left),))


def _policy(world: World, policy: Policy, _now: Moment) -> Decision:
    if world.config.services_of_policy.get(policy.id):
        raise InUse(
            "The policy can't be deleted because it is being used by one or more services", reason="policy_in_use"
        )
    return gone([*taggings_of(world.config, policy.id), policy])


def _settings(_world: World, _thing: Any, _now: Moment) -> Decision:
    raise Conflict("Settings can't be removed.", reason="settings")


REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "user": _user,
    "contact_method": _contact_method,
    "notification_rule": alone,
    "team": _team,
    "membership": _membership,
    "service": _service,
    "integration": alone,
    "priority": alone,
    "api_key": alone,
    "settings": _settings,
    "policy": _policy,
}
"""What removing each kind means."""
