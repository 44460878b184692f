"""What a person sees and changes of their own: name, zone, language, how to be reached and when.

How one signs in is `me_security`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.model import Channel, ContactMethod, NotificationRule, Role, TeamRole, Urgency
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.time import Moment
from tocsin.oncall import next_shift_of, who_is_on_call, zone_names
from tocsin.paging.messages import SendTestPage
from tocsin.web import guard, language
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.me_handoffs import CHOICES, add_handoff, drop_handoff, told_to
from tocsin.web.me_security import SECURITY_ACTIONS, security_of
from tocsin.web.signin import in_words
from tocsin.web.tried import at_trial, trial_of
from tocsin.web.visit import ZONE_COOKIE, Visit, status_of

CHANNELS: Final = (Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.WEBHOOK)
_NUMBER: Final = re.compile(r"\+?[0-9 ().-]{4,30}")
_YEAR_SECONDS: Final = 31_536_000
_CHANNEL_WORDS: Final[Mapping[Channel, str]] = {
    Channel.SMS: later("Text message"),
    Channel.VOICE: later("Phone call"),
    Channel.EMAIL: later("Mail"),
    Channel.WEBHOOK: later("Webhook"),
    Channel.PUSH: later("Push message"),
}
_URGENCY_WORDS: Final[Mapping[Urgency, str]] = {
    Urgency.HIGH: later("High urgency"),
    Urgency.LOW: later("Low urgency"),
}
_TEAM_ROLE_WORDS: Final[Mapping[TeamRole, str]] = {
    TeamRole.MANAGER: later("manager"),
    TeamRole.RESPONDER: later("responder"),
    TeamRole.OBSERVER: later("observer"),
}
_ROLE_WORDS: Final[Mapping[Role, str]] = {
    Role.OWNER: later("Owner"),
    Role.ADMIN: later("Admin"),
    Role.MANAGER: later("Manager"),
    Role.RESPONDER: later("Responder"),
    Role.OBSERVER: later("Observer"),
    Role.STAKEHOLDER: later("Stakeholder"),
    Role.RESTRICTED: later("Restricted"),
    Role.LIMITED_STAKEHOLDER: later("Limited stakeholder"),
}
_ADDRESS_CHARS: Final = 4000
"""More than any address may have, so that one that is too long is refused and not cut."""

_TYPED: Final = ("channel", "address", "label", "delay", "urgency", "about", "advance", "contact", "name", "zone")
"""Fields that keep what was typed when their form is refused."""


@dataclass(frozen=True, slots=True)
class Way:
    """One contact method as its owner sees it, with the rules that use it."""

    contact: ContactMethod
    word: str
    shown: str
    rules: tuple[NotificationRule, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """The person's next time on call on one schedule; `now`: it goes on already."""

    schedule: str
    start: Moment | None
    now: bool


def me_page(
    visit: Visit, *, section: str = "", error: TocsinError | None = None, code: int = 200, say: str = ""
) -> Response:
    """`/me`. `error` stands in the section whose form was refused."""
    contacts = visit.config.contacts_of.get(visit.me.id, ())
    rules = visit.config.rules_of.get(visit.me.id, ())
    ways = [
        Way(
            contact,
            _(_CHANNEL_WORDS[contact.channel]),
            contact.dial,
            tuple(rule for rule in rules if rule.contact_method_id == contact.id),
        )
        for contact in contacts
    ]
    return visit.page(
        "me.html",
        code,
        ways=ways,
        by_urgency={urgency: (_(_URGENCY_WORDS[urgency]), _in_order(rules, urgency)) for urgency in Urgency},
        contact_words={way.contact.id: _("%(how)s to %(address)s", how=way.word, address=way.shown) for way in ways},
        channels=[(channel.value, _(_CHANNEL_WORDS[channel])) for channel in CHANNELS],
        **security_of(visit, visit.me),
        role=_(_ROLE_WORDS[visit.me.role]),
        teams=[
            (visit.names.team(member.team_id), _(_TEAM_ROLE_WORDS[member.role]))
            for member in visit.config.teams_of.get(visit.me.id, ())
        ],
        turns=_turns(visit),
        handoffs=told_to(visit),
        handoff_kinds={value: _(word) for value, word in CHOICES.items()},
        zones=sorted(zone_names()),
        languages=language.LANGUAGES,
        chosen_language=visit.request.cookies.get(language.COOKIE, ""),
        section=section,
        error=error,
        say=say,
        typed={name: visit.text(name) for name in _TYPED},
        trial=trial_of(visit),
    )


def act_on_me(visit: Visit) -> Response:
    """POST `/me/{action}`."""
    name = visit.request.path_params["action"]
    do = _ACTIONS.get(name)
    if do is None:
        raise NotFound(_("There is no such action."))
    try:
        return do(visit)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return me_page(visit, section=name.partition("-")[0], error=in_words(error), code=status_of(error))


def switch_zone(visit: Visit) -> Response:
    """POST `/zone`: times in one's own zone or in UTC, kept in this browser."""
    to_own = visit.request.cookies.get(ZONE_COOKIE) == "utc"
    response = visit.go(guard.safe_next(visit.text("back", 2000) or "/"))
    guard.set_cookie(response, visit.line, ZONE_COOKIE, "" if to_own else "utc", 0 if to_own else _YEAR_SECONDS)
    return response


def _in_order(rules: tuple[NotificationRule, ...], urgency: Urgency) -> list[NotificationRule]:
    return sorted((rule for rule in rules if rule.urgency is urgency), key=lambda rule: rule.start_delay_minutes)


def _turns(visit: Visit) -> list[Turn]:
    turns = []
    for schedule in visit.config.schedules.values():
        exceptions = visit.config.exceptions_of.get(schedule.id, ())
        if visit.me.id in who_is_on_call(schedule, exceptions, visit.now):
            turns.append(Turn(schedule.name, None, now=True))
        following = next_shift_of(schedule, exceptions, visit.me.id, visit.now)
        if following is not None:
            turns.append(Turn(schedule.name, following.start, now=False))
    return sorted(turns, key=lambda turn: turn.start or 0)


def _save(visit: Visit, kind: str, thing: Any, *fields: str) -> None:
    visit.run(SaveThing(thing_kind=kind, thing=thing, fields=fields))


def _add_contact(visit: Visit) -> Response:
    channel, address = visit.text("channel", 20), visit.text("address", _ADDRESS_CHARS).strip()
    if channel not in {one.value for one in CHANNELS}:
        raise Invalid(_("Choose how to be reached."))
    country: int | None = None
    if channel in (Channel.SMS, Channel.VOICE):
        country, address = _number(address)
    contact = ContactMethod(
        id="",
        user_id=visit.me.id,
        channel=Channel(channel),
        address=address,
        country_code=country,
        label=visit.text("label", 100).strip(),
    )
    saved: ContactMethod = visit.run(SaveThing(thing_kind="contact_method", thing=contact))
    if visit.text("at_once"):
        rule = NotificationRule(id="", user_id=visit.me.id, contact_method_id=saved.id, urgency=Urgency.HIGH)
        _save(visit, "notification_rule", rule)
    return visit.go("/me", "me-contact")


def _number(typed: str) -> tuple[int, str]:
    """Country code and national number of "+49 170 1234567". Raises Invalid, saying what is missing."""
    import phonenumbers  # noqa: PLC0415 - its tables take a while to load, and few pages need them

    if not _NUMBER.fullmatch(typed) or not typed.startswith("+"):
        raise Invalid(_("Type the number with its country, for instance +49 170 1234567."))
    try:
        parsed = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException:
        said = _("This is not a phone number. Type it with its country, for instance +49 170 1234567.")
        raise Invalid(said) from None
    return int(parsed.country_code or 0), phonenumbers.national_significant_number(parsed)


def _drop_contact(visit: Visit) -> Response:
    _mine(visit, "contact_method")
    visit.run(DeleteThing(thing_kind="contact_method", thing_id=visit.text("id", 40)))
    return visit.go("/me", "me-contact-gone")


def _test_contact(visit: Visit) -> Response:
    _mine(visit, "contact_method")
    return visit.go(at_trial("/me", visit.run(SendTestPage(contact_id=visit.text("id", 40)))))


def _add_rule(visit: Visit) -> Response:
    delay = visit.text("delay", 6).strip() or "0"
    if not (delay.isascii() and delay.isdigit()):
        raise Invalid(_("The delay is a number of minutes."))
    rule = NotificationRule(
        id="",
        user_id=visit.me.id,
        contact_method_id=visit.text("contact", 40),
        urgency=Urgency.LOW if visit.text("urgency") == "low" else Urgency.HIGH,
        start_delay_minutes=int(delay),
    )
    _save(visit, "notification_rule", rule)
    return visit.go("/me", "me-rule")


def _drop_rule(visit: Visit) -> Response:
    _mine(visit, "notification_rule")
    visit.run(DeleteThing(thing_kind="notification_rule", thing_id=visit.text("id", 40)))
    return visit.go("/me", "me-rule-gone")


def _profile(visit: Visit) -> Response:
    changed = replace(visit.me, name=visit.text("name", 300).strip(), time_zone=visit.text("zone", 60))
    _save(visit, "user", changed, "name", "time_zone")
    return visit.go("/me", "me-profile")


def _language(visit: Visit) -> Response:
    """In this browser; "" = as the browser asks for."""
    chosen = visit.text("language", 10)
    if chosen and chosen not in language.LANGUAGES:
        raise Invalid(_("Choose one of the languages."))
    response = visit.go("/me#profile", "me-profile")
    guard.set_cookie(response, visit.line, language.COOKIE, chosen, _YEAR_SECONDS if chosen else 0)
    return response


def _mine(visit: Visit, kind: str) -> None:
    """Administrators may change other people's things, but not from this page."""
    thing = visit.config.of(kind).get(visit.text("id", 40))
    if thing is None:
        raise NotFound(_("It was removed already."))
    if thing.user_id != visit.me.id:
        raise NotAllowed(_("This is not yours."))


_ACTIONS: Final[Mapping[str, Callable[[Visit], Response]]] = {
    "contact-add": _add_contact,
    "contact-remove": _drop_contact,
    "contact-test": _test_contact,
    "rule-add": _add_rule,
    "rule-remove": _drop_rule,
    "handoff-add": add_handoff,
    "handoff-remove": drop_handoff,
    "profile": _profile,
    "language": _language,
    **SECURITY_ACTIONS,
}
"""Every form of the page, by the last part of its address; the part before a dash names its section."""
