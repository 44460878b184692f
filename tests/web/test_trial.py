"""An event is tried on the rules as they are, by the engine's own code; nothing is stored."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from tests.web.place import NIGHT, Place, priorities
from tests.web.test_fields import field
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_rules import event, orchestration, rule, rules
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.custom_fields import DataType
from tocsin.directory.model import ServiceStatus
from tocsin.events.orchestration import Orchestration, PathKind, RuleSet
from tocsin.kernel.time import HOUR
from tocsin.kernel.values import replace
from tocsin.runtime.reads import AlertFilter, OutcomeFilter


@pytest.fixture
def one(place: Place) -> Orchestration:
    """Staging waits, what is old is dropped, what is about payments goes on, the service makes it critical."""
    made = orchestration(place)
    service = place.services["PaymentsService"][0]
    rules(
        place,
        made.id,
        PathKind.GLOBAL,
        rule("event.source matches part 'old'", id="old", label="Old machines", drop=True),
        rule("event.source matches part 'staging'", id="staging", suspend_seconds=300),
        rule("event.source matches part 'quiet'", id="quiet", suppress=True, label="Quiet"),
    )
    rules(place, made.id, PathKind.ROUTER, rule("event.summary matches part 'pay'", id="pay", route_to=service.id))
    note = rule(
        "event.group matches 'core'", id="core", severity="critical", note="From {{event.source}}",
        priority_id=priorities(place)[0].id,
    )  # fmt: skip
    rules(place, service.id, PathKind.SERVICE, note)
    return made


def tried(place: Place, one: Orchestration, said: object, who: str = "erin", at: str = "") -> tuple[int, str]:
    text = said if isinstance(said, str) else json.dumps(said)
    answer = place.client(who).act(f"/orchestrations/{one.id}/try", event=text, at=at)
    part = answer.text.partition('id="try"')[2].partition("</section>")[0]
    return answer.status_code, " ".join(unescape(re.sub("<[^>]*>", " ", part)).split())


def payload(**more: Any) -> dict[str, Any]:
    return {"summary": "pay fails", "source": "db-1", "severity": "warning"} | more


def test_what_fired_and_what_it_changed(place: Place, one: Orchestration) -> None:
    code, text = tried(place, one, payload(group="core"))
    assert code == 200
    assert "Pages It opens an alert, and people are called." in text
    assert "Goes to PaymentsService" in text
    assert "Calls first Alice, by policy Payments" in text
    assert "Priority: P1" in text
    assert "Note: From db-1" in text
    assert 'If summary contains "pay" : send to PaymentsService' in text
    assert "severity warning critical" in text


def test_each_ending(place: Place, one: Orchestration) -> None:
    for said, ending in (
        (payload(source="old-1"), "Dropped Nothing comes of it."),
        (payload(source="staging-1"), "Waits People are called only if it is not over"),
        (payload(source="quiet-1"), "Suppressed It opens an alert that pages nobody."),
        (payload(summary="else"), "no rule of Everything sends it to a service"),
        ({"event_action": "resolve", "dedup_key": "x"}, "no open alert has this key"),
    ):
        assert ending in tried(place, one, said)[1], said
    assert "dropped by the rule “Old machines” of Everything" in tried(place, one, payload(source="old-1"))[1]


def test_a_whole_event_and_an_alert_that_is_open(place: Place, one: Orchestration) -> None:
    event(place, one, summary="pay")
    said = {"event_action": "trigger", "dedup_key": "k", "payload": payload()}
    assert "Repeats The alert of its key is open already" in tried(place, one, said)[1]


def test_an_alert_that_is_suppressed_and_open(place: Place, one: Orchestration) -> None:
    event(place, one, summary="pay", source="quiet-1")
    for source, word in (("quiet-1", "counts it, and still pages nobody."), ("db-1", "Pages")):
        said = {"event_action": "trigger", "dedup_key": "k", "payload": payload(source=source)}
        assert word in tried(place, one, said)[1], source
    said = {"event_action": "resolve", "dedup_key": "k"}
    assert "Ends It ends the open alert of its key." in tried(place, one, said)[1]


def test_windows_and_the_time_at_which_it_would_come(place: Place, one: Orchestration) -> None:
    service = place.services["PaymentsService"][0]
    window = MaintenanceWindow(
        id="", start=NIGHT + HOUR, end=NIGHT + 2 * HOUR, service_ids=(service.id,), description="Disks"
    )
    place.desk.save(window)
    assert "Held" not in tried(place, one, payload())[1]
    text = tried(place, one, payload(), at="2026-01-06T03:30")[1]
    assert "Held It opens an alert that pages nobody while the maintenance window runs." in text
    assert 'maintenance window "Disks" until 2026-01-06 04:14 UTC' in text
    place.desk.save(replace(service, status=ServiceStatus.DISABLED), "status")
    assert "the service PaymentsService is disabled" in tried(place, one, payload())[1]


def test_sets_lead_on_and_nothing_is_stored(place: Place, one: Orchestration) -> None:
    counted = rule("trigger_count over 1 hour > 1", id="many", suppress=True)
    second = RuleSet(id="second", rules=(rule(id="last", severity="info"),))
    first = rule("event.summary exists", id="first", route_to="second")
    rules(place, place.services["PaymentsService"][0].id, PathKind.SERVICE, counted, first, sets=(second,))
    for _ in range(3):
        assert "severity warning info" in tried(place, one, payload())[1], "no try counts"
    assert not place.desk.reads.alerts(AlertFilter()).items
    assert not place.desk.reads.outcomes(OutcomeFilter()).items
    assert not place.desk.reads.memories([f"hits:{one.id}:router:pay"])
    event(place, one, summary="pay")
    assert "suppress it" in tried(place, one, payload())[1], "what is stored counts"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "Paste an event"),
        ("{", "This is not JSON"),
        ("[1]", "it must be an object"),
        ('{"summary": "x"}', "would be refused at the door"),
        ('{"event_action": "burn", "payload": {}}', "would be refused at the door"),
    ],
)
def test_what_is_no_event_is_refused_and_kept(place: Place, one: Orchestration, said: str, problem: str) -> None:
    answer = place.client("erin").act(f"/orchestrations/{one.id}/try", event=said)
    assert answer.status_code == 422
    assert problem in answer.text
    assert f">{said}</textarea>".replace('"', "&#34;") in answer.text
    assert "When is a time like" in tried(place, one, payload(), at="soon")[1]


def test_whoever_may_only_look_may_try(place: Place, one: Orchestration) -> None:
    assert tried(place, one, payload(), who="mallory")[0] == 200


@pytest.mark.parametrize("text", ZOO)
def test_hostile_events(place: Place, one: Orchestration, text: str) -> None:
    said = payload(summary=f"pay {text}", source=text, group="core", custom_details={text: text}, component=text)
    answer = place.client("erin").act(f"/orchestrations/{one.id}/try", event=json.dumps(said))
    assert answer.status_code == 200
    found = shape(answer.text)
    assert found.running == []
    assert found.tags["script"] == answer.text.count('<script defer src="/static/')


def test_custom_fields_are_set_or_it_is_said_why_not(place: Place) -> None:
    made = orchestration(place)
    service = place.services["PaymentsService"][0]
    region, count = field(place, "region"), field(place, "count", DataType.INTEGER)
    rules(place, made.id, PathKind.ROUTER, rule(id="all", route_to=service.id))
    updates = ((region.id, "{{event.source}}"), (count.id, "{{event.summary}}"))
    rules(place, service.id, PathKind.SERVICE, rule(id="fields", field_updates=updates))
    code, text = tried(place, made, payload())
    assert code == 200
    assert "Region: db-1" in text
    assert "Count: pay fails (not set: it must be a whole number)" in text
    page = unescape(re.sub("<[^>]*>", "", place.client("erin").get(f"/services/{service.id}/rules").text))
    assert "set the incident's Region to \u201c{{event.source}}\u201d" in page
    assert "not acted upon" not in page
