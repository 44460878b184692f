"""Business services and priorities: lists that everybody reads and some may change."""

from __future__ import annotations

import pytest

from tests.web.place import Place, priorities
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.test_rules import printable
from tocsin.directory.business import BusinessService
from tocsin.directory.model import Priority, Role


def test_priorities_are_listed_moved_changed_and_removed(place: Place) -> None:
    p1, p2, _ = priorities(place)
    browser = place.client("erin")
    assert "P1 matters most" in words(browser.get("/priorities").text)
    browser.act(f"/priorities/{p2.id}/up")
    assert "P2 matters most" in words(browser.get("/priorities").text)
    browser.act("/priorities", id=p1.id, name="Sev 1", description="All is down", color="#c4271b")
    assert 'value="Sev 1"' in browser.get(f"/priorities?change={p1.id}").text
    changed: Priority = place.desk.config().priorities[p1.id]
    assert (changed.name, changed.color, changed.order) == ("Sev 1", "C4271B", 1)
    browser.act("/priorities", name="P4")
    assert [one.name for one in sorted(place.desk.config().priorities.values(), key=lambda one: one.order)] == [
        "P2",
        "Sev 1",
        "P3",
        "P4",
    ]
    browser.act(f"/priorities/{p1.id}/remove")
    assert p1.id not in place.desk.config().priorities
    refused = browser.act("/priorities", name="Typed", color="red")
    assert refused.status_code == 422
    assert 'value="Typed"' in refused.text


def test_only_administrators_change_priorities(place: Place) -> None:
    one = priorities(place)[0]
    for who in ("carol", "mallory"):
        browser = place.client(who)
        html = browser.get("/priorities").text
        assert "P1" in html
        assert "Change" not in html
        assert "New priority" not in html
        assert browser.act("/priorities", name="Mine").status_code == 403
        assert browser.act(f"/priorities/{one.id}/down").status_code == 403
        assert browser.act(f"/priorities/{one.id}/remove").status_code == 403


def test_a_business_service_says_how_it_is(place: Place) -> None:
    browser, service = place.client("carol"), place.services["PaymentsService"][0]
    browser.act("/business-services", name="Checkout", team_id=place.team.id, point_of_contact="Dora")
    (one,) = place.desk.config().business_services.values()
    assert "Needs nothing Checkout Ask Dora nothing yet Payments" in words(browser.get("/business-services").text)
    browser.act(f"/business-services/{one.id}/need", needs=f"service:{service.id}")
    assert "Operational Checkout" in words(browser.get("/business-services").text)
    place.alarm("PaymentsService", "a")
    assert "Impacted Checkout Ask Dora PaymentsService" in words(browser.get("/business-services").text)
    (dependency,) = place.desk.config().dependencies.values()
    browser.act(f"/business-services/{one.id}/need-not", dependency=dependency.id)
    assert not place.desk.config().dependencies
    browser.act("/business-services", id=one.id, name="Shop", team_id=place.team.id)
    assert [each.name for each in place.desk.config().business_services.values()] == ["Shop"]
    assert browser.act(f"/business-services/{one.id}/remove", typed="Checkout").status_code == 422
    browser.act(f"/business-services/{one.id}/remove", typed="Shop")
    assert not place.desk.config().business_services


def test_a_refused_business_service_is_kept_as_typed(place: Place) -> None:
    place.desk.save(BusinessService(id="", name="Checkout"))
    answer = place.client("erin").act("/business-services", name="Checkout", description="Typed text")
    assert answer.status_code == 422
    assert "Name has already been taken" in answer.text
    assert "Typed text</textarea>" in answer.text


def test_who_sees_and_changes_business_services(place: Place) -> None:
    one = place.desk.save(BusinessService(id="", name="Shop", team_id=place.team.id))
    for who in ("alice", "mallory"):
        browser = place.client(who)
        html = browser.get(f"/business-services?change={one.id}").text
        assert "Shop" in html
        assert "Change" not in html
        assert browser.act("/business-services", id=one.id, name="Mine").status_code == 403
        assert browser.act(f"/business-services/{one.id}/remove", typed="Shop").status_code == 403
    place.person("rita", Role.RESTRICTED)
    browser = place.client("rita")
    assert "Shop" not in browser.get("/business-services").text
    assert browser.act("/business-services", id=one.id, name="Mine").status_code == 404
    assert browser.act(f"/business-services/{one.id}/remove", typed="Shop").status_code == 404


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_lists(place: Place, text: str) -> None:
    one = place.desk.save(BusinessService(id="", name=printable(text), description=text, point_of_contact=text))
    priority = place.desk.save(Priority(id="", name=printable(text), description=text, color='"/><x'))
    browser = place.client("erin")
    for path in (
        "/business-services",
        f"/business-services?change={one.id}",
        "/priorities",
        f"/priorities?change={priority.id}",
    ):
        found = shape(browser.get(path).text)
        assert found.running == [], path
        assert found.tags["img"] == found.tags["x"] == 0, path


def test_rows_stand_close_together_in_this_browser_until_they_do_not(place: Place) -> None:
    browser = place.client("alice")
    assert 'class="dense' not in browser.get("/incidents").text
    answer = browser.act("/density", back="/incidents?view=all")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents?view=all")
    assert 'class="dense' in browser.get("/incidents").text
    browser.act("/density", back="https://elsewhere.example/")
    assert 'class="dense' not in browser.get("/incidents").text
