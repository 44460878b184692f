"""Making and changing a policy: the form, a look at what the change means, and saving what was looked at.

It is saved as a whole, only where nobody has changed it since it was opened; the engine judges it again.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.preview import judged
from tocsin.engine.things import SaveThing
from tocsin.escalation.model import Policy, Target
from tocsin.kernel.errors import Conflict, NotAllowed, TocsinError
from tocsin.web.language import gettext as _
from tocsin.web.policies import form
from tocsin.web.policies.levels import source_of
from tocsin.web.policies.pages import found_policy, teams_to_give
from tocsin.web.policies.review import review_of
from tocsin.web.visit import Visit, status_of

_FIELDS = ("name", "description", "rules", "num_loops", "team_ids", "handoff_notifications")


def new_policy_page(visit: Visit) -> Response:
    """`/policies/new`."""
    if not teams_to_give(visit):
        raise NotAllowed(_("Making a policy is for managers of a team, and for administrators."))
    return _form(visit, None, form.empty(visit))


def edit_policy_page(visit: Visit) -> Response:
    """`/policies/{id}/edit`."""
    policy = _editable(visit)
    return _form(visit, policy, form.filled(policy))


def new_policy(visit: Visit) -> Response:
    """POST `/policies/new`."""
    if not teams_to_give(visit):
        raise NotAllowed(_("Making a policy is for managers of a team, and for administrators."))
    return _act(visit, None)


def edit_policy(visit: Visit) -> Response:
    """POST `/policies/{id}/edit`; `do` says which button it was."""
    return _act(visit, _editable(visit))


def _editable(visit: Visit) -> Policy:
    policy = found_policy(visit)
    if not visit.may(Verb.EDIT, policy.team_ids):
        raise NotAllowed(_("You may look at this policy; changing it is for managers of its team."))
    return policy


def _act(visit: Visit, old: Policy | None) -> Response:
    button = visit.text("do", 40) or "review"
    typed = form.sent(visit)
    if button not in ("review", "save"):
        form.pressed(typed, button)
        return _form(visit, old, typed)
    try:
        if old is not None and typed.seen != str(old.updated_at):
            typed.seen = str(old.updated_at)
            raise Conflict(
                _("Somebody has changed this policy since you opened it. What you typed is below: look at it again.")
            )
        draft = form.policy_of(visit, typed, old)
        made = judged(visit.config, visit.site.ids, visit.actor, _command(old, draft), visit.now)
        if button == "review":
            return _review(visit, old, made, typed)
        saved: Policy = visit.run(_command(old, draft))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        if not isinstance(error, form.Misfilled):
            form.put_problems(typed, error)
        return _form(visit, old, typed, status_of(error))
    return visit.go(f"/policies/{saved.id}", "saved")


def _command(old: Policy | None, draft: Policy) -> SaveThing:
    if old is None:
        return SaveThing(thing_kind="policy", thing=draft)
    return SaveThing(thing_kind="policy", thing=draft, fields=_FIELDS, seen_at=old.updated_at)


def _form(visit: Visit, old: Policy | None, typed: form.Typed, code: int = 200) -> Response:
    if old is not None and code == 200 and not typed.seen:
        typed.seen = str(old.updated_at)
    offered = [(team_id, name) for team_id, name in teams_to_give(visit) if team_id]
    kept = [(one, visit.names.team(one)) for one in typed.team_ids if one not in dict(offered)]
    return visit.page(
        "policies/edit.html",
        code,
        policy=old,
        typed=typed,
        choices=form.choices_of(visit).values(),
        teams=[*kept, *offered],
        may_be_nobodys=visit.may(Verb.EDIT),
        handoffs=form.HANDOFFS,
        most=form.MOST_LEVELS,
        shown=lambda target: _shown(visit, target),
        address=f"/policies/{old.id}/edit" if old is not None else "/policies/new",
        back=f"/policies/{old.id}" if old is not None else "/policies",
    )


def _shown(visit: Visit, target: Target) -> object:
    return source_of(visit, target, visit.now)


def _review(visit: Visit, old: Policy | None, made: Policy, typed: form.Typed) -> Response:
    return visit.page(
        "policies/review.html",
        policy=old,
        made=made,
        review=review_of(visit, old, made),
        fields=list(form.carried(typed)),
        address=f"/policies/{old.id}/edit" if old is not None else "/policies/new",
        back=f"/policies/{old.id}" if old is not None else "/policies",
    )
