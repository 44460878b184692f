"""PagerDuty's own Python client against the application, without a network in between."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx2
import pytest
from pagerduty import RestApiV2Client
from pagerduty.errors import HttpError

from tests.dialects.pagerduty.api import Api, House, secret

PUBLIC = "https://tocsin.example"


class Wired(httpx2.BaseTransport):
    """Hands requests to the application."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode().removeprefix("/pagerduty")
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        reply = self._api.request(request.method, path, key="", raw=request.read() or None, headers=headers)
        content = b"" if reply.body is None else json.dumps(reply.body).encode()
        return httpx2.Response(
            reply.status, headers=[("content-type", "application/json")], stream=httpx2.ByteStream(content)
        )


@pytest.fixture
def client(house: House) -> Iterator[RestApiV2Client]:
    api = Api(house, public_url=PUBLIC)
    base = f"{PUBLIC}/pagerduty"
    yield RestApiV2Client(secret("root"), default_from="alice@example.com", base_url=base, transport=Wired(api))
    api.close()


def test_lists_are_followed_to_their_end(client: RestApiV2Client) -> None:
    for number in range(30):
        client.rpost("/teams", json={"name": f"Team {number}"})
    assert len(client.list_all("/teams")) == 32
    assert len(list(client.iter_all("/teams", page_size=7))) == 32
    assert client.dict_all("/teams", by="name").keys() >= {"Payments", "Team 29"}


def test_things_are_found_made_and_changed(client: RestApiV2Client, house: House) -> None:
    found = client.find("users", "alice@example.com", attribute="email")
    assert found is not None
    assert found["id"] == house.alice.id
    made = client.persist("teams", "name", {"name": "Ops", "description": "first"})
    again = client.persist("teams", "name", {"name": "Ops", "description": "second"}, update=True)
    assert (again["id"], again["description"]) == (made["id"], "second")
    assert client.rget(made)["description"] == "second", "an object's own address can be followed"
    client.rdelete(made)
    with pytest.raises(HttpError):
        client.rget(made)


def test_an_incident_is_worked_on(client: RestApiV2Client, house: House) -> None:
    incident = house.alarm()
    listed = client.list_all("/incidents", params={"statuses": ["triggered"], "user_ids": list(incident.assignee_ids)})
    assert [one["id"] for one in listed] == [incident.id]
    updated = client.rput("/incidents", json=[{**listed[0], "status": "acknowledged"}])
    assert updated[0]["status"] == "acknowledged"
    assert updated[0]["acknowledgements"][0]["acknowledger"]["id"] == house.alice.id
    note = client.rpost(f"/incidents/{incident.id}/notes", json={"content": "From the client"})
    assert note["content"] == "From the client"
    snoozed = client.rpost(f"/incidents/{incident.id}/snooze", json={"duration": 60})
    assert snoozed["status"] == "acknowledged"
    entries = list(client.iter_all(f"/incidents/{incident.id}/log_entries"))
    assert {one["type"] for one in entries} >= {"trigger_log_entry", "acknowledge_log_entry", "snooze_log_entry"}


def test_what_the_client_asks_about_itself(client: RestApiV2Client) -> None:
    assert client.account_has_ability("teams")
    assert not client.account_has_ability("sso")
    assert client.api_key_access == "account"


def test_on_calls(client: RestApiV2Client, house: House) -> None:
    found = list(client.iter_all("/oncalls", params={"escalation_policy_ids": [house.policy.id], "include": ["users"]}))
    assert [one["escalation_level"] for one in found] == [1, 2]
    assert found[1]["user"]["email"] == "carol@example.com"
