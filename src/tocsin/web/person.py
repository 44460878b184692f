"""One person: what they may do, how they are reached, when they are on call; for themselves and administrators more.

Decides what a reader is shown: addresses to the person, to administrators and to managers of a team of theirs;
sessions and keys to the person and to administrators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tocsin.directory.model import ApiKey, ContactMethod, NotificationRule, Role, Urgency, User
from tocsin.directory.permissions import Verb
from tocsin.engine.named import Naming, names_of_person
from tocsin.kernel.errors import NotFound, TocsinError
from tocsin.kernel.time import Moment
from tocsin.oncall import Schedule, next_shift_of, shifts_at, zone_names
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.me_security import places
from tocsin.web.people import reach_of
from tocsin.web.people_words import channel_name, naming_path, role_choices, role_word, team_role_word
from tocsin.web.person_security import may_look_after, security_of_person
from tocsin.web.problems import at_fields
from tocsin.web.visit import Visit

LABELS = {"Name": "name", "Email": "email", "Time zone": "zone"}
"""How the engine's sentences begin -> the field at which they stand."""


@dataclass(frozen=True, slots=True)
class WayLine:
    """One contact method. `shown`: its address, "" where the reader may not know it."""

    contact: ContactMethod
    word: str
    shown: str
    rules: tuple[str, ...]
    is_set_up: bool


@dataclass(frozen=True, slots=True)
class TurnLine:
    """A time on call: running (`until`, None = further than one can see) or coming (`start`)."""

    schedule: Schedule
    start: Moment | None
    until: Moment | None
    now: bool


@dataclass(frozen=True, slots=True)
class NamingLine:
    """One thing that names the person, and its page ("" = none)."""

    one: Naming
    path: str


def person_of(visit: Visit) -> User:
    """The person whom the address names. Raises NotFound, also for one whom the reader may not see."""
    user = visit.config.users.get(visit.request.path_params["id"])
    if user is None or not visit.may_read(user):
        raise NotFound(_("There is no such person (any more)."))
    return user


def may_change(visit: Visit, user: User) -> bool:
    """Whether to offer changes of this person: owners are changed by owners only."""
    return visit.may(Verb.OWN if user.role is Role.OWNER else Verb.ADMINISTER)


def person_page(
    visit: Visit,
    *,
    error: TocsinError | None = None,
    section: str = "",
    code: int = 200,
    link: str = "",
    secret: str = "",
) -> Response:
    """`/people/{id}`. `link`, `secret`: a one-time sign-in link or a key's secret, shown now and never again."""
    user = person_of(visit)
    own = user.id == visit.me.id
    changes, looks_after = may_change(visit, user), visit.may(Verb.ADMINISTER)
    at, other = at_fields(error, LABELS)
    return visit.page(
        "person.html",
        code,
        user=user,
        own=own,
        changes=changes,
        looks_after=looks_after,
        role=role_word(user.role),
        reach=reach_of(visit, user),
        teams=_teams(visit, user),
        ways=_ways(visit, user),
        turns=_turns(visit, user),
        named=namings(visit, user.id),
        sessions=places(visit, user.id) if own or looks_after else (),
        security=security_of_person(visit, user) if not own and may_look_after(visit, user) else None,
        seen=visit.site.sessions.last_seen().get(user.id) if own or looks_after else None,
        keys=keys_of(visit, user) if own or looks_after else [],
        keys_used=visit.site.keys_used() if own or looks_after else {},
        here_id=visit.session.id if visit.session is not None else "",
        roles=role_choices(owners=visit.may(Verb.OWN)),
        zones=sorted(zone_names()),
        typed=_typed(visit, user, posted=section == "save"),
        has_mail=visit.site.invitation_mail is not None,
        link=link,
        secret=secret,
        section=section,
        error=error,
        problems=at if section == "save" else {},
        other=other,
    )


def _typed(visit: Visit, user: User, *, posted: bool) -> dict[str, str]:
    names = ("name", "email", "role", "zone", "title")
    if posted:
        return {name: visit.text(name) for name in names}
    stored = (user.name, user.email, user.role.value, user.time_zone, user.job_title or "")
    return dict(zip(names, stored, strict=True))


def namings(visit: Visit, user_id: str) -> list[NamingLine]:
    """What names this person, of what the reader may see."""
    found = names_of_person(visit.config, user_id, visit.now)
    return [NamingLine(one, naming_path(one)) for one in found if _sees(visit, one)]


def _sees(visit: Visit, naming: Naming) -> bool:
    kinds = ("schedule", "policy", "team", "user", "business_service")
    thing: Any = visit.config.of(naming.kind).get(naming.thing_id) if naming.kind in kinds else None
    return visit.may_read(thing) if thing is not None else visit.may(Verb.ADMINISTER)


def keys_of(visit: Visit, user: User) -> list[ApiKey]:
    """The person's keys that work, newest first."""
    found = [key for key in visit.config.api_keys.values() if key.user_id == user.id and key.revoked_at is None]
    return sorted(found, key=lambda key: (key.created_at, key.id), reverse=True)


def _teams(visit: Visit, user: User) -> list[tuple[str, str, str]]:
    config = visit.config
    found = [(config.teams.get(one.team_id), one.role) for one in config.teams_of.get(user.id, ())]
    return [(team.id, team.name, team_role_word(role)) for team, role in found if team and visit.may_read(team)]


def _ways(visit: Visit, user: User) -> list[WayLine]:
    config = visit.config
    team_ids = [one.team_id for one in config.teams_of.get(user.id, ())]
    full = (
        user.id == visit.me.id
        or visit.may(Verb.ADMINISTER)
        or any(visit.may(Verb.STAFF, (team_id,)) for team_id in team_ids)
    )
    rules, set_up = config.rules_of.get(user.id, ()), set(visit.site.ways_to_send())
    return [
        WayLine(
            contact,
            channel_name(contact.channel),
            contact.dial if full else "",
            tuple(_rule(rule) for rule in rules if rule.contact_method_id == contact.id),
            contact.channel in set_up,
        )
        for contact in config.contacts_of.get(user.id, ())
    ]


def _rule(rule: NotificationRule) -> str:
    delay, high = rule.start_delay_minutes, rule.urgency is Urgency.HIGH
    if not delay:
        return _("high urgency: at once") if high else _("low urgency: at once")
    if high:
        return ngettext("high urgency: after %(num)s min", "high urgency: after %(num)s min", delay)
    return ngettext("low urgency: after %(num)s min", "low urgency: after %(num)s min", delay)


def _turns(visit: Visit, user: User) -> list[TurnLine]:
    """On call now, and the next turn on each schedule that the reader may see."""
    found = []
    for schedule in visit.config.schedules.values():
        if not visit.may_read(schedule):
            continue
        exceptions = visit.config.exceptions_of.get(schedule.id, ())
        running = [one for one in shifts_at(schedule, exceptions, visit.now) if one.user_id == user.id]
        found += [TurnLine(schedule, one.start, one.end, now=True) for one in running]
        coming = next_shift_of(schedule, exceptions, user.id, visit.now)
        if coming is not None and not any(one.start == coming.start for one in running):
            found.append(TurnLine(schedule, coming.start, coming.end, now=False))
    return sorted(found, key=lambda one: (not one.now, one.start or 0, one.schedule.name))
