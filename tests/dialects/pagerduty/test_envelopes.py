"""What every path has in common: credentials, envelopes, slashes, bodies, limits."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from tests.dialects.pagerduty.api import Api, House, secret
from tocsin.directory.model import ApiKey, Role


@pytest.mark.parametrize(
    "header",
    [
        "Token token={}",
        'Token token="{}"',
        "Token {}",
        "token token={}",
        "Bearer {}",
        "bearer {}",
    ],
)
def test_a_key_is_taken_in_each_of_its_forms(api: Api, header: str) -> None:
    headers = {"authorization": header.format(secret("root"))}
    assert api.request("GET", "/abilities", key="", headers=headers).status == 200


@pytest.mark.parametrize(
    "header",
    ["", "Token token=", "Token token=wrong", "Basic {}", "GenieKey {}", "{}", "Bearer", "Token token=" + "x" * 9999],
)
def test_without_a_valid_key_nothing_is_told(api: Api, header: str) -> None:
    reply = api.request("GET", "/users", key="", headers={"authorization": header.format(secret("root"))})
    assert (reply.status, reply.body) == (
        401,
        {"error": {"code": 2006, "message": "Authentication failed", "errors": []}},
    )


def test_a_revoked_key_and_a_person_who_left_are_nobody(api: Api, house: House) -> None:
    key: ApiKey = house.key("old", Role.ADMIN)
    assert api.request("GET", "/users", key="old").status == 200
    house.save(replace(key, revoked_at=1), "revoked_at")
    assert api.request("GET", "/users", key="old").status == 401
    assert api.request("GET", "/users", key="bob").status == 200
    house.save(replace(house.bob, active=False), "active")
    assert api.request("GET", "/users", key="bob").status == 401


def test_unknown_addresses_and_methods_answer_in_the_envelope(api: Api) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("POST", "/users/me/too/deep", 404),
        ("PATCH", "/users", 405),
        ("DELETE", "/incidents", 405),
        ("GET", "/users/PNOBODY", 404),
        ("GET", "/users/%2e%2e%2f%00", 404),
    ):
        reply = api.request(method, path)
        assert (reply.status, reply.code) == (status, 2100), path
        assert reply.headers["content-type"] == "application/json; charset=utf-8"


def test_a_slash_at_the_end_and_a_body_on_get_change_nothing(api: Api) -> None:
    assert api.get("/users/").body == api.get("/users").body
    assert api.request("GET", "/users", {"anything": [1]}).status == 200
    assert api.request("GET", "/users", raw=b"not json").status == 200


def test_bodies_may_be_wrapped_or_bare(api: Api) -> None:
    wrapped = api.post("/teams", {"team": {"name": "One", "type": "team", "unknown": {"deep": [1]}}})
    bare = api.post("/teams", {"name": "Two", "description": "kept"})
    assert wrapped["team"]["name"] == "One"
    assert (bare["team"]["name"], bare["team"]["description"]) == ("Two", "kept")


@pytest.mark.parametrize(
    "raw", [b"", b"   ", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"team": []}', b'{"team": null}', b"[" * 500]
)
def test_a_body_that_is_no_object_creates_nothing(api: Api, raw: bytes) -> None:
    before = api.get("/teams").body
    reply = api.request("POST", "/teams", raw=raw)
    assert (reply.status, reply.code) == (400, 2001)
    assert reply.errors
    assert api.get("/teams").body == before


def test_a_body_may_be_compressed_but_not_too_large(api: Api) -> None:
    small = gzip.compress(json.dumps({"team": {"name": "Packed"}}).encode())
    assert api.request("POST", "/teams", raw=small, headers={"content-encoding": "gzip"}).status == 201
    bomb = gzip.compress(b'{"team": {"name": "' + b"x" * 5_000_000 + b'"}}')
    assert api.request("POST", "/teams", raw=bomb, headers={"content-encoding": "gzip"}).status == 413
    assert api.request("POST", "/teams", raw=b'{"name": "' + b"x" * 600_000 + b'"}').status == 413


def test_addresses_in_answers_are_those_that_the_client_uses(house: House) -> None:
    plain = Api(house)
    user = plain.get(f"/users/{house.alice.id}")["user"]
    assert user["self"] == f"http://tocsin.example/pagerduty/users/{house.alice.id}"
    assert user["html_url"] == f"http://tocsin.example/users/{house.alice.id}"
    plain.close()
    behind_proxy = Api(house, public_url="https://tocsin.example/")
    assert behind_proxy.get("/users/me", key="alice")["user"]["self"].startswith("https://tocsin.example/pagerduty/")
    behind_proxy.close()
    elsewhere = Api(house, public_url="https://oncall.example.com")
    assert elsewhere.get("/users/me", key="alice")["user"]["self"].startswith("http://tocsin.example/pagerduty/")
    elsewhere.close()


def test_a_limit_of_requests_says_when_to_come_again(house: House) -> None:
    api = Api(house, requests_per_minute=3)
    for left in ("2", "1", "0"):
        reply = api.get("/abilities")
        assert (reply.headers["ratelimit-limit"], reply.headers["ratelimit-remaining"]) == ("3", left)
    refused = api.request("GET", "/abilities")
    assert (refused.status, refused.code) == (429, 2020)
    assert 1 <= int(refused.headers["ratelimit-reset"]) <= 60
    assert api.request("GET", "/abilities", key="alice").status == 200, "each key has its own minute"
    house.clock.moment += 60_000_000
    assert api.request("GET", "/abilities").status == 200
    api.close()


def test_without_a_limit_there_is_always_something_left(api: Api) -> None:
    remaining = {int(api.get("/abilities").headers["ratelimit-remaining"]) for _ in range(5)}
    assert min(remaining) >= 1


def test_a_defect_of_ours_answers_in_the_envelope(house: House) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("secret detail")

    api = Api(house, raising=False, authenticate=broken)
    reply = api.request("GET", "/users")
    assert (reply.status, reply.body) == (500, {"error": {"code": 2000, "message": "Internal Error", "errors": []}})
    api.close()
