"""Pages of rules that no address shows by itself (what a change does, a try, a refused form) in another language."""

from __future__ import annotations

import json
import re

import pytest

from tests.web import pseudo
from tests.web.place import Browser, Place
from tests.web.test_rules import event, orchestration, rule, rules
from tocsin.events.model import Severity
from tocsin.events.orchestration import Orchestration, PathKind, RuleSet

WRITTEN = r"(?<!\w)(source|summary|class|group|db|web|staging|x|error|critical|warning|k1|pay|Lab|Dublin)(?!\w)"
"""What conditions and events of the scene hold as they were written."""


@pytest.fixture
def one(place: Place) -> Orchestration:
    made = orchestration(place)
    service = place.services["PaymentsService"][0]
    rules(
        place, made.id, PathKind.GLOBAL,
        rule("event.source matches part 'staging'", id="staging", label="Staging", suppress=True),
        rule("event.class matches 'db'", "event.group matches 'x'", id="db", severity="warning", route_to="more"),
        rule("event.class matches 'web'", id="web", suspend_seconds=90),
        sets=(RuleSet(id="more", rules=(rule("event.group exists", id="in", severity="info"),)),),
    )  # fmt: skip
    rules(place, made.id, PathKind.ROUTER, rule("event.summary matches part 'pay'", id="pay", route_to=service.id))
    event(place, made, "k1", summary="pay", source="staging-1", severity=Severity.ERROR)
    return made


def said(place: Place, html: str) -> list[str]:
    """What of a page stands in English only."""
    data = re.compile(f"{pseudo.data_of(place).pattern}|{WRITTEN}")
    return pseudo.untranslated(html, data, "main")


def foreign(place: Place) -> Browser:
    browser = place.client("carol")
    browser.headers["accept-language"] = pseudo.NAME
    return browser


CHANGES = {
    "another rule": {"rule": "staging", "label": "Lab", "conditions": "", "drop": "1"},
    "a new set": {"rule": "web", "conditions": "event.class matches 'web'", "route_to": "+"},
    "removed": {"rule": "staging", "do": "delete"},
    "moved": {"rule": "web", "do": "up"},
    "the last": {"catch_all": "1", "severity": "error", "event_action": "resolve"},
}


@pytest.mark.parametrize("fields", CHANGES.values(), ids=CHANGES)
def test_what_a_change_does_is_told_in_the_readers_language(
    place: Place, one: Orchestration, fields: dict[str, str]
) -> None:
    browser = foreign(place)
    with pseudo.spoken():
        answer = browser.act(f"/rules/{one.id}/global", set="start", **fields)
        assert answer.status_code == 200, answer.text
        assert "<del>" in answer.text
        assert said(place, answer.text) == []


def test_a_try_is_told_in_the_readers_language(place: Place, one: Orchestration) -> None:
    browser = foreign(place)
    with pseudo.spoken():
        for source in ("staging-1", "x"):
            text = json.dumps({"summary": "pay", "source": source, "severity": "error", "class": "db"})
            answer = browser.act(f"/orchestrations/{one.id}/try", event=text)
            assert 'class="body trial"' in answer.text
            assert [left for left in said(place, answer.text) if not left.startswith("{")] == [], "but what is pasted"


def test_what_is_wrong_at_a_field_is_told_in_the_readers_language(place: Place, one: Orchestration) -> None:
    browser = foreign(place)
    with pseudo.spoken():
        for wrong in ({"suspend": "0"}, {"conditions": "event.summary is"}, {"suspend": "soon"}):
            answer = browser.act(f"/rules/{one.id}/global", set="start", rule="staging", **wrong)
            assert answer.status_code == 422
            (problem,) = re.findall(r'id="wrong-[\w-]+">.*?</svg>(.*?)</span>', answer.text)
            assert problem.startswith("⟦"), problem
