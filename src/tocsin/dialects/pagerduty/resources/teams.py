"""/teams: teams, who is in them, which policies they own. Decides nothing; the engine judges who may staff a team."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, named, nothing
from tocsin.dialects.pagerduty.errors import not_found
from tocsin.dialects.pagerduty.read import people as read
from tocsin.dialects.pagerduty.write import people as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.model import Membership, Team, TeamRole
from tocsin.escalation.model import Policy


def listed(call: Call) -> Response:
    """GET /teams."""
    refs = Refs(call.config, call.links)
    seen = call.readable(call.config.teams.values())
    return call.listed("teams", named(seen, call.query.get("query", "")), lambda team: write.team(team, refs))


def created(call: Call) -> Response:
    """POST /teams."""
    fields = call.fields("team")
    fields.required("name")
    team = call.save("team", Team(id="", **read.team_changes(fields)))
    return _answer(call, team, 201)


def shown(call: Call) -> Response:
    """GET /teams/{id}."""
    return _answer(call, _team(call))


def changed(call: Call) -> Response:
    """PUT /teams/{id}."""
    old = _team(call)
    changes = read.team_changes(call.fields("team"))
    return _answer(call, call.save("team", replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /teams/{id}."""
    return call.delete("team", _team(call).id)


def members(call: Call) -> Response:
    """GET /teams/{id}/members."""
    refs = Refs(call.config, call.links)
    found = call.config.members_of.get(_team(call).id, ())
    return call.listed("members", found, lambda one: write.member(one, refs, call.included))


def member_set(call: Call) -> Response:
    """PUT /teams/{id}/users/{user_id}: in the team, with this role."""
    team = _team(call)
    user = call.found(call.config.users.get(call.path["user_id"]))
    role = read.team_role(call.fields("member")) if call.raw.strip() else TeamRole.MANAGER
    membership = Membership(team_id=team.id, user_id=user.id, role=role)
    known = membership.id in call.config.memberships
    call.save("membership", membership, ("role",) if known else ())
    return nothing()


def member_removed(call: Call) -> Response:
    """DELETE /teams/{id}/users/{user_id}."""
    membership = call.config.memberships.get(f"{_team(call).id}:{call.path['user_id']}")
    return call.delete("membership", call.found(membership).id)


def policy_added(call: Call) -> Response:
    """PUT /teams/{id}/escalation_policies/{policy_id}: the team owns the policy."""
    team, policy = _team(call), _policy(call)
    owners = tuple(dict.fromkeys((*policy.team_ids, team.id)))
    call.save("policy", replace(policy, team_ids=owners), ("team_ids",))
    return nothing()


def policy_removed(call: Call) -> Response:
    """DELETE /teams/{id}/escalation_policies/{policy_id}."""
    team, policy = _team(call), _policy(call)
    if team.id not in policy.team_ids:
        raise not_found()
    left = tuple(one for one in policy.team_ids if one != team.id)
    call.save("policy", replace(policy, team_ids=left), ("team_ids",))
    return nothing()


def _team(call: Call) -> Team:
    team = call.config.teams.get(call.path["id"])
    return call.found(team, seen=team is not None and call.may_read(team))


def _policy(call: Call) -> Policy:
    policy = call.config.policies.get(call.path["policy_id"])
    return call.found(policy, seen=policy is not None and call.may_read(policy))


def _answer(call: Call, team: Team, status: int = 200) -> Response:
    return answer({"team": write.team(team, Refs(call.config, call.links))}, status)
