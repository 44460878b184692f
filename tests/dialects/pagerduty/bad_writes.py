"""What is wrong with a write, for each route that is not one of the plain things of `test_bad_input.RESOURCES`.

A row names fields of the body by dotted paths, as they stand in the body that succeeds: that of the matrix, or a fuller
one from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.dialects.pagerduty.api import House
from tests.dialects.pagerduty.matrix import MATRIX
from tocsin.incidents.model import Incident


@dataclass(frozen=True)
class Row:
    """What one write refuses.

    `required`: without one of these, or with null or an empty one, it is refused. `dangling`: ids that must be of
    something that is there. `texts`: too long ones are refused. `body`: instead of the matrix'.
    """

    required: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    body: Callable[[House, Incident], Any] | None = None

    def valid(self, method: str, path: str, house: House, incident: Incident) -> Any:
        """The body that succeeds."""
        return (self.body or MATRIX[method, path].body)(house, incident)


def _of_rules(**actions: Any) -> Callable[[House, Incident], Any]:
    return lambda _house, _incident: _path_of_rules(actions)


def _path_of_rules(actions: Any) -> Any:
    rule = {
        "label": "Disks",
        "conditions": [{"expression": "event.summary matches part 'disk'"}],
        "actions": actions,
        "disabled": False,
    }
    sets = [{"id": "start", "rules": [rule]}]
    return {"orchestration_path": {"sets": sets, "catch_all": {"actions": actions}}}


def _routes(house: House, _incident: Incident) -> Any:
    rule = {
        "label": "Disks",
        "conditions": [{"expression": "event.summary matches part 'disk'"}],
        "actions": {"route_to": house.service.id},
    }
    return {"orchestration_path": {"sets": [{"id": "start", "rules": [rule]}]}}


def _incident(house: House, _incident: Incident) -> Any:
    return {
        "incident": {
            "type": "incident",
            "title": "New",
            "service": {"id": house.service.id, "type": "service_reference"},
            "priority": {"id": next(iter(house.config().priorities)), "type": "priority_reference"},
            "urgency": "high",
            "body": {"type": "incident_body", "details": "d"},
            "assignments": [{"assignee": {"id": house.alice.id, "type": "user_reference"}}],
        }
    }


def _update(house: House, _incident: Incident) -> Any:
    return {
        "incident": {
            "type": "incident_reference",
            "title": "Newer",
            "status": "acknowledged",
            "urgency": "low",
            "priority": {"id": next(iter(house.config().priorities)), "type": "priority_reference"},
            "assignments": [{"assignee": {"id": house.bob.id, "type": "user_reference"}}],
        }
    }


def _updates(house: House, incident: Incident) -> Any:
    return {"incidents": [{"id": incident.id, **_update(house, incident)["incident"]}]}


def _question(house: House, _incident: Incident) -> Any:
    return {
        "filters": {
            "created_at_start": "2026-01-01T00:00:00Z",
            "created_at_end": "2026-02-01T00:00:00Z",
            "urgency": "high",
            "major": False,
            "service_ids": [house.service.id],
            "team_ids": [house.payments.id],
            "priority_names": ["P1"],
        },
        "time_zone": "Etc/UTC",
        "order": "desc",
    }


_QUESTION = Row(body=_question)
FIELD = Row(
    required=("field.name", "field.display_name", "field.data_type"),
    texts=("field.name", "field.display_name"),
)
OPTION = Row(required=("field_option.data",), texts=("field_option.data.value",))
OPTION_CHANGED = Row(texts=("field_option.data.value",))
VALUES = Row(required=("custom_fields",), dangling=("custom_fields.0.name",), texts=("custom_fields.0.value",))
CACHE_MADE = Row(
    required=("cache_variable.name", "cache_variable.configuration"),
    texts=("cache_variable.name",),
)
RULES = Row(
    texts=(
        "orchestration_path.sets.0.rules.0.label",
        "orchestration_path.sets.0.rules.0.conditions.0.expression",
        "orchestration_path.sets.0.rules.0.actions.annotate",
    ),
    required=("orchestration_path.sets.0.id",),
    body=_of_rules(severity="critical", annotate="a", suppress=False),
)
SUBSCRIBERS = Row(
    required=("subscribers", "subscribers.0.subscriber_id", "subscribers.0.subscriber_type"),
    dangling=("subscribers.0.subscriber_id",),
)
UNSUBSCRIBED = Row(required=SUBSCRIBERS.required)
"""Who never subscribed is counted, not refused."""

SUBSCRIBABLES = Row(
    required=("subscribables", "subscribables.0.subscribable_id", "subscribables.0.subscribable_type"),
    dangling=("subscribables.0.subscribable_id",),
)
NO_BODY = Row()
_OF_TEAM = Row(required=("team",), dangling=("team.id",))
_OF_SERVICE = Row(required=("service",), dangling=("service.id",))
_TARGET = "responder_request_targets.0.responder_request_target.id"

_V3 = "/v3/schedules"
_ROTATION = f"{_V3}/{{id}}/rotations"
SHIFT_BASED: dict[tuple[str, str], Row] = {
    ("POST", _V3): Row(
        required=("schedule.name", "schedule.time_zone"),
        dangling=("schedule.teams.0.id", "schedule.time_zone"),
        texts=("schedule.name", "schedule.time_zone"),
    ),
    ("PUT", f"{_V3}/{{id}}"): Row(texts=("schedule.description",)),
    ("POST", _ROTATION): NO_BODY,
    ("POST", f"{_ROTATION}/{{rotation_id}}/events"): Row(
        required=("event", "event.start_time", "event.end_time", "event.assignment_strategy"),
        dangling=("event.assignment_strategy.members.0.user_id",),
        texts=("event.name",),
    ),
    ("PUT", f"{_ROTATION}/{{rotation_id}}/events/{{event_id}}"): Row(texts=("event.name",)),
    ("POST", f"{_V3}/{{id}}/custom_shifts"): Row(
        required=("custom_shifts", "custom_shifts.0.start_time", "custom_shifts.0.end_time"),
    ),
    ("PUT", f"{_V3}/{{id}}/custom_shifts/{{custom_shift_id}}"): Row(texts=("custom_shift.end_time",)),
    ("POST", f"{_V3}/{{id}}/overrides"): Row(
        required=("overrides", "overrides.0.start_time", "overrides.0.end_time"),
        dangling=("overrides.0.rotation_id",),
    ),
    ("PUT", f"{_V3}/{{id}}/overrides/{{override_id}}"): Row(texts=("override.end_time",)),
}
"""Shift-based schedules tell problems by field."""

WRITES: dict[tuple[str, str], Row] = {
    **SHIFT_BASED,
    ("POST", "/incident_workflows/{id}/instances"): Row(
        required=("incident_workflow_instance", "incident_workflow_instance.incident"),
        dangling=("incident_workflow_instance.incident.id",),
    ),
    ("POST", "/templates/{id}/render"): Row(required=("incident_id",), dangling=("incident_id",)),
    ("PUT", "/teams/{id}/users/{user_id}"): Row(),
    ("PUT", "/teams/{id}/escalation_policies/{policy_id}"): NO_BODY,
    ("POST", "/schedules/preview"): Row(
        required=("schedule.time_zone", "schedule.schedule_layers"),
        dangling=("schedule.schedule_layers.0.users.0.user.id",),
    ),
    ("POST", "/schedules/{id}/overrides"): Row(required=("overrides",)),
    **{
        (method, f"{path}{rest}"): row
        for path in ("/incidents/custom_fields", "/incidents/types/{type_id_or_name}/custom_fields")
        for method, rest, row in (
            ("POST", "/{field_id}/field_options", OPTION),
            ("PUT", "/{field_id}/field_options/{field_option_id}", OPTION_CHANGED),
        )
    },
    ("POST", "/services/custom_fields/{field_id}/field_options"): OPTION,
    ("PUT", "/services/custom_fields/{field_id}/field_options/{field_option_id}"): OPTION_CHANGED,
    ("POST", "/incidents/types/{type_id_or_name}/custom_fields"): FIELD,
    ("PUT", "/incidents/types/{type_id_or_name}/custom_fields/{field_id}"): Row(texts=("field.description",)),
    ("PUT", "/incidents/{id}/custom_fields/values"): VALUES,
    ("PUT", "/services/{id}/custom_fields/values"): VALUES,
    ("POST", "/incidents"): Row(
        required=("incident.title", "incident.service"),
        dangling=("incident.service.id", "incident.priority.id", "incident.assignments.0.assignee.id"),
        texts=("incident.title", "incident.body.details"),
        body=_incident,
    ),
    ("PUT", "/incidents"): Row(
        required=("incidents", "incidents.0.id"),
        dangling=("incidents.0.id", "incidents.0.priority.id", "incidents.0.assignments.0.assignee.id"),
        texts=("incidents.0.title",),
        body=_updates,
    ),
    ("PUT", "/incidents/{id}"): Row(
        dangling=("incident.priority.id", "incident.assignments.0.assignee.id"),
        texts=("incident.title",),
        body=_update,
    ),
    ("POST", "/incidents/{id}/notes"): Row(required=("note.content",), texts=("note.content",)),
    ("PUT", "/incidents/{id}/notes/{note_id}"): Row(required=("note.content",), texts=("note.content",)),
    ("POST", "/incidents/{id}/responder_requests"): Row(
        required=("message", "requester_id", "responder_request_targets"),
        dangling=("requester_id", _TARGET),
        texts=("message",),
    ),
    ("PUT", "/incidents/{id}/responder_requests/cancel"): Row(
        required=("requester_id", "responder_request_targets"), dangling=("requester_id",)
    ),
    ("PUT", "/incidents/{id}/responder_requests/reply"): Row(required=("state",)),
    **{
        ("POST", f"/analytics/metrics/incidents/{rest}"): _QUESTION
        for rest in (
            "all",
            *(f"{kind}{whole}" for kind in ("services", "teams", "escalation_policies") for whole in ("", "/all")),
        )
    },
    ("POST", "/analytics/metrics/responders/all"): _QUESTION,
    ("POST", "/analytics/metrics/users/all"): _QUESTION,
    ("POST", "/analytics/raw/incidents"): _QUESTION,
    ("POST", "/analytics/raw/responders/{responder_id}/incidents"): _QUESTION,
    ("POST", "/analytics/raw/users"): _QUESTION,
    ("POST", "/analytics/metrics/responders/teams"): _QUESTION,
    ("POST", "/incidents/{id}/status_updates"): Row(required=("message",), texts=("message", "subject")),
    ("POST", "/incidents/{id}/snooze"): Row(required=("duration",)),
    ("PUT", "/incidents/{id}/merge"): Row(required=("source_incidents",), dangling=("source_incidents.0.id",)),
    ("PUT", "/incidents/{id}/alerts"): Row(required=("alerts", "alerts.0.id"), dangling=("alerts.0.id",)),
    ("PUT", "/incidents/{id}/alerts/{alert_id}"): Row(),
    ("PUT", "/log_entries/{id}/channel"): Row(required=("channel.type", "channel.details"), texts=("channel.details",)),
    ("POST", "/event_orchestrations/services/{service_id}/cache_variables"): CACHE_MADE,
    ("POST", "/event_orchestrations/{id}/cache_variables"): CACHE_MADE,
    **{
        ("PUT", f"/event_orchestrations/{owner}/cache_variables/{{cache_variable_id}}{rest}"): row
        for owner in ("services/{service_id}", "{id}")
        for rest, row in (("", Row()), ("/data", Row(texts=("cache_variable_data",))))
    },
    ("POST", "/event_orchestrations"): Row(
        required=("orchestration.name",), dangling=("orchestration.team.id",), texts=("orchestration.name",)
    ),
    ("PUT", "/event_orchestrations/{id}"): Row(texts=("orchestration.description",)),
    ("PUT", "/event_orchestrations/services/{service_id}"): RULES,
    ("PUT", "/event_orchestrations/services/{service_id}/active"): Row(required=("active",)),
    ("PUT", "/event_orchestrations/{id}/global"): RULES,
    ("PUT", "/event_orchestrations/{id}/unrouted"): Row(
        required=RULES.required, texts=RULES.texts[:2], body=_of_rules(severity="critical", event_action="trigger")
    ),
    ("PUT", "/event_orchestrations/{id}/router"): Row(
        dangling=("orchestration_path.sets.0.rules.0.actions.route_to",),
        texts=("orchestration_path.sets.0.rules.0.conditions.0.expression",),
        body=_routes,
    ),
    ("POST", "/event_orchestrations/{id}/integrations"): Row(texts=("integration.label",)),
    ("PUT", "/event_orchestrations/{id}/integrations/{integration_id}"): Row(texts=("integration.label",)),
    ("POST", "/event_orchestrations/{id}/integrations/migration"): Row(
        required=("source_type", "source_id", "integration_id"), dangling=("source_id", "integration_id")
    ),
    ("PUT", "/business_services/priority_thresholds"): Row(
        required=("global_threshold",), dangling=("global_threshold.id",)
    ),
    ("PUT", "/incidents/{id}/business_services/{business_service_id}/impacts"): Row(required=("relation",)),
    ("POST", "/business_services/{id}/account_subscription"): NO_BODY,
    ("POST", "/business_services/{id}/subscribers"): SUBSCRIBERS,
    ("POST", "/business_services/{id}/unsubscribe"): UNSUBSCRIBED,
    ("POST", "/incidents/{id}/status_updates/subscribers"): SUBSCRIBERS,
    ("POST", "/incidents/{id}/status_updates/unsubscribe"): UNSUBSCRIBED,
    **{
        ("POST", f"/{owner}/{{id}}/notification_subscriptions{rest}"): row
        for owner in ("users", "teams")
        for rest, row in (("", SUBSCRIBABLES), ("/unsubscribe", Row(required=SUBSCRIBABLES.required)))
    },
    **{
        ("POST", f"/service_dependencies/{word}"): Row(
            required=(
                "relationships",
                "relationships.0.supporting_service",
                "relationships.0.dependent_service",
            ),
            dangling=("relationships.0.supporting_service.id", "relationships.0.dependent_service.id"),
        )
        for word in ("associate", "disassociate")
    },
    ("POST", "/tags"): Row(required=("tag.label",), texts=("tag.label",)),
    ("POST", "/{entity_type}/{id}/change_tags"): Row(dangling=("add.0.id",)),
    ("POST", "/extensions/{id}/enable"): NO_BODY,
    ("POST", "/incident_workflows/triggers"): Row(
        required=("trigger.trigger_type", "trigger.workflow", "trigger.workflow.id"), dangling=("trigger.workflow.id",)
    ),
    ("PUT", "/incident_workflows/triggers/{id}"): Row(texts=("trigger.condition",)),
    ("POST", "/incident_workflows/triggers/{id}/services"): _OF_SERVICE,
    ("POST", "/automation_actions/actions/{id}/services"): _OF_SERVICE,
    ("POST", "/automation_actions/actions/{id}/teams"): _OF_TEAM,
    ("POST", "/automation_actions/runners/{id}/teams"): _OF_TEAM,
    ("PUT", "/services/{id}/enablements/{feature_name}"): Row(required=("enablement.enabled",)),
    ("PUT", "/event_orchestrations/{id}/enablements/{feature_name}"): Row(required=("enablement.enabled",)),
    ("PUT", "/standards/{id}"): Row(),
    ("POST", "/users/{id}/status_update_notification_rules"): Row(
        required=("status_update_notification_rule.contact_method",),
        dangling=("status_update_notification_rule.contact_method.id",),
    ),
    ("PUT", "/users/{id}/status_update_notification_rules/{status_update_notification_rule_id}"): Row(
        dangling=("status_update_notification_rule.contact_method.id",),
    ),
    ("POST", "/webhook_subscriptions/{id}/enable"): NO_BODY,
    ("POST", "/webhook_subscriptions/{id}/ping"): NO_BODY,
}
"""A new write needs a row here or among the resources; `test_every_write_has_its_bad_input` says so."""
