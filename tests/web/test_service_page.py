"""A service's page has all that is known of it in one place; what only Tocsin knows is set there and loses nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.web.place import NIGHT, Place, policy_of
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.test_rules import orchestration, rule, rules
from tests.web.typed_forms import filled
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.business import BusinessService, Dependency
from tocsin.directory.grouping import ContentGrouping, GroupingSetting
from tocsin.directory.model import (
    Membership,
    Role,
    Service,
    SupportHours,
    Team,
    TeamRole,
    UrgencyRule,
    UrgencyRuleKind,
)
from tocsin.events.orchestration import PathKind
from tocsin.kernel.time import HOUR


@pytest.fixture
def service(place: Place) -> Service:
    return place.services["PaymentsService"][0]


def now(place: Place, service: Service) -> Service:
    return place.desk.config().services[service.id]


def page(place: Place, service: Service, who: str = "erin") -> str:
    answer = place.client(who).get(f"/services/{service.id}")
    assert answer.status_code == 200
    return answer.text


def form(place: Place, service: Service, who: str = "carol") -> dict[str, str]:
    answer = place.client(who).get(f"/services/{service.id}/edit")
    assert answer.status_code == 200
    return filled(answer.text, "form")


def section(html: str, heading: str) -> str:
    part = html.partition(f'id="h-{heading}"')[2].partition("</section>")[0]
    return words(f"<h2>{part}")


def test_everything_in_one_place(place: Place, service: Service) -> None:
    owner: Team = place.desk.save(Team(id="", name="Platform"))
    place.desk.save(
        replace(
            service, description="Takes the money.", runbook_url="https://run.example.com/pay",
            dashboard_url="https://dash.example.com/1", repository_url="https://git.example.com/pay",
            owner_team_id=owner.id, component="Checkout", acknowledgement_timeout=1800, auto_resolve_timeout=7200,
            group_seconds=300, pause_seconds=120, raise_at="support_hours_start",
            urgency_rule=UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="high", outside="low"),
            support_hours=SupportHours(time_zone="Europe/Dublin", start_second=32400, end_second=61200, days=(1, 2)),
        ),
        "description", "runbook_url", "dashboard_url", "repository_url", "owner_team_id", "component",
        "acknowledgement_timeout", "auto_resolve_timeout", "group_seconds", "pause_seconds", "raise_at",
        "urgency_rule", "support_hours",
    )  # fmt: skip
    made = orchestration(place)
    rules(place, made.id, PathKind.ROUTER, rule("event.summary exists", route_to=service.id))
    rules(place, service.id, PathKind.SERVICE, rule("event.group matches 'core'", label="Core", severity="critical"))
    place.desk.save(
        MaintenanceWindow(
            id="", start=NIGHT + HOUR, end=NIGHT + 2 * HOUR, service_ids=(service.id,), description="New disks"
        )
    )
    shop = place.desk.save(BusinessService(id="", name="Shop"))
    ledger = place.service("Ledger", place.policy)[0]
    place.desk.save(Dependency(id="", dependent_id=shop.id, supporting_id=service.id, dependent_is_business=True))
    place.desk.save(Dependency(id="", dependent_id=service.id, supporting_id=ledger.id))
    place.alarm("PaymentsService", "k", "Payments fail")
    html = page(place, service)
    assert "Takes the money." in html
    assert "Triggered #1 0 s A Alice Payments fail" in section(html, "open")
    facts = section(html, "facts")
    for text in ("Owner Platform", "Alice", "Policy Payments", "Runbook run.example.com", "Dashboard dash.example.com",
                 "Code git.example.com", "Part of Checkout"):  # fmt: skip
        assert text in facts, text
    behaves = section(html, "settings")
    for text in ("Urgency high in support hours, low outside", "Mon, Tue 09:00–17:00 Europe/Dublin",
                 "Acknowledged is open again after 30 min", "Resolves itself after 2 h",
                 "New alerts wait 2 min, if their like was over as quickly",
                 "Alerts join an incident that began up to 5 min before",
                 "Made urgent when support hours start"):  # fmt: skip
        assert text in behaves, text
    assert "Prometheus last event 0 s ago · Opened an alert" in section(html, "monitors")
    assert "Triggered critical Prometheus 0 s #1 Payments fail" in section(html, "alerts")
    (alert,) = place.desk.reads.alerts_of(place.incident(1).id).items
    assert f'href="/alerts/{alert.id}"' in html
    assert '<p class="ticks-line meta" aria-hidden="true"><span>Mon 02:14</span>' in html
    month = place.client("erin").get(f"/services/{service.id}?span=30d").text
    assert "<span>7 Dec</span><span>14 Dec</span>" in month, "four of them stand side by side on a phone"
    assert "1 events by its keys" not in section(html, "noise")
    assert "Also what Everything sends here." in section(html, "monitors")
    assert 'Core If group is "core": set the severity to critical.' in section(html, "rules")
    assert "New disks" in section(html, "maintenance")
    assert "Needs Operational Ledger × Needed by Shop" in section(html, "needs")
    assert f'href="/services/{ledger.id}"' in html


def test_a_bare_service(place: Place) -> None:
    bare: Service = place.desk.save(Service(id="", name="Bare", policy_id=place.policy.id, last_resort=False))
    html = page(place, bare)
    assert "Nothing is open here." in html
    assert "Nothing reports to it" in html
    assert "Runbook none" in section(html, "facts")
    assert "If nobody answers nobody else is called" in section(html, "settings")
    assert "only kept" not in html.lower()


def test_the_runbook_of_the_description_says_where_it_is_from(place: Place, service: Service) -> None:
    place.desk.save(replace(service, description="Runbook: https://wiki.example.com/p"), "description")
    assert "Runbook wiki.example.com from the description" in section(page(place, service), "facts")


def test_what_is_only_kept_says_so(place: Place, service: Service) -> None:
    wire = {
        "alert_grouping_parameters": {"type": "intelligent", "config": {"time_window": 300}},
        "response_play": {"id": "PLAY", "type": "response_play_reference"},
        "scheduled_actions": [{"type": "urgency_change"}],
    }
    place.desk.save(replace(service, wire=json.dumps(wire)), "wire")
    text = section(page(place, service), "settings")
    assert "Only kept not acted upon" in text
    for phrase in ("Intelligent grouping of alerts", "A response play", "Scheduled actions other than one that makes"):
        assert phrase in text
    place.desk.save(replace(service, wire="{}"), "wire")
    assert "Only kept" not in page(place, service)
    smart = GroupingSetting(id="", sort="content_based_intelligent", name="By host", service_ids=(service.id,))
    place.desk.save(smart)
    assert "Grouping of alerts by their content, intelligently" in section(page(place, service), "settings")


def test_how_a_service_groups_by_content_is_said(place: Place, service: Service) -> None:
    other = place.service("Ledger", place.policy)[0]
    by = ContentGrouping(fields=("source", "component"), window_seconds=600)
    place.desk.save(replace(service, group_by=by), "group_by")
    text = section(page(place, service), "settings")
    assert "an incident with the same source and component whose last alert came up to 10 min before" in text
    assert "shares" not in text
    some = replace(by, match_all=False)
    both = (service.id, other.id)
    place.desk.save(GroupingSetting(id="", sort="content_based", service_ids=both, group_by=some))
    text = section(page(place, service), "settings")
    assert "an incident with the same source or component" in text
    assert "also of the services that it shares this with" in text
    assert "Only kept" not in text


def test_what_only_tocsin_knows_is_set_and_forgotten(place: Place, service: Service) -> None:
    owner: Team = place.desk.save(Team(id="", name="Platform"))
    browser = place.client("carol")
    fields = form(place, service)
    fields |= {"runbook_url": "https://run.example.com/", "owner_team_id": owner.id, "component": " Front "}
    answer = browser.act(f"/services/{service.id}/edit", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/services/{service.id}")
    stored = now(place, service)
    assert (stored.runbook_url, stored.owner_team_id, stored.component) == (
        "https://run.example.com/", owner.id, "Front",
    )  # fmt: skip
    untouched = set(Service.__slots__) - {"runbook_url", "owner_team_id", "component", "updated_at"}
    assert all(getattr(stored, name) == getattr(service, name) for name in untouched)
    fields = form(place, service)
    browser.act(f"/services/{service.id}/edit", **(fields | {"runbook_url": "", "owner_team_id": "", "component": ""}))
    assert now(place, service) == replace(service, updated_at=now(place, service).updated_at)


def test_what_is_wrong_stands_at_its_field_and_stays(place: Place, service: Service) -> None:
    typed = {
        "runbook_url": "javascript:alert(1)", "dashboard_url": "ftp://x", "repository_url": "no address",
        "owner_team_id": "PNONE", "component": "x" * 300,
    }  # fmt: skip
    answer = place.client("carol").act(f"/services/{service.id}/edit", **typed)
    assert answer.status_code == 422
    at = dict(re.findall(r'id="wrong-(\w+)">.*?</svg>(.*?)</span>', answer.text))
    assert set(at) == set(typed)
    for name in ("runbook_url", "dashboard_url", "repository_url", "component"):
        assert f'value="{typed[name]}"' in answer.text
    assert shape(answer.text).running == []
    assert now(place, service) == service


def test_nobody_writes_over_what_somebody_else_has_changed(place: Place, service: Service) -> None:
    fields = form(place, service)
    place.desk.clock.moment += HOUR
    place.desk.save(replace(service, component="Theirs"), "component")
    answer = place.client("carol").act(f"/services/{service.id}/edit", **(fields | {"component": "Mine"}))
    assert answer.status_code == 409
    assert "Somebody has changed this service since you opened the page." in answer.text
    assert 'value="Mine"' in answer.text
    assert now(place, service).component == "Theirs"
    again = filled(answer.text, "form")
    assert place.client("carol").act(f"/services/{service.id}/edit", **again).status_code == 303
    assert now(place, service).component == "Mine"


def test_who_may_look_and_who_may_change(place: Place, service: Service) -> None:
    key = place.services["PaymentsService"][1].key
    assert key in page(place, service, "carol")
    for who in ("alice", "mallory"):
        html = page(place, service, who)
        assert key not in html
        assert "/edit" not in html
        assert "/monitors/" not in html
        assert place.client(who).act(f"/services/{service.id}/edit", component="x").status_code == 403
    place.person("rita", Role.RESTRICTED)
    assert place.client("rita").get(f"/services/{service.id}").status_code == 404
    assert place.client("rita").act(f"/services/{service.id}/edit", component="x").status_code == 404
    assert place.client("erin").get("/services/PNONE").status_code == 404


def test_what_other_teams_have_is_not_named(place: Place, service: Service) -> None:
    other: Team = place.desk.save(Team(id="", name="Secret team"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=place.team.id, user_id=rita.id, role=TeamRole.MANAGER))
    payments, place.team = place.team, other
    secret = place.service("Secret service", policy_of(place, "Secret policy", (5, "bob")))[0]
    place.team = payments
    place.desk.save(Dependency(id="", dependent_id=service.id, supporting_id=secret.id))
    place.desk.save(BusinessService(id="", name="Secret shop", team_id=other.id))
    made = orchestration(place, "Secret routing", other)
    rules(place, made.id, PathKind.ROUTER, rule("event.summary exists", route_to=service.id))
    sam = place.person("sam", shown="Secret Sam")
    place.desk.save(Membership(team_id=other.id, user_id=sam.id, role=TeamRole.MANAGER))
    place.desk.save(replace(now(place, service), owner_team_id=other.id), "owner_team_id")
    place.desk.save(replace(place.team, lead_id=sam.id), "lead_id")
    assert "Secret" not in page(place, service, "rita")
    assert "a team that you don’t see" in page(place, service, "rita")
    for address in ("/teams", f"/teams/{place.team.id}"):
        html = place.client("rita").get(address).text
        assert "Secret" not in html
        assert "somebody whom you don’t see" in html
    assert "Secret team" in page(place, service, "erin")
    typed = form(place, service, "rita")
    assert place.client("rita").act(f"/services/{service.id}/edit", **typed).status_code == 303
    assert now(place, service).owner_team_id == other.id, "what one does not see one does not change"


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text(place: Place, service: Service, text: str) -> None:
    name = "".join(letter for letter in text if letter.isprintable())[:250].strip()
    place.desk.save(replace(service, description=text, component=text[:250]), "description", "component")
    team: Team = place.desk.save(Team(id="", name=name or "x", description=text, chat_group=text[:250]))
    for address in (f"/services/{service.id}", "/services", "/teams", f"/teams/{team.id}"):
        found = shape(place.client("erin").get(address).text)
        assert found.running == [], address
        assert found.tags["img"] == 0, address


def test_links_lead_to_it(place: Place, service: Service) -> None:
    place.alarm("PaymentsService", "k", "Payments fail")
    browser = place.client("erin")
    for address in ("/services", "/find?q=paymentsservice", "/incidents/1", "/audit?kind=service"):
        assert f'href="/services/{service.id}"' in browser.get(address).text, address
