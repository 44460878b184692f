"""The Starlette application behind the hot routes: health, callbacks, dialects and pages, joined in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount

from tocsin.alerts.model import Alert
from tocsin.app import pages
from tocsin.app.callbacks import PhoneCallbacks
from tocsin.app.deliveries import sign_in
from tocsin.app.entrances import event_sender
from tocsin.app.health import Pulse
from tocsin.app.heartbeat import Heartbeat
from tocsin.app.installation import Installation
from tocsin.app.machine import machine
from tocsin.app.providers import Providers
from tocsin.app.shelf import Shelf
from tocsin.app.sign_in import sessions as people_sign_in
from tocsin.app.tokens import Tokens
from tocsin.connectors._kit.contract import Sender
from tocsin.dialects._kit.auth import Caller
from tocsin.dialects._kit.body import BodyRefused
from tocsin.dialects._kit.keys import IntegrationRef, Keys
from tocsin.dialects.alertmanager import routes as alertmanager
from tocsin.dialects.native import routes as native
from tocsin.dialects.pagerduty import app as pagerduty
from tocsin.dialects.pagerduty import auth as pagerduty_keys
from tocsin.directory.model import Channel
from tocsin.engine.config import Config
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import TocsinError, Unavailable
from tocsin.paging.model import Message
from tocsin.paging.text import Brief, wording
from tocsin.runtime.desk import Line
from tocsin.runtime.feeds import Feeds
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.runtime.key_uses import KeyUses
from tocsin.runtime.live import Bus
from tocsin.runtime.orders import order_entry
from tocsin.runtime.reads import AlertFilter, Reads
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database, DatabaseError, OutOfReach
from tocsin.storage.edge.store import open_edge_store
from tocsin.storage.schema import read_installation_secret
from tocsin.web import app as web

log = structlog.get_logger("edge")

_CALLBACK_SECONDS = 3.0
"""A person on the phone hears within this time what came of a key; after it the order is kept and they hear that."""

_ALERTS = 1000
"""Open alerts that a client of Alertmanager's API gets to see."""

REST = ("pagerduty", "api.pagerduty.com")
"""Where PagerDuty's REST calls are. Its JavaScript client finds a list in an answer only by what follows `.com/` in the
address; it needs the second."""

NATIVE = "/api/v1"
"""Tocsin's own interface."""

PROGRAMS = frozenset(
    [
        "v1",
        "v2",
        "v3",
        "api",
        "alertmanager",
        "integration",
        "integrations",
        "generic",
        "hooks",
        "slack",
        "opsgenie",
        "victorops",
        "statuspage",
    ]
)
"""First parts of paths that programs ask for, served or not: an unknown one is no page that a person looks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Everything that the edge's routes are made from."""

    place: Installation
    database: Database
    reads: Reads
    config: ConfigReader
    control: Line
    ingest: IngestQueue
    bus: Bus
    pulse: Pulse
    keys: Keys
    providers: Providers
    demo_url: str = ""
    hooks_only: bool = False
    heartbeat: Heartbeat | None = None


def application(edge: Edge) -> Starlette:
    """The application. The role `hooks` serves only what monitors and providers call."""
    tokens = LateTokens(edge.database)
    routes: list[BaseRoute] = [*edge.pulse.routes(), *_callbacks(edge, tokens), *_alertmanager(edge)]
    handlers: dict[Any, Any] = {BodyRefused: _too_much, Unavailable: web.not_ready}
    if not edge.hooks_only:
        place = edge.place
        store = open_edge_store(place.data, place.settings.database_url)
        uses = KeyUses(store, place.clock)
        uses.start()
        remembered = pages.Remembered(
            people_sign_in(place, store, edge.control, edge.database, _mail(edge)),
            Feeds(store, edge.control, place.clock, place.ids),
        )
        site = replace(
            pages.site(place, remembered, edge.control, edge.reads, edge.bus, edge.pulse, tokens, edge.demo_url),
            **pages.sending(place, edge.providers, edge.config, _mail(edge), edge.database),
            send_event=event_sender(edge.keys, place.ids, edge.ingest, place.clock),
            keys_used=uses.last,
            machine=lambda: machine(place, edge.reads, edge.pulse.health(), edge.heartbeat),
            backups=Shelf(place),
        )
        routes.append(Mount(NATIVE, native.create(edge.control, used=uses.note)))
        rest = pagerduty.create(
            edge.control,
            edge.reads,
            place.clock.now,
            public_url=place.settings.public_url,
            sign_in=sign_in(place.settings, place.clock),
            sessions=site.sessions,
            authenticate=_noting(uses),
        )
        routes += [*(Mount(f"/{name}", rest) for name in REST), *pages.routes(place, store, site, tokens)]
        handlers[404] = handlers[405] = web.not_found(site, PROGRAMS)
        handlers[500] = web.broken
    return Starlette(routes=routes, exception_handlers=handlers)


def _noting(uses: KeyUses) -> Callable[[Request, Config], Caller]:
    """As the REST dialect judges keys; that a key was used is noted."""

    def authenticate(request: Request, config: Config) -> Caller:
        found = pagerduty_keys.authenticate(request, config)
        uses.note(found.key.id)
        return found

    return authenticate


async def _too_much(_request: Request, error: Exception) -> Response:
    """A body that is too large or too slow, noticed while it was read."""
    status = error.status if isinstance(error, BodyRefused) else 400
    return PlainTextResponse(str(error), status, {"connection": "close"})


def _mail(edge: Edge) -> Callable[[], Sender | None]:
    """Who sends mail at this moment, None while nobody does. What is wrong with it is in the log."""

    def sender() -> Sender | None:
        try:
            return edge.providers.sender(Channel.EMAIL, edge.config.held())
        except TocsinError as error:
            log.warning("mail_not_sent", detail=error.message)
            return None

    return sender


def _alertmanager(edge: Edge) -> list[BaseRoute]:
    """What clients of Alertmanager read: its status and the alerts that are open."""

    async def open_alerts(ref: IntegrationRef) -> Sequence[Alert]:
        wanted = AlertFilter(service_ids=(ref.service_id,), is_open=True)
        return (await run_in_threadpool(edge.reads.alerts, wanted, limit=_ALERTS)).items

    return alertmanager.routes(edge.keys, open_alerts, edge.place.clock.now())


def _callbacks(edge: Edge, tokens: Tokens) -> list[BaseRoute]:
    def keep(command: Command, key: str) -> None:
        edge.ingest.append_wait([order_entry(SYSTEM, command, edge.place.clock.now(), key)])

    callbacks = PhoneCallbacks(
        settings=lambda: edge.providers.phone(edge.config.current()),
        tokens=tokens,
        clock=edge.place.clock,
        desk=edge.control.patient(_CALLBACK_SECONDS),
        keep=keep,
        message=edge.reads.message,
        spoken=lambda message: spoken(edge, message),
    )
    return list(callbacks.routes())


def spoken(edge: Edge, message: Message) -> str:
    """The words of a message for a voice, made from the incidents as they are now."""
    config = edge.config.current()
    briefs = []
    for incident_id in message.incident_ids:
        incident = edge.reads.incident(incident_id)
        if incident is not None:
            service = config.services.get(incident.service_id)
            briefs.append(Brief(incident, service.name if service else "removed service"))
    return wording(briefs, message.more).spoken if briefs else "This is a test page from Tocsin."


class LateTokens(Tokens):
    """Tokens with the installation's secret, read when first needed: the edge may start before the engine made it."""

    def __init__(self, database: Database) -> None:
        super().__init__("")
        self._database = database

    def _sign(self, purpose: str, subject: str, expiry: int) -> str:
        if not self._secret:
            self._secret = self._read()
        return super()._sign(purpose, subject, expiry)

    def _read(self) -> bytes:
        """Raises Unavailable as long as there is none: an empty one would let anybody sign."""
        secret = None
        with suppress(DatabaseError, OutOfReach):
            secret = read_installation_secret(self._database)
        if not secret:
            raise Unavailable("The server is starting. Try again in a moment.", reason="starting")
        return secret.encode()
