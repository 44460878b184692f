"""Who may do what: every route times every sort of caller, on things of the caller's team and of another one.

Who is not allowed gets 403 and changes nothing; who may not even look gets 404, as if there were nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.matrix import (
    ADMINS,
    ALL_READERS,
    EVERYBODY,
    HARD_TO_SET_UP,
    MATRIX,
    Access,
    address,
)
from tocsin.dialects.pagerduty.routes import ROUTES
from tocsin.incidents.model import Incident
from tocsin.runtime.reads import TimelineFilter


def state(house: House) -> tuple[int, Any, Any]:
    newest = house.reads.timeline(TimelineFilter(), limit=1, newest_first=True).items
    return house.config().version, newest, house.reads.incidents(limit=10).items


def test_the_matrix_covers_every_route() -> None:
    routes = {(method, path) for path, handlers in ROUTES for method in handlers}
    assert routes == set(MATRIX) | HARD_TO_SET_UP


@pytest.fixture
def house(crowded: Path, tmp_path: Path) -> Iterator[House]:
    with House(shutil.copytree(crowded, tmp_path, dirs_exist_ok=True), seed=3) as house:
        yield house


@pytest.fixture
def incident(house: House) -> Incident:
    return house.reads.incidents(limit=1).items[0]


@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_who_may_succeeds_and_who_may_not_changes_nothing(
    api: Api, house: House, incident: Incident, method: str, path: str
) -> None:
    access = MATRIX[method, path]
    sent, to = access.body(house, incident), address(path, house, incident)
    before = state(house)
    for caller in sorted(EVERYBODY - access.allowed):
        reply = api.request(method, to, sent, key=caller)
        if path == "/users/me":
            assert reply.status == 400, caller
        else:
            assert reply.status == (403 if caller in access.seen_by else access.unseen), (caller, reply)
        assert state(house) == before, caller
    _allowed(api, access, method, to, sent)


def _allowed(api: Api, access: Access, method: str, to: str, sent: Any) -> None:
    """Each caller after the other: what the one before did may stand in the way (400, gone), a permission never."""
    succeeded = 0
    for caller in sorted(access.allowed):
        reply = api.request(method, to, sent, key=caller)
        gone = (method == "DELETE" or to.endswith("/disassociate")) and succeeded > 0
        assert reply.status not in (401, 403), (caller, reply)
        assert reply.status != 404 or gone, (caller, reply)
        succeeded += reply.status in (200, 201, 202, 204)
    needed = method == "DELETE" and to.split("/")[1] in ("users", "schedules", "escalation_policies")
    assert succeeded or needed or to == "/notifications", "the house needs them, or a window is missing"
    if method == "GET" and to != "/notifications":
        assert succeeded == len(access.allowed)


LISTS = (
    ("/users", "users", 11),
    ("/teams", "teams", 2),
    ("/schedules", "schedules", 1),
    ("/v3/schedules", "schedules", 1),
    ("/escalation_policies", "escalation_policies", 1),
    ("/services", "services", 1),
    ("/event_orchestrations", "orchestrations", 1),
    ("/maintenance_windows", "maintenance_windows", 1),
    ("/incidents", "incidents", 2),
    ("/log_entries?limit=100", "log_entries", 1),
    ("/oncalls", "oncalls", 2),
    ("/notifications?since=2026-01-01&until=2026-02-01", "notifications", 1),
    ("/license_allocations", "license_allocations", 11),
    ("/alert_grouping_settings", "alert_grouping_settings", 1),
    ("/business_services", "business_services", 1),
    ("/business_services/impacts", "services", 1),
    ("/webhook_subscriptions", "webhook_subscriptions", 1),
)


@pytest.mark.parametrize(("path", "name", "least"), LISTS)
def test_lists_hold_what_may_be_seen(
    api: Api, house: House, incident: Incident, path: str, name: str, least: int
) -> None:
    for caller in sorted(EVERYBODY):
        found = api.get(path, key=caller)[name]
        if caller in ALL_READERS:
            assert len(found) >= least, caller
        elif caller in ("remy", "payments_key"):
            assert found or name == "notifications", caller
            assert name != "teams" or [team["id"] for team in found] == [house.payments.id]
        elif name in ("users", "license_allocations"):
            people = {one["summary"] if name == "users" else one["user"]["summary"] for one in found}
            assert people <= {caller.capitalize(), "Mallory"}, caller
        elif name == "teams":
            assert [team["id"] for team in found] == ([house.search.id] if caller == "search_key" else [])
        else:
            assert found == [], caller


def test_teams_and_members_go_only_by_those_who_may_staff(api: Api, house: House, incident: Incident) -> None:
    path = f"/teams/{house.search.id}"
    for caller in sorted(EVERYBODY - ADMINS - {"mallory", "search_key"}):
        for to in (path, f"{path}/users/{house.mallory.id}"):
            assert api.request("DELETE", to, key=caller).status in (403, 404), caller
    assert api.request("DELETE", f"{path}/users/{house.mallory.id}", key="search_key").status == 204
    assert api.request("DELETE", path, key="adam").status == 204


def test_only_owners_make_and_unmake_owners(api: Api, house: House, incident: Incident) -> None:
    sent = {"user": {"name": "D", "email": "d@example.com", "role": "owner"}}
    assert api.request("POST", "/users", sent, key="adam").status == 403
    promoted = {"user": {"role": "owner"}}
    for caller in ("adam", "alice", "carol", "mallory"):
        assert api.request("PUT", f"/users/{house.alice.id}", promoted, key=caller).status == 403
    assert (
        api.request("PUT", f"/users/{house.olive.id}", {"user": {"email": "x@example.com"}}, key="adam").status == 403
    )
    assert api.request("PUT", f"/users/{house.alice.id}", promoted, key="olive").status == 200


def test_a_thing_can_not_be_taken_over_by_moving_it(api: Api, house: House) -> None:
    """Mallory manages Search: she can't pull Payments' things there, nor push hers into Payments."""
    to_search = [{"id": house.search.id, "type": "team_reference"}]
    for path, wrapper in (
        (f"/schedules/{house.schedule.id}", "schedule"),
        (f"/escalation_policies/{house.policy.id}", "escalation_policy"),
    ):
        assert api.request("PUT", path, {wrapper: {"teams": to_search}}, key="mallory").status == 403
    rule = {"escalation_delay_in_minutes": 5, "targets": [{"id": house.mallory.id, "type": "user"}]}
    own = {"escalation_policy": {"name": "Mine", "escalation_rules": [rule], "teams": to_search}}
    mine = api.post("/escalation_policies", own, key="mallory")["escalation_policy"]
    to_payments = {"escalation_policy": {"teams": [{"id": house.payments.id}]}}
    assert api.request("PUT", f"/escalation_policies/{mine['id']}", to_payments, key="mallory").status == 403
    moved = {"service": {"escalation_policy": {"id": mine["id"]}}}
    assert api.request("PUT", f"/services/{house.service.id}", moved, key="mallory").status == 403
