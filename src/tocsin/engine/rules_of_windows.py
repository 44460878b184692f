"""Maintenance windows: what makes them valid, what their removal means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.kernel.time import Moment

SERVICES = 1000


def _window(draft: Draft) -> Verdict:
    window: MaintenanceWindow = draft.new
    found = []
    if not 1 <= len(window.service_ids) <= SERVICES:
        found.append(f"Services must have 1 to {SERVICES} elements")
    found += [f"Service {one} not found" for one in window.service_ids if one not in draft.world.config.services]
    if window.end <= window.start:
        found.append("End time must be after start time")
    if len(window.description or "") > DESCRIPTION_CHARS:
        found.append(f"Description is too long (maximum is {DESCRIPTION_CHARS} characters)")
    return found, NOTHING


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"maintenance_window": _window}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"maintenance_window": alone}
"""What removing each of these kinds means."""
