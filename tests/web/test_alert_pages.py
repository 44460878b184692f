"""Alerts and events: filters with an address, today's rules on yesterday's event, a rule that begins with an event."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.place import Browser, Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import next_page, words
from tocsin.directory.model import Role
from tocsin.engine.things import DeleteThing
from tocsin.events import pcl
from tocsin.events.evaluate import fields_of
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import PathKind, path_id
from tocsin.incidents.messages import Acknowledge, Merge
from tocsin.incidents.model import Status
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import MINUTE
from tocsin.testing.rules import quiet
from tocsin.web import alerts
from tocsin.web.rules.draft import condition

NOISY = "Disk on 'db-1' is \\\\ full"


@pytest.fixture
def noisy(place: Place) -> Place:
    """Three alerts: one open and critical, one over and a warning, one that staging's rule keeps back."""
    place.service("Search", place.policy)
    service = place.services["PaymentsService"][0]
    place.desk.save(quiet(service.id, "event.source matches part 'staging'", "Staging never pages"))
    place.alarm("PaymentsService", "disk", NOISY, source="db-1", component="ledger")
    place.desk.advance(MINUTE)
    place.alarm("Search", "slow", "Search is slow", severity=Severity.WARNING, source="search-1")
    place.alarm("Search", "slow", "Search is slow", Action.RESOLVE)
    place.desk.advance(MINUTE)
    place.alarm("PaymentsService", "staging", "Staging fails", source="staging-2", severity=None)
    return place


def summaries(browser: Browser, path: str) -> list[str]:
    """What the alerts of a list are called."""
    found = re.findall(r'<a class="title" href="/alerts/[^"]+"><bdi>([^<]*)</bdi>', browser.get(path).text)
    return [unescape(one) for one in found]


def seqs(browser: Browser, path: str) -> list[int]:
    """The numbers of the events of a list."""
    return [int(one) for one in re.findall(r'id="e-(\d+)"', browser.get(path).text)]


def test_filters_are_offered_where_something_can_be_filtered(place: Place) -> None:
    browser = place.client("alice")
    for path in ("/alerts", "/alerts?tab=events", "/alerts?tab=suppressed"):
        assert "data-filters" not in browser.get(path).text, path
    assert "data-filters" in browser.get("/alerts?state=open").text, "to be taken back"
    assert "data-filters" in browser.get("/alerts?since=yesterday").text, "to be written otherwise"
    place.alarm("PaymentsService", "k", "Payments fail")
    assert "data-filters" in browser.get("/alerts").text
    assert "data-filters" in browser.get("/alerts?tab=events").text


def test_each_filter_of_alerts_finds_what_it_says(noisy: Place) -> None:
    browser = noisy.client("alice")
    search, integration = noisy.services["Search"]
    asked = {
        "": ["Staging fails", "Search is slow", NOISY],
        "?state=open": ["Staging fails", NOISY],
        "?state=resolved": ["Search is slow"],
        "?state=held": ["Staging fails"],
        "?severity=warning": ["Search is slow"],
        "?severity=none": ["Staging fails"],
        f"?service={search.id}": ["Search is slow"],
        f"?source={integration.id}": ["Search is slow"],
        "?q=SLOW+search": ["Search is slow"],
        "?q=db-1": [NOISY],
        "?since=2026-01-06T02:16": ["Staging fails"],
        "?until=2026-01-06T02:15": [NOISY],
        "?q=nowhere": [],
    }
    for query, found in asked.items():
        assert summaries(browser, f"/alerts{query}") == found, query
    assert "No alert matches." in words(browser.get("/alerts?q=nowhere").text)
    assert "Since is a time like" in words(browser.get("/alerts?since=soon").text)


def test_each_filter_of_events_finds_what_it_says(noisy: Place) -> None:
    browser = noisy.client("alice")
    search, integration = noisy.services["Search"]
    asked = {
        "?tab=events": [4, 3, 2, 1],
        "?tab=events&outcome=resolved": [3],
        f"?tab=events&service={search.id}": [3, 2],
        f"?tab=events&source={integration.id}&outcome=opened": [2],
        "?tab=events&since=2026-01-06T02:16": [4],
        "?tab=events&until=2026-01-06T02:15": [1],
        "?tab=suppressed": [4],
        f"?tab=suppressed&service={search.id}": [],
        "?tab=events&before=3": [2, 1],
        "?tab=events&service=PNONE": [],
    }
    for query, found in asked.items():
        assert seqs(browser, f"/alerts{query}") == found, query


def test_lists_have_pages_both_ways(noisy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PER_PAGE", 2)
    browser = noisy.client("alice")
    second = next_page(browser.get("/alerts").text)
    assert summaries(browser, second) == [NOISY]
    assert summaries(browser, next_page(browser.get(second).text, "prev")) == ["Staging fails", "Search is slow"]
    second = next_page(browser.get("/alerts?tab=events").text)
    assert seqs(browser, second) == [2, 1]
    for odd in ("x", "-1", "9" * 40, "1.2.3", "."):
        assert browser.get(f"/alerts?after={odd}").status_code == 200
        assert browser.get(f"/alerts?tab=events&before={odd}").status_code == 200


def test_a_search_leads_further_back(noisy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "LOOKED_THROUGH", 2)
    browser, integration = noisy.client("alice"), noisy.services["PaymentsService"][1]
    html = browser.get(f"/alerts?tab=events&source={integration.id}&outcome=opened").text
    assert "No event matches so far." in words(html)
    further = re.search(r'<a href="([^"]+)">Look further back', html)
    assert further is not None
    assert seqs(browser, unescape(further[1])) == [1]


def test_todays_rules_on_an_event_that_came(noisy: Place) -> None:
    """What happened stands beside what would happen now, and nothing is stored."""
    browser = noisy.client("alice")
    page = words(browser.get("/alerts/events/4").text)
    assert "What happened Suppressed" in page
    assert "What would happen now Suppressed" in page
    assert "Today’s rules would do the same." in page
    assert "Staging never pages : suppress it" in page
    service = noisy.services["PaymentsService"][0]
    noisy.desk.run(SYSTEM, DeleteThing(thing_kind="orchestration_path", thing_id=path_id(service.id, PathKind.SERVICE)))
    page = words(browser.get("/alerts/events/4").text)
    assert "What happened Suppressed" in page
    assert "What would happen now Pages" in page
    assert "Today’s rules would decide otherwise." in page
    assert noisy.desk.reads.outcome(5) is None


def test_a_rule_begins_with_what_the_event_says(noisy: Place) -> None:
    browser, service = noisy.client("carol"), noisy.services["PaymentsService"][0]
    html = browser.get("/alerts/events/1").text
    link = f"/rules/{service.id}/service?set=start&event=1"
    assert f'href="{link.replace("&", "&amp;")}"' in html
    form = browser.get(link).text
    text = unescape(form.partition('name="conditions"')[2].partition(">")[2].partition("</textarea>")[0]).strip()
    assert text == (
        "event.summary matches part 'Disk on \\'db-1\\' is \\\\\\\\ full' and event.source matches 'db-1'"
        " and event.component matches 'ledger'"
    )
    assert "checked" not in form.partition('name="suppress"')[2][:30]
    saved = browser.confirm(link.partition("?")[0], set="start", conditions=text, suppress="1", label="Disks")
    assert saved.status_code == 303
    noisy.alarm("PaymentsService", "disk-2", NOISY, source="db-1", component="ledger")
    assert "suppressed by the rule “Disks”" in words(browser.get("/alerts?tab=suppressed").text)


def test_noise_is_a_rule_that_is_looked_at_before_it_is_saved(noisy: Place) -> None:
    browser, service = noisy.client("carol"), noisy.services["PaymentsService"][0]
    form = browser.get(f"/rules/{service.id}/service?set=start&event=1&as=noise").text
    assert "checked" in form.partition('name="suppress"')[2][:30]
    assert "Noise: Disk on" in unescape(form)
    assert not noisy.desk.config().orchestration_paths[path_id(service.id, PathKind.SERVICE)].sets[0].rules[1:]


def test_who_is_offered_a_rule(noisy: Place) -> None:
    for who, offered in (("carol", True), ("erin", True), ("alice", False), ("mallory", False)):
        assert ("Mark as noise" in noisy.client(who).get("/alerts/events/1").text) is offered, who
    # An event of another service fills nothing in.
    service = noisy.services["PaymentsService"][0]
    form = noisy.client("carol").get(f"/rules/{service.id}/service?set=start&event=2").text
    assert "Search is slow" not in form
    for odd in ("x", "99", "-1", "9" * 30):
        assert noisy.client("carol").get(f"/rules/{service.id}/service?set=start&event={odd}").status_code == 200


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.text("'\\\\ ab\n", max_size=80)


@given(texts, texts, texts, texts)
def test_the_condition_holds_for_the_event_that_it_was_made_from(
    said: str, source: str, component: str, kind: str
) -> None:
    event = Event(
        action=Action.TRIGGER, integration_id="PI1", dedup_key="k", received_at=1, summary=said, source=source,
        component=component, event_class=kind,
    )  # fmt: skip
    text = condition(event)
    assert "\n" not in text
    if text:
        assert pcl.compile(text).holds(pcl.Scene(fields_of(event), now=event.received_at))


def joined(place: Place) -> None:
    """Two alerts in incident 1, a third in incident 3."""
    for key in ("one", "two", "three"):
        place.alarm("PaymentsService", key, f"Problem {key}")
    place.desk.run(place.as_("alice"), Merge(incident_id=place.incident(1).id, source_ids=(place.incident(2).id,)))


def alert_of(place: Place, key: str) -> Any:
    integration = place.services["PaymentsService"][1]
    return next(
        one
        for one in place.desk.reads.alerts_of(place.incident(1).id).items
        if (one.scope, one.dedup_key) == (integration.id, key)
    )


def test_an_alert_is_moved_and_moved_back(place: Place) -> None:
    joined(place)
    browser, alert = place.client("alice"), alert_of(place, "two")
    page = words(browser.get(f"/alerts/{alert.id}").text)
    assert "Problem two" in page
    assert "#1" in page
    answer = browser.act(f"/alerts/{alert.id}/move", into="#3")
    assert answer.headers["location"] == f"/alerts/{alert.id}"
    assert (place.incident(1).alert_count, place.incident(3).alert_count) == (1, 2)
    html = browser.get(f"/alerts/{alert.id}").text
    assert "Moved. Both timelines say so." in words(html)
    undo = html.partition("data-undo")[2].partition("</form>")[0]
    assert 'name="into" value="1"' in undo
    browser.act(f"/alerts/{alert.id}/move", into="1")
    assert (place.incident(1).alert_count, place.incident(3).alert_count) == (2, 1)


def test_an_alert_is_split_off(place: Place) -> None:
    joined(place)
    browser, alert = place.client("alice"), alert_of(place, "two")
    place.desk.run(place.as_("alice"), Acknowledge(incident_id=place.incident(1).id))
    answer = browser.act(f"/alerts/{alert.id}/split")
    assert answer.headers["location"] == "/incidents/4"
    assert (place.incident(1).alert_count, place.incident(4).alert_count) == (1, 1)
    assert place.incident(4).status is Status.TRIGGERED
    assert "split from #1" in words(browser.get("/incidents/4").text)
    refused = browser.act(f"/alerts/{alert.id}/split")
    assert refused.status_code == 409
    assert "it is the only alert of incident 4" in words(refused.text)


def test_an_alert_ends_and_begins_again_by_hand(place: Place) -> None:
    joined(place)
    browser, alert = place.client("alice"), alert_of(place, "two")
    browser.act(f"/alerts/{alert.id}/resolve")
    assert not alert_of(place, "two").is_open
    assert "It is not over" in browser.get(f"/alerts/{alert.id}").text
    browser.act(f"/alerts/{alert.id}/trigger")
    assert alert_of(place, "two").is_open


def test_a_wrong_target_is_said_and_kept(place: Place) -> None:
    joined(place)
    browser, alert = place.client("alice"), alert_of(place, "two")
    for into in ("", "99", "x"):
        assert browser.act(f"/alerts/{alert.id}/move", into=into).status_code == 422
    assert browser.act(f"/alerts/{alert.id}/move", into="2").status_code == 409
    assert browser.act(f"/alerts/{alert.id}/explode").status_code == 404


def test_alerts_of_others_are_not_there(place: Place) -> None:
    joined(place)
    alert = alert_of(place, "two")
    place.person("rita", Role.RESTRICTED)
    hidden = place.client("rita")
    for path in (f"/alerts/{alert.id}", "/alerts/QNONE"):
        assert hidden.get(path).status_code == 404
    assert hidden.act(f"/alerts/{alert.id}/move", into="3").status_code == 404
    outsider = place.client("mallory")
    assert "Split it off" not in outsider.get(f"/alerts/{alert.id}").text
    assert outsider.act(f"/alerts/{alert.id}/split").status_code == 403
    assert outsider.act(f"/alerts/{alert.id}/move", into="3").status_code == 403
    assert place.incident(1).alert_count == 2


def test_a_limited_reader_has_full_pages_of_their_events(noisy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not theirs takes no room on their pages."""
    noisy.person("rita", Role.RESTRICTED)
    assert seqs(noisy.client("rita"), "/alerts?tab=events") == []
    assert "Problem" not in noisy.client("rita").get("/alerts?tab=suppressed").text


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_of_a_monitor(place: Place, text: str) -> None:
    place.alarm("PaymentsService", "k", text, source=text, component=text, event_class=text)
    browser, service = place.client("carol"), place.services["PaymentsService"][0]
    alert = place.desk.reads.alerts_of(place.incident(1).id).items[0]
    for path in (
        "/alerts",
        f"/alerts/{alert.id}",
        "/alerts/events/1",
        f"/rules/{service.id}/service?set=start&event=1&as=noise",
    ):
        found = shape(browser.get(path).text)
        assert found.running == [], path
        assert found.tags["img"] == found.tags["x"] == 0, path
