"""One's own calendar addresses: those there are, making one, making one anew, ending one.

`_feed.html` shows them wherever a page asks for it: `panel_of` gives it what it needs, for one schedule or team, or
for everything that the reader may subscribe to. A secret is shown once, on the page that answers the form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.responses import Response

from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.engine.feeds import schedules_of, served_by
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.runtime.feeds import Fetched
from tocsin.web import guard, language
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One address. `fetched` None: nobody has fetched it yet, or not for a year; `works`: it still shows something."""

    feed: CalendarFeed
    what: str
    fetched: Fetched | None
    works: bool


@dataclass(frozen=True, slots=True)
class FeedPanel:
    """What `_feed.html` shows. `choices`: value and label of what an address can be made for; one is a button."""

    lines: tuple[FeedLine, ...]
    choices: tuple[tuple[str, str], ...]
    back: str


def panel_of(visit: Visit, subject: FeedSubject | None = None, subject_id: str = "") -> FeedPanel:
    """The reader's addresses for one person, schedule or team; without one all of them. `back`: this page."""
    found = [
        one
        for one in visit.config.feeds_of.get(visit.me.id, ())
        if subject is None or (one.subject, one.subject_id) == (subject, subject_id)
    ]
    fetched = visit.site.feeds.fetched([one.id for one in found]) if found else {}
    lines = tuple(
        FeedLine(one, what(visit, one), fetched.get(one.id), schedules_of(visit.config, one) is not None)
        for one in found
    )
    choices = _choices(visit) if subject is None else [_choice(visit, subject, subject_id)]
    return FeedPanel(lines, tuple(choices), visit.request.url.path)


def what(visit: Visit, feed: CalendarFeed) -> str:
    """What a feed shows, in words."""
    return _what(visit, feed.subject, feed.subject_id)


def _what(visit: Visit, subject: FeedSubject, subject_id: str) -> str:
    if subject is FeedSubject.PERSON:
        return _("My shifts, on every schedule")
    if subject is FeedSubject.SCHEDULE:
        schedule = visit.config.schedules.get(subject_id)
        return _("Schedule %(name)s", name=schedule.name if schedule is not None else subject_id)
    return _("Team %(name)s, every schedule", name=visit.names.team(subject_id))


def _choice(visit: Visit, subject: FeedSubject, subject_id: str) -> tuple[str, str]:
    return f"{subject}:{subject_id}", _what(visit, subject, subject_id)


def _choices(visit: Visit) -> list[tuple[str, str]]:
    """One's own shifts, the teams that one is in, the schedules that one is on and those of one's teams."""
    config, me = visit.config, visit.me.id
    teams = sorted((one.team_id for one in config.teams_of.get(me, ())), key=visit.names.team)
    near = {one.id: one for one in served_by(config, me)}
    near |= {one.id: one for one in config.schedules.values() if set(one.team_ids) & set(teams)}
    schedules = sorted(filter(visit.may_read, near.values()), key=lambda one: one.name.casefold())
    return [
        _choice(visit, FeedSubject.PERSON, me),
        *(_choice(visit, FeedSubject.TEAM, team_id) for team_id in teams),
        *(_choice(visit, FeedSubject.SCHEDULE, one.id) for one in schedules),
    ]


def make_feed(visit: Visit) -> Response:
    """POST `/calendar-feeds`. The answer is a page with the address, which no other page shows."""
    subject, _colon, subject_id = visit.text("subject", 80).partition(":")
    if subject not in set(FeedSubject):
        raise Invalid(_("Choose what the calendar is to show."))
    secret, digest, hint = visit.site.feeds.new_secret()
    wanted = CalendarFeed(
        id="",
        user_id=visit.me.id,
        subject=FeedSubject(subject),
        subject_id=subject_id,
        digest=digest,
        hint=hint,
        language=language.current(),
    )
    made: CalendarFeed = visit.run(SaveThing(thing_kind="calendar_feed", thing=wanted))
    return _shown(visit, made, secret)


def act_on_feed(visit: Visit) -> Response:
    """POST `/calendar-feeds/{id}/{action}`: `again` makes its address anew, `remove` ends it."""
    feed = visit.config.calendar_feeds.get(visit.request.path_params["id"])
    if feed is None or feed.user_id != visit.me.id:
        raise NotFound(_("There is no such calendar (any more)."))
    action = visit.request.path_params["action"]
    if action == "again":
        secret, digest, hint = visit.site.feeds.new_secret()
        changed = replace(feed, digest=digest, hint=hint)
        visit.run(SaveThing(thing_kind="calendar_feed", thing=changed, fields=("digest", "hint")))
        return _shown(visit, changed, secret)
    if action != "remove":
        raise NotFound(_("There is no such action."))
    visit.run(DeleteThing(thing_kind="calendar_feed", thing_id=feed.id))
    return visit.go(_back(visit), "feed-gone")


def _shown(visit: Visit, feed: CalendarFeed, secret: str) -> Response:
    """The address in full, once."""
    base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
    url = f"{base}/calendar/{secret}.ics"
    return visit.page(
        "feed.html",
        feed=feed,
        what=what(visit, feed),
        url=url,
        subscribe=f"webcal://{url.partition('://')[2]}",
        is_public=url.startswith("https://"),
        back=_back(visit),
    )


def _back(visit: Visit) -> str:
    back = guard.safe_next(visit.text("back", 500))
    return "/my-shifts" if back == "/" else back
