"""Rules of a service for tests, the simulator and the demo: one that keeps some alerts quiet. Decides nothing."""

from __future__ import annotations

from tocsin.events.orchestration import START, Actions, OrchestrationPath, OrchestrationRule, PathKind, RuleSet


def quiet(service_id: str, condition: str, label: str) -> OrchestrationPath:
    """The service's own rules: what satisfies this PCL condition opens an alert on record and pages nobody."""
    rule = OrchestrationRule(id="", label=label, conditions=(condition,), actions=Actions(suppress=True))
    return OrchestrationPath(
        parent_id=service_id, kind=PathKind.SERVICE, sets=(RuleSet(id=START, rules=(rule,)),), catch_all=Actions()
    )
