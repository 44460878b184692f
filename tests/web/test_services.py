"""The catalogue finds services by what one asks for; a service is made, changed and removed by its form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.web import scenes
from tests.web.place import Place, policy_of
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.test_rules import orchestration, rule, rules
from tests.web.typed_forms import filled
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.custom_fields import CustomField, DataType
from tocsin.directory.grouping import ContentGrouping, GroupingSetting
from tocsin.directory.model import (
    Membership,
    Role,
    Service,
    ServiceStatus,
    SupportHours,
    Team,
    TeamRole,
    UrgencyRule,
    UrgencyRuleKind,
)
from tocsin.events.orchestration import PathKind
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.kernel.time import HOUR


@pytest.fixture
def service(place: Place) -> Service:
    return place.services["PaymentsService"][0]


def now(place: Place, service: Service) -> Service:
    return place.desk.config().services[service.id]


def names(place: Place, address: str, who: str = "erin") -> list[str]:
    html = place.client(who).get(address).text
    return re.findall(r'class="title"[^>]*><bdi>(.*?)</bdi>', html)


# -- the catalogue


def test_numbers_in_names_count_as_numbers(place: Place, service: Service) -> None:
    for name in ("Shard 10", "shard 9", "Shard 100", "Shard 9 of 2", "7 of nine"):
        place.service(name, place.policy)
    place.alarm("Shard 100", "k", "It fails")
    assert names(place, "/services") == [
        "Shard 100", "7 of nine", service.name, "shard 9", "Shard 9 of 2", "Shard 10",
    ], "what burns comes first"  # fmt: skip


def test_each_filter_finds_its_services(place: Place, service: Service) -> None:
    owner: Team = place.desk.save(Team(id="", name="Platform"))
    ledger = place.service("Ledger", place.policy, owner_team_id=owner.id)[0]
    place.service("Old", place.policy, status=ServiceStatus.DISABLED)
    shop = place.service("Shop", place.policy)[0]
    moment = place.desk.clock.now()
    place.desk.save(MaintenanceWindow(id="", start=moment, end=moment + HOUR, service_ids=(shop.id,)))
    payments, place.team = place.team, owner
    place.service("Other", policy_of(place, "Other", (5, "bob")))
    place.team = payments
    place.alarm("PaymentsService", "a")
    held = place.alarm("Ledger", "b")
    assert held is not None
    place.desk.run(place.as_("alice"), Acknowledge(incident_id=held.id))
    for query, found in (
        ("", ["PaymentsService", "Ledger", "Old", "Other", "Shop"]),
        ("?q=O", ["Old", "Other", "Shop"]),
        ("?state=open", ["PaymentsService", "Ledger"]),
        ("?state=triggered", ["PaymentsService"]),
        ("?state=acknowledged", ["Ledger"]),
        ("?state=maintenance", ["Shop"]),
        ("?state=operational", ["Other"]),
        ("?state=disabled", ["Old"]),
        (f"?team={payments.id}", ["PaymentsService", "Ledger", "Old", "Shop"]),
        (f"?owner={owner.id}", ["Ledger"]),
        (f"?owner={owner.id}&state=acknowledged&q=led", ["Ledger"]),
        (f"?owner={owner.id}&q=pay", []),
    ):
        assert names(place, f"/services{query}") == found, query
    html = place.client("erin").get(f"/services?owner={owner.id}").text
    assert "1 of 5 · 4 are hidden by the filter" in words(html)
    assert f'value="{owner.id}" selected' in html, "the filter says what it is set to"
    assert "Ledger" in names(place, f"/services?team={payments.id}&owner={ledger.owner_team_id}")


def test_a_row_says_what_is_going_on(place: Place) -> None:
    place.alarm("PaymentsService", "a")
    place.desk.advance(2 * HOUR)
    row = words(place.client("erin").get("/services").text.partition('id="s-')[2].partition("</div>")[0])
    assert "Triggered PaymentsService 1 open 1 alert Payments A Alice Prometheus Opened an alert 2 h" in row


def test_two_hundred_services_come_in_pages(tmp_path: Path) -> None:
    place = scenes.catalogue(tmp_path)
    seen: list[str] = []
    address = "/services"
    while address:
        html = place.client("erin").get(address).text
        seen += re.findall(r'id="s-(\w+)"', html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 203
    first = words(place.client("erin").get("/services").text)
    assert "1 to 50 of 203" in first
    assert "201 to 203 of 203" in words(place.client("erin").get("/services?page=99").text)
    html = place.client("erin").get("/services?q=Search&page=1").text
    assert "40 of 203" in words(html)
    assert 'rel="next"' not in html
    place.close()


def test_what_other_teams_have_is_not_counted(place: Place) -> None:
    place.person("rita", Role.RESTRICTED)
    html = place.client("rita").get("/services?q=pay").text
    assert "PaymentsService" not in html
    assert "Payments" not in html


# -- a new one


def test_an_empty_catalogue_offers_the_form_right_there(tmp_path: Path) -> None:
    place = scenes.empty(tmp_path)
    browser = place.client("erin")
    html = browser.get("/services").text
    assert "Add a service: name, who is paged. You get a key and snippets." in html
    form = html.partition('class="first-service"')[2].partition("</form>")[0]
    typed = filled("<form>" + form) | {"name": "Checkout"}
    answer = browser.act("/services/new", **typed)
    assert answer.status_code == 303
    (made,) = place.desk.config().services.values()
    (policy,) = place.desk.config().policies.values()
    (monitor,) = place.desk.config().integrations.values()
    assert (made.name, made.policy_id, policy.name) == ("Checkout", policy.id, "Checkout")
    assert [target.id for target in policy.rules[0].targets] == [place.people["erin"].id]
    assert made == replace(Service(id=made.id, name="Checkout", policy_id=policy.id, created_at=made.created_at,
                                   updated_at=made.updated_at))  # fmt: skip
    assert answer.headers["location"] == f"/services/{made.id}/monitors/{monitor.id}"
    shown = browser.get(answer.headers["location"]).text
    assert monitor.key in shown
    assert "https://tocsin.example/v2/enqueue" in shown
    place.close()


def test_a_refused_service_leaves_no_policy_behind(tmp_path: Path) -> None:
    place = scenes.empty(tmp_path)
    answer = place.client("erin").act("/services/new", name="x" * 300, policy_id=f"user:{place.people['erin'].id}")
    assert answer.status_code == 422
    assert "Name is too long" in answer.text
    assert "x" * 300 in answer.text, "what was typed stays"
    assert not place.desk.config().policies
    place.close()


def test_a_service_is_made_for_a_monitor(place: Place) -> None:
    browser = place.client("carol")
    typed = filled(browser.get("/services/new").text, "form")
    assert typed["zone"] == "Etc/UTC"
    answer = browser.act("/services/new", **(typed | {"name": "Shop", "policy_id": place.policy.id,
                                                      "monitor": "PVPROM1"}))  # fmt: skip
    made = next(one for one in place.desk.config().services.values() if one.name == "Shop")
    (monitor,) = place.desk.config().integrations_of[made.id]
    assert (monitor.name, monitor.vendor_id) == ("Prometheus", "PVPROM1")
    assert answer.headers["location"].endswith(monitor.id)
    answer = browser.act("/services/new", name="Quiet", policy_id=place.policy.id, monitor="")
    quiet = next(one for one in place.desk.config().services.values() if one.name == "Quiet")
    assert answer.headers["location"] == f"/services/{quiet.id}"
    assert quiet.id not in place.desk.config().integrations_of
    again = browser.act("/services/new", name="shop", policy_id=place.policy.id)
    assert again.status_code == 422
    assert "Name has already been taken" in again.text


def test_who_may_make_one(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Others"))
    for who, may in (("erin", True), ("carol", True), ("alice", False), ("mallory", False)):
        browser = place.client(who)
        assert ("/services/new" in browser.get("/services").text) is may, who
        assert browser.get("/services/new").status_code == (200 if may else 403), who
        answer = browser.act("/services/new", name=f"Of {who}", policy_id=place.policy.id)
        assert answer.status_code == (303 if may else 403), who
    payments, place.team = place.team, other
    theirs = policy_of(place, "Theirs", (5, "bob"))
    place.team = payments
    assert place.client("carol").act("/services/new", name="Taken over", policy_id=theirs.id).status_code == 403
    by_person = {"name": "By name", "policy_id": f"user:{place.people['bob'].id}"}
    assert place.client("carol").act("/services/new", **by_person).status_code == 403, "a policy of nobody's team"


# -- the form


FULL: dict[str, Any] = {
    "name": "Payments 2", "description": "Takes\nmoney.", "runbook_url": "https://run.example.com/",
    "dashboard_url": "https://dash.example.com/", "repository_url": "https://git.example.com/",
    "component": "Checkout", "urgency": "hours", "during": "severity_based", "outside": "low",
    "zone": "Europe/Dublin", "start": "08:30", "end": "18:00", "day": ["1", "3"], "raise_at": "support_hours_start",
    "acknowledge": "30", "resolve": "240.5", "grouping": "content", "group_fields": "source, custom_details.host",
    "group_match": "any", "group_window": "10", "pause": "180", "pause_every": "1", "disabled": "1",
}  # fmt: skip


def form(place: Place, service: Service, who: str = "carol") -> dict[str, Any]:
    html = place.client(who).get(f"/services/{service.id}/edit").text
    days = re.findall(r'name="day" value="(\d)" checked', html)
    return filled(html, "form") | {"day": days}


def test_everything_that_a_client_can_set_is_set_here(place: Place, service: Service) -> None:
    browser = place.client("carol")
    typed = form(place, service)
    for name in ("last_resort", "judges"):
        del typed[name]
    answer = browser.act(f"/services/{service.id}/edit", **(typed | FULL))
    assert answer.status_code == 303, answer.text
    stored = now(place, service)
    wanted = replace(
        service, name="Payments 2", description="Takes\nmoney.", runbook_url="https://run.example.com/",
        dashboard_url="https://dash.example.com/", repository_url="https://git.example.com/", component="Checkout",
        urgency_rule=UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="severity_based", outside="low"),
        support_hours=SupportHours(time_zone="Europe/Dublin", start_second=30_600, end_second=64_800, days=(1, 3)),
        raise_at="support_hours_start", acknowledgement_timeout=1800, auto_resolve_timeout=14_430,
        group_by=ContentGrouping(fields=("source", "custom_details.host"), match_all=False, window_seconds=600),
        pause_seconds=180, pause_every=True, last_resort=False, judges_after_windows=False,
        status=ServiceStatus.DISABLED, updated_at=stored.updated_at,
    )  # fmt: skip
    assert stored == wanted
    again = form(place, service)
    for name, value in FULL.items():
        assert again[name] == value, name
    assert browser.act(f"/services/{service.id}/edit", **again).status_code == 303
    assert now(place, service) == stored, "saving what stands there changes nothing, not even when it was changed"


@pytest.mark.parametrize(
    "stored",
    [
        {"acknowledgement_timeout": 100, "auto_resolve_timeout": 3601},
        {"group_seconds": 90},
        {"group_seconds": 0},
        {"pause_seconds": 77, "pause_every": True},
        {"description": "  spaces around it \n"},
        {"urgency_rule": UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED)},
        {"urgency_rule": UrgencyRule(urgency="low"), "last_resort": False},
        {"wire": json.dumps({"alert_grouping_parameters": {"type": "intelligent", "config": {"time_window": 300}}})},
        {"support_hours": SupportHours(time_zone="Etc/UTC", start_second=3, end_second=59, days=(7,)),
         "urgency_rule": UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS)},
    ],
)  # fmt: skip
def test_what_nobody_touches_stays_to_the_second(place: Place, service: Service, stored: dict[str, Any]) -> None:
    before = place.desk.save(replace(service, **stored), *stored)
    answer = place.client("carol").act(f"/services/{service.id}/edit", **(form(place, service) | {"component": "New"}))
    assert answer.status_code == 303, answer.text
    after = now(place, service)
    assert after == replace(before, component="New", updated_at=after.updated_at)


def test_grouping_that_is_changed_here_is_what_clients_see(place: Place, service: Service) -> None:
    kept = {"alert_grouping_parameters": {"type": "intelligent", "config": {"time_window": 300}}, "response_play": None}
    place.desk.save(replace(service, wire=json.dumps(kept)), "wire")
    typed = form(place, service) | {"grouping": "time", "group_minutes": "5"}
    assert place.client("carol").act(f"/services/{service.id}/edit", **typed).status_code == 303
    after = now(place, service)
    assert (after.group_seconds, json.loads(after.wire)) == (300, {"response_play": None})


def test_grouping_that_is_shared_is_left_to_whoever_made_it(place: Place, service: Service) -> None:
    other = place.service("Ledger", place.policy)[0]
    by = ContentGrouping(fields=("source",), window_seconds=600)
    shared = GroupingSetting(id="", sort="content_based", service_ids=(service.id, other.id), group_by=by)
    place.desk.save(shared)
    html = place.client("carol").get(f"/services/{service.id}/edit").text
    assert "A grouping setting that was made by a program decides this" in html
    typed = form(place, service) | {"component": "New", "grouping": "open"}
    assert place.client("carol").act(f"/services/{service.id}/edit", **typed).status_code == 303
    assert now(place, service).group_by == by


def test_every_problem_stands_at_its_field(place: Place, service: Service) -> None:
    typed = form(place, service) | {
        "acknowledge": "soon", "resolve": "-1", "grouping": "time", "group_minutes": "", "urgency": "hours",
        "zone": "", "day": [], "name": "  ",
    }  # fmt: skip
    answer = place.client("carol").act(f"/services/{service.id}/edit", **typed)
    assert answer.status_code == 422
    at = dict(re.findall(r'id="wrong-(\w+)">.*?</svg>(.*?)</span>', answer.text))
    assert set(at) >= {"acknowledge", "resolve", "group_minutes", "zone"}
    assert 'value="soon"' in answer.text
    assert now(place, service) == service
    far = form(place, service) | {"urgency": "hours", "zone": "Mars/Base", "acknowledge": "9999999"}
    answer = place.client("carol").act(f"/services/{service.id}/edit", **far)
    at = dict(re.findall(r'id="wrong-(\w+)">.*?</svg>(.*?)</span>', answer.text))
    assert set(at) == {"zone", "acknowledge"}
    assert now(place, service) == service


def test_custom_fields_are_filled_in(place: Place, service: Service) -> None:
    tier: CustomField = place.desk.save(
        CustomField(id="", name="tier", display_name="Tier", data_type=DataType.INTEGER, type_id="")
    )
    typed = form(place, service) | {f"field.{tier.id}": "3"}
    browser = place.client("carol")
    assert browser.act(f"/services/{service.id}/edit", **typed).status_code == 303
    assert now(place, service).field_values == {tier.id: 3}
    assert "Tier 3" in words(browser.get(f"/services/{service.id}").text)
    wrong = browser.act(f"/services/{service.id}/edit", **(form(place, service) | {f"field.{tier.id}": "three"}))
    assert wrong.status_code == 422
    assert 'value="three"' in wrong.text
    browser.act(f"/services/{service.id}/edit", **(form(place, service) | {f"field.{tier.id}": ""}))
    assert now(place, service).field_values == {}


def test_who_may_change_one(place: Place, service: Service) -> None:
    typed = form(place, service)
    for who in ("alice", "mallory"):
        browser = place.client(who)
        assert browser.get(f"/services/{service.id}/edit").status_code == 403
        assert browser.act(f"/services/{service.id}/edit", **typed).status_code == 403
        assert browser.act(f"/services/{service.id}/remove", typed=service.name).status_code == 403
        assert browser.act(f"/services/{service.id}/maintain").status_code == 403
    other: Team = place.desk.save(Team(id="", name="Others"))
    nina = place.person("nina")
    place.desk.save(Membership(team_id=other.id, user_id=nina.id, role=TeamRole.MANAGER))
    assert place.client("nina").act(f"/services/{service.id}/edit", **typed).status_code == 403, "of another team"
    assert now(place, service) == service
    payments, place.team = place.team, other
    theirs = policy_of(place, "Theirs", (5, "bob"))
    place.team = payments
    given = place.client("carol").act(f"/services/{service.id}/edit", **(typed | {"policy_id": theirs.id}))
    assert given.status_code == 403, "nobody gives a service to a team that is not theirs"


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_the_form(place: Place, service: Service, text: str) -> None:
    place.desk.save(replace(service, description=text, component=text[:250]), "description", "component")
    for address in (f"/services/{service.id}/edit", f"/services?q={service.name}"):
        found = shape(place.client("erin").get(address).text)
        assert found.running == [], address
    answer = place.client("erin").act(f"/services/{service.id}/edit", **(form(place, service) | {"acknowledge": text}))
    assert answer.status_code in (303, 422)
    assert shape(answer.text).running == []


# -- removing one


def test_a_service_is_removed_by_its_name(place: Place, service: Service) -> None:
    browser = place.client("carol")
    made = orchestration(place)
    rules(place, made.id, PathKind.ROUTER, rule("event.summary exists", route_to=service.id))
    html = browser.get(f"/services/{service.id}/edit").text
    assert "These send events here, and lose the rules that do: Everything" in words(html)
    assert browser.act(f"/services/{service.id}/remove", typed="Payments").status_code == 422
    opened = place.alarm("PaymentsService", "a")
    assert opened is not None
    refused = browser.act(f"/services/{service.id}/remove", typed=service.name)
    assert refused.status_code == 409
    assert "It has an open incident. Resolve it first" in refused.text
    assert service.id in place.desk.config().services
    place.desk.run(place.as_("carol"), Resolve(incident_id=opened.id))
    answer = browser.act(f"/services/{service.id}/remove", typed=service.name)
    assert (answer.status_code, answer.headers["location"]) == (303, "/services")
    assert service.id not in place.desk.config().services
