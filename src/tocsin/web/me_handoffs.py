"""One's own rules for hand-offs, on the page about oneself: what they say, adding one, removing one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from tocsin.directory.handoffs import HANDOFF_RULE, HandoffType, handoff_rule, wire_of
from tocsin.directory.kept import Kept
from tocsin.engine.handoff_looks import handoff_rules_of
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound
from tocsin.kernel.wording import span_words
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.visit import Visit

KINDS: Mapping[str, str] = {
    HandoffType.BOTH.value: later("A shift begins or ends"),
    HandoffType.ONCALL.value: later("A shift begins"),
    HandoffType.OFFCALL.value: later("A shift ends"),
}
"""What a rule is about, in words."""

CHOICES: Mapping[str, str] = {
    HandoffType.BOTH.value: later("begins or ends"),
    HandoffType.ONCALL.value: later("begins"),
    HandoffType.OFFCALL.value: later("ends"),
}
"""The same after "When a shift"."""


@dataclass(frozen=True, slots=True)
class Told:
    """One rule as its owner reads it: "A shift begins: 1 h before, mail to ..."."""

    id: str
    what: str
    when: str
    contact_id: str


def told_to(visit: Visit) -> list[Told]:
    """The visitor's rules, those that speak first first."""
    rules = sorted(
        handoff_rules_of(visit.config, visit.me.id), key=lambda rule: (-rule.advance, rule.created_at, rule.id)
    )
    return [
        Told(
            rule.id,
            _(KINDS[rule.type]),
            _("%(span)s before", span=span_words(rule.advance)) if rule.advance else _("at that time"),
            rule.contact_id,
        )
        for rule in rules
    ]


def add_handoff(visit: Visit) -> Response:
    """POST `/me/handoff-add`."""
    advance = visit.text("advance", 6).strip() or "0"
    if not (advance.isascii() and advance.isdigit()):
        raise Invalid(_("How long before is a number of minutes."))
    contact = visit.config.contact_methods.get(visit.text("contact", 40))
    if contact is None or contact.user_id != visit.me.id:
        raise Invalid(_("Choose how to be told."))
    kind = visit.text("about", 20)
    if kind not in KINDS:
        raise Invalid(_("Choose what to be told."))
    rule = Kept(id="", resource=HANDOFF_RULE, parent_id=contact.id, wire=wire_of(kind, int(advance)))
    visit.run(SaveThing(thing_kind="kept", thing=rule))
    return visit.go("/me", "me-rule")


def drop_handoff(visit: Visit) -> Response:
    """POST `/me/handoff-remove`. Administrators may remove other people's, but not from this page."""
    kept = visit.config.kept.get(visit.text("id", 40))
    rule = handoff_rule(kept) if kept is not None else None
    if rule is None:
        raise NotFound(_("It was removed already."))
    if visit.config.contact_methods[rule.contact_id].user_id != visit.me.id:
        raise NotAllowed(_("This is not yours."))
    visit.run(DeleteThing(thing_kind="kept", thing_id=rule.id))
    return visit.go("/me", "me-rule-gone")
