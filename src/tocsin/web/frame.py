"""What stands around every page: where one can go, whether one is on call, how the pager is, how much is open."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tocsin.directory.model import User
from tocsin.engine.config import Config
from tocsin.engine.people import can_page
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.time import Moment
from tocsin.oncall import shifts_at, who_is_on_call
from tocsin.runtime.reads import OpenCounts
from tocsin.web.demo import ShowState
from tocsin.web.language import later
from tocsin.web.site import Health, Site
from tocsin.web.times import Times


@dataclass(frozen=True, slots=True)
class Entry:
    """A place to go. `key` follows `g` on the keyboard; `on_phone`: it stands in the bottom bar.

    `also`: how the addresses of its other pages begin.
    """

    name: str
    path: str
    icon: str
    key: str
    on_phone: bool = False
    also: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a page belongs to it."""
        return path == self.path or (self.path != "/" and path.startswith((self.path, *self.also)))


_OF_SERVICES = ("/orchestrations", "/rules/", "/maintenance-windows", "/business-services", "/workflows")
_OF_ONCALL = ("/schedules", "/policies", "/readiness", "/my-shifts")
_OF_SETTINGS = ("/people", "/teams", "/connections", "/keys", "/priorities", "/audit", "/system")

ENTRIES = (
    Entry(later("Now"), "/", "now", "n", on_phone=True),
    Entry(later("Incidents"), "/incidents", "incidents", "i", on_phone=True),
    Entry(later("Alerts"), "/alerts", "alerts", "a"),
    Entry(later("On call"), "/on-call", "oncall", "o", on_phone=True, also=_OF_ONCALL),
    Entry(later("Services"), "/services", "services", "s", also=_OF_SERVICES),
    Entry(later("Settings"), "/people", "settings", "", also=(*_OF_SETTINGS, "/webhooks")),
)
"""The left rail."""


@dataclass(frozen=True, slots=True)
class Duty:
    """The person is on call: until when (None = for as long as one can see), and for what."""

    until: Moment | None
    schedules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything around the page."""

    organisation: str
    entries: tuple[Entry, ...]
    counts: OpenCounts
    duty: Duty | None
    health: Health
    show: ShowState | None
    has_phones: bool


def frame_of(site: Site, config: Config, user: User | None, counts: OpenCounts, times: Times) -> Frame:
    """The frame for this person; for nobody only the name of the place. `counts`: of incidents that they may see."""
    return Frame(
        organisation=config.settings.organisation,
        entries=ENTRIES,
        counts=counts,
        duty=duty_of(config, user.id, times.now) if user is not None else None,
        health=_health(site, config) if user is not None else Health(),
        show=_show(site),
        has_phones=site.booth is not None,
    )


def _health(site: Site, config: Config) -> Health:
    return replace(site.health(), can_page=can_page(config, site.ways_to_send()))


def _show(site: Site) -> ShowState | None:
    """Where the demo's show is; a show that can't be asked must not take the page away."""
    try:
        return site.show.state() if site.show is not None else None
    except Unavailable:
        return None


def duty_of(config: Config, user_id: str, now: Moment) -> Duty | None:
    """Whether a person is on call, on any schedule that some policy calls; `until` is the end that comes last."""
    names: list[str] = []
    ends: list[Moment | None] = []
    for schedule_id in config.policies_of_schedule:
        schedule = config.schedules.get(schedule_id)
        exceptions = config.exceptions_of.get(schedule_id, ())
        if schedule is None or user_id not in who_is_on_call(schedule, exceptions, now):
            continue
        names.append(schedule.name)
        ends += [shift.end for shift in shifts_at(schedule, exceptions, now) if shift.user_id == user_id]
    if not names:
        return None
    return _duty(ends, names)


def duties_at(config: Config, now: Moment) -> dict[str, Duty]:
    """What `duty_of` says of everybody who is on call: one look at each schedule."""
    names: dict[str, list[str]] = {}
    ends: dict[str, list[Moment | None]] = {}
    for schedule_id in config.policies_of_schedule:
        schedule = config.schedules.get(schedule_id)
        if schedule is None:
            continue
        exceptions = config.exceptions_of.get(schedule_id, ())
        on_call = set(who_is_on_call(schedule, exceptions, now))
        for user_id in on_call:
            names.setdefault(user_id, []).append(schedule.name)
        for shift in shifts_at(schedule, exceptions, now) if on_call else ():
            if shift.user_id in on_call:
                ends.setdefault(shift.user_id, []).append(shift.end)
    return {user_id: _duty(ends.get(user_id, []), found) for user_id, found in names.items()}


def _duty(ends: list[Moment | None], names: list[str]) -> Duty:
    known = [end for end in ends if end is not None]
    return Duty(max(known) if known and len(known) == len(ends) else None, tuple(names))
