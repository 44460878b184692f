"""Event orchestrations as PagerDuty's clients expect them: texts as they were sent, sets and rules in their order.

Decides which actions are named: those that were set, and no others.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.dialects.pagerduty.read.subscriptions import REDACTED
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.dialects.pagerduty.write.subscriptions import host_alone
from tocsin.events.orchestration import (
    Actions,
    CacheKind,
    CacheVariable,
    Call,
    Extraction,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    path_id,
)


def orchestration(one: Orchestration, refs: Refs, *, may_see_keys: bool) -> Wire:
    """An orchestration with its integrations."""
    router = refs.config.orchestration_paths.get(path_id(one.id, PathKind.ROUTER))
    routed = router.routed_to & refs.config.services.keys() if router is not None else ()
    return {
        "id": one.id,
        "self": f"{refs.links.api}/event_orchestrations/{one.id}",
        "name": one.name,
        "description": one.description,
        "team": _short(refs, "team", one.team_id) if one.team_id else None,
        "routes": len(routed),
        "integrations": [integration(key, may_see_keys=may_see_keys) for key in refs.config.keys_of.get(one.id, ())],
        **_stamps(one, refs),
    }


def integration(key: OrchestrationKey, *, may_see_keys: bool) -> Wire:
    """An entrance of an orchestration."""
    routing_key = key.key if may_see_keys else None
    return {"id": key.id, "label": key.name, "parameters": {"routing_key": routing_key, "type": "global"}}


def path(one: OrchestrationPath, refs: Refs, *, may_see_secrets: bool) -> Wire:
    """A path with all its rules. Who may not change them sees of web calls no headers' values, and the host alone."""
    of_service = one.kind is PathKind.SERVICE
    parent = "services" if of_service else "event_orchestrations"
    own = f"services/{one.parent_id}" if of_service else f"{one.parent_id}/{one.kind}"
    body = {
        "type": one.kind.value,
        "self": f"{refs.links.api}/event_orchestrations/{own}",
        "parent": {
            "id": one.parent_id,
            "type": "service_reference" if of_service else "event_orchestration_reference",
            "self": f"{refs.links.api}/{parent}/{one.parent_id}",
        },
        "sets": [{"id": each.id, "rules": [_rule(rule) for rule in each.rules]} for each in one.sets],
        "catch_all": {"actions": _catch_all(one)},
        **_stamps(one, refs),
    }
    if not may_see_secrets:
        _hide_secrets(body)
    return body


def _hide_secrets(body: Wire) -> None:
    every = [rule["actions"] for each in body["sets"] for rule in each["rules"]]
    for found in (*every, body["catch_all"]["actions"]):
        for call in found.get("automation_actions", ()):
            call["url"] = host_alone(call["url"])
            call["headers"] = [{**header, "value": REDACTED} for header in call["headers"]]


def cache_variable(one: CacheVariable, refs: Refs) -> Wire:
    """A cache variable."""
    owner = f"services/{one.parent_id}" if one.of_service else one.parent_id
    configuration: Wire = {"type": one.kind.value}
    if one.kind is CacheKind.RECENT_VALUE:
        configuration |= {"source": one.source, "regex": one.regex}
    elif one.kind is CacheKind.TRIGGER_EVENT_COUNT:
        configuration |= {"ttl_seconds": one.ttl_seconds}
    else:
        configuration |= {"data_type": one.data_type, "ttl_seconds": one.ttl_seconds}
    body = {
        "id": one.id,
        "name": one.name,
        "disabled": one.disabled,
        "conditions": [{"expression": text} for text in one.conditions],
        "configuration": configuration,
        **_stamps(one, refs, versioned=False),
    }
    if one.kind is CacheKind.EXTERNAL_DATA:
        body["data_endpoint"] = f"{refs.links.api}/event_orchestrations/{owner}/cache_variables/{one.id}/data"
    return body


def _rule(rule: OrchestrationRule) -> Wire:
    return {
        "id": rule.id,
        "label": rule.label,
        "conditions": [{"expression": text} for text in rule.conditions],
        "actions": actions(rule.actions),
        "disabled": rule.disabled,
    }


def _catch_all(one: OrchestrationPath) -> Wire:
    """What a path does with the rest, as it would be without being set too: a router leaves it unrouted."""
    found = actions(one.catch_all)
    if one.kind is PathKind.ROUTER:
        found.setdefault("route_to", "unrouted")
    if one.kind is PathKind.UNROUTED:
        found["suppress"] = True
    return found


def actions(one: Actions) -> Wire:
    """What a rule does; only what was set."""
    dynamic = one.dynamic_route
    every: Wire = {
        "route_to": one.route_to,
        "dynamic_route_to": dynamic
        and {"source": dynamic.source, "regex": dynamic.regex, "lookup_by": dynamic.lookup.value},
        "drop_event": one.drop,
        "suppress": one.suppress,
        "suspend": one.suspend_seconds,
        "priority": one.priority_id,
        "escalation_policy": one.policy_id,
        "annotate": one.note,
        "severity": one.severity,
        "event_action": one.event_action,
        "variables": [
            {"name": each.name, "path": each.path, "type": "regex", "value": each.regex} for each in one.variables
        ],
        "extractions": [_extraction(each) for each in one.extractions],
        "automation_actions": [_call(each) for each in one.calls],
        "incident_custom_field_updates": [{"id": field, "value": value} for field, value in one.field_updates],
        **msgspec.json.decode(one.wire),
    }
    return {name: value for name, value in every.items() if value}


def _extraction(one: Extraction) -> Wire:
    if one.template is not None:
        return {"target": one.target, "template": one.template}
    return {"target": one.target, "source": one.source, "regex": one.regex}


def _call(one: Call) -> Wire:
    body: Wire = {
        "name": one.name,
        "url": one.url,
        "auto_send": one.auto_send,
        "headers": [{"key": key, "value": value} for key, value in one.headers],
        "parameters": [{"key": key, "value": value} for key, value in one.parameters],
    }
    return {**body, "trigger_types": list(one.trigger_types)} if one.trigger_types else body


def _stamps(one: Any, refs: Refs, *, versioned: bool = True) -> Wire:
    """When and by whom it was made and changed; the version names the newest change."""
    stamps: Wire = {
        "created_at": instant(one.created_at),
        "created_by": _author(refs, one.created_by),
        "updated_at": instant(one.updated_at),
        "updated_by": _author(refs, one.updated_by),
    }
    return {**stamps, "version": str(one.updated_at)} if versioned else stamps


def _author(refs: Refs, actor_id: str) -> Wire | None:
    return _short(refs, "user", actor_id) if actor_id in refs.config.users else None


def _short(refs: Refs, kind: str, id: str) -> Wire:
    """A reference of three keys, as orchestrations have them."""
    return {"id": id, "type": f"{kind}_reference", "self": f"{refs.links.api}/{kind}s/{id}"}
