"""Ways to send: the mail server, and the account for texts and calls. Owners set them up here, try and remove them.

What the environment names wins and is shown as it is. A password or token is sealed before it leaves this module, and
is never shown again: an empty field keeps it. Decides wording, and what a form means; the engine judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.model import Channel, ContactMethod
from tocsin.directory.permissions import Verb
from tocsin.directory.sending import Encryption, MailServer, PhoneAccount, plain_base, plain_host
from tocsin.engine.sending import counting_on, mail_server, phone_account
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.wording import phrase
from tocsin.paging.messages import SendTestPage
from tocsin.runtime.reads import ChannelLatest
from tocsin.web.language import gettext as _
from tocsin.web.language import later, ngettext
from tocsin.web.machine import SettingSeen, WaySeen, WaySource
from tocsin.web.people_words import channel_name
from tocsin.web.problems import at_fields
from tocsin.web.tried import at_trial, trial_of
from tocsin.web.visit import Visit, status_of

NAMED: Final = 3
"""So many owners are named to whoever has to ask one."""

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "mail": ("host", "port", "encryption", "user", "mail_from"),
    "phone": ("account", "number", "base_url"),
}
"""The fields of each form that are shown again; a secret is not."""

LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "mail": {
        "Server": "host", "Port": "port", "Encryption": "encryption", "User": "user", "Password": "secret",
        "Sender": "mail_from", "The secret": "secret",
    },
    "phone": {
        "Account": "account", "Token": "secret", "Sender": "number", "Address": "base_url", "The secret": "secret",
    },
}  # fmt: skip
"""How the engine's sentences begin, and at which field they stand then."""

Provider = MailServer | PhoneAccount


@dataclass(frozen=True, slots=True)
class Way:
    """A provider that can be set up. `kind`: the thing that holds it; `found`: what is set up of it."""

    key: str
    kind: str
    title: str
    channels: tuple[Channel, ...]
    found: Callable[[Any], Provider | None]
    typed: Callable[[Visit, Provider | None], Provider]


@dataclass(frozen=True, slots=True)
class Sent:
    """How a channel of it fares: the last success, the last error, and the reader's own address to try it with."""

    name: str
    channel: Channel
    latest: ChannelLatest
    contact: ContactMethod | None


def way_of(channel: str) -> str:
    """By which provider's page a channel is set up: "mail", "phone", "" = by none."""
    return next((key for key, way in _WAYS.items() if channel in way.channels), "")


def owners_to_ask(visit: Visit) -> str:
    """Whom to ask for what only owners may."""
    names = sorted(visit.names.person(user_id) for user_id in visit.config.owners)
    return ", ".join(names[:NAMED])


def way_page(visit: Visit, *, error: TocsinError | None = None, section: str = "form") -> Response:
    """`/connections/{way}`. `section`: where the refusal belongs: "form", "test", "remove"."""
    way = _way(visit)
    stored = way.found(visit.config)
    seen = visit.site.ways_seen().get(way.key, WaySeen())
    at, other = at_fields(error if section == "form" else None, LABELS[way.key])
    some, only = counting_on(visit.config, way.channels)
    return visit.page(
        "way.html",
        status_of(error) if error is not None else 200,
        way=way,
        title=_(way.title),
        seen=seen,
        by_environment=seen.source is WaySource.ENVIRONMENT,
        settings=_settings(visit, seen),
        stored=stored,
        typed=_shown(visit, way, stored, posted=error is not None and section == "form"),
        typed_name=removal_name(stored),
        typed_secret=bool(visit.text("secret", 1000)),
        encryptions=[(value.value, _(word)) for value, word in _ENCRYPTIONS.items()],
        sent=_sent(visit, way),
        trial=trial_of(visit, way.channels),
        counting=_counting(way, some, only),
        problems=at,
        other=other,
        removing=error if section == "remove" else None,
        not_tested=error if section == "test" else None,
    )


def save_way(visit: Visit) -> Response:
    """POST `/connections/{way}`."""
    way = _way(visit)
    try:
        old = way.found(visit.config)
        wanted = way.typed(visit, old)
        if not visit.site.may_reach(wanted):
            raise Invalid(_unreachable(way))
        seen = visit.text("seen", 20)
        fields = tuple(name for name in type(wanted).__slots__ if name not in _NOT_TYPED) if old is not None else ()
        seen_at = int(seen) if seen.isascii() and seen.isdigit() else 0
        visit.run(SaveThing(thing_kind=way.kind, thing=wanted, fields=fields, seen_at=seen_at if fields else None))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return way_page(visit, error=error)
    return visit.go(f"/connections/{way.key}", "set-way")


def act_on_way(visit: Visit) -> Response:
    """POST `/connections/{way}/{action}`."""
    way, action = _way(visit), visit.request.path_params["action"]
    do = _ACTIONS.get(action)
    if do is None:
        raise NotFound(_("There is no such action."))
    try:
        return do(visit, way)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return way_page(visit, error=error, section=action)


def _remove(visit: Visit, way: Way) -> Response:
    stored = way.found(visit.config)
    if stored is None:
        raise NotFound(_("It is removed already."))
    if visit.text("typed", 300).strip() != removal_name(stored):
        raise Invalid(_("Type it exactly as it is: from then on nothing is sent this way."))
    visit.run(DeleteThing(thing_kind=way.kind, thing_id=stored.id))
    return visit.go("/connections", "set-way-gone")


def _test(visit: Visit, way: Way) -> Response:
    """A test page to the reader's own address; the page shows what comes of it."""
    wanted = visit.text("channel", 20)
    contact = next((one.contact for one in _sent(visit, way) if one.channel == wanted), None)
    if contact is None:
        raise Invalid(_("You have no contact method of this kind. Add one in your settings, then test it."))
    message_id = visit.run(SendTestPage(contact_id=contact.id))
    return visit.go(at_trial(f"/connections/{way.key}", message_id))


_ACTIONS: Final[Mapping[str, Callable[[Visit, Way], Response]]] = {"remove": _remove, "test": _test}
"""What the buttons do, by the last part of their address."""


def removal_name(stored: Provider | None) -> str:
    """What has to be typed to remove it."""
    if stored is None:
        return ""
    return stored.host if isinstance(stored, MailServer) else stored.number


def _way(visit: Visit) -> Way:
    """The provider that the address names, for owners."""
    way = _WAYS.get(visit.request.path_params["way"])
    if way is None:
        raise NotFound(_("There is no page at this address."))
    if not visit.may(Verb.OWN):
        asked = owners_to_ask(visit)
        raise NotAllowed(_("Only owners set up how messages are sent. Ask %(names)s.", names=asked))
    return way


def _mail(visit: Visit, old: Provider | None) -> MailServer:
    """The server as typed. A port or an encryption that is none is refused here: the engine could not be told it."""
    port, encryption = visit.text("port", 20).strip(), visit.text("encryption", 20)
    found = []
    if port and not (port.isascii() and port.isdigit()):
        found.append(phrase("Port is a number, like 587"))
    if encryption not in tuple(Encryption):
        found.append(phrase("Encryption has to be chosen"))
    if found:
        raise Invalid(found[0], details=tuple(found))
    server = MailServer(
        host=plain_host(visit.text("host", 300)),
        port=int(port or 0),
        encryption=Encryption(encryption),
        any_certificate=bool(visit.text("any_certificate", 5)),
        user=visit.text("user", 300).strip(),
        mail_from=visit.text("mail_from", 300).strip(),
    )
    kept = old.secret if isinstance(old, MailServer) and server.user else ""
    return replace(server, secret=_sealed(visit, server) or kept)


def _phone(visit: Visit, old: Provider | None) -> PhoneAccount:
    account = PhoneAccount(
        account=visit.text("account", 300).strip(),
        number=visit.text("number", 60).strip(),
        base_url=plain_base(visit.text("base_url", 3000)),
    )
    kept = old.secret if isinstance(old, PhoneAccount) else ""
    return replace(account, secret=_sealed(visit, account) or kept)


def _sealed(visit: Visit, thing: Provider) -> str:
    """The typed secret, sealed for where it is meant to go; "" where none was typed."""
    typed = visit.text("secret", 1000)
    return visit.site.seal(typed, thing.secret_for) if typed else ""


def _unreachable(way: Way) -> str:
    if way.key == "mail":
        return phrase(
            "Server is at an address to which no mail is sent. Inside your own network the ports 25, 465, 587 and 2525 "
            "are open; TOCSIN_EGRESS_ALLOW names networks where every port is"
        )
    return phrase(
        "Address leads inside, or is not encrypted. A service in your own network has to be named in "
        "TOCSIN_EGRESS_ALLOW"
    )


def _shown(visit: Visit, way: Way, stored: Provider | None, *, posted: bool) -> dict[str, Any]:
    """What the form shows: what was typed, else what is stored."""
    if posted:
        found: dict[str, Any] = {name: visit.text(name, 3000) for name in FIELDS[way.key]}
        found["any_certificate"] = bool(visit.text("any_certificate", 5))
    elif stored is not None:
        found = {name: getattr(stored, name) or "" for name in FIELDS[way.key]}
        found["any_certificate"] = isinstance(stored, MailServer) and stored.any_certificate
    else:
        found = dict.fromkeys(FIELDS[way.key], "") | {
            "encryption": Encryption.REQUIRED.value,
            "any_certificate": False,
        }
    return found


def _settings(visit: Visit, seen: WaySeen) -> list[SettingSeen]:
    """What the environment says of it."""
    machine = visit.site.machine() if seen.source is WaySource.ENVIRONMENT else None
    found = [machine.setting(name) for name in seen.names] if machine is not None else []
    return [one for one in found if one is not None]


def _sent(visit: Visit, way: Way) -> list[Sent]:
    latest, own = visit.site.reads.latest_of_channels(), visit.config.contacts_of.get(visit.me.id, ())
    return [
        Sent(
            channel_name(channel),
            channel,
            latest.get(channel, ChannelLatest()),
            next((one for one in own if one.enabled and one.channel is channel), None),
        )
        for channel in way.channels
    ]


def _counting(way: Way, some: int, only: int) -> str:
    """Who loses a way when it is removed."""
    if not some:
        return ""
    if way.key == "mail":
        first = ngettext("%(num)s person is reached by mail.", "%(num)s people are reached by mail.", some)
    else:
        first = ngettext(
            "%(num)s person is reached by texts or calls.", "%(num)s people are reached by texts or calls.", some
        )
    last = ngettext("%(num)s of them by nothing else.", "%(num)s of them by nothing else.", only) if only else ""
    return f"{first} {last}".strip()


_NOT_TYPED: Final = frozenset({"id", "secret_set_at", "created_at", "updated_at"})

_ENCRYPTIONS: Final[Mapping[Encryption, str]] = {
    Encryption.REQUIRED: later("always: STARTTLS (port 587)"),
    Encryption.IMPLICIT: later("always: TLS from the first byte (port 465)"),
    Encryption.AUTO: later("when the server offers it (port 25)"),
    Encryption.OFF: later("never: the password too goes unencrypted"),
}

_WAYS: Final[Mapping[str, Way]] = {
    "mail": Way("mail", "mail_server", later("Mail"), (Channel.EMAIL,), mail_server, _mail),
    "phone": Way(
        "phone", "phone_account", later("Texts and calls"), (Channel.SMS, Channel.VOICE), phone_account, _phone
    ),
}
