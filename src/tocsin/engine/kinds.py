"""Every kind of thing that people define, by its stored name. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tag, Tagging
from tocsin.directory.credentials import Identity, Passkey, SecondFactor
from tocsin.directory.custom_fields import CustomField, IncidentType
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
    Service,
    Settings,
    Team,
    User,
)
from tocsin.directory.sending import MailServer, PhoneAccount
from tocsin.directory.subscriptions import OAuthClient, WebhookSubscription
from tocsin.directory.views import SavedView
from tocsin.escalation.model import Policy
from tocsin.events.orchestration import (
    CacheVariable,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
)
from tocsin.oncall.cover import CoverRequest
from tocsin.oncall.model import CustomShift, Override, Schedule

Thing: TypeAlias = (
    User
    | ContactMethod
    | NotificationRule
    | Team
    | Membership
    | Service
    | Integration
    | Priority
    | ApiKey
    | Settings
    | Schedule
    | Override
    | CustomShift
    | Policy
    | Orchestration
    | OrchestrationKey
    | OrchestrationPath
    | CacheVariable
    | MaintenanceWindow
    | BusinessService
    | Dependency
    | Tag
    | Tagging
    | Subscriber
    | GroupingSetting
    | WebhookSubscription
    | IncidentType
    | CustomField
    | OAuthClient
    | CoverRequest
    | CalendarFeed
    | SavedView
    | Kept
    | Passkey
    | SecondFactor
    | Identity
    | MailServer
    | PhoneAccount
)
"""Anything that people define."""

KINDS: Mapping[str, type[Any]] = {
    "user": User,
    "contact_method": ContactMethod,
    "notification_rule": NotificationRule,
    "team": Team,
    "membership": Membership,
    "service": Service,
    "integration": Integration,
    "priority": Priority,
    "api_key": ApiKey,
    "settings": Settings,
    "schedule": Schedule,
    "override": Override,
    "custom_shift": CustomShift,
    "policy": Policy,
    "orchestration": Orchestration,
    "orchestration_key": OrchestrationKey,
    "orchestration_path": OrchestrationPath,
    "cache_variable": CacheVariable,
    "maintenance_window": MaintenanceWindow,
    "business_service": BusinessService,
    "dependency": Dependency,
    "tag": Tag,
    "tagging": Tagging,
    "subscriber": Subscriber,
    "grouping_setting": GroupingSetting,
    "webhook_subscription": WebhookSubscription,
    "incident_type": IncidentType,
    "custom_field": CustomField,
    "oauth_client": OAuthClient,
    "cover_request": CoverRequest,
    "calendar_feed": CalendarFeed,
    "saved_view": SavedView,
    "kept": Kept,
    "passkey": Passkey,
    "second_factor": SecondFactor,
    "identity": Identity,
    "mail_server": MailServer,
    "phone_account": PhoneAccount,
}
"""The stored name of each kind of thing; never renamed."""

KIND_OF: Mapping[type[Any], str] = {cls: kind for kind, cls in KINDS.items()}
