"""The first day: five checks that make an installation able to page, each as it stands, with what mends it.

They stand on Now until all five hold or an owner hides them. Decides when each holds; nothing here is remembered but
that they were hidden and that somebody once answered a page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Channel
from tocsin.directory.permissions import Verb
from tocsin.engine.on_paging import ANSWERED
from tocsin.engine.people import can_page
from tocsin.engine.reach import best_contact
from tocsin.engine.things import SaveThing
from tocsin.incidents.messages import IncidentAcknowledged
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY
from tocsin.kernel.wording import sentence_case
from tocsin.oncall import gaps
from tocsin.paging.messages import PageSent, SendTestPage
from tocsin.runtime.reads import IncidentFilter
from tocsin.web.channels import WORDS
from tocsin.web.language import gettext as _
from tocsin.web.sending import owners_to_ask
from tocsin.web.tried import at_trial
from tocsin.web.visit import Visit

GAPS_WITHIN: Final = 14 * DAY
_LOOKED_BACK: Final = 20
"""So many of the newest incidents are looked through for one that somebody took after a page."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One check. What mends it is behind `path`, or `sends` a test page at a press; "" = nothing for this reader."""

    done: bool
    title: str
    hint: str
    path: str = ""
    do: str = ""
    sends: bool = False


@dataclass(frozen=True, slots=True)
class DayOne:
    """The checks. `hidden`: an owner has hidden them from Now; `may_hide`: the reader may hide or show them."""

    ticks: tuple[Tick, ...]
    hidden: bool
    may_hide: bool

    @property
    def held(self) -> int:
        """How many hold."""
        return sum(tick.done for tick in self.ticks)


def day_one_of(visit: Visit, *, even_hidden: bool = False) -> DayOne | None:
    """The five checks; None once all hold, or where an owner has hidden them."""
    hidden = visit.config.settings.day_one_hidden
    if hidden and not even_hidden:
        return None
    ticks = (_way(visit), _person(visit), _schedule(visit), _monitor(visit), _answer(visit))
    if all(tick.done for tick in ticks):
        return None
    return DayOne(ticks, hidden, visit.may(Verb.OWN))


def _ways(visit: Visit) -> tuple[str, ...]:
    """The channels that are set up. Webhooks need no setting: they count where somebody has one."""
    ways = visit.site.ways_to_send()
    return tuple(way for way in ways if way != Channel.WEBHOOK or can_page(visit.config, (way,)))


def _way(visit: Visit) -> Tick:
    ways = _ways(visit)
    title = _("A way to send")
    if ways:
        words = ", ".join(dict.fromkeys(_(WORDS[Channel(way)]) for way in ways))
        return Tick(True, title, _("%(ways)s.", ways=sentence_case(words)))
    if visit.may(Verb.OWN):
        hint = _("Mail, or texts and calls: type your server or account. Or somebody adds a webhook.")
        return Tick(False, title, hint, "/connections#out", _("Set one up"))
    hint = _("An owner sets up mail, or texts and calls: ask %(names)s. Or add a webhook.", names=owners_to_ask(visit))
    return Tick(False, title, hint, "/connections" if visit.may(Verb.ADMINISTER) else "", _("See how"))


def _person(visit: Visit) -> Tick:
    done = can_page(visit.config, _ways(visit))
    return Tick(done, _("A person who can be reached"), _("By a way that is set up."), "/me", _("Add yours"))


def _schedule(visit: Visit) -> Tick:
    config, until = visit.config, visit.now + GAPS_WITHIN
    called = [config.schedules[one] for one in config.policies_of_schedule if one in config.schedules]
    drawn = [one for one in called or config.schedules.values() if one.layers or one.rotations]
    done = any(not gaps(one, config.exceptions_of.get(one.id, ()), visit.now, until) for one in drawn)
    title, hint = _("A schedule without gaps"), _("Somebody at any time for two weeks.")
    if drawn:
        return Tick(done, title, hint, "/readiness#p-schedules", _("See the gaps"))
    may = visit.may(Verb.EDIT) or any(visit.may(Verb.EDIT, (team,)) for team in config.teams)
    return Tick(done, title, hint, "/schedules/new" if may else "/schedules", _("Make one") if may else _("See them"))


def _monitor(visit: Visit) -> Tick:
    done = bool(visit.site.reads.cursor().seq)
    title, hint = _("A monitor connected"), _("One event has come in.")
    if visit.config.services:
        return Tick(done, title, hint, "/alerts?tab=events", _("Send an event"))
    return Tick(done, title, hint, "/services/new", _("Add a service"))


def _answer(visit: Visit) -> Tick:
    title = _("A test page answered")
    hint = _("It goes to you; answer it as it says. The tick comes with your answer.")
    if _somebody_answered(visit):
        return Tick(True, title, hint)
    config, ways = visit.config, _ways(visit)
    if not visit.is_among(one for one in config.users if best_contact(config, one, ways) is not None):
        return Tick(False, title, hint, "/me", _("Add a way to reach you"))
    return Tick(False, title, hint, "", _("Send me a test page"), sends=True)


def _somebody_answered(visit: Visit) -> bool:
    """Whether a page was ever answered, or one of the newest incidents was taken by somebody after pages went out."""
    reads = visit.site.reads
    if reads.memories([ANSWERED]):
        return True
    newest = reads.incident_ids(IncidentFilter(), _LOOKED_BACK)
    for entries in reads.histories(newest, (PageSent.kind, IncidentAcknowledged.kind)).values():
        sent = False
        for entry in entries:
            sent = sent or isinstance(entry.fact, PageSent)
            if sent and isinstance(entry.fact, IncidentAcknowledged) and entry.actor.kind is ActorKind.USER:
                return True
    return False


def send_test(visit: Visit) -> Response:
    """POST `/day-one/test`: a test page to the reader, by the way that is tried first."""
    contact = best_contact(visit.config, visit.me.id, _ways(visit))
    if contact is None:
        raise Invalid(_("Nothing that is set up here reaches you: add a contact method first."))
    return visit.go(at_trial("/", visit.run(SendTestPage(contact_id=contact.id))))


def accept_address(visit: Visit) -> Response:
    """POST `/address/accept`: an owner finds the address that they use right beside the one that is set."""
    if not visit.other_address:
        return visit.go("/")
    settings = replace(visit.config.settings, address_accepted=visit.other_address)
    visit.run(SaveThing(thing_kind="settings", thing=settings, fields=("address_accepted",)))
    return visit.go("/", "saved")


def hide_day_one(visit: Visit) -> Response:
    """POST `/day-one/hide`: an owner hides the checks from Now, or with `show` brings them back."""
    show = bool(visit.text("show", 5))
    settings = replace(visit.config.settings, day_one_hidden=not show)
    visit.run(SaveThing(thing_kind="settings", thing=settings, fields=("day_one_hidden",)))
    return visit.go("/" if show else "/readiness#p-ticks", "saved")
