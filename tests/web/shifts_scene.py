"""A scene for my shifts: two schedules in two zones, requests of every kind, calendar addresses; and an odd one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.web.place import NIGHT, Place, rename, small
from tests.web.scenes import LONG_NAME
from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.kernel.time import DAY, HOUR, Moment, iso
from tocsin.oncall import CoverRequest, Layer, Override, Schedule
from tocsin.oncall.messages import AnswerCover
from tocsin.runtime.feeds import digest_of
from tocsin.runtime.sessions import Visitor

PAGES = {
    "my-shifts": "/my-shifts",
    "my-shifts-month": "/my-shifts?month=2025-12",
    "my-shifts-none": "/my-shifts?month=2024-01",
    "ask": "/my-shifts/ask?schedule={week}&at={mine}",
    "ask-now": "/my-shifts/ask?schedule={night}&at={running}",
    "request": "/my-shifts/requests/{to_me}",
    "request-swap": "/my-shifts/requests/{swap}",
    "request-over": "/my-shifts/requests/{over}",
}
"""What there is to see in this scene."""

BERLIN = "Europe/Berlin"
SECRET = "f" * 40
MONDAY: Moment = NIGHT - NIGHT % DAY - DAY


def rostered(folder: Path) -> Place:
    """Alice in Berlin: weeks on one schedule, nights in New York on another; Bob and Carol ask her things."""
    place = small(folder)
    users = {name: place.people[name].id for name in ("alice", "bob", "carol")}
    place.people["alice"] = place.desk.save(replace(place.people["alice"], time_zone=BERLIN), "time_zone")
    (primary,) = place.schedule.layers
    place.desk.save(replace(place.schedule, layers=(replace(primary, user_ids=(users["carol"],)),)), "layers")
    week = _schedule(place, "Payments secondary", BERLIN, 7, MONDAY - 28 * DAY + 8 * HOUR, "bob", "carol", "alice")
    night = _schedule(place, "Ledger nights", "America/New_York", 1, MONDAY - 28 * DAY + 25 * HOUR, "alice", "bob")
    ask = _asking(place)
    ask("bob", week, _at(16, 12), _at(17, 0), message="My sister marries.\nI can do any other day.")
    ask("bob", night, _at(4, 9), _at(4, 21), to="alice")
    ask("carol", week, _at(5, 0), _at(5, 12), to="alice", back=_at(9, 0))
    ask("alice", week, _at(10, 12), _at(12, 0), message="Half term.")
    taken = ask("alice", night, _at(5, 1), _at(6, 1), to="bob")
    place.desk.run(place.as_("bob"), AnswerCover(request_id=taken.id, accept=True))
    said_no = ask("alice", night, _at(7, 1), _at(8, 1), to="bob")
    place.desk.run(place.as_("bob"), AnswerCover(request_id=said_no.id, accept=False))
    feed = CalendarFeed(
        id="",
        user_id=users["alice"],
        subject=FeedSubject.PERSON,
        subject_id=users["alice"],
        digest=digest_of(SECRET),
        hint=SECRET[-4:],
    )
    saved = place.desk.save(feed)
    agent = "Google-Calendar-Importer (+https://www.google.com/calendar/feeds)"
    place.site.feeds.note(saved, "x", Visitor("192.0.2.9", agent))
    place.desk.save(replace(feed, subject=FeedSubject.TEAM, subject_id=place.team.id, digest="0" * 64, hint="0000"))
    place.desk.clock.moment += 11 * 60_000_000
    return place


def crowded(folder: Path) -> Place:
    """The same with names that are long or run from right to left."""
    place = rostered(folder)
    rename(place, "bob", "محمد عبد الرحمن بن يوسف القحطاني")
    rename(place, "carol", LONG_NAME)
    for one in list(place.desk.config().schedules.values()):
        if one.name == "Payments secondary":
            place.desk.save(replace(one, name="Payments settlement reconciliation and chargeback gateway EU"), "name")
        if one.name == "Ledger nights":
            place.desk.save(replace(one, name="שירות תשלומים 🔥"), "name")
    return place


def places(place: Place) -> dict[str, str]:
    """What the addresses of the pages are filled in with."""
    config = place.desk.config()
    nights = [one for one in config.schedules.values() if one.time_zone == "America/New_York"]
    weeks = [one for one in config.schedules.values() if one.time_zone == BERLIN]
    if not nights:
        return dict.fromkeys(("week", "night", "mine", "running", "to_me", "swap", "over"), "PNONE")
    me = place.people["alice"].id
    requests = sorted(config.cover_requests.values(), key=lambda one: one.created_at)
    return {
        "week": weeks[0].id,
        "night": nights[0].id,
        "mine": iso(_at(29, 0)),
        "running": iso(place.desk.clock.now()),
        "to_me": next(one.id for one in requests if one.to_id == me and not one.is_swap),
        "swap": next(one.id for one in requests if one.is_swap),
        "over": next(one.id for one in requests if one.taken_by),
    }


def _at(days: int, hours: int) -> Moment:
    return MONDAY + days * DAY + hours * HOUR


def _schedule(place: Place, name: str, zone: str, days: int, start: Moment, *names: str) -> Schedule:
    users = tuple(place.people[one].id for one in names)
    layer = Layer("", "Turns", start, None, start, days * 86_400, users)
    made: Schedule = place.desk.save(Schedule("", name, zone, (layer,), team_ids=(place.team.id,)))
    if days == 1:
        place.desk.save(Override("", made.id, place.people["alice"].id, NIGHT + 4 * HOUR, NIGHT + 6 * HOUR, 0))
    return made


def _asking(place: Place) -> Callable[..., CoverRequest]:
    def ask(
        who: str, schedule: Schedule, start: Moment, end: Moment, *, to: str = "", back: Moment = 0, message: str = ""
    ) -> CoverRequest:
        made: CoverRequest = place.desk.save(
            CoverRequest(
                id="", schedule_id=schedule.id, user_id=place.people[who].id, start=start, end=end, message=message,
                to_id=place.people[to].id if to else "", return_start=back, return_end=back + 12 * HOUR if back else 0,
            )
        )  # fmt: skip
        return made

    return ask
