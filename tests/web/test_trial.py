"""An event is tried on the rules as they are, by the engine's own code; nothing is stored."""

from __future__ import annotations

import json
import re
from dataclasses import replace as replace_site
from html import unescape
from typing import Any

import pytest

from tests.web.place import NIGHT, Place, priorities
from tests.web.test_fields import field
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_rules import event, orchestration, rule, rules
from tests.web.typed_forms import filled
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.custom_fields import DataType
from tocsin.directory.model import Membership, Role, Service, ServiceStatus, Team, TeamRole
from tocsin.events.model import Severity
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
    assert f">\n{said}</textarea>".replace('"', "&#34;") in answer.text
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


def status(html: str) -> str:
    part = html.partition('role="status"')[2].partition("</section>")[0]
    return " ".join(unescape(re.sub("<[^>]*>", " ", part)).split())


def test_a_service_with_only_its_own_key(place: Place) -> None:
    service = place.service("Ledger", place.policy)[0]
    rules(place, service.id, PathKind.SERVICE, rule("event.group matches 'core'", id="core", severity="critical"))
    browser = place.client("mallory")
    assert f'action="/services/{service.id}/try#try"' in browser.get(f"/services/{service.id}/rules").text
    answer = browser.act(f"/services/{service.id}/try", event=json.dumps(payload(group="core")))
    text = status(answer.text)
    assert "Goes to Ledger" in text
    assert "severity warning critical" in text
    assert "Calls first Alice, by policy Payments" in text
    refused = browser.act(f"/services/{service.id}/try", event="{")
    assert refused.status_code == 422
    assert "This is not JSON" in refused.text
    assert not place.desk.reads.outcomes(OutcomeFilter()).items


def test_a_service_to_which_an_orchestration_leads(place: Place, one: Orchestration) -> None:
    service = place.services["PaymentsService"][0]
    (key,) = place.desk.config().keys_of[one.id]
    browser = place.client("erin")
    html = browser.get(f"/services/{service.id}/rules").text
    assert f'<option value="{key.id}"' in html
    by_key = browser.act(f"/services/{service.id}/try", event=json.dumps(payload(source="old-1")), by=key.id)
    assert "dropped by the rule “Old machines” of Everything" in status(by_key.text)
    own = browser.act(f"/services/{service.id}/try", event=json.dumps(payload(source="old-1")))
    assert "Pages" in status(own.text)


def test_a_service_without_any_key_says_so(place: Place) -> None:
    bare: Service = place.desk.save(Service(id="", name="Bare", policy_id=place.policy.id))
    html = place.client("erin").get(f"/services/{bare.id}/rules").text
    assert "There is no key: nothing can come in, so there is nothing to try." in html
    assert place.client("erin").act(f"/services/{bare.id}/try", event="{}").status_code == 422


def test_a_try_starts_from_an_event_that_came(place: Place, one: Orchestration) -> None:
    seq = event(place, one, "a", summary="pay fails", source="quiet-1", group="core", severity=Severity.ERROR,
                details={"zone": "eu", "n": [1, {"deep": "ü"}]})  # fmt: skip
    browser = place.client("erin")
    place.desk.clock.moment = NIGHT + 5 * HOUR
    listed = browser.get(f"/alerts/events/{seq}").text
    link = f"/orchestrations/{one.id}?event={seq}#try"
    assert f'href="{link}"' in listed
    html = browser.get(link).text
    fields = try_fields(html)
    assert json.loads(fields["event"])["payload"]["custom_details"] == {"zone": "eu", "n": [1, {"deep": "ü"}]}
    assert (fields["seq"], fields["when"]) == (str(seq), "then")
    answer = browser.act(f"/orchestrations/{one.id}/try", **fields)
    assert answer.status_code == 200
    assert "At 02:14:07" in status(answer.text)
    assert "Suppressed It opens an alert that pages nobody." in status(answer.text), "it opened that alert itself"
    assert try_fields(answer.text) == fields, "what was typed stays"
    answer = browser.act(f"/orchestrations/{one.id}/try", **(fields | {"when": "now"}))
    assert "At 07:14:07" in status(answer.text)
    assert "Repeats" in status(answer.text), "by now the alert is open"
    answer = browser.act(f"/orchestrations/{one.id}/try", **(fields | {"at": "2026-01-07T12:00"}))
    assert "At Wed 12:00:00" in status(answer.text)
    changed = fields["event"].replace("quiet-1", "old-2")
    answer = browser.act(f"/orchestrations/{one.id}/try", **(fields | {"event": changed.replace("\n", "\r\n")}))
    assert "Dropped" in status(answer.text)


def try_fields(html: str) -> dict[str, str]:
    form = html.partition('id="try"')[2].partition('class="body fields try-form"')[2].partition("</form>")[0]
    return filled(f"<form>{form}</form>")


def test_what_no_pasted_text_can_say_is_tried_as_it_is_stored(place: Place, one: Orchestration) -> None:
    """An event without a severity would be refused at the door of the Events API, but other monitors send such."""
    seq = event(place, one, "a", summary="pay", source="quiet-1", severity=None)
    browser = place.client("erin")
    fields = try_fields(browser.get(f"/orchestrations/{one.id}?event={seq}").text)
    assert "It opens an alert that pages nobody" in status(browser.act(f"/orchestrations/{one.id}/try", **fields).text)
    changed = fields | {"event": fields["event"].replace("quiet", "loud")}
    assert browser.act(f"/orchestrations/{one.id}/try", **changed).status_code == 422


def test_a_very_long_event_is_tried_as_it_is(place: Place, one: Orchestration) -> None:
    seq = event(place, one, "a", summary="pay", source="quiet-1", details={"long": "x" * 100_000})
    browser = place.client("erin")
    html = browser.get(f"/orchestrations/{one.id}?event={seq}").text
    assert "It is too long to be changed here." in html
    fields = try_fields(html)
    assert fields["event"] == ""
    assert "It opens an alert that pages nobody" in status(browser.act(f"/orchestrations/{one.id}/try", **fields).text)
    second = event(place, one, "a", summary="pay again", source="quiet-1")
    fields = try_fields(browser.get(f"/orchestrations/{one.id}?event={second}").text)
    repeats = status(browser.act(f"/orchestrations/{one.id}/try", **fields).text)
    assert "Repeats" in repeats, "there was an alert when the second came"


def test_events_of_others_are_not_to_start_from(place: Place, one: Orchestration) -> None:
    seq = event(place, one, "a", summary="pay SECRET")
    other = orchestration(place, "Other", place.desk.save(Team(id="", name="Shop")))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=other.team_id or "", user_id=rita.id, role=TeamRole.MANAGER))
    browser = place.client("rita")
    for address in (f"/orchestrations/{other.id}?event={seq}", f"/orchestrations/{other.id}?event=99"):
        html = browser.get(address).text
        assert "SECRET" not in html
        assert 'name="seq"' not in html
    tried_anyway = browser.act(f"/orchestrations/{other.id}/try", event="", seq=str(seq))
    assert tried_anyway.status_code == 422
    assert "SECRET" not in tried_anyway.text
    assert browser.get(f"/orchestrations/{one.id}?event={seq}").status_code == 404


def test_an_event_whose_body_is_gone(place: Place, one: Orchestration) -> None:
    seq = event(place, one, "a", summary="pay")
    place.site = replace_site(place.site, stored_events=lambda _seqs: {})
    browser = place.client("erin")
    assert 'name="seq"' not in browser.get(f"/orchestrations/{one.id}?event={seq}").text
    gone = browser.act(f"/orchestrations/{one.id}/try", event="", seq=str(seq))
    assert gone.status_code == 404
    assert "not kept any more" in gone.text
