"""The nouns of the directory, as frozen values. Rules hold ids; that an id exists is checked when a thing is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.directory.grouping import ContentGrouping
from tocsin.directory.runbooks import runbook_in
from tocsin.kernel.time import Moment


class Role(StrEnum):
    """What a person or key may do in the whole installation; a team role can add to it within that team."""

    OWNER = "owner"  # everything, including other owners, settings and restoring a backup
    ADMIN = "admin"  # everything but owners
    MANAGER = "manager"  # edits services, policies, schedules of every team that is theirs or nobody's
    RESPONDER = "responder"  # takes incidents and overrides schedules of their teams
    OBSERVER = "observer"  # reads; acts only where a team role says so
    STAKEHOLDER = "stakeholder"  # reads
    RESTRICTED = "restricted"  # reads only what their teams own; acts only where a team role says so
    LIMITED_STAKEHOLDER = "limited_stakeholder"  # reads only what their teams own


class TeamRole(StrEnum):
    """What a member may do with the things of that team."""

    MANAGER = "manager"  # edits the team's rotations, policies and services
    RESPONDER = "responder"  # takes incidents, overrides schedules
    OBSERVER = "observer"  # reads


class Channel(StrEnum):
    """A way to reach a person."""

    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"
    WEBHOOK = "webhook"
    PUSH = "push"


class Urgency(StrEnum):
    """How loudly an incident asks."""

    HIGH = "high"  # pages by the high-urgency rules and escalates
    LOW = "low"  # notifies by the low-urgency rules and never escalates


class ServiceStatus(StrEnum):
    """What a person set; the state shown (warning, critical) is derived from open incidents."""

    ACTIVE = "active"
    DISABLED = "disabled"


class UrgencyRuleKind(StrEnum):
    """Where a new incident's urgency comes from."""

    CONSTANT = "constant"
    SEVERITY_BASED = "severity_based"
    USE_SUPPORT_HOURS = "use_support_hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. A user who is not `active` is never paged and counts as nobody on call."""

    id: str
    name: str
    email: str
    role: Role = Role.RESPONDER
    time_zone: str = "Etc/UTC"
    job_title: str | None = None
    description: str | None = None
    color: str = "purple"
    active: bool = True
    invited: bool = False
    created_at: Moment = 0
    password_hash: str = ""
    link_made_at: Moment | None = None
    """When the command line last made a link that signs this person in: the audit trail tells it by this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMethod:
    """An address of a person. `address` is a mail address, a national number with `country_code`, or a URL."""

    id: str
    user_id: str
    channel: Channel
    address: str
    label: str = ""
    country_code: int | None = None
    enabled: bool = True
    send_short_email: bool = False
    secret: str = ""
    wire_type: str = ""
    created_at: Moment = 0

    @property
    def dial(self) -> str:
        """The address as a provider takes it: `+12025550101` for numbers, else the address itself."""
        if self.channel in (Channel.SMS, Channel.VOICE):
            return f"+{self.country_code or 1}{self.address}"
        return self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRule:
    """Reach `user_id` by this contact method so long after an incident was assigned, while it is unanswered."""

    id: str
    user_id: str
    contact_method_id: str
    urgency: Urgency
    start_delay_minutes: int = 0
    wire_contact_type: str = ""
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A group that owns policies, schedules and, through policies, services.

    `lead_id`: the person who answers for it. `chat_group`: how it is called in the chat, "@payments" or a group's id.
    """

    id: str
    name: str
    description: str | None = None
    parent_id: str | None = None
    default_role: str = "manager"
    lead_id: str | None = None
    chat_group: str | None = None
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's place in a team. `id` is `team:user`, so a person is in a team at most once."""

    team_id: str
    user_id: str
    role: TeamRole = TeamRole.MANAGER

    @property
    def id(self) -> str:
        """`team:user`."""
        return f"{self.team_id}:{self.user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyRule:
    """`constant` uses `urgency` (or the alert's severity); with support hours, `during` or `outside` decide."""

    kind: UrgencyRuleKind = UrgencyRuleKind.CONSTANT
    urgency: str = "high"
    during: str = "high"
    outside: str = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportHours:
    """One interval of local wall-clock time on the given days (Monday = 1); times are seconds after midnight."""

    time_zone: str
    start_second: int
    end_second: int
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that can break and has somebody to call. Timeouts in seconds; None or 0 = never.

    `group_seconds`: an alert joins the open incident that another alert opened at most so long before (0 = at any time
    while it is open, None = every alert makes an incident of its own). `group_by`: the same by what alerts hold, also
    over services that share a setting for it; where both are set, this counts. `judges_after_windows`: what began in a
    maintenance window and is open at its end pages then; False = never, as PagerDuty has it.
    `pause_seconds`: a new alert waits so long and pages unless it is over by then, if problems like it used to be over
    as quickly, or with `pause_every` in any case. `raise_at`: "support_hours_start" or "support_hours_end", when open
    incidents of low urgency become urgent; "" = they stay as they are.
    `runbook_url` is what somebody set; `runbook` is what counts. `owner_team_id`: who answers for it, where that is not
    the team that is called. `component`: what of the product it is part of. `field_values`: those of custom fields by
    their ids, as plain JSON values.
    """

    id: str
    name: str
    policy_id: str
    description: str | None = None
    auto_resolve_timeout: int | None = None
    acknowledgement_timeout: int | None = None
    urgency_rule: UrgencyRule = UrgencyRule()
    support_hours: SupportHours | None = None
    status: ServiceStatus = ServiceStatus.ACTIVE
    last_resort: bool = True
    group_seconds: int | None = None
    group_by: ContentGrouping | None = None
    judges_after_windows: bool = True
    pause_seconds: int | None = None
    pause_every: bool = False
    raise_at: str = ""
    runbook_url: str | None = None
    dashboard_url: str | None = None
    repository_url: str | None = None
    owner_team_id: str | None = None
    component: str | None = None
    field_values: Mapping[str, Any] = field(default_factory=dict)
    created_at: Moment = 0
    updated_at: Moment = 0
    wire: str = "{}"

    @property
    def runbook(self) -> str:
        """What to do about it: the address set by hand, else the one that its description names. "" = none."""
        return self.runbook_url or runbook_in(self.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A monitor's entrance to a service. `key` is the secret in its address: 32 characters, shown again on purpose.

    `old_key`: the one that it had before, which opens it until `old_key_until` ("" and None = there is none).
    """

    id: str
    service_id: str
    name: str
    key: str
    old_key: str = ""
    old_key_until: Moment | None = None
    wire_type: str = "events_api_v2_inbound_integration"
    vendor_id: str | None = None
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """How much an incident matters to the business; the lowest `order` matters most."""

    id: str
    name: str
    description: str = ""
    order: int = 0
    color: str = "5F6A76"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A credential for programs: only its SHA-256 is kept.

    `team_ids` empty = every team. `user_id` set = acts as that person, with the rights that they have at that moment:
    `role` counts for keys that stand for nobody, and is otherwise the person's when the key was saved.
    """

    id: str
    name: str
    digest: str
    role: Role
    hint: str = ""
    team_ids: tuple[str, ...] = ()
    user_id: str | None = None
    created_at: Moment = 0
    revoked_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What owners set for the whole installation; there is one, with the id `settings`."""

    id: str = "settings"
    organisation: str = "Tocsin"
    sending_fenced: bool = False
    last_resort: bool = True
    last_resort_every_minutes: int = 30
    day_one_hidden: bool = False
    """Whether the checks of the first day are hidden from the first page."""
    address_accepted: str = ""
    """An address beside TOCSIN_PUBLIC_URL that an owner has seen in use and finds right."""
