"""Rules are read as sentences, changed by forms that keep what was typed, and say when they can never act."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tests.web.place import NIGHT, Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.directory.model import Membership, Role, Team, TeamRole
from tocsin.events.model import Action, Event
from tocsin.events.orchestration import (
    Actions,
    CacheKind,
    CacheVariable,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
    path_id,
)


def rule(*conditions: str, id: str = "", label: str = "", disabled: bool = False, **actions: Any) -> OrchestrationRule:
    return OrchestrationRule(id=id, label=label, conditions=conditions, disabled=disabled, actions=Actions(**actions))


def orchestration(place: Place, name: str = "Everything", team: Team | None = None) -> Orchestration:
    saved: Orchestration = place.desk.save(Orchestration(id="", name=name, team_id=(team or place.team).id))
    return saved


def rules(place: Place, parent: str, kind: PathKind, *every: OrchestrationRule, **more: Any) -> OrchestrationPath:
    sets = (RuleSet(id="start", rules=every), *more.pop("sets", ()))
    known = path_id(parent, kind) in place.desk.config().orchestration_paths
    path = OrchestrationPath(parent_id=parent, kind=kind, sets=sets, **more)
    saved: OrchestrationPath = place.desk.save(path, *(("sets", "catch_all") if known else ()))
    return saved


def stored(place: Place, parent: str, kind: PathKind) -> OrchestrationPath:
    return place.desk.config().orchestration_paths[path_id(parent, kind)]


@pytest.fixture
def everything(place: Place) -> Orchestration:
    """Staging is suppressed, what is about payments goes to its service, that raises what says so to critical."""
    one = orchestration(place)
    service = place.services["PaymentsService"][0]
    staging = rule(
        "event.source matches part 'staging'", id="staging", label="Nobody is paged for staging", suppress=True
    )
    rules(place, one.id, PathKind.GLOBAL, staging)
    rules(place, one.id, PathKind.ROUTER, rule("event.summary matches part 'pay'", id="pay", route_to=service.id))
    rules(place, service.id, PathKind.SERVICE, rule("event.group matches 'core'", id="core", severity="critical"))
    return one


def page(place: Place, one: Orchestration, who: str = "erin") -> str:
    return place.client(who).get(f"/orchestrations/{one.id}").text


def sentences(html: str) -> list[str]:
    found = re.findall(r'<p dir="auto"><span class="when">(.*?)</p>', html, re.DOTALL)
    return [unescape(re.sub("<[^>]*>", "", one)) for one in found]


def event(place: Place, one: Orchestration, dedup_key: str = "k", **more: Any) -> int:
    (key,) = place.desk.config().keys_of[one.id]
    values: dict[str, Any] = {"action": Action.TRIGGER, "summary": "Payments fail", "source": "db-1"} | more
    return place.desk.receive(Event(integration_id=key.id, dedup_key=dedup_key, received_at=NIGHT, **values))


def test_rules_are_sentences(place: Place, everything: Orchestration) -> None:
    assert sentences(page(place, everything)) == [
        'If source contains "staging": suppress it.',
        "Everything else: leave it as it is.",
        'If summary contains "pay": send to PaymentsService.',
        "Everything else: send to no service.",
        "Everything: leave it as it is.",
        'If group is "core": set the severity to critical.',
        "Everything else: leave it as it is.",
    ]


def test_the_list_names_team_services_keys_and_rules(place: Place, everything: Orchestration) -> None:
    row = words(re.findall(r'<div class="row orchestration-row" id=.*?</div>', _list(place), re.DOTALL)[0])
    assert row == "Everything Payments PaymentsService 1 2"


def _list(place: Place) -> str:
    return place.client("erin").get("/orchestrations").text


def test_a_rule_says_how_often_it_acted_and_when_last(place: Place, everything: Orchestration) -> None:
    event(place, everything, "a")
    event(place, everything, "b")
    place.desk.clock.moment += 3_600_000_000
    html = words(page(place, everything))
    assert html.count("2 times in 30 days, last 1 h ago") == 3, "the router's rule, and twice everything else"
    assert "not in 30 days" in html


def test_why_a_rule_never_acts(place: Place) -> None:
    one = orchestration(place)
    rules(
        place,
        one.id,
        PathKind.GLOBAL,
        rule(id="off", disabled=True, route_to="b"),
        rule("1 == 2", id="false", suppress=True),
        rule(id="always", route_to="a"),
        rule("event.summary exists", id="late"),
        sets=(RuleSet(id="a", rules=(rule(id="in-a"),)), RuleSet(id="b", rules=(rule(id="in-b"),))),
    )
    html = page(place, one)
    found = {
        name: words(why[0]) if (why := re.findall(r'<p class="why-never">(.*?)</p>', text, re.DOTALL)) else ""
        for name, text in re.findall(r'<li class="rule [^"]*" id="rule-([^"]*)">(.*?)</li>', html, re.DOTALL)
    }
    assert found == {
        "off": "Switched off",
        "false": "Never acts: its condition is never true",
        "always": "",
        "late": "Never acts: rule 3 before it always acts",
        "in-a": "",
        "in-b": "Never acts: only rules that never act lead to this set",
    }
    assert "Never acts: one of the rules before it always acts" in words(html), "the catch-all"


FIELDS = {"label": "Databases", "conditions": "event.summary matches part 'db'\n\nevent.class matches 'db'"}


def test_a_rule_is_added_changed_and_removed(place: Place, everything: Orchestration) -> None:
    browser, address = place.client("carol"), f"/rules/{everything.id}/global"
    assert "Add a rule" in browser.get(f"{address}?set=start").text
    answer = browser.confirm(address, set="start", do="save", suspend="1.5", severity="warning", note="Look", **FIELDS)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/orchestrations/{everything.id}#path-global"
    made = stored(place, everything.id, PathKind.GLOBAL).sets[0].rules[1]
    assert made.conditions == ("event.summary matches part 'db'", "event.class matches 'db'")
    assert made.actions == Actions(suspend_seconds=90, severity="warning", note="Look")
    form = browser.get(f"{address}?set=start&rule={made.id}").text
    assert 'value="1.5"' in form
    assert "summary contains &#34;db&#34;" in form
    browser.confirm(address, set="start", rule=made.id, do="save", label="Other", conditions="", suppress="1")
    changed = stored(place, everything.id, PathKind.GLOBAL).sets[0].rules[1]
    assert (changed.id, changed.label, changed.conditions, changed.actions) == (
        made.id,
        "Other",
        (),
        Actions(suppress=True),
    )
    browser.confirm(address, set="start", rule=made.id, do="up")
    assert [one.id for one in stored(place, everything.id, PathKind.GLOBAL).sets[0].rules] == [made.id, "staging"]
    browser.confirm(address, set="start", rule=made.id, do="down")
    browser.confirm(address, set="start", rule=made.id, do="delete")
    assert [one.id for one in stored(place, everything.id, PathKind.GLOBAL).sets[0].rules] == ["staging"]


def test_what_the_engine_refuses_stands_at_the_field_and_the_text_is_kept(
    place: Place, everything: Orchestration
) -> None:
    typed = {"label": "Mine", "conditions": "event.summary matches nonsense (", "suspend": "99999999"}
    answer = place.client("erin").confirm(f"/rules/{everything.id}/global", set="start", do="save", **typed)
    assert answer.status_code == 422
    at = dict(re.findall(r'id="wrong-(\w+)">.*?</svg>(.*?)</span>', answer.text))
    assert at["conditions"].startswith("Condition 1, column 2")
    assert at["suspend"] == "Suspend must be between 1 and 604800 seconds"
    assert "event.summary matches nonsense (</textarea>" in answer.text
    assert 'value="Mine"' in answer.text
    assert len(stored(place, everything.id, PathKind.GLOBAL).sets[0].rules) == 1
    words_for_number = place.client("erin").confirm(
        f"/rules/{everything.id}/global", do="save", conditions="", suspend="x"
    )
    assert "It is a number of minutes" in words_for_number.text


def test_a_rule_may_lead_to_a_new_set(place: Place, everything: Orchestration) -> None:
    browser, address = place.client("erin"), f"/rules/{everything.id}/global"
    browser.confirm(address, set="start", rule="staging", do="save", conditions="", route_to="+")
    path = stored(place, everything.id, PathKind.GLOBAL)
    assert [one.id for one in path.sets] == ["start", "1"]
    assert path.sets[0].rules[0].actions.route_to == "1"
    browser.confirm(address, set="1", do="save", conditions="", drop="1")
    assert "continue with set 1" in page(place, everything)
    assert browser.confirm(address, set="1", do="delete-set").status_code == 409, "it has a rule"
    browser.confirm(
        address, set="1", rule=stored(place, everything.id, PathKind.GLOBAL).sets[1].rules[0].id, do="delete"
    )
    assert browser.confirm(address, set="1", do="delete-set").status_code == 422, "a rule leads there"
    browser.confirm(address, set="start", rule="staging", do="save", conditions="", route_to="")
    assert browser.confirm(address, set="1", do="delete-set").status_code == 303


def test_the_last_rule_of_the_router(place: Place, everything: Orchestration) -> None:
    service = place.services["PaymentsService"][0]
    browser = place.client("erin")
    assert "Everything else" in browser.get(f"/rules/{everything.id}/router?catch_all=1").text
    browser.confirm(f"/rules/{everything.id}/router", catch_all="1", do="save", route_to=service.id)
    assert stored(place, everything.id, PathKind.ROUTER).catch_all == Actions(route_to=service.id)


def test_what_the_form_has_no_field_for_stays(place: Place, everything: Orchestration) -> None:
    address = f"/rules/{everything.id}/global"
    odd = rule(id="staging", wire='{"kept": 1}', event_action="resolve")
    path = stored(place, everything.id, PathKind.GLOBAL)
    place.desk.save(
        OrchestrationPath(parent_id=path.parent_id, kind=path.kind, sets=(RuleSet(id="start", rules=(odd,)),)), "sets"
    )
    typed = {"conditions": "", "event_action": "resolve", "label": "Odd"}
    place.client("erin").confirm(address, set="start", rule="staging", do="save", **typed)
    assert stored(place, everything.id, PathKind.GLOBAL).sets[0].rules[0] == replace(odd, label="Odd")


def test_nobody_writes_over_what_somebody_else_has_changed(place: Place, everything: Orchestration) -> None:
    address = f"/rules/{everything.id}/global"
    opened = place.client("erin").get(f"{address}?set=start&rule=staging").text
    mark = re.findall(r'name="mark" value="(\w+)"', opened)[0]
    place.client("carol").confirm(address, set="start", rule="staging", do="save", conditions="", label="Carol's")
    refused = place.client("erin").act(address, set="start", rule="staging", mark=mark, conditions="", label="Erin's")
    assert refused.status_code == 409
    assert "Somebody has changed this rule" in refused.text
    assert 'value="Erin&#39;s"' in refused.text
    again = re.findall(r'name="mark" value="(\w+)"', refused.text)[0]
    place.client("erin").confirm(address, set="start", rule="staging", mark=again, conditions="", label="Erin's")
    assert stored(place, everything.id, PathKind.GLOBAL).sets[0].rules[0].label == "Erin's"


def test_a_services_own_rules(place: Place, everything: Orchestration) -> None:
    service = place.services["PaymentsService"][0]
    browser = place.client("carol")
    assert f'href="/services/{service.id}/rules"' in browser.get("/services").text
    html = browser.get(f"/services/{service.id}/rules").text
    assert 'If group is "core": set the severity to critical.' in sentences(html)
    assert "Everything</bdi></a>, whose rules they have passed" in html
    browser.confirm(f"/rules/{service.id}/service", do="off")
    assert not stored(place, service.id, PathKind.SERVICE).active
    assert "switched off: none of these acts" in browser.get(f"/services/{service.id}/rules").text


def test_what_rules_remember_is_told(place: Place, everything: Orchestration) -> None:
    when = ("event.source matches 'db'",)
    place.desk.save(
        CacheVariable(
            id="", parent_id=everything.id, of_service=False, name="many", kind=CacheKind.TRIGGER_EVENT_COUNT,
            conditions=when, ttl_seconds=300,
        )
    )  # fmt: skip
    service = place.services["PaymentsService"][0]
    place.desk.save(
        CacheVariable(
            id="", parent_id=service.id, of_service=True, name="host", kind=CacheKind.RECENT_VALUE, disabled=True,
            source="event.source", regex="(.*)",
        )
    )  # fmt: skip
    assert 'many how many alarms came within 5 min of events where source is "db"' in words(page(place, everything))
    own = words(place.client("mallory").get(f"/services/{service.id}/rules").text)
    assert "host the newest text that the pattern “(.*)” found in source switched off" in own


def test_who_may_not_edit_sees_no_button_and_no_key(place: Place, everything: Orchestration) -> None:
    (key,) = place.desk.config().keys_of[everything.id]
    assert key.key in page(place, everything, "carol")
    for who in ("alice", "mallory"):
        html = page(place, everything, who)
        assert key.key not in html
        for button in ("Change", "Add a rule", "Remove", "Make a key", "↑"):
            assert button not in html, (who, button)
        browser = place.client(who)
        assert browser.get(f"/rules/{everything.id}/global?set=start").status_code == 404
        assert (
            browser.confirm(f"/rules/{everything.id}/global", set="start", do="save", conditions="").status_code == 403
        )
        assert browser.act(f"/orchestrations/{everything.id}/key-add", name="x").status_code == 403
        assert browser.act("/orchestrations", name="Mine").status_code == 403
    assert len(stored(place, everything.id, PathKind.GLOBAL).sets[0].rules) == 1


def test_who_may_not_read_finds_nothing(place: Place, everything: Orchestration) -> None:
    place.person("rita", Role.RESTRICTED)
    browser = place.client("rita")
    service = place.services["PaymentsService"][0]
    assert "Everything" not in browser.get("/orchestrations").text
    for path in (f"/orchestrations/{everything.id}", f"/services/{service.id}/rules", f"/rules/{everything.id}/global"):
        assert browser.get(path).status_code == 404, path
    for path in (f"/orchestrations/{everything.id}/try", f"/rules/{everything.id}/global"):
        assert browser.act(path, event="{}").status_code == 404, path


def test_services_of_other_teams_are_not_named(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Shop"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=other.id, user_id=rita.id, role=TeamRole.MANAGER))
    shared, service = orchestration(place, "Shared", other), place.services["PaymentsService"][0]
    rules(place, shared.id, PathKind.ROUTER, rule("event.summary exists", route_to=service.id))
    rules(place, service.id, PathKind.SERVICE, rule(id="own", label="Not for Rita", suppress=True))
    browser = place.client("rita")
    html = browser.get(f"/orchestrations/{shared.id}").text
    assert "send to a service of another team." in html.replace('<span class="does">', "").replace("</span>", "")
    said = '{"summary": "x", "source": "y", "severity": "error"}'
    tried = browser.act(f"/orchestrations/{shared.id}/try", event=said).text
    assert "a service of another team" in tried
    for shown in (html, tried, browser.get("/orchestrations").text):
        for secret in ("PaymentsService", "Not for Rita", "policy Payments", "Alice"):
            assert secret not in shown, secret
    address = f"/rules/{shared.id}/router"
    assert "a service of another team" in browser.get(f"{address}?set=start&rule={_first(place, shared)}").text
    refused = browser.confirm(address, set="start", conditions="", route_to=place.services["PaymentsService"][0].id)
    assert refused.status_code == 303, "it leads there already"
    place.service("Ledger", place.policy)
    refused = browser.confirm(address, set="start", conditions="", route_to=place.services["Ledger"][0].id)
    assert refused.status_code == 403, "nobody sends alarms to where they may raise none"


def _first(place: Place, one: Orchestration) -> str:
    return stored(place, one.id, PathKind.ROUTER).sets[0].rules[0].id


def test_an_orchestration_is_made_renamed_given_a_key_and_removed(place: Place) -> None:
    browser = place.client("carol")
    made = browser.act("/orchestrations", name="New", team=place.team.id)
    address = made.headers["location"]
    browser.act(f"{address}/about-save", name="Newer", team=place.team.id, description="Text")
    browser.act(f"{address}/key-add", name="Prometheus")
    (one,) = place.desk.config().orchestrations.values()
    names = [key.name for key in place.desk.config().keys_of[one.id]]
    assert (one.name, one.description, sorted(names)) == ("Newer", "Text", ["New Default Integration", "Prometheus"])
    key: OrchestrationKey = place.desk.config().keys_of[one.id][0]
    browser.act(f"{address}/key-remove", id=key.id)
    assert len(place.desk.config().keys_of[one.id]) == 1
    assert browser.act(f"{address}/about-remove", typed="New").status_code == 422
    assert browser.act(f"{address}/about-remove", typed="Newer").status_code == 303
    assert not place.desk.config().orchestrations
    twice = orchestration(place, "Taken")
    refused = browser.act("/orchestrations", name=twice.name, team=place.team.id)
    assert "Name has already been taken" in refused.text
    assert 'value="Taken"' in refused.text


def printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:250].strip()


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_rules(place: Place, text: str) -> None:
    one: Orchestration = place.desk.save(Orchestration(id="", name=printable(text), description=text))
    quoted = text.replace("\\", "").replace("'", "").replace("\x00", "")
    odd = rule(f"event.summary matches '{quoted}'", id="odd", label=printable(text), note=text, route_to="")
    path = OrchestrationPath(parent_id=one.id, kind=PathKind.GLOBAL, sets=(RuleSet(id="start", rules=(odd,)),))
    place.desk.save(path)
    browser = place.client("erin")
    for address in (f"/orchestrations/{one.id}", "/orchestrations", f"/rules/{one.id}/global?set=start&rule=odd"):
        html = browser.get(address).text
        found = shape(html)
        assert found.running == [], address
        assert found.tags["script"] == html.count('<script defer src="/static/'), address
        assert found.tags["img"] == 0
    again = browser.act(f"/rules/{one.id}/global", set="start", label=text, conditions=f"(((  {text}", note=text)
    assert again.status_code == 422
    assert shape(again.text).running == []
