"""Before a change of rules is saved it is told in sentences, with what it would have done; nothing is written over."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.web.place import NIGHT, Browser, Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.test_rules import event, orchestration, rule, rules, stored
from tests.web.typed_forms import filled
from tocsin.directory.model import Membership, Role, Team, TeamRole
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import Actions, Orchestration, PathKind, RuleSet
from tocsin.kernel.time import DAY, HOUR
from tocsin.runtime.reads import AlertFilter
from tocsin.web.rules.effects import LOOKED_AT


@pytest.fixture
def one(place: Place) -> Orchestration:
    """Staging is suppressed; payments go to their service; two more rules."""
    made = orchestration(place)
    service = place.services["PaymentsService"][0]
    rules(
        place, made.id, PathKind.GLOBAL,
        rule("event.source matches part 'staging'", id="staging", label="Staging", suppress=True),
        rule("event.class matches 'db'", id="db", label="Databases", severity="warning"),
        rule("event.class matches 'web'", id="web", severity="info"),
    )  # fmt: skip
    rules(place, made.id, PathKind.ROUTER, rule("event.summary matches part 'pay'", id="pay", route_to=service.id))
    return made


def reviewed(browser: Browser, one: Orchestration, kind: str = "global", **fields: str) -> str:
    answer = browser.act(f"/rules/{one.id}/{kind}", set="start", **fields)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def told(html: str) -> list[tuple[str, str, str]]:
    found = re.findall(r"<dt>(.*?)</dt>.*?<del>(.*?)</del>.*?<ins>(.*?)</ins>", html, re.DOTALL)
    return [(words(about), words(was), words(now)) for about, was, now in found]


def changes(html: str) -> list[tuple[str, str, str]]:
    found = re.findall(r'<tr><th scope="row">(.*?)</th><td[^>]*><del>(.*?)</del></td><td[^>]*><ins>(.*?)</ins>', html)
    return [(words(what), words(was), words(now)) for what, was, now in found]


def ids(place: Place, one: Orchestration) -> list[str]:
    return [each.id for each in stored(place, one.id, PathKind.GLOBAL).sets[0].rules]


def test_a_changed_rule_in_sentences(place: Place, one: Orchestration) -> None:
    before = stored(place, one.id, PathKind.GLOBAL)
    html = reviewed(place.client("carol"), one, rule="staging", label="Lab", conditions="", drop="1")
    assert told(html) == [
        ("Rule 1", '“Staging” If source contains "staging": suppress it.', "“Lab” Always: drop it."),
        ("Rule 2", "may act", "never acts: rule 1 before it always acts"),
        ("Rule 3", "may act", "never acts: rule 1 before it always acts"),
        ("Everything else", "may act", "never acts: one of the rules before it always acts"),
    ]
    assert stored(place, one.id, PathKind.GLOBAL) == before, "nothing is saved by looking"


def test_a_new_rule_a_removed_one_and_the_last(place: Place, one: Orchestration) -> None:
    browser = place.client("carol")
    html = reviewed(browser, one, conditions="event.group matches 'x'", severity="error")
    assert told(html) == [("Rule 4", "nothing", 'If group is "x": set the severity to error.')]
    html = reviewed(browser, one, do="delete", rule="db")
    assert told(html) == [("Rule 2", '“Databases” If class is "db": set the severity to warning.', "removed")]
    html = reviewed(browser, one, catch_all="1", severity="info")
    assert told(html) == [
        ("Everything else", "Everything else: leave it as it is.", "Everything else: set the severity to info.")
    ]
    html = reviewed(browser, one, rule="web", conditions="event.class matches 'web'", severity="info", route_to="+")
    assert ("set 1", "nothing", "there") in told(html)
    assert "Nothing: it is already so." in reviewed(
        browser, one, rule="web", conditions="event.class matches 'web'", severity="info"
    )


def test_the_order_and_several_places_at_once(place: Place, one: Orchestration) -> None:
    browser = place.client("carol")
    html = reviewed(browser, one, do="up", rule="web")
    moved = ("The order", '2. Databases, then 3. If class is "web"', '2. If class is "web", then 3. Databases')
    assert told(html) == [moved]
    assert "Move this rule to place 2?" in html
    further = browser.act(f"/rules/{one.id}/global", **filled(html, "review"), do="up").text
    assert "Move this rule to place 1?" in further
    assert 'value="up"' not in further
    assert ids(place, one) == ["staging", "db", "web"]
    browser.act(f"/rules/{one.id}/global", **filled(further, "review"), do="sure-place")
    assert ids(place, one) == ["web", "staging", "db"]


def test_which_of_the_last_events_would_fare_otherwise(place: Place, one: Orchestration) -> None:
    event(place, one, "a", source="staging-1", summary="pay one", severity=Severity.ERROR)
    event(place, one, "b", source="db-1", summary="pay two", severity=Severity.ERROR)
    event(place, one, "c", source="db-2", summary="else", severity=Severity.ERROR)
    alerts = place.desk.reads.alerts(AlertFilter()).items
    browser = place.client("carol")
    html = reviewed(browser, one, do="delete", rule="staging")
    assert "1 of the last 3 would fare otherwise." in html
    assert "pay one" in html
    assert "pay two" not in html
    assert changes(html) == [("It", "is suppressed", "pages")]
    html = reviewed(browser, one, "router", rule="pay", conditions="event.summary matches 'no'", route_to="unrouted")
    assert "2 of the last 3 would fare otherwise." in html
    assert ("Goes to", "PaymentsService", "no service") in changes(html)
    html = reviewed(browser, one, conditions="event.source matches part 'db'", severity="critical")
    assert changes(html) == [("Severity", "error", "critical")] * 2
    html = reviewed(browser, one, rule="db", label="Only its name", conditions="event.class matches 'db'",
                    severity="warning")  # fmt: skip
    assert "All of the last 3 would fare as they did." in html
    assert place.desk.reads.alerts(AlertFilter()).items == alerts
    assert place.desk.reads.memories([f"hits:{one.id}:global:staging"])[f"hits:{one.id}:global:staging"].total == 1


def test_each_event_is_tried_at_its_own_time_and_not_too_many(place: Place, one: Orchestration) -> None:
    for number in range(LOOKED_AT + 3):
        event(place, one, f"k{number}", summary="pay", severity=Severity.ERROR)
    at_night = "now in Tue 02:14:00 to 02:15:00 Etc/UTC"
    place.desk.clock.moment = NIGHT + 5 * HOUR
    html = reviewed(place.client("carol"), one, conditions=at_night, suppress="1")
    assert f"{LOOKED_AT} of the last {LOOKED_AT} would fare otherwise." in html


def test_a_path_of_very_many_rules_is_tried_on_fewer_events(place: Place, one: Orchestration) -> None:
    for number in range(LOOKED_AT):
        event(place, one, f"k{number}", summary="pay", severity=Severity.ERROR)
    many = [rule(f"event.class matches 'c{number}'", id=f"r{number}", severity="info") for number in range(1000)]
    rules(place, one.id, PathKind.GLOBAL, *many)
    html = reviewed(place.client("carol"), one, rule="r5", conditions="", suppress="1")
    assert "5 of the last 5 would fare otherwise." in html


def test_a_services_own_rules_are_tried_on_what_came_to_it(place: Place, one: Orchestration) -> None:
    service = place.services["PaymentsService"][0]
    event(place, one, "a", summary="pay", severity=Severity.ERROR)
    event(place, one, "b", summary="else", severity=Severity.ERROR)
    place.alarm("PaymentsService", "c", "own")
    answer = place.client("carol").act(f"/rules/{service.id}/service", set="start", conditions="", suppress="1")
    assert "2 of the last 2 would fare otherwise." in answer.text


def test_somebody_else_changed_the_path_in_between(place: Place, one: Orchestration) -> None:
    browser, other = place.client("carol"), place.client("erin")
    html = reviewed(browser, one, rule="staging", label="Mine", conditions="event.source exists", drop="1")
    place.desk.clock.moment += HOUR
    other.confirm(f"/rules/{one.id}/global", set="start", rule="web", do="delete")
    refused = browser.act(f"/rules/{one.id}/global", **filled(html, "review"), do="sure-save")
    assert refused.status_code == 409
    assert "Somebody has changed these rules since you looked." in refused.text
    assert ids(place, one) == ["staging", "db"]
    assert stored(place, one.id, PathKind.GLOBAL).sets[0].rules[0].label == "Staging"
    assert filled(refused.text, "review")["label"] == "Mine"
    assert browser.act(f"/rules/{one.id}/global", **filled(refused.text, "review"), do="sure-save").status_code == 303
    assert [each.label for each in stored(place, one.id, PathKind.GLOBAL).sets[0].rules] == ["Mine", "Databases"]


def test_somebody_else_changed_or_removed_the_same_rule(place: Place, one: Orchestration) -> None:
    browser, other = place.client("carol"), place.client("erin")
    form = filled(browser.get(f"/rules/{one.id}/global?set=start&rule=staging").text, "form") | {"label": "Mine"}
    html = browser.act(f"/rules/{one.id}/global", **form).text
    other.confirm(f"/rules/{one.id}/global", set="start", rule="staging", label="Theirs", conditions="", drop="1")
    refused = browser.act(f"/rules/{one.id}/global", **filled(html, "review"), do="sure-save")
    assert refused.status_code == 409
    assert "Somebody has changed this rule since you opened it." in refused.text
    assert filled(refused.text, "form")["label"] == "Mine"
    other.confirm(f"/rules/{one.id}/global", set="start", rule="staging", do="delete")
    gone = browser.act(f"/rules/{one.id}/global", **filled(refused.text, "form"))
    assert gone.status_code == 409
    assert "Somebody has removed this rule" in gone.text
    again = filled(gone.text, "form")
    assert (again["label"], again["rule"]) == ("Mine", "")
    assert browser.confirm(f"/rules/{one.id}/global", **again).status_code == 303
    assert [each.label for each in stored(place, one.id, PathKind.GLOBAL).sets[0].rules] == ["Databases", "", "Mine"]


@pytest.mark.parametrize("do", ["sure-delete", "sure-place", "sure-off"])
def test_nothing_is_done_by_who_has_not_looked(place: Place, one: Orchestration, do: str) -> None:
    before = stored(place, one.id, PathKind.GLOBAL)
    for seen in ("", "1", "x"):
        answer = place.client("carol").act(f"/rules/{one.id}/global", set="start", rule="web", do=do, seen=seen)
        assert answer.status_code == 409
    assert stored(place, one.id, PathKind.GLOBAL) == before


def test_change_more_goes_back_with_what_was_typed(place: Place, one: Orchestration) -> None:
    browser = place.client("carol")
    html = reviewed(browser, one, rule="staging", label="Mine", conditions="event.source exists", note="a\nb")
    form = filled(browser.act(f"/rules/{one.id}/global", **filled(html, "review"), do="again").text, "form")
    assert (form["label"], form["conditions"], form["note"]) == ("Mine", "event.source exists", "a\nb")


def test_what_goes_to_another_team_is_not_shown(place: Place, one: Orchestration) -> None:
    other: Team = place.desk.save(Team(id="", name="Shop"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=other.id, user_id=rita.id, role=TeamRole.MANAGER))
    place.desk.save(replace(one, team_id=other.id), "team_id")
    event(place, one, "a", source="staging-1", summary="pay SECRET", severity=Severity.ERROR)
    html = reviewed(place.client("rita"), one, conditions="", rule="db", severity="critical")
    for secret in ("SECRET", "PaymentsService"):
        assert secret not in html
    html = reviewed(place.client("rita"), one, "router", rule="pay", conditions="event.source exists",
                    route_to="unrouted")  # fmt: skip
    assert ("Goes to", "a service of another team", "no service") in changes(html)
    assert "SECRET" not in html


def test_who_may_not_edit_sees_no_review(place: Place, one: Orchestration) -> None:
    for who in ("alice", "mallory"):
        for do in ("delete", "up", "off", "again", "row-variable", "sure-delete"):
            answer = place.client(who).act(f"/rules/{one.id}/global", set="start", rule="web", do=do)
            assert answer.status_code == 403, (who, do)


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_a_review(place: Place, one: Orchestration, text: str) -> None:
    quoted = text.replace("\\", "").replace("'", "").replace("\x00", "").replace("\n", " ")
    label = "".join(letter for letter in text if letter.isprintable())[:250]
    event(place, one, "a", summary=f"pay {quoted}", source=quoted or "x", severity=Severity.ERROR)
    odd = {"variable-0-name": "x", "variable-0-path": "event.source", "variable-0-regex": "(.*)", "note": text}
    answer = place.client("carol").act(
        f"/rules/{one.id}/global", set="start", rule="staging", label=label, conditions="", **odd
    )
    assert answer.status_code == 200
    found = shape(answer.text)
    assert found.running == []
    assert found.tags["img"] == 0


def test_hits_are_of_the_last_thirty_days(place: Place, one: Orchestration) -> None:
    key = f"hits:{one.id}:router:pay"
    for day in range(40):
        place.desk.clock.moment = NIGHT + day * DAY
        place.desk.receive(_event(place, one, f"k{day}"))
    memory = place.desk.reads.memories([key])[key]
    assert (memory.total, len(memory.buckets)) == (40, 30)
    html = place.client("mallory").get(f"/orchestrations/{one.id}").text
    assert "30 times in 30 days, last 0 s ago" in words(html)
    place.desk.clock.moment += 29 * DAY
    assert "1 time in 30 days, last 29 d ago" in words(place.client("mallory").get(f"/orchestrations/{one.id}").text)
    place.desk.clock.moment += DAY
    html = words(place.client("mallory").get(f"/orchestrations/{one.id}").text)
    assert "last 30 d ago" in html
    assert "in 30 days, last" not in html


def _event(place: Place, one: Orchestration, key: str) -> Event:
    (entrance,) = place.desk.config().keys_of[one.id]
    return Event(action=Action.TRIGGER, integration_id=entrance.id, dedup_key=key, received_at=place.desk.clock.now(),
                 summary="pay", source="db-1")  # fmt: skip


def test_sets_are_told_apart(place: Place, one: Orchestration) -> None:
    rules(
        place, one.id, PathKind.GLOBAL, rule("event.class exists", id="go", route_to="more"),
        sets=(RuleSet(id="more", rules=(rule("event.group exists", id="in", severity="info"),)),),
    )  # fmt: skip
    answer = place.client("carol").act(f"/rules/{one.id}/global", set="more", rule="in", conditions="", severity="info")
    assert told(answer.text) == [
        ("Rule 1 of set more", "If group is present: set the severity to info.", "Always: set the severity to info.")
    ]
    assert stored(place, one.id, PathKind.GLOBAL).catch_all == Actions()
