"""Connections: who sends events in, by what people and programs are reached; each with its last success and error.

Decides wording, and what somebody has to do to set a connection up. Errors may hold addresses and are for
administrators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Channel, ContactMethod
from tocsin.directory.permissions import Verb
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.paging.messages import SendTestPage
from tocsin.runtime.reads import DAYS_LOOKED_AT, ChannelLatest, MonitorLatest
from tocsin.web.alerts import Pager
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext, said
from tocsin.web.looks import Look
from tocsin.web.machine import Machine, WaySeen, WaySource
from tocsin.web.people import page_number
from tocsin.web.people_words import channel_name
from tocsin.web.sending import owners_to_ask, way_of
from tocsin.web.tried import at_trial
from tocsin.web.visit import Visit

PER_PAGE: Final = 50
CHANNELS: Final = (Channel.EMAIL, Channel.SMS, Channel.VOICE, Channel.WEBHOOK)


@dataclass(frozen=True, slots=True)
class Card:
    """One way out. `test`: the reader's contact method that a test page can go to, None = there is none.

    `settings`: names that set it up, each with whether it is set. `origin`: where it is set up, in words; `form`: the
    page on which the reader may do so, with what is done there (`do`).
    """

    key: str
    name: str
    icon: str
    look: Look
    success_at: Moment | None
    error_at: Moment | None
    error: str
    steps: tuple[str, ...]
    is_set_up: bool
    settings: tuple[tuple[str, bool], ...] = ()
    test: ContactMethod | None = None
    origin: str = ""
    form: str = ""
    do: str = ""
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class MonitorLine:
    """One way in: an integration of a service, or a key of an orchestration."""

    name: str
    kind: str
    where: str
    path: str
    look: Look
    latest: MonitorLatest


def connections_page(visit: Visit) -> Response:
    """`/connections`."""
    lines = _monitors(visit)
    page, wanted = page_number(visit), visit.query("q").strip()
    letters = wanted.casefold()
    chosen = [one for one in lines if letters in one.name.casefold() or letters in one.where.casefold()]
    query = f"q={wanted}&" if wanted else ""
    pager = Pager(
        f"/connections?{query}page={page - 1}#in" if page > 1 else "",
        f"/connections?{query}page={page + 1}#in" if page * PER_PAGE < len(chosen) else "",
    )
    return visit.page(
        "connections.html",
        cards=_cards(visit),
        lines=chosen[(page - 1) * PER_PAGE : page * PER_PAGE],
        total=len(chosen),
        every=len(lines),
        wanted=wanted,
        looked_back=DAYS_LOOKED_AT,
        looks_after=visit.may(Verb.ADMINISTER),
        pager_=pager,
    )


def test_connection(visit: Visit) -> Response:
    """POST `/connections/test`: a test page to the reader's own contact method of a channel."""
    channel = visit.text("channel", 20)
    contact = next((one for one in _own(visit) if one.channel == channel), None)
    if contact is None:
        raise Invalid(_("You have no contact method of this kind. Add one in your settings, then test it."))
    message_id = visit.run(SendTestPage(contact_id=contact.id))
    way = way_of(contact.channel)
    return visit.go(at_trial(f"/connections/{way}" if way and visit.may(Verb.OWN) else "/me", message_id))


def _own(visit: Visit) -> list[ContactMethod]:
    return [one for one in visit.config.contacts_of.get(visit.me.id, ()) if one.enabled]


def _cards(visit: Visit) -> list[Card]:
    latest, machine = visit.site.reads.latest_of_channels(), visit.site.machine()
    cards = [_channel(visit, channel, latest.get(channel, ChannelLatest()), machine) for channel in CHANNELS]
    return [*cards, _subscriptions(visit), _heartbeat(machine)]


def _channel(visit: Visit, channel: Channel, latest: ChannelLatest, machine: Machine) -> Card:
    is_set_up = channel in visit.site.ways_to_send()
    sent, failed = latest.sent, latest.failed
    success = None if sent is None else sent.sent_at or sent.created_at
    error_at = None if failed is None else failed.changed_at or failed.created_at
    names = machine.needed.get(channel.value, ())
    seen = {name: machine.setting(name) for name in names} if visit.may(Verb.ADMINISTER) else {}
    way = visit.site.ways_seen().get(way_of(channel))
    by_page, by_environment = (way is not None and way.source is one for one in (WaySource.PAGE, WaySource.ENVIRONMENT))
    return Card(
        key=channel.value,
        name=channel_name(channel),
        icon={Channel.EMAIL: "mail", Channel.SMS: "page", Channel.WEBHOOK: "link"}.get(channel, "phone"),
        look=_look(is_set_up=is_set_up, success=success, error=error_at),
        success_at=success,
        error_at=error_at,
        error=failed.detail if failed is not None else "",
        steps=_steps(visit, channel, names),
        is_set_up=is_set_up,
        settings=tuple((name, one is not None and one.is_set) for name, one in seen.items() if not by_page),
        do=_("Look at it") if by_environment else _("Change") if is_set_up else _("Set it up"),
        origin=_origin(visit, way) if way is not None else "",
        form=f"/connections/{way_of(channel)}" if way_of(channel) and visit.may(Verb.OWN) else "",
        test=next((one for one in _own(visit) if one.channel is channel), None) if is_set_up else None,
    )


def _origin(visit: Visit, seen: WaySeen) -> str:
    """Where it is set up. What is wrong with it is for administrators, as errors are."""
    if seen.problem:
        return said(seen.problem) if visit.may(Verb.ADMINISTER) else _("can’t be used: owners see why")
    if seen.source is WaySource.ENVIRONMENT:
        return _("where Tocsin runs (%(name)s)", name=seen.names[0])
    return _("here, by an owner") if seen.source is WaySource.PAGE else _("not yet")


def _look(*, is_set_up: bool, success: Moment | None, error: Moment | None) -> Look:
    if not is_set_up:
        return Look("unknown", _("Not set up"), "quiet")
    if error is not None and error > (success or 0):
        return Look("triggered", _("Failing"), "triggered still")
    return Look("resolved", _("Works"), "resolved") if success else Look("unknown", _("Not used lately"), "quiet")


def _steps(visit: Visit, channel: Channel, names: Sequence[str]) -> tuple[str, ...]:
    """In three steps what is needed."""
    if channel is Channel.EMAIL:
        return (
            _("An owner types server, user, password and sender here: ask %(names)s.", names=owners_to_ask(visit))
            if not visit.may(Verb.OWN)
            else _("Set it up here: server, user, password and sender."),
            _("Or set TOCSIN_SMTP_URL, like smtp://user:password@mail.example.org:587, where Tocsin runs: it wins."),
            _("Set TOCSIN_PUBLIC_URL for the links in mail, and send yourself a test."),
        )
    if channel is Channel.WEBHOOK:
        return (
            _("Nothing has to be set up: everybody may add a webhook as a contact method."),
            _("Receivers in your own network have to be named in TOCSIN_EGRESS_ALLOW."),
            _("Add one in your settings and send yourself a test."),
        )
    return (
        _("An owner types account, token and number here: ask %(names)s.", names=owners_to_ask(visit))
        if not visit.may(Verb.OWN)
        else _("Set it up here: account, token and number of the phone provider."),
        _("Or set %(names)s where Tocsin runs: they win.", names=", ".join(names)),
        _("Set TOCSIN_PUBLIC_URL to an address that the provider reaches: replies come in there."),
    )


def _subscriptions(visit: Visit) -> Card:
    """Programs outside that are told of events."""
    every = [one for one in visit.config.webhook_subscriptions.values() if one.active]
    off = sum(1 for one in every if one.is_disabled(visit.now))
    latest = visit.site.reads.latest_deliveries() if every else None
    went = latest.delivered if latest is not None else None
    dropped = latest.dropped if latest is not None else None
    look = _look(
        is_set_up=bool(every),
        success=went.finished_at if went else None,
        error=dropped.finished_at if dropped else None,
    )
    if off:
        word = ngettext("%(num)s is left alone", "%(num)s are left alone", off)
        look = Look("triggered", word, "triggered still")
    return Card(
        key="subscriptions",
        name=_("Webhook subscriptions"),
        icon="link",
        look=look,
        success_at=went.finished_at if went else None,
        error_at=dropped.finished_at if dropped else None,
        error=dropped.detail if dropped else "",
        steps=(
            _("Choose what is told: everything, a team, or a service."),
            _("Type the receiver’s address, and keep the secret that is shown once."),
            _("Send a ping."),
        ),
        is_set_up=bool(every),
        link=("/webhooks", _("Webhooks")),
    )


def _heartbeat(machine: Machine) -> Card:
    """Whoever alarms when this is silent."""
    beat = machine.beat
    works = beat.result == "sent"
    look = Look("unknown", _("Not set up"), "quiet")
    if beat.is_set_up:
        look = Look("resolved", _("Works"), "resolved") if works else Look("triggered", _("Failing"), "triggered still")
    if beat.is_set_up and beat.at is None:
        look = Look("unknown", _("Has not beaten yet"), "quiet")
    return Card(
        key="heartbeat",
        name=_("Heartbeat"),
        icon="clock",
        look=look,
        success_at=beat.at if works else None,
        error_at=None if works else beat.at,
        error="" if works else beat.result,
        steps=(
            _("Make a check at a service that alarms on silence, on another machine."),
            _("Set TOCSIN_HEARTBEAT_URL to its address."),
            _("Start Tocsin again: it is called every 30 s while the pager is well."),
        ),
        is_set_up=beat.is_set_up,
        link=("/system", _("System")),
    )


def _monitors(visit: Visit) -> list[MonitorLine]:
    """The ways in that the reader may see: those that need somebody first, then by when they were heard."""
    config, latest = visit.config, visit.site.reads.latest_of_monitors(visit.now)
    lines = []
    for one in config.integrations.values():
        service = config.services.get(one.service_id)
        if service is not None and visit.may_read(service):
            path = f"/services/{service.id}"
            kind = (
                one.wire_type.removesuffix("_inbound_integration").replace("_", " ").replace("events api", "Events API")
            )
            lines.append(_monitor(one.name, kind, service.name, path, latest.get(one.id, MonitorLatest())))
    for key in config.orchestration_keys.values():
        whole = config.orchestrations.get(key.orchestration_id)
        if whole is not None and visit.may_read(whole):
            path = f"/orchestrations/{whole.id}"
            lines.append(_monitor(key.name, _("routing"), whole.name, path, latest.get(key.id, MonitorLatest())))
    return sorted(lines, key=lambda line: (line.look.css != "triggered still", -(line.latest.heard_at or 0), line.name))


def _monitor(name: str, kind: str, where: str, path: str, latest: MonitorLatest) -> MonitorLine:
    heard, bad = latest.heard_at, latest.quarantined_at
    if bad is not None and bad > (heard or 0):
        look = Look("triggered", _("Can’t be read"), "triggered still")
    elif heard is not None:
        look = Look("resolved", _("Heard"), "resolved")
    else:
        look = Look("unknown", _("Silent"), "quiet")
    return MonitorLine(name, kind, where, path, look, latest)
