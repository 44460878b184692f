"""The configuration as one immutable snapshot: everything people define, with the indexes that decisions need.

A change makes a new snapshot that shares what did not change. Decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tag, Tagging
from tocsin.directory.credentials import Identity, Passkey, SecondFactor
from tocsin.directory.custom_fields import FieldIndex
from tocsin.directory.feeds import CalendarFeed
from tocsin.directory.grouping import GroupingSetting
from tocsin.directory.kept import Kept
from tocsin.directory.model import (
    ApiKey,
    ContactMethod,
    Integration,
    Membership,
    NotificationRule,
    Priority,
    Role,
    Service,
    Settings,
    Team,
    TeamRole,
    User,
)
from tocsin.directory.permissions import Standing
from tocsin.directory.subscriptions import OAuthClient, WebhookSubscription
from tocsin.directory.views import SavedView
from tocsin.engine.kinds import KINDS
from tocsin.escalation.model import Policy, TargetKind
from tocsin.events.evaluate import Program, compiled
from tocsin.events.orchestration import (
    CacheVariable,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    PathKind,
    path_id,
)
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.time import Moment
from tocsin.oncall.cover import CoverRequest
from tocsin.oncall.model import CustomShift, Exceptions, Override, Schedule
from tocsin.workflows.definition import Book, book_of


class Config:
    """A snapshot of every thing, by kind and id. `version` rises with every change."""

    def __init__(
        self, things: Mapping[str, Mapping[str, Any]], version: int, programs: dict[str, Program] | None = None
    ) -> None:
        """`things`: kind -> id -> thing; kinds without things may be left out. `programs`: compiled for another."""
        self.version = version
        self._programs = {} if programs is None else programs
        self._things: dict[str, Mapping[str, Any]] = {kind: things.get(kind, {}) for kind in KINDS}

    def of(self, kind: str) -> Mapping[str, Any]:
        """Every thing of one kind, by id."""
        return self._things[kind]

    def changed(self, changes: Iterable[tuple[str, str, Any]], version: int) -> Config:
        """The snapshot after `changes`: (kind, id, the new thing or None when it was removed)."""
        things = dict(self._things)
        copied: dict[str, dict[str, Any]] = {}
        for kind, thing_id, thing in changes:
            if kind not in copied:
                copied[kind] = dict(things[kind])
                things[kind] = copied[kind]
            if thing is None:
                copied[kind].pop(thing_id, None)
            else:
                copied[kind][thing_id] = thing
        return Config(things, version, self._programs)

    @property
    def users(self) -> Mapping[str, User]:
        """People by id."""
        return self._things["user"]

    @property
    def contact_methods(self) -> Mapping[str, ContactMethod]:
        """Contact methods by id."""
        return self._things["contact_method"]

    @property
    def notification_rules(self) -> Mapping[str, NotificationRule]:
        """Notification rules by id."""
        return self._things["notification_rule"]

    @property
    def teams(self) -> Mapping[str, Team]:
        """Teams by id."""
        return self._things["team"]

    @property
    def memberships(self) -> Mapping[str, Membership]:
        """Memberships by `team:user`."""
        return self._things["membership"]

    @property
    def services(self) -> Mapping[str, Service]:
        """Services by id."""
        return self._things["service"]

    @property
    def integrations(self) -> Mapping[str, Integration]:
        """Integrations by id."""
        return self._things["integration"]

    @property
    def priorities(self) -> Mapping[str, Priority]:
        """Priorities by id."""
        return self._things["priority"]

    @property
    def api_keys(self) -> Mapping[str, ApiKey]:
        """API keys by id."""
        return self._things["api_key"]

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Schedules by id."""
        return self._things["schedule"]

    @property
    def overrides(self) -> Mapping[str, Override]:
        """Overrides by id."""
        return self._things["override"]

    @property
    def custom_shifts(self) -> Mapping[str, CustomShift]:
        """Custom shifts of shift-based schedules by id."""
        return self._things["custom_shift"]

    @property
    def policies(self) -> Mapping[str, Policy]:
        """Escalation policies by id."""
        return self._things["policy"]

    @property
    def orchestrations(self) -> Mapping[str, Orchestration]:
        """Event orchestrations by id."""
        return self._things["orchestration"]

    @property
    def orchestration_keys(self) -> Mapping[str, OrchestrationKey]:
        """Orchestrations' keys by id."""
        return self._things["orchestration_key"]

    @property
    def orchestration_paths(self) -> Mapping[str, OrchestrationPath]:
        """Paths by `parent:kind`."""
        return self._things["orchestration_path"]

    @property
    def cache_variables(self) -> Mapping[str, CacheVariable]:
        """Cache variables by id."""
        return self._things["cache_variable"]

    @property
    def maintenance_windows(self) -> Mapping[str, MaintenanceWindow]:
        """Maintenance windows by id."""
        return self._things["maintenance_window"]

    @property
    def business_services(self) -> Mapping[str, BusinessService]:
        """Business services by id."""
        return self._things["business_service"]

    @property
    def dependencies(self) -> Mapping[str, Dependency]:
        """What needs what, by id."""
        return self._things["dependency"]

    @property
    def tags(self) -> Mapping[str, Tag]:
        """Tags by id."""
        return self._things["tag"]

    @property
    def taggings(self) -> Mapping[str, Tagging]:
        """Which tag is on what, by `tag:kind:entity`."""
        return self._things["tagging"]

    @property
    def subscribers(self) -> Mapping[str, Subscriber]:
        """Who wants news of what, by `subscriber:subscribed`."""
        return self._things["subscriber"]

    @property
    def saved_views(self) -> Mapping[str, SavedView]:
        """Filters of the list of incidents under a name, by id."""
        return self._things["saved_view"]

    @property
    def grouping_settings(self) -> Mapping[str, GroupingSetting]:
        """What services share for the grouping of their alerts, by id."""
        return self._things["grouping_setting"]

    @property
    def webhook_subscriptions(self) -> Mapping[str, WebhookSubscription]:
        """Webhook subscriptions by id."""
        return self._things["webhook_subscription"]

    @property
    def oauth_clients(self) -> Mapping[str, OAuthClient]:
        """Credentials that webhooks are sent with, by id."""
        return self._things["oauth_client"]

    @property
    def cover_requests(self) -> Mapping[str, CoverRequest]:
        """Requests to be covered, those that were answered lately too, by id."""
        return self._things["cover_request"]

    @property
    def calendar_feeds(self) -> Mapping[str, CalendarFeed]:
        """Calendar feeds by id."""
        return self._things["calendar_feed"]

    @property
    def kept(self) -> Mapping[str, Kept]:
        """What is kept for clients only, by id."""
        return self._things["kept"]

    @property
    def passkeys(self) -> Mapping[str, Passkey]:
        """Passkeys by id."""
        return self._things["passkey"]

    @property
    def second_factors(self) -> Mapping[str, SecondFactor]:
        """Second factors by the person's id."""
        return self._things["second_factor"]

    @property
    def identities(self) -> Mapping[str, Identity]:
        """Accounts at the identity provider by id."""
        return self._things["identity"]

    @cached_property
    def passkeys_of(self) -> Mapping[str, tuple[Passkey, ...]]:
        """Passkeys by person, oldest first."""
        return _grouped(self.passkeys.values(), "user_id")

    @cached_property
    def passkey_by_credential(self) -> Mapping[str, Passkey]:
        """Passkeys by the id that the device gave them."""
        return {one.credential_id: one for one in self.passkeys.values()}

    @cached_property
    def identity_by_subject(self) -> Mapping[tuple[str, str], Identity]:
        """Accounts at the identity provider by issuer and subject."""
        return {(one.issuer, one.subject): one for one in self.identities.values()}

    @property
    def settings(self) -> Settings:
        """What owners set for the whole installation."""
        found: Settings = self._things["settings"].get("settings", _DEFAULT_SETTINGS)
        return found

    @cached_property
    def integration_by_key(self) -> Mapping[str, Integration]:
        """Integrations by their secret key, also by one that was replaced and is still remembered."""
        old = {one.old_key: one for one in self.integrations.values() if one.old_key}
        return old | {one.key: one for one in self.integrations.values()}

    @cached_property
    def orchestration_key_by_key(self) -> Mapping[str, OrchestrationKey]:
        """Orchestrations' keys by the secret."""
        return {one.key: one for one in self.orchestration_keys.values()}

    @cached_property
    def api_key_by_digest(self) -> Mapping[str, ApiKey]:
        """API keys that are not revoked, by the SHA-256 of the secret."""
        return {key.digest: key for key in self.api_keys.values() if key.revoked_at is None}

    @cached_property
    def feed_by_digest(self) -> Mapping[str, CalendarFeed]:
        """Calendar feeds by the SHA-256 of the secret in their address."""
        return {feed.digest: feed for feed in self.calendar_feeds.values()}

    @cached_property
    def feeds_of(self) -> Mapping[str, tuple[CalendarFeed, ...]]:
        """Calendar feeds by the person whose they are, oldest first."""
        return _grouped(self.calendar_feeds.values(), "user_id")

    @cached_property
    def user_by_email(self) -> Mapping[str, User]:
        """People by lower-case mail address."""
        return {user.email.lower(): user for user in self.users.values()}

    @cached_property
    def contacts_of(self) -> Mapping[str, tuple[ContactMethod, ...]]:
        """Contact methods by user, oldest first."""
        return _grouped(self.contact_methods.values(), "user_id")

    @cached_property
    def rules_of(self) -> Mapping[str, tuple[NotificationRule, ...]]:
        """Notification rules by user, oldest first."""
        return _grouped(self.notification_rules.values(), "user_id")

    @cached_property
    def members_of(self) -> Mapping[str, tuple[Membership, ...]]:
        """Memberships by team."""
        return _grouped(self.memberships.values(), "team_id")

    @cached_property
    def teams_of(self) -> Mapping[str, tuple[Membership, ...]]:
        """Memberships by user."""
        return _grouped(self.memberships.values(), "user_id")

    @cached_property
    def overrides_of(self) -> Mapping[str, tuple[Override, ...]]:
        """Overrides by schedule."""
        return _grouped(self.overrides.values(), "schedule_id")

    @cached_property
    def exceptions_of(self) -> Mapping[str, Exceptions]:
        """Overrides and custom shifts by schedule: what questions about who is on call need beside it."""
        return _grouped([*self.overrides.values(), *self.custom_shifts.values()], "schedule_id")

    @cached_property
    def integrations_of(self) -> Mapping[str, tuple[Integration, ...]]:
        """Integrations by service."""
        return _grouped(self.integrations.values(), "service_id")

    @cached_property
    def services_of_policy(self) -> Mapping[str, tuple[Service, ...]]:
        """Services by policy."""
        return _grouped(self.services.values(), "policy_id")

    @cached_property
    def windows_of(self) -> Mapping[str, tuple[MaintenanceWindow, ...]]:
        """Maintenance windows by service."""
        found: dict[str, list[MaintenanceWindow]] = defaultdict(list)
        for window in self.maintenance_windows.values():
            for service_id in window.service_ids:
                found[service_id].append(window)
        return {service_id: tuple(windows) for service_id, windows in found.items()}

    @cached_property
    def variables_of(self) -> Mapping[str, Mapping[str, CacheVariable]]:
        """Cache variables by orchestration or service, then by name."""
        found: dict[str, dict[str, CacheVariable]] = defaultdict(dict)
        for variable in self.cache_variables.values():
            found[variable.parent_id][variable.name] = variable
        return found

    @cached_property
    def service_by_name(self) -> Mapping[str, str]:
        """Ids of services by name in small letters."""
        return {service.name.casefold(): service.id for service in self.services.values()}

    def entrance(self, entrance_id: str) -> Integration | OrchestrationKey | None:
        """By what a monitor's events came: an integration of a service, or a key of an orchestration."""
        return self.integrations.get(entrance_id) or self.orchestration_keys.get(entrance_id)

    def service_behind(self, entrance_id: str) -> str:
        """The service of an entrance; of an orchestration's key one that its router names, "" if it names none."""
        entrance = self.entrance(entrance_id)
        if isinstance(entrance, Integration):
            return entrance.service_id
        path = self.orchestration_paths.get(path_id(entrance.orchestration_id, PathKind.ROUTER)) if entrance else None
        if path is None:
            return ""
        last = path.catch_all.route_to
        return last if last in self.services else min(path.routed_to & self.services.keys(), default="")

    def program(self, path_key: str) -> Program | None:
        """The path as rules that can be run: compiled when it is first needed, once for every change of it."""
        path = self.orchestration_paths.get(path_key)
        if path is None:
            return None
        known = self._programs.get(path_key)
        if known is None or known.path is not path:
            known = self._programs[path_key] = compiled(path)
        return known

    @cached_property
    def keys_of(self) -> Mapping[str, tuple[OrchestrationKey, ...]]:
        """Keys by orchestration, oldest first."""
        return _grouped(self.orchestration_keys.values(), "orchestration_id")

    @cached_property
    def listeners(self) -> Mapping[str, tuple[WebhookSubscription, ...]]:
        """The active subscriptions by each event that they want, oldest first. Asked for with every decision."""
        found: dict[str, list[WebhookSubscription]] = defaultdict(list)
        for one in sorted(self.webhook_subscriptions.values(), key=_by_age):
            for event in dict.fromkeys(one.events) if one.active else ():
                found[event].append(one)
        return {event: tuple(wanting) for event, wanting in found.items()}

    @cached_property
    def kept_of(self) -> Mapping[str, tuple[Kept, ...]]:
        """What is kept for clients, by the vendor's word for its kind, oldest first."""
        return _grouped(self.kept.values(), "resource")

    @cached_property
    def fields(self) -> FieldIndex:
        """Custom fields and types of incidents."""
        return FieldIndex(self._things["incident_type"], self._things["custom_field"])

    @cached_property
    def workflows(self) -> Book:
        """Workflows and what starts them. Asked for with every decision."""
        return book_of(self.kept.values())

    @cached_property
    def dependencies_of(self) -> Mapping[str, tuple[Dependency, ...]]:
        """What a service needs, by the one that needs it, oldest first."""
        return _grouped(self.dependencies.values(), "dependent_id")

    @cached_property
    def dependents_of(self) -> Mapping[str, tuple[Dependency, ...]]:
        """What needs a service or business service, by its id."""
        return _grouped(self.dependencies.values(), "supporting_id")

    @cached_property
    def grouping_of(self) -> Mapping[str, GroupingSetting]:
        """The setting that a service is in, by service."""
        return {one: setting for setting in self.grouping_settings.values() for one in setting.service_ids}

    @cached_property
    def kept_under(self) -> Mapping[str, tuple[Kept, ...]]:
        """What is kept for clients, by the thing that it belongs to, oldest first."""
        return _grouped(self.kept.values(), "parent_id")

    @cached_property
    def policies_of_schedule(self) -> Mapping[str, tuple[Policy, ...]]:
        """Policies by the schedules that they call."""
        found: dict[str, dict[str, Policy]] = defaultdict(dict)
        for policy in self.policies.values():
            for rule in policy.rules:
                for target in rule.targets:
                    if target.kind is TargetKind.SCHEDULE:
                        found[target.id][policy.id] = policy
        return {schedule: tuple(policies.values()) for schedule, policies in found.items()}

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """Active owners, by id, in a stable order. Asked for with every new incident."""
        return tuple(sorted(user.id for user in self.users.values() if user.role is Role.OWNER and user.active))

    def team_ids_of_service(self, service_id: str) -> tuple[str, ...]:
        """The teams that own a service: those of its escalation policy."""
        service = self.services.get(service_id)
        policy = self.policies.get(service.policy_id) if service else None
        return policy.team_ids if policy else ()

    def standing(self, actor: Actor) -> Standing | None:
        """The rights of a person or key; None when there is no such (active) actor."""
        if actor.kind is ActorKind.USER:
            return self._user_standing(actor.id, None)
        key = self.api_keys.get(actor.id)
        if key is None or key.revoked_at is not None:
            return None
        limit = frozenset(key.team_ids) or None
        if key.user_id is not None:
            return self._user_standing(key.user_id, limit)
        team_role = _KEY_IN_TEAM.get(key.role)
        teams = dict.fromkeys(key.team_ids or self.teams, team_role) if team_role else {}
        return Standing(role=key.role, teams=teams, limited_to=limit)

    def _user_standing(self, user_id: str, limit: frozenset[str] | None) -> Standing | None:
        user = self.users.get(user_id)
        if user is None or not user.active:
            return None
        teams = {membership.team_id: membership.role for membership in self.teams_of.get(user_id, ())}
        return Standing(role=user.role, teams=teams, limited_to=limit)


_DEFAULT_SETTINGS = Settings()

_KEY_IN_TEAM: Mapping[Role, TeamRole] = {
    Role.MANAGER: TeamRole.MANAGER,
    Role.RESPONDER: TeamRole.RESPONDER,
    Role.OBSERVER: TeamRole.OBSERVER,
}
"""A key is a member of the teams that it is made for, of every team if for none: its role is its role there."""


def _grouped(things: Iterable[Any], attribute: str) -> Mapping[str, tuple[Any, ...]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for thing in things:
        groups[getattr(thing, attribute)].append(thing)
    return {key: tuple(sorted(group, key=_by_age)) for key, group in groups.items()}


def _by_age(thing: Any) -> tuple[Moment, str]:
    return (getattr(thing, "created_at", 0), thing.id)
