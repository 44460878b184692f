"""/alert_grouping_settings: how several services group their alerts.

Decides which setting counts: the shared one, until the service is given parameters of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.read import grouping as read
from tocsin.dialects.pagerduty.read.services import stored_wire
from tocsin.dialects.pagerduty.write import grouping as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.grouping import GroupingSetting
from tocsin.directory.model import Service


def listed(call: Call) -> Response:
    """GET /alert_grouping_settings: with cursors in both directions, and no total: clients read a boolean there."""
    wanted = set(call.many("service_ids"))
    found = sorted(
        (
            one
            for one in call.config.grouping_settings.values()
            if _sees(call, one) and (not wanted or wanted & set(one.service_ids))
        ),
        key=pages.mark_of,
    )
    limit = pages.limit_in(call.query)
    after, before = (call.query.get(name, "") for name in ("after", "before"))
    part: Sequence[GroupingSetting] = [one for one in found if pages.mark_of(one) < before][-limit:]
    if not before:
        part, _ = pages.after(found, after, limit, pages.mark_of)
    first, last = (found.index(part[0]), found.index(part[-1])) if part else (0, len(found))
    refs = Refs(call.config, call.links)
    body = {
        "alert_grouping_settings": [write.setting(one, _shown(call, one), refs) for one in part],
        "after": pages.mark_of(found[last]) if last + 1 < len(found) else None,
        "before": pages.mark_of(found[first]) if first > 0 else None,
        "limit": limit,
    }
    return answer(body)


def created(call: Call) -> Response:
    """POST /alert_grouping_settings."""
    fields = call.fields("alert_grouping_setting")
    fields.required("type", "config", "services")
    changes = read.setting_changes(fields, None)
    return _answer(call, _saved(call, GroupingSetting(id="", **changes), {}), 201)


def shown(call: Call) -> Response:
    """GET /alert_grouping_settings/{id}."""
    return _answer(call, _setting(call))


def changed(call: Call) -> Response:
    """PUT /alert_grouping_settings/{id}."""
    old = _setting(call)
    changes = read.setting_changes(call.fields("alert_grouping_setting"), old)
    return _answer(call, _saved(call, replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /alert_grouping_settings/{id}: its services group no more."""
    return call.delete("grouping_setting", _setting(call).id)


def left(call: Call, service: Service) -> Service:
    """The service that was given parameters of its own, out of the setting that it was in: those count again then."""
    setting = call.config.grouping_of.get(service.id)
    if setting is None:
        return service
    others = tuple(one for one in setting.service_ids if one != service.id)
    if others:
        changed = replace(setting, service_ids=others)
        call.save("grouping_setting", changed, ("service_ids",), seen_at=setting.updated_at)
    else:
        call.delete("grouping_setting", setting.id)
    stored: Service = call.save("service", service, ("group_seconds", "group_by"))
    return stored


def _saved(call: Call, wanted: GroupingSetting, changes: dict[str, object]) -> GroupingSetting:
    """The setting as stored. What its services had of their own is forgotten, so that it does not come back later."""
    setting: GroupingSetting = call.save("grouping_setting", wanted, changes)
    for service_id in setting.service_ids:
        service = call.config.services[service_id]
        wire = stored_wire(service)
        if wire.pop("alert_grouping_parameters", None) is not None:
            call.save("service", replace(service, wire=msgspec.json.encode(wire).decode()), ("wire",))
    return setting


def _sees(call: Call, setting: GroupingSetting) -> bool:
    return bool(_shown(call, setting))


def _shown(call: Call, setting: GroupingSetting) -> list[str]:
    known = call.config.services
    return [one for one in setting.service_ids if one in known and call.may_read(known[one])]


def _setting(call: Call) -> GroupingSetting:
    setting = call.config.grouping_settings.get(call.path["id"])
    return call.found(setting, seen=setting is not None and _sees(call, setting))


def _answer(call: Call, setting: GroupingSetting, status: int = 200) -> Response:
    body = write.setting(setting, _shown(call, setting), Refs(call.config, call.links))
    return answer({"alert_grouping_setting": body}, status)


ROUTES: Routes = (
    ("/alert_grouping_settings", {"GET": listed, "POST": created}),
    ("/alert_grouping_settings/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
)
"""Path -> method -> handler."""
