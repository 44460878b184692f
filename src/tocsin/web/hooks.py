"""Webhook subscriptions: who outside is told what, how its deliveries fare, and what can be done about them.

Decides what of an address is shown: all of it to those who may change it, its host to the others, a secret once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from tocsin.deliveries.messages import Redeliver, SendPing
from tocsin.deliveries.model import PING, Delivery, DeliveryState
from tocsin.directory.permissions import Verb
from tocsin.directory.subscriptions import EVENTS, FilterKind, Header, WebhookSubscription
from tocsin.directory.urls import without_credentials
from tocsin.engine.thing_owners import needs_to_touch
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Conflict, Invalid, NotFound, TocsinError
from tocsin.kernel.time import Moment
from tocsin.web.alerts import Pager
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look
from tocsin.web.render import host_of
from tocsin.web.visit import Visit, status_of

PER_PAGE: Final = 50
_TYPED: Final = ("url", "description", "filter", "headers")
_URL_CHARS: Final = 8000
"""More than any address may have, so that one that is too long is refused and not cut."""

LOOKS: Final[Mapping[DeliveryState, Look]] = {
    DeliveryState.WAITING: Look("clock", later("Waiting"), "quiet"),
    DeliveryState.DUE: Look("clock", later("Sending"), "acknowledged"),
    DeliveryState.DELIVERED: Look("resolved", later("Delivered"), "resolved"),
    DeliveryState.DROPPED: Look("triggered", later("Given up"), "triggered still"),
    DeliveryState.CANCELLED: Look("suppressed", later("Not sent"), "quiet"),
}
"""How each state of a delivery looks."""


@dataclass(frozen=True, slots=True)
class HookLine:
    """One subscription as this reader sees it. `failing_since`: none of the latest attempts worked."""

    one: WebhookSubscription
    address: str
    about: str
    look: Look
    may_change: bool
    failing_since: Moment | None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery and what it is about."""

    one: Delivery
    look: Look
    about: str
    may_repeat: bool


def hooks_page(
    visit: Visit, *, error: TocsinError | None = None, code: int = 200, made: WebhookSubscription | None = None
) -> Response:
    """`/webhooks`. `made`: one that was just made, whose secret is shown now and never again."""
    seen = sorted(
        (one for one in visit.config.webhook_subscriptions.values() if _sees(visit, one)),
        key=lambda one: (one.created_at, one.id),
    )
    return visit.page(
        "hooks.html",
        code,
        lines=[_line(visit, one) for one in seen],
        made=_line(visit, made) if made is not None else None,
        **_form(visit, None, posted=error is not None),
        error=error,
    )


def _sees(visit: Visit, one: WebhookSubscription) -> bool:
    """A subscription is as visible as what its filter lets through."""
    if one.filter_kind is FilterKind.SERVICE:
        return visit.may(Verb.READ, visit.config.team_ids_of_service(one.filter_id))
    return visit.may(Verb.READ, (one.filter_id,) if one.filter_kind is FilterKind.TEAM else ())


def _may_change(visit: Visit, one: WebhookSubscription) -> bool:
    needs = needs_to_touch(visit.config, visit.actor, one)
    return all(own or visit.may(verb, team_ids) for verb, team_ids, own in needs)


def _line(visit: Visit, one: WebhookSubscription) -> HookLine:
    may_change = _may_change(visit, one)
    plain = without_credentials(one.url)[0]
    about = _("everything")
    if one.filter_kind is FilterKind.SERVICE:
        about = _("service %(name)s", name=visit.names.service(one.filter_id))
    elif one.filter_kind is FilterKind.TEAM:
        about = _("team %(name)s", name=visit.names.team(one.filter_id))
    failing_since = visit.site.reads.lane(one.id).failing_since
    look = Look("resolved", _("On"), "resolved")
    if not one.active:
        look = Look("suppressed", _("Switched off"), "quiet")
    elif one.is_disabled(visit.now):
        look = Look("triggered", _("Left alone"), "triggered still")
    elif failing_since is not None:
        look = Look("acknowledged", _("Failing"), "acknowledged")
    return HookLine(one, plain if may_change else host_of(plain), about, look, may_change, failing_since)


def _form(visit: Visit, one: WebhookSubscription | None, *, posted: bool) -> dict[str, object]:
    """What the form holds, and the choices that this reader has."""
    config = visit.config
    services = [one for one in config.services.values() if visit.may(Verb.EDIT, config.team_ids_of_service(one.id))]
    services.sort(key=lambda one: one.name)
    teams = [team for team in config.teams.values() if visit.may(Verb.EDIT, (team.id,))]
    teams.sort(key=lambda team: team.name)
    filters = [(FilterKind.ACCOUNT.value, _("everything"))] if visit.may(Verb.ADMINISTER) else []
    filters += [
        (f"team:{team.id}", _("team %(name)s", name=team.name)) for team in sorted(teams, key=lambda team: team.name)
    ]
    filters += [
        (f"service:{one.id}", _("service %(name)s", name=one.name))
        for one in sorted(services, key=lambda one: one.name)
    ]
    typed = {name: visit.text(name, 20_000) for name in _TYPED}
    chosen = set(visit.texts("event"))
    if one is not None and not posted:
        kind = one.filter_kind
        typed = {
            "url": one.url,
            "description": one.description,
            "filter": kind.value if kind is FilterKind.ACCOUNT else f"{kind.value}:{one.filter_id}",
            "headers": "",
        }
        chosen = set(one.events)
    if one is None and not posted:
        chosen = {"incident.triggered", "incident.acknowledged", "incident.resolved"}
    return {
        "filters": filters,
        "typed": typed,
        "chosen": chosen,
        "events": sorted(EVENTS),
        "once": visit.site.ids.long(),
    }


def add_hook(visit: Visit) -> Response:
    """POST `/webhooks`. The answer is the page itself: it shows the secret, which no other page does."""
    try:
        fresh = WebhookSubscription(id="", url="", events=())
        one = replace(fresh, **_typed(visit, fresh))  # type: ignore[arg-type]
        once = visit.text("once", 64)
        key = f"web:{visit.session.id}:{once}" if visit.session is not None and once else ""
        made: WebhookSubscription = visit.run(SaveThing(thing_kind="webhook_subscription", thing=one), key=key)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return hooks_page(visit, error=error, code=status_of(error))
    visit.config = visit.site.desk.config()
    visit.form = type(visit.form)()
    return hooks_page(visit, made=made)


def _typed(visit: Visit, old: WebhookSubscription) -> dict[str, object]:
    """What the form says. Without headers typed those that are stored stay."""
    kind, _colon, filter_id = visit.text("filter", 80).partition(":")
    if kind not in tuple(FilterKind):
        raise Invalid(_("Choose what it is told about."))
    headers = _headers(visit.text("headers", 40_000)) or old.headers
    return {
        "url": visit.text("url", _URL_CHARS).strip(),
        "description": visit.text("description", 100_000).strip(),
        "events": tuple(visit.texts("event")),
        "filter_kind": FilterKind(kind),
        "filter_id": filter_id,
        "headers": () if visit.text("no_headers") else headers,
    }


def _headers(text: str) -> tuple[Header, ...]:
    found = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, colon, value = line.partition(":")
        if not colon:
            raise Invalid(_("A header is a name, a colon and a value: %(line)s", line=line[:60]))
        found.append(Header(name=name.strip(), value=value.strip()))
    return tuple(found)


def _found(visit: Visit) -> WebhookSubscription:
    one = visit.config.webhook_subscriptions.get(visit.request.path_params["id"])
    if one is None or not _sees(visit, one):
        raise NotFound(_("There is no such subscription."))
    return one


def hook_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200, section: str = "") -> Response:
    """`/webhooks/{id}`: what it is, and its deliveries, newest first."""
    one = _found(visit)
    line = _line(visit, one)
    typed = visit.query("page")
    page = max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    listing = visit.site.reads.deliveries(one.id, limit=PER_PAGE, offset=(page - 1) * PER_PAGE, want_total=True)
    address = f"/webhooks/{one.id}"
    pager = Pager(
        f"{address}?page={page - 1}" if page > 1 else "", f"{address}?page={page + 1}" if listing.more else ""
    )
    return visit.page(
        "hook.html",
        code,
        line=line,
        deliveries=[_delivery(visit, delivery, line) for delivery in listing.items],
        total=listing.total,
        pager_=pager,
        is_on=one.is_on(visit.now),
        is_disabled=one.is_disabled(visit.now),
        error=error,
        section=section,
        **_form(visit, one, posted=error is not None and section == "save"),
    )


def _delivery(visit: Visit, one: Delivery, line: HookLine) -> DeliveryLine:
    about = ""
    if one.incident is not None:
        about = f"#{one.incident.number} {one.incident.title}"
    elif one.service is not None:
        about = one.service.name
    elif one.event == PING:
        about = _("to see whether it arrives")
    may_repeat = line.may_change and not one.is_queued and line.one.is_on(visit.now)
    look = LOOKS[one.state]
    look = Look(look.glyph, _(look.word), look.css)
    if one.due_at and one.attempts:
        look = Look("clock", _("Trying again"), "acknowledged")
    return DeliveryLine(one, look, about, may_repeat)


def delivery_page(visit: Visit) -> Response:
    """`/webhooks/{id}/deliveries/{delivery}`: one delivery with what its receiver is sent."""
    subscription = _found(visit)
    one = visit.site.reads.delivery(visit.request.path_params["delivery"])
    if one is None or one.subscription_id != subscription.id:
        raise NotFound(_("There is no such delivery (any more)."))
    line = _line(visit, subscription)
    body = visit.site.delivery_body(one, visit.config)
    return visit.page("delivery.html", line=line, delivery=_delivery(visit, one, line), body=body)


def act_on_hook(visit: Visit) -> Response:
    """POST `/webhooks/{id}/{action}`."""
    one, action = _found(visit), visit.request.path_params["action"]
    do = _ACTIONS.get(action)
    if do is None:
        raise NotFound(_("There is no such action."))
    try:
        return do(visit, one)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return hook_page(visit, error=error, code=status_of(error), section=action)


def _save(visit: Visit, one: WebhookSubscription, word: str, **changes: object) -> Response:
    changed = replace(one, **changes)  # type: ignore[arg-type]
    visit.run(SaveThing(thing_kind="webhook_subscription", thing=changed, fields=tuple(changes)))
    return visit.go(f"/webhooks/{one.id}", word)


def _saved(visit: Visit, one: WebhookSubscription) -> Response:
    return _save(visit, one, "hook-saved", **_typed(visit, one))


def _on(visit: Visit, one: WebhookSubscription) -> Response:
    return _save(visit, one, "hook-on", active=True, disabled_until=None)


def _off(visit: Visit, one: WebhookSubscription) -> Response:
    return _save(visit, one, "hook-saved", active=False)


def _ping(visit: Visit, one: WebhookSubscription) -> Response:
    visit.run(SendPing(subscription_id=one.id))
    return visit.go(f"/webhooks/{one.id}", "hook-ping")


def _again(visit: Visit, one: WebhookSubscription) -> Response:
    delivery = visit.site.reads.delivery(visit.text("delivery", 64))
    if delivery is None or delivery.subscription_id != one.id:
        raise Conflict(_("This delivery is not kept any more."))
    visit.run(Redeliver(delivery_id=delivery.id))
    return visit.go(f"/webhooks/{one.id}", "hook-again")


def _remove(visit: Visit, one: WebhookSubscription) -> Response:
    if visit.text("typed", 300).strip() != host_of(one.url):
        raise Invalid(_("Type the host exactly as it is: what waits for it is not sent any more."))
    visit.run(DeleteThing(thing_kind="webhook_subscription", thing_id=one.id))
    return visit.go("/webhooks", "hook-gone")


_ACTIONS: Final[Mapping[str, Callable[[Visit, WebhookSubscription], Response]]] = {
    "save": _saved,
    "on": _on,
    "off": _off,
    "ping": _ping,
    "again": _again,
    "remove": _remove,
}
"""What the buttons do, by the last part of their address."""
