"""Simulations as pages: what is asked stands in the address, the answer is the engine's, and few are made at a time."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

import pytest

from tests.web.place import Place
from tests.web.reaching_scene import FULL, add
from tests.web.test_incident_pages import words
from tests.web.test_policies import stored
from tocsin.directory.model import Channel, Membership, Role, Team, TeamRole
from tocsin.escalation.model import ROUND_ROBIN, Rule, Target, TargetKind
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.time import HOUR
from tocsin.kernel.values import replace
from tocsin.runtime import simulation as runtime_simulation
from tocsin.testing.rules import quiet
from tocsin.web import simulate
from tocsin.web.turnstile import Turnstile


def ask(place: Place, path: str, who: str = "alice", **query: str) -> tuple[int, str]:
    asked = {"at": "2026-01-06T02:14", "zone": "Etc/UTC", **query}
    answer = place.client(who).get(f"{path}/simulate?{urlencode(asked)}")
    return answer.status_code, words(answer.text)


def of_service(place: Place) -> str:
    return f"/services/{place.services['PaymentsService'][0].id}"


def test_without_a_question_there_is_only_the_form(place: Place) -> None:
    answer = place.client("alice").get(f"{of_service(place)}/simulate")
    assert 'name="at" required value="2026-01-06T02:14"' in answer.text
    assert "Step by step" not in answer.text


def test_who_when_by_what_and_until_when(place: Place) -> None:
    code, text = ask(place, of_service(place), hours="0.4")
    assert code == 200
    assert "Alice, Bob and Carol: 6 pages in all, the last +0:17 after the alarm. Nobody answers." in text
    table = text.partition("Who Payments")[2].partition("Step by step")[0]
    assert "A Alice +0:00 02:14 text, phone call 2 02:19" in table
    assert "B Bob +0:05 02:19 text, phone call 2 02:29" in table
    assert "C Carol +0:15 02:29 text, phone call 2 the end of this look" in table
    assert "+0:00 02:14:00 Alice is called (level 1, pass 1 of 4)" in text
    assert "2025550100" not in text, "numbers are their owners' business"
    assert not place.desk.reads.incidents().items


def test_it_is_said_to_whom_the_next_alarm_goes_where_targets_take_turns(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    people = tuple(Target(kind=TargetKind.USER, id=place.people[name].id) for name in ("alice", "bob"))
    rule = Rule(id="", delay_minutes=5, targets=people, strategy=ROUND_ROBIN)
    policy = place.desk.config().policies[service.policy_id]
    place.desk.save(replace(policy, rules=(rule,)), "rules")
    assert "+0:00 02:14:00 Alice is called" in ask(place, of_service(place))[1]
    place.alarm("PaymentsService", "disk")
    assert "+0:00 02:14:00 Bob is called" in ask(place, of_service(place))[1]


def test_an_answer_ends_it(place: Place) -> None:
    _, text = ask(place, of_service(place), answer="6")
    assert "Somebody answers. Then nobody else is called: somebody has it." in text
    assert "Carol" not in text.partition("Step by step")[0].partition("Until")[2]


def test_an_address_means_the_same_moment_to_everybody(place: Place) -> None:
    user = place.desk.config().users[place.people["alice"].id]
    place.desk.save(replace(user, time_zone="America/New_York"), "time_zone")
    _, text = ask(place, of_service(place), hours="0.1")
    assert "alarm at 21:14 America/New_York" in text
    html = place.client("alice").get(f"{of_service(place)}/simulate?at=2026-01-06T02:14Z").text
    assert 'value="2026-01-05T21:14"' in html


def test_a_policy_is_asked_without_a_service(place: Place) -> None:
    add(place)
    code, text = ask(place, f"/policies/{stored(place, FULL).id}", hours="1")
    assert code == 200
    assert "Whom nothing reaches W" in text
    assert "Junior is switched off" in text
    assert "Level 2 was skipped: nobody is on call in Weekend cover that nobody has" in text


def test_an_alarm_that_pages_nobody_says_why(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    place.desk.save(quiet(service.id, "event.severity matches 'info'", "Chatter"))
    _, text = ask(place, of_service(place), alarm="info")
    assert "Nobody is paged. The alarm makes no incident: suppressed by the rule “Chatter”" in text
    place.site = replace(place.site, ways_to_send=lambda: (Channel.WEBHOOK.value,))
    _, text = ask(place, of_service(place))
    assert "Nobody whom the policy names can be reached: this alarm would stay unheard." in text
    assert "Alice only by channels that are not set up here" in text


@pytest.mark.parametrize(
    "query",
    [{"hours": "49"}, {"hours": "-1"}, {"hours": "nan"}, {"answer": "soon"}, {"at": "tomorrow"}, {"alarm": "bad"},
     {"at": "9999-12-31T23:59"}, {"zone": "Mars/Base"}],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_what_was_typed_stays(place: Place, query: dict[str, str]) -> None:
    code, text = ask(place, of_service(place), **query)
    if "zone" in query:
        assert code == 200, "an unknown zone is UTC"
        return
    assert code == 422
    assert "Step by step" not in text


def test_only_for_those_who_may_see_it(place: Place) -> None:
    team = place.desk.save(Team(id="", name="Cards"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=team.id, user_id=rita.id, role=TeamRole.MANAGER))
    assert ask(place, of_service(place), "rita")[0] == 404
    assert ask(place, f"/policies/{place.policy.id}", "rita")[0] == 404


def test_one_runs_a_few_wait_and_others_are_told_to_come_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.site = replace(place.site, simulations=Turnstile(patience=0.05))
    started, go_on, seen = threading.Event(), threading.Event(), list[str]()

    def slow(*_args: object, **_more: object) -> object:
        seen.append("ran")
        started.set()
        assert go_on.wait(30)
        raise Unavailable("enough")

    monkeypatch.setattr(simulate, "simulate", slow)
    first = threading.Thread(target=ask, args=(place, of_service(place)))
    first.start()
    assert started.wait(30)
    code, text = ask(place, of_service(place), hours="1")
    assert code == 503
    assert "Several people simulate something right now. Try again in a moment." in text
    go_on.set()
    first.join(30)
    assert seen == ["ran"]


def test_the_same_question_is_answered_from_memory_until_something_changes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, runs = runtime_simulation.simulate, list[int]()

    def counted(*args: object, **more: object) -> object:
        runs.append(1)
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(simulate, "simulate", counted)
    for _ in range(3):
        ask(place, of_service(place))
    assert len(runs) == 1
    place.cover(place.schedule, "bob", hours=1)
    place.desk.advance(HOUR // 60)
    assert "Bob" in ask(place, of_service(place))[1]
    assert len(runs) == 2


def test_it_says_how_far_it_looked_when_that_takes_too_long(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "SECONDS", -1.0)
    _, text = ask(place, of_service(place))
    assert "It was looked ahead until 02:16:00 only" in text


def test_from_an_event_that_paged_nobody_to_who_would_be_called(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    place.desk.save(quiet(service.id, "event.source matches part 'staging'", "Staging never pages"))
    assert place.alarm("PaymentsService", "errors", source="staging-1") is None
    html = place.client("alice").get("/alerts/events/1").text
    assert f'href="/services/{service.id}/simulate?at=2026-01-06T02:14:07Z"' in html
    alarm = place.alarm("PaymentsService", "errors", source="live-1")
    assert alarm is not None
    html = place.client("alice").get(f"/incidents/{alarm.number}").text
    assert f'href="/services/{service.id}/simulate?at=2026-01-06T02:14:07Z"' in html
