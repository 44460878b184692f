"""Templates of status updates: kept whole, filled in for an incident, never executed, escaped where they are HTML."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.test_openapi import validator
from tocsin.directory.custom_fields import CustomField, DataType
from tocsin.incidents.field_messages import SetFields
from tocsin.incidents.messages import SetTitle
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind

PARTS = ("email_subject", "email_body", "message")


def template(api: Api, **parts: str) -> str:
    sent = {"name": "Update", "template_type": "status_update", "templated_fields": parts}
    return str(api.post("/templates", {"template": sent})["template"]["id"])


def titled(house: House, title: str) -> Incident:
    incident = house.alarm()
    house.run(Actor(ActorKind.USER, house.alice.id), SetTitle(incident_id=incident.id, title=title))
    return incident


def test_places_are_filled_in(api: Api, house: House) -> None:
    incident = titled(house, "Checkout is slow")
    sent = {
        "name": "Update",
        "templated_fields": {
            "email_subject": "{{incident.title}} ({{ incident.status }})",
            "email_body": "<b>{{status_update.message}}</b> {{incident.service.summary}}",
            "message": "#{{incident.incident_number}}: {{external.who.name}} {{external.tags}} {{incident.assignees}}",
        },
    }
    path = f"/templates/{api.post('/templates', {'template': sent})['template']['id']}"
    external = {"who": {"name": "Ann"}, "tags": ["a", 5, True]}
    body = {"incident_id": incident.id, "status_update": {"message": "Half is back"}, "external": external}
    found = api.post(f"{path}/render", body, key="alice").body
    validator("POST", "/templates/{id}/render").validate(found)
    assert found["templated_fields"] == {
        "email_subject": "Checkout is slow (triggered)",
        "email_body": f"<b>Half is back</b> {house.service.name}",
        "message": f"#{incident.number}: Ann a, 5, true Alice",
    }
    assert (found["warnings"], found["errors"]) == ({part: [] for part in PARTS}, [])


def message_of(api: Api, incident: Incident, text: str, **more: Any) -> tuple[str, list[str]]:
    sent = {"incident_id": incident.id, **more}
    body = api.post(f"/templates/{template(api, message=text)}/render", sent).body
    return body["templated_fields"]["message"], body["warnings"]["message"]


@pytest.mark.parametrize(
    ("text", "becomes", "missing"),
    [
        ("{{incident.bad_value}}!", "!", ["{{incident.bad_value}} does not exist."]),
        ("{{}}", "", ["{{}} does not exist."]),
        ("{{7*7}}{{incident.__class__}}", "", ["{{7*7}} does not exist.", "{{incident.__class__}} does not exist."]),
        ("{{#each incident}}x{{/each}}", "x", ["{{#each incident}} does not exist.", "{{/each}} does not exist."]),
        ("{{{incident.urgency}}}", "{high}", []),
        ("{{ {{incident.urgency}} }}", "{{ high }}", []),
        ("{% x %} ${y} {{incident.urgency", "{% x %} ${y} {{incident.urgency", []),
        ("{{external.a.b}}", "", ["{{external.a.b}} does not exist."]),
        ("{{incident.resolved_at}}", "", []),
    ],
)
def test_nothing_is_run(api: Api, house: House, text: str, becomes: str, missing: list[str]) -> None:
    assert message_of(api, titled(house, "T"), text, external={"a": [{"b": 1}]}) == (becomes, missing)


def test_what_is_filled_in_is_not_looked_into_again(api: Api, house: House) -> None:
    incident = titled(house, "{{incident.urgency}}")
    assert message_of(api, incident, "{{incident.title}}") == ("{{incident.urgency}}", [])


def test_custom_fields_are_named_like_the_others(api: Api, house: House) -> None:
    region = house.save(
        CustomField(id="", name="region", display_name="Region", data_type=DataType.STRING, several=True)
    )
    incident = titled(house, "T")
    values = {region.id: ["east", "west"]}
    house.run(Actor(ActorKind.USER, house.alice.id), SetFields(incident_id=incident.id, values=values))
    for place in ("{{incident.region}}", "{{incident.custom_fields.region}}"):
        assert message_of(api, incident, place) == ("east, west", [])
    listed = api.get("/templates/fields")
    validator("GET", "/templates/fields").validate(listed.body)
    kinds = {one["summary"]: one["type"] for one in listed["fields"]}
    assert kinds["incident.region"] == "custom_field"
    for path in (path for path, kind in kinds.items() if kind == "standard_field"):
        assert message_of(api, incident, f"{{{{{path}}}}}")[1] == [], path


def test_html_is_escaped_where_it_is_html(api: Api, house: House) -> None:
    incident = titled(house, "<img src=x onerror='a'>&\n\"")
    made = template(
        api,
        email_body='<p title="{{incident.title}}">{{incident.title}}</p>',
        message="{{incident.title}}",
        email_subject="A\r\n{{incident.title}}",
    )
    parts = api.post(f"/templates/{made}/render", {"incident_id": incident.id})["templated_fields"]
    safe = "&lt;img src=x onerror=&#x27;a&#x27;&gt;&amp;\n&quot;"
    assert parts["email_body"] == f'<p title="{safe}">{safe}</p>'
    assert parts["message"] == "<img src=x onerror='a'>&\n\"", "plain text is what it is"
    assert "\n" not in parts["email_subject"]
    assert "\r" not in parts["email_subject"]


@pytest.mark.parametrize(
    ("address", "stands"),
    [
        ("https://example.com/?a=1&b", "https://example.com/?a=1&amp;b"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ("javascript:alert(1)", ""),
        (" JavaScript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://example.com/ onmouseover=alert(1)", ""),
    ],
)
def test_only_addresses_stand_where_addresses_are(api: Api, house: House, address: str, stands: str) -> None:
    made = template(api, email_body="<a href='{{external.url}}'>{{external.url}}</a>")
    sent = {"incident_id": house.alarm().id, "external": {"url": address}}
    body = api.post(f"/templates/{made}/render", sent).body
    assert body["templated_fields"]["email_body"].startswith(f"<a href='{stands}'>")
    assert body["warnings"]["email_body"] == ([] if stands else ["{{external.url}} is no address."])


@pytest.mark.parametrize("first", ["", "x", "javascript:"])
def test_no_second_place_brings_what_the_first_may_not(api: Api, house: House, first: str) -> None:
    made = template(api, email_body='<a href="{{external.a}}{{external.b}}">')
    external = {"a": first, "b": "javascript:alert(1)"}
    body = api.post(f"/templates/{made}/render", {"incident_id": house.alarm().id, "external": external}).body
    assert body["templated_fields"]["email_body"] == '<a href="">'
    external = {"a": "https://example.com/", "b": "?q=1"}
    body = api.post(f"/templates/{made}/render", {"incident_id": house.alarm().id, "external": external}).body
    assert body["templated_fields"]["email_body"] == '<a href="https://example.com/?q=1">'


def test_what_grows_too_long_is_said(api: Api, house: House) -> None:
    made = template(api, message="{{external.a}}" * 50, email_body="{{external.a}}" * 50)
    sent = {"incident_id": house.alarm().id, "external": {"a": "<" * 4000}}
    body = api.post(f"/templates/{made}/render", sent).body
    assert len(body["templated_fields"]["message"]) == 4096
    assert body["templated_fields"]["email_body"] == "", "half of some HTML is none"
    assert body["errors"] == ["email_body is longer than 49152 characters", "message is longer than 4096 characters"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": 5},
        {"template_type": "other"},
        {"templated_fields": {"message": 5}},
        {"templated_fields": {"message": "x" * 4097}},
        {"templated_fields": {"email_subject": "x" * 256}},
        {"templated_fields": {"email_body": "x" * 49153}},
        {"templated_fields": []},
        {"description": "x" * 4097},
    ],
)
def test_what_is_no_template(api: Api, wrong: dict[str, Any]) -> None:
    sent = {"name": "Update", "templated_fields": {"message": "m"}}
    made = api.post("/templates", {"template": sent})["template"]
    assert made["templated_fields"] == {"email_subject": None, "email_body": None, "message": "m"}
    for method, path in (("POST", "/templates"), ("PUT", f"/templates/{made['id']}")):
        assert api.request(method, path, {"template": {**sent, **wrong}}).status == 400
    assert api.get("/templates")["templates"] == [made]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"incident_id": 5}, {"incident_id": "Q0"}, {"status_update": 5}, {"status_update": {"message": "x" * 5000}}],
)
def test_what_can_not_be_rendered(api: Api, house: House, wrong: dict[str, Any]) -> None:
    path = f"/templates/{template(api, message='m')}/render"
    good = {} if wrong == {} or "incident_id" in wrong else {"incident_id": house.alarm().id}
    assert api.request("POST", path, {**good, **wrong}).status == 400
    assert api.request("POST", "/templates/PNOBODY/render", good).status == 404


def test_an_incident_that_is_not_to_be_seen_is_not_rendered(api: Api, house: House) -> None:
    incident = house.alarm()
    path = f"/templates/{template(api, message='{{incident.title}}')}/render"
    unknown = api.request("POST", path, {"incident_id": "Q0"})
    assert unknown.errors == ["Incident not found"]
    assert api.request("POST", path, {"incident_id": incident.id}, key="mallory").status == 200, "observers look"
