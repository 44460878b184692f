"""Find: things by name, incidents by number and title, pages and tasks; the same as a short list for the field."""

from __future__ import annotations

import re

import pytest

from tests.web.place import Browser, Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.directory.model import Membership, Role, Service, Team, TeamRole
from tocsin.incidents.messages import Resolve
from tocsin.kernel.values import replace


def offered(browser: Browser, typed: str = "") -> list[tuple[str, str, str]]:
    """Kind, name and path of what the field offers."""
    answer = browser.get("/find", params={"as": "list", "q": typed})
    assert answer.headers["content-type"] == "application/json"
    return [(hit["kind"], hit["name"], hit["path"]) for hit in answer.json()["hits"]]


def test_a_number_leads_to_its_incident(place: Place) -> None:
    place.alarm("PaymentsService", "a", "Disk is full")
    browser = place.client("alice")
    for typed in ("1", "#1"):
        assert browser.get("/find", params={"q": typed}).headers["location"] == "/incidents/1"
        assert offered(browser, typed)[0] == ("Incident", "#1 Disk is full", "/incidents/1")
    for odd in ("99", "#", "9" * 30, "١"):
        assert browser.get("/find", params={"q": odd}).status_code == 200


def test_things_are_found_by_name_those_that_begin_so_first(place: Place) -> None:
    place.desk.save(Service(id="", name="A payments thing", policy_id=place.policy.id))
    ids = (place.team.id, place.policy.id, place.schedule.id, place.services["PaymentsService"][0].id)
    found = offered(place.client("alice"), "PAY")
    assert {path.rpartition("/")[2] for _, _, path in found[:4]} == set(ids)
    assert found[4][1] == "A payments thing"
    html = place.client("alice").get("/find?q=pay").text
    for path in ("/teams/", "/policies/", "/schedules/", "/services/"):
        assert f'href="{path}' in html, path
    assert offered(place.client("alice"), "bob")[0] == ("Person", "Bob", f"/people/{place.people['bob'].id}")


def test_incidents_are_found_by_any_letters_of_their_title(place: Place) -> None:
    for number, title in enumerate(("Größe des Puffers", "100% full_disk", "plain", "Disk ÜBERLAUF")):
        place.alarm("PaymentsService", f"k{number}", title)
    browser = place.client("alice")
    for typed, number in (("größe", 1), ("0%", 2), ("l_d", 2), ("ÜBER", 4), ("PLAIN", 3)):
        assert f'href="/incidents/{number}"' in browser.get("/find", params={"q": typed}).text, typed
        assert f"/incidents/{number}" in [path for _, _, path in offered(browser, typed)], typed
    assert 'class="fires"' not in browser.get("/find", params={"q": "_l_"}).text


def test_what_is_open_stands_before_what_is_over(place: Place) -> None:
    for number in range(4):
        place.alarm("PaymentsService", f"k{number}", f"Disk {number} is full")
    for number in (2, 4):
        place.desk.run(place.as_("bob"), Resolve(incident_id=place.incident(number).id))
    html = place.client("alice").get("/find?q=disk").text
    assert re.findall(r'<article.*?href="/incidents/(\d+)"', html, re.DOTALL) == ["3", "1", "4", "2"]


def test_what_is_over_is_shown_as_over_and_an_action_leads_back(place: Place) -> None:
    place.alarm("PaymentsService", "a", "Disk is full")
    place.alarm("PaymentsService", "b", "Disk is slow")
    place.desk.run(place.as_("bob"), Resolve(incident_id=place.incident(1).id))
    browser = place.client("alice")
    cards = browser.get("/find?q=disk").text.split("<article")[1:]
    (over,) = (one for one in cards if "Disk is full" in one)
    assert "/resolve" not in over
    assert "over after" in over
    (burning,) = (one for one in cards if "Disk is slow" in one)
    assert 'name="back" value="/find?q=disk"' in burning
    answer = browser.act("/incidents/2/acknowledge", back="/find?q=disk")
    assert answer.headers["location"] == "/find?q=disk"
    assert "You have it." in browser.get("/find?q=disk").text


def test_pages_and_tasks_are_offered_as_far_as_one_may(place: Place) -> None:
    erin, mallory = place.client("erin"), place.client("mallory")
    assert ("Do", "Page someone", "/incidents/new") in offered(erin)
    assert ("Go to", "System", "/system") in offered(erin, "health")
    assert ("Do", "Add a person", "/people#invite") in offered(erin, "invite user")
    assert ("Do", "Override a shift", "/schedules") in offered(place.client("alice"), "cover")
    mine = [name for _, name, _ in offered(mallory)]
    assert "Page someone" not in mine
    assert "Add a person" not in mine
    assert offered(mallory, "audit") == []
    german = place.client("erin")
    german.headers["accept-language"] = "de"
    assert ("/system") in [path for _, _, path in offered(german, "system")]


def test_other_teams_things_are_not_found(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Others"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=other.id, user_id=rita.id, role=TeamRole.RESPONDER))
    place.alarm("PaymentsService", "a", "Payments fail")
    browser = place.client("rita")
    assert offered(browser, "pay") == []
    assert "Payments" not in browser.get("/find?q=pay").text.partition("<main")[2]
    assert offered(browser, "1") == []


def test_nothing_found_says_where_it_looked(place: Place) -> None:
    text = words(place.client("alice").get("/find?q=zzzz").text)
    assert "Nothing has “ zzzz ” in its name." in text
    assert "the newest 5 000 incidents" in text


def test_someone_who_left_is_found_and_marked(place: Place) -> None:
    place.desk.save(replace(place.people["bob"], active=False), "active")
    hits = place.client("erin").get("/find", params={"as": "list", "q": "bob"}).json()["hits"]
    assert hits[0]["note"] == "deactivated"


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text(place: Place, text: str) -> None:
    place.alarm("PaymentsService", "a", text[:500])
    for typed in (text[:60], text[:3]):
        found = shape(place.client("erin").get("/find", params={"q": typed}).text)
        assert found.running == []
        place.client("erin").get("/find", params={"q": typed, "as": "list"}).json()
