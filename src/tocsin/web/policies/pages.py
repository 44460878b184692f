"""The list of escalation policies, and a policy's page: its ladder in words, who is called now, what uses it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.config import Config
from tocsin.engine.things import DeleteThing
from tocsin.escalation.model import Policy
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.time import MINUTE
from tocsin.kernel.wording import span_words
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.policies.levels import Level, levels_of
from tocsin.web.visit import Visit, status_of


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One policy in the list. `hidden`: services that use it and the reader may not see."""

    policy: Policy
    levels: tuple[Level, ...]
    teams: tuple[str, ...]
    services: int
    deaf: tuple[int, ...]
    """The levels that reach nobody right now."""


def policies_page(visit: Visit) -> Response:
    """`/policies`."""
    wanted = visit.query("q")
    seen = [policy for policy in visit.config.policies.values() if visit.may_read(policy)]
    found = [policy for policy in seen if wanted.casefold() in policy.name.casefold()]
    lines = [_line(visit, policy) for policy in sorted(found, key=lambda one: one.name.casefold())]
    return visit.page(
        "policies/list.html", lines=lines, wanted=wanted, total=len(seen), may_add=bool(teams_to_give(visit))
    )


def _line(visit: Visit, policy: Policy) -> PolicyLine:
    levels = tuple(levels_of(visit, policy))
    return PolicyLine(
        policy=policy,
        levels=levels,
        teams=tuple(map(visit.names.team, policy.team_ids)),
        services=len(visit.config.services_of_policy.get(policy.id, ())),
        deaf=tuple(level.number for level in levels if not level.reaches),
    )


def teams_to_give(visit: Visit) -> list[tuple[str, str]]:
    """The teams to which the reader may give a policy; the first is no team at all, where that is allowed."""
    found = [("", "")] if visit.may(Verb.EDIT) else []
    own = [team for team in visit.config.teams.values() if visit.may(Verb.EDIT, (team.id,))]
    return found + [(team.id, team.name) for team in sorted(own, key=lambda one: one.name.casefold())]


def found_policy(visit: Visit) -> Policy:
    """The policy of the address. Raises NotFound, also for whoever may not know of it."""
    policy = visit.config.policies.get(visit.request.path_params["id"])
    if policy is None or not visit.may_read(policy):
        raise NotFound(_("There is no such escalation policy."))
    return policy


def policy_page(visit: Visit) -> Response:
    """`/policies/{id}`."""
    return _show(visit, found_policy(visit))


def _show(visit: Visit, policy: Policy, code: int = 200, *, error: TocsinError | None = None) -> Response:
    config = visit.config
    services = config.services_of_policy.get(policy.id, ())
    seen = sorted((one for one in services if visit.may_read(one)), key=lambda one: one.name.casefold())
    levels = levels_of(visit, policy)
    return visit.page(
        "policies/policy.html",
        code,
        policy=policy,
        levels=levels,
        once=span_words(sum(rule.delay_minutes for rule in policy.rules) * MINUTE),
        ending=ending_of(visit.config, policy),
        teams=[visit.names.team(team_id) for team_id in policy.team_ids],
        services=seen,
        hidden=len(services) - len(seen),
        rules=_rules_that_name(config, policy),
        wrong=_wrong(levels),
        editable=visit.may(Verb.EDIT, policy.team_ids),
        typed=visit.text("name", 400),
        error=error,
    )


def ending_of(config: Config, policy: Policy) -> str:
    """What happens when the last level of the last pass does not answer either, in a sentence or two."""
    every = config.settings.last_resort_every_minutes
    services = config.services_of_policy.get(policy.id, ())
    switched_off = [one.name for one in services if not one.last_resort]
    if not config.settings.last_resort or (services and len(switched_off) == len(services)):
        return _("Then nobody else is called: the last resort is switched off.")
    whole = _(
        "Then the last resort is called, every %(minutes)s min until somebody answers: first the managers of the "
        "teams, from the second time on the owners too; the owners at once where no manager can be reached.",
        minutes=every,
    )
    if not switched_off:
        return whole
    return f"{whole} " + ngettext(
        "It is switched off for %(num)s service.", "It is switched off for %(num)s services.", len(switched_off)
    )


def _wrong(levels: list[Level]) -> list[str]:
    """What would keep levels from reaching anybody right now, loud enough to be seen first."""
    found = []
    for level in levels:
        for source in level.sources:
            if source.wrong and source.name:
                found.append(
                    _("Level %(level)s: %(name)s %(why)s.", level=level.number, name=source.name, why=source.wrong)
                )
            if source.is_schedule:
                found += [
                    _("Level %(level)s: %(name)s %(why)s.", level=level.number, name=one.name, why=one.lack)
                    for one in source.people
                    if one.lack
                ]
    return list(dict.fromkeys(found))


def _rules_that_name(config: Config, policy: Policy) -> int:
    """How many rules of events send incidents to it."""
    actions = [
        action
        for path in config.orchestration_paths.values()
        for action in (path.catch_all, *(rule.actions for one in path.sets for rule in one.rules))
    ]
    return sum(1 for action in actions if action.policy_id == policy.id)


def delete_policy(visit: Visit) -> Response:
    """POST `/policies/{id}/delete`: its name has to be typed; what uses it keeps it."""
    policy = found_policy(visit)
    if not visit.may(Verb.EDIT, policy.team_ids):
        raise NotAllowed(_("You may look at this policy; changing it is for managers of its team."))
    try:
        if users := visit.config.services_of_policy.get(policy.id, ()):
            raise Conflict(
                ngettext(
                    "%(num)s service uses this policy. Give it another one first.",
                    "%(num)s services use this policy. Give them another one first.",
                    len(users),
                )
            )
        if visit.text("name", 400).strip() != policy.name:
            raise Invalid(_("To delete this policy, type its name: %(name)s", name=policy.name))
        visit.run(DeleteThing(thing_kind="policy", thing_id=policy.id))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return _show(visit, found_policy(visit), status_of(error), error=error)
    return visit.go("/policies", "gone")
