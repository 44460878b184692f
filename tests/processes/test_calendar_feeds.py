"""A calendar program fetches its secret address from a real server: also while the engine is down, and after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from icalendar import Calendar

from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.engine.people import on_call
from tocsin.engine.things import DeleteThing
from tocsin.kernel.time import DAY, HOUR, Moment, from_datetime
from tocsin.oncall import Layer, Override, Schedule
from tocsin.runtime.feeds import digest_of
from tocsin.testing.running import RunningServer

SECRET = "0123456789abcdef0123456789abcdef01234567"
PATH = f"/calendar/{SECRET}.ics"


def shown(body: bytes, at: Moment) -> set[str]:
    """Who is on call then, as the calendar has it."""
    calendar: Any = Calendar.from_ical(body)
    return {
        str(one["summary"]).split(" ", 1)[0].lower()
        for one in calendar.walk("VEVENT")
        if from_datetime(one.decoded("dtstart")) <= at < from_datetime(one.decoded("dtend"))
    }


def conditional(server: RunningServer) -> int:
    """The status for a program that has the calendar already."""
    tag = httpx2.get(server.url + PATH).headers["etag"]
    return httpx2.get(server.url + PATH, headers={"if-none-match": tag}).status_code


def test_it_is_there_whatever_becomes_of_the_engine(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        alice, bob = server.person("alice", "2025550101"), server.person("bob", "2025550102")
        now = server.clock.now()
        layer = Layer("", "Days", now - now % DAY, None, now - now % DAY, 86_400, (alice.id, bob.id))
        rota: Schedule = server.save(Schedule("", "Payments", "Europe/Berlin", (layer,)))
        feed: CalendarFeed = server.save(
            CalendarFeed(
                id="",
                user_id=alice.id,
                subject=FeedSubject.SCHEDULE,
                subject_id=rota.id,
                digest=digest_of(SECRET),
            )
        )
        server.wait_until(lambda: server.get(PATH)[0] == 200, "the edge knows the feed")
        assert server.get("/calendar/nobody.ics")[0] == 404
        later = now // HOUR * HOUR + 50 * HOUR
        server.save(Override("", rota.id, bob.id, later, later + HOUR, 0))
        server.wait_until(lambda: shown(server.get(PATH)[1], later) == {"bob"}, "the calendar follows the override")
        names = {alice.id: "alice", bob.id: "bob"}
        status, body = server.get(PATH)
        assert status == 200
        for at in range(now // HOUR * HOUR, later + 30 * DAY, 7 * HOUR):
            assert shown(body, at) == {names[one] for one in on_call(server.config(), rota.id, at)}
        assert conditional(server) == 304
        server.pause("engine")
        try:
            assert server.get(PATH) == (200, body)
        finally:
            server.kill("engine")
        server.kill("edge")
        server.wait_until(lambda: server.get(PATH)[0] == 200, "the edge is there again")
        assert server.get(PATH)[1] == body, "not even its revision has changed"
        server.wait_until(server.engine_answers, "the engine is there again")
        server.run(DeleteThing(thing_kind="calendar_feed", thing_id=feed.id))
        server.wait_until(lambda: server.get(PATH)[0] == 404, "it shows nothing any more")
        assert SECRET not in server.read_log()
