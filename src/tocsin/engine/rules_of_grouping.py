"""Alert grouping settings: what makes one valid, what it makes of its services, what removal means.

A setting is acted upon through its services: each has the setting's `group_seconds` and `group_by` for as long
as it is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.alerts.grouping import grouping_problems
from tocsin.directory.grouping import GroupingSetting
from tocsin.engine.config import Config
from tocsin.engine.thing_removal import gone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.decision import Decision
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase

SERVICES = 250
GROUP_SECONDS = (60, 86_400)


def _grouping_setting(draft: Draft) -> Verdict:
    setting: GroupingSetting = draft.new
    config = draft.world.config
    found = []
    if len(setting.name or "") > NAME_CHARS or len(setting.description or "") > DESCRIPTION_CHARS:
        found.append(phrase("Name or description is too long"))
    if not 1 <= len(setting.service_ids) <= SERVICES:
        found.append(phrase("Services must be 1 to %(services)s", services=SERVICES))
    for service_id in setting.service_ids:
        service = config.services.get(service_id)
        other = config.grouping_of.get(service_id)
        if service is None:
            found.append(phrase("Service %(service_id)s not found", service_id=service_id))
        elif other is not None and other.id != setting.id:
            name = other.name or other.id
            found.append(
                phrase(
                    "Service %(name)s already belongs to the alert grouping setting %(name2)s",
                    name=service.name,
                    name2=name,
                )
            )
    seconds = setting.group_seconds
    if seconds not in (None, 0) and not GROUP_SECONDS[0] <= seconds <= GROUP_SECONDS[1]:
        found.append(
            phrase(
                "Timeout must be 0 or between %(group_seconds)s and %(group_seconds2)s seconds",
                group_seconds=GROUP_SECONDS[0],
                group_seconds2=GROUP_SECONDS[1],
            )
        )
    if setting.group_by is not None:
        found.extend(grouping_problems(setting.group_by))
    left = set(draft.old.service_ids if draft.old is not None else ()) - set(setting.service_ids)
    changes = Decision(
        state=(
            *_grouped(config, sorted(left), None, draft.now),
            *_grouped(config, setting.service_ids, setting, draft.now),
        )
    )
    return found, changes


def _grouped(
    config: Config, service_ids: Iterable[str], setting: GroupingSetting | None, now: Moment
) -> Iterable[ThingChange]:
    """The services as the setting has them group, None = not at all."""
    seconds, by = (setting.group_seconds, setting.group_by) if setting is not None else (None, None)
    for service_id in service_ids:
        service = config.services.get(service_id)
        if service is not None and (service.group_seconds, service.group_by) != (seconds, by):
            updated = max(now, service.updated_at + 1)
            changed = replace(service, group_seconds=seconds, group_by=by, updated_at=updated)
            yield ThingChange("service", service_id, service, changed)


def _setting_gone(world: World, setting: GroupingSetting, now: Moment) -> Decision:
    """Its services group no more."""
    return Decision(state=tuple(_grouped(world.config, setting.service_ids, None, now))) + gone([setting])


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"grouping_setting": _grouping_setting}
"""The rule of this kind."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"grouping_setting": _setting_gone}
"""What removing this kind means."""
