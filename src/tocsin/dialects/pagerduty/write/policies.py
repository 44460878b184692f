"""Escalation policies as PagerDuty's clients expect them: the strategy of a level is an object, never a text."""

from __future__ import annotations

from collections.abc import Collection

from tocsin.dialects.pagerduty.write import people
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.escalation.model import Policy, Rule, Target, TargetKind


def policy(one: Policy, refs: Refs, included: Collection[str] = ()) -> Wire:
    """A policy. `included`: teams, targets as full objects (services stay references here)."""
    config = refs.config
    return {
        **refs.links.keys("escalation_policy", one.id, one.name, f"escalation_policies/{one.id}"),
        "name": one.name,
        "description": one.description,
        "num_loops": one.num_loops,
        "on_call_handoff_notifications": one.handoff_notifications,
        "escalation_rules": [_rule(rule, refs, included) for rule in one.rules],
        "services": [refs.service(service.id) for service in config.services_of_policy.get(one.id, ())],
        "teams": people.teams(one.team_ids, refs, full="teams" in included),
    }


def _rule(rule: Rule, refs: Refs, included: Collection[str]) -> Wire:
    return {
        "id": rule.id,
        "escalation_delay_in_minutes": rule.delay_minutes,
        "escalation_rule_assignment_strategy": {"type": rule.strategy},
        "targets": [_target(target, refs, full="targets" in included) for target in rule.targets],
    }


def _target(target: Target, refs: Refs, *, full: bool) -> Wire:
    if target.kind is TargetKind.SCHEDULE:
        return refs.schedule(target.id)
    person = refs.config.users.get(target.id)
    return people.user(person, refs) if full and person is not None else refs.user(target.id)
