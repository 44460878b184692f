"""Readiness as a page: problems first with where each is mended, and only what the reader may see."""

from __future__ import annotations

import re

from tests.web.place import Place, policy_of
from tests.web.reaching_scene import FULL, add
from tests.web.test_incident_pages import words
from tests.web.test_policies import stored
from tocsin.directory.model import Channel, Membership, Role, ServiceStatus, Team, TeamRole
from tocsin.kernel.values import replace


def shown(place: Place, who: str = "carol") -> tuple[str, str]:
    answer = place.client(who).get("/readiness")
    assert answer.status_code == 200
    return answer.text, words(answer.text)


def test_all_is_well(place: Place) -> None:
    _, text = shown(place)
    assert "Ready for the next 14 days." in text
    assert "A Alice at once after 2 min" in text
    assert "Payments primary somebody at any time" in text
    assert "PaymentsService A Alice text at once, phone call after 2 min" in text


def test_each_problem_has_where_it_is_mended(place: Place) -> None:
    add(place)
    html, text = shown(place)
    full, dave = stored(place, FULL), place.people["dave"]
    assert re.search(
        rf"level 2, reaches nobody: [^<]*</p><a class=\"button small\" href=\"/policies/{full.id}/edit\">", html
    )
    assert f'href="/people/{dave.id}"' in html
    assert "Weekend cover that nobody has has nobody on call" in text.partition("Worth knowing")[2]
    rows = text.partition("By what people are reached")[2]
    assert rows.index("Wolfe") < rows.index("Alice"), "whom nothing reaches stands first"
    observer, _ = shown(place, "mallory")
    assert f'href="/policies/{full.id}">' in observer, "who may not change it is led to look at it"


def test_what_is_not_set_up_is_said_with_its_setting(place: Place) -> None:
    place.site = replace(place.site, ways_to_send=lambda: (Channel.EMAIL.value,))
    _, text = shown(place, "erin")
    assert "Texts are not set up (/connections, TOCSIN_TWILIO_...), but " in text
    assert 'href="/connections/phone"' in place.client("erin").get("/readiness").text, "owners are led to the form"
    assert "not set up here" in text.partition("By what people are reached")[2]


def test_an_alarm_now_says_who_or_why_nobody(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    place.service("Second", policy_of(place, "Second", (5, "bob")))
    place.desk.save(replace(service, status=ServiceStatus.DISABLED), "status")
    _, text = shown(place)
    part = text.partition("An alarm now would page")[2]
    assert part.index("PaymentsService Nobody: the service is switched off.") < part.index("Second")


def test_only_what_the_reader_may_see(place: Place) -> None:
    add(place)
    team = place.desk.save(Team(id="", name="Cards"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=team.id, user_id=rita.id, role=TeamRole.MANAGER))
    html, text = shown(place, "rita")
    for secret in ("Payments", "Settlement", "Weekend cover", "Wolfe", "Alice", "TOCSIN_"):
        assert secret not in text, secret
    assert "/policies/P" not in html
