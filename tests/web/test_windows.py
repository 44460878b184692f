"""Maintenance windows: announced, changed and ended on a page, and told where one looks while they run."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.place import NIGHT, Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.model import Role
from tocsin.kernel.time import HOUR, MINUTE


def window(place: Place, start: int, end: int, description: str = "Disks", **more: Any) -> MaintenanceWindow:
    service = place.services["PaymentsService"][0]
    values: dict[str, Any] = {"service_ids": (service.id,), "description": description} | more
    saved: MaintenanceWindow = place.desk.save(MaintenanceWindow(id="", start=start, end=end, **values))
    return saved


def section(html: str, name: str) -> str:
    return words(html.partition(f'id="h-{name}"')[2].partition("</section>")[0])


def test_running_coming_and_over(place: Place) -> None:
    window(place, NIGHT, NIGHT + HOUR, "Old")
    place.desk.advance(2 * HOUR)
    now = place.desk.clock.now()
    window(place, now, now + HOUR)
    window(place, now + HOUR, now + 2 * HOUR, "Next")
    place.alarm("PaymentsService", "a")
    html = place.client("carol").get("/maintenance-windows").text
    assert "Disks PaymentsService 04:14 – 05:14 1 held back" in section(html, "running")
    assert "Next PaymentsService 05:14 – 06:14" in section(html, "coming")
    assert "Old PaymentsService 02:14 – 03:14" in section(html, "over")
    assert "Call off" in section(html, "coming")


def test_now_and_the_service_tell_of_one_that_runs(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    assert "held back" not in place.client("alice").get("/").text
    window(place, NIGHT, NIGHT + HOUR)
    place.alarm("PaymentsService", "a")
    for path in ("/", f"/services/{service.id}/rules"):
        told = words(place.client("alice").get(path).text)
        assert "Disks on PaymentsService until 03:14 . 1 alert is held back." in told, path
    assert "In maintenance" in place.client("alice").get("/services").text


def test_one_is_announced_changed_and_ended(place: Place) -> None:
    browser, service = place.client("carol"), place.services["PaymentsService"][0]
    answer = browser.act("/maintenance-windows", service=service.id, hours="1.5", description="New disks")
    assert answer.status_code == 303
    (made,) = place.desk.config().maintenance_windows.values()
    assert (made.start, made.end, made.created_by) == (NIGHT, NIGHT + 90 * MINUTE, place.people["carol"].id)
    form = browser.get(f"/maintenance-windows?change={made.id}").text
    assert 'name="end" value="2026-01-06T03:44"' in form
    browser.act(
        "/maintenance-windows", id=made.id, service=service.id, start="2026-01-06T02:14", end="2026-01-06T03:44",
        description="Newer disks",
    )  # fmt: skip
    (same,) = place.desk.config().maintenance_windows.values()
    assert (same.start, same.end, same.description) == (made.start, made.end, "Newer disks"), "its seconds stay"
    browser.act("/maintenance-windows", id=made.id, service=service.id, end="2026-01-06T05:00")
    (later,) = place.desk.config().maintenance_windows.values()
    assert (later.start, later.end) == (made.start, NIGHT + 165 * MINUTE + 53_000_000)
    browser.act(f"/maintenance-windows/{made.id}/end")
    (ended,) = place.desk.config().maintenance_windows.values()
    assert ended.end == NIGHT


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"hours": "1"}, "Services must have 1 to 1000 elements"),
        ({"service": "yes", "hours": "soon"}, "for how many hours"),
        ({"service": "yes", "end": "tomorrow"}, "To is a time like"),
        ({"service": "yes", "start": "2026-01-06T05:00", "end": "2026-01-06T04:00"}, "End time must be after start"),
        ({"service": "yes", "end": "2026-01-05T04:00"}, "End time must be in the future"),
    ],
)
def test_what_is_refused_is_kept(place: Place, fields: dict[str, str], problem: str) -> None:
    service = place.services["PaymentsService"][0]
    sent = {name: service.id if value == "yes" else value for name, value in fields.items()}
    answer = place.client("carol").act("/maintenance-windows", description="Typed", **sent)
    assert answer.status_code == 422
    assert problem in answer.text
    assert 'value="Typed"' in answer.text
    assert bool(re.search(f'value="{service.id}" checked', answer.text)) is ("service" in sent)
    assert not place.desk.config().maintenance_windows


def test_who_may_do_what(place: Place) -> None:
    made, service = window(place, NIGHT, NIGHT + HOUR), place.services["PaymentsService"][0]
    for who in ("alice", "mallory"):
        browser = place.client(who)
        html = browser.get(f"/maintenance-windows?change={made.id}").text
        assert "Disks" in html
        assert "End now" not in html
        assert "Announce" not in html
        assert browser.act("/maintenance-windows", service=service.id, hours="1").status_code == 403
        assert browser.act(f"/maintenance-windows/{made.id}/end").status_code == 403
    place.person("rita", Role.RESTRICTED)
    browser = place.client("rita")
    assert "Disks" not in browser.get("/maintenance-windows").text
    assert "Disks" not in browser.get("/").text
    assert browser.act(f"/maintenance-windows/{made.id}/end").status_code == 404
    assert (
        browser.act("/maintenance-windows", id=made.id, service=service.id, end="2026-01-06T05:00").status_code == 404
    )


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_windows(place: Place, text: str) -> None:
    window(place, NIGHT, NIGHT + HOUR, text)
    for path in ("/maintenance-windows", "/"):
        found = shape(place.client("carol").get(path).text)
        assert found.running == []
        assert found.tags["img"] == 0
