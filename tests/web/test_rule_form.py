"""Everything that a rule may hold can be changed by the form, and nothing is lost by it."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tests.web.place import Place, policy_of, priorities
from tests.web.test_fields import field
from tests.web.test_rules import event, orchestration, rule, rules, stored
from tests.web.typed_forms import filled
from tocsin.events.orchestration import (
    Actions,
    Call,
    DynamicRoute,
    Extraction,
    Lookup,
    Orchestration,
    OrchestrationRule,
    PathKind,
    RuleSet,
    Variable,
)

ODD_TEXT = "\n  first\r\nsecond 'quoted' \"<b>\" \\d+ 🙂 \u202eabc\u202c\t"


def everything_in(priority_id: str, policy_id: str, field_id: str) -> OrchestrationRule:
    """A rule with every action, and with texts that a field can't simply hold."""
    return OrchestrationRule(
        id="all",
        label="All\nof it",
        conditions=("event.summary matches 'a\nb'", " event.source exists "),
        disabled=True,
        actions=Actions(
            route_to="next",
            suppress=True,
            drop=True,
            suspend_seconds=604_799,
            priority_id=priority_id,
            policy_id=policy_id,
            note=ODD_TEXT,
            severity="warning",
            event_action="acknowledge",
            variables=(
                Variable(name="host", path="event.source", regex="^(\\w+)\n?"),
                Variable(name="nr", path="event.custom_details['a b'][0]", regex=" x "),
            ),
            extractions=(
                Extraction(target="event.component", template=ODD_TEXT),
                Extraction(target="event.custom_details.zone", source="event.source", regex="(eu|us)-"),
            ),
            calls=(
                Call(
                    name="Ask", url="https://example.com/?a=1", auto_send=True, trigger_types=("alert_triggered",),
                    headers=(("X-A", "1: 2"), ("X-B", "")), parameters=(("k: v", "odd\nlines"),),
                ),
                Call(name="Tell", url="https://example.com/2"),
            ),
            field_updates=((field_id, "a\r\nb"),),
            wire='{"pagerduty_automation_actions":[{"action_id":"x"}]}',
        ),
    )  # fmt: skip


@pytest.fixture
def one(place: Place) -> Orchestration:
    made = orchestration(place)
    full = everything_in(priorities(place)[0].id, place.policy.id, field(place, "region").id)
    rules(place, made.id, PathKind.GLOBAL, full, sets=(RuleSet(id="next"),))
    return made


def opened(place: Place, one: Orchestration, rule_id: str = "all", kind: str = "global") -> dict[str, str]:
    html = place.client("carol").get(f"/rules/{one.id}/{kind}?set=start&rule={rule_id}").text
    return filled(html, "form")


def save(place: Place, one: Orchestration, fields: dict[str, str], kind: str = "global") -> Any:
    """As browsers send it: with the line ends of forms."""
    sent = {name: re.sub(r"\r?\n", "\r\n", value) for name, value in fields.items()}
    return place.client("carol").confirm(f"/rules/{one.id}/{kind}", **sent, do="save")


def now(place: Place, one: Orchestration, kind: PathKind = PathKind.GLOBAL) -> OrchestrationRule:
    return stored(place, one.id, kind).sets[0].rules[0]


def test_a_form_sent_back_as_it_was_shown_changes_nothing(place: Place, one: Orchestration) -> None:
    before = now(place, one)
    assert save(place, one, opened(place, one) | {"label": "Another"}).status_code == 303
    assert now(place, one) == replace(before, label="Another")


def test_every_row_can_be_changed(place: Place, one: Orchestration) -> None:
    before = now(place, one).actions
    typed = opened(place, one) | {
        "variable-0-name": "machine",
        "variable-1-name": "", "variable-1-path": "", "variable-1-regex": "",
        "variable-2-name": "third", "variable-2-path": "event.group", "variable-2-regex": "(.*)",
        "extraction-1-source": "", "extraction-1-regex": "", "extraction-1-template": "{{variables.machine}}",
        "call-0-url": "https://example.org/", "call-0-headers": "X-C: 3\nX-D:4",
        "update-0-value": "other",
    }  # fmt: skip
    typed.pop("call-0-auto")
    assert save(place, one, typed).status_code == 303
    actions = now(place, one).actions
    assert actions.variables == (
        Variable(name="machine", path="event.source", regex="^(\\w+)\n?"),
        Variable(name="third", path="event.group", regex="(.*)"),
    )
    assert actions.extractions == (
        before.extractions[0], Extraction(target="event.custom_details.zone", template="{{variables.machine}}"),
    )  # fmt: skip
    changed = replace(
        before.calls[0], url="https://example.org/", headers=(("X-C", "3"), ("X-D", "4")), auto_send=False
    )
    assert actions.calls == (changed, before.calls[1])
    assert actions.field_updates == ((before.field_updates[0][0], "other"),)
    untouched = ("note", "wire", "suspend_seconds", "priority_id", "policy_id", "severity", "event_action", "route_to")
    assert all(getattr(actions, name) == getattr(before, name) for name in untouched)


def test_a_form_that_was_cut_off_loses_no_row(place: Place, one: Orchestration) -> None:
    before = now(place, one).actions
    typed = {name: value for name, value in opened(place, one).items() if not name.startswith(("call-", "variable-1"))}
    assert save(place, one, typed | {"label": "Cut"}).status_code == 303
    assert now(place, one).actions == before


def test_what_is_wrong_stands_at_its_row_with_the_column(place: Place, one: Orchestration) -> None:
    typed = opened(place, one) | {
        "variable-0-path": "event.source x", "variable-1-regex": "(", "variable-1-name": "a b",
        "extraction-0-target": "event.nothing", "extraction-1-source": "evnt.source",
        "call-0-url": "ftp://example.com/", "conditions": "event.source exists or",
        "variable-2-name": "fresh",
    }  # fmt: skip
    refused = save(place, one, typed)
    assert refused.status_code == 422
    at = wrong(refused.text)
    assert at == {"variable-2-path": "Say where to look.", "variable-2-regex": "Say what for."}
    typed |= {"variable-2-path": "event.group", "variable-2-regex": "x"}
    refused = save(place, one, typed)
    assert refused.status_code == 422
    at = wrong(refused.text)
    assert at["variable-0-path"].startswith("Variable host, path, column 14: ")
    assert at["variable-1-regex"].startswith("Variable a b, regex, column 1: ")
    assert "must be letters, digits and underscores" in at["variable-1-name"]
    assert at["extraction-0-target"] == "event.nothing is not a field that can be set"
    assert at["extraction-1-source"].startswith("Extraction to event.custom_details.zone, path, column 1: ")
    assert at["call-0-url"].startswith("The address of Ask can't be called")
    assert at["conditions"].startswith("Condition 1, column 23")
    kept = filled(refused.text, "form")
    assert {name: kept[name] for name in typed if name != "mark"} == {
        name: value for name, value in typed.items() if name != "mark"
    }, "what was typed stays"
    assert now(place, one).label == "All\nof it"


def wrong(html: str) -> dict[str, str]:
    found = re.findall(r'id="wrong-([\w-]+)">.*?</svg>(.*?)</span>', html)
    return {name: unescape(text) for name, text in found}


def test_another_row_without_a_script(place: Place, one: Orchestration) -> None:
    browser = place.client("carol")
    typed = opened(place, one) | {"label": "Typed", "variable-2-name": "half"}
    shown = browser.act(f"/rules/{one.id}/global", **typed, do="row-variable")
    assert shown.status_code == 200
    fields = filled(shown.text, "form")
    assert (fields["label"], fields["variable-2-name"], fields["variable-3-name"]) == ("Typed", "half", "")
    assert "variable-4-name" not in fields
    assert now(place, one).label == "All\nof it"
    more = filled(browser.act(f"/rules/{one.id}/global", **fields, do="row-variable").text, "form")
    assert "variable-4-name" in more, "two empty rows if two were asked for"


def test_either_a_text_or_a_pattern(place: Place, one: Orchestration) -> None:
    typed = opened(place, one)
    refused = save(place, one, typed | {"extraction-1-template": "both"})
    assert "not both" in wrong(refused.text)["extraction-1-template"]
    refused = save(place, one, typed | {"extraction-1-source": "", "extraction-1-regex": ""})
    assert "Say what it becomes" in wrong(refused.text)["extraction-1-template"]
    refused = save(place, one, typed | {"extraction-1-source": ""})
    assert "where the pattern is to look" in wrong(refused.text)["extraction-1-source"]
    refused = save(place, one, typed | {"call-1-headers": "no colon"})
    assert "is not written as Name: value" in wrong(refused.text)["call-1-headers"]
    refused = save(place, one, typed | {"severity": "worst"})
    assert wrong(refused.text)["severity"] == "Choose one of the list."


def test_a_dynamic_route(place: Place) -> None:
    one = orchestration(place)
    service = place.services["PaymentsService"][0]
    rules(place, one.id, PathKind.ROUTER, rule(id="first"), rule("event.summary exists", id="pay", route_to=service.id))
    typed = opened(place, one, "first", "router")
    assert save(place, one, typed | {"dynamic_source": "event.source"}, "router").status_code == 422
    refused = save(place, one, typed | {"dynamic_source": "event.", "dynamic_regex": "("}, "router")
    assert set(wrong(refused.text)) == {"dynamic_source", "dynamic_regex"}
    typed |= {"dynamic_source": "event.custom_details.id", "dynamic_regex": "(.*)", "dynamic_lookup": "service_id"}
    assert save(place, one, typed, "router").status_code == 303
    wanted = DynamicRoute(source="event.custom_details.id", regex="(.*)", lookup=Lookup.SERVICE_ID)
    assert now(place, one, PathKind.ROUTER).actions == Actions(dynamic_route=wanted)
    again = opened(place, one, "first", "router")
    assert save(place, one, again | {"label": "By id"}, "router").status_code == 303
    assert now(place, one, PathKind.ROUTER).actions == Actions(dynamic_route=wanted)
    gone = opened(place, one, "first", "router") | {"dynamic_source": "", "dynamic_regex": ""}
    assert save(place, one, gone, "router").status_code == 303
    assert now(place, one, PathKind.ROUTER).actions == Actions()
    second = opened(place, one, "pay", "router") | {"dynamic_source": "event.source", "dynamic_regex": "x"}
    refused = save(place, one, second, "router")
    assert "for the first rule of a router" in wrong(refused.text)["dynamic_source"]


def test_what_is_only_kept_says_so(place: Place, one: Orchestration) -> None:
    html = place.client("carol").get(f"/rules/{one.id}/global?set=start&rule=all").text
    assert "Also kept as a program made it, and not acted upon yet" in html
    listed = place.client("mallory").get(f"/orchestrations/{one.id}").text
    assert listed.count("not acted upon yet") == 1


def test_a_field_of_the_incident_is_chosen_by_its_name(place: Place, one: Orchestration) -> None:
    html = place.client("carol").get(f"/rules/{one.id}/global?set=start&rule=all").text
    (field_id, _), *_ = now(place, one).actions.field_updates
    assert f'<option value="{field_id}" selected>Region</option>' in html
    assert html.count(f'<option value="{field_id}" >Region</option>') == 1, "the empty row offers it too"


def test_rules_of_other_paths_have_their_own_fields(place: Place) -> None:
    one = orchestration(place)
    service = place.services["PaymentsService"][0]
    policy_of(place, "Other", (5, "bob"))
    browser = place.client("carol")
    fields = {
        kind: set(filled(browser.get(f"/rules/{parent}/{kind}?set=start").text, "form"))
        for kind, parent in (("global", one.id), ("router", one.id), ("unrouted", one.id), ("service", service.id))
    }
    assert "dynamic_source" in fields["router"]
    assert not {"variable-0-name", "severity"} & fields["router"]
    assert {"variable-0-name", "extraction-0-target", "severity"} <= fields["unrouted"]
    assert not {"call-0-name", "note", "policy"} & fields["unrouted"]
    assert {"call-0-name", "policy", "note", "update-0-id"} <= fields["service"] & fields["global"]
    assert "conditions" not in filled(browser.get(f"/rules/{one.id}/global?catch_all=1").text, "form")


def test_the_catch_all_has_rows_too(place: Place, one: Orchestration) -> None:
    fields = filled(place.client("carol").get(f"/rules/{one.id}/global?catch_all=1").text, "form")
    typed = fields | {"extraction-0-target": "event.group", "extraction-0-template": "rest", "severity": "info"}
    assert save(place, one, typed).status_code == 303
    wanted = Actions(severity="info", extractions=(Extraction(target="event.group", template="rest"),))
    assert stored(place, one.id, PathKind.GLOBAL).catch_all == wanted


def test_what_was_made_acts(place: Place) -> None:
    one = orchestration(place)
    service = place.services["PaymentsService"][0]
    rules(place, one.id, PathKind.ROUTER, rule(id="r", route_to=service.id))
    fields = filled(place.client("carol").get(f"/rules/{one.id}/global?set=start").text, "form") | {
        "variable-0-name": "host", "variable-0-path": "event.source", "variable-0-regex": "^([a-z]+)",
        "extraction-0-target": "event.summary", "extraction-0-template": "{{variables.host}}: {{event.summary}}",
    }  # fmt: skip
    assert save(place, one, fields).status_code == 303
    event(place, one, source="db-7", summary="slow")
    assert place.incident(1).title == "db: slow"
