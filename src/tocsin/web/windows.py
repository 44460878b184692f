"""Maintenance windows: those that run, come and are over; announcing, changing and ending one.

What a window does to alerts the engine decides; here stands what it holds back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.kernel.time import HOUR
from tocsin.runtime.reads import AlertFilter
from tocsin.web import guard
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.typed_times import field_of, moment_of
from tocsin.web.visit import Visit, status_of

PAST_SHOWN: Final = 50
_FIELDS: Final = ("start", "end", "hours", "description", "id")


@dataclass(frozen=True, slots=True)
class WindowLine:
    """One window. `services` are those that the reader may see; `held`: open alerts that it keeps from paging now."""

    window: MaintenanceWindow
    services: tuple[tuple[str, str], ...]
    hidden: int
    held: int
    by: str
    may_change: bool


def running(visit: Visit, service_id: str = "") -> list[WindowLine]:
    """The windows in force that the reader may see, of one service if one is named; those that end last come last."""
    windows = visit.config.windows_of.get(service_id, ()) if service_id else visit.config.maintenance_windows.values()
    found = [one for one in windows if one.runs(visit.now)]
    return [line for one in sorted(found, key=lambda one: (one.end, one.id)) if (line := _line(visit, one)).services]


def ahead(visit: Visit, service_id: str) -> list[WindowLine]:
    """The windows of a service that are still to come, the next one first."""
    found = [one for one in visit.config.windows_of.get(service_id, ()) if one.start > visit.now]
    return [_line(visit, one) for one in sorted(found, key=lambda one: (one.start, one.id))]


def _line(visit: Visit, window: MaintenanceWindow) -> WindowLine:
    config = visit.config
    services = [config.services[one] for one in window.service_ids if one in config.services]
    seen = [one for one in services if visit.may_read(one)]
    held = 0
    if window.runs(visit.now) and seen:
        wanted = AlertFilter(window_id=window.id, is_open=True, service_ids=tuple(one.id for one in seen))
        held = visit.site.reads.alerts(wanted, limit=1, want_total=True).total or 0
    editable = (visit.may(Verb.EDIT, config.team_ids_of_service(one)) for one in window.service_ids)
    return WindowLine(
        window=window,
        services=tuple((one.id, one.name) for one in seen),
        hidden=len(services) - len(seen),
        held=held,
        by=visit.names.person(window.created_by) if window.created_by in config.users else "",
        may_change=window.end > visit.now and all(editable),
    )


def windows_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/maintenance-windows`; with `?change=` the form holds that window."""
    every = [line for one in visit.config.maintenance_windows.values() if (line := _line(visit, one)).services]
    now = visit.now
    over = sorted((one for one in every if one.window.end <= now), key=lambda one: -one.window.end)
    own = {service_id for service_id, _ in _editable(visit)}
    changed = visit.config.maintenance_windows.get(visit.text("id", 40) or visit.query("change"))
    if changed is not None and not _line(visit, changed).may_change:
        changed = None
    return visit.page(
        "windows.html",
        code,
        groups=(
            (later("Running"), sorted((one for one in every if one.window.runs(now)), key=lambda one: one.window.end)),
            (
                later("Coming"),
                sorted((one for one in every if one.window.start > now), key=lambda one: one.window.start),
            ),
            (later("Over"), over[:PAST_SHOWN]),
        ),
        total=len(every),
        hidden=max(0, len(over) - PAST_SHOWN),
        choices=_editable(visit),
        changed=changed,
        typed=_typed(visit, changed, posted=error is not None),
        chosen=set(visit.texts("service")) if error else _chosen(visit, changed, own),
        error=error,
    )


def _editable(visit: Visit) -> list[tuple[str, str]]:
    """The services that the reader may put into a window, by name."""
    config = visit.config
    found = [one for one in config.services.values() if visit.may(Verb.EDIT, config.team_ids_of_service(one.id))]
    return [(one.id, one.name) for one in sorted(found, key=lambda one: one.name.casefold())]


def _chosen(visit: Visit, changed: MaintenanceWindow | None, own: set[str]) -> set[str]:
    return set(changed.service_ids) if changed is not None else {visit.query("service")} & own


def _typed(visit: Visit, changed: MaintenanceWindow | None, *, posted: bool) -> dict[str, str]:
    if posted or changed is None:
        return {name: visit.text(name, 5000) for name in _FIELDS}
    times = visit.times
    return {
        "start": field_of(times, changed.start),
        "end": field_of(times, changed.end),
        "hours": "",
        "description": changed.description or "",
        "id": changed.id,
    }


def save_window(visit: Visit) -> Response:
    """POST `/maintenance-windows`: a new one, or with `id` a change."""
    window_id = visit.text("id", 40)
    try:
        old = visit.config.maintenance_windows.get(window_id) if window_id else None
        if window_id and (old is None or not _line(visit, old).services):
            raise NotFound(_("There is no such window."))
        window, fields = _of_form(visit, old)
        visit.run(SaveThing(thing_kind="maintenance_window", thing=window, fields=fields))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return windows_page(visit, error=error, code=status_of(error))
    return visit.go("/maintenance-windows", "window-saved" if window_id else "window-new")


def _of_form(visit: Visit, old: MaintenanceWindow | None) -> tuple[MaintenanceWindow, tuple[str, ...]]:
    """The window that the form means, and for a change which fields are changed."""
    times = visit.times
    typed_start, typed_end = visit.text("start", 30), visit.text("end", 30)
    services, description = tuple(visit.texts("service")), visit.text("description", 100_000).strip() or None
    if old is not None:
        changes: dict[str, object] = {"service_ids": services, "description": description}
        if typed_start and typed_start != field_of(times, old.start):
            changes |= {"start": moment_of(times, typed_start, _("From")), "wire_start": ""}
        if typed_end != field_of(times, old.end):
            changes |= {"end": moment_of(times, typed_end, _("To")), "wire_end": ""}
        return replace(old, **changes), tuple(changes)  # type: ignore[arg-type]
    start = moment_of(times, typed_start, _("From")) if typed_start else visit.now
    end = moment_of(times, typed_end, _("To")) if typed_end else start + _hours(visit.text("hours", 20))
    return MaintenanceWindow(id="", start=start, end=end, service_ids=services, description=description), ()


def _hours(typed: str) -> int:
    try:
        return round(min(float(typed.strip().replace(",", ".")), 1e5) * HOUR)
    except (ValueError, OverflowError):
        raise Invalid(_("Say until when, or for how many hours.")) from None


def end_window(visit: Visit) -> Response:
    """POST `/maintenance-windows/{id}/end`: one that runs ends now, one that is to come is called off."""
    window = visit.config.maintenance_windows.get(visit.request.path_params["id"])
    if window is None or not _line(visit, window).services:
        raise NotFound(_("There is no such window."))
    visit.run(DeleteThing(thing_kind="maintenance_window", thing_id=window.id))
    back = guard.safe_next(visit.text("back", 200) or "/maintenance-windows")
    return visit.go(back, "window-ended" if window.start <= visit.now else "window-gone")
