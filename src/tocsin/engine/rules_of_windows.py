"""Maintenance windows: what makes them valid, what their removal means, when what they hold is judged again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.alerts.holding import judge_held
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.engine.thing_removal import gone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Conflict
from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase

SERVICES = 1000


def _window(draft: Draft) -> Verdict:
    """What is over stays as it was. A start in the past counts from now; what the window holds is judged again."""
    old, now = draft.old, draft.now
    if old is not None and old.end <= now:
        raise Conflict(phrase("The maintenance window has ended."), reason="window_over")
    draft.new = window = _completed(draft)
    found = []
    if not 1 <= len(window.service_ids) <= SERVICES:
        found.append(phrase("Services must have 1 to %(services)s elements", services=SERVICES))
    found += [
        phrase("Service %(one)s not found", one=one)
        for one in window.service_ids
        if one not in draft.world.config.services
    ]
    if window.end <= now:
        found.append(phrase("End time must be in the future"))
    elif window.end <= window.start:
        found.append(phrase("End time must be after start time"))
    if len(window.description or "") > DESCRIPTION_CHARS:
        found.append(
            phrase(
                "Description is too long (maximum is %(description_chars)s characters)",
                description_chars=DESCRIPTION_CHARS,
            )
        )
    return found, Decision(timers=(judge_held(window.id, window.end if old is None else now),))


def _completed(draft: Draft) -> MaintenanceWindow:
    old: MaintenanceWindow | None = draft.old
    window: MaintenanceWindow = draft.new
    if window.start < draft.now:
        window = replace(window, start=min(old.start, draft.now) if old is not None else draft.now)
    if old is not None:
        return window
    windows = draft.world.config.maintenance_windows.values()
    number = 1 + max((one.sequence_number for one in windows), default=0)
    by = draft.actor.id if draft.actor.kind is ActorKind.USER else ""
    return replace(window, sequence_number=number, created_by=window.created_by or by)


def _remove(_world: World, window: MaintenanceWindow, now: Moment) -> Decision:
    """One that runs ends now and stays on record; one that is over can't be removed."""
    if window.end <= now:
        raise Conflict(phrase("The maintenance window has ended."), reason="window_over")
    timers = Decision(timers=(judge_held(window.id, now),))
    if window.start > now:
        return gone([window]) + timers
    ended = replace(window, end=now, wire_end="", updated_at=now)
    return Decision(state=(ThingChange("maintenance_window", window.id, window, ended),)) + timers


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"maintenance_window": _window}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"maintenance_window": _remove}
"""What removing each of these kinds means."""
