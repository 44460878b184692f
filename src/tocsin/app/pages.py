"""The pages' parts, joined: sessions, mail links, raw events, the demo's phones; and the command line's way in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tocsin.app.carriers import ANSWER_PURPOSE
from tocsin.app.deliveries import body_of
from tocsin.app.demo_client import DemoClient
from tocsin.app.entrances import ACTIONS, MONITORS, pieces, regrouped
from tocsin.app.health import Pulse
from tocsin.app.installation import Installation
from tocsin.app.pasted import event_reader
from tocsin.app.providers import Providers, sealer
from tocsin.app.readiness import setup_of
from tocsin.app.stored import stored_events
from tocsin.app.tokens import SIGN_IN_PURPOSE, Tokens
from tocsin.connectors._kit.contract import OutboundMessage, Sender
from tocsin.dialects.pagerduty.only_kept import only_kept
from tocsin.directory.model import Channel, User
from tocsin.kernel.errors import NotAllowed
from tocsin.runtime.desk import Desk
from tocsin.runtime.feeds import Feeds
from tocsin.runtime.live import Bus
from tocsin.runtime.reads import Reads
from tocsin.runtime.sessions import Sessions
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database
from tocsin.storage.edge.store import EdgeStore
from tocsin.storage.log import LogError
from tocsin.web import app as web
from tocsin.web.address import Addresses, Seen
from tocsin.web.demo import DEMO_TOPIC
from tocsin.web.site import Health, Site

log = structlog.get_logger("pages")


class Remembered(NamedTuple):
    """What the edge itself remembers of people."""

    sessions: Sessions
    feeds: Feeds


def site(
    place: Installation,
    remembered: Remembered,
    desk: Desk,
    reads: Reads,
    bus: Bus,
    pulse: Pulse,
    tokens: Tokens,
    demo_url: str,
) -> Site:
    """Everything that pages need."""
    demo = DemoClient(demo_url, lambda: bus.publish([DEMO_TOPIC])) if demo_url else None
    if demo is not None:
        demo.start()
    return Site(
        desk=desk,
        reads=reads,
        sessions=remembered.sessions,
        feeds=remembered.feeds,
        clock=place.clock,
        ids=place.ids,
        bus=bus,
        public_url=place.settings.public_url.rstrip("/"),
        addresses=Addresses(_other_address),
        message_of=lambda token: tokens.read(ANSWER_PURPOSE, token, place.clock.now()),
        raw_event=_raw_event(place),
        read_event=event_reader(place.ids),
        stored_events=stored_events(place),
        delivery_body=lambda delivery, config: body_of(delivery, config, place.settings),
        only_kept=only_kept,
        monitors=MONITORS,
        actions=ACTIONS,
        pieces=pieces,
        regrouped=regrouped,
        health=lambda: Health(pulse.health().problems),
        booth=demo,
        show=demo,
    )


def _other_address(seen: Seen) -> None:
    log.warning("public_url_differs", seen=seen.origin, set=seen.setting or "nothing", setting="TOCSIN_PUBLIC_URL")


def routes(place: Installation, store: EdgeStore, made: Site, tokens: Tokens) -> list[BaseRoute]:
    """The pages' routes, and the command line's way in."""
    return [*web.create(made), Route("/sign-in/{token}", _printed_link(place, store, tokens))]


ORDER: Final = (Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.WEBHOOK)
"""In which channels are named to people."""


def sending(
    place: Installation,
    providers: Providers,
    config: ConfigReader,
    mail: Callable[[], Sender | None],
    database: Database,
) -> dict[str, Any]:
    """What pages know of sending: by what it goes at this moment, and where that is set up."""

    def ways() -> tuple[str, ...]:
        found = providers.ways(config.held())
        return tuple(one.value for one in ORDER if one in found)

    return {
        "mail_link": _mail_link(place, mail, SIGN_IN_MAIL),
        "mail_invitation": _mail_link(place, mail, INVITATION_MAIL),
        "has_mail": lambda: Channel.EMAIL in providers.ways(config.held()),
        "ways_to_send": ways,
        "ways_seen": lambda: providers.seen(config.held()),
        "seal": sealer(place, database).seal,
        "may_reach": providers.may_reach,
        "setup": lambda: setup_of(place.settings, providers, config.held()),
    }


def _printed_link(place: Installation, store: EdgeStore, tokens: Tokens) -> Callable[[Request], object]:
    """The link that the command line prints: it becomes a one-time link of the edge, and a button signs in by that.

    The command line can't write the edge's file, so its link is signed; what makes it good for once is kept here.
    """

    def enter(token: str) -> Response:
        try:
            user_id = tokens.read(SIGN_IN_PURPOSE, token, place.clock.now())
        except NotAllowed:
            return RedirectResponse("/enter/unknown", 303)
        store.keep_link(hashlib.sha256(token.encode()).hexdigest(), user_id, tokens.ends_at(token))
        return RedirectResponse(f"/enter/{token}", 303)

    async def handle(request: Request) -> Response:
        return await run_in_threadpool(enter, request.path_params["token"])

    return handle


SIGN_IN_MAIL: Final = (
    "Sign in to Tocsin",
    "Sign in to Tocsin with this link, within 15 minutes:\n\n{url}\n\nYou did not ask for it? Ignore it.",
)
INVITATION_MAIL: Final = (
    "You are invited to Tocsin",
    """You have been added to Tocsin, which calls people when something breaks.

Sign in with this link, within 3 days:

{url}

Then say how you can be reached, and set a password.""",
)
"""Subject and text of mail with a link."""


def _mail_link(
    place: Installation, mail: Callable[[], Sender | None], words: tuple[str, str]
) -> Callable[[User, str], None] | None:
    """Sends a one-time sign-in address, in a thread: whoever asks must not learn by waiting whether it was sent."""
    if not place.settings.public_url:
        return None  # an address from the request's Host header would let a stranger choose where the link leads
    pool = ThreadPoolExecutor(2, thread_name_prefix="mail-link")
    subject, text = words

    def send(user: User, url: str) -> None:
        sender = mail()
        if sender is None:
            return
        message = OutboundMessage(
            id=place.ids.long(), channel=Channel.EMAIL, address=user.email, subject=subject, text=text.format(url=url)
        )
        result = sender.send(message, place.clock.now())
        if result.detail and not result.provider_id:
            log.warning("mail_link_failed", detail=result.detail)

    def send_soon(user: User, url: str) -> None:
        pool.submit(send, user, url)

    return send_soon


def _raw_event(place: Installation) -> Callable[[int], bytes | None]:
    def read(seq: int) -> bytes | None:
        try:
            reader = place.log_reader()
        except LogError:
            return None
        try:
            entry = reader.get(seq)
        finally:
            reader.close()
        return None if entry is None else entry.body

    return read
