"""Escalation policies: from fields of a body to changes of the thing. Decides which levels keep their ids."""

from __future__ import annotations

from typing import Any

from tocsin.dialects.pagerduty.read.fields import Fields, bare_type
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.limits import DESCRIPTION_CHARS

TARGETS = {"user": TargetKind.USER, "schedule": TargetKind.SCHEDULE, "schedule_v3": TargetKind.SCHEDULE}
STRATEGIES = ("assign_to_everyone", "round_robin")
_LONGEST_DELAY = 100_000


def policy_changes(fields: Fields, old: Policy | None) -> dict[str, Any]:
    """What a body says about a policy. Levels are replaced as a whole; an unchanged one keeps its id."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    if (loops := fields.whole("num_loops")) is not None:
        changes["num_loops"] = loops
    if fields.given("teams"):
        changes["team_ids"] = fields.references("teams")
    handoff = fields.choice("on_call_handoff_notifications", ("if_has_services", "always"))
    if handoff is not None:
        changes["handoff_notifications"] = handoff
    if fields.given("escalation_rules"):
        rules = [_rule(one) for one in fields.objects("escalation_rules", "Escalation rule {}")]
        changes["rules"] = _with_known_ids(rules, old.rules if old is not None else ())
    fields.check()
    return changes


def _rule(fields: Fields) -> Rule:
    delay = fields.whole("escalation_delay_in_minutes")
    if delay is None:
        fields.wrong("Escalation delay in minutes cannot be empty")
    elif not 0 <= delay <= _LONGEST_DELAY:
        fields.wrong("Escalation delay in minutes is out of range")
    targets = []
    for target in fields.objects("targets"):
        target_id = target.id(of="target")
        kind = TARGETS.get(bare_type(target.text("type") or "schedule_reference"))
        if kind is None:
            target.wrong("Target must be a user or a schedule")
        elif target_id is not None:
            targets.append(Target(kind=kind, id=target_id))
    return Rule(
        id=fields.text("id") or "",
        delay_minutes=delay or 0,
        targets=tuple(dict.fromkeys(targets)),
        strategy=_strategy(fields),
    )


def _strategy(fields: Fields) -> str:
    """Clients send an object, documents show a plain text."""
    value = fields.values.get("escalation_rule_assignment_strategy")
    if isinstance(value, dict):
        value = value.get("type")
    if value is None or value == "":
        return STRATEGIES[0]
    if value not in STRATEGIES:
        fields.wrong(f"Escalation rule assignment strategy must be one of {', '.join(STRATEGIES)}")
        return STRATEGIES[0]
    return str(value)


def _with_known_ids(rules: list[Rule], old: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Each level with the id of the level that it is: the one it names, or the unchanged one in its place."""
    known = {rule.id for rule in old}
    taken: set[str] = set()
    result = []
    for place, rule in enumerate(rules):
        wanted = rule.id if rule.id in known else ""
        if not wanted and place < len(old) and _same(rule, old[place]):
            wanted = old[place].id
        if wanted in taken:
            wanted = ""
        taken.add(wanted)
        result.append(Rule(id=wanted, delay_minutes=rule.delay_minutes, targets=rule.targets, strategy=rule.strategy))
    return tuple(result)


def _same(one: Rule, other: Rule) -> bool:
    return (one.delay_minutes, one.targets, one.strategy) == (other.delay_minutes, other.targets, other.strategy)
