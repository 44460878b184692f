"""People: who is here, what they may do, whether they are on call and can be reached; and how somebody is added.

Decides whether a reader is shown addresses. Who may change a person is judged where the change is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.directory.model import Urgency, User
from tocsin.directory.permissions import Verb
from tocsin.engine.people import ways
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import Moment
from tocsin.oncall import Schedule, who_is_on_call, zone_names
from tocsin.web.alerts import Pager
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.looks import Look
from tocsin.web.people_words import channel_name, role_choices, role_word, team_role_choices
from tocsin.web.problems import at_fields
from tocsin.web.visit import Visit

PER_PAGE: Final = 50
SHOWN: Final = ("active", "on-call", "unreachable", "inactive", "all")
"""What the list may be narrowed to."""

_LABELS: Final = {"Name": "name", "Email": "email", "Time zone": "zone", "User not found": "name"}
"""How the engine's sentences begin -> the field at which they stand."""

_INVITED: Final = ("name", "email", "role", "zone", "team", "team_role")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether somebody would hear of an urgent incident, how it looks, and how or why not."""

    look: Look
    why: str
    can: bool


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person in the list. `seen`: when they were here last, for those who may know."""

    user: User
    role: str
    teams: tuple[tuple[str, str], ...]
    on_call: tuple[Schedule, ...]
    reach: Reach
    seen: Moment | None


def people_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/people`, narrowed by name, role, team and state; for administrators with the form to add somebody."""
    asked = {name: visit.query(name).strip() for name in ("q", "role", "team", "show")}
    asked["show"] = asked["show"] if asked["show"] in SHOWN else "active"
    duty = on_call_now(visit)
    seen = [user for user in visit.config.users.values() if visit.may_read(user)]
    chosen = [user for user in seen if _wanted(visit, user, asked, duty)]
    chosen.sort(key=lambda user: (user.name.casefold(), user.id))
    page = page_number(visit)
    shown = chosen[(page - 1) * PER_PAGE : page * PER_PAGE]
    last = visit.site.sessions.last_seen() if visit.may(Verb.ADMINISTER) and shown else {}
    at, other = at_fields(error, _LABELS)
    return visit.page(
        "people.html",
        code,
        lines=[_line(visit, user, duty, last) for user in shown],
        total=len(chosen),
        everybody=len(seen),
        inactive=sum(1 for user in seen if not user.active),
        asked=asked,
        narrowed=any(asked[name] for name in ("q", "role", "team")) or asked["show"] != "active",
        roles=role_choices(),
        teams=_teams_of(visit),
        pager_=_pager(asked, page, len(chosen)),
        invites=visit.may(Verb.ADMINISTER),
        new_roles=role_choices(owners=visit.may(Verb.OWN)),
        team_roles=team_role_choices(),
        zones=sorted(zone_names()),
        typed={name: visit.text(name) for name in _INVITED},
        has_mail=visit.site.invitation_mail is not None,
        problems=at,
        other=other,
    )


def page_number(visit: Visit) -> int:
    """The page of a list that the address asks for, from 1."""
    typed = visit.query("page")
    return max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1


def _pager(asked: Mapping[str, str], page: int, total: int) -> Pager:
    def address(number: int) -> str:
        return "/people?" + urlencode({name: value for name, value in {**asked, "page": str(number)}.items() if value})

    return Pager(address(page - 1) if page > 1 else "", address(page + 1) if page * PER_PAGE < total else "")


def _teams_of(visit: Visit) -> list[tuple[str, str]]:
    seen = [team for team in visit.config.teams.values() if visit.may_read(team)]
    return [(team.id, team.name) for team in sorted(seen, key=lambda team: team.name.casefold())]


def on_call_now(visit: Visit) -> Mapping[str, tuple[Schedule, ...]]:
    """Who is on call now on the schedules that the reader may see, by person."""
    found: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in visit.config.schedules.values():
        if visit.may_read(schedule):
            exceptions = visit.config.exceptions_of.get(schedule.id, ())
            for user_id in who_is_on_call(schedule, exceptions, visit.now):
                found[user_id].append(schedule)
    return {user_id: tuple(sorted(those, key=lambda one: one.name.casefold())) for user_id, those in found.items()}


def _wanted(visit: Visit, user: User, asked: Mapping[str, str], duty: Mapping[str, tuple[Schedule, ...]]) -> bool:
    letters = asked["q"].casefold()
    if letters and not any(letters in text.casefold() for text in (user.name, user.email, user.job_title or "")):
        return False
    if asked["role"] and user.role != asked["role"]:
        return False
    if asked["team"] and asked["team"] not in {one.team_id for one in visit.config.teams_of.get(user.id, ())}:
        return False
    if asked["show"] == "on-call":
        return user.id in duty
    if asked["show"] == "unreachable":
        return user.active and not reach_of(visit, user).can
    return asked["show"] == "all" or user.active is (asked["show"] == "active")


def _line(visit: Visit, user: User, duty: Mapping[str, tuple[Schedule, ...]], last: Mapping[str, Moment]) -> PersonLine:
    config = visit.config
    teams = [config.teams[one.team_id] for one in config.teams_of.get(user.id, ()) if one.team_id in config.teams]
    return PersonLine(
        user,
        role_word(user.role),
        tuple((team.id, team.name) for team in teams if visit.may_read(team)),
        duty.get(user.id, ()),
        reach_of(visit, user),
        last.get(user.id),
    )


def reach_of(visit: Visit, user: User) -> Reach:
    """Whether this person would hear of an urgent incident."""
    if not user.active:
        why = _("Never called, counts as nobody on call.")
        return Reach(Look("suppressed", _("Deactivated"), "quiet"), why, can=False)
    contacts = visit.config.contacts_of.get(user.id, ())
    found = ways(visit.config, user.id, Urgency.HIGH)
    set_up = set(visit.site.ways_to_send())
    usable = [way for way in found if way.contact.channel in set_up]
    if usable:
        first = min(way.delay_minutes for way in usable)
        words = ", ".join(dict.fromkeys(channel_name(way.contact.channel) for way in usable))
        when = ngettext("first after %(num)s min", "first after %(num)s min", first) if first else _("at once")
        return Reach(Look("resolved", _("Can be reached"), "resolved"), f"{words} · {when}", can=True)
    if not contacts:
        why = _("No contact method.")
    elif not any(one.enabled for one in contacts):
        why = _("Every contact method is switched off.")
    else:
        lacking = ", ".join(dict.fromkeys(channel_name(way.contact.channel) for way in found))
        why = _("Not set up here: %(channels)s.", channels=lacking)
    return Reach(Look("triggered", _("Can’t be reached"), "triggered still"), why, can=False)
