"""Who may do what: every route times every sort of caller, on things of the caller's team and of another one.

Who is not allowed gets 403 and changes nothing; who may not even look gets 404, as if there were nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.dialects.pagerduty.routes import ROUTES
from tocsin.directory.model import Membership, Role, TeamRole
from tocsin.incidents.model import Incident
from tocsin.oncall import Override

EVERYBODY = frozenset(
    "root olive adam carol alice bob mallory rob sue rita remy lena payments_key search_key".split()  # noqa: SIM905
)
"""The keys of the house: see `populated`."""

OWNERS = frozenset({"root", "olive"})
ADMINS = OWNERS | {"adam"}
STAFF = ADMINS | {"carol", "payments_key"}
RESPONDERS = STAFF | {"alice", "bob"}
READERS = EVERYBODY - {"rita", "lena", "search_key"}
"""Who may look at what belongs to Payments: not the restricted from outside, nor a key for another team."""

ALL_READERS = EVERYBODY - {"rita", "remy", "lena", "payments_key", "search_key"}
"""Who may look at everything."""

Body = Callable[[House, Incident], Any]


@dataclass(frozen=True)
class Access:
    """Who may use one method of one path on a thing of Payments, and with which body it is tried."""

    allowed: frozenset[str]
    body: Body = lambda _house, _incident: None
    seen_by: frozenset[str] = READERS


def body(**values: Any) -> Body:
    return lambda _house, _incident: values


def _layered(house: House, _incident: Incident) -> Any:
    layer = {
        "start": "2026-01-05T00:00:00Z",
        "rotation_turn_length_seconds": 86_400,
        "users": [{"user": {"id": house.alice.id}}],
    }
    team = {"id": house.payments.id}
    return {"schedule": {"name": "New", "time_zone": "Etc/UTC", "teams": [team], "schedule_layers": [layer]}}


def _policy(house: House, _incident: Incident) -> Any:
    rule = {"escalation_delay_in_minutes": 5, "targets": [{"id": house.alice.id, "type": "user"}]}
    team = {"id": house.payments.id}
    return {"escalation_policy": {"name": "New", "escalation_rules": [rule], "teams": [team]}}


def _override(house: House, _incident: Incident) -> Any:
    return {"override": {"start": "2026-02-05", "end": "2026-02-06", "user": {"id": house.bob.id}}}


def _own_rule(house: House, _incident: Incident) -> Any:
    contact = house.config().contacts_of[house.alice.id][0]
    rule = {"start_delay_in_minutes": 9, "urgency": "high", "contact_method": {"id": contact.id}}
    return {"notification_rule": rule}


SELF = ADMINS | {"alice"}
"""Who may change what is Alice's."""

PERSONAL = READERS - {"payments_key"}
LOOK = Access(READERS)
ANYBODY = Access(EVERYBODY, seen_by=EVERYBODY)

MATRIX: dict[tuple[str, str], Access] = {
    ("GET", "/users/{id}"): LOOK,
    ("PUT", "/users/{id}"): Access(SELF, body(user={"job_title": "SRE"})),
    ("DELETE", "/users/{id}"): Access(ADMINS),
    ("GET", "/users/{id}/license"): LOOK,
    ("GET", "/users/{id}/contact_methods"): LOOK,
    ("POST", "/users/{id}/contact_methods"): Access(
        SELF, body(contact_method={"type": "sms_contact_method", "label": "M", "address": "2025550100"})
    ),
    ("GET", "/users/{id}/contact_methods/{contact_method_id}"): LOOK,
    ("PUT", "/users/{id}/contact_methods/{contact_method_id}"): Access(SELF, body(contact_method={"label": "X"})),
    ("DELETE", "/users/{id}/contact_methods/{contact_method_id}"): Access(SELF),
    ("GET", "/users/{id}/notification_rules"): LOOK,
    ("POST", "/users/{id}/notification_rules"): Access(SELF, _own_rule),
    ("GET", "/users/{id}/notification_rules/{notification_rule_id}"): LOOK,
    ("PUT", "/users/{id}/notification_rules/{notification_rule_id}"): Access(
        SELF, body(notification_rule={"start_delay_in_minutes": 3})
    ),
    ("DELETE", "/users/{id}/notification_rules/{notification_rule_id}"): Access(SELF),
    ("POST", "/users"): Access(ADMINS, body(user={"name": "D", "email": "d@example.com"}), EVERYBODY),
    ("GET", "/teams/{id}"): LOOK,
    ("PUT", "/teams/{id}"): Access(STAFF, body(team={"description": "x"})),
    ("GET", "/teams/{id}/members"): LOOK,
    ("PUT", "/teams/{id}/users/{user_id}"): Access(STAFF, body(role="observer")),
    ("PUT", "/teams/{id}/escalation_policies/{policy_id}"): Access(STAFF),
    ("DELETE", "/teams/{id}/escalation_policies/{policy_id}"): Access(ADMINS | {"carol"}),
    ("POST", "/teams"): Access(ADMINS | {"carol"}, body(team={"name": "New"}), EVERYBODY),
    ("POST", "/schedules"): Access(STAFF, _layered, EVERYBODY),
    ("POST", "/schedules/preview"): Access(EVERYBODY, _layered, EVERYBODY),
    ("GET", "/schedules/{id}"): LOOK,
    ("PUT", "/schedules/{id}"): Access(STAFF, body(schedule={"name": "New"})),
    ("DELETE", "/schedules/{id}"): Access(STAFF),
    ("GET", "/schedules/{id}/users"): LOOK,
    ("GET", "/schedules/{id}/overrides"): LOOK,
    ("POST", "/schedules/{id}/overrides"): Access(RESPONDERS, _override),
    ("DELETE", "/schedules/{id}/overrides/{override_id}"): Access(RESPONDERS),
    ("POST", "/escalation_policies"): Access(STAFF, _policy, EVERYBODY),
    ("GET", "/escalation_policies/{id}"): LOOK,
    ("PUT", "/escalation_policies/{id}"): Access(STAFF, body(escalation_policy={"num_loops": 5})),
    ("DELETE", "/escalation_policies/{id}"): Access(STAFF),
    ("POST", "/services"): Access(
        STAFF,
        lambda house, _incident: {"service": {"name": "New", "escalation_policy": {"id": house.policy.id}}},
        EVERYBODY,
    ),
    ("GET", "/services/{id}"): LOOK,
    ("PUT", "/services/{id}"): Access(STAFF, body(service={"description": "New"})),
    ("DELETE", "/services/{id}"): Access(STAFF),
    ("POST", "/services/{id}/integrations"): Access(STAFF, body(integration={"name": "New"})),
    ("GET", "/services/{id}/integrations/{integration_id}"): LOOK,
    ("PUT", "/services/{id}/integrations/{integration_id}"): Access(STAFF, body(integration={"name": "New"})),
    ("DELETE", "/services/{id}/integrations/{integration_id}"): Access(STAFF),
    ("POST", "/incidents"): Access(
        RESPONDERS, lambda house, _incident: {"incident": {"title": "New", "service": {"id": house.service.id}}}
    ),
    ("PUT", "/incidents"): Access(
        RESPONDERS, lambda _house, incident: {"incidents": [{"id": incident.id, "status": "acknowledged"}]}
    ),
    ("GET", "/incidents/{id}"): LOOK,
    ("PUT", "/incidents/{id}"): Access(RESPONDERS, body(incident={"title": "New"})),
    ("GET", "/incidents/{id}/notes"): LOOK,
    ("POST", "/incidents/{id}/notes"): Access(RESPONDERS, body(note={"content": "New"})),
    ("POST", "/incidents/{id}/snooze"): Access(RESPONDERS, body(duration=60)),
    ("PUT", "/incidents/{id}/merge"): Access(
        RESPONDERS,
        lambda house, _incident: {"source_incidents": [{"id": house.reads.incidents(limit=2).items[1].id}]},
    ),
    ("GET", "/incidents/{id}/alerts"): LOOK,
    ("PUT", "/incidents/{id}/alerts"): Access(
        RESPONDERS,
        lambda house, incident: {
            "alerts": [{"id": house.reads.alerts_of(incident.id).items[0].id, "status": "resolved"}]
        },
    ),
    ("GET", "/incidents/{id}/alerts/{alert_id}"): LOOK,
    ("PUT", "/incidents/{id}/alerts/{alert_id}"): Access(RESPONDERS, body(alert={"status": "resolved"})),
    ("GET", "/incidents/{id}/log_entries"): LOOK,
    ("GET", "/log_entries/{id}"): LOOK,
    ("GET", "/users/me"): Access(EVERYBODY - {"root", "payments_key", "search_key"}, seen_by=EVERYBODY),
    **{
        ("GET", path): ANYBODY
        for path, handlers in ROUTES
        if "GET" in handlers and ("{" not in path or path in ("/abilities/{id}", "/vendors/{id}"))
        if path != "/users/me"
    },
}
"""Lists answer to everybody, with what they may see: `test_lists_hold_what_may_be_seen`."""

HARD_TO_SET_UP = {("DELETE", "/teams/{id}"), ("DELETE", "/teams/{id}/users/{user_id}")}
"""Tried by themselves below: the house can't lose its team."""


def populated(house: House) -> None:
    """More people, keys for one team, two incidents, an override."""
    for name, role in (
        ("Adam", Role.ADMIN),
        ("Rob", Role.RESPONDER),
        ("Sue", Role.STAKEHOLDER),
        ("Rita", Role.RESTRICTED),
        ("Remy", Role.RESTRICTED),
        ("Lena", Role.LIMITED_STAKEHOLDER),
    ):
        person = house.person(name, role)
        if name == "Remy":
            house.save(Membership(team_id=house.payments.id, user_id=person.id, role=TeamRole.OBSERVER))
    house.key("payments_key", Role.ADMIN, team_ids=(house.payments.id,))
    house.key("search_key", Role.ADMIN, team_ids=(house.search.id,))
    now = house.clock.now()
    house.save(
        Override(
            id="",
            schedule_id=house.schedule.id,
            user_id=house.carol.id,
            start=now + 10**12,
            end=now + 2 * 10**12,
            created_at=0,
        )
    )
    house.alarm("first")
    house.alarm("second")


def address(path: str, house: House, incident: Incident) -> str:
    config = house.config()
    first = path.split("/")[1]
    ids = {
        "{contact_method_id}": config.contacts_of[house.alice.id][0].id,
        "{notification_rule_id}": config.rules_of[house.alice.id][0].id,
        "{user_id}": house.bob.id,
        "{policy_id}": house.policy.id,
        "{integration_id}": house.integration.id,
        "{override_id}": next(iter(config.overrides)),
        "{alert_id}": house.reads.alerts_of(incident.id).items[0].id,
        "{id}": {
            "users": house.alice.id,
            "teams": house.payments.id,
            "schedules": house.schedule.id,
            "escalation_policies": house.policy.id,
            "services": house.service.id,
            "incidents": incident.id,
            "vendors": "PVPROM1",
            "abilities": "teams",
            "log_entries": "R0000000000002",
        }.get(first, ""),
    }
    for name, value in ids.items():
        path = path.replace(name, value)
    return path + ("?since=2026-01-01&until=2026-03-01" if path.endswith("overrides") else "")


def state(house: House) -> tuple[int, int, Any]:
    return house.config().version, house.reads.timeline_head(), house.reads.incidents(limit=10).items


def test_the_matrix_covers_every_route() -> None:
    routes = {(method, path) for path, handlers in ROUTES for method in handlers}
    assert routes == set(MATRIX) | HARD_TO_SET_UP


@pytest.fixture(scope="module")
def crowded(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the populated house, to be copied for each test."""
    folder: Path = shutil.copytree(built, tmp_path_factory.mktemp("crowd"), dirs_exist_ok=True)
    with House(folder) as house:
        populated(house)
    return folder


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
            assert reply.status == (403 if caller in access.seen_by else 404), (caller, reply)
        assert state(house) == before, caller
    _allowed(api, access, method, to, sent)


def _allowed(api: Api, access: Access, method: str, to: str, sent: Any) -> None:
    """Each caller after the other: what the one before did may stand in the way (400, gone), a permission never."""
    succeeded = 0
    for caller in sorted(access.allowed):
        reply = api.request(method, to, sent, key=caller)
        gone = method == "DELETE" and succeeded > 0
        assert reply.status not in (401, 403), (caller, reply)
        assert reply.status != 404 or gone, (caller, reply)
        succeeded += reply.status in (200, 201, 204)
    needed = method == "DELETE" and to.split("/")[1] in ("users", "schedules", "escalation_policies")
    assert succeeded or needed or to == "/notifications", "the house needs them, or a window is missing"
    if method == "GET" and to != "/notifications":
        assert succeeded == len(access.allowed)


LISTS = (
    ("/users", "users", 11),
    ("/teams", "teams", 2),
    ("/schedules", "schedules", 1),
    ("/escalation_policies", "escalation_policies", 1),
    ("/services", "services", 1),
    ("/incidents", "incidents", 2),
    ("/log_entries?limit=100", "log_entries", 1),
    ("/oncalls", "oncalls", 2),
    ("/notifications?since=2026-01-01&until=2026-02-01", "notifications", 1),
    ("/license_allocations", "license_allocations", 11),
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
