"""Teams: who is in them, what they own, who is on call; made, changed and removed by whoever may."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.web.place import Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.typed_forms import filled
from tocsin.directory.model import Membership, Role, Team, TeamRole


def address(place: Place) -> str:
    return f"/teams/{place.team.id}"


def team_form(place: Place, who: str = "carol") -> dict[str, str]:
    html = place.client(who).get(address(place)).text
    return filled(html.partition('id="form"')[2].partition("</form>")[0])


def team_now(place: Place) -> Team:
    return place.desk.config().teams[place.team.id]


def test_a_team_gets_a_lead_and_a_group(place: Place) -> None:
    browser, alice = place.client("carol"), place.people["alice"]
    answer = browser.act(f"{address(place)}/save", **(team_form(place) | {"lead_id": alice.id, "chat_group": "@pay"}))
    assert (answer.status_code, answer.headers["location"]) == (303, address(place))
    assert team_now(place) == replace(place.team, lead_id=alice.id, chat_group="@pay")
    row = words(browser.get("/teams").text.partition('class="row team-row"')[2].partition('class="num')[0])
    assert "Alice" in row
    assert "@pay" in row
    browser.act(f"{address(place)}/save", **(team_form(place) | {"lead_id": "", "chat_group": " "}))
    assert team_now(place) == place.team


def test_what_is_wrong_with_a_team(place: Place) -> None:
    place.desk.save(Team(id="", name="Taken"))
    browser = place.client("carol")
    typed = team_form(place) | {"name": "Taken", "lead_id": "PNONE", "chat_group": "x" * 300, "parent_id": "PNONE"}
    answer = browser.act(f"{address(place)}/save", **typed)
    assert answer.status_code == 422
    at = dict(re.findall(r'id="wrong-(\w+)">.*?</svg>(.*?)</span>', answer.text))
    assert set(at) == {"name", "lead_id", "chat_group", "parent_id"}
    assert 'value="Taken"' in answer.text
    assert team_now(place) == place.team
    opened = team_form(place)
    place.desk.save(replace(place.team, chat_group="@theirs"), "chat_group")
    answer = browser.act(f"{address(place)}/save", **(opened | {"chat_group": "@mine"}))
    assert answer.status_code == 409
    assert 'value="@mine"' in answer.text
    assert team_now(place).chat_group == "@theirs"


def test_the_page_says_what_it_owns_and_who_is_on_call(place: Place) -> None:
    page = words(place.client("alice").get(address(place)).text)
    assert "Services PaymentsService" in page
    assert "Schedules Payments primary now: A Alice" in page
    assert "Policies Payments" in page
    assert "Carol Manager" in page
    assert "Alice" in words(place.client("alice").get("/teams").text.partition('data-word="On call now"')[2][:200])


def test_people_are_taken_in_changed_and_taken_out(place: Place) -> None:
    browser, mallory = place.client("carol"), place.people["mallory"]
    browser.act(f"{address(place)}/member", user=mallory.id, role="observer")
    assert place.desk.config().memberships[f"{place.team.id}:{mallory.id}"].role is TeamRole.OBSERVER
    browser.act(f"{address(place)}/member", user=mallory.id, role="responder")
    assert place.desk.config().memberships[f"{place.team.id}:{mallory.id}"].role is TeamRole.RESPONDER
    browser.act(f"{address(place)}/member-remove", user=mallory.id)
    assert f"{place.team.id}:{mallory.id}" not in place.desk.config().memberships
    assert browser.act(f"{address(place)}/member-remove", user=mallory.id).status_code == 404
    assert browser.act(f"{address(place)}/member", user="PNONE", role="responder").status_code == 422
    assert browser.act(f"{address(place)}/member", user=mallory.id, role="king").status_code == 422


def test_whoever_its_policy_calls_stays(place: Place) -> None:
    answer = place.client("carol").act(f"{address(place)}/member-remove", user=place.people["bob"].id)
    assert answer.status_code == 409
    assert "they belong to an escalation policy on this team" in answer.text


def test_a_team_is_made_and_removed(place: Place) -> None:
    browser = place.client("erin")
    answer = browser.act("/teams", name="Platform", parent_id=place.team.id, description="Runs it all")
    (made,) = [one for one in place.desk.config().teams.values() if one.name == "Platform"]
    assert answer.headers["location"] == f"/teams/{made.id}"
    assert made.parent_id == place.team.id
    assert "Holds Platform" in words(browser.get(address(place)).text)
    refused = browser.act("/teams", name="Platform", description="Typed text")
    assert refused.status_code == 422
    assert "Typed text</textarea>" in refused.text
    assert browser.act(f"/teams/{made.id}/remove", typed="Platfor").status_code == 422
    assert browser.act(f"/teams/{made.id}/remove", typed="Platform").headers["location"] == "/teams"
    assert made.id not in place.desk.config().teams
    still = browser.act(f"{address(place)}/remove", typed="Payments")
    assert still.status_code == 409
    assert "The team still owns" in still.text


def test_who_may_change_a_team(place: Place) -> None:
    mallory = place.people["mallory"]
    for who in ("alice", "mallory"):
        browser = place.client(who)
        assert 'id="form"' not in browser.get("/teams").text
        assert 'id="form"' not in browser.get(address(place)).text
        assert browser.act("/teams", name="Mine").status_code == 403
        assert browser.act(f"{address(place)}/save", name="Mine").status_code == 403
        assert browser.act(f"{address(place)}/member", user=mallory.id, role="manager").status_code == 403
        assert browser.act(f"{address(place)}/member-remove", user=place.people["carol"].id).status_code == 403
        assert browser.act(f"{address(place)}/remove", typed="Payments").status_code == 403
    place.person("rita", Role.RESTRICTED)
    assert "Payments" not in place.client("rita").get("/teams").text
    assert place.client("rita").get(address(place)).status_code == 404
    assert place.client("rita").act(f"{address(place)}/save", name="Mine").status_code == 404
    assert team_now(place) == place.team


def test_a_lead_who_left_is_reported(place: Place) -> None:
    place.desk.save(replace(place.team, lead_id=place.people["mallory"].id), "lead_id")
    assert "not here any more" not in place.client("erin").get(address(place)).text
    place.desk.save(replace(place.people["mallory"], active=False), "active")
    assert "It counts on people who are not here any more: Mallory" in words(
        place.client("erin").get(address(place)).text
    )
    assert "deactivated" in place.client("erin").get("/teams").text


def test_whom_one_does_not_see_is_not_offered(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Secret team"))
    sam = place.person("sam", shown="Secret Sam")
    place.desk.save(Membership(team_id=other.id, user_id=sam.id, role=TeamRole.MANAGER))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=place.team.id, user_id=rita.id, role=TeamRole.MANAGER))
    assert "Secret" not in place.client("rita").get(address(place)).text
    assert place.client("rita").act(f"{address(place)}/member", user=sam.id, role="manager").status_code == 422


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text(place: Place, text: str) -> None:
    name = "".join(letter for letter in text if letter.isprintable())[:250].strip() or "x"
    team: Team = place.desk.save(Team(id="", name=name, description=text, chat_group=text[:250]))
    for path in ("/teams", f"/teams/{team.id}"):
        found = shape(place.client("erin").get(path).text)
        assert found.running == [], path
        assert found.tags["img"] == 0, path
