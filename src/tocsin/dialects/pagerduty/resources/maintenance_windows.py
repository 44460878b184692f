"""/maintenance_windows: list, make, change, end. What a window does to alerts is decided by the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import ApiError, invalid
from tocsin.dialects.pagerduty.read.windows import window_changes
from tocsin.dialects.pagerduty.write import windows as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import Moment

_FILTERS: Mapping[str, Callable[[MaintenanceWindow, Moment], bool]] = {
    "past": lambda window, now: window.end <= now,
    "future": lambda window, now: window.start > now,
    "ongoing": lambda window, now: window.runs(now),
    "open": lambda window, now: window.end > now,
    "all": lambda _window, _now: True,
}


def listed(call: Call) -> Response:
    """GET /maintenance_windows, by their start."""
    chosen = call.query.get("filter", "") or "all"
    if chosen not in _FILTERS:
        raise invalid([f"Filter must be one of {', '.join(_FILTERS)}"])
    words = call.query.get("query", "").strip().casefold()
    services, teams = frozenset(call.many("service_ids")), frozenset(call.many("team_ids"))
    found = []
    for window in call.config.maintenance_windows.values():
        seen = _seen_services(call, window)
        owners = {team for one in window.service_ids for team in call.config.team_ids_of_service(one)}
        if (
            seen
            and _FILTERS[chosen](window, call.now)
            and words in (window.description or "").casefold()
            and (not services or services & frozenset(window.service_ids))
            and (not teams or teams & owners)
        ):
            found.append(window)
    found.sort(key=lambda window: (window.start, window.id))
    return call.listed("maintenance_windows", found, lambda window: _wire(call, window))


def created(call: Call) -> Response:
    """POST /maintenance_windows."""
    fields = call.fields("maintenance_window")
    fields.required("start_time", "end_time", "services")
    changes = window_changes(fields, None)
    requester = call.requester()
    made_by = requester.id if requester.kind is ActorKind.USER else ""
    wanted = MaintenanceWindow(id="", created_by=made_by, **changes)
    return answer({"maintenance_window": _wire(call, call.save("maintenance_window", wanted))}, 201)


def shown(call: Call) -> Response:
    """GET /maintenance_windows/{id}."""
    return answer({"maintenance_window": _wire(call, _window(call))})


def changed(call: Call) -> Response:
    """PUT /maintenance_windows/{id}: one that runs can be moved, one that is over stays as it was."""
    old = _window(call)
    changes: dict[str, Any] = window_changes(call.fields("maintenance_window"), old)
    window = call.save("maintenance_window", replace(old, **changes), changes) if changes else old
    return answer({"maintenance_window": _wire(call, window)})


def removed(call: Call) -> Response:
    """DELETE /maintenance_windows/{id}: one that runs ends now; one that is over can't be taken back, 405."""
    window = _window(call)
    try:
        return call.delete("maintenance_window", window.id)
    except Conflict as refused:
        if refused.reason != "window_over":
            raise
        raise ApiError(405, 5003, "Cannot cancel maintenance window from the past") from None


def _window(call: Call) -> MaintenanceWindow:
    window = call.config.maintenance_windows.get(call.path["id"])
    return call.found(window, seen=window is not None and bool(_seen_services(call, window)))


def _seen_services(call: Call, window: MaintenanceWindow) -> list[str]:
    return [one for one in window.service_ids if call.sees(call.config.team_ids_of_service(one))]


def _wire(call: Call, window: MaintenanceWindow) -> Wire:
    refs = Refs(call.config, call.links)
    return write.window(window, _seen_services(call, window), refs, call.included)


ROUTES: Routes = (
    ("/maintenance_windows", {"GET": listed, "POST": created}),
    ("/maintenance_windows/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
)
"""Path -> method -> handler."""
