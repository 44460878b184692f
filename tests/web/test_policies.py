"""Escalation policies: what a page says of one, and changing it with a look at what that means for people."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.web.place import Place, policy_of
from tests.web.reaching_scene import FULL, add
from tests.web.test_incident_pages import words
from tocsin.directory.model import Channel, Membership, Role, Team, TeamRole
from tocsin.escalation.model import ROUND_ROBIN, Policy, TargetKind
from tocsin.kernel.time import DAY
from tocsin.kernel.values import replace


def page(place: Place, path: str, who: str = "carol") -> str:
    answer = place.client(who).get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def stored(place: Place, name: str = "Payments") -> Policy:
    return next(one for one in place.desk.config().policies.values() if one.name == name)


def fields(html: str) -> dict[str, Any]:
    """What a browser would send of the form of a policy."""
    form = html.partition('class="policy-form"')[2].partition("</form>")[0]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, text in re.findall(r'<textarea name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = [unescape(text)]
    for name, options in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        assert chosen
        found[name] = [chosen[1]]
    found.pop("csrf")
    return found


class Form:
    """The form of a policy in a browser without scripts."""

    def __init__(self, place: Place, path: str, who: str = "carol") -> None:
        self.client = place.client(who)
        self.path = path
        self.answer = self.client.get(path)
        assert self.answer.status_code == 200, self.answer.text
        self.fields = fields(self.answer.text)

    def press(self, button: str, **typed: str) -> str:
        """Type, press a button, and read the page that comes; its form is at hand then."""
        self.fields |= {name: [value] for name, value in typed.items()}
        self.answer = self.client.act(self.path, **self.fields, do=button)
        if 'class="policy-form"' in self.answer.text:
            self.fields = fields(self.answer.text)
        return words(self.answer.text)


def test_the_ladder_in_words(place: Place) -> None:
    text = page(place, f"/policies/{place.policy.id}")
    assert "Level 1, at once Payments primary A Alice text at once, phone call after 2 min next after 5 min" in text
    assert "Level 2, after 5 min B Bob text at once, phone call after 2 min next after 10 min" in text
    assert "Level 3, after 15 min" in text
    assert "If nobody answers it begins again: 4 times in all, each takes 30 min." in text
    assert "Then the last resort is called, every 30 min until somebody answers" in text
    assert "PaymentsService" in text
    assert "1 service uses it. Give it another policy first; it is listed above." in text


def test_who_left_and_what_has_nobody_is_said_loudly(place: Place) -> None:
    add(place)
    text = page(place, f"/policies/{stored(place, FULL).id}")
    assert "Not everybody whom this policy names can be called." in text
    assert "Level 2: Weekend cover that nobody has has nobody on call." in text
    assert re.search(r"Level 3: Wolfe\S+ Junior is switched off\.", text)
    assert "One of these is called, in turn" in text
    assert text.count("Reaches nobody right now: it is skipped") == 1, "level 3 has Carol still"
    assert "Level 3, after 5 min" in text, "level 2 takes no time, as there is nobody to wait for"
    assert "Level 2 reaches nobody right now." in page(place, "/policies")


def test_a_removed_schedule_is_still_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    config = place.desk.config()
    gone = config.changed([("schedule", place.schedule.id, None)], config.version + 1)
    monkeypatch.setattr(place.desk, "config", lambda: gone)
    assert "Level 1: a removed schedule was removed." in page(place, f"/policies/{place.policy.id}")


def test_marks_follow_what_is_set_up(place: Place) -> None:
    place.site = replace(place.site, ways_to_send=lambda: (Channel.EMAIL.value,))
    text = page(place, f"/policies/{place.policy.id}")
    assert "Alice only by channels that are not set up here" in text
    assert "text at once" not in text
    assert text.count("Reaches nobody right now: it is called by ways that are not set up here") == 3
    assert "Level 3, after 15 min" in text, "a level that is called is waited for"


def test_a_policy_is_made_without_scripts(place: Place) -> None:
    form = Form(place, "/policies/new")
    assert "Level 1" in form.press("find-0", **{"name": "Nights", "add.0": "payments primary"})
    form.press("find-0", **{"add.0": "bob"})
    form.press("add", **{"delay.0": "7", "strategy.0": ROUND_ROBIN})
    form.press("find-1", **{"add.1": "alice@example.com"})
    text = form.press("review", passes="3", handoff="always")
    assert "Make this policy?" in text
    assert "Alice and Bob are called from now on." in text
    assert not any(one.name == "Nights" for one in place.desk.config().policies.values())
    answer = form.client.act(form.path, **form.fields, do="save")
    assert answer.status_code == 303
    made = stored(place, "Nights")
    assert answer.headers["location"] == f"/policies/{made.id}"
    assert [(rule.delay_minutes, rule.in_turn, len(rule.targets)) for rule in made.rules] == [
        (7, True, 2),
        (30, False, 1),
    ]
    assert [target.kind for target in made.rules[0].targets] == [TargetKind.SCHEDULE, TargetKind.USER]
    assert (made.passes, made.handoff_notifications, made.team_ids) == (3, "always", (place.team.id,))


def test_a_change_is_shown_in_people_and_in_time(place: Place) -> None:
    add(place)
    dave = place.people["dave"]
    place.desk.save(replace(dave, active=True), "active")
    alarm = place.alarm("PaymentsService", "errors")
    assert alarm is not None
    form = Form(place, f"/policies/{place.policy.id}/edit")
    form.press("drop-2")
    form.press("find-1", **{"add.1": "Wolfeschlegel"})
    form.press("up-1", **{"delay.0": "3"})
    text = form.press("review", **{"delay.0": "10", "passes": "2", "name": "Payments by day"})
    for sentence in (
        "It is called Payments by day instead of Payments.",
        "Level 2 becomes level 1.",
        "Level 2 is called 10 min later.",
        "Level 3 is gone: Carol.",
        "It is gone through 2 times instead of 4.",
        "Carol is no longer called.",
        "1 service uses it: PaymentsService.",
        "1 open incident keeps the levels that it began with, until it is opened again or sent on.",
    ):
        assert sentence in text, (sentence, text)
    assert re.search(r"Wolfe\S+ Junior is called from now on\.", text)
    assert "A Alice at once after 10 min" in text
    assert "B Bob after 5 min at once" in text
    assert stored(place) == place.policy, "nothing is saved by looking"
    answer = form.client.act(form.path, **form.fields, do="save")
    assert answer.status_code == 303, words(answer.text)
    saved = stored(place, "Payments by day")
    first, second = saved.rules
    assert (first.id, second.id) == (place.policy.rules[1].id, place.policy.rules[0].id), "levels keep their ids"
    assert len(first.targets) == 2
    snapshot = place.incident(alarm.number)
    assert snapshot.policy_snapshot.endswith(str(place.policy.updated_at)), "the open incident keeps what it began with"


def test_open_incidents_really_go_on_by_the_old_levels(place: Place) -> None:
    """What the review promises."""
    alarm = place.alarm("PaymentsService", "errors")
    assert alarm is not None
    form = Form(place, f"/policies/{place.policy.id}/edit")
    form.press("drop-1")
    form.client.act(form.path, **form.fields, do="save")
    assert len(stored(place).rules) == 2
    place.desk.advance(5 * 60_000_000)
    assert place.incident(alarm.number).assignee_ids == (place.people["bob"].id,)


def test_what_somebody_else_changed_meanwhile_is_not_lost(place: Place) -> None:
    form = Form(place, f"/policies/{place.policy.id}/edit")
    place.desk.save(replace(place.policy, description="Changed by API"), "description")
    text = form.press("save", name="Mine")
    assert form.answer.status_code == 409
    assert "Somebody has changed this policy since you opened it." in text
    assert form.fields["name"] == ["Mine"], "what was typed stays"
    assert stored(place).description == "Changed by API"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Name cannot be empty"),
        ({"name": "PAYMENTS CORE"}, "Name has already been taken"),
        ({"delay.1": "soon"}, "The waiting time is a number of minutes, from 1 to 1440."),
        ({"delay.1": "1441"}, "Escalation delay in minutes must be between 1 and 1440"),
        ({"passes": "11"}, "Num loops must be between 0 and 9"),
        ({"add.0": "nobody at all"}, "Nobody and no schedule is called “nobody at all”."),
        ({"add.0": "o"}, "“o” could be several: "),
        ({"handoff": "sometimes"}, "Choose when hand-offs are told."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    place: Place, typed: dict[str, str], said: str
) -> None:
    policy_of(place, "Payments core", (5, "bob"))
    form = Form(place, f"/policies/{place.policy.id}/edit")
    text = form.press("review", **typed)
    assert form.answer.status_code == 422
    assert said in text
    name, value = next(iter(typed.items()))
    if name != "handoff":
        assert form.fields[name] == [value]
    assert stored(place) == place.policy


def test_a_level_without_anybody_is_refused_where_it_is(place: Place) -> None:
    form = Form(place, f"/policies/{place.policy.id}/edit")
    text = form.press("without-1-0")
    assert "Level 2" in text
    assert "Name somebody to call, or a schedule." in form.press("review")


def test_whoever_may_only_look_is_offered_nothing(place: Place) -> None:
    for who in ("alice", "mallory"):
        text = place.client(who).get(f"/policies/{place.policy.id}").text
        assert "/edit" not in text
        assert 'id="delete"' not in text
        assert place.client(who).get(f"/policies/{place.policy.id}/edit").status_code == 403
        for action in ("edit", "delete"):
            assert place.client(who).act(f"/policies/{place.policy.id}/{action}", name="Payments").status_code == 403
        assert "/policies/new" not in place.client(who).get("/policies").text
        assert place.client(who).get("/policies/new").status_code == 403
        assert place.client(who).act("/policies/new", name="Mine").status_code == 403
    assert stored(place) == place.policy


def test_another_teams_policy_is_nobodys_business(place: Place) -> None:
    """Rita sees her team's things only; what her form names beside them is refused."""
    team = place.desk.save(Team(id="", name="Cards"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=team.id, user_id=rita.id, role=TeamRole.MANAGER))
    client = place.client("rita")
    for path in ("", "/edit", "/simulate"):
        assert client.get(f"/policies/{place.policy.id}{path}").status_code == 404
    assert "Payments" not in client.get("/policies").text
    form = Form(place, "/policies/new", "rita")
    assert "Bob" not in form.answer.text
    assert "Payments primary" not in form.answer.text
    form.fields |= {"name": ["Cards"], "targets.0": [f"user:{place.people['bob'].id}"]}
    assert "One of these can’t be chosen: take it out." in form.press("save")
    form.fields |= {"targets.0": [f"user:{rita.id}"], "team": [place.team.id]}
    form.press("save")
    assert form.answer.status_code == 403 or "not" in words(form.answer.text)
    assert {one.name for one in place.desk.config().policies.values()} == {"Payments"}


def test_deleting_wants_the_name_and_is_refused_while_used(place: Place) -> None:
    path = f"/policies/{place.policy.id}/delete"
    client = place.client("carol")
    answer = client.act(path, name="Payments")
    assert answer.status_code == 409
    assert "1 service uses this policy. Give it another one first." in words(answer.text)
    spare = policy_of(place, "Spare", (5, "bob"))
    path = f"/policies/{spare.id}/delete"
    answer = client.act(path, name="spare")
    assert answer.status_code == 422
    assert 'value="spare"' in answer.text, "what was typed stays"
    answer = client.act(path, name="Spare")
    assert (answer.status_code, answer.headers["location"]) == (303, "/policies")
    assert spare.id not in place.desk.config().policies


def test_the_audit_knows_who_changed_it(place: Place) -> None:
    form = Form(place, f"/policies/{place.policy.id}/edit")
    form.client.act(form.path, **form.fields | {"passes": ["2"]}, do="save")
    text = words(place.client("erin").get(f"/audit?thing={place.policy.id}").text)
    assert "Carol" in text


def test_an_empty_list_teaches(place: Place) -> None:
    assert "No policy has “xyz” in its name." in page(place, "/policies?q=xyz")
    place.desk.advance(DAY)
    config = place.desk.config()
    assert len(config.policies) == 1


def test_the_apis_address_leads_to_the_page(place: Place) -> None:
    answer = place.client("alice").get(f"/escalation_policies/{place.policy.id}")
    assert answer.headers["location"] == f"/policies/{place.policy.id}"
