"""Readiness: would everybody be reached in the next fourteen days? What `tocsin check` finds, for who may see it.

Decides where a finding is mended and who gets to see it; what is a problem the engine's side decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.alerts.windows import window_at
from tocsin.directory.model import Channel, Service, ServiceStatus
from tocsin.directory.permissions import Verb, reads_everything
from tocsin.engine.people import people_at
from tocsin.engine.reach import touches
from tocsin.engine.readiness import Finding, Interval, Review, Weight, readiness
from tocsin.oncall import Schedule
from tocsin.web.channels import WORDS, when_words
from tocsin.web.day_one import day_one_of
from tocsin.web.findings import LACKS, said
from tocsin.web.language import gettext as _
from tocsin.web.policies.levels import Called, called_by
from tocsin.web.sending import way_of
from tocsin.web.visit import Visit

CHANNELS: Final = (Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.WEBHOOK, Channel.PUSH)
"""The columns of the matrix; those that nobody uses are left out."""

GAPS_SHOWN: Final = 3
_THINGS: Final = ("policy", "schedule", "service", "user", "team")


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding in words; `path` is where it is mended ("" = not by this reader here), `do` what the link says."""

    finding: Finding
    text: str
    path: str
    do: str


@dataclass(frozen=True, slots=True)
class Row:
    """A person who may be called: for each channel in words how soon it is used. `lack`: why nothing reaches them."""

    user_id: str
    name: str
    path: str
    cells: tuple[tuple[str, str, bool], ...]
    """Channel, words, and whether it works: the words are "" where it is not used."""
    lack: str


@dataclass(frozen=True, slots=True)
class Cover:
    """A schedule that is called: when nobody is on call in the window."""

    schedule: Schedule
    gaps: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A service: whom an alarm right now would page first. `instead`: why it would page nobody ("" = it would)."""

    service: Service
    people: tuple[Called, ...]
    level: int
    instead: str
    in_turn: bool = False


def readiness_page(visit: Visit) -> Response:
    """`/readiness`."""
    setup = visit.site.setup()
    review = Review(visit.config, setup, visit.now)
    found = [
        _shown(visit, one) for one in readiness(visit.config, setup, visit.now, review=review) if _may_see(visit, one)
    ]
    rows = _rows(visit, review)
    used = {channel for row in rows for channel, words, _works in row.cells if words}
    return visit.page(
        "readiness.html",
        problems=[one for one in found if one.finding.weight is Weight.PROBLEM],
        notes=[one for one in found if one.finding.weight is Weight.NOTE],
        until=review.until,
        rows=rows,
        channels=[(channel, _(WORDS[channel])) for channel in CHANNELS if channel in used],
        covers=_covers(visit, review),
        alarms=_alarms(visit),
        gaps_shown=GAPS_SHOWN,
        day_one=day_one_of(visit, even_hidden=True),
    )


def _may_see(visit: Visit, finding: Finding) -> bool:
    """A finding about a thing is for who may see the thing; one about the installation for who sees everything."""
    config, subject = visit.config, finding.subject
    if subject.kind in _THINGS and subject.id:
        thing = config.of(subject.kind).get(subject.id)
        return thing is not None and visit.may_read(thing)
    return reads_everything(visit.standing)


def _shown(visit: Visit, finding: Finding) -> Shown:
    subject, config = finding.subject, visit.config
    path, do = "", ""
    if subject.kind == "policy":
        policy = config.policies[subject.id]
        may = visit.may(Verb.EDIT, policy.team_ids)
        path, do = f"/policies/{subject.id}" + ("/edit" if may else ""), _("Change it") if may else _("Look at it")
    elif subject.kind == "schedule":
        path, do = f"/schedules/{subject.id}", _("See the schedule")
    elif subject.kind == "user":
        mine = visit.is_among((subject.id,))
        path, do = ("/me", _("Add yours")) if mine else (f"/people/{subject.id}", _("See the person"))
    elif subject.kind == "service":
        path, do = (
            (f"/services/{subject.id}", _("See the service")) if subject.id else ("/services/new", _("Add a service"))
        )
    elif subject.kind == "team":
        path, do = f"/teams/{subject.id}", _("See the team")
    elif subject.kind == "workflow":
        path, do = f"/workflows#w-{subject.id}", _("See the workflow")
    elif subject.kind == "setting" and visit.may(Verb.OWN) and way_of(subject.id):
        path, do = f"/connections/{way_of(subject.id)}", _("Set it up")
    elif subject.kind == "setting" and visit.may(Verb.ADMINISTER):
        path, do = "/system", _("System")
    return Shown(finding, said(finding), path, do)


def _rows(visit: Visit, review: Review) -> list[Row]:
    """Everybody who may be called in the window and whom the reader may see; those whom nothing reaches first."""
    config, ways = visit.config, visit.site.ways_to_send()
    found = []
    for user_id in review.called:
        user = config.users.get(user_id)
        if user is None or not visit.may_read(user):
            continue
        lack = review.lack(user_id)
        by = touches(config, user_id, ways)
        cells = []
        for channel in CHANNELS:
            own = [one for one in by if one.contact.channel is channel]
            works = channel in ways
            words = when_words(own) if works else (_("not set up here") if own else "")
            cells.append((channel.value, words, works))
        path = "/me" if visit.is_among((user_id,)) else f"/people/{user_id}"
        why = _(LACKS[lack]) if lack is not None else ""
        found.append(Row(user_id, visit.names.person(user_id), path, tuple(cells), why))
    return sorted(found, key=lambda row: (not row.lack, row.name.casefold()))


def _covers(visit: Visit, review: Review) -> list[Cover]:
    schedules = visit.config.schedules
    found = [Cover(schedules[one], tuple(gaps)) for one, gaps in review.gaps().items()]
    seen = [cover for cover in found if visit.may_read(cover.schedule)]
    return sorted(seen, key=lambda one: (not one.gaps, one.schedule.name.casefold()))


def _alarms(visit: Visit) -> list[Alarm]:
    """Each service that the reader may see: those where an alarm would page nobody first."""
    known: dict[str, Called] = {}
    found = [_alarm(visit, one, known) for one in visit.config.services.values() if visit.may_read(one)]
    return sorted(found, key=lambda one: (not one.instead, one.service.name.casefold()))


def _alarm(visit: Visit, service: Service, known: dict[str, Called]) -> Alarm:
    """`known`: people that were looked up already."""
    config, ways = visit.config, visit.site.ways_to_send()
    if service.status is ServiceStatus.DISABLED:
        return Alarm(service, (), 0, _("Nobody: the service is switched off."))
    window = window_at(config.windows_of.get(service.id, ()), visit.now)
    if window is not None:
        return Alarm(service, (), 0, _("Nobody before %(when)s: maintenance.", when=visit.times.minute(window.end)))
    policy = config.policies.get(service.policy_id)
    may_call = people_at(config, visit.now)
    for number, rule in enumerate(policy.rules if policy is not None else (), 1):
        user_ids = may_call(rule).user_ids
        for user_id in user_ids:
            if user_id not in known:
                known[user_id] = called_by(visit, user_id, ways)
        people = tuple(known[user_id] for user_id in user_ids)
        if people:
            deaf = all(one.lack for one in people)
            return Alarm(
                service, people, number, _("Nobody at first: nothing reaches them.") if deaf else "", rule.in_turn
            )
    return Alarm(service, (), 0, _("Nobody on its policy: only the last resort, if it is switched on."))
