"""Whatever is sent: an error in the envelope with a sentence for each problem, the object untouched, never a 500."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.pagerduty.api import Api, House, Reply
from tests.dialects.pagerduty.matrix import OAUTH_CLIENT, subscription
from tocsin.dialects.pagerduty.routes import ROUTES

Values = dict[str, Any]
LONG = "x" * 70_000
ANY_WRONG: tuple[Any, ...] = (5, -1, 1.5, 10**30, True, "", " ", LONG, "\x00\ud800", [], [5], [[]], {}, {"id": 5}, None)


@dataclass(frozen=True)
class Resource:
    """A thing that can be made: where, under which name, from what; what must be there; what it may point at."""

    wrapper: str
    collection: str
    valid: Callable[[House], Values]
    required: tuple[str, ...]
    dangling: tuple[Callable[[House], Values], ...] = ()
    codes: frozenset[int] = field(default_factory=lambda: frozenset({2001}))


def _user(_house: House) -> Values:
    return {
        "name": "Dave",
        "email": "dave@example.com",
        "role": "user",
        "job_title": "SRE",
        "time_zone": "Etc/UTC",
        "description": "d",
        "color": "red",
    }


def _contact(_house: House) -> Values:
    return {
        "type": "sms_contact_method",
        "label": "M",
        "address": "2025550109",
        "country_code": 1,
        "send_short_email": False,
    }


def _rule(house: House) -> Values:
    contact = house.config().contacts_of[house.alice.id][0]
    return {
        "type": "assignment_notification_rule",
        "start_delay_in_minutes": 7,
        "urgency": "high",
        "contact_method": {"id": contact.id, "type": "email_contact_method"},
    }


def _team(house: House) -> Values:
    return {"name": "Ops", "description": "d", "parent": {"id": house.search.id}, "default_role": "none"}


def _schedule(house: House) -> Values:
    layer = {
        "start": "2026-01-05T00:00:00Z",
        "end": None,
        "rotation_virtual_start": "2026-01-05T00:00:00Z",
        "rotation_turn_length_seconds": 86_400,
        "users": [{"user": {"id": house.alice.id}}],
        "restrictions": [
            {"type": "daily_restriction", "start_time_of_day": "09:00:00", "duration_seconds": 3600},
        ],
    }
    return {
        "name": "Night",
        "time_zone": "Etc/UTC",
        "description": "d",
        "teams": [{"id": house.payments.id}],
        "schedule_layers": [layer],
    }


def _policy(house: House) -> Values:
    rule = {
        "escalation_delay_in_minutes": 5,
        "targets": [{"id": house.alice.id, "type": "user_reference"}],
        "escalation_rule_assignment_strategy": {"type": "round_robin"},
    }
    return {
        "name": "New",
        "description": "d",
        "num_loops": 2,
        "teams": [{"id": house.payments.id}],
        "escalation_rules": [rule],
        "on_call_handoff_notifications": "always",
    }


def _service(house: House) -> Values:
    return {
        "name": "New",
        "description": "d",
        "escalation_policy": {"id": house.policy.id},
        "auto_resolve_timeout": 600,
        "acknowledgement_timeout": 600,
        "alert_creation": "create_incidents",
        "alert_grouping_parameters": {"type": "time", "config": {"timeout": 5}},
        "auto_pause_notifications_parameters": {"enabled": True, "timeout": 300},
        "incident_urgency_rule": {
            "type": "use_support_hours",
            "during_support_hours": {"type": "constant", "urgency": "high"},
            "outside_support_hours": {"type": "constant", "urgency": "low"},
        },
        "support_hours": {
            "type": "fixed_time_per_day",
            "time_zone": "America/Lima",
            "start_time": "09:00:00",
            "end_time": "17:00:00",
            "days_of_week": [1, 2],
        },
        "scheduled_actions": [
            {
                "type": "urgency_change",
                "to_urgency": "high",
                "at": {"type": "named_time", "name": "support_hours_start"},
            }
        ],
        "response_play": None,
    }


def _window(house: House) -> Values:
    return {
        "start_time": "2026-03-01T20:00:00-05:00",
        "end_time": "2026-03-01T22:00:00-05:00",
        "description": "Immanentizing the eschaton",
        "services": [{"id": house.service.id, "type": "service_reference"}],
    }


def _integration(_house: House) -> Values:
    return {"name": "New", "type": "service_integration", "vendor": {"id": "PVPROM1", "type": "vendor"}}


def _extension(house: House) -> Values:
    return {
        "name": "Hook",
        "endpoint_url": "https://example.com/",
        "extension_objects": [{"id": house.service.id, "type": "service_reference"}],
        "extension_schema": {"id": "PJFWPEP", "type": "extension_schema_reference"},
        "config": {"restrict": "any", "notify_types": {"resolve": False}},
    }


def _addon(house: House) -> Values:
    return {
        "type": "incident_show_addon",
        "name": "Graph",
        "src": "https://example.com/",
        "services": [{"id": house.service.id}],
    }


def _template(_house: House) -> Values:
    return {
        "name": "Update",
        "description": "d",
        "template_type": "status_update",
        "templated_fields": {"email_subject": "s", "email_body": "b", "message": "m"},
    }


def _response_play(house: House) -> Values:
    return {
        "name": "All hands",
        "description": "d",
        "team": {"id": house.payments.id, "type": "team_reference"},
        "subscribers": [{"id": house.bob.id, "type": "user_reference"}],
        "subscribers_message": "s",
        "responders": [{"id": house.alice.id, "type": "user_reference"}],
        "responders_message": "r",
        "runnability": "teams",
        "conference_number": "1",
        "conference_url": "https://example.com/",
    }


def _custom_field(_house: House) -> Values:
    return {
        "name": "region",
        "display_name": "Region",
        "description": "d",
        "data_type": "string",
        "field_type": "multi_value_fixed",
        "default_value": ["east"],
        "field_options": [{"data": {"data_type": "string", "value": "east"}}],
    }


def _incident_type(_house: House) -> Values:
    return {
        "name": "security",
        "display_name": "Security",
        "description": "d",
        "parent_type": "incident_default",
        "enabled": False,
    }


def _workflow(house: House) -> Values:
    configuration = {"action_id": "x:y:z:1", "inputs": [{"name": "Message", "value": "m"}]}
    return {
        "name": "Respond",
        "description": "d",
        "team": {"id": house.payments.id},
        "is_enabled": True,
        "steps": [{"name": "First", "action_configuration": configuration}],
    }


def _action(house: House) -> Values:
    return {
        "name": "Restart",
        "description": "d",
        "action_type": "script",
        "action_classification": "diagnostic",
        "action_data_reference": {"script": "true", "invocation_command": "/bin/sh"},
        "teams": [{"id": house.payments.id}],
        "services": [{"id": house.service.id}],
        "only_invocable_on_unresolved_incidents": True,
    }


def _runner(house: House) -> Values:
    return {
        "name": "Sidecar",
        "description": "d",
        "runner_type": "runbook",
        "runbook_base_uri": "subdomain",
        "runbook_api_key": "secret",
        "teams": [{"id": house.payments.id}],
    }


def _grouping_setting(house: House) -> Values:
    return {
        "name": "Together",
        "description": "d",
        "type": "content_based",
        "config": {"time_window": 600, "aggregate": "all", "fields": ["summary"]},
        "services": [{"id": house.service.id}],
    }


def _handoff_rule(house: House) -> Values:
    contact = house.config().contacts_of[house.alice.id][0]
    return {
        "handoff_type": "oncall",
        "notify_advance_in_minutes": 30,
        "contact_method": {"id": contact.id, "type": "email_contact_method"},
    }


def _business_service(house: House) -> Values:
    return {
        "name": "Checkout",
        "description": "d",
        "point_of_contact": "Olive",
        "type": "business_service",
        "team": {"id": house.payments.id},
    }


def _gone(house: House, kind: str) -> Values:
    return {"filter": {"type": f"{kind}_reference", "id": "PNOBODY"}}


RESOURCES = (
    Resource(
        "webhook_subscription",
        "/webhook_subscriptions",
        subscription,
        ("delivery_method", "events", "filter"),
        (lambda house: _gone(house, "service"), lambda house: _gone(house, "team")),
    ),
    Resource(
        "oauth_client",
        "/webhook_subscriptions/oauth_clients",
        lambda _house: OAUTH_CLIENT,
        ("name", "client_id", "client_secret", "token_url", "grant_type"),
    ),
    Resource("user", "/users", _user, ("name", "email")),
    Resource(
        "contact_method",
        "/users/{alice}/contact_methods",
        _contact,
        ("type", "label", "address"),
    ),
    Resource(
        "notification_rule",
        "/users/{alice}/notification_rules",
        _rule,
        ("contact_method", "urgency", "start_delay_in_minutes"),
        (lambda _house: {"contact_method": {"id": "PNOBODY", "type": "email_contact_method"}},),
    ),
    Resource("team", "/teams", _team, ("name",), (lambda _house: {"parent": {"id": "PNOBODY"}},)),
    Resource(
        "schedule",
        "/schedules",
        _schedule,
        ("name", "time_zone", "schedule_layers"),
        (
            lambda _house: {"teams": [{"id": "PNOBODY"}]},
            lambda house: {
                "schedule_layers": [{**_schedule(house)["schedule_layers"][0], "users": [{"user": {"id": "PNOBODY"}}]}]
            },
        ),
        frozenset({2001, 3001}),
    ),
    Resource(
        "escalation_policy",
        "/escalation_policies",
        _policy,
        ("name", "escalation_rules"),
        (
            lambda _house: {"teams": [{"id": "PNOBODY"}]},
            lambda _house: {
                "escalation_rules": [{"escalation_delay_in_minutes": 5, "targets": [{"id": "PNOBODY", "type": "user"}]}]
            },
            lambda house: {
                "escalation_rules": [
                    {"escalation_delay_in_minutes": 5, "targets": [{"id": house.alice.id, "type": "schedule"}]}
                ]
            },
        ),
    ),
    Resource(
        "service",
        "/services",
        _service,
        ("name", "escalation_policy"),
        (lambda _house: {"escalation_policy": {"id": "PNOBODY"}},),
    ),
    Resource(
        "maintenance_window",
        "/maintenance_windows",
        _window,
        ("start_time", "end_time", "services"),
        (lambda _house: {"services": [{"id": "PNOBODY"}]},),
    ),
    Resource(
        "integration",
        "/services/{service}/integrations",
        _integration,
        (),
        (lambda _house: {"vendor": {"id": "PNOBODY"}},),
    ),
    Resource(
        "extension",
        "/extensions",
        _extension,
        ("name", "extension_objects", "extension_schema"),
        (
            lambda _house: {"extension_objects": [{"id": "PNOBODY"}]},
            lambda _house: {"extension_schema": {"id": "PNOBODY"}},
            lambda _house: {"extension_schema": {}},
        ),
    ),
    Resource(
        "addon",
        "/addons",
        _addon,
        ("type", "name", "src"),
        (lambda _house: {"services": [{"id": "PNOBODY"}]},),
    ),
    Resource("template", "/templates", _template, ("name",)),
    Resource(
        "response_play", "/response_plays", _response_play, ("name",), (lambda _house: {"team": {"id": "PNOBODY"}},)
    ),
    *(
        Resource("field", path, _custom_field, ("name", "display_name", "data_type"))
        for path in (
            "/incidents/custom_fields",
            "/incidents/types/incident_default/custom_fields",
            "/services/custom_fields",
        )
    ),
    Resource(
        "incident_type",
        "/incidents/types",
        _incident_type,
        ("name", "display_name", "parent_type"),
        (lambda _house: {"parent_type": "nothing"},),
    ),
    Resource(
        "incident_workflow",
        "/incident_workflows",
        _workflow,
        ("name",),
        (lambda _house: {"team": {"id": "PNOBODY"}},),
    ),
    Resource(
        "action",
        "/automation_actions/actions",
        _action,
        ("name", "action_type", "action_data_reference"),
        (
            lambda _house: {"runner": "PNOBODY"},
            lambda _house: {"teams": [{"id": "PNOBODY"}]},
            lambda _house: {"services": [{"id": "PNOBODY"}]},
        ),
    ),
    Resource(
        "runner",
        "/automation_actions/runners",
        _runner,
        ("name", "runner_type"),
        (lambda _house: {"teams": [{"id": "PNOBODY"}]},),
    ),
    Resource(
        "alert_grouping_setting",
        "/alert_grouping_settings",
        _grouping_setting,
        ("type", "config", "services"),
        (lambda _house: {"services": [{"id": "PNOBODY"}]}, lambda _house: {"services": []}),
    ),
    Resource(
        "oncall_handoff_notification_rule",
        "/users/{alice}/oncall_handoff_notification_rules",
        _handoff_rule,
        ("contact_method",),
        (
            lambda _house: {"contact_method": {"id": "PNOBODY", "type": "email_contact_method"}},
            lambda house: {"contact_method": {"id": house.config().contacts_of[house.bob.id][0].id}},
        ),
    ),
    Resource(
        "business_service",
        "/business_services",
        _business_service,
        ("name",),
        (lambda _house: {"team": {"id": "PNOBODY"}},),
    ),
)
BY_COLLECTION = {resource.collection: resource for resource in RESOURCES}


def place(path: str, house: House) -> str:
    return path.replace("{alice}", house.alice.id).replace("{service}", house.service.id)


def refused(reply: Reply, codes: frozenset[int]) -> None:
    assert reply.status == 400, reply
    assert reply.code in codes
    assert reply.errors
    assert all(type(one) is str for one in reply.body["error"]["errors"])


@pytest.fixture(params=BY_COLLECTION)
def resource(request: pytest.FixtureRequest) -> Resource:
    return BY_COLLECTION[request.param]


def test_what_is_missing_is_named_and_nothing_is_made(api: Api, house: House, resource: Resource) -> None:
    collection = place(resource.collection, house)
    version = house.config().version
    for name in resource.required:
        valid = resource.valid(house)
        without = {key: value for key, value in valid.items() if key != name}
        for body in (without, {**valid, name: None}, {**valid, name: ""}):
            refused(api.request("POST", collection, {resource.wrapper: body}), resource.codes)
    if len(resource.required) > 1:
        everything = api.request("POST", collection, {resource.wrapper: {"unknown": 1}})
        assert len(everything.errors) >= len(resource.required), "every problem at once"
    assert house.config().version == version


def test_what_does_not_exist_can_not_be_pointed_at(api: Api, house: House, resource: Resource) -> None:
    collection = place(resource.collection, house)
    made = api.post(collection, {resource.wrapper: resource.valid(house)})[resource.wrapper]
    version = house.config().version
    for dangling in resource.dangling:
        change = dangling(house)
        body = {**resource.valid(house), "name": "Other", **change}
        refused(api.request("POST", collection, {resource.wrapper: body}), resource.codes)
        refused(api.request("PUT", f"{collection}/{made['id']}", {resource.wrapper: change}), resource.codes)
    assert house.config().version == version


def mutations(value: Any, wrongs: Sequence[Any] = ANY_WRONG) -> Iterator[Any]:
    """The value with one leaf or branch after the other replaced by each wrong thing."""
    yield from wrongs
    if isinstance(value, dict):
        for name, inner in value.items():
            for wrong in mutations(inner, wrongs):
                yield {**value, name: wrong}
    if isinstance(value, list):
        for place_, inner in enumerate(value):
            for wrong in mutations(inner, wrongs):
                yield [*value[:place_], wrong, *value[place_ + 1 :]]


def test_no_wrong_value_breaks_anything_or_is_half_stored(api: Api, house: House, resource: Resource) -> None:
    """Each field in turn holds each wrong thing. What is refused left no trace; what is taken can be read again."""
    collection = place(resource.collection, house)
    made = api.post(collection, {resource.wrapper: resource.valid(house)})[resource.wrapper]
    path = f"{collection}/{made['id']}"
    counted = dict.fromkeys((200, 400), 0)
    current = api.get(path).body
    for name, value in resource.valid(house).items():
        for wrong in mutations(value):
            raw = json.dumps({resource.wrapper: {name: wrong}}).encode()
            reply = api.request("PUT", path, raw=raw)
            assert reply.status in counted, (name, wrong, reply)
            counted[reply.status] += 1
            found = api.get(path).body
            if reply.status == 400:
                refused(reply, resource.codes)
                assert found == current, (name, wrong)
            current = found
    assert counted[400] > 30


PARAMETERS = (
    "since",
    "until",
    "time_zone",
    "limit",
    "offset",
    "total",
    "query",
    "sort_by",
    "filter_type",
    "include[]",
    "team_ids[]",
)
ODD = ("", "%00", "%ff", "null", "-1", "9999-12-31T23:59:59-23:59", "%F0%9F%94%A5")


@pytest.mark.parametrize("parameter", [*PARAMETERS, "statuses[]", "urgencies[]", "filter", "earliest", "incident_key"])
def test_no_query_breaks_a_list(api: Api, house: House, parameter: str) -> None:
    house.alarm()
    windowed = "since=2026-01-06&until=2026-01-07"
    for path, handlers in ROUTES:
        if "GET" not in handlers:
            continue
        address = path.replace("{id}", house.service.id if "services" in path else house.schedule.id)
        if "{" in address:
            continue
        for odd in ODD:
            rest = "" if parameter in ("since", "until") else f"&{windowed}"
            reply = api.request("GET", f"{address}?{parameter}={odd}{rest}")
            assert reply.status in (200, 204, 400, 404), (address, parameter, odd, reply)


WRITES = tuple((method, path) for path, handlers in ROUTES for method in handlers if method in ("POST", "PUT"))
_NAMES = st.sampled_from(
    [
        "id",
        "type",
        "user",
        "name",
        "title",
        "status",
        "incidents",
        "alerts",
        "overrides",
        "override",
        "start",
        "end",
        "users",
        "targets",
        "schedule_layers",
        "escalation_rules",
        "service",
        "contact_method",
        "assignments",
        "duration",
        "source_incidents",
        "role",
        "note",
        "content",
        "support_hours",
        "config",
        "address",
        "priority",
        "team",
        "member",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Api]]:
    """One house for many examples: what they leave behind is part of the game."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with House(folder) as house:
        api = Api(house)
        yield house, api
        api.close()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(write=st.sampled_from(WRITES), body=_JSON, wrapped=st.booleans())
def test_no_body_breaks_a_write(shared: tuple[House, Api], write: tuple[str, str], body: Any, wrapped: bool) -> None:
    house, api = shared
    if not house.reads.incidents(limit=1).items:
        house.alarm()
    incident = house.reads.incidents(limit=1).items[0]
    method, path = write
    ids = {
        "users": house.alice.id,
        "teams": house.payments.id,
        "schedules": house.schedule.id,
        "escalation_policies": house.policy.id,
        "services": house.service.id,
        "incidents": incident.id,
    }
    first = path.split("/")[1]
    address = path.replace("{id}", ids.get(first, "X")).replace("{user_id}", house.bob.id)
    address = address.replace("{policy_id}", house.policy.id).replace("{integration_id}", house.integration.id)
    address = address.replace("{contact_method_id}", house.config().contacts_of[house.alice.id][0].id)
    address = address.replace("{notification_rule_id}", house.config().rules_of[house.alice.id][0].id)
    address = address.replace("{service_id}", house.service.id)
    address = address.replace("{alert_id}", house.reads.alerts_of(incident.id).items[0].id)
    wrapper = {"escalation_policies": "escalation_policy"}.get(first, first.rstrip("s"))
    sent = {path.split("/")[-1].rstrip("s") if "{" not in path.split("/")[-1] else wrapper: body} if wrapped else body
    reply = api.request(method, address, sent)
    assert reply.status in (200, 201, 204, 400, 404, 413), (method, address, sent, reply)
    if reply.status >= 400:
        by_field = path.startswith("/v3/") and reply.status == 400
        assert isinstance(reply.body["error"]["errors"], dict if by_field else list)
