"""What belongs to other teams is on no page of those who may see their own teams' things only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.place import HASHED, Place, policy_of
from tocsin.directory.model import Membership, Role, Team, TeamRole, User

PAGES = (
    "/",
    "/on-call",
    "/find?q=secret",
    "/services",
    "/incidents",
    "/incidents?view=all",
    "/alerts",
    "/incidents/new",
    "/teams",
    "/orchestrations",
)
CONFINED = (Role.RESTRICTED, Role.LIMITED_STAKEHOLDER)
AT_LARGE = tuple(role for role in Role if role not in CONFINED)

WHERE = {
    "Secret schedule": ("/", "/on-call", "/find?q=secret"),
    "Secret policy": ("/on-call", "/services"),
    "Secret service": ("/find?q=secret", "/services", "/incidents", "/incidents?view=all"),
    "Secret team": ("/", "/on-call", "/incidents", "/teams"),
    "Secret Sam": ("/", "/on-call", "/find?q=secret", "/services", "/teams"),
}
"""The names of one team's things, and the pages that show them to people who may see everything."""


@pytest.fixture
def secret(place: Place) -> Place:
    """A team with a person, a schedule, a policy and a service; beside it Payments."""
    sam = place.person("sam", shown="Secret Sam")
    payments, place.team = place.team, place.desk.save(Team(id="", name="Secret team"))
    place.desk.save(Membership(team_id=place.team.id, user_id=sam.id, role=TeamRole.MANAGER))
    place.service("Secret service", policy_of(place, "Secret policy", (5, place.rota("Secret schedule", "sam"))))
    place.team = payments
    return place


def reader(place: Place, role: Role, team: TeamRole | None = None) -> None:
    user = User(id="", name="Rita", email="rita@example.com", role=role, password_hash=HASHED)
    place.people["rita"] = saved = place.desk.save(user)
    if team is not None:
        place.desk.save(Membership(team_id=place.team.id, user_id=saved.id, role=team))


@pytest.mark.parametrize("role", CONFINED)
@pytest.mark.parametrize("team", [None, TeamRole.OBSERVER])
def test_other_teams_things_are_on_no_page(secret: Place, role: Role, team: TeamRole | None) -> None:
    reader(secret, role, team)
    browser = secret.client("rita")
    for path in PAGES:
        page = browser.get(path)
        assert page.status_code == 200
        assert [name for name in WHERE if name in page.text] == [], path
        assert ("Payments primary" in page.text) is (team is not None and path in ("/", "/on-call")), path


@pytest.mark.parametrize("role", AT_LARGE)
def test_everybody_else_sees_them(secret: Place, role: Role) -> None:
    reader(secret, role)
    browser = secret.client("rita")
    for name, paths in WHERE.items():
        for path in paths:
            assert name in browser.get(path).text, (name, path)


def test_a_policy_of_another_team_that_calls_an_own_schedule_is_not_named(secret: Place) -> None:
    reader(secret, Role.RESTRICTED, TeamRole.RESPONDER)
    policy = next(one for one in secret.desk.config().policies.values() if one.name == "Secret policy")
    shared = replace(policy, rules=secret.policy.rules)
    secret.desk.save(shared, "rules")
    assert "Secret policy" not in secret.client("rita").get("/on-call").text


def test_whoever_may_see_little_still_finds_themselves_and_their_team(secret: Place) -> None:
    reader(secret, Role.RESTRICTED, TeamRole.RESPONDER)
    browser = secret.client("rita")
    assert f'href="/people/{secret.people["rita"].id}"' in browser.get("/find?q=rita").text
    offered = browser.get("/incidents/new").text
    assert "Alice" in offered
    assert "Erin" not in offered
