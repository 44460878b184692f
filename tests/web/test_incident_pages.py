"""Incidents without scripts: what a person half awake sees, presses and is told."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.web.place import Place, priorities
from tests.web.scenes import Show as ShowDouble
from tests.web.scenes import staged
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.model import Role, Service, Team, Urgency, User
from tocsin.escalation.model import Policy
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.time import HOUR, MINUTE, SECOND
from tocsin.testing.rules import quiet
from tocsin.web.render import hue as colour

PAUSE = ("pause_seconds", "pause_every")


class Words(HTMLParser):
    """The words of a page as somebody reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style", "dialog")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style", "dialog")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def words(html: str) -> str:
    """All words of a page in one line."""
    reader = Words()
    reader.feed(html)
    return " ".join(" ".join(reader.parts).split())


@pytest.fixture
def fire(place: Place) -> Place:
    """Payments fail, and Alice has been texted."""
    place.alarm("PaymentsService", "errors", "Payments fail")
    place.desk.clock.moment += 38_000
    place.desk.settle()
    return place


def seen(place: Place, path: str, who: str = "alice") -> str:
    answer = place.client(who).get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def test_the_first_page_says_what_is_on_fire_who_has_it_and_who_is_next(fire: Place) -> None:
    page = seen(fire, "/")
    assert "1 unanswered" in page
    assert "Payments fail" in page
    assert "Calls Bob (level 2) in 5:00" in page


def test_acknowledging_needs_no_script_and_is_said_in_words(fire: Place) -> None:
    browser = fire.client("alice")
    answer = browser.act("/incidents/1/acknowledge")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/1")
    page = words(browser.get("/incidents/1").text)
    assert "You have it. Nobody else will be called." in page
    assert "Undo" in page
    assert fire.incident(1).status is Status.ACKNOWLEDGED
    assert fire.incident(1).assignee_ids == (fire.people["alice"].id,)
    later = words(browser.get("/incidents/1").text)
    assert "You have it." not in later, "said once"


def test_where_it_is_written_what_to_do(fire: Place) -> None:
    """As the alert says, else as the service does; beside it how the service is doing and what it is made of."""
    incident = fire.incident(1)
    service = fire.desk.config().services[incident.service_id]
    links: dict[str, Any] = {
        "dashboard_url": "https://grafana.example.com/d/1",
        "repository_url": "https://git.example.com/payments",
    }
    described = replace(service, description="Runbook: https://said.example.com/a", component="Checkout page", **links)
    fire.desk.save(described, "description", "component", *links)
    page = seen(fire, "/incidents/1")
    for words_of_it in ("Runbook said.example.com", "Dashboard grafana.example.com", "Code git.example.com"):
        assert words_of_it in page
    assert "Part of Checkout page" in page
    fire.desk.save(replace(described, runbook_url="https://set.example.com/a"), "runbook_url")
    assert "Runbook set.example.com" in seen(fire, "/incidents/1")


def test_a_suspended_alert_says_when_it_would_page(place: Place) -> None:
    place.desk.save(replace(place.services["PaymentsService"][0], pause_seconds=300, pause_every=True), *PAUSE)
    assert place.alarm("PaymentsService", "disk", "Disk is nearly full") is None
    page = seen(place, "/alerts")
    assert "Suspended" in page
    assert "unless it is over" in page


def test_a_service_in_maintenance_says_so(place: Place) -> None:
    now = place.desk.clock.now()
    service = next(iter(place.desk.config().services.values()))
    place.desk.save(MaintenanceWindow(id="", start=now, end=now + 60 * MINUTE, service_ids=(service.id,)))
    assert "In maintenance" in seen(place, "/services")


def test_undo_gives_it_back(fire: Place) -> None:
    browser = fire.client("alice")
    browser.act("/incidents/1/acknowledge")
    browser.act("/incidents/1/unacknowledge")
    assert fire.incident(1).status is Status.TRIGGERED
    assert "Given back. It pages again." in words(browser.get("/incidents/1").text)


def test_acknowledging_in_a_list_stays_in_the_list(fire: Place) -> None:
    browser = fire.client("alice")
    for back in ("/", "/incidents?view=mine", "/incidents"):
        assert browser.act("/incidents/1/acknowledge", back=back).headers["location"] == back
    for back in ("https://evil.example", "//evil.example", "/me", "/incidents?\r\nx: y"):
        assert browser.act("/incidents/1/acknowledge", back=back).headers["location"] == "/incidents/1"


def test_every_action_works_by_its_form(fire: Place) -> None:
    browser, p1 = fire.client("alice"), priorities(fire)[0]
    steps: list[tuple[str, dict[str, Any], Any]] = [
        ("acknowledge", {}, lambda one: one.status is Status.ACKNOWLEDGED),
        ("snooze", {"hours": "1.5"}, lambda one: one.snoozed_until == fire.desk.clock.now() + 90 * MINUTE),
        ("unacknowledge", {}, lambda one: one.status is Status.TRIGGERED),
        ("escalate", {"level": "2"}, lambda one: one.level == 2),
        ("reassign", {"user": fire.people["carol"].id}, lambda one: one.assignee_ids == (fire.people["carol"].id,)),
        ("urgency", {"urgency": "low"}, lambda one: one.urgency is Urgency.LOW),
        ("priority", {"priority": p1.id}, lambda one: one.priority_id == p1.id),
        ("title", {"title": "Cards are declined"}, lambda one: one.title == "Cards are declined"),
        ("note", {"text": "Looking"}, lambda _one: True),
        ("resolve", {"resolution": "It was the network"}, lambda one: one.status is Status.RESOLVED),
        ("reopen", {}, lambda one: one.status is Status.TRIGGERED),
    ]
    for name, fields, holds in steps:
        assert browser.act(f"/incidents/1/{name}", **fields).status_code == 303, name
        assert holds(fire.incident(1)), name
    page = seen(fire, "/incidents/1")
    assert "Looking" in page
    assert "It was the network" in page


def test_merging_moves_this_one_into_the_other(fire: Place) -> None:
    fire.alarm("PaymentsService", "slow", "Payments are slow")
    assert fire.client("alice").act("/incidents/2/merge", into="#1").status_code == 303
    assert fire.incident(2).status is Status.RESOLVED
    assert fire.incident(1).alert_count == 2
    assert "Merged into #1" in seen(fire, "/incidents/2").replace(" .", ".")


def test_a_refusal_says_why_and_keeps_what_was_typed(fire: Place) -> None:
    browser = fire.client("alice")
    cases: list[tuple[str, dict[str, str], int, str, str]] = [
        ("note", {"text": "x" * 2001}, 422, "1 to 2000 characters", "x" * 2001),
        ("snooze", {"hours": "soon"}, 422, "for instance 1.5", 'value="soon"'),
        ("snooze", {"hours": "9999"}, 422, "1 second to 7 days", 'value="9999"'),
        ("title", {"title": "   "}, 422, "needs a title", ""),
        ("merge", {"into": "#999"}, 422, "by its number", 'value="#999"'),
        ("reassign", {}, 422, "at least one person", ""),
        ("unacknowledge", {}, 409, "incident 1 is triggered", ""),
    ]
    for name, fields, code, says, kept in cases:
        answer = browser.act(f"/incidents/1/{name}", **fields)
        assert answer.status_code == code, name
        assert says in words(answer.text), name
        assert kept in answer.text, name
        assert 'data-self="/incidents/1"' in answer.text, "and stays live at the incident's own address"


def test_a_note_that_is_sent_twice_is_written_once(fire: Place) -> None:
    browser = fire.client("alice")
    for _ in range(2):
        browser.act("/incidents/1/note", text="Once is enough", once="abc")
    browser.act("/incidents/1/note", text="Another thought", once="abc")
    assert len(fire.desk.reads.notes(fire.incident(1).id)) == 2


def test_pressing_escalate_twice_calls_the_same_level(fire: Place) -> None:
    browser = fire.client("alice")
    for _ in range(2):
        browser.act("/incidents/1/escalate", level="2")
    assert fire.incident(1).level == 2


def test_who_may_not_act_is_told_so_and_is_offered_nothing(fire: Place) -> None:
    page = fire.client("mallory").get("/incidents/1")
    assert "You can look at this incident" in words(page.text)
    assert "/incidents/1/acknowledge" not in page.text
    for action in ("acknowledge", "resolve", "note", "escalate"):
        answer = fire.client("mallory").act(f"/incidents/1/{action}", text="hello")
        assert answer.status_code == 403
        assert "You may not respond here." in words(answer.text)
    assert fire.incident(1).status is Status.TRIGGERED


@pytest.fixture
def elsewhere(fire: Place) -> Place:
    """Zoe may look at her own team's things only, and Payments is not hers."""
    team = fire.desk.save(Team(id="", name="Elsewhere"))
    policy = fire.desk.save(replace(fire.policy, id="", name="Elsewhere", team_ids=(team.id,)))
    assert isinstance(policy, Policy)
    fire.service("Elsewhere", policy)
    zoe = User(id="", name="Zoe", email="zoe@example.com", role=Role.RESTRICTED)
    fire.people["zoe"] = fire.desk.save(replace(zoe, password_hash=fire.people["alice"].password_hash))
    return fire


def test_what_one_may_not_see_is_not_there(elsewhere: Place) -> None:
    browser = elsewhere.client("zoe")
    hidden, absent = browser.get("/incidents/1"), browser.get("/incidents/99999")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.count("Payments") == 0
    for path in ("/", "/incidents?view=all", "/alerts", "/alerts?tab=events", "/services", "/find?q=pay"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "Payments fail" not in answer.text, path
    for path in ("/find?q=1", "/alerts/events/1", "/incidents/1"):
        assert browser.get(path).status_code != 303
        assert "Payments fail" not in browser.get(path).text
    assert browser.act("/incidents/1/acknowledge").status_code == 404


def test_the_list_keeps_its_filters_in_the_address(fire: Place) -> None:
    other: Service = fire.service("Search", fire.policy)[0]
    fire.alarm("Search", "slow", "Search is slow")
    page = seen(fire, f"/incidents?service={other.id}")
    assert "Search is slow" in page
    assert "Payments fail" not in page
    assert "Payments fail" in seen(fire, "/incidents?view=mine")
    assert "Nothing is yours." in seen(fire, "/incidents?view=mine", "erin")
    assert "No incident matches. 2 are hidden by the filter Urgency: Low" in seen(fire, "/incidents?urgency=low")


def next_page(html: str, rel: str = "next") -> str:
    """The address behind the button that leads on, or back."""
    link = re.search(rf'rel="{rel}" href="([^"]+)"', html)
    assert link is not None
    return unescape(link[1])


def test_views_count_what_they_hold(fire: Place) -> None:
    fire.alarm("PaymentsService", "slow", "Payments are slow")
    fire.desk.run(fire.as_("bob"), Acknowledge(incident_id=fire.incident(2).id))
    page = seen(fire, "/incidents")
    assert "Open 2" in page
    assert "Unanswered 1" in page
    assert "Mine 1" in page
    assert "Team 2" in page


def test_a_long_list_has_pages_with_counts(fire: Place) -> None:
    for number in range(54):
        fire.alarm("PaymentsService", f"key-{number}", f"Problem {number}")
    browser = fire.client("alice")
    first = browser.get("/incidents").text
    assert "50 of 55" in words(first)
    second = browser.get(next_page(first)).text
    assert "5 of 55" in words(second)
    assert "Payments fail" in words(second)
    fire.alarm("PaymentsService", "later", "A later one")
    again = browser.get(next_page(second, "prev")).text
    assert "A later one" not in words(again)
    assert "Problem 53" in words(again)
    assert "A later one" in words(browser.get(next_page(again, "prev")).text)
    for odd in ("0", "-1.2", "x", "1.2.3.4", "9" * 70, "２.1.1", f"0.{'9' * 30}.1"):
        assert "50 of 56" in seen(fire, f"/incidents?after={odd}")


def test_many_at_once_say_how_many(fire: Place) -> None:
    fire.alarm("PaymentsService", "slow", "Payments are slow")
    ids = [fire.incident(number).id for number in (1, 2)]
    browser = fire.client("alice")
    answer = browser.act("/incidents?view=unanswered", do="acknowledge", id=ids)
    assert answer.headers["location"] == "/incidents?view=unanswered"
    assert "2 acknowledged. Nobody else" in words(browser.get("/incidents?view=unanswered").text)
    fire.desk.run(fire.as_("bob"), Resolve(incident_id=ids[0]))
    answer = browser.act("/incidents", do="resolve", id=ids)
    assert answer.status_code == 409
    assert "1 was done, 1 was not." in words(answer.text)
    assert "#1 incident 1 is resolved" in words(answer.text)
    assert browser.act("/incidents", do="resolve").status_code == 422


def test_calm_says_since_when_and_how_the_last_page_went(fire: Place) -> None:
    fire.desk.advance(41 * SECOND - 38_000)
    fire.desk.run(fire.as_("bob"), Acknowledge(incident_id=fire.incident(1).id))
    fire.alarm("PaymentsService", "errors", action=Action.RESOLVE)
    page = seen(fire, "/")
    assert "Nothing has been on fire since 02:14" in page
    assert "Last page: Bob, answered in 41 s." in page


def test_the_first_day_has_a_checklist(place: Place) -> None:
    page = seen(place, "/")
    assert "Before you rely on it" in page
    assert "3 of 5 done" in page
    place.alarm("PaymentsService", "errors", "Payments fail")
    assert "4 of 5 done" in seen(place, "/")


def test_an_event_says_what_became_of_it(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    place.desk.save(quiet(service.id, "event.source matches part 'staging'", "Staging never pages"))
    place.alarm("PaymentsService", "errors", "Payments fail", source="staging-3")
    page = seen(place, "/alerts?tab=suppressed")
    assert "Suppressed Payments fail suppressed by the rule “Staging never pages” of" in page
    assert 'class="title-cell whole"' in place.client("alice").get("/alerts?tab=suppressed").text, (
        "no rule’s name is cut"
    )
    event = seen(place, "/alerts/events/1")
    assert "the rule “Staging never pages” of" in event
    assert '{ "event": 1 }' in event
    assert place.client("alice").get("/alerts/events/2").status_code == 404


def test_paging_somebody_by_name(place: Place) -> None:
    browser = place.client("alice")
    service = place.services["PaymentsService"][0]
    bob = place.people["bob"].id
    fields: dict[str, Any] = {"title": "Come and look", "service": service.id, "user": [bob], "once": "n1"}
    first, again = browser.act("/incidents/new", **fields), browser.act("/incidents/new", **fields)
    assert first.headers["location"] == again.headers["location"] == "/incidents/1"
    assert place.incident(1).assignee_ids == (bob,)
    empty = browser.act("/incidents/new", title="  ", service=service.id, details="typed already")
    assert empty.status_code == 422
    assert "typed already" in empty.text


def test_times_are_the_readers_own_with_utc_beside_them(fire: Place) -> None:
    fire.desk.save(replace(fire.people["alice"], time_zone="Asia/Kolkata"), "time_zone")
    browser = fire.client("alice")
    page = browser.get("/incidents/1").text
    assert ">07:44:07</time>" in page
    assert 'title="2026-01-06 02:14:07 UTC, 38 ms ago"' in page
    browser.act("/zone", back="/incidents/1")
    assert ">02:14:07</time>" in browser.get("/incidents/1").text
    browser.act("/zone", back="/incidents/1")
    assert ">07:44:07</time>" in browser.get("/incidents/1").text


def test_finding_goes_straight_to_a_number(fire: Place) -> None:
    browser = fire.client("alice")
    for wanted in ("1", "%231"):
        assert browser.get(f"/find?q={wanted}").headers["location"] == "/incidents/1"
    assert "Payments fail" in seen(fire, "/find?q=PAYMENTS")
    assert "Nothing has “zzz” in its name." in seen(fire, "/find?q=zzz").replace("“ zzz ”", "“zzz”")


def test_own_contact_methods_and_rules(place: Place) -> None:
    browser = place.client("alice")
    alice = place.people["alice"].id
    assert browser.act("/me/contact-add", channel="sms", address="+49 170 1234567", at_once="1").status_code == 303
    added = next(one for one in place.desk.config().contacts_of[alice] if one.address == "1701234567")
    assert added.dial == "+491701234567"
    assert any(rule.contact_method_id == added.id for rule in place.desk.config().rules_of[alice])
    assert browser.act("/me/contact-test", id=added.id).status_code == 303
    assert place.desk.sent[-1].address == "+491701234567"
    bad = browser.act("/me/contact-add", channel="sms", address="0170 1234567")
    assert bad.status_code == 422
    assert "with its country" in words(bad.text)
    assert 'value="0170 1234567"' in bad.text
    bobs = place.desk.config().contacts_of[place.people["bob"].id][0]
    for action in ("contact-remove", "contact-test"):
        assert browser.act(f"/me/{action}", id=bobs.id).status_code == 403
    browser.act("/me/contact-remove", id=added.id)
    assert added.id not in place.desk.config().contact_methods


def test_a_changed_password_keeps_this_browser_signed_in(place: Place) -> None:
    browser, other = place.client("alice"), place.client("alice")
    fields: dict[str, Any] = {"old": "wrong", "new": "stapled horses battery", "again": "stapled horses battery"}
    refused = browser.act("/me/password", **fields)
    assert refused.status_code == 422
    assert "The present password is wrong." in words(refused.text)
    answer = browser.act("/me/password", **(fields | {"old": "correct horse battery"}))
    assert answer.status_code == 303
    assert browser.get("/me").status_code == 200
    assert other.get("/me").status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents",
        "/incidents/1",
        "/incidents/new",
        "/alerts",
        "/alerts?tab=events",
        "/on-call",
        "/services",
        "/me",
    ],
)
def test_every_page_has_one_heading_a_skip_link_and_labels(fire: Place, path: str) -> None:
    html = fire.client("alice").get(path).text
    assert html.count("<h1") == 1
    assert '<a class="skip" href="#main">' in html
    assert '<main id="main"' in html
    assert '<html lang="en">' in html
    for tag in ("<input ", "<select ", "<textarea "):
        for piece in html.split(tag)[1:]:
            attributes = piece.split(">")[0]
            if 'type="hidden"' in attributes or "hidden" in attributes.split():
                continue
            before = html[: html.index(piece)]
            in_label = before.rfind("<label") > before.rfind("</label>")
            assert in_label or "aria-label" in attributes, (tag, attributes)


def test_what_is_over_has_no_place_for_people(fire: Place) -> None:
    head = '<span class="people"><span class="person">'
    assert head in fire.client("alice").get("/incidents/1").text
    fire.desk.run(fire.as_("bob"), Resolve(incident_id=fire.incident(1).id))
    assert '<span class="people">' not in fire.client("alice").get("/incidents/1").text.partition("</header>")[0]


def test_a_person_has_one_colour(place: Place) -> None:
    fire = staged(place, ShowDouble(3, 1))
    fire.alarm("PaymentsService", "errors", "Payments fail")
    browser = fire.client("alice")
    hue = f"face hue-{colour(fire.people['alice'].id)}"
    phone = browser.get("/demo/phones").text.partition("Alice’s phone")[2].partition("</header>")[0]
    assert hue in phone
    assert hue in browser.get("/on-call").text


def test_what_was_changed_before_and_how_the_like_of_it_went_stand_beside_it(place: Place) -> None:
    first = place.alarm("PaymentsService", "a", "Error rate is 4 %")
    assert first is not None
    place.desk.run(place.as_("bob"), Resolve(incident_id=first.id, resolution="Rolled back to 4.17.9."))
    other = place.alarm("PaymentsService", "b", "Disk is full")
    assert other is not None
    place.desk.run(place.as_("bob"), Resolve(incident_id=other.id))
    place.alarm("PaymentsService", "deploy", "payments-api 4.19.0", Action.CHANGE, source="argo-cd")
    place.desk.advance(2 * HOUR)
    place.alarm("PaymentsService", "c", "Error rate is 12 %")
    shown = place.client("alice").get("/incidents/3").text
    beside = shown.partition('id="h-changes"')[2]
    assert "payments-api 4.19.0" in beside
    assert "argo-cd" in beside
    past = shown.partition('id="h-past"')[2]
    assert "Error rate is 4 %" in past
    assert "Rolled back to 4.17.9." in past
    assert "Disk is full" not in past
    now = place.client("alice").get("/").text
    assert "payments-api 4.19.0" not in now, "it was more than an hour ago"
    place.alarm("PaymentsService", "deploy", "payments-api 4.18.2", Action.CHANGE, source="argo-cd")
    assert "payments-api 4.18.2" in place.client("alice").get("/").text
