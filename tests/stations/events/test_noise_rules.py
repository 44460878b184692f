"""Which rule stops an event."""

from __future__ import annotations

import pytest

from tocsin.events.model import Action, Event, Severity
from tocsin.events.rules import Condition, Match, NoiseRule, suppressing

EVENT = Event(
    action=Action.TRIGGER,
    integration_id="I",
    dedup_key="k",
    received_at=0,
    summary="Disk full on Staging-3",
    source="staging-3.example.com",
    severity=Severity.WARNING,
    details={"host": {"name": "staging-3"}, "count": 7, "tags": ["a"]},
)


def rule(*conditions: tuple[str, Match, str], name: str = "r", enabled: bool = True) -> NoiseRule:
    made = tuple(Condition(field=field, match=match, text=text) for field, match, text in conditions)
    return NoiseRule(id=name, service_id="S", label=name, conditions=made, enabled=enabled)


@pytest.mark.parametrize(
    ("field", "match", "text", "stops"),
    [
        ("summary", Match.CONTAINS, "staging", True),
        ("summary", Match.IS, "staging", False),
        ("summary", Match.IS, "disk full on STAGING-3", True),
        ("severity", Match.IS, "warning", True),
        ("severity", Match.IS, "critical", False),
        ("component", Match.IS, "", True),
        ("details.host.name", Match.IS, "staging-3", True),
        ("details.host.none", Match.IS, "", True),
        ("details.count", Match.IS, "7", True),
        ("details.tags.0", Match.IS, "a", False),
        ("details.count.deeper", Match.CONTAINS, "7", False),
        ("received_at", Match.IS, "0", False),
        ("__class__", Match.CONTAINS, "event", False),
    ],
)
def test_conditions(field: str, match: Match, text: str, stops: bool) -> None:
    assert (suppressing(EVENT, [rule((field, match, text))]) is not None) is stops


def test_every_condition_must_hold_and_one_is_needed() -> None:
    yes, no = ("summary", Match.CONTAINS, "disk"), ("source", Match.IS, "live")
    assert suppressing(EVENT, [rule(yes, no)]) is None
    assert suppressing(EVENT, [rule()]) is None
    assert suppressing(EVENT, [rule(yes, yes)]) is not None


def test_the_first_rule_that_holds_wins_and_one_that_is_off_never() -> None:
    yes = ("summary", Match.CONTAINS, "disk")
    found = suppressing(EVENT, [rule(yes, name="off", enabled=False), rule(yes, name="a"), rule(yes, name="b")])
    assert found is not None
    assert found.label == "a"
