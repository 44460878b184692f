"""Changes of configuration: one way to save and one way to remove any thing, checked, permitted and on record.

What makes a thing valid stands in `thing_rules`, what its removal means in `thing_removal`. A refused change leaves
what was stored untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from tocsin.engine import (
    rules_of_business,
    rules_of_cover,
    rules_of_credentials,
    rules_of_events,
    rules_of_feeds,
    rules_of_fields,
    rules_of_grouping,
    rules_of_schedules,
    rules_of_sending,
    rules_of_subscriptions,
    rules_of_views,
    rules_of_windows,
    thing_removal,
    thing_rules,
)
from tocsin.engine.authorise import require
from tocsin.engine.handoff_looks import looks
from tocsin.engine.kinds import KINDS
from tocsin.engine.thing_owners import needs_to_change
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import NOTHING, Command, Decision
from tocsin.kernel.errors import Conflict, Invalid, NotFound
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase

CHANGED_MEANWHILE = "changed_meanwhile"
"""The reason of a refusal after which it is worth to look again and do it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveThing(Command):
    """Create `thing` (empty id), or set those of its `fields` that the client named; the rest stays as stored.

    Without `fields` it is only created: where it has an id of its own and a different one was made under it first,
    that is refused as overtaken.
    `seen_at`: the `updated_at` of the thing that the new values were made from (0 = there was none); one that was
    changed since then is left alone. None = whatever it is by now.
    """

    kind: ClassVar[str] = "thing.save"
    thing_kind: str
    thing: Any
    fields: tuple[str, ...] = ()
    seen_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteThing(Command):
    """Remove a thing."""

    kind: ClassVar[str] = "thing.delete"
    thing_kind: str
    thing_id: str


def save(world: World, actor: Actor, command: SaveThing, now: Moment) -> Decision:
    """Create or change a thing; the value is the thing as stored. Raises NotFound, Conflict, NotAllowed, Invalid."""
    stored = world.config.of(command.thing_kind)
    wanted_id = command.thing.id
    old = stored.get(wanted_id)
    if command.thing_kind == "settings":
        old = world.config.settings  # there is always one, stored or not
    if wanted_id and old is None and command.fields:
        raise NotFound(
            phrase("There is no %(thing_kind)s %(wanted_id)s.", thing_kind=command.thing_kind, wanted_id=wanted_id)
        )
    if command.seen_at is not None and old is not None and old.updated_at != command.seen_at:
        raise Conflict("It was changed by somebody else meanwhile.", reason=CHANGED_MEANWHILE)
    if old is not None and not command.fields and not _is_same(old, command.thing):
        raise Conflict("It was made by somebody else meanwhile.", reason=CHANGED_MEANWHILE)
    new = (
        command.thing
        if old is None
        else replace(old, **{name: getattr(command.thing, name) for name in command.fields})
    )
    for verb, team_ids, own in needs_to_change(world, actor, old, new):
        if not own:
            require(world, actor, verb, team_ids)
    if old is None and not wanted_id:
        new = replace(new, id=_free_id(world, command.thing_kind, stored))
    new = _stamped(old, new, now)
    draft = Draft(world=world, actor=actor, old=old, new=new, now=now)
    problems, extra = RULES[command.thing_kind](draft)
    if problems:
        raise Invalid(problems[0], details=tuple(problems), reason=f"{command.thing_kind}_invalid")
    if draft.new == old:
        return replace(NOTHING, value=old)
    change = ThingChange(command.thing_kind, draft.new.id, old, draft.new, draft.detail)
    decision = Decision(state=(change,)) + extra
    return replace(decision + looks(world.config, decision, now), value=draft.new)


def delete(world: World, actor: Actor, command: DeleteThing, now: Moment) -> Decision:
    """Remove a thing and what belongs to it. Raises NotFound, NotAllowed, InUse."""
    old = world.config.of(command.thing_kind).get(command.thing_id)
    if old is None:
        raise NotFound(
            phrase("There is no %(thing_kind)s %(thing_id)s.", thing_kind=command.thing_kind, thing_id=command.thing_id)
        )
    for verb, team_ids, own in needs_to_change(world, actor, old, None):
        if not own:
            require(world, actor, verb, team_ids)
    decision = REMOVAL[command.thing_kind](world, old, now)
    decision += thing_removal.gone(thing_removal.kept_with(world.config, decision))
    return decision + looks(world.config, decision, now)


def _free_id(world: World, kind: str, stored: Mapping[str, Any]) -> str:
    make = _MAKE_ID.get(kind, IdSource.short)
    while (candidate := make(world.ids)) in stored:
        pass
    return candidate


def _is_same(old: Any, wanted: Any) -> bool:
    """Whether what is wanted is there, whenever it was made."""
    stamps = {name: getattr(old, name) for name in ("created_at", "updated_at") if hasattr(old, name)}
    return bool(replace(wanted, **stamps) == old)


def _stamped(old: Any, new: Any, now: Moment) -> Any:
    names = {field.name for field in fields(new)}
    # It rises with every change, also within one turn and over a clock set back: snapshots of a policy are named by it.
    stamps = {"updated_at": max(now, getattr(old, "updated_at", -1) + 1)} if "updated_at" in names else {}
    if old is None and "created_at" in names:
        stamps["created_at"] = now
    return (
        replace(new, **stamps) if stamps and (old is None or replace(new, **stamps) != replace(old, **stamps)) else new
    )


_PARTS = (
    thing_rules,
    rules_of_business,
    rules_of_cover,
    rules_of_credentials,
    rules_of_events,
    rules_of_feeds,
    rules_of_fields,
    rules_of_grouping,
    rules_of_schedules,
    rules_of_sending,
    rules_of_subscriptions,
    rules_of_views,
    rules_of_windows,
)

RULES: Mapping[str, Callable[[Draft], Verdict]] = {kind: rule for part in _PARTS for kind, rule in part.RULES.items()}
"""What makes a thing of each kind valid."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    kind: meaning for part in (thing_removal, *_PARTS[1:]) for kind, meaning in part.REMOVAL.items()
}
"""What removing a thing of each kind means."""

_MAKE_ID: Mapping[str, Callable[[IdSource], str]] = {
    "orchestration": IdSource.uuid,
    "orchestration_key": IdSource.uuid,
    "cache_variable": IdSource.uuid,
    "dependency": IdSource.sixteen,
}
"""The form of ids that existing clients expect, where it is not the usual short one."""

assert set(RULES) == set(REMOVAL) == set(KINDS), "every kind of thing has its rules and its removal"
