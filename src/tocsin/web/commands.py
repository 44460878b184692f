"""What one can go to or do from the search field: every page and the common tasks, as far as the reader may.

Decides under which words each is found: those on the page in the reader's language, the English ones, and a few more
that people from other products type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tocsin.directory.permissions import Verb
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Command:
    """A page or a task. `also`: other words for it; `may`: whether it is offered."""

    words: str
    path: str
    icon: str
    also: str = ""
    may: Callable[[Visit], bool] = lambda _visit: True
    does: bool = False


def _administers(visit: Visit) -> bool:
    return visit.may(Verb.ADMINISTER)


def _edits(visit: Visit) -> bool:
    return visit.may(Verb.EDIT) or any(visit.may(Verb.EDIT, (team_id,)) for team_id in visit.standing.teams)


def _responds(visit: Visit) -> bool:
    return visit.may(Verb.RESPOND) or any(visit.may(Verb.RESPOND, (team_id,)) for team_id in visit.standing.teams)


def _audits(visit: Visit) -> bool:
    return visit.may_audit


COMMANDS: Final = (
    Command(later("Page someone"), "/incidents/new", "bell", "raise trigger incident alarm call", _responds, does=True),
    Command(later("Override a shift"), "/schedules", "oncall", "cover swap take over", does=True),
    Command(later("Add a service"), "/services/new", "services", "new create integration", _edits, does=True),
    Command(
        later("Announce maintenance"), "/maintenance-windows#form", "maintenance", "silence mute", _edits, does=True
    ),
    Command(later("Add a schedule"), "/schedules/new", "oncall", "new create rotation", _edits, does=True),
    Command(later("Add an escalation policy"), "/policies/new", "up", "new create levels", _edits, does=True),
    Command(later("Add a person"), "/people#invite", "person", "invite user new", _administers, does=True),
    Command(later("Add a team"), "/teams#form", "person", "new create", _administers, does=True),
    Command(later("Make an API key"), "/keys", "settings", "token terraform", does=True),
    Command(later("Back up now"), "/system", "settings", "backup restore", _administers, does=True),
    Command(later("Now"), "/", "now", "home dashboard"),
    Command(later("Incidents"), "/incidents", "incidents"),
    Command(later("Alerts"), "/alerts", "alerts"),
    Command(later("Events"), "/alerts?tab=events", "alerts", "log"),
    Command(later("Who is on call"), "/on-call", "oncall", "duty now next"),
    Command(later("Schedules"), "/schedules", "oncall", "rotation calendar"),
    Command(later("Escalation policies"), "/policies", "up", "levels"),
    Command(later("Readiness"), "/readiness", "check", "gaps coverage"),
    Command(later("My shifts"), "/my-shifts", "oncall", "calendar"),
    Command(later("Services"), "/services", "services", "catalogue catalog"),
    Command(later("Routing"), "/orchestrations", "services", "event orchestration rules"),
    Command(later("Maintenance"), "/maintenance-windows", "maintenance", "windows"),
    Command(later("Business services"), "/business-services", "services", "impact"),
    Command(later("Workflows"), "/workflows", "more", "automation"),
    Command(later("People"), "/people", "person", "users"),
    Command(later("Teams"), "/teams", "person"),
    Command(later("Connections"), "/connections", "link", "mail sms phone webhook integrations"),
    Command(later("Webhooks"), "/webhooks", "link", "subscriptions"),
    Command(later("Keys"), "/keys", "settings", "api tokens"),
    Command(later("Priorities"), "/priorities", "up", "severity"),
    Command(later("History"), "/audit", "clock", "audit log changes", _audits),
    Command(later("System"), "/system", "settings", "health status backup version"),
    Command(later("Me"), "/me", "person", "profile contact notification rules password"),
)
"""Tasks first, then pages."""


def commands_for(visit: Visit, typed: str) -> Iterator[Command]:
    """Those that the reader may use and that have every typed word in their words; all tasks when nothing is typed."""
    wanted = typed.casefold().split()
    for one in COMMANDS:
        there = f"{_(one.words)} {one.words} {one.also}".casefold()
        if (all(word in there for word in wanted) if wanted else one.does) and one.may(visit):
            yield one
