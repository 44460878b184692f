"""Event orchestrations: from fields of a body to their things. Some clients send every action, empty ones included.

Decides what counts as absent. Whether rules make sense is judged where they are saved.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.events.orchestration import (
    Actions,
    CacheKind,
    Call,
    DynamicRoute,
    Extraction,
    Lookup,
    OrchestrationRule,
    RuleSet,
    Variable,
)
from tocsin.kernel.limits import DESCRIPTION_CHARS

EXPRESSION_CHARS = 2048
TEMPLATE_CHARS = 4096
REGEX_CHARS = 1024
SEVERITIES = ("info", "warning", "error", "critical")
EVENT_ACTIONS = ("trigger", "resolve")
TRIGGER_TYPES = ("alert_triggered", "alert_suppressed", "alert_suspended")
DATA_TYPES = ("string", "number", "boolean")


def orchestration_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about an orchestration."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS) or ""
    if fields.given("team"):
        team = fields.object("team")
        changes["team_id"] = team.id(of="team") if team is not None and team.values.get("id") else None
    fields.check()
    return changes


def label(fields: Fields) -> dict[str, Any]:
    """What a body says about one of an orchestration's integrations."""
    text = fields.text("label")
    fields.check()
    return {} if text is None else {"name": text}


def path_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about a path: its sets in order, and what becomes of events that no rule claims."""
    changes: dict[str, Any] = {}
    if fields.given("sets"):
        changes["sets"] = tuple(_rule_set(one) for one in fields.objects("sets", "Set {}"))
    if fields.given("catch_all"):
        catch_all = fields.object("catch_all")
        inner = catch_all.object("actions") if catch_all is not None else None
        changes["catch_all"] = _actions(inner) if inner is not None else Actions()
    fields.check()
    return changes


def cache_variable_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about a cache variable."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    if fields.given("disabled"):
        changes["disabled"] = bool(fields.truth("disabled"))
    if fields.given("conditions"):
        changes["conditions"] = _conditions(fields)
    configuration = fields.object("configuration")
    if configuration is not None:
        kind = configuration.choice("type", tuple(CacheKind))
        if kind is None:
            configuration.required("type")
        else:
            changes |= {
                "kind": CacheKind(kind),
                "source": configuration.text("source") or "",
                "regex": configuration.text("regex", REGEX_CHARS) or "",
                "ttl_seconds": configuration.whole("ttl_seconds") or 0,
                "data_type": configuration.choice("data_type", DATA_TYPES) or "string",
            }
    fields.check()
    return changes


def _rule_set(fields: Fields) -> RuleSet:
    set_id = fields.id()
    return RuleSet(id=set_id or "", rules=tuple(_rule(rule) for rule in fields.objects("rules", "rule {}")))


def _rule(fields: Fields) -> OrchestrationRule:
    actions = fields.object("actions")
    return OrchestrationRule(
        id=fields.text("id") or "",
        label=fields.text("label") or "",
        conditions=_conditions(fields),
        actions=_actions(actions) if actions is not None else Actions(),
        disabled=bool(fields.truth("disabled")),
    )


def _conditions(fields: Fields) -> tuple[str, ...]:
    found = (one.text("expression", EXPRESSION_CHARS) for one in fields.objects("conditions", "condition {}"))
    return tuple(text for text in found if text)


def _actions(fields: Fields) -> Actions:
    """Empty texts, false and null are absent: the most used client sends every action of every kind."""
    dynamic = fields.object("dynamic_route_to")
    automation = fields.array("pagerduty_automation_actions")
    return Actions(
        route_to=fields.text("route_to") or "",
        dynamic_route=_dynamic_route(dynamic) if dynamic is not None else None,
        drop=bool(fields.truth("drop_event")),
        suppress=bool(fields.truth("suppress")),
        suspend_seconds=fields.whole("suspend") or None,
        priority_id=fields.text("priority") or "",
        policy_id=fields.text("escalation_policy") or "",
        note=fields.text("annotate", TEMPLATE_CHARS) or "",
        severity=fields.choice("severity", SEVERITIES) or "",
        event_action=fields.choice("event_action", EVENT_ACTIONS) or "",
        variables=tuple(_variable(one) for one in fields.objects("variables", "variable {}")),
        extractions=tuple(_extraction(one) for one in fields.objects("extractions", "extraction {}")),
        calls=tuple(_call(one) for one in fields.objects("automation_actions", "automation action {}")),
        field_updates=tuple(
            (one.id() or "", one.text("value", TEMPLATE_CHARS) or "")
            for one in fields.objects("incident_custom_field_updates", "custom field update {}")
        ),
        wire=msgspec.json.encode({"pagerduty_automation_actions": automation}).decode() if automation else "{}",
    )


def _dynamic_route(fields: Fields) -> DynamicRoute:
    fields.required("source", "regex")
    lookup = fields.choice("lookup_by", tuple(Lookup)) or Lookup.SERVICE_NAME
    return DynamicRoute(
        source=fields.text("source") or "", regex=fields.text("regex", REGEX_CHARS) or "", lookup=Lookup(lookup)
    )


def _variable(fields: Fields) -> Variable:
    fields.required("name", "path", "value")
    fields.choice("type", ("regex",))
    return Variable(
        name=fields.text("name") or "", path=fields.text("path") or "", regex=fields.text("value", REGEX_CHARS) or ""
    )


def _extraction(fields: Fields) -> Extraction:
    fields.required("target")
    template = fields.text("template", TEMPLATE_CHARS) or None
    regex = fields.text("regex", REGEX_CHARS) or None
    source = fields.text("source") or None
    if (template is None) == (regex is None):
        fields.wrong("Extraction must have either a template or a regex")
    if regex is not None and source is None:
        fields.wrong("Source cannot be empty where there is a regex")
    return Extraction(target=fields.text("target") or "", template=template, source=source, regex=regex)


def _call(fields: Fields) -> Call:
    fields.required("name", "url")
    kinds = [kind for kind in fields.array("trigger_types") if isinstance(kind, str)]
    if not set(kinds) <= set(TRIGGER_TYPES):
        fields.wrong(f"Trigger types must be among {', '.join(TRIGGER_TYPES)}")
    return Call(
        name=fields.text("name") or "",
        url=fields.text("url", TEMPLATE_CHARS) or "",
        auto_send=bool(fields.truth("auto_send")),
        headers=_pairs(fields, "headers"),
        parameters=_pairs(fields, "parameters"),
        trigger_types=tuple(kinds),
    )


def _pairs(fields: Fields, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one.text("key") or "", one.text("value", TEMPLATE_CHARS) or "") for one in fields.objects(name, f"{name} {{}}")
    )
