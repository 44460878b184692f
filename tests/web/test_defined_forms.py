"""Every form about what people define: from elsewhere it does nothing, from our own pages it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web import defined_scene
from tests.web.place import Place
from tests.web.test_forms import REFUSED
from tocsin.runtime.reads import AuditFilter
from tocsin.web.defined import DEFINED

FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "/orchestrations": ("/orchestrations", {"name": "New"}),
    "/orchestrations/{id}/try": (
        "/orchestrations/{orchestration}/try",
        {"event": '{"summary": "x", "source": "y", "severity": "info"}'},
    ),
    "/services/new": ("/services/new", {"name": "New service", "policy_id": "{policy}"}),
    "/services/{id}/edit": ("/services/{service}/edit", {"component": "Front"}),
    "/services/{id}/maintain": ("/services/{bare}/maintain", {}),
    "/services/{id}/need": ("/services/{service}/need", {"needs": "{bare}"}),
    "/services/{id}/need-not": ("/services/{service}/need-not", {"dependency": "{needed}"}),
    "/services/{id}/monitors": ("/services/{service}/monitors", {"monitor": "events"}),
    "/services/{id}/monitors/{monitor}/test": ("/services/{service}/monitors/{monitor}/test", {"severity": "info"}),
    "/services/{id}/tests/{seq:number}": ("/services/{service}/tests/{tested}", {}),
    "/services/{id}/monitors/{monitor}/{action}": ("/services/{service}/monitors/{monitor}/rename", {"name": "Rack"}),
    "/services/{id}/remove": ("/services/{bare}/remove", {"typed": "Bare"}),
    "/teams": ("/teams", {"name": "New team", "chat_group": "@new"}),
    "/teams/{id}/{action}": ("/teams/{team}/save", {"name": "Payments", "chat_group": "@pay"}),
    "/connections/test": ("/connections/test", {"channel": "sms"}),
    "/connections/{way}": (
        "/connections/mail",
        {"host": "mail.example.org", "encryption": "off", "mail_from": "alarm@example.org", "seen": "{mail_seen}"},
    ),
    "/connections/{way}/{action}": ("/connections/mail/remove", {"typed": "mail.example.org"}),
    "/system/{action}": ("/system/send", {"typed": "Tocsin"}),
    "/keys": ("/keys", {"name": "New key", "role": "observer"}),
    "/keys/{id}/{action}": ("/keys/{key}/revoke", {"typed": "Terraform"}),
    "/people": ("/people", {"name": "New", "email": "new@example.com", "role": "observer"}),
    "/people/{id}/{action}": (
        "/people/{alice}/save",
        {"name": "Al", "email": "al@example.com", "role": "observer", "zone": "UTC"},
    ),
    "/services/{id}/try": (
        "/services/{service}/try",
        {"event": '{"summary": "x", "source": "y", "severity": "info"}'},
    ),
    "/orchestrations/{id}/{action}": ("/orchestrations/{orchestration}/key-add", {"name": "New key"}),
    "/rules/{parent}/{kind}": (
        "/rules/{orchestration}/global",
        {"do": "sure-delete", "rule": "staging", "seen": "{seen}"},
    ),
    "/maintenance-windows": ("/maintenance-windows", {"service": "{service}", "hours": "1"}),
    "/maintenance-windows/{id}/end": ("/maintenance-windows/{window}/end", {}),
    "/webhooks": ("/webhooks", {"url": "https://example.com/", "filter": "account", "event": "service.created"}),
    "/webhooks/{id}/{action}": ("/webhooks/{hook}/off", {}),
    "/business-services": ("/business-services", {"name": "New"}),
    "/business-services/{id}/{action}": ("/business-services/{business}/need", {"needs": "business:{other}"}),
    "/workflows": ("/workflows", {"name": "New workflow"}),
    "/workflows/{id}/{action}": ("/workflows/{flow}/save", {"name": "Renamed"}),
    "/priorities": ("/priorities", {"name": "P9"}),
    "/priorities/{id}/{action}": ("/priorities/{priority}/remove", {}),
}
"""For each address that takes a form: one, with what it holds."""

TAKEN_ELSEWHERE: dict[str, str] = {
    "/address/accept": "/address/accept",
    "/calendar-feeds": "/calendar-feeds",
    "/calendar-feeds/{id}/{action}": "/calendar-feeds/{team}/remove",
    "/day-one/hide": "/day-one/hide",
    "/day-one/test": "/day-one/test",
    "/my-shifts/ask": "/my-shifts/ask",
    "/my-shifts/requests/{id}/{action}": "/my-shifts/requests/{team}/accept",
    "/policies/new": "/policies/new",
    "/policies/{id}/delete": "/policies/{policy}/delete",
    "/policies/{id}/edit": "/policies/{policy}/edit",
    "/schedules": "/schedules",
    "/schedules/new": "/schedules/new",
    "/schedules/{id}/delete": "/schedules/{schedule}/delete",
    "/schedules/{id}/edit": "/schedules/{schedule}/edit",
    "/schedules/{id}/override": "/schedules/{schedule}/override",
    "/schedules/{id}/override/{override}/end": "/schedules/{schedule}/override/{team}/end",
}
"""Forms whose own tests show that they are taken (shifts, feeds, policies, schedules, the first day)."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = defined_scene.defined(tmp_path_factory.mktemp("forms"))
    yield made
    made.close()


def filled(place: Place, path: str) -> tuple[str, dict[str, Any]]:
    """The address and the fields, with ids that exist."""
    config = place.desk.config()
    ids = defined_scene.places(place) | {
        "team": place.team.id,
        "priority": min(config.priorities),
        "policy": place.policy.id,
        "schedule": place.schedule.id,
        "flow": min(config.workflows.workflows),
        "needed": next(iter(config.dependencies_of.get(place.services["PaymentsService"][0].id, ())), place.team).id,
        "mail_seen": str(next((one.updated_at for one in config.of("mail_server").values()), 0)),
        "seen": str(next(one.updated_at for one in config.orchestration_paths.values() if one.kind == "global")),
        "other": [one.id for one in config.business_services.values()][-1],
    }
    address, fields = FORMS.get(path) or (TAKEN_ELSEWHERE[path], {})
    return address.format(**ids), {
        name: value.format(**ids) if not value.startswith('{"') else value for name, value in fields.items()
    }


def history(place: Place) -> Any:
    return place.desk.reads.audit(AuditFilter(), limit=500).items


def test_no_form_is_left_out() -> None:
    assert {*FORMS, *TAKEN_ELSEWHERE} == {path for path, _page, *methods in DEFINED if methods}


@pytest.mark.parametrize("path", [*FORMS, *TAKEN_ELSEWHERE])
def test_a_form_from_elsewhere_does_nothing(place: Place, path: str) -> None:
    browser, other, before = place.client("erin"), place.client("carol"), history(place)
    address, fields = filled(place, path)
    for sender, says in (REFUSED | {"somebody else": {"csrf": other.csrf}}).items():
        assert browser.act(address, **says, **fields).status_code == 403, sender
    for site in ("cross-site", "same-site"):
        headers = {"sec-fetch-site": site}
        assert browser.post(address, data={"csrf": browser.csrf, **fields}, headers=headers).status_code == 403, site
    nobody = place.client().act(address, **fields)
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/sign-in?next=%2F")
    assert history(place) == before


def test_our_own_forms_are_taken(tmp_path: Path) -> None:
    place = defined_scene.defined(tmp_path)
    browser = place.client("erin")
    for path in FORMS:
        address, fields = filled(place, path)
        before = history(place)
        answer = browser.act(address, **fields)
        shows_at_once = path in ("/webhooks", "/keys") or path.endswith("/try")
        assert answer.status_code == (200 if shows_at_once else 303), path
        changes_nothing = path.endswith(("/try", "/test")) or "/tests/" in path or path.startswith("/system")
        assert (history(place) == before) is changes_nothing, path
    place.close()
