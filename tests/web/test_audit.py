"""Who changed what, when: readable differences, for administrators, without any secret."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from tests.web.place import Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tests.web.test_rules import orchestration, rule, rules
from tocsin.directory.model import Role
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine.kinds import KINDS
from tocsin.events.orchestration import PathKind
from tocsin.kernel.errors import NotSignedIn
from tocsin.kernel.time import DAY, SECOND
from tocsin.kernel.values import replace
from tocsin.runtime.sessions import Visitor
from tocsin.runtime.sign_in_ground import EventFilter, How, SecurityEvent
from tocsin.web.audit import WORDS
from tocsin.web.audit_security import GROUPS
from tocsin.web.differences import Difference, Wording, differences
from tocsin.web.me_security import EVENT_WORDS

AWAY = Visitor("203.0.113.9", "curl/8.1")
PLAIN = Wording(at=lambda at: f"at {at}", name_of=lambda text: {"T1": "Payments"}.get(text, ""))


def lines(place: Place, query: str = "") -> list[str]:
    html = place.client("erin").get(f"/audit?{query}").text
    return [words(one) for one in re.findall(r'<li id="c-\d+">(.*?)</li>', html, re.DOTALL)]


def test_a_change_tells_who_did_it_and_what_was_before(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    place.desk.save(replace(service, name="Payments", acknowledgement_timeout=900), "name", actor=place.as_("carol"))
    newest = lines(place)[0]
    assert "Changed service Payments by Carol" in newest
    assert "name PaymentsService Payments" in newest


def test_what_was_made_and_removed(place: Place) -> None:
    one = orchestration(place, "Short-lived")
    assert "Made orchestration Short-lived by Tocsin" in " ".join(lines(place, "kind=orchestration"))
    browser = place.client("erin")
    browser.act(f"/orchestrations/{one.id}/about-remove", typed="Short-lived")
    assert "Removed orchestration Short-lived by Erin" in " ".join(lines(place, "kind=orchestration"))


def test_it_is_narrowed_by_kind_person_and_day(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    place.desk.advance(DAY)
    place.desk.save(replace(service, description="x"), "description", actor=place.as_("carol"))
    assert len(lines(place, f"person={place.people['carol'].id}")) == 1
    assert len(lines(place, "since=2026-01-07")) == 1
    assert all("by Carol" not in one for one in lines(place, "until=2026-01-06"))
    assert all(" team Payments " in one for one in lines(place, "kind=team"))
    assert not lines(place, "since=2026-01-08")
    assert lines(place, "since=never"), "what is no day narrows nothing"


def test_a_thing_has_its_own_history_with_its_parts(place: Place) -> None:
    one, other = orchestration(place), orchestration(place, "Other")
    rules(place, one.id, PathKind.GLOBAL, rule(id="a", label="First"))
    rules(place, one.id, PathKind.GLOBAL, rule(id="b", label="New"), rule(id="a", label="Second"))
    found = lines(place, f"thing={one.id}")
    assert len(found) == 4, "the orchestration, its key, its rules twice"
    assert "Changed rules Everything, global" in found[0]
    assert "sets › start › rules › “\u2068Second\u2069” › label First Second" in found[0], (
        "a rule is the same wherever it stands"
    )
    assert not any(other.name in one for one in found)
    html = place.client("erin").get(f"/orchestrations/{one.id}").text
    assert f'href="/audit?thing={one.id}"' in html


def test_pages_follow_each_other(place: Place) -> None:
    for number in range(60):
        place.desk.save(replace(place.team, name=f"Team {number}"), "name")
    first = place.client("erin").get("/audit?kind=team").text
    older = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")
    assert older.startswith("/audit?kind=team&before=")
    second = place.client("erin").get(older).text
    assert "Team 59" in first
    assert "Team 59" not in second
    assert "Team 5" in second


def test_no_secret_is_shown(place: Place) -> None:
    hook = place.desk.save(WebhookSubscription(id="", url="https://u:pw@example.com/", events=("service.created",)))
    html = place.client("erin").get("/audit").text
    for secret in (hook.secret, "u:pw", place.services["PaymentsService"][1].key, place.people["bob"].password_hash):
        assert secret not in html


def test_only_administrators_read_it(place: Place) -> None:
    place.person("adam", Role.ADMIN)
    assert place.client("adam").get("/audit").status_code == 200
    for who in ("alice", "carol", "mallory"):
        browser = place.client(who)
        assert browser.get("/audit").status_code == 404
        assert 'href="/audit' not in browser.get("/webhooks").text


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_the_history(place: Place, text: str) -> None:
    service = place.services["PaymentsService"][0]
    place.desk.save(replace(service, description=text), "description")
    place.desk.save(replace(service, description="other"), "description")
    html = place.client("erin").get("/audit").text
    assert shape(html).running == []
    assert "<img" not in html
    assert shape(place.client("erin").get("/audit", params={"thing": text, "kind": text}).text).running == []


def test_differences_are_told_in_words() -> None:
    before = {"name": "A", "on": True, "team_id": "T1", "disabled_until": 10**15, "same": 1, "updated_at": 1, "x": ""}
    after = {"name": "B", "on": False, "team_id": None, "disabled_until": None, "same": 1, "updated_at": 2, "x": None}
    assert differences(before, after, PLAIN)[0] == [
        Difference("name", "A", "B"),
        Difference("on", "yes", "no"),
        Difference("team", "Payments (T1)", ""),
        Difference("switched off until", "at 1000000000000000", ""),
    ]
    layer = {"id": "PL1", "name": "Weekly", "turn_length_seconds": 86_400}
    longer = {"layers": [layer | {"turn_length_seconds": 7 * 86_400}]}
    assert differences({"layers": [layer]}, longer, PLAIN)[0] == [
        Difference("layers › “\u2068Weekly\u2069” › turn", "1 d", "7 d"),
    ]
    many = {str(number): number + 1 for number in range(100)}
    found, more = differences(None, many, PLAIN)
    assert (len(found), more) == (60, 40)


# -- files


def exported(place: Place, query: str = "", who: str = "erin") -> list[dict[str, str]]:
    answer = place.client(who).get(f"/audit/export?format=csv&{query}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "tocsin-history.csv" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_history_is_exported_as_it_is_narrowed(place: Place) -> None:
    place.desk.save(replace(place.team, name="Payers"), "name", actor=place.as_("carol"))
    whole, narrow = exported(place), exported(place, "kind=team")
    assert len(whole) > len(narrow) == 2
    newest = narrow[0]
    assert (newest["change"], newest["kind"], newest["thing_id"]) == ("update", "team", place.team.id)
    assert (newest["who"], newest["actor_id"], newest["via"]) == ("Carol", place.people["carol"].id, "web")
    assert json.loads(newest["before"])["name"] == "Payments"
    assert json.loads(newest["after"])["name"] == "Payers"
    found = place.client("erin").get("/audit/export?format=json&kind=team").json()
    assert [one["seq"] for one in found] == [int(one["seq"]) for one in narrow]
    assert place.client("erin").get("/audit/export?format=json&kind=tag").json() == []
    html = place.client("erin").get("/audit?kind=team").text
    assert 'href="/audit/export?format=csv&amp;kind=team"' in html


def test_a_long_history_is_exported_whole_and_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        place.desk.save(replace(place.team, name=f"Team {number}"), "name")
    monkeypatch.setattr("tocsin.web.audit.AT_ONCE", 7)
    assert len(exported(place, "kind=team")) == 31
    monkeypatch.setattr("tocsin.web.audit.MOST", 20)
    assert [json.loads(one["after"])["name"] for one in exported(place, "kind=team")] == [
        f"Team {number}" for number in range(29, 9, -1)
    ]


def test_no_cell_of_it_is_a_formula(place: Place) -> None:
    place.desk.save(replace(place.people["bob"], name="=1+1"), "name", actor=place.as_("bob"))
    assert exported(place, "kind=user")[0]["who"] == "'=1+1"


def test_who_may_export_and_in_which_form(place: Place) -> None:
    assert place.client("carol").get("/audit/export?format=csv").status_code == 404
    assert place.client("").get("/audit/export?format=csv").status_code == 303
    assert place.client("erin").get("/audit/export?format=xml").status_code == 422


# -- signing in


def told(place: Place, query: str = "", who: str = "erin") -> list[str]:
    """Lines about signing in, newest first."""
    html = place.client(who).get(f"/audit?{query}").text
    return [words(one) for one in re.findall(r'<li id="s-[\w-]+">(.*?)</li>', html, re.DOTALL)]


def test_owners_read_how_everybody_signs_in_and_nobody_else_does(place: Place) -> None:
    place.person("adam", Role.ADMIN)
    with pytest.raises(NotSignedIn):
        place.sessions.sign_in("bob@example.com", "guessed", AWAY)
    place.desk.advance(SECOND)
    place.sessions.ground.note(place.people["bob"], SecurityEvent.FACTOR_ON, AWAY)
    place.desk.advance(SECOND)
    found = told(place, "kind=security")
    assert "Sign-in Erin Signed in : by password" in found[0], "Erin, to look at this page"
    assert "Security Bob Second factor set up curl, 203.0.113.9 its history" in found[1]
    assert "Failed Bob Sign-in by password refused curl, 203.0.113.9 its history" in found[2]
    assert [one for one in told(place) if "Bob" in one], "among changes too"
    for query in ("", "kind=security", f"thing={place.people['bob'].id}"):
        assert told(place, query, "adam") == []
    assert "sign-ins that failed" not in place.client("adam").get("/audit").text
    assert place.client("adam").get("/audit/export?format=json&kind=security").json() == []
    assert not [one for one in exported(place, who="adam") if one["kind"] == "security"]


def test_it_is_narrowed_as_changes_are(place: Place) -> None:
    ground, bob, carol = place.sessions.ground, place.people["bob"], place.people["carol"]
    ground.note(bob, SecurityEvent.PASSWORD, AWAY)
    ground.note(carol, SecurityEvent.PASSWORDS_FAILED, AWAY)
    place.desk.advance(DAY)
    ground.note(bob, SecurityEvent.ENDED_BY_OTHER, AWAY, "Erin")
    assert [re.split(r"\d\d:14:07 ", one)[-1].split(" its")[0] for one in told(place, f"person={bob.id}")] == [
        "Sign-out Bob Signed out everywhere by an administrator : Erin curl, 203.0.113.9",
        "Security Bob Password changed curl, 203.0.113.9",
    ]
    assert len(told(place, f"thing={bob.id}")) == 2
    assert told(place, f"thing={bob.id}&person={carol.id}") == []
    assert [one for one in told(place, "kind=refused") if "Many wrong passwords" in one] == told(place, "kind=refused")
    assert len(told(place, "kind=ended")) == len(told(place, f"kind=security&person={bob.id}&since=2026-01-07")) == 1
    assert len(told(place, f"kind=security&person={bob.id}&until=2026-01-06")) == 1
    assert told(place, "kind=team") == []
    assert lines(place, "kind=security") == []


def test_pages_hold_changes_and_events_in_one_order(place: Place) -> None:
    for number in range(60):
        place.desk.save(replace(place.team, name=f"Team {number}"), "name")
        place.sessions.ground.note(place.people["bob"], SecurityEvent.PASSKEY_NEW, AWAY, f"Key {number}")
        place.desk.advance(SECOND)
    path, found = "/audit", []
    while path:
        html = place.client("erin").get(path).text
        found += re.findall(r"<ins>(Team \d+)</ins>|<bdi>(Key \d+)", html)
        older = re.findall(r'rel="next" href="([^"]+)"', html)
        path = older[0].replace("&amp;", "&") if older else ""
    wanted = [pair for number in range(59, -1, -1) for pair in ((f"Team {number}", ""), ("", f"Key {number}"))]
    assert found == wanted, "each once, newest first"
    assert told(place, "past=nonsense"), "what is no place is the beginning"


def test_what_happened_around_signing_in_is_exported_with_the_history(place: Place) -> None:
    place.sessions.ground.note(place.people["bob"], SecurityEvent.PASSKEY_NEW, AWAY, "=Key")
    place.sessions.ground.note(None, SecurityEvent.PASSWORDS_FAILED, AWAY)
    whole = exported(place)
    assert {one["kind"] for one in whole} > {"security", "team"}
    assert [one["at"] for one in whole] == sorted((one["at"] for one in whole), reverse=True)
    (key,) = [one for one in whole if one["change"] == "passkey-new"]
    assert (key["who"], key["thing_id"], key["address"], key["agent"]) == (
        *("Bob", place.people["bob"].id, AWAY.address, AWAY.agent),
    )
    assert (key["seq"], key["before"], key["detail"]) == ("", "", "'=Key")
    (nobody,) = place.client("erin").get("/audit/export?format=json&kind=refused").json()
    assert (nobody["change"], nobody["thing_id"], nobody["seq"]) == ("passwords-failed", "", None)


def test_signing_out_and_ending_sessions_is_kept_and_a_flood_of_refusals_is_not(place: Place) -> None:
    place.sessions.open(place.people["bob"], AWAY, How.PASSKEY)
    browser = place.client("bob")
    for step in ("/me/session-end-others", "/sign-out"):
        place.desk.advance(SECOND)
        browser.act(step)
    for _ in range(5):
        place.desk.advance(SECOND)
        with pytest.raises(NotSignedIn):
            place.sessions.sign_in("bob@example.com", "guessed", AWAY)
        with pytest.raises(NotSignedIn):
            place.sessions.sign_in("nobody@example.com", "guessed", AWAY)
    kinds = [one.kind for one in place.sessions.ground.history(EventFilter(user_id=place.people["bob"].id), 99)]
    assert kinds == ["refused", "signed-out", "ended", "signed-in", "signed-in"]
    assert len(told(place, "kind=refused")) == 2, "one of Bob's, one of nobody's"
    assert place.sessions.ground.events(place.people["bob"].id) == [], "no news to Bob"


def test_every_event_has_its_words_and_is_in_a_group_at_most_once() -> None:
    assert set(EVENT_WORDS) == set(SecurityEvent)
    grouped = [kind for _word, kinds in GROUPS.values() for kind in kinds]
    assert len(grouped) == len(set(grouped))
    assert set(SecurityEvent) - set(grouped) == {SecurityEvent.PROVIDER}


def test_every_kind_has_its_word() -> None:
    assert set(WORDS) == set(KINDS)
