"""/escalation_policies. Decides nothing; the engine refuses to remove one that a service needs."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, named
from tocsin.dialects.pagerduty.read import policies as read
from tocsin.dialects.pagerduty.write import policies as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.escalation.model import Policy, TargetKind


def listed(call: Call) -> Response:
    """GET /escalation_policies."""
    refs = Refs(call.config, call.links)
    teams, users = frozenset(call.many("team_ids")), frozenset(call.many("user_ids"))
    seen = [
        policy
        for policy in call.readable(call.config.policies.values())
        if (not teams or teams & frozenset(policy.team_ids)) and (not users or users & _people(policy))
    ]
    found = named(seen, call.query.get("query", ""))
    if call.query.get("sort_by", "") == "name:desc":
        found.reverse()
    return call.listed("escalation_policies", found, lambda policy: write.policy(policy, refs, call.included))


def created(call: Call) -> Response:
    """POST /escalation_policies."""
    fields = call.fields("escalation_policy")
    fields.required("name", "escalation_rules")
    changes = read.policy_changes(fields, None)
    return _answer(call, call.save("policy", Policy(id="", **{"rules": (), **changes})), 201)


def shown(call: Call) -> Response:
    """GET /escalation_policies/{id}."""
    return _answer(call, _policy(call))


def changed(call: Call) -> Response:
    """PUT /escalation_policies/{id}."""
    old = _policy(call)
    changes = read.policy_changes(call.fields("escalation_policy"), old)
    return _answer(call, call.save("policy", replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /escalation_policies/{id}."""
    return call.delete("policy", _policy(call).id)


def _people(policy: Policy) -> frozenset[str]:
    return frozenset(target.id for rule in policy.rules for target in rule.targets if target.kind is TargetKind.USER)


def _policy(call: Call) -> Policy:
    policy = call.config.policies.get(call.path["id"])
    return call.found(policy, seen=policy is not None and call.may_read(policy))


def _answer(call: Call, policy: Policy, status: int = 200) -> Response:
    return answer({"escalation_policy": write.policy(policy, Refs(call.config, call.links), call.included)}, status)
