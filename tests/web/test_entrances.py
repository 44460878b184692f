"""A monitor's entrance is added with what to copy, gets another key without a silence, and a test shows its way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.web.place import NIGHT, Place, policy_of
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.test_rules import rule, rules
from tests.web.typed_forms import filled
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.app.entrances import pieces
from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.dialects.alertmanager.read import AlertsRoute, WebhookRoute
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES, EventsRoute
from tocsin.directory.model import Integration, Service, UrgencyRule
from tocsin.events.orchestration import PathKind
from tocsin.kernel.errors import Invalid, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import HOUR
from tocsin.runtime.ingest import Posted
from tocsin.runtime.reads import AuditFilter
from tocsin.testing.rules import quiet


@pytest.fixture
def service(place: Place) -> Service:
    return place.services["PaymentsService"][0]


@pytest.fixture
def monitor(place: Place) -> Integration:
    return place.services["PaymentsService"][1]


@pytest.fixture
def here(service: Service, monitor: Integration) -> str:
    return f"/services/{service.id}/monitors/{monitor.id}"


def now(place: Place, monitor: Integration) -> Integration:
    return place.desk.config().integrations[monitor.id]


# -- what is copied


def test_what_is_copied_is_what_the_doors_take(ids: IdSource) -> None:
    """Address and key of each piece, held against the readers that serve those addresses."""
    key = "0123456789abcdef0123456789abcdef"
    keys = KeyTable([IntegrationRef("I", "S", key)])
    texts = {one.monitor: one.text for one in pieces("https://tocsin.example/sub", key)}
    assert all((key in text and "https://tocsin.example/sub" in text) or one == "Prometheus"
               for one, text in texts.items())  # fmt: skip
    doors = {"/v2/enqueue": EventsRoute(ALERTS, keys, ids), "/v2/change/enqueue": EventsRoute(CHANGES, keys, ids)}
    for name in ("Events API v2", "Changes"):
        found = re.findall(r"curl https://tocsin.example/sub(\S+) .*?-d '(.*?)'", texts[name], re.DOTALL)
        assert found
        for path, body in found:
            reading = doors[path].read(Posted(path, "", {}, body.encode(), NIGHT, ""))
            assert (reading.status, len(reading.entries)) == (202, 1), reading.body
    hook = re.search(r"url: https://tocsin.example/sub(\S+)", texts["Alertmanager"])
    assert hook is not None
    assert WebhookRoute(keys).turn_away(Posted(hook[1], "", {}, b"", NIGHT, "")) is None
    prefix = re.search(r"path_prefix: /sub(\S+)", texts["Prometheus"])
    assert prefix is not None
    assert AlertsRoute(keys).turn_away(Posted(f"{prefix[1]}/api/v2/alerts", "", {}, b"", NIGHT, "")) is None
    assert "scheme: https" in texts["Prometheus"]
    assert "targets: ['tocsin.example']" in texts["Prometheus"]


def test_the_public_address_wins_over_the_browsers(place: Place, here: str) -> None:
    html = place.client("carol", "https://inside.example").get(here).text
    assert "https://inside.example/v2/enqueue" in html
    assert "Set TOCSIN_PUBLIC_URL" in html
    place.site = replace(place.site, public_url="https://tocsin.example")
    html = place.client("carol", "https://inside.example").get(here).text
    assert "https://tocsin.example/v2/enqueue" in html
    assert "inside.example" not in html
    assert "TOCSIN_PUBLIC_URL" not in html


def test_one_is_added_renamed_and_removed(place: Place, service: Service) -> None:
    browser = place.client("carol")
    answer = browser.act(f"/services/{service.id}/monitors", monitor="PVALERT")
    assert answer.status_code == 303
    made = place.desk.config().integrations[answer.headers["location"].rpartition("/")[2]]
    assert (made.name, made.vendor_id, made.service_id) == ("Alertmanager", "PVALERT", service.id)
    here = answer.headers["location"]
    html = browser.get(here).text
    first = html.partition('class="body piece" open')[2].partition("</summary>")[0]
    assert "Alertmanager" in first, "its own piece stands open, first"
    browser.act(f"{here}/rename", name="Rack 7")
    assert now(place, made).name == "Rack 7"
    refused = browser.act(f"{here}/rename", name=" ")
    assert refused.status_code == 422
    assert browser.act(f"{here}/remove", typed="rack").status_code == 422
    assert made.id in place.desk.config().integrations
    assert browser.act(f"{here}/remove", typed="Rack 7").headers["location"] == f"/services/{service.id}"
    assert made.id not in place.desk.config().integrations


def test_a_key_is_replaced_with_and_without_an_overlap(place: Place, monitor: Integration, here: str) -> None:
    browser = place.client("carol")
    assert browser.act(f"{here}/rotate", key=monitor.key, overlap="24").status_code == 303
    second = now(place, monitor)
    assert second.key != monitor.key
    assert (second.old_key, second.old_key_until) == (monitor.key, NIGHT + 24 * HOUR)
    html = browser.get(here).text
    assert "works until Wed 02:14" in words(html)
    assert second.key in html
    assert monitor.key not in html
    browser.act(f"{here}/end-old")
    assert now(place, monitor).old_key == ""
    browser.act(f"{here}/rotate", key=second.key, overlap="0")
    third = now(place, monitor)
    assert third.key not in (monitor.key, second.key)
    assert (third.old_key, third.old_key_until) == ("", None)
    stale = browser.act(f"{here}/rotate", key=second.key, overlap="1")
    assert stale.status_code == 422
    assert "Somebody has given it another key since you opened the page." in stale.text
    assert browser.act(f"{here}/rotate", key=third.key, overlap="1000").status_code == 422
    assert now(place, monitor) == third


def test_no_old_key_is_made_up_and_none_stays_for_ever(place: Place, monitor: Integration) -> None:
    other = place.service("Ledger", place.policy)[1]
    wrong: tuple[dict[str, Any], ...] = (
        {"old_key": other.key, "old_key_until": NIGHT + HOUR},
        {"old_key": "f" * 32, "old_key_until": NIGHT + HOUR},
        {"old_key": monitor.key, "key": "", "old_key_until": NIGHT + 8 * 24 * HOUR},
    )
    for changes in wrong:
        with pytest.raises(Invalid):
            place.desk.save(replace(monitor, **changes), *changes)
    place.desk.save(replace(monitor, key="", old_key=monitor.key, old_key_until=NIGHT + HOUR),
                    "key", "old_key", "old_key_until")  # fmt: skip
    with pytest.raises(Invalid, match="already been taken"):
        place.desk.save(replace(other, key=monitor.key), "key")


def test_keys_stand_in_no_record(place: Place, monitor: Integration, here: str) -> None:
    place.client("carol").act(f"{here}/rotate", key=monitor.key, overlap="24")
    told = json.dumps([[change.before, change.after] for record in place.desk.reads.audit(AuditFilter()).items
                       for change in [record]], default=str)  # fmt: skip
    assert monitor.key not in told
    assert now(place, monitor).key not in told


def test_who_may_see_a_key(place: Place, service: Service, monitor: Integration, here: str) -> None:
    elsewhere = place.service("Ledger", place.policy)[0]
    for who in ("alice", "mallory"):
        browser = place.client(who)
        for address in (here, f"{here}/test"):
            assert browser.get(address).status_code == 403
        assert monitor.key not in browser.get(f"/services/{service.id}").text
        assert browser.act(f"/services/{service.id}/monitors", monitor="events").status_code == 403
        for action, fields in (("rotate", {"key": monitor.key, "overlap": "0"}), ("rename", {"name": "x"}),
                               ("remove", {"typed": monitor.name}), ("test", {"severity": "info"})):  # fmt: skip
            assert browser.act(f"{here}/{action}", **fields).status_code == 403, action
    assert place.client("erin").get(f"/services/{elsewhere.id}/monitors/{monitor.id}").status_code == 404
    assert now(place, monitor) == monitor


# -- a test event


def choices(html: str) -> dict[str, str]:
    labels = re.findall(r'<label class="choice.*?</label>', html, re.DOTALL)
    return {re.findall(r'value="(\w+)"', one)[0]: words(one) for one in labels}


def chosen(html: str) -> str:
    return filled(html, "form")["severity"]


def test_it_says_before_whom_it_would_page(place: Place, service: Service, here: str) -> None:
    browser = place.client("carol")
    html = browser.get(f"{here}/test").text
    assert "This will page Alice now." in choices(html)["critical"]
    assert "This will page Alice now." in choices(html)["info"]
    assert "It is kept on record. Nobody is paged." in choices(html)["change"]
    assert chosen(html) == "change", "what pages nobody is chosen first"
    place.desk.save(replace(service, urgency_rule=UrgencyRule(urgency="severity_based")), "urgency_rule")
    html = browser.get(f"{here}/test").text
    assert "This will page Alice now." in choices(html)["error"]
    assert "Low urgency: Alice is told by their rules for that." in choices(html)["info"]
    place.desk.save(quiet(service.id, "event.severity matches 'info'", "Never for info"))
    html = browser.get(f"{here}/test").text
    assert "Nobody is paged. (suppressed by the rule “Never for info” of PaymentsService)" in choices(html)["info"]
    assert chosen(html) == "info"
    moment = place.desk.clock.now()
    place.desk.save(MaintenanceWindow(id="", start=moment, end=moment + HOUR, service_ids=(service.id,)))
    html = browser.get(f"{here}/test").text
    assert "Nobody is paged." in choices(html)["critical"]
    assert not place.desk.reads.incidents().items, "looking sends nothing"


def test_rules_that_call_somebody_else_are_told(place: Place, service: Service, here: str) -> None:
    loud = policy_of(place, "Loud", (5, "bob"))
    rules(place, service.id, PathKind.SERVICE, rule("event.severity matches 'critical'", policy_id=loud.id))
    html = place.client("carol").get(f"{here}/test").text
    assert "This will page Bob now." in choices(html)["critical"]
    assert "This will page Alice now." in choices(html)["error"]


def test_its_way_is_shown_until_it_ends(place: Place, service: Service, here: str) -> None:
    browser = place.client("carol")
    answer = browser.act(f"{here}/test", severity="critical", summary="Is anybody there?")
    assert answer.status_code == 303
    way = answer.headers["location"]
    seq = int(way.rpartition("/")[2])
    outcome = place.desk.reads.outcome(seq)
    assert outcome is not None
    alert = place.desk.reads.alert(outcome.alert_id)
    assert alert is not None
    assert (alert.summary, alert.severity) == ("Is anybody there?", "critical")
    html = browser.get(way).text
    told = words(html)
    for text in ("Accepted 02:14:07", "The service has no rules of its own.", "Opened an alert Outcome new alert",
                 "Triggered Incident #1 Is anybody there?", "Sending Paged Alice text, 02:14:07"):  # fmt: skip
        assert text in told, text
    assert 'http-equiv="refresh"' in html, "without a script the page asks again by itself"
    place.desk.settle()
    assert "Sent Paged Alice" in words(browser.get(way).text)
    assert browser.act(way).headers["location"] == way
    told = words(browser.get(way).text)
    assert "Resolved Incident #1" in told
    assert "End the test" not in told


def test_a_test_that_pages_nobody_says_why(place: Place, service: Service, here: str) -> None:
    place.desk.save(quiet(service.id, "event.severity matches 'info'", "Never for info"))
    browser = place.client("carol")
    told = words(browser.get(browser.act(f"{here}/test", severity="info").headers["location"]).text)
    assert "It passed one rule." in told
    assert "Suppressed Alert" in told
    assert "suppressed by the rule “Never for info” of PaymentsService" in told
    assert "Nobody Paged No incident was made of it." in told
    told = words(browser.get(browser.act(f"{here}/test", severity="change").headers["location"]).text)
    assert "Recorded Outcome" in told
    assert not place.desk.reads.incidents().items


def test_one_that_is_not_decided_yet_waits(place: Place, service: Service, here: str) -> None:
    place.site = replace(place.site, send_event=lambda _key, _event: 77)
    browser = place.client("carol")
    way = browser.act(f"{here}/test", severity="info").headers["location"]
    html = browser.get(way).text
    assert "Not yet. This takes milliseconds" in html
    assert 'http-equiv="refresh"' in html
    assert browser.get(f"/services/{service.id}/tests/0").status_code == 404


def test_what_is_refused_at_the_door_keeps_what_was_typed(place: Place, here: str) -> None:
    def refuse(_key: str, _event: object) -> int:
        raise Unavailable("The server is starting.")

    place.site = replace(place.site, send_event=refuse)
    answer = place.client("carol").act(f"{here}/test", severity="warning", summary="Typed words")
    assert answer.status_code == 503
    assert 'value="Typed words"' in answer.text
    assert chosen(answer.text) == "warning"
    assert place.client("carol").act(f"{here}/test", severity="loud").status_code == 422


def test_events_of_other_services_are_not_shown_here(place: Place, service: Service) -> None:
    ledger = place.service("Ledger", place.policy)[0]
    place.alarm("PaymentsService", "a")
    assert place.client("erin").get(f"/services/{service.id}/tests/1").status_code == 200
    assert place.client("erin").get(f"/services/{ledger.id}/tests/1").status_code == 404
    ended = place.client("erin").act(f"/services/{service.id}/tests/1")
    assert ended.status_code == 404, "only a test is ended from here"


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text(place: Place, here: str, text: str) -> None:
    browser = place.client("carol")
    answer = browser.act(f"{here}/test", severity="critical", summary=text)
    address = answer.headers["location"] if answer.status_code == 303 else f"{here}/test"
    found = shape(browser.get(address).text)
    assert found.running == []
    assert found.tags["img"] == 0
    assert shape(browser.act(f"{here}/rename", name=text).text).running == []
    assert shape(browser.get(here).text).running == []
