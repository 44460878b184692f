"""Tocsin's own interface: what only it knows of services and teams; who may change it; what is refused, in words."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.dialects.pagerduty.api import Api, House
from tocsin.dialects.native.description import description
from tocsin.dialects.native.routes import OF_SERVICE, OF_TEAM, ROUTES, create
from tocsin.directory.model import ApiKey, Membership, Role, Service, Team, TeamRole, User
from tocsin.kernel.limits import BODY_BYTES
from tocsin.runtime.reads import AuditFilter

LINKS = {
    "runbook_url": "https://runbooks.example.com/pay",
    "dashboard_url": "https://dash.example.com/d/1?x=2",
    "repository_url": "https://git.example.com/pay",
    "component": "Checkout 🛒",
}


class Native:
    """A client; every answer is held against the description."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.runner = asyncio.Runner()
        mounted = Mount("/api/v1", create(house))
        transport = httpx2.ASGITransport(Starlette(routes=[mounted]))
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://tocsin.example")

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()

    def ask(
        self, method: str, path: str, key: str = "owner", *, body: Any = None, content: bytes | None = None
    ) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        raw = content if content is not None else json.dumps(body).encode() if body is not None else None
        answer = self.runner.run(self.client.request(method, f"/api/v1{path}", content=raw, headers=headers))
        value = answer.json()
        _conforms(method, path.partition("?")[0], answer.status_code, value)
        return answer.status_code, value


def _conforms(method: str, path: str, status: int, value: Any) -> None:
    document = description()
    schemas = document["components"]["schemas"]
    parts = path.strip("/").split("/")
    pattern = f"/{parts[0]}" + ("/{id}" if len(parts) > 1 else "")
    operation = document["paths"].get(pattern, {}).get(method.lower())
    name = "Error"
    if status == 200:
        assert operation is not None
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        whole = {**schemas[name], "components": {"schemas": schemas}}
        jsonschema_rs.validator_for(whole).validate(value)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as made:
        yield made


@pytest.fixture
def native(house: House) -> Iterator[Native]:
    key(house, "owner", Role.OWNER)
    client = Native(house)
    yield client
    client.close()


def key(house: House, secret: str, role: Role, *teams: Team, user: User | None = None) -> None:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    team_ids = tuple(team.id for team in teams)
    house.save(
        ApiKey(id="", name=secret, digest=digest, role=role, team_ids=team_ids, user_id=user.id if user else None)
    )


def service(house: House) -> Service:
    return house.config().services[house.service.id]


def test_a_service_learns_its_links_and_forgets_them(native: Native, house: House) -> None:
    one = service(house)
    team = house.payments
    code, body = native.ask("PATCH", f"/services/{one.id}", body={**LINKS, "owner_team_id": team.id})
    assert code == 200
    assert {name: body[name] for name in LINKS} == LINKS
    assert body["runbook"] == LINKS["runbook_url"]
    assert native.ask("GET", f"/services/{one.id}")[1] == body
    stored = service(house)
    untouched = {name for name in Service.__slots__ if getattr(stored, name) == getattr(one, name)}
    assert untouched >= set(Service.__slots__) - {*OF_SERVICE, "updated_at"}
    code, body = native.ask("PATCH", f"/services/{one.id}", body={"runbook_url": None, "component": " "})
    assert (body["runbook_url"], body["runbook"], body["component"]) == (None, None, None)
    assert body["dashboard_url"] == LINKS["dashboard_url"]


def test_the_runbook_of_the_description_counts_where_none_is_set(native: Native, house: House) -> None:
    one = service(house)
    house.save(replace(one, description="Pays. Runbook: https://wiki.example.com/pay."), "description")
    body = native.ask("GET", f"/services/{one.id}")[1]
    assert (body["runbook_url"], body["runbook"]) == (None, "https://wiki.example.com/pay")


def test_a_team_learns_its_lead_and_its_group(native: Native, house: House) -> None:
    team = house.payments
    user = next(iter(house.config().users.values()))
    code, body = native.ask("PATCH", f"/teams/{team.id}", body={"lead_id": user.id, "chat_group": "@pay"})
    assert (code, body["lead_id"], body["chat_group"]) == (200, user.id, "@pay")
    assert house.config().teams[team.id] == replace(team, lead_id=user.id, chat_group="@pay")


def test_what_is_set_here_is_on_record(native: Native, house: House) -> None:
    native.ask("PATCH", f"/services/{service(house).id}", body={"component": "Front"})
    newest = house.reads.audit(AuditFilter(), limit=1).items[0]
    assert newest.actor.id in house.config().api_keys


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"runbook_url": "javascript:alert(1)"}, "Runbook must be an http or https URL"),
        ({"dashboard_url": "https://" + "x" * 5000}, "Dashboard must be an http or https URL"),
        ({"repository_url": "https://a\nb"}, "Repository must be an http or https URL"),
        ({"owner_team_id": "PNOTEAM"}, "Owner team not found"),
        ({"component": "x" * 300}, "Component is too long"),
        ({"component": 5}, "component must be a text or null"),
        ({"name": "Mine"}, "name can't be set here"),
        ({"wire": "{}"}, "wire can't be set here"),
        ([1], "must be a JSON object"),
        (None, "not JSON"),
    ],
)
def test_what_can_not_be_set_changes_nothing(native: Native, house: House, body: Any, said: str) -> None:
    before = service(house)
    content = b"{" if body is None else None
    code, answer = native.ask("PATCH", f"/services/{before.id}", body=body, content=content)
    assert code == 422
    error = answer["error"]
    assert any(said in text for text in (error["message"], *error["details"]))
    assert service(house) == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"lead_id": "PNOBODY"}, "Lead not found"),
        ({"chat_group": "x" * 300}, "Chat group is too long"),
        ({"chat_group": ["a"]}, "chat_group must be a text or null"),
        ({"name": "Mine"}, "name can't be set here"),
    ],
)
def test_what_can_not_be_set_of_a_team(native: Native, house: House, body: Any, said: str) -> None:
    team = house.payments
    code, answer = native.ask("PATCH", f"/teams/{team.id}", body=body)
    assert code == 422
    assert any(said in text for text in (answer["error"]["message"], *answer["error"]["details"]))
    assert house.config().teams[team.id] == team


def test_bodies_that_are_too_large_deep_or_compressed_wrongly(native: Native, house: House) -> None:
    path = f"/services/{service(house).id}"
    assert native.ask("PATCH", path, content=b" " * (BODY_BYTES + 1))[0] == 413
    assert native.ask("PATCH", path, content=b"[" * 100_000)[0] in (400, 422)
    assert native.ask("PATCH", path, content=b'{"component": "\xff"}')[0] in (400, 422)


def test_lists_are_read_page_by_page(native: Native, house: House) -> None:
    policy = next(iter(house.config().policies.values()))
    for number in range(5):
        house.save(Service(id="", name=f"S{number}", policy_id=policy.id))
    everything, after = [], ""
    for _ in itertools.repeat(None, 10):
        code, body = native.ask("GET", f"/services?limit=2&after={after}")
        assert code == 200
        everything += [one["name"] for one in body["services"]]
        after = body["next"]
        if after is None:
            break
    assert sorted(everything) == sorted(one.name for one in house.config().services.values())
    assert [one["name"] for one in native.ask("GET", "/services?name=S3")[1]["services"]] == ["S3"]
    for limit in ("0", "501", "x", "9" * 30, "-1"):
        assert native.ask("GET", f"/services?limit={limit}")[0] == 422


def test_nobody_without_a_key(native: Native, house: House) -> None:
    for path, handlers in ROUTES:
        for method in handlers:
            address = path.replace("{id}", service(house).id)
            for secret in ("", "wrong", "x" * 1000):
                assert native.ask(method, address, secret, body={})[0] == 401, (method, path)
    assert native.ask("GET", "/nothing")[0] == 404
    assert native.ask("DELETE", f"/services/{service(house).id}")[0] == 405


MATRIX = {
    Role.OWNER: (200, 200), Role.ADMIN: (200, 200), Role.MANAGER: (403, 200), Role.RESPONDER: (403, 403),
    Role.OBSERVER: (403, 403), Role.STAKEHOLDER: (403, 403), Role.RESTRICTED: (404, 403),
    Role.LIMITED_STAKEHOLDER: (404, 403),
}  # fmt: skip
"""What a person of a role is answered who changes a thing of another team, and of the own team with the team role."""

TEAM_ROLE = {Role.MANAGER: TeamRole.MANAGER, Role.RESPONDER: TeamRole.RESPONDER}


@pytest.mark.parametrize("role", Role)
def test_who_may_change_what(native: Native, house: House, role: Role) -> None:
    config = house.config()
    one = service(house)
    own = config.teams[config.team_ids_of_service(one.id)[0]]
    for number, inside in enumerate((False, True)):
        user: User = house.save(User(id="", name=f"U{inside}", email=f"u{number}@example.com", role=role))
        if inside:
            team_role = TEAM_ROLE.get(role, TeamRole.OBSERVER)
            house.save(Membership(team_id=own.id, user_id=user.id, role=team_role))
        key(house, f"k{number}", role, user=user)
        wanted = MATRIX[role][number]
        for path, body in (
            (f"/services/{one.id}", {"component": f"C{number}"}),
            (f"/teams/{own.id}", {"chat_group": "@x"}),
        ):
            code = native.ask("PATCH", path, f"k{number}", body=body)[0]
            assert code == wanted, (path, inside)
            seen = native.ask("GET", path, f"k{number}")[0]
            assert seen == (404 if wanted == 404 else 200), (path, inside)
            listed = native.ask("GET", path.rpartition("/")[0], f"k{number}")[1]
            assert bool(next(iter(listed.values()))) is (wanted != 404), (path, inside)


def test_a_key_of_another_team_changes_nothing(native: Native, house: House) -> None:
    other: Team = house.save(Team(id="", name="Other"))
    key(house, "theirs", Role.MANAGER, other)
    before = service(house)
    for path in (f"/services/{before.id}", f"/teams/{house.payments.id}"):
        assert native.ask("PATCH", path, "theirs", body={})[0] in (403, 404)
    assert native.ask("PATCH", f"/services/{before.id}", "theirs", body={"component": "x"})[0] == 404
    assert service(house) == before


def test_the_description_names_each_route_and_field() -> None:
    document = description()
    described = {
        (path, method.upper()) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    assert described == {(path, method) for path, handlers in ROUTES for method in handlers}
    schemas = document["components"]["schemas"]
    assert set(schemas["ServiceChanges"]["properties"]) == set(OF_SERVICE)
    assert set(schemas["TeamChanges"]["properties"]) == set(OF_TEAM)


def test_no_other_client_erases_what_was_set_here(native: Native, house: House) -> None:
    """As Terraform does it: every field that it knows, on each apply."""
    one = service(house)
    team = house.config().teams[house.config().team_ids_of_service(one.id)[0]]
    user = next(iter(house.config().users.values()))
    native.ask("PATCH", f"/services/{one.id}", body={**LINKS, "owner_team_id": team.id})
    native.ask("PATCH", f"/teams/{team.id}", body={"lead_id": user.id, "chat_group": "@pay"})
    api = Api(house)
    shown = api.get(f"/services/{one.id}")["service"]
    renamed = {**shown, "name": "Renamed", "description": "By Terraform", "type": "service"}
    assert api.put(f"/services/{one.id}", {"service": renamed}).status == 200
    assert api.put(f"/teams/{team.id}", {"team": {"name": "Renamed", "description": "", "type": "team"}}).status == 200
    api.close()
    stored = house.config().services[one.id]
    assert stored.name == "Renamed"
    assert {name: getattr(stored, name) for name in LINKS} == LINKS
    assert stored.owner_team_id == team.id
    kept = house.config().teams[team.id]
    assert (kept.name, kept.lead_id, kept.chat_group) == ("Renamed", user.id, "@pay")
