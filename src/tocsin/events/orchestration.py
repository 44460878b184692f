"""Event orchestrations as people define them: keys, paths, sets of rules, conditions as text, actions.

A path is tried from its set `start`; the first rule that matches acts and may lead on to another set. Decides nothing;
`events.evaluate` runs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.time import Moment

START = "start"
"""The set with which every path begins."""

UNROUTED = "unrouted"
"""Where the router sends what no rule of it claims, unless its catch-all names a service."""


class PathKind(StrEnum):
    """Which part of an event's way a path is."""

    GLOBAL = "global"  # first, for every event to the orchestration's keys
    ROUTER = "router"  # then: which service it is for
    UNROUTED = "unrouted"  # for what the router sends to no service
    SERVICE = "service"  # last, at the service itself, also for events to the service's own keys


class Lookup(StrEnum):
    """What the text that a dynamic route found is compared with."""

    SERVICE_NAME = "service_name"
    SERVICE_ID = "service_id"


class CacheKind(StrEnum):
    """What a cache variable remembers."""

    RECENT_VALUE = "recent_value"  # the newest text that its expression found
    TRIGGER_EVENT_COUNT = "trigger_event_count"  # how many events met its conditions lately
    EXTERNAL_DATA = "external_data"  # what a program wrote into it


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestration:
    """The keys and rules through which monitors' events find their service. Belongs to a team or to nobody."""

    id: str
    name: str
    description: str = ""
    team_id: str | None = None
    created_by: str = ""
    updated_by: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationKey:
    """A monitor's entrance to an orchestration. `key` is the secret in its events: 32 letters and digits."""

    id: str
    orchestration_id: str
    name: str
    key: str
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`name` holds what `regex` finds at `path`: its groups one after the other, or all that it matches."""

    name: str
    path: str
    regex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Sets the field `target`: by a template, or by what `regex` finds at `source` (nothing found = it stays)."""

    target: str
    template: str | None = None
    source: str | None = None
    regex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicRoute:
    """The service whose name or id `regex` finds at `source`."""

    source: str
    regex: str
    lookup: Lookup = Lookup.SERVICE_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A web address that is called when the rule acts: at once if `auto_send`, else when somebody asks for it.

    `headers` and `parameters` hold places for what the event says; the address holds none.
    """

    name: str
    url: str
    auto_send: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    trigger_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What a rule does to an event that matched. Empty = that part is left alone.

    `route_to`: in the router a service's id or `unrouted`, elsewhere the id of the set that goes on. `field_updates`:
    ids of incidents' custom fields with templates of their values. `wire` is kept, not acted upon yet.
    """

    route_to: str = ""
    dynamic_route: DynamicRoute | None = None
    drop: bool = False
    suppress: bool = False
    suspend_seconds: int | None = None
    priority_id: str = ""
    policy_id: str = ""
    note: str = ""
    severity: str = ""
    event_action: str = ""
    variables: tuple[Variable, ...] = ()
    extractions: tuple[Extraction, ...] = ()
    calls: tuple[Call, ...] = ()
    field_updates: tuple[tuple[str, str], ...] = ()
    wire: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationRule:
    """Acts on an event when one of its conditions holds, always when it has none."""

    id: str
    label: str = ""
    conditions: tuple[str, ...] = ()
    actions: Actions = Actions()
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules in order; the first that matches acts."""

    id: str
    rules: tuple[OrchestrationRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationPath:
    """One part of the way. `parent_id` is the orchestration, or the service for a service's own path."""

    parent_id: str
    kind: PathKind
    sets: tuple[RuleSet, ...] = (RuleSet(id=START),)
    catch_all: Actions = Actions()
    active: bool = True
    created_by: str = ""
    updated_by: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def id(self) -> str:
        """`parent:kind`: each part of the way exists once."""
        return path_id(self.parent_id, self.kind)

    @property
    def every_actions(self) -> tuple[Actions, ...]:
        """The actions of every rule, then those of the catch-all."""
        return (*(rule.actions for one in self.sets for rule in one.rules), self.catch_all)

    @property
    def routed_to(self) -> frozenset[str]:
        """For a router: the services that it names, and `unrouted`."""
        return frozenset(actions.route_to for actions in self.every_actions if actions.route_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheVariable:
    """Something that rules remember from event to event, as `cache_var.<name>`. Belongs to an orchestration or service.

    `ttl_seconds`: how long a count reaches back, or how long written data holds.
    """

    id: str
    parent_id: str
    of_service: bool
    name: str
    kind: CacheKind
    conditions: tuple[str, ...] = ()
    disabled: bool = False
    source: str = ""
    regex: str = ""
    ttl_seconds: int = 0
    data_type: str = "string"
    created_by: str = ""
    updated_by: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0


def path_id(parent_id: str, kind: PathKind) -> str:
    """The id of one part of an orchestration's or service's way."""
    return f"{parent_id}:{kind.value}"
