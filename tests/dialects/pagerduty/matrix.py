"""Every route with a thing of Payments to try it on, a body that succeeds, and who may: shared by several tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.dialects.pagerduty import shifts
from tests.dialects.pagerduty.api import House
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.dialects.pagerduty.routes import ROUTES
from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tag, Tagging
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, FieldOption, IncidentType
from tocsin.directory.grouping import GroupingSetting
from tocsin.directory.kept import Kept
from tocsin.directory.model import Membership, Role, Service, TeamRole
from tocsin.directory.subscriptions import FilterKind, OAuthClient, WebhookSubscription
from tocsin.events.model import Action, Event
from tocsin.events.orchestration import CacheKind, CacheVariable, Orchestration
from tocsin.incidents.help_messages import RequestResponders
from tocsin.incidents.messages import AddNote
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.oncall import Override

EVERYBODY = frozenset(
    "root olive adam carol alice bob mallory rob sue rita remy lena payments_key search_key".split()  # noqa: SIM905
)
"""The keys of the house: see `populated`."""

OWNERS = frozenset({"root", "olive"})
ADMINS = OWNERS | {"adam"}
STAFF = ADMINS | {"carol", "payments_key"}
RESPONDERS = STAFF | {"alice", "bob"}
READERS = EVERYBODY - {"rita", "lena", "search_key"}
"""Who may look at what belongs to Payments: not the restricted from outside, nor a key for another team."""

ALL_READERS = EVERYBODY - {"rita", "remy", "lena", "payments_key", "search_key"}
"""Who may look at everything."""

Body = Callable[[House, Incident], Any]


@dataclass(frozen=True)
class Access:
    """Who may use one method of one path on a thing of Payments, and with which body it is tried.

    `unseen`: what those are told who may not even look.
    """

    allowed: frozenset[str]
    body: Body = lambda _house, _incident: None
    seen_by: frozenset[str] = READERS
    unseen: int = 404


def body(**values: Any) -> Body:
    return lambda _house, _incident: values


def subscription(house: House) -> dict[str, Any]:
    """A webhook subscription to what happens on the house's service, as clients send it."""
    return {
        "type": "webhook_subscription",
        "description": "d",
        "delivery_method": {
            "type": "http_delivery_method",
            "url": "https://hooks.example.com/in",
            "custom_headers": [{"name": "X-Token", "value": "secret"}],
        },
        "events": ["incident.triggered", "incident.resolved"],
        "filter": {"type": "service_reference", "id": house.service.id},
    }


OAUTH_CLIENT = {
    "name": "ServiceNow",
    "client_id": "tocsin",
    "client_secret": "the-secret-of-the-client",
    "scope": "read write",
    "token_url": "https://login.example.com/oauth_token.do",
    "grant_type": "client_credentials",
}


def _layered(house: House, _incident: Incident) -> Any:
    layer = {
        "start": "2026-01-05T00:00:00Z",
        "rotation_turn_length_seconds": 86_400,
        "users": [{"user": {"id": house.alice.id}}],
    }
    team = {"id": house.payments.id}
    return {"schedule": {"name": "New", "time_zone": "Etc/UTC", "teams": [team], "schedule_layers": [layer]}}


def _policy(house: House, _incident: Incident) -> Any:
    rule = {"escalation_delay_in_minutes": 5, "targets": [{"id": house.alice.id, "type": "user"}]}
    team = {"id": house.payments.id}
    return {"escalation_policy": {"name": "New", "escalation_rules": [rule], "teams": [team]}}


def _override(house: House, _incident: Incident) -> Any:
    return {"overrides": [{"start": "2026-02-05", "end": "2026-02-06", "user": {"id": house.bob.id}}]}


def _window(house: House) -> Any:
    services = [{"id": house.service.id, "type": "service_reference"}]
    return {"start_time": "2026-03-01T20:00:00Z", "end_time": "2026-03-01T22:00:00Z", "services": services}


def _own_rule(house: House, _incident: Incident) -> Any:
    contact = house.config().contacts_of[house.alice.id][0]
    rule = {"start_delay_in_minutes": 9, "urgency": "high", "contact_method": {"id": contact.id}}
    return {"notification_rule": rule}


def _migration(house: House, _incident: Incident) -> Any:
    key = next(iter(house.config().orchestration_keys.values()))
    return {"source_type": "orchestration", "source_id": key.orchestration_id, "integration_id": key.id}


def _own_contact(wrapper: str, **values: Any) -> Body:
    def contact_body(house: House, _incident: Incident) -> Any:
        contact = house.config().contacts_of[house.alice.id][0]
        return {wrapper: {**values, "contact_method": {"id": contact.id, "type": "email_contact_method_reference"}}}

    return contact_body


def _subscription(house: House, _incident: Incident) -> Any:
    return {"webhook_subscription": subscription(house)}


_EXTERNAL = {"configuration": {"type": "external_data", "data_type": "string", "ttl_seconds": 600}, "conditions": []}

SELF = ADMINS | {"alice"}
"""Who may change what is Alice's."""

UNOWNED = ADMINS | {"carol"}
"""Who may change what belongs to no team."""

PERSONAL = READERS - {"payments_key"}
LOOK = Access(READERS)
ANYBODY = Access(EVERYBODY, seen_by=EVERYBODY)
ANALYTICS = Access(EVERYBODY, body(filters={}), EVERYBODY)


def _relationship(house: House, _incident: Incident) -> Any:
    return {
        "relationships": [
            {
                "supporting_service": {"id": house.service.id, "type": "service"},
                "dependent_service": {"id": next(iter(house.config().business_services)), "type": "business_service"},
            }
        ]
    }


def _alice_hears(house: House, _incident: Incident) -> Any:
    return {"subscribers": [{"subscriber_id": house.alice.id, "subscriber_type": "user"}]}


def _of_checkout(house: House, _incident: Incident) -> Any:
    business_id = next(iter(house.config().business_services))
    return {"subscribables": [{"subscribable_id": business_id, "subscribable_type": "business_service"}]}


def _help_of(word: str, name: str) -> Body:
    def help_body(house: House, _incident: Incident) -> Any:
        target = {"id": getattr(house, name).id, "type": "user_reference"}
        return {
            "requester_id": house.alice.id,
            word: "Help us",
            "responder_request_targets": [{"responder_request_target": target}],
        }

    return help_body


def _critical(house: House, _incident: Incident) -> Any:
    return {"add": [{"type": "tag_reference", "id": next(iter(house.config().tags))}]}


BUSINESS: dict[tuple[str, str], Access] = {
    ("POST", "/business_services"): Access(
        STAFF,
        lambda house, _incident: {"business_service": {"name": "New", "team": {"id": house.payments.id}}},
        EVERYBODY,
    ),
    ("PUT", "/business_services/priority_thresholds"): Access(
        UNOWNED,
        lambda house, _incident: {"global_threshold": {"id": next(iter(house.config().priorities)), "order": 1}},
        EVERYBODY,
    ),
    ("DELETE", "/business_services/priority_thresholds"): Access(UNOWNED, seen_by=EVERYBODY),
    ("GET", "/business_services/{id}"): LOOK,
    ("PUT", "/business_services/{id}"): Access(STAFF, body(business_service={"description": "x"})),
    ("DELETE", "/business_services/{id}"): Access(STAFF),
    ("POST", "/business_services/{id}/account_subscription"): Access(STAFF),
    ("DELETE", "/business_services/{id}/account_subscription"): Access(STAFF),
    ("GET", "/business_services/{id}/subscribers"): LOOK,
    ("POST", "/business_services/{id}/subscribers"): Access(SELF, _alice_hears),
    ("POST", "/business_services/{id}/unsubscribe"): Access(SELF, _alice_hears),
    ("GET", "/business_services/{id}/supporting_services/impacts"): LOOK,
    ("POST", "/service_dependencies/associate"): Access(STAFF, _relationship),
    ("POST", "/service_dependencies/disassociate"): Access(STAFF, _relationship),
    ("GET", "/service_dependencies/technical_services/{id}"): LOOK,
    ("GET", "/service_dependencies/business_services/{id}"): LOOK,
    ("POST", "/tags"): Access(UNOWNED, body(tag={"type": "tag", "label": "New"}), EVERYBODY),
    ("GET", "/tags/{id}"): ANYBODY,
    ("DELETE", "/tags/{id}"): Access(UNOWNED, seen_by=EVERYBODY),
    ("GET", "/tags/{id}/{entity_type}"): ANYBODY,
    ("GET", "/{entity_type}/{id}/tags"): LOOK,
    ("POST", "/{entity_type}/{id}/change_tags"): Access(SELF, _critical),
    ("GET", "/incidents/{id}/business_services/impacts"): LOOK,
    ("PUT", "/incidents/{id}/business_services/{business_service_id}/impacts"): Access(
        RESPONDERS, body(relation="impacted")
    ),
    ("GET", "/incidents/{id}/status_updates/subscribers"): LOOK,
    ("POST", "/incidents/{id}/status_updates/subscribers"): Access(SELF, _alice_hears),
    ("POST", "/incidents/{id}/status_updates/unsubscribe"): Access(SELF, _alice_hears),
    ("GET", "/users/{id}/notification_subscriptions"): LOOK,
    ("POST", "/users/{id}/notification_subscriptions"): Access(SELF, _of_checkout),
    ("POST", "/users/{id}/notification_subscriptions/unsubscribe"): Access(SELF, _of_checkout),
    ("GET", "/teams/{id}/notification_subscriptions"): LOOK,
    ("POST", "/teams/{id}/notification_subscriptions"): Access(STAFF, _of_checkout),
    ("POST", "/teams/{id}/notification_subscriptions/unsubscribe"): Access(STAFF, _of_checkout),
}
"""Business services, what depends on what, tags, who hears of what."""

GROUPING: dict[tuple[str, str], Access] = {
    ("POST", "/alert_grouping_settings"): Access(
        STAFF,
        lambda house, _incident: {
            "alert_grouping_setting": {
                "type": "time",
                "config": {"timeout": 60},
                "services": [{"id": min(set(house.config().services) - set(house.config().grouping_of))}],
            }
        },
        EVERYBODY,
    ),
    ("GET", "/alert_grouping_settings/{id}"): LOOK,
    ("PUT", "/alert_grouping_settings/{id}"): Access(STAFF, body(alert_grouping_setting={"description": "x"})),
    ("DELETE", "/alert_grouping_settings/{id}"): Access(STAFF),
}

HANDOFF = "oncall_handoff_notification_rule"
STATUS_UPDATE = "status_update_notification_rule"
PERSONAL_RULES: dict[tuple[str, str], Access] = {
    (method, f"/users/{{id}}/{name}s{rest}"): access
    for name in (HANDOFF, STATUS_UPDATE)
    for method, rest, access in (
        ("GET", "", LOOK),
        ("POST", "", Access(SELF, _own_contact(name, handoff_type="oncall"))),
        ("GET", f"/{{{name}_id}}", LOOK),
        ("PUT", f"/{{{name}_id}}", Access(SELF, _own_contact(name, handoff_type="offcall"))),
        ("DELETE", f"/{{{name}_id}}", Access(SELF)),
    )
}

LOOK_AT_NOBODYS = Access(ALL_READERS, seen_by=ALL_READERS)


RENDER = Access(ALL_READERS, lambda _house, incident: {"incident_id": incident.id}, ALL_READERS)


def five(path: str, wrapper: str, made: Body, changed: Body, parameter: str = "id") -> dict[tuple[str, str], Access]:
    """A sort of thing that belongs to no team: made, read, changed, removed; its list answers to everybody."""
    each = f"{path}/{{{parameter}}}"
    return {
        ("POST", path): Access(UNOWNED, lambda *at: {wrapper: made(*at)}, EVERYBODY),
        ("GET", each): LOOK_AT_NOBODYS,
        ("PUT", each): Access(UNOWNED, lambda *at: {wrapper: changed(*at)}, ALL_READERS),
        ("DELETE", each): Access(UNOWNED, seen_by=ALL_READERS),
    }


def _extension(house: House, _incident: Incident) -> Any:
    return {
        "name": "Hook",
        "extension_objects": [{"id": house.service.id, "type": "service_reference"}],
        "extension_schema": {"id": "PJFWPEP", "type": "extension_schema_reference"},
    }


KEPT: dict[tuple[str, str], Access] = {
    **five("/extensions", "extension", _extension, body(endpoint_url="https://example.com/")),
    **five("/addons", "addon", body(name="G", type="full_page_addon", src="https://example.com/"), body(name="Graphs")),
    **five("/templates", "template", body(name="T", templated_fields={"message": "m"}), body(description="d")),
    **five("/response_plays", "response_play", body(name="P"), body(description="d")),
    ("POST", "/extensions/{id}/enable"): LOOK_AT_NOBODYS,
    ("POST", "/templates/{id}/render"): RENDER,
    ("GET", "/extension_schemas/{id}"): ANYBODY,
}

_FIELD = body(name="zone", display_name="Zone", data_type="string", field_type="single_value")
_OPTION = body(data={"data_type": "string", "value": "west"})
FIELDS: dict[tuple[str, str], Access] = {
    ("POST", "/incidents/types"): Access(
        UNOWNED,
        body(incident_type={"name": "security", "display_name": "Security", "parent_type": "incident_default"}),
        EVERYBODY,
    ),
    ("GET", "/incidents/types/{type_id_or_name}"): LOOK_AT_NOBODYS,
    ("PUT", "/incidents/types/{type_id_or_name}"): Access(
        UNOWNED, body(incident_type={"description": "d"}), ALL_READERS
    ),
    ("GET", "/incidents/{id}/custom_fields/values"): LOOK,
    ("PUT", "/incidents/{id}/custom_fields/values"): Access(
        RESPONDERS, body(custom_fields=[{"name": "region", "value": "east"}])
    ),
    ("GET", "/services/{id}/custom_fields/values"): LOOK,
    ("PUT", "/services/{id}/custom_fields/values"): Access(
        STAFF, body(custom_fields=[{"name": "region", "value": "east"}])
    ),
}
for _path, _seen in (
    ("/incidents/custom_fields", EVERYBODY),
    ("/incidents/types/{type_id_or_name}/custom_fields", ALL_READERS),
    ("/services/custom_fields", EVERYBODY),
):
    _options = f"{_path}/{{field_id}}/field_options"
    FIELDS |= five(_path, "field", _FIELD, body(description="d"), "field_id")
    FIELDS |= five(_options, "field_option", _OPTION, _OPTION, "field_option_id")
    FIELDS["POST", _path] = replace(FIELDS["POST", _path], seen_by=_seen)
    FIELDS["POST", _options] = replace(FIELDS["POST", _options], seen_by=ALL_READERS)
    FIELDS["GET", _options] = LOOK_AT_NOBODYS
FIELDS["GET", "/incidents/types/{type_id_or_name}/custom_fields"] = LOOK_AT_NOBODYS


def _trigger(house: House, _incident: Incident) -> Any:
    return {"trigger_type": "manual", "workflow": {"id": house.config().kept_of["incident_workflow"][0].id}}


def _instance(_house: House, incident: Incident) -> Any:
    return {"incident_workflow_instance": {"incident": {"id": incident.id, "type": "incident_reference"}}}


def _with_team(**values: Any) -> Body:
    return lambda house, _incident: {**values, "teams": [{"id": house.payments.id}]}


def _service_of(house: House, _incident: Incident) -> Any:
    return {"service": {"id": house.service.id, "type": "service_reference"}}


def _team_of(house: House, _incident: Incident) -> Any:
    return {"team": {"id": house.payments.id, "type": "team_reference"}}


def of_payments(path: str, wrapper: str, made: Body) -> dict[tuple[str, str], Access]:
    """A sort of thing that belongs to Payments."""
    return {
        ("POST", path): Access(STAFF, lambda *at: {wrapper: made(*at)}, EVERYBODY),
        ("GET", f"{path}/{{id}}"): LOOK,
        ("PUT", f"{path}/{{id}}"): Access(STAFF, body(**{wrapper: {"description": "d"}})),
        ("DELETE", f"{path}/{{id}}"): Access(STAFF),
    }


_ACTION = _with_team(name="A", action_type="script", action_data_reference={"script": "true"})
AUTOMATION: dict[tuple[str, str], Access] = {
    **five("/incident_workflows", "incident_workflow", body(name="W", steps=[]), body(description="d")),
    **five("/incident_workflows/triggers", "trigger", _trigger, body(is_disabled=False)),
    ("POST", "/incident_workflows/{id}/instances"): Access(RESPONDERS - {"payments_key"}, _instance, ALL_READERS),
    ("POST", "/incident_workflows/triggers/{id}/services"): Access(UNOWNED, _service_of, ALL_READERS),
    ("DELETE", "/incident_workflows/triggers/{trigger_id}/services/{service_id}"): Access(UNOWNED, seen_by=ALL_READERS),
    ("GET", "/incident_workflows/actions/{id}"): ANYBODY,
    **of_payments("/automation_actions/actions", "action", _ACTION),
    **of_payments("/automation_actions/runners", "runner", _with_team(name="R", runner_type="sidecar")),
    **{
        (method, f"{path}{rest}"): access
        for path, of in (
            ("/automation_actions/actions/{id}/services", _service_of),
            ("/automation_actions/actions/{id}/teams", _team_of),
            ("/automation_actions/runners/{id}/teams", _team_of),
        )
        for method, rest, access in (
            ("GET", "", LOOK),
            ("POST", "", Access(STAFF, of)),
            ("GET", "/{service_id}" if path.endswith("services") else "/{team_id}", LOOK),
            ("DELETE", "/{service_id}" if path.endswith("services") else "/{team_id}", Access(STAFF)),
        )
    },
    **{
        (method, f"/{owner}/{{id}}/enablements{rest}"): access
        for owner in ("services", "event_orchestrations")
        for method, rest, access in (
            ("GET", "", LOOK),
            ("PUT", "/{feature_name}", Access(STAFF, body(enablement={"feature": "aiops", "enabled": False}))),
        )
    },
    ("GET", "/standards/scores/{resource_type}"): ANYBODY,
    ("GET", "/standards/scores/{resource_type}/{id}"): LOOK,
    ("PUT", "/standards/{id}"): Access(UNOWNED, body(active=False), EVERYBODY),
}
"""What would do something by itself, if it were acted upon, and the standards."""

AUDIT: dict[tuple[str, str], Access] = {
    ("GET", "/users/{id}/audit/records"): Access(SELF),
    **{
        ("GET", f"/{owner}/{{id}}/audit/records"): Access(STAFF)
        for owner in ("teams", "schedules", "escalation_policies", "services")
    },
}


def _new_event(house: House, _incident: Incident) -> Any:
    weekend = ["RRULE:FREQ=MONTHLY;BYMONTHDAY=1"]
    start, end = ({"date_time": f"2026-02-01T{hour}:00:00", "time_zone": "America/New_York"} for hour in ("01", "02"))
    return {"event": shifts.event(house.bob.id, recurrence=weekend, start_time=start, end_time=end)}


def _custom_shifts(house: House, _incident: Incident) -> Any:
    return {"custom_shifts": [shifts.custom_shift(house.bob.id, "2026-02-05T00:00:00Z", "2026-02-06T00:00:00Z")]}


def _overrides(house: House, _incident: Incident) -> Any:
    rotation = {"rotation_id": shifts.shift_based(house).rotations[0].id}
    until = "2026-02-06T00:00:00Z"
    return {
        "overrides": [shifts.override(rotation, house.alice.id, house.bob.id, "2026-02-05T00:00:00Z", until)],
    }


_V3 = "/v3/schedules/{id}"
_ROTATION = f"{_V3}/rotations/{{rotation_id}}"
SHIFT_BASED: dict[tuple[str, str], Access] = {
    ("POST", "/v3/schedules"): Access(
        STAFF,
        lambda house, _incident: {
            "schedule": {"name": "New", "time_zone": "UTC", "teams": [{"id": house.payments.id}], "rotations": []}
        },
        EVERYBODY,
    ),
    ("GET", _V3): LOOK,
    ("PUT", _V3): Access(STAFF, body(schedule={"description": "New"})),
    ("DELETE", _V3): Access(STAFF),
    ("GET", f"{_V3}/audit/records"): Access(STAFF),
    ("GET", f"{_V3}/rotations"): LOOK,
    ("POST", f"{_V3}/rotations"): Access(STAFF, body()),
    ("GET", _ROTATION): LOOK,
    ("DELETE", _ROTATION): Access(STAFF),
    ("GET", f"{_ROTATION}/events"): LOOK,
    ("POST", f"{_ROTATION}/events"): Access(STAFF, _new_event),
    ("GET", f"{_ROTATION}/events/{{event_id}}"): LOOK,
    ("PUT", f"{_ROTATION}/events/{{event_id}}"): Access(STAFF, body(event={"name": "Newer"})),
    ("DELETE", f"{_ROTATION}/events/{{event_id}}"): Access(STAFF),
    ("GET", f"{_V3}/custom_shifts"): LOOK,
    ("POST", f"{_V3}/custom_shifts"): Access(RESPONDERS, _custom_shifts),
    ("GET", f"{_V3}/custom_shifts/{{custom_shift_id}}"): LOOK,
    ("PUT", f"{_V3}/custom_shifts/{{custom_shift_id}}"): Access(
        RESPONDERS, body(custom_shift={"end_time": "2026-02-12T00:00:00Z"})
    ),
    ("DELETE", f"{_V3}/custom_shifts/{{custom_shift_id}}"): Access(RESPONDERS),
    ("GET", f"{_V3}/overrides"): LOOK,
    ("POST", f"{_V3}/overrides"): Access(RESPONDERS, _overrides),
    ("GET", f"{_V3}/overrides/{{override_id}}"): LOOK,
    ("PUT", f"{_V3}/overrides/{{override_id}}"): Access(
        RESPONDERS, body(override={"end_time": "2026-02-12T00:00:00Z"})
    ),
    ("DELETE", f"{_V3}/overrides/{{override_id}}"): Access(RESPONDERS),
}
"""Shift-based schedules."""

MATRIX: dict[tuple[str, str], Access] = {
    **AUDIT,
    **SHIFT_BASED,
    **AUTOMATION,
    **FIELDS,
    **KEPT,
    **BUSINESS,
    **GROUPING,
    **PERSONAL_RULES,
    ("GET", "/users/{id}"): LOOK,
    ("PUT", "/users/{id}"): Access(SELF, body(user={"job_title": "SRE"})),
    ("DELETE", "/users/{id}"): Access(ADMINS),
    ("GET", "/users/{id}/license"): LOOK,
    ("GET", "/users/{id}/sessions"): Access(SELF),
    ("DELETE", "/users/{id}/sessions"): Access(SELF),
    ("GET", "/users/{id}/contact_methods"): LOOK,
    ("POST", "/users/{id}/contact_methods"): Access(
        SELF, body(contact_method={"type": "sms_contact_method", "label": "M", "address": "2025550100"})
    ),
    ("GET", "/users/{id}/contact_methods/{contact_method_id}"): LOOK,
    ("PUT", "/users/{id}/contact_methods/{contact_method_id}"): Access(SELF, body(contact_method={"label": "X"})),
    ("DELETE", "/users/{id}/contact_methods/{contact_method_id}"): Access(SELF),
    ("GET", "/users/{id}/notification_rules"): LOOK,
    ("POST", "/users/{id}/notification_rules"): Access(SELF, _own_rule),
    ("GET", "/users/{id}/notification_rules/{notification_rule_id}"): LOOK,
    ("PUT", "/users/{id}/notification_rules/{notification_rule_id}"): Access(
        SELF, body(notification_rule={"start_delay_in_minutes": 3})
    ),
    ("DELETE", "/users/{id}/notification_rules/{notification_rule_id}"): Access(SELF),
    ("POST", "/users"): Access(ADMINS, body(user={"name": "D", "email": "d@example.com"}), EVERYBODY),
    ("GET", "/teams/{id}"): LOOK,
    ("PUT", "/teams/{id}"): Access(STAFF, body(team={"description": "x"})),
    ("GET", "/teams/{id}/members"): LOOK,
    ("PUT", "/teams/{id}/users/{user_id}"): Access(STAFF, body(role="observer")),
    ("PUT", "/teams/{id}/escalation_policies/{policy_id}"): Access(STAFF),
    ("DELETE", "/teams/{id}/escalation_policies/{policy_id}"): Access(ADMINS | {"carol"}),
    ("POST", "/teams"): Access(ADMINS | {"carol"}, body(team={"name": "New"}), EVERYBODY),
    ("POST", "/schedules"): Access(STAFF, _layered, EVERYBODY),
    ("POST", "/schedules/preview"): Access(STAFF, _layered, EVERYBODY),
    ("GET", "/schedules/{id}"): LOOK,
    ("PUT", "/schedules/{id}"): Access(STAFF, body(schedule={"name": "New"})),
    ("DELETE", "/schedules/{id}"): Access(STAFF),
    ("GET", "/schedules/{id}/users"): LOOK,
    ("GET", "/schedules/{id}/overrides"): LOOK,
    ("POST", "/schedules/{id}/overrides"): Access(RESPONDERS, _override),
    ("DELETE", "/schedules/{id}/overrides/{override_id}"): Access(RESPONDERS),
    ("POST", "/escalation_policies"): Access(STAFF, _policy, EVERYBODY),
    ("GET", "/escalation_policies/{id}"): LOOK,
    ("PUT", "/escalation_policies/{id}"): Access(STAFF, body(escalation_policy={"num_loops": 5})),
    ("DELETE", "/escalation_policies/{id}"): Access(STAFF),
    ("POST", "/services"): Access(
        STAFF,
        lambda house, _incident: {"service": {"name": "New", "escalation_policy": {"id": house.policy.id}}},
        EVERYBODY,
    ),
    ("GET", "/services/{id}"): LOOK,
    ("PUT", "/services/{id}"): Access(STAFF, body(service={"description": "New"})),
    ("DELETE", "/services/{id}"): Access(STAFF),
    ("POST", "/services/{id}/integrations"): Access(STAFF, body(integration={"name": "New"})),
    ("GET", "/services/{id}/integrations/{integration_id}"): LOOK,
    ("PUT", "/services/{id}/integrations/{integration_id}"): Access(STAFF, body(integration={"name": "New"})),
    ("DELETE", "/services/{id}/integrations/{integration_id}"): Access(STAFF),
    ("POST", "/maintenance_windows"): Access(
        STAFF, lambda house, _incident: {"maintenance_window": _window(house)}, EVERYBODY
    ),
    ("GET", "/maintenance_windows/{id}"): LOOK,
    ("PUT", "/maintenance_windows/{id}"): Access(STAFF, body(maintenance_window={"description": "New"})),
    ("DELETE", "/maintenance_windows/{id}"): Access(STAFF),
    ("POST", "/incidents"): Access(
        RESPONDERS, lambda house, _incident: {"incident": {"title": "New", "service": {"id": house.service.id}}}
    ),
    ("PUT", "/incidents"): Access(
        RESPONDERS, lambda _house, incident: {"incidents": [{"id": incident.id, "status": "acknowledged"}]}
    ),
    ("GET", "/incidents/{id}"): LOOK,
    ("PUT", "/incidents/{id}"): Access(RESPONDERS, body(incident={"title": "New"})),
    ("GET", "/incidents/{id}/notes"): LOOK,
    ("POST", "/incidents/{id}/notes"): Access(RESPONDERS, body(note={"content": "New"})),
    ("PUT", "/incidents/{id}/notes/{note_id}"): Access(STAFF | {"alice"}, body(note={"content": "Newer"})),
    ("DELETE", "/incidents/{id}/notes/{note_id}"): Access(STAFF | {"alice"}),
    ("POST", "/incidents/{id}/responder_requests"): Access(RESPONDERS, _help_of("message", "carol")),
    ("PUT", "/incidents/{id}/responder_requests/cancel"): Access(RESPONDERS, _help_of("x", "bob")),
    ("PUT", "/incidents/{id}/responder_requests/reply"): Access(frozenset({"bob"}), body(state="joined")),
    **{
        ("GET", f"/incidents/{{id}}/{name}"): LOOK
        for name in ("past_incidents", "related_incidents", "outlier_incident", "related_change_events")
    },
    **{("POST", path): ANALYTICS for path, handlers in ROUTES if path.startswith("/analytics") and "POST" in handlers},
    ("POST", "/analytics/raw/responders/{responder_id}/incidents"): Access(READERS, body(filters={})),
    ("GET", "/analytics/raw/incidents/{id}"): LOOK,
    ("GET", "/analytics/raw/incidents/{id}/responses"): LOOK,
    ("GET", "/services/{id}/change_events"): LOOK,
    ("GET", "/change_events/{id}"): LOOK,
    ("POST", "/incidents/{id}/status_updates"): Access(RESPONDERS, body(message="Half is back", subject="News")),
    ("PUT", "/log_entries/{id}/channel"): Access(RESPONDERS, body(channel={"type": "web_trigger", "details": "d"})),
    ("POST", "/incidents/{id}/snooze"): Access(RESPONDERS, body(duration=60)),
    ("PUT", "/incidents/{id}/merge"): Access(
        RESPONDERS,
        lambda house, _incident: {"source_incidents": [{"id": house.reads.incidents(limit=2).items[1].id}]},
    ),
    ("GET", "/incidents/{id}/alerts"): LOOK,
    ("PUT", "/incidents/{id}/alerts"): Access(
        RESPONDERS,
        lambda house, incident: {
            "alerts": [{"id": house.reads.alerts_of(incident.id).items[0].id, "status": "resolved"}]
        },
    ),
    ("GET", "/incidents/{id}/alerts/{alert_id}"): LOOK,
    ("PUT", "/incidents/{id}/alerts/{alert_id}"): Access(RESPONDERS, body(alert={"status": "resolved"})),
    ("GET", "/incidents/{id}/log_entries"): LOOK,
    ("GET", "/log_entries/{id}"): LOOK,
    **{
        (method, f"/event_orchestrations/services/{{service_id}}{part}"): Access(
            READERS if method == "GET" else STAFF,
            body(active=True) if part else body(orchestration_path={"sets": [{"id": "start", "rules": []}]}),
            seen_by=EVERYBODY,
        )
        for part in ("", "/active")
        for method in ("GET", "PUT")
    },
    ("POST", "/event_orchestrations"): Access(
        STAFF, lambda house, _incident: {"orchestration": {"name": "New", "team": {"id": house.payments.id}}}, EVERYBODY
    ),
    ("GET", "/event_orchestrations/{id}"): LOOK,
    ("PUT", "/event_orchestrations/{id}"): Access(STAFF, body(orchestration={"description": "New"})),
    ("DELETE", "/event_orchestrations/{id}"): Access(STAFF),
    ("GET", "/event_orchestrations/{id}/integrations"): LOOK,
    ("POST", "/event_orchestrations/{id}/integrations"): Access(STAFF, body(integration={"label": "New"})),
    ("POST", "/event_orchestrations/{id}/integrations/migration"): Access(STAFF, _migration),
    ("GET", "/event_orchestrations/{id}/integrations/{integration_id}"): LOOK,
    ("PUT", "/event_orchestrations/{id}/integrations/{integration_id}"): Access(
        STAFF, body(integration={"label": "Newer"})
    ),
    ("DELETE", "/event_orchestrations/{id}/integrations/{integration_id}"): Access(STAFF),
    **{
        (method, f"/event_orchestrations/{{id}}/{kind}"): Access(
            READERS if method == "GET" else STAFF,
            body(orchestration_path={"sets": [{"id": "start", "rules": []}], "catch_all": {"actions": {}}}),
        )
        for kind in ("global", "router", "unrouted")
        for method in ("GET", "PUT")
    },
    ("GET", "/audit/records"): Access(ADMINS, seen_by=EVERYBODY),
    **{
        (method, f"/webhook_subscriptions/oauth_clients{rest}"): Access(ADMINS, sent, EVERYBODY)
        for method, rest, sent in (
            ("GET", "", body()),
            ("POST", "", body(oauth_client=OAUTH_CLIENT)),
            ("GET", "/{id}", body()),
            ("PUT", "/{id}", body(oauth_client={"name": "Newer"})),
            ("DELETE", "/{id}", body()),
        )
    },
    ("POST", "/webhook_subscriptions"): Access(STAFF, _subscription, EVERYBODY),
    ("GET", "/webhook_subscriptions/{id}"): LOOK,
    ("PUT", "/webhook_subscriptions/{id}"): Access(STAFF, body(webhook_subscription={"description": "New"})),
    ("DELETE", "/webhook_subscriptions/{id}"): Access(STAFF),
    ("POST", "/webhook_subscriptions/{id}/enable"): Access(STAFF),
    ("POST", "/webhook_subscriptions/{id}/ping"): Access(STAFF),
    **{
        (method, f"{base}/cache_variables{rest}"): Access(
            READERS if method == "GET" else STAFF, sent, seen_by=EVERYBODY if "services" in base else READERS
        )
        for base in ("/event_orchestrations/services/{service_id}", "/event_orchestrations/{id}")
        for method, rest, sent in (
            ("GET", "", body()),
            ("POST", "", body(cache_variable={**_EXTERNAL, "name": "another"})),
            ("GET", "/{cache_variable_id}", body()),
            ("PUT", "/{cache_variable_id}", body(cache_variable={"disabled": True})),
            ("DELETE", "/{cache_variable_id}", body()),
            ("GET", "/{cache_variable_id}/data", body()),
            ("PUT", "/{cache_variable_id}/data", body(cache_variable_data="on")),
            ("DELETE", "/{cache_variable_id}/data", body()),
        )
    },
    ("GET", "/users/me"): Access(EVERYBODY - {"root", "payments_key", "search_key"}, seen_by=EVERYBODY),
    **{
        ("GET", path): ANYBODY
        for path, handlers in ROUTES
        if "GET" in handlers and ("{" not in path or path in ("/abilities/{id}", "/vendors/{id}"))
        if path not in ("/users/me", "/audit/records", "/webhook_subscriptions/oauth_clients")
    },
}
"""Lists answer to everybody, with what they may see: `test_lists_hold_what_may_be_seen`."""

HARD_TO_SET_UP = {("DELETE", "/teams/{id}"), ("DELETE", "/teams/{id}/users/{user_id}")}
HARD_TO_SET_UP |= {(method, "/users/{id}/sessions/{type}/{session_id}") for method in ("GET", "DELETE")}
"""Tried by themselves: the house can't lose its team, and sessions are not the house's (`test_user_sessions`)."""


def populated(house: House) -> None:
    """More people, keys for one team, two incidents, an override, a maintenance window to come."""
    for name, role in (
        ("Adam", Role.ADMIN),
        ("Rob", Role.RESPONDER),
        ("Sue", Role.STAKEHOLDER),
        ("Rita", Role.RESTRICTED),
        ("Remy", Role.RESTRICTED),
        ("Lena", Role.LIMITED_STAKEHOLDER),
    ):
        person = house.person(name, role)
        if name == "Remy":
            house.save(Membership(team_id=house.payments.id, user_id=person.id, role=TeamRole.OBSERVER))
    house.key("payments_key", Role.ADMIN, team_ids=(house.payments.id,))
    house.key("search_key", Role.ADMIN, team_ids=(house.search.id,))
    now = house.clock.now()
    house.save(
        Override(
            id="",
            schedule_id=house.schedule.id,
            user_id=house.carol.id,
            start=now + 10**12,
            end=now + 2 * 10**12,
            created_at=0,
        )
    )
    orchestration = house.save(Orchestration(id="", name="Payments", team_id=house.payments.id))
    for parent_id in (orchestration.id, house.service.id):
        house.save(
            CacheVariable(
                id="",
                parent_id=parent_id,
                of_service=parent_id == house.service.id,
                name="deploying",
                kind=CacheKind.EXTERNAL_DATA,
                ttl_seconds=600,
            )
        )
    house.save(MaintenanceWindow(id="", start=now + 10**12, end=now + 2 * 10**12, service_ids=(house.service.id,)))
    shifts.populate(house)
    _business(house)
    house.save(
        WebhookSubscription(
            id="",
            url="https://hooks.example.com/",
            events=("incident.triggered",),
            filter_kind=FilterKind.SERVICE,
            filter_id=house.service.id,
        )
    )
    house.save(OAuthClient(id="", name="Known", client_id="a", secret="b", token_url="https://login.example.com/"))
    house.alarm("first")
    second = house.alarm("second")
    house.receive(
        Event(action=Action.CHANGE, integration_id=house.integration.id, dedup_key="", received_at=house.clock.now())
    )
    house.save(Subscriber(subscriber_id=house.alice.id, subscribed_id=second.id, of_incident=True))
    house.run(Actor(ActorKind.USER, house.alice.id), AddNote(incident_id=second.id, text="Looking"))
    house.run(
        Actor(ActorKind.USER, house.alice.id),
        RequestResponders(incident_id=second.id, message="Help", user_ids=(house.bob.id,)),
    )


def _business(house: House) -> None:
    """Checkout is of Payments and needs its service; Critical is a tag on Alice; both hear of Checkout."""
    checkout = house.save(BusinessService(id="", name="Checkout", team_id=house.payments.id))
    house.save(Dependency(id="", dependent_id=checkout.id, dependent_is_business=True, supporting_id=house.service.id))
    tag = house.save(Tag(id="", name="Critical"))
    for kind, thing_id in (("user", house.alice.id), ("team", house.payments.id), ("policy", house.policy.id)):
        house.save(Tagging(tag_id=tag.id, entity_kind=kind, entity_id=thing_id))
    house.save(Subscriber(subscriber_id=house.alice.id, subscribed_id=checkout.id))
    house.save(Subscriber(subscriber_id=house.payments.id, is_team=True, subscribed_id=checkout.id))
    house.save(Kept(id="", resource="account_subscription", parent_id=checkout.id))
    threshold = next(iter(house.config().priorities.values()))
    wire = f'{{"id": "{threshold.id}", "order": {threshold.order}}}'
    house.save(Kept(id="", resource="priority_threshold", wire=wire))
    grouped = house.save(Service(id="", name="Grouped", policy_id=house.policy.id))
    house.save(GroupingSetting(id="", sort="time", group_seconds=600, service_ids=(grouped.id,)))
    for resource in ("extension", "addon", "template", "response_play"):
        wire = '{"type": "full_page_addon", "src": "https://example.com/"}' if resource == "addon" else "{}"
        house.save(Kept(id="", resource=resource, name="Known", wire=wire))
    _fields(house)
    _automation(house)
    contact = house.config().contacts_of[house.alice.id][0]
    house.save(Kept(id="", resource=HANDOFF, parent_id=contact.id, wire='{"handoff_type": "both"}'))
    house.save(Kept(id="", resource=STATUS_UPDATE, parent_id=contact.id))


def _automation(house: House) -> None:
    """A workflow with what starts it, an action and a runner of Payments, an orchestration."""
    workflow = house.save(Kept(id="", resource="incident_workflow", name="Known", wire='{"steps": []}'))
    started = f'{{"trigger_type": "manual", "workflow": "{workflow.id}", "services": ["{house.service.id}"]}}'
    house.save(Kept(id="", resource="workflow_trigger", parent_id=workflow.id, wire=started))
    held = f'"services": ["{house.service.id}"], "teams": ["{house.payments.id}"]'
    runner = f'{{"name": "R", "runner_type": "sidecar", {held}}}'
    action = f'{{"name": "A", "action_type": "script", "action_data_reference": {{"script": "true"}}, {held}}}'
    for resource, wire in (("runner", runner), ("action", action)):
        house.save(Kept(id="", resource=resource, name="Known", team_ids=(house.payments.id,), wire=wire))
    house.save(Orchestration(id="", name="Known", team_id=house.payments.id))


def _fields(house: House) -> None:
    """A field named region with one option: of incidents, of an incident type, of services."""
    kind = house.save(IncidentType(id="", name="outage", display_name="Outage", parent_id=BASE_TYPE.id))
    for name, type_id in (("region", BASE_TYPE.id), ("district", kind.id), ("region", "")):
        house.save(
            CustomField(
                id="",
                name=name,
                display_name=name.title(),
                data_type=DataType.STRING,
                fixed=True,
                type_id=type_id,
                options=(FieldOption(id="", value="east"),),
            )
        )


def _field_of(path: str, house: House) -> CustomField:
    """The custom field of this path."""
    index = house.config().fields
    outage = index.type_named("outage")
    assert outage is not None
    return index.own("" if path.startswith("/services") else outage.id if "types" in path else BASE_TYPE.id)[0]


def address(path: str, house: House, incident: Incident) -> str:
    config = house.config()
    first = path.split("/")[1]
    if first == "v3":
        for name, value in shifts.ids(house).items():
            path = path.replace(name, value)
        return path + ("?since=2026-01-01&until=2026-03-01" if path.endswith(("overrides", "custom_shifts")) else "")
    orchestration = next(iter(config.orchestrations), "")
    of_orchestration = first == "event_orchestrations"
    collection = path.split("/{id}", maxsplit=1)[0].removeprefix("/")
    ids = {
        "{contact_method_id}": config.contacts_of[house.alice.id][0].id,
        "{notification_rule_id}": config.rules_of[house.alice.id][0].id,
        f"{{{HANDOFF}_id}}": config.kept_of[HANDOFF][0].id,
        f"{{{STATUS_UPDATE}_id}}": config.kept_of[STATUS_UPDATE][0].id,
        "{business_service_id}": next(iter(config.business_services)),
        "{trigger_id}": config.kept_of["workflow_trigger"][0].id,
        "{service_id}": house.service.id,
        "{team_id}": house.payments.id,
        "{feature_name}": "aiops",
        "{resource_type}": "technical_services",
        "{type_id_or_name}": "outage",
        "{field_id}": _field_of(path, house).id,
        "{field_option_id}": _field_of(path, house).options[0].id,
        "{user_id}": house.bob.id,
        "{responder_id}": house.alice.id,
        "{policy_id}": house.policy.id,
        "{integration_id}": config.keys_of[orchestration][0].id if of_orchestration else house.integration.id,
        "{cache_variable_id}": next(
            one.id for one in config.cache_variables.values() if one.of_service == ("services" in path)
        ),
        "{override_id}": config.overrides_of[house.schedule.id][0].id,
        "{note_id}": next((note.id for note in house.reads.notes(incident.id)), ""),
        "{alert_id}": house.reads.alerts_of(incident.id).items[0].id,
        "{entity_type}": "users",
        "{id}": {
            "business_services": next(iter(config.business_services)),
            "service_dependencies/technical_services": house.service.id,
            "service_dependencies/business_services": next(iter(config.business_services)),
            "tags": next(iter(config.tags)),
            **{
                path: config.kept_of[resource][0].id
                for path, resource in (
                    ("incident_workflows", "incident_workflow"),
                    ("incident_workflows/triggers", "workflow_trigger"),
                    ("automation_actions/actions", "action"),
                    ("automation_actions/runners", "runner"),
                    ("extensions", "extension"),
                    ("addons", "addon"),
                    ("templates", "template"),
                    ("response_plays", "response_play"),
                )
            },
            "extension_schemas": "PJFWPEP",
            "incident_workflows/actions": "pagerduty.com:incident-workflows:add-responders:1",
            "event_orchestrations": next(iter(config.orchestrations)),
            "standards": "PSTDDSC",
            "standards/scores/{resource_type}": house.service.id,
            "alert_grouping_settings": next(iter(config.grouping_settings)),
            "{entity_type}": house.alice.id,
            "users": house.alice.id,
            "teams": house.payments.id,
            "schedules": house.schedule.id,
            "escalation_policies": house.policy.id,
            "services": house.service.id,
            "incidents": incident.id,
            "analytics/raw/incidents": incident.id,
            "maintenance_windows": next(iter(config.maintenance_windows)),
            "vendors": "PVPROM1",
            "abilities": "teams",
            "log_entries": "R0000000000002",
            "change_events": "R0000000000003",
            "webhook_subscriptions": next(iter(config.webhook_subscriptions)),
            "webhook_subscriptions/oauth_clients": next(iter(config.oauth_clients), ""),
        }.get(collection, ""),
    }
    for name, value in ids.items():
        path = path.replace(name, value)
    if path.endswith("scores/technical_services"):
        path += f"?ids={house.service.id}"
    return path + ("?since=2026-01-01&until=2026-03-01" if path.endswith("overrides") else "")
