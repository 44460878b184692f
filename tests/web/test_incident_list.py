"""The list of incidents: filters with an address, saved views, and the same for many, each counting by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.place import Browser, Place, priorities
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import next_page, words
from tocsin.directory.model import Role, Team, Urgency
from tocsin.directory.views import SavedView
from tocsin.escalation.model import Policy
from tocsin.incidents.messages import Acknowledge, Resolve, SetPriority, SetUrgency
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.time import HOUR, MINUTE
from tocsin.web import bulk, incidents


@pytest.fixture
def busy(place: Place) -> Place:
    """Five incidents, a minute apart: 1 is Bob's, 2 is of low urgency, 3 is P1, 4 is over."""
    p1 = priorities(place)[0]
    place.service("Search", place.policy)
    for number in range(1, 6):
        made = place.alarm(
            "Search" if number == 5 else "PaymentsService", f"key-{number}", f"Problem {number} of Zürich"
        )
        assert made is not None
        place.desk.advance(MINUTE)
    place.desk.run(place.as_("bob"), Acknowledge(incident_id=place.incident(1).id))
    place.desk.run(place.as_("carol"), SetUrgency(incident_id=place.incident(2).id, urgency=Urgency.LOW))
    place.desk.run(place.as_("carol"), SetPriority(incident_id=place.incident(3).id, priority_id=p1.id))
    place.desk.run(place.as_("carol"), Resolve(incident_id=place.incident(4).id))
    return place


def shown(browser: Browser, path: str) -> list[int]:
    """The numbers of the rows, in their order."""
    return [int(one) for one in re.findall(r'data-href="/incidents/(\d+)"', browser.get(path).text)]


def status_of(place: Place, *numbers: int) -> list[Status]:
    return [place.incident(number).status for number in numbers]


def test_each_filter_finds_what_it_says(busy: Place) -> None:
    browser = busy.client("alice")
    p1 = next(one for one in busy.desk.config().priorities.values() if one.name == "P1")
    asked = {
        "": [5, 3, 2, 1],
        "?sort=oldest": [1, 2, 3, 5],
        "?order=oldest": [1, 2, 3, 5],
        "?sort=urgent": [5, 3, 1, 2],
        "?sort=priority": [3, 5, 2, 1],
        "?view=all": [5, 4, 3, 2, 1],
        "?state=resolved": [4],
        "?view=all&state=acknowledged": [1],
        "?urgency=low": [2],
        f"?priority={p1.id}": [3],
        f"?service={busy.services['Search'][0].id}": [5],
        f"?team={busy.team.id}&view=all": [5, 4, 3, 2, 1],
        f"?who={busy.people['bob'].id}": [1],
        "?q=z%C3%BCRICH+problem+3": [3],
        "?q=%233": [3],
        "?q=nowhere": [],
        "?since=2026-01-06T02:16&until=2026-01-06T02:18": [3],
    }
    for query, numbers in asked.items():
        assert shown(browser, f"/incidents{query}") == numbers, query


def test_a_time_that_is_none_is_said_and_kept(busy: Place) -> None:
    html = busy.client("alice").get("/incidents?since=yesterday&urgency=low").text
    assert "Since is a time like 2026-03-01 14:30." in words(html)
    assert 'value="yesterday"' in html
    assert "Problem 2" in html


def test_a_filter_in_force_can_be_taken_off_by_itself(busy: Place) -> None:
    html = busy.client("alice").get("/incidents?urgency=low&q=Problem").text
    assert 'href="/incidents?q=Problem" title="Without this filter"' in html
    assert "Urgency: Low" in words(html)


def test_more_than_are_counted_are_so_many_and_more(busy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four are open, three not answered and Alice's: views say so alike, whatever their numbers come from."""
    for most, said in ((3, ["3+", "3", "3"]), (2, ["2+", "2+", "2+"]), (4, ["4", "3", "3"])):
        monkeypatch.setattr(incidents, "COUNTED", most)
        html = busy.client("alice").get("/incidents").text
        assert re.findall(r'(?:Open|Unanswered|Mine) <span class="count">([^<]*)<', html) == said


def test_what_is_hidden_is_counted(busy: Place) -> None:
    page = words(busy.client("alice").get("/incidents?q=nowhere").text)
    assert "No incident matches. 4 are hidden by the filter Text: nowhere" in page
    page = words(busy.client("alice").get(f"/incidents?view=mine&service={busy.services['Search'][0].id}x").text)
    assert "are hidden by the filter Service: a removed service" in page


def test_names_of_other_teams_do_not_leak_through_an_address(busy: Place) -> None:
    other = busy.desk.save(Team(id="", name="Secret team"))
    policy: Policy = busy.desk.save(Policy(id="", name="Secret", rules=busy.policy.rules, team_ids=(other.id,)))
    service = busy.service("Secret service", policy)[0]
    busy.person("rita", Role.RESTRICTED)
    page = words(busy.client("rita").get(f"/incidents?service={service.id}&team={other.id}").text)
    assert "Secret" not in page
    assert "a service of others" in page


def test_how_many_there_are_is_not_told_beyond_what_is_seen(busy: Place) -> None:
    busy.person("rita", Role.RESTRICTED)
    for path in ("/", "/incidents", "/services"):
        html = busy.client("rita").get(path).text
        assert set(re.findall(r'class="count[^"]*"[^>]*>([^<]+)<', html)) <= {"0"}, path
    assert 'class="count">0<' in busy.client("rita").get("/incidents").text


def test_views_of_ones_own_and_of_the_team(busy: Place) -> None:
    alice = busy.client("alice")
    answer = alice.act(
        "/incidents/views", name="Quiet ones", query="urgency=low&after=1.2.3&nonsense=1", team=busy.team.id
    )
    assert answer.headers["location"] == "/incidents?urgency=low"
    (view,) = busy.desk.config().saved_views.values()
    assert (view.query, view.team_id, view.user_id) == ("urgency=low", busy.team.id, busy.people["alice"].id)
    for who, found in (("alice", True), ("bob", True), ("mallory", False)):
        html = busy.client(who).get("/incidents?urgency=low").text
        assert ("Quiet ones" in words(html)) is found, who
        assert ("Remove this view" in html) is (who == "alice"), who
    assert busy.client("bob").act(f"/incidents/views/{view.id}/remove").status_code == 404
    assert alice.act("/incidents/views", name="Quiet ones", query="urgency=high").status_code == 422
    assert alice.act("/incidents/views", name="Nothing", query="after=1.2.3").status_code == 422
    assert alice.act("/incidents/views", name="", query="urgency=high").status_code == 422
    alice.act(f"/incidents/views/{view.id}/remove")
    assert not busy.desk.config().saved_views


def test_all_that_match_are_those_that_were_counted(busy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.incidents.PER_PAGE", 2)
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    browser = busy.client("alice")
    html = browser.get("/incidents?view=unanswered").text
    assert "All 3 that match, also on other pages" in words(html)
    upto = re.search(r'name="upto" value="(\d+)"', html)
    assert upto is not None
    busy.alarm("PaymentsService", "late", "It came after the page was made")
    browser.act("/incidents?view=unanswered", do="acknowledge", all="1", upto=upto[1])
    assert status_of(busy, 2, 3, 5) == [Status.ACKNOWLEDGED] * 3
    assert status_of(busy, 6) == [Status.TRIGGERED]
    assert "3 acknowledged. Nobody else will be called." in words(browser.get("/incidents").text)


def test_all_at_once_is_for_what_is_open(busy: Place) -> None:
    browser = busy.client("alice")
    assert 'name="all"' not in browser.get("/incidents?state=resolved").text
    assert browser.act("/incidents?state=resolved", do="acknowledge", all="1", upto="9").status_code == 422
    assert browser.act("/incidents", do="acknowledge", all="1", upto="x").status_code == 422


def undo_form(html: str) -> dict[str, str]:
    form = html.partition('action="/incidents/undo"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def test_an_acknowledgement_of_many_can_be_taken_back(busy: Place) -> None:
    browser = busy.client("alice")
    ids = [busy.incident(number).id for number in (1, 2, 3, 5)]
    answer = browser.act("/incidents", do="acknowledge", id=ids)
    assert answer.status_code == 303
    fields = undo_form(browser.get("/incidents").text)
    assert fields["did"] == "acknowledge"
    busy.desk.advance(MINUTE)
    busy.desk.run(busy.as_("bob"), Acknowledge(incident_id=ids[1]))  # he goes on with it
    busy.desk.run(busy.as_("bob"), Resolve(incident_id=ids[2]))
    del fields["csrf"]
    browser.act("/incidents/undo", **fields)
    assert status_of(busy, 1, 2, 3, 5) == [
        Status.ACKNOWLEDGED,  # Bob had it before
        Status.ACKNOWLEDGED,
        Status.RESOLVED,
        Status.TRIGGERED,
    ]
    assert browser.act("/incidents/undo", **fields).status_code == 404
    assert busy.client("bob").act("/incidents/undo", **fields).status_code == 404


def test_a_resolution_of_many_can_be_taken_back(busy: Place) -> None:
    browser = busy.client("alice")
    browser.act("/incidents", do="resolve", id=[busy.incident(number).id for number in (2, 3)])
    fields = undo_form(browser.get("/incidents").text)
    del fields["csrf"]
    browser.act("/incidents/undo", **fields)
    assert status_of(busy, 2, 3, 4) == [Status.TRIGGERED, Status.TRIGGERED, Status.RESOLVED]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"do": "reassign"}, "Choose who gets them."),
        ({"do": "snooze", "seconds": "x"}, "Say for how long."),
        ({"do": "priority"}, "Choose a priority."),
        ({"do": "merge", "into": "99"}, "Say into which incident"),
        ({"do": "explode"}, "There is no such action."),
    ],
)
def test_a_missing_field_is_said(busy: Place, fields: dict[str, Any], says: str) -> None:
    answer = busy.client("alice").act("/incidents", id=[busy.incident(2).id], **fields)
    assert answer.status_code == 422
    assert says in words(answer.text)


def test_the_other_things_that_are_done_to_many(busy: Place) -> None:
    browser = busy.client("alice")
    ids = [busy.incident(number).id for number in (2, 3)]
    bob = busy.people["bob"].id
    browser.act("/incidents", do="reassign", user=bob, id=ids)
    assert all(busy.incident(number).assignee_ids == (bob,) for number in (2, 3))
    browser.act("/incidents", do="snooze", seconds="3600", id=ids)
    assert all(busy.incident(number).snoozed_until == busy.desk.clock.now() + HOUR for number in (2, 3))
    p1 = next(one for one in busy.desk.config().priorities.values() if one.name == "P1")
    browser.act("/incidents", do="priority", priority=p1.id, id=ids)
    assert all(busy.incident(number).priority_id == p1.id for number in (2, 3))
    browser.act("/incidents", do="priority", priority="-", id=ids)
    assert all(busy.incident(number).priority_id is None for number in (2, 3))
    browser.act("/incidents", do="merge", into="#5", id=ids)
    assert busy.incident(5).alert_count == 3
    assert status_of(busy, 2, 3) == [Status.RESOLVED] * 2


def test_why_one_was_refused_stands_beside_it(busy: Place) -> None:
    browser = busy.client("alice")
    ids = [busy.incident(number).id for number in (2, 5)]
    answer = browser.act("/incidents", do="merge", into="2", id=ids)
    assert answer.status_code == 409
    assert f'id="why-{ids[0]}"' in answer.text
    assert "#2: An incident can't be merged into itself." in words(answer.text)
    assert "1 was done, 1 was not." in words(answer.text)
    assert status_of(busy, 5) == [Status.RESOLVED]


def test_nobody_acts_on_what_is_not_theirs(busy: Place) -> None:
    busy.person("rita", Role.RESTRICTED)
    ids = [busy.incident(number).id for number in (2, 3)]
    answer = busy.client("mallory").act("/incidents", do="acknowledge", id=ids)
    assert answer.status_code == 409
    assert "You may not respond here." in words(answer.text)
    hidden = busy.client("rita").act("/incidents", do="acknowledge", id=ids)
    assert hidden.status_code == 422
    assert "Select at least one incident." in words(hidden.text)
    assert busy.client("rita").act("/incidents", do="acknowledge", all="1", upto="99").status_code == 422
    assert status_of(busy, 2, 3) == [Status.TRIGGERED] * 2
    assert 'class="selection"' not in busy.client("mallory").get("/incidents").text


def test_selecting_is_part_of_the_address_and_of_no_view(busy: Place) -> None:
    browser = busy.client("alice")
    html = browser.get("/incidents?select=1&urgency=high").text
    for path in ("/incidents?view=mine&amp;select=1", "/incidents?select=1", "/incidents?urgency=high"):
        assert f'href="{path}"' in html, path
    assert '<input type="hidden" name="select" value="1">' in html
    browser.act("/incidents/views", name="Quiet ones", query="urgency=low&select=1")
    (view,) = busy.desk.config().saved_views.values()
    assert view.query == "urgency=low"
    html = browser.get("/incidents?select=1&urgency=low").text
    assert 'href="/incidents?urgency=low&amp;select=1" aria-current="page"' in html
    answer = browser.act("/incidents?urgency=high&select=1", do="resolve", id=[busy.incident(3).id])
    assert answer.headers["location"] == "/incidents?urgency=high"
    assert 'href="/incidents?select=1"' not in busy.client("mallory").get("/incidents").text


def test_an_engine_that_stops_answering_leaves_the_rest_and_says_so(
    busy: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    browser = busy.client("alice")
    run, asked = busy.desk.run, []

    def tired(actor: Any, command: Any, *, key: str = "") -> Any:
        asked.append(command)
        if len(asked) > 1:
            raise Unavailable("The engine does not answer. Try again in a moment.")
        return run(actor, command, key=key)

    monkeypatch.setattr(busy.desk, "run", tired)
    answer = browser.act("/incidents", do="acknowledge", id=[busy.incident(number).id for number in (2, 3, 5)])
    assert answer.status_code == 409
    assert "1 was done, 2 were not." in words(answer.text)
    assert len(asked) == 2
    assert status_of(busy, 2, 3, 5) == [Status.ACKNOWLEDGED, Status.TRIGGERED, Status.TRIGGERED]


def test_a_form_sent_twice_counts_once(busy: Place) -> None:
    browser = busy.client("alice")
    ids = [busy.incident(2).id]
    for _ in range(2):
        browser.act("/incidents", do="snooze", seconds="3600", id=ids, once="n1")
        busy.desk.advance(MINUTE)
    assert busy.incident(2).snoozed_until == busy.desk.clock.now() - 2 * MINUTE + HOUR


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_addresses_and_views(busy: Place, text: str) -> None:
    name = "".join(filter(str.isprintable, text)).strip()[:60] or "x"
    busy.desk.save(SavedView(id="", name=name, user_id=busy.people["alice"].id, query="q=1"))
    browser = busy.client("alice")
    for name in ("q", "view", "state", "urgency", "priority", "service", "team", "who", "since", "sort", "after"):
        found = shape(browser.get("/incidents", params={name: text}).text)
        assert found.running == [], name
        assert found.tags["img"] == found.tags["x"] == 0, name


def test_a_page_further_back_and_forth(busy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.incidents.PER_PAGE", 2)
    browser = busy.client("alice")
    for sort, numbers in (("", [5, 4, 3, 2, 1]), ("oldest", [1, 2, 3, 4, 5])):
        path, seen = f"/incidents?view=all&sort={sort}", list[int]()
        pages = []
        while True:
            html = browser.get(path).text
            pages.append(path)
            seen += shown(browser, path)
            if 'rel="next"' not in html:
                break
            path = next_page(html)
        assert seen == numbers
        assert len(pages) == 3
        back = next_page(browser.get(path).text, "prev")
        assert shown(browser, back) == numbers[2:4]
