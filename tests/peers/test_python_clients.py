"""PagerDuty's two Python clients, unchanged, against a server that runs behind TLS: only their base URL is ours."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pagerduty
import pdpyras
import pytest
from pagerduty.errors import HttpError

from tests.peers.conftest import Account

pytestmark = pytest.mark.slow

CLIENTS = ("pagerduty", "pdpyras")
REFUSED = (HttpError, pdpyras.PDHTTPError)

_numbers = count(1)


class Client:
    """One of the clients: `rest`, and `events(routing_key)`. Both have methods of the same names."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self._opened: list[Any] = []
        self._trust = ssl.create_default_context(cafile=account.certificate)
        self.name = f"{name} {next(_numbers)}"
        make: Callable[[], Any] = self._official if name == "pagerduty" else self._older
        self.rest = make()
        self._events: Callable[[str], Any] = self._official_events if name == "pagerduty" else self._older_events

    def events(self, key: str) -> Any:
        """The client of the Events API, for this routing key."""
        self._opened.append(self._events(key))
        return self._opened[-1]

    def close(self) -> None:
        for one in (self.rest, *self._opened):
            one.close()

    def _official(self) -> Any:
        account = self._account
        return pagerduty.RestApiV2Client(
            account.key, default_from=account.email, base_url=account.rest_url, verify=self._trust
        )

    def _official_events(self, key: str) -> Any:
        return pagerduty.EventsApiV2Client(key, base_url=self._account.server.url, verify=self._trust)

    def _older(self) -> Any:
        session = pdpyras.APISession(self._account.key, default_from=self._account.email)
        return self._pointed(session, self._account.rest_url)

    def _older_events(self, key: str) -> Any:
        return self._pointed(pdpyras.EventsAPISession(key), self._account.server.url)

    def _pointed(self, session: Any, url: str) -> Any:
        session.url = url
        session.verify = str(self._account.certificate)
        session.trust_env = False  # or the machine's own list of authorities would count instead
        return session

    def service(self) -> tuple[Any, str]:
        """A service that calls Olive, and the key of its integration."""
        olive = self.rest.find("users", self._account.email, attribute="email")
        rule = {"escalation_delay_in_minutes": 10, "targets": [{"id": olive["id"], "type": "user_reference"}]}
        policy = self.rest.rpost("escalation_policies", json={"name": self.name, "escalation_rules": [rule]})
        reference = {"id": policy["id"], "type": "escalation_policy_reference"}
        service = self.rest.rpost("services", json={"name": self.name, "escalation_policy": reference})
        body = {"name": "Monitor", "type": "events_api_v2_inbound_integration"}
        return service, self.rest.rpost(f"services/{service['id']}/integrations", json=body)["integration_key"]


@pytest.fixture(params=CLIENTS)
def client(account: Account, request: pytest.FixtureRequest) -> Iterator[Client]:
    found = Client(account, request.param)
    yield found
    found.close()


def test_lists_are_followed_page_by_page(client: Client) -> None:
    made = {client.rest.rpost("teams", json={"name": f"{client.name}, team {number}"})["id"] for number in range(11)}
    assert made <= {one["id"] for one in client.rest.list_all("teams")}
    paged = [one["id"] for one in client.rest.iter_all("teams", page_size=4, total=True)]
    assert len(paged) == len(set(paged))
    assert made <= set(paged)
    named = client.rest.dict_all("teams", by="name", params={"query": client.name})
    assert named[f"{client.name}, team 7"]["id"] in made


def test_things_are_found_made_changed_and_removed(client: Client) -> None:
    assert client.rest.find("teams", f"{client.name} Ops") is None
    made = client.rest.persist("teams", "name", {"name": f"{client.name} Ops", "description": "first"})
    same = client.rest.persist("teams", "name", {"name": f"{client.name} Ops", "description": "second"}, update=True)
    assert (same["id"], same["description"]) == (made["id"], "second")
    assert client.rest.find("teams", f"{client.name} ops")["id"] == made["id"]
    changed = client.rest.rput(made, json={**same, "description": "third"})
    assert client.rest.rget(made["self"])["description"] == changed["description"] == "third"
    client.rest.rdelete(made)
    with pytest.raises(REFUSED) as refused:
        client.rest.rget(made)
    assert refused.value.response.status_code == 404


def test_an_alarm_is_raised_acknowledged_and_resolved(client: Client, account: Account) -> None:
    service, key = client.service()
    events = client.events(key)
    dedup_key = events.trigger("Disk full", "db-1", severity="error", custom_details={"free": "1%"})
    incident = _becomes(client, account, service, "triggered")
    assert incident["assignments"][0]["assignee"]["summary"] == "Olive"
    events.acknowledge(dedup_key)
    _becomes(client, account, service, "acknowledged")
    events.resolve(dedup_key)
    _becomes(client, account, service, "resolved")
    path = f"incidents/{incident['id']}/log_entries"
    entries = client.rest.list_all(path, params={"is_overview": False, "include": ["channels"]})
    assert {one["type"] for one in entries} >= {"trigger_log_entry", "acknowledge_log_entry", "resolve_log_entry"}
    (alert,) = client.rest.list_all(f"incidents/{incident['id']}/alerts")
    assert alert["body"]["details"] == {"free": "1%"}


def _becomes(client: Client, account: Account, service: Any, status: str) -> Any:
    """The service's one incident, once it has this status."""
    wanted = {"service_ids": [service["id"]], "statuses": [status]}

    def found() -> list[Any]:
        return list(client.rest.iter_all("incidents", params=wanted, page_size=2))

    account.server.wait_until(lambda: len(found()) == 1, f"the incident is {status}")
    return found()[0]


def test_incidents_are_opened_and_worked_on(client: Client) -> None:
    service, _ = client.service()
    reference = {"id": service["id"], "type": "service_reference"}
    made = [
        client.rest.rpost("incidents", json={"type": "incident", "title": f"Number {number}", "service": reference})
        for number in range(5)
    ]
    listed = list(client.rest.iter_all("incidents", params={"service_ids": [service["id"]]}, page_size=2))
    assert {one["id"] for one in listed} == {one["id"] for one in made}
    changed = client.rest.rput("incidents", json=[{**one, "status": "acknowledged"} for one in listed])
    assert {one["status"] for one in changed} == {"acknowledged"}
    note = client.rest.rpost(f"incidents/{made[0]['id']}/notes", json={"content": "Looking at it"})
    assert client.rest.rget(f"incidents/{made[0]['id']}/notes") == [note]
    assert client.rest.rput(made[0], json={"type": "incident", "status": "resolved"})["status"] == "resolved"
    entries = list(client.rest.iter_all("log_entries", page_size=50))
    assert {one["type"] for one in entries} >= {"annotate_log_entry", "resolve_log_entry"}


def test_who_is_on_call(client: Client) -> None:
    service, _ = client.service()
    policy = service["escalation_policy"]["id"]
    wanted = {"escalation_policy_ids": [policy], "include": ["users"]}
    (entry,) = client.rest.list_all("oncalls", params=wanted)
    assert (entry["escalation_level"], entry["user"]["name"]) == (1, "Olive")


def test_what_a_client_asks_about_itself(client: Client, account: Account) -> None:
    client.service()
    assert client.rest.api_key_access in ("account", "user")
    assert client.rest.subdomain == "127"
    assert "teams" in client.rest.rget("abilities")
    with pytest.raises(REFUSED) as refused:
        client.rest.rpost("services", json={"name": "Lonely"})
    assert refused.value.response.json()["error"]["code"] == 2001
    with pytest.raises(REFUSED) as unknown:
        client.events("0" * 32).trigger("Nobody's", "db-1")
    assert unknown.value.response.status_code == 400
    assert account.server.get("/readyz")[0] == 200


def test_the_other_base_answers_with_addresses_of_its_own(client: Client, account: Account) -> None:
    """For clients that look for `.com/` in an address."""
    client.rest.rpost("teams", json={"name": f"{client.name} Dot"})
    base = f"{account.server.url}/api.pagerduty.com"
    trust = ssl.create_default_context(cafile=account.certificate)
    with pagerduty.RestApiV2Client(account.key, base_url=base, verify=trust) as rest:
        found: Any = rest.find("teams", f"{client.name} Dot")
        assert found["self"].startswith(f"{base}/teams/")
        assert rest.rget(found)["name"] == f"{client.name} Dot"
